"""Finds many hashes in a sorted array at once, or the intervals that many numbers are in.

Hashes are spread evenly, so their upper bits lead to a handful of neighbours: far fewer jumps in
memory than a binary search makes. Numbers are found from the beginnings of blocks of them.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Intervals", "Lookup"]

_STEPS = 3  # from one interval to the next, before the rest is searched for

_Key = TypeVar("_Key", bound=np.unsignedinteger)


class Lookup(Generic[_Key]):
    """A directory of sorted, distinct hashes.

    Args:
        keys: sorted and distinct; they are not copied.
    """

    def __init__(self, keys: NDArray[_Key]) -> None:
        self._keys: NDArray[_Key] = keys
        width = keys.dtype.itemsize * 8
        bits = max(1, min(len(keys).bit_length(), 24))
        self._shift: _Key = keys.dtype.type(width - bits)
        edges = np.arange(1 << bits, dtype=keys.dtype) << self._shift
        begin = np.searchsorted(keys, edges)
        self._directory = np.append(begin, len(keys)).astype(np.int64)

    def find(self, wanted: NDArray[_Key]) -> NDArray[np.int64]:
        """The place of each among the keys; -1 for what is not there."""
        place = np.full(len(wanted), -1, dtype=np.int64)
        bucket = (wanted >> self._shift).astype(np.int64)
        at, end = self._directory[bucket], self._directory[bucket + 1]
        left = np.flatnonzero(at < end)
        at, end = at[left], end[left]
        while len(left):
            same = self._keys[at] == wanted[left]
            place[left[same]] = at[same]
            at += 1
            on = np.flatnonzero(~same & (at < end))
            left, at, end = left[on], at[on], end[on]
        return place

    def holds(self, wanted: NDArray[_Key]) -> NDArray[np.bool_]:
        """Which are among the keys."""
        there: NDArray[np.bool_] = self.find(wanted) >= 0
        return there


class Intervals:
    """Which of some intervals that follow each other numbers are in.

    Args:
        firsts: the first number of each, ascending, and the end of the last; they are not copied.
    """

    def __init__(self, firsts: NDArray[np.uint32]) -> None:
        self._firsts = firsts
        # The interval that each block of numbers begins in; on average it is the one or the next.
        total, count = int(firsts[-1]), max(len(firsts) - 1, 1)
        self._shift = np.uint32(max((total // count).bit_length() - 1, 0))
        blocks = np.arange(0, total + 1, 1 << int(self._shift), dtype=np.uint32)
        self._begin = np.searchsorted(firsts, blocks, "right") - 1

    def find(self, numbers: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The interval of each number."""
        at: NDArray[np.int64] = self._begin[numbers >> self._shift]
        left = np.flatnonzero(self._firsts[at + 1] <= numbers)
        for _ in range(_STEPS):
            at[left] += 1
            left = left[self._firsts[at[left] + 1] <= numbers[left]]
        # Where there are many short ones.
        if len(left):
            at[left] = np.searchsorted(self._firsts, numbers[left], "right") - 1
        return at
