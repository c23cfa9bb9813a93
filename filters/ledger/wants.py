"""A fact prepared for checking: which concepts, words, side and value would state it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from casewright.filters.ledger.agreement import Value, parse_value
from casewright.filters.ledger.forms import form_variants, form_words
from casewright.filters.ledger.lexicon import Lexicon
from casewright.filters.ledger.normalise import fold
from casewright.filters.ledger.numbers import Unit, Units
from casewright.filters.ledger.phrases import Phrase, PhraseRules, content_words, phrase_of
from casewright.filters.ledger.relation import NO_ALLERGY
from casewright.filters.ledger.scores import score_concepts
from casewright.kg.graph import Condition, NodeType
from casewright.records import Fact, FactType

__all__ = ["Side", "Want", "want_of"]

Side = Literal["left", "right", "both"]

_NODE_TYPES: dict[FactType, tuple[NodeType, ...]] = {
    "diagnosis": ("Condition",),
    "comorbidity": ("Condition", "RiskFactor"),
    "symptom": ("Symptom", "Finding", "Condition"),
    "finding": ("Finding", "Symptom", "Condition"),
    "vital": ("VitalSign",),
    "lab": ("LabTest",),
    "test": ("Procedure", "LabTest"),
    "procedure": ("Procedure",),
    "medication": ("Medication",),
    "allergy": ("Allergen", "Medication"),
    "social": ("RiskFactor", "Condition"),
    "family_history": ("Condition", "RiskFactor"),
    "course": (),
    "disposition": (),
    "follow_up": (),
    "score": (),
}
_MAX_NAMES = 12


@dataclass(frozen=True, slots=True)
class Want:
    """What to look for.

    Attributes:
        fact: the fact.
        ids: concepts whose mention names it.
        literals: stems of wordings that the lexicon does not hold.
        phrases: wordings as bags of content words, for loose matching.
        result: a test's result as a bag of content words.
        side: the side the fact is about.
        value, unit: the number to be said.
        molar: mg/dL per mmol/L, for a lab.
        denying: a social fact that says what is not ("does not smoke").
        rivals: other habits of the same topic, of which nobody has two.
        words: content words of each of its names, its result and attributes, for what follows.
        all_words: of all of them. numbers: that stand in its name or attributes, as written.
    """

    fact: Fact
    ids: frozenset[str]
    literals: tuple[tuple[str, ...], ...]
    phrases: tuple[Phrase, ...]
    result: Phrase | None
    side: Side | None
    value: Value | None
    unit: Unit | None
    molar: float | None
    words: tuple[frozenset[str], ...]
    all_words: frozenset[str]
    numbers: frozenset[str]
    denying: bool
    rivals: frozenset[str]


def want_of(fact: Fact, lexicon: Lexicon, units: Units, rules: PhraseRules) -> Want:
    """Prepare a fact. Depends on the fact alone, so the caller may cache it."""
    fact = resolved(fact, lexicon)
    ids = _ids(fact, lexicon)
    names = _names(fact, ids, lexicon)
    value = parse_value(fact.value)
    words = _words(fact, lexicon, rules)
    result = fact.attribute("result") or (fact.value if value is None else None)
    return Want(
        fact=fact,
        ids=frozenset(ids),
        literals=_literals(fact, ids, lexicon),
        phrases=_phrases(fact, names, rules),
        result=phrase_of(result, rules, sides=False) if result else None,
        side=_side(fact),
        value=value,
        unit=units.named(fact.unit),
        molar=next((units.molar[i] for i in sorted(ids) if i in units.molar), None),
        words=words,
        all_words=frozenset().union(*words),
        numbers=frozenset(_numbers_in(fact)),
        denying=fact.type == "social" and _says_no(fact, lexicon),
        rivals=_rivals(fact, lexicon) if fact.type == "social" else frozenset(),
    )


def resolved(fact: Fact, lexicon: Lexicon) -> Fact:
    """A fact from elsewhere: its name from its concept or code, its concept from its name."""
    concept = lexicon.concepts.get(fact.concept) or lexicon.concepts.get(f"icd:{fact.code}")
    name = fact.name
    if not name or name == fact.concept:
        slug = fact.concept.rpartition(":")[2].replace("_", " ")
        name = concept.name if concept is not None else slug or fact.concept
    known = fact.concept
    if fact.type == "allergy" and _is_none(known, name, lexicon):
        known = NO_ALLERGY
    if (known, name) == (fact.concept, fact.name):
        return fact
    return replace(fact, concept=known, name=name)


def _is_none(concept: str, name: str, lexicon: Lexicon) -> bool:
    if concept in lexicon.concepts:
        return concept == NO_ALLERGY
    if name.lower() in ("none", "nil", "none known"):
        return True
    return any(e.concept == NO_ALLERGY for e in lexicon.lookup(name))


def _phrases(fact: Fact, names: list[str], rules: PhraseRules) -> tuple[Phrase, ...]:
    """The names as bags of words, each bag once."""
    bags: dict[frozenset[str], Phrase] = {}
    for name in names:
        phrase = phrase_of(name, rules, strict=fact.type != "diagnosis", sides=False)
        if phrase is not None:
            bags.setdefault(frozenset(phrase.keys), phrase)
    return tuple(bags.values())


_NEGATIONS = frozenset({"no", "not", "never", "none", "denies", "without", "nor", "abstains"})
_TOPICS = frozenset({"tobacco", "alcohol", "drugs"})


def _says_no(fact: Fact, lexicon: Lexicon) -> bool:
    concept = lexicon.concepts.get(fact.concept)
    words = fold(f"{fact.name} {concept.name if concept else ''}").replace("n't", " not").split()
    return not _NEGATIONS.isdisjoint(words) and "longer" not in words


def _rivals(fact: Fact, lexicon: Lexicon) -> frozenset[str]:
    own = lexicon.concepts.get(fact.concept)
    if own is None or own.group not in _TOPICS:
        return frozenset()
    return lexicon.habits.get(own.group, frozenset()) - {own.id}


def _words(fact: Fact, lexicon: Lexicon, rules: PhraseRules) -> tuple[frozenset[str], ...]:
    texts = (fact.name, *(v for _, v in fact.attributes))
    own = tuple(content_words(t, rules) for t in texts)
    return own + _concept_words(fact.concept, lexicon, rules)


def _numbers_in(fact: Fact) -> Iterator[str]:
    for text in (fact.name, *(v for _, v in fact.attributes)):
        for word in text.replace("-", " ").replace("/", " ").replace("%", " ").split():
            if word[:1].isdigit():
                yield word.strip(".,;()")


@lru_cache(maxsize=1 << 14)
def _concept_words(
    concept_id: str, lexicon: Lexicon, rules: PhraseRules
) -> tuple[frozenset[str], ...]:
    concept = lexicon.concepts.get(concept_id)
    if concept is None:
        return ()
    texts = [concept.name, concept.group or "", *(f.text for f in concept.forms)]
    if isinstance(concept, Condition):
        texts.append(concept.title)
    return tuple(dict.fromkeys(content_words(t, rules) for t in texts))


def _ids(fact: Fact, lexicon: Lexicon) -> set[str]:
    ids = {fact.concept, *score_concepts(fact)}
    if fact.code:
        ids.add(f"icd:{fact.code}")
    wanted = _NODE_TYPES[fact.type]
    if fact.concept in lexicon.concepts:
        wanted = ()  # the graph knows which wordings mean it
    for name in (fact.name, fact.concept):
        for entry in lexicon.lookup(name):
            if entry.type in wanted and not entry.negated:
                ids.add(entry.concept)
    if not ids.isdisjoint(lexicon.rules.pressure):
        ids |= _pressure_ids(fact, lexicon)
    return ids


def _pressure_ids(fact: Fact, lexicon: Lexicon) -> set[str]:
    if fact.value and "/" in fact.value:
        return set(lexicon.rules.pressure)
    return {"vital:blood_pressure"}


def _names(fact: Fact, ids: set[str], lexicon: Lexicon) -> list[str]:
    """The fact's name and a few of its concept's wordings of several words."""
    names = [fact.name]
    if first := fact.attribute("first"):
        names.append(first)
    concept = lexicon.concepts.get(fact.concept)
    if concept is not None and fact.type not in ("medication", "vital", "lab", "allergy"):
        names.append(concept.name)
        if isinstance(concept, Condition) and concept.title:
            names.append(concept.title)
        names += [f.text for f in concept.forms if " " in f.text and f.kind != "lay"]
    return list(dict.fromkeys(names))[:_MAX_NAMES]


def _literals(fact: Fact, ids: set[str], lexicon: Lexicon) -> tuple[tuple[str, ...], ...]:
    found: list[tuple[str, ...]] = []
    first = fact.attribute("first")
    for variant in (*form_variants(fact.name), *([first] if first else [])):
        entries = lexicon.lookup(variant)
        if any(e.concept in ids for e in entries):
            continue
        words = form_words(variant)
        if words:
            found.append(lexicon.stems_of(words))
    return tuple(found)


def _side(fact: Fact) -> Side | None:
    written = fact.attribute("laterality")
    words = set(fold(written or fact.name).replace("-", " ").split())
    if words & {"bilateral", "both", "bilaterally"} or {"left", "right"} <= words:
        return "both"
    if "left" in words:
        return "left"
    return "right" if "right" in words else None
