"""What a sentence says about a mention: present, denied, past, of the family, or only possible.

Scopes are computed once a sentence and looked up for every mention in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from casewright.filters.ledger.structure import Sentence
from casewright.filters.ledger.triggers import Category, Found, Trigger, Triggers
from casewright.records import Polarity

__all__ = ["Assertion", "Scope", "assert_words", "find_scopes"]

_MAX_REACH = 60
_LISTING = frozenset({",", "and", "or", "nor", "/", "&"})
_SECTION_CATEGORY: dict[str, Category] = {
    "family": "family",
    "past": "history",
    "instructions": "hypothetical",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Words `first` to `last` lie in the reach of a trigger."""

    first: int
    last: int
    category: Category
    trigger: str
    relative: str = ""
    backward: bool = False


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
    drugs: Sequence[int] = (),
) -> list[Scope]:
    """The scopes of one sentence.

    Args:
        words: all words of the text.
        found: the triggers inside the sentence, in order.
        sentence: its range and section.
        rules: headings, informants, company words.
        caregiver: the speaker is a caregiver, so "my son" is the patient.
        drugs: words with which the name of a drug begins, ascending.
    """
    scopes: list[Scope] = []
    category = _SECTION_CATEGORY.get(sentence.section) if sentence.section else None
    if category is not None:
        scopes.append(Scope(sentence.body, sentence.last, category, f"section {sentence.section}"))
    for index, item in enumerate(found):
        for trigger in item.triggers:
            scope = _scope_of(words, found, index, trigger, sentence, rules, caregiver)
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
    while last >= scope.first and words[last] in _LISTING:
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
        return _relative_scope(words, found, index, trigger, sentence, rules, caregiver)
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
        last = _reach_forward(words, found, index, trigger.category, sentence, ends=ends)
        if trigger.near:
            last = _near(words, item.last, min(last, item.last + trigger.near))
        if last <= item.last:
            return None
        return Scope(item.last + 1, last, trigger.category, trigger.text)
    first = _reach_backward(words, found, index, trigger, sentence)
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
        if words[i] in _LISTING:
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


def _stops(item: Found, category: Category) -> bool:
    kinds = {t.category for t in item.triggers}
    if "hard_stop" in kinds:
        return True
    if "dash_stop" in kinds:
        return category in ("negated", "hypothetical", "uncertain")
    if category == "negated" and item.triggers[0].text == "non":
        return False  # "has no non-pressure ulcer"
    if category == "negated":
        return bool(kinds & {"negated", "affirmed"}) and _has_forward(item)
    if category == "affirmed":
        return "negated" in kinds
    if category in ("family", "relative"):
        return "family_stop" in kinds
    if category in ("history", "historical"):
        return bool(kinds & {"affirmed", "history_stop"})
    return False


def _has_forward(item: Found) -> bool:
    return any(t.direction == "forward" for t in item.triggers)


def _reach_forward(
    words: Sequence[str],
    found: Sequence[Found],
    index: int,
    category: Category,
    sentence: Sentence,
    *,
    ends: bool,
) -> int:
    """Last word that a forward trigger reaches; `ends`: not into the next clause."""
    start = found[index].last
    limit = min(sentence.last, start + _MAX_REACH)
    limit = _closing_bracket(words, start, limit)
    for item in found[index + 1 :]:
        if item.first > limit:
            break
        if _stops(item, category):
            return item.first - 1
        if ends and any(t.category == "soft_stop" for t in item.triggers):
            end = _soft_end(words, start, item.first, category)
            if end is not None:
                return end
    return limit


def _closing_bracket(words: Sequence[str], start: int, limit: int) -> int:
    depth = 0
    for i in range(start + 1, limit + 1):
        if words[i] in ("(", "["):
            depth += 1
        elif words[i] in (")", "]"):
            depth -= 1
            if depth < 0:
                return i - 1
    return limit


def _soft_end(words: Sequence[str], start: int, verb: int, category: Category) -> int | None:
    """Where a list of denied things ends when the verb of a new clause comes.

    "No fever, cough is present": the clause began at the last separator. "No fever,
    chills or cough was noted": the list ran up to the verb.
    """
    if words[verb - 1] in _RELATIVE_WORDS:
        return None  # "no chills, pain that radiates": the verb of a side clause
    separators = [i for i in range(start + 1, verb) if words[i] in _LISTING]
    if not separators:
        return verb - 1 if category == "negated" and verb - start > _LONG_OBJECT else None
    for i in separators:
        if words[i] == "and" and words[i + 1] in _SUBJECTS:
            return i - 2 if words[i - 1] == "," else i - 1
    last = separators[-1]
    if words[last] in ("or", "nor"):
        return None if category in ("hypothetical", "uncertain") else verb - 1
    if last > start + 1 and words[last - 1] == ",":
        last -= 1
    return last - 1


_LONG_OBJECT = 6
_SUBJECTS = frozenset({"his", "her", "their", "my", "the", "this", "there", "he", "she", "it"})
_RELATIVE_WORDS = frozenset({"that", "which", "who", "to", "when", "where"})
_CLAUSE_BOUND = frozenset({"negated", "uncertain", "history", "historical", "relative", "family"})


