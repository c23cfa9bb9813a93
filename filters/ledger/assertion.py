"""What a sentence says about a mention: present, denied, past, of the family, or only possible.

Scopes are computed once a sentence and looked up for every mention in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from casewright.filters.ledger.relatives import relative_scope
from casewright.filters.ledger.scopes import LISTING, Scope, reach_backward, reach_forward
from casewright.filters.ledger.structure import Sentence
from casewright.filters.ledger.triggers import Category, Found, Trigger, Triggers
from casewright.records import Polarity

__all__ = ["Assertion", "Scope", "assert_words", "find_scopes"]

_CLAUSE_BOUND = frozenset({"negated", "uncertain", "history", "historical", "relative", "family"})
_SECTION_CATEGORY: dict[str, Category] = {
    "family": "family",
    "past": "history",
    "instructions": "hypothetical",
}


@dataclass(frozen=True, slots=True)
class Assertion:
    """How a mention is asserted.

    Attributes:
        polarity: the reading in the words of the records.
        past: said of the past, which for a lasting condition holds now too.
        uncertain: "possible", "likely" and their like (polarity hypothetical).
        relative: who has it, for polarity family ("" when not named).
        denied_family: "no family history of ...".
        asked: stands in a question that was not answered.
        trigger: the words that decided it.
    """

    polarity: Polarity = "present"
    past: bool = False
    uncertain: bool = False
    relative: str = ""
    denied_family: bool = False
    asked: bool = False
    trigger: str = ""


PRESENT = Assertion()


def find_scopes(
    words: Sequence[str],
    found: Sequence[Found],
    sentence: Sentence,
    rules: Triggers,
    *,
    caregiver: bool = False,
    patient_is: frozenset[str] = frozenset(),
    drugs: Sequence[int] = (),
) -> list[Scope]:
    """The scopes of one sentence.

    Args:
        words: all words of the text.
        found: the triggers inside the sentence, in order.
        sentence: its range and section.
        rules: headings, informants, company words.
        caregiver: the speaker is a caregiver, so "my son" is the patient.
        patient_is: relatives that are the patient then; empty where any may be.
        drugs: words with which the name of a drug begins, ascending.
    """
    scopes: list[Scope] = []
    category = _SECTION_CATEGORY.get(sentence.section) if sentence.section else None
    if category is not None:
        scopes.append(Scope(sentence.body, sentence.last, category, f"section {sentence.section}"))
    for index, item in enumerate(found):
        for trigger in item.triggers:
            own = caregiver and (not patient_is or words[item.first] in patient_is)
            scope = _scope_of(words, found, index, trigger, sentence, rules, own)
            if scope is not None and trigger.listing:
                scope = _before_drug(words, scope, drugs)
            if scope is not None:
                scopes.append(scope)
    return scopes


def _before_drug(words: Sequence[str], scope: Scope, drugs: Sequence[int]) -> Scope | None:
    """ "As needed for pain and lisinopril 10 mg": the next drug is not what it is for."""
    position = bisect_left(drugs, scope.first)
    if position == len(drugs) or drugs[position] > scope.last:
        return scope
    last = drugs[position] - 1
    while last >= scope.first and words[last] in LISTING:
        last -= 1
    return replace(scope, last=last) if last >= scope.first else None


_STOPS_ONLY = frozenset(
    {"pseudo", "hard_stop", "soft_stop", "history_stop", "dash_stop", "family_stop"}
)


def _scope_of(
    words: Sequence[str],
    found: Sequence[Found],
    index: int,
    trigger: Trigger,
    sentence: Sentence,
    rules: Triggers,
    caregiver: bool,
) -> Scope | None:
    if trigger.category in _STOPS_ONLY:
        return None
    item = found[index]
    if trigger.category == "relative":
        return relative_scope(words, found, index, trigger, sentence, rules, caregiver)
    if trigger.after and (item.first == 0 or words[item.first - 1] not in trigger.after):
        return None
    if trigger.text == "old" and words[item.first - 1] in ("-", "year", "years", "month", "months"):
        return None
    if trigger.category == "history" and _is_duration(words, item, sentence):
        return None
    if trigger.closing and words[item.last + 1 : item.last + 2] not in _CLOSED:
        return None
    if trigger.text == "should" and _ARISING.isdisjoint(words[item.last + 1 : item.last + 8]):
        return None
    if trigger.category in _PAST and _is_onset(words, item, sentence):
        return None
    if trigger.direction == "forward":
        if item.first < sentence.body or words[item.last + 1 : item.last + 2] in _NOTHING_AFTER:
            return None  # a heading; "No, I had a headache": an answer, no determiner
        ends = trigger.listing or trigger.category in _CLAUSE_BOUND
        last = reach_forward(words, found, index, trigger.category, sentence, ends=ends)
        if trigger.near:
            last = _near(words, item.last, min(last, item.last + trigger.near))
        if last <= item.last:
            return None
        return Scope(item.last + 1, last, trigger.category, trigger.text)
    first = reach_backward(words, found, index, trigger, sentence)
    if first >= item.first:
        return None
    return Scope(first, item.first - 1, trigger.category, trigger.text, backward=True)


_CLOSED: tuple[list[str], ...] = ([","], ["."], [";"], [")"], ["\n"], [])
_ARISING = frozenset(
    {"recur", "occur", "develop", "worsen", "return", "persist", "arise", "appear", "happen"}
)
_PAST = frozenset({"history", "historical"})
_BEGINNINGS = frozenset({"began", "begun", "started", "starting", "onset", "since", "beginning"})
_WHEN = frozenset({"ago", "year", "month", "earlier", "past"})


def _is_onset(words: Sequence[str], found: Found, sentence: Sentence) -> bool:
    """ "A cough that began two months ago" goes on."""
    if words[found.last] not in _WHEN:
        return False
    return not _BEGINNINGS.isdisjoint(words[max(sentence.first, found.first - 8) : found.first])


_NOTHING_AFTER: tuple[list[str], ...] = ([","], ["and"], ["or"], [])


def _near(words: Sequence[str], start: int, limit: int) -> int:
    """The last word of the next few that no separator sets apart."""
    for i in range(start + 1, limit + 1):
        if words[i] in LISTING:
            return i - 1
    return limit


def _is_duration(words: Sequence[str], found: Found, sentence: Sentence) -> bool:
    """ "3 day history of cough", "3/7 hx of cough", "hx of cough for a week" are about now."""
    first = found.first
    before = words[max(sentence.first, first - 3) : first]
    if any(w.rstrip("s") in _TIME_WORDS for w in before):
        return True
    if len(before) > 1 and before[-2] == "/" and before[-1] in ("7", "52", "12"):
        return True
    after = words[found.last + 1 : sentence.last + 1]
    return any(
        w == "for" and any(t.rstrip("s") in _TIME_WORDS for t in after[i + 1 : i + 4])
        for i, w in enumerate(after)
    )


_TIME_WORDS = frozenset(
    {
        "hour",
        "day",
        "week",
        "month",
        "year",
        "hr",
        "wk",
        "yr",
        "d",
        "minute",
        "long",
        "longstanding",
    }
)


def assert_words(
    scopes: Sequence[Scope], first: int, last: int, *, inherent_denial: bool = False
) -> Assertion:
    """Read the scopes that cover a mention, strongest first."""
    if not scopes and not inherent_denial:
        return PRESENT
    covering = [s for s in scopes if s.first <= (last if s.backward else first) <= s.last]
    kinds = {s.category: s for s in covering}
    denied = kinds.get("negated")
    if "affirmed" in kinds and denied is not None and kinds["affirmed"].first > denied.first:
        denied = None
    if "family" in kinds:
        return _of_family(covering, denied)
    tested = kinds.get("hypothetical")
    if tested is not None and denied is not None and denied.backward and _is_test(tested):
        return Assertion("denied", trigger=denied.trigger)
    if "hypothetical" in kinds:
        return Assertion("hypothetical", trigger=kinds["hypothetical"].trigger)
    if "uncertain" in kinds:
        return Assertion("hypothetical", uncertain=True, trigger=kinds["uncertain"].trigger)
    if denied is not None or inherent_denial:
        return Assertion("denied", trigger=denied.trigger if denied else "the word itself")
    if "historical" in kinds:
        return Assertion("historical", trigger=kinds["historical"].trigger)
    if "history" in kinds:
        return Assertion("historical", past=True, trigger=kinds["history"].trigger)
    return PRESENT


def _is_test(scope: Scope) -> bool:
    """ "Testing for influenza came back negative"."""
    return scope.trigger.partition(" ")[0] in ("testing", "test", "tested", "screen", "screening",
                                               "screened", "checked")  # fmt: skip


def _of_family(covering: Sequence[Scope], denied: Scope | None) -> Assertion:
    named = next((s for s in covering if s.relative), None)
    scope = named or next(s for s in covering if s.category == "family")
    return Assertion(
        "family",
        relative=scope.relative,
        denied_family=denied is not None,
        trigger=scope.trigger,
    )
