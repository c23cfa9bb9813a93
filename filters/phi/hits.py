"""What a scan finds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

__all__ = ["HIT_TYPES", "Hit", "merge_hits"]

HIT_TYPES = (
    "name",
    "date",
    "age",
    "phone",
    "fax",
    "email",
    "ssn",
    "mrn",
    "plan",
    "account",
    "licence",
    "vehicle",
    "device",
    "url",
    "ip",
    "other_id",
    "street",
    "city",
    "zip",
    "facility",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A string shaped like an identifier, `text[start:end]` of the scanned text.

    Attributes:
        type: one of `HIT_TYPES`, the Safe Harbor classes of 45 CFR 164.514(b)(2).
        score: how sure the rule is, 0 to 1 (an order, not a probability).
        why: the rule that fired, for a reader.
    """

    type: str
    start: int
    end: int
    text: str
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hit in the coordinates of the folded text, before merging."""

    type: str
    start: int
    end: int
    score: float
    why: str


def merge_hits(candidates: Iterable[Candidate], text: str) -> list[Candidate]:
    """Resolve overlaps: the surest candidate wins, the longer one among equals.

    Overlapping candidates of one type are joined. Of different types the weaker one
    gives way, but what of a name stands outside the winner stays a candidate: "Hopkins,
    Jane" does not vanish because "Johns Hopkins" is a hospital. Names with one space between
    them are one name.

    Args:
        candidates: in any order.
        text: the folded text that they point into.
    """
    heap = [(c.start, -c.end, -c.score, c.type, i, c) for i, c in enumerate(candidates)]
    heapify(heap)
    serial = len(heap)
    kept: list[Candidate] = []
    while heap:
        candidate = heappop(heap)[-1]
        last = kept[-1] if kept else None
        if last is not None and _continues(text, last, candidate):
            kept[-1] = replace(last, end=candidate.end, score=max(last.score, candidate.score))
            continue
        if last is None or candidate.start >= last.end:
            kept.append(candidate)
            continue
        if last.type == candidate.type:
            better = last if last.score >= candidate.score else candidate
            end = max(last.end, candidate.end)
            kept[-1] = replace(better, start=last.start, end=end)
            continue
        if _rank(candidate) > _rank(last):
            kept[-1] = candidate
            rests = [(last.start, candidate.start, last), (candidate.end, last.end, last)]
            if last.start < candidate.start:
                # What came before the winner is already in order: it takes the loser's place.
                if last.type == "name" and candidate.start - last.start >= _MIN_REST:
                    kept[-1:] = [replace(last, end=candidate.start), candidate]
                rests = rests[1:]
        else:
            rests = [(last.end, candidate.end, candidate)]
        for start, end, loser in rests:
            if loser.type == "name" and end - start >= _MIN_REST:
                rest = replace(loser, start=start, end=end)
                heappush(heap, (start, -end, -rest.score, rest.type, serial, rest))
                serial += 1
    return kept


def _continues(text: str, last: Candidate, candidate: Candidate) -> bool:
    """Whether two names are one: "Nguyen" and "Thi Lan"."""
    if not (last.type == candidate.type == "name" and 0 < candidate.start - last.end < _MAX_GAP):
        return False
    return _BETWEEN.fullmatch(text, last.end, candidate.start) is not None


# "Nguyen" and "Thi Lan"; "Maricela" and "Santos" of "Maricela de los Santos".
_MAX_GAP = 16
_BETWEEN = re.compile(
    r"[ -]|[ ](?:(?:de|del|della|dello|di|da|dal|dos|das|do|du|des|van|von|der|den|ter|zu|zur|la|"
    r"las|los|el|al|bin|ibn|bint|ap|y|e)[ ]){1,3}"
)

# A rest shorter than this is punctuation or a title.
_MIN_REST = 4


def _rank(candidate: Candidate) -> tuple[float, int]:
    return (candidate.score, candidate.end - candidate.start)