def _reach_backward(
    words: Sequence[str],
    found: Sequence[Found],
    index: int,
    trigger: Trigger,
    sentence: Sentence,
) -> int:
    """First word that a backward trigger reaches."""
    item = found[index]
    floor = max(sentence.body, item.first - _MAX_REACH)
    if trigger.near:
        floor = max(floor, item.first - trigger.near)
        if item.first - 1 >= 0 and words[item.first - 1] in trigger.after:
            floor = max(sentence.body if trigger.near else floor, item.first - 1 - 8)
    for other in reversed(found[:index]):
        if other.last < floor:
            break
        if _stops(other, trigger.category):
            floor = max(floor, other.last + 1)
            break
    aside = trigger.category != "negated" and words[item.first - 1] == ","
    return _list_start(words, floor, item.first - 1 if aside else item.first)


def _list_start(words: Sequence[str], floor: int, end: int) -> int:
    """A backward trigger crosses commas only in a list that ends in "and" or "or"."""
    joined = False
    for i in range(end - 1, floor - 1, -1):
        if words[i] in ("and", "or", "nor", "&"):
            joined = True
        elif words[i] == "," and not joined:
            return i + 1
    return floor


def _relative_scope(
    words: Sequence[str],
    found: Sequence[Found],
    index: int,
    trigger: Trigger,
    sentence: Sentence,
    rules: Triggers,
    caregiver: bool,
) -> Scope | None:
    """The reach of "mother": what follows, or what stands before "in her mother"."""
    item = found[index]
    before = words[item.first - 1] if item.first > sentence.first else ""
    if before == "dear" or (caregiver and before == "my"):
        return None
    in_section = sentence.section == "family"
    if not in_section and _is_company(words, item.first, sentence.first, rules):
        return _who_clause(words, found, index, trigger, sentence)
    goes_on = words[item.first - 1] == "(" and words[item.last + 1] not in (")", ",")
    if (
        _backward_relative(words, item.first, sentence.first)
        and not in_section
        and not (goes_on and item.last < sentence.last)
    ):
        first = _reach_backward(words, found, index, trigger, sentence)
        return Scope(first, item.first - 1, "family", trigger.text, trigger.value, backward=True)
    if not in_section and _tells(words, item.last, sentence.last, rules):
        return None
    last = _reach_forward(words, found, index, "relative", sentence, ends=True)
    last = _before_next_relative(found, index, last)
    if last <= item.last:
        return None
    return Scope(item.last + 1, last, "family", trigger.text, trigger.value)


def _who_clause(
    words: Sequence[str],
    found: Sequence[Found],
    index: int,
    trigger: Trigger,
    sentence: Sentence,
) -> Scope | None:
    """ "She cares for her father, who has dementia"."""
    who = found[index].last + 1
    who += words[who : who + 1] == [","]
    if who >= sentence.last or words[who] != "who" or words[who + 1] not in _OF_STATE:
        return None
    after = [f for f in found[index + 1 :] if f.first > who]
    ends = [f.first for f in after if _stops(f, "relative")]
    last = min([sentence.last, *(e - 1 for e in ends)])
    return Scope(who + 1, last, "family", trigger.text, trigger.value) if last > who else None


_OF_STATE = frozenset({"has", "had", "is", "was", "have", "suffers", "suffered"})


def _tells(words: Sequence[str], relative: int, limit: int, rules: Triggers) -> bool:
    """Whether the relative is the one who tells ("mother reports ...")."""
    start = relative + 1
    while (
        start < limit
        and words[start] in _AUXILIARIES
        and words[start + 1] in (_AUXILIARIES | rules.informant)
    ):
        start += 1  # "mum has not noticed any rash"
    following = words[start : min(start + 2, limit + 1)]
    if not following or following[0] in ("'s", "with") or words[relative].endswith("'s"):
        return False
    if following[0] in ("is", "was") and len(following) > 1:
        return following[1] in rules.informant_after_is
    return following[0] in rules.informant


_AUXILIARIES = frozenset({"has", "have", "had", "not", "also", "never", "did", "does", "hasn't",
                          "haven't", "didn't", "doesn't"})  # fmt: skip


def _before_next_relative(found: Sequence[Found], index: int, last: int) -> int:
    for item in found[index + 1 :]:
        if item.first > last:
            break
        if item.triggers[0].category == "relative" and item.first > found[index].last + 2:
            return item.first - 1
    return last


def _is_company(words: Sequence[str], first: int, floor: int, rules: Triggers) -> bool:
    lead = first
    if lead - 1 >= floor and words[lead - 1] in ("her", "his", "my", "their", "the", "a"):
        lead -= 1
    for phrase in rules.company:
        for end in (lead, first):
            begin = end - len(phrase)
            if begin >= floor and tuple(words[begin:end]) == phrase:
                return True
    return False


def _backward_relative(words: Sequence[str], first: int, floor: int) -> bool:
    """ "in her mother", "of the father", "(mother)", "- mother"."""
    i = first - 1
    while i >= floor and words[i] in ("her", "his", "my", "the", "a", "their", "both", "maternal",
                                      "paternal"):  # fmt: skip
        i -= 1
    return i > floor and words[i] in ("in", "(")


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
