"""The looked-up bytes piece by piece, and what of a piece is known to be shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.runs import GRAM, PAD, Bytes, Hashes, Places

__all__ = ["Known", "Window", "windows"]

_WINDOW_BYTES = 1 << 18


def windows(starts: Places, size: int) -> Iterator[tuple[int, int]]:
    """Pieces to be looked up at once: whole texts up to `_WINDOW_BYTES`, or a part of a longer.

    Args:
        starts: where the texts start. size: where the last one ends.
    """
    begin = 0
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), size], strict=True):
        if end - begin <= _WINDOW_BYTES:
            continue
        if start > begin:
            yield begin, start
        begin = start
        while end - begin > _WINDOW_BYTES:
            yield begin, begin + _WINDOW_BYTES
            begin += _WINDOW_BYTES
        if begin > start:
            yield begin, end
            begin = end
    if begin < size:
        yield begin, size


@dataclass(frozen=True, slots=True)
class Window:
    """Offsets `start` to `stop` of the padded bytes.

    Texts begin at `starts`; the last one ends at `end`.
    """

    words: Hashes
    padded: Bytes
    start: int
    stop: int
    starts: Places
    end: int


class Known:
    """The bytes of a window that are known to be shared."""

    def __init__(self, start: int, stop: int) -> None:
        self._base = start - PAD
        self._depth = np.zeros(stop - start + 2 * PAD + GRAM, dtype=np.int64)
        self._covered: NDArray[np.int32] | None = None

    def add(self, starts: Places, ends: Places) -> None:
        """Note stretches."""
        size = len(self._depth)
        if len(starts) * 16 > size:
            self._depth += np.bincount(starts - self._base, minlength=size)
            self._depth -= np.bincount(ends - self._base, minlength=size)
        else:
            np.add.at(self._depth, starts - self._base, 1)
            np.subtract.at(self._depth, ends - self._base, 1)
        self._covered = None

    def holds(self, low: Places, high: Places) -> NDArray[np.bool_]:
        """Whether all bytes from `low` to before `high` are known."""
        if self._covered is None:
            known = np.cumsum(self._depth, dtype=np.int32) > 0
            self._covered = np.cumsum(known, dtype=np.int32)
        before, within = low - 1 - self._base, high - 1 - self._base
        whole: NDArray[np.bool_] = self._covered[within] - self._covered[before] == within - before
        return whole
