"""How far a trigger reaches: to the end of its clause, its list, or the next trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from casewright.filters.ledger.structure import Sentence
from casewright.filters.ledger.triggers import Category, Found, Trigger

__all__ = ["LISTING", "Scope", "reach_backward", "reach_forward", "stops"]

_MAX_REACH = 60
LISTING = frozenset({",", "and", "or", "nor", "/", "&"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Words `first` to `last` lie in the reach of a trigger."""

    first: int
    last: int
    category: Category
    trigger: str
    relative: str = ""
    backward: bool = False


def stops(item: Found, category: Category) -> bool:
    """Whether a trigger ends the reach of one of the category."""
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


def reach_forward(
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
        if stops(item, category):
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
    separators = [i for i in range(start + 1, verb) if words[i] in LISTING]
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


def reach_backward(
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
        if stops(other, trigger.category):
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
