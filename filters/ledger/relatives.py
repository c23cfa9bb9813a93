"""Whose illness it is: the reach of "mother", and when she only tells or keeps company."""

from __future__ import annotations

from collections.abc import Sequence

from casewright.filters.ledger.scopes import Scope, reach_backward, reach_forward, stops
from casewright.filters.ledger.structure import Sentence
from casewright.filters.ledger.triggers import Found, Trigger, Triggers

__all__ = ["relative_scope"]


def relative_scope(
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
    goes_on = before == "(" and item.last < sentence.last and words[item.last + 1] not in {")", ","}
    if _backward_relative(words, item.first, sentence.first) and not in_section and not goes_on:
        first = reach_backward(words, found, index, trigger, sentence)
        return Scope(first, item.first - 1, "family", trigger.text, trigger.value, backward=True)
    if not in_section and _tells(words, item.last, sentence.last, rules):
        return None
    last = reach_forward(words, found, index, "relative", sentence, ends=True)
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
    ends = [f.first for f in after if stops(f, "relative")]
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
