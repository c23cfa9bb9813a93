"""What an assertion in the text means for a fact of a given polarity."""

from __future__ import annotations

from typing import Literal

from casewright.filters.ledger.assertion import Assertion
from casewright.records import Fact, FactType

__all__ = ["NO_ALLERGY", "Relation", "relate"]

Relation = Literal["states", "contradicts", "apart"]

# A past finding of one of these says nothing against, and for the lasting ones it is the
# usual way to state them ("history of hypertension").
_LASTING: frozenset[FactType] = frozenset(
    {"diagnosis", "comorbidity", "procedure", "medication", "social", "allergy", "test"}
)
NO_ALLERGY = "allergen:none"
_SAME_RELATIVE = {
    "grandparent": {"grandmother", "grandfather"},
    "parent": {"mother", "father"},
    "sibling": {"sister", "brother"},
}


def relate(fact: Fact, assertion: Assertion) -> tuple[Relation, str]:
    """Compare a mention's assertion with the fact's polarity.

    Returns:
        What it means for the fact, and why in a few words.
    """
    if assertion.asked:
        return "apart", "only asked about"
    if fact.concept == NO_ALLERGY:
        denied = assertion.polarity == "denied"
        return ("states", "denied") if denied else ("apart", "allergies are named, not denied")
    match fact.polarity:
        case "present":
            return _present(fact, assertion)
        case "denied":
            return _denied(assertion)
        case "historical":
            return _historical(fact, assertion)
        case "family":
            return _family(fact, assertion)
        case _:
            return _hypothetical(assertion)


def _present(fact: Fact, said: Assertion) -> tuple[Relation, str]:
    match said.polarity:
        case "present":
            return "states", "stated as present"
        case "denied":
            return "contradicts", f"denied ({said.trigger})"
        case "historical":
            if said.past or fact.type in _LASTING:
                return "states", f"stated ({said.trigger})"
            return "apart", f"only of the past ({said.trigger})"
        case "family":
            return "apart", f"only of the family ({said.trigger})"
        case _:
            return "apart", f"only as a possibility ({said.trigger})"


def _denied(said: Assertion) -> tuple[Relation, str]:
    match said.polarity:
        case "denied":
            return "states", f"denied ({said.trigger})"
        case "present":
            return "contradicts", "stated as present"
        case "family":
            return "apart", f"only of the family ({said.trigger})"
        case "historical":
            if said.past and said.trigger not in ("history", "section past"):
                return "contradicts", f"stated ({said.trigger})"
            return "apart", f"only of the past ({said.trigger})"
        case _:
            return "apart", f"only as a possibility ({said.trigger})"


def _historical(fact: Fact, said: Assertion) -> tuple[Relation, str]:
    match said.polarity:
        case "historical":
            return "states", f"stated as past ({said.trigger})"
        case "present":
            if fact.type in _LASTING:
                return "states", "stated"
            return "apart", "stated as present, not as past"
        case "denied":
            return "contradicts", f"denied ({said.trigger})"
        case "family":
            return "apart", f"only of the family ({said.trigger})"
        case _:
            return "apart", f"only as a possibility ({said.trigger})"


def _family(fact: Fact, said: Assertion) -> tuple[Relation, str]:
    if said.polarity != "family":
        return "apart", "said of the patient, not of the family"
    if said.denied_family:
        return "contradicts", f"family history denied ({said.trigger})"
    wanted = (fact.attribute("relative") or "").lower()
    if not wanted or not said.relative or _same_relative(wanted, said.relative):
        return "states", f"said of the {said.relative or 'family'}"
    return "contradicts", f"said of the {said.relative}, not the {wanted}"


def _same_relative(wanted: str, said: str) -> bool:
    if said in ("relative", "family"):
        return True
    wanted_words = wanted.replace("-", " ").split()
    if any(w.rstrip("s") == said for w in wanted_words):
        return True
    return any(w in _SAME_RELATIVE.get(said, ()) for w in wanted_words) or any(
        said in _SAME_RELATIVE.get(w, ()) for w in wanted_words
    )


def _hypothetical(said: Assertion) -> tuple[Relation, str]:
    match said.polarity:
        case "hypothetical":
            return "states", f"stated as a possibility ({said.trigger})"
        case "present":
            return "contradicts", "stated as certain"
        case "denied":
            return "contradicts", f"denied ({said.trigger})"
        case _:
            return "apart", f"stated otherwise ({said.trigger})"
