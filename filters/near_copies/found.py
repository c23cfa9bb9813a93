"""What the exact index finds in texts: stretches of bytes that the reference has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from casewright.filters.near_copies.runs import Places

__all__ = ["Found", "Shared"]


@dataclass(frozen=True, slots=True)
class Shared:
    """A stretch of the looked-up bytes that the reference has: [start, end).

    `count` is how often the commonest surroundings occur: the number of times that the
    reference has about this stretch.
    """

    start: int
    end: int
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """Stretches as they were compared, one by one: they may overlap.

    Attributes:
        starts, ends: of the stretch in the looked-up bytes. documents: where it was found.
        levels: how often its run occurs, as a power of two.
    """

    starts: Places
    ends: Places
    documents: Places
    levels: Places

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        """Several as one."""
        none = np.zeros(0, dtype=np.int64)
        return cls(
            np.concatenate([none, *(p.starts for p in parts)]),
            np.concatenate([none, *(p.ends for p in parts)]),
            np.concatenate([none, *(p.documents for p in parts)]),
            np.concatenate([none, *(p.levels for p in parts)]),
        )

    def merged(self) -> list[Shared]:
        """Stretches that do not touch, in order."""
        if not len(self.starts):
            return []
        order = np.argsort(self.starts, kind="stable")
        starts, ends = self.starts[order], np.maximum.accumulate(self.ends[order])
        first = np.flatnonzero(np.concatenate(([True], starts[1:] > ends[:-1])))
        last = np.append(first[1:], len(starts)) - 1
        counts = 1 << np.maximum.reduceat(self.levels[order], first)
        return [
            Shared(start, end, count)
            for start, end, count in zip(
                starts[first].tolist(), ends[last].tolist(), counts.tolist(), strict=True
            )
        ]
