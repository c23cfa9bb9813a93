"""Offsets of texts beside the entries of the exact index's table that may be the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.bags import changes, ranks
from casewright.filters.near_copies.runs import GRAM, REACH, Places

__all__ = ["Checked", "Hits", "Pairs", "earliest", "sides"]

BEFORE, AFTER, BOTH = (np.int8(i) for i in (1, 2, 3))
# How far a stretch around a run can reach where what is before it agrees (1), after it (2), both.
_LOW = np.array([0, REACH, 14, REACH])
_HIGH = np.array([0, 15, REACH, REACH]) + GRAM
_LATER = np.int64(1 << 32)  # more than any number of a run
_PART_BITS = 8


@dataclass(frozen=True, slots=True)
class Hits:
    """Offsets whose run the table may have.

    Attributes:
        begin, size: the bucket of the table that would have it.
        unit: a number of the piece of its text that it is in, counted up from 0.
        start, end: of its text.
    """

    at: Places
    hashes: NDArray[np.uint64]
    begin: Places
    size: Places
    unit: Places
    start: Places
    end: Places

    def only(self, chosen: Places) -> Hits:
        """Some of them."""
        return Hits(*(getattr(self, name)[chosen] for name in self.__slots__))

    def furthest(self) -> tuple[Places, Places]:
        """The stretch beyond which no stretch around the run is looked at."""
        return (
            np.maximum(self.at - REACH, self.start),
            np.minimum(self.at + GRAM + REACH, self.end),
        )

    def reaches(self) -> tuple[Places, Places]:
        """`Pairs.low` and `high` of every hit, for each side from `BEFORE` on."""
        return (
            np.maximum(self.at - _LOW[1:, None], self.start),
            np.minimum(self.at + _HIGH[1:, None], self.end),
        )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Offsets and entries of the table that pass every check, to be compared byte by byte.

    Attributes:
        low, high: the furthest that a stretch around the run can reach.
        unit: as of the hit.
    """

    at: Places
    entry: Places
    low: Places
    high: Places
    unit: Places

    def only(self, chosen: Places) -> Pairs:
        """Some of them."""
        return Pairs(*(getattr(self, name)[chosen] for name in self.__slots__))

    @classmethod
    def joined(cls, parts: Sequence[Pairs]) -> Pairs:
        """Several as one."""
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in cls.__slots__))


@dataclass(frozen=True, slots=True)
class Checked:
    """Hits, and their entries that pass every check, hit by hit.

    Attributes:
        owner: the hit of each entry.
        side: `BEFORE` where what is before the run agrees, too, `AFTER` where what is after it
            does, `BOTH` where both do. One of them does.
    """

    hits: Hits
    owner: Places
    entry: Places
    side: NDArray[np.int8]

    def only(self, chosen: Places) -> Checked:
        """Some of the entries."""
        return Checked(self.hits, self.owner[chosen], self.entry[chosen], self.side[chosen])

    def that(self, more: NDArray[np.bool_]) -> Checked:
        """The entries for whose side and hit this is said."""
        return self.only(np.flatnonzero(more[self.side - BEFORE, self.owner]))

    def pairs(self, *, within: bool) -> Pairs:
        """The entries with their hits; `within` their texts, or as far as they may reach."""
        at = self.hits.at[self.owner]
        low, high = at - _LOW[self.side], at + _HIGH[self.side]
        if within:
            low = np.maximum(low, self.hits.start[self.owner])
            high = np.minimum(high, self.hits.end[self.owner])
        return Pairs(at, self.entry, low, high, self.hits.unit[self.owner])

    def firsts(self, numbers: NDArray[np.uint32]) -> Places:
        """The entry of each hit with the lowest number, of both sides if there is one."""
        if not len(self.owner):
            return self.owner
        group = np.flatnonzero(changes(self.owner))
        order = numbers + (self.side != BOTH) * _LATER
        least = np.minimum.reduceat(order, group)
        size = np.diff(np.append(group, len(order)))
        return np.flatnonzero(order == np.repeat(least, size))

    def ranks(self) -> Places:
        """A number for each entry among those of its hit, from 0: those of both sides first."""
        if not len(self.owner):
            return self.owner
        first = np.flatnonzero(changes(self.owner))
        size = np.diff(np.append(first, len(self.owner)))
        both = self.side == BOTH
        # How many of both sides are before each, and in all, counted from its hit's first.
        count = np.concatenate(([0], np.cumsum(both)))
        before = count[:-1] - np.repeat(count[first], size)
        total = np.repeat(count[first + size] - count[first], size)
        within = np.arange(len(self.owner)) - np.repeat(first, size)
        rank: Places = np.where(both, before, total + within - before)
        return rank


def sides(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> NDArray[np.int8]:
    """`Checked.side` of entries, from whether what is before and after their runs agrees."""
    return before * BEFORE + after * AFTER


def earliest(units: Places, numbers: NDArray[np.uint32], total: int, count: int) -> Places:
    """Of each unit those with the lowest numbers, at most `count`; numbers are below `total`."""
    held = np.bincount(units)
    if held.max(initial=0) <= count:
        return np.arange(len(units))
    # Whole parts of the numbers are taken, and of the part after them the first.
    shift = max(total.bit_length() - _PART_BITS, 0)
    part = (units << _PART_BITS) + (numbers >> shift)
    held = np.bincount(part, minlength=len(held) << _PART_BITS).reshape(len(held), -1)
    after = np.cumsum(held, axis=1)
    before, after = (after - held).ravel(), after.ravel()
    taken = after[part] <= count
    last = np.flatnonzero(~taken & (before[part] < count))
    last = last[np.argsort((part[last] << 32) | numbers[last], kind="stable")]
    taken[last[ranks(part[last]) + before[part[last]] < count]] = True
    return np.flatnonzero(taken)
