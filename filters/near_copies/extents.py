"""How far the bytes around runs are the same on both sides, compared eight at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.runs import GRAM, REACH, Bytes, Hashes, Places

__all__ = ["MARGIN", "Around", "around", "extents"]

U64 = np.uint64
_WORD = 8
# Bytes on each side of a run that are looked at: `REACH` in whole words.
MARGIN = -(-REACH // _WORD) * _WORD
_WIDTH = (2 * MARGIN + GRAM) // _WORD
_RUN = MARGIN // _WORD  # the run's first word of two
# The words before and after it, nearest first.
_BEFORE, _AFTER = range(_RUN - 1, -1, -1), range(_RUN + GRAM // _WORD, _WIDTH)

Around: TypeAlias = "NDArray[np.uint64]"
"""A run a row: its bytes and `MARGIN` on both sides, as words of 8 bytes."""


def around(raw: Bytes) -> Around:
    """A row for every offset, of the run `MARGIN` bytes further on. Nothing is copied."""
    count = max(len(raw) - _WIDTH * _WORD + 1, 0)
    return np.ndarray((count, _WIDTH), "<u8", raw, strides=(1, _WORD))


def extents(mine: Around, theirs: Around) -> tuple[Places, Places, Places]:
    """Which runs are in a stretch of `SHARED_BYTES` and more, and how far it goes on both sides."""
    differs = mine ^ theirs
    whole = np.flatnonzero((differs[:, _RUN] | differs[:, _RUN + 1]) == 0)
    if len(whole) < len(differs):
        differs = differs[whole]
    # The first byte that differs is the highest of a word before the run, the lowest of one after.
    left_word, left = _nearest(differs, _BEFORE)
    left += 7 - (_exponents(left_word & ~(left_word >> U64(1))) >> 3)
    right_word, right = _nearest(differs, _AFTER)
    right += _exponents(right_word & (~right_word + U64(1))) >> 3
    np.minimum(np.where(left_word == 0, REACH, left), REACH, out=left)
    np.minimum(np.where(right_word == 0, REACH, right), REACH, out=right)
    long = np.flatnonzero(left + right >= REACH)
    return whole[long], left[long], right[long]


def _nearest(differs: Around, words: Sequence[int]) -> tuple[Hashes, Places]:
    """Of each row the first of some words that is not 0, and how many bytes are before it."""
    nearest = differs[:, words[-1]]
    before = np.full(len(differs), (len(words) - 1) * _WORD)
    for number in range(len(words) - 2, -1, -1):
        word = differs[:, words[number]]
        here = word != 0
        nearest = np.where(here, word, nearest)
        before[here] = number * _WORD
    return nearest, before


def _exponents(bits: Hashes) -> Places:
    """The place of the highest bit, of numbers that a float can hold as they are.

    Of several bits no two next to each other may be set, so that none is rounded up.
    """
    place: Places = (bits.astype(np.float64).view(np.int64) >> 52) - 1023
    return place
