"""What a scan finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


def merge_hits(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Resolve overlaps: the surest candidate wins, the longer one among equals.

    Overlapping candidates of one type are joined; of different types the weaker
    one gives way. Linear after the sort.
    """
    ordered = sorted(candidates, key=lambda c: (c.start, -c.end, -c.score, c.type))
    kept: list[Candidate] = []
    for candidate in ordered:
        while True:
            if not kept or candidate.start >= kept[-1].end:
                kept.append(candidate)
                break
            last = kept[-1]
            if last.type == candidate.type:
                better = last if last.score >= candidate.score else candidate
                kept[-1] = Candidate(
                    last.type,
                    last.start,
                    max(last.end, candidate.end),
                    better.score,
                    better.why,
                )
                break
            if _rank(candidate) > _rank(last):
                # The loser may have hidden nothing else: what came before it ended before it.
                kept.pop()
                continue
            break
    return kept


def _rank(candidate: Candidate) -> tuple[float, int]:
    return (candidate.score, candidate.end - candidate.start)


def of_type(hits: Sequence[Hit], *types: str) -> list[Hit]:
    """The hits of the given types, in text order."""
    return [h for h in hits if h.type in types]
