"""A statement of one fact is no contradiction of another.

The result "wound clean and dry" of one fact would contradict the finding of another, and
a pressure in the result of a test the blood pressure: the text says what the case holds,
so it is not at fault.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from casewright.filters.ledger.judge import LOOSE, Sighting
from casewright.filters.ledger.wants import Want

__all__ = ["without_borrowed"]


def without_borrowed(
    wants: Sequence[Want], sightings: Sequence[list[Sighting]]
) -> list[list[Sighting]]:
    """Drop contradictions whose words state another fact of the case."""
    stating: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (want, seen) in enumerate(zip(wants, sightings, strict=True)):
        if want.fact.type in LOOSE or want.fact.duty == "must_not":
            continue
        for s in seen:
            if s.kind == "states":
                for word in range(s.first, s.last + 1):
                    stating[word].append((number, s.last))
    return [
        [s for s in seen if s.kind != "contradicts" or not _borrowed(number, s, stating)]
        for number, seen in enumerate(sightings)
    ]


def _borrowed(number: int, sighting: Sighting, stating: dict[int, list[tuple[int, int]]]) -> bool:
    mention = sighting.mention
    first, last = (mention.first, mention.last) if mention else (sighting.first, sighting.last)
    return any(n != number and last <= end for n, end in stating.get(first, ()))
