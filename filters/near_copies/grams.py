"""The exact index: every shared stretch of `SHARED_BYTES` normalised bytes or more is found.

Of every reference document the runs of `GRAM` bytes at multiples of `STRIDE` are kept: any
shared stretch of GRAM + STRIDE - 1 bytes holds one of them whole. A run is 10 bytes in the
table, so that the table is a third of the reference:

- 4 bytes its number (document and offset follow from it, as the stride is fixed),
- 4 bytes of checks: of the run itself, of the 15 bytes before and the 16 bytes after it, and
  how often it occurs,
- about 2 bytes of directory and bitmap.

A text is looked up at every offset: the bitmap answers most, the checks nearly all of the rest,
and what is left is compared with the reference text itself, `REACH` bytes to both sides. That is
enough: a longer stretch holds several runs, whose stretches overlap.

Runs that stand in the same surroundings are kept once with their number, so that boilerplate
costs little, and their number says how common a stretch is.

A text whose every sentence stands in thousands of documents would be compared at every offset
with many of them. There a few offsets are taken first, far enough apart for their stretches to
meet, and then those between them as long as they could show more than is known (`_TURNS`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.bags import ranks
from casewright.filters.near_copies.extents import MARGIN, Around, around, extents
from casewright.filters.near_copies.found import Found, Shared
from casewright.filters.near_copies.hits import Checked, Hits, Pairs, earliest, sides
from casewright.filters.near_copies.lookup import Intervals
from casewright.filters.near_copies.runs import (
    GRAM,
    PAD,
    SHARED_BYTES,
    STRIDE,
    Bytes,
    Places,
    checks_of,
    hash_every,
    padded_words,
    scale,
)
from casewright.filters.near_copies.windows import Known, Window, windows

__all__ = ["GramTable", "Rows"]

Rows: TypeAlias = "Callable[[Places, Places], Iterator[tuple[Places, Around]]]"

# A run may stand in many surroundings: boilerplate does. The furthest-reaching is always compared,
# others in rounds up to this many for one run, and to this many comparisons for `_CHUNK` of text.
_MAX_CONTEXTS = 64
_MAX_COMPARED = 1024
_CHUNK = 1 << 15
_TOGETHER = 256
# Of a unit with more entries than this many times what is compared, a share is looked at first.
_AHEAD = 3
# From so many entries of the table for a byte of text on a piece is taken in turns.
_CROWDED = 4
# Bits of a table's checks; the tag is those from `_TAG` on.
_TAG, _LEFT, _RIGHT, _LEVEL = (np.uint32(m) for m in (1 << 24, 0x3FF << 14, 0x3FF << 4, 0xF))
# The turn of an offset, by its place modulo 32: 0, then 16, then 8 and 24, then the rest.
_TURNS = np.full(STRIDE, 3, dtype=np.int8)
_TURNS[[0, 16, 8, 24]] = 0, 1, 2, 2


@dataclass(frozen=True, slots=True)
class GramTable:
    """The table; see the module.

    `firsts[d]` is the number of document d's first run; the last entry that of all runs.
    """

    firsts: NDArray[np.uint32]
    directory: NDArray[np.uint32]
    bitmap: NDArray[np.uint8]
    numbers: NDArray[np.uint32]
    checks: NDArray[np.uint32]

    _documents: Intervals = field(init=False, repr=False, compare=False)

    PARTS = ("firsts", "directory", "bitmap", "numbers", "checks")

    def __post_init__(self) -> None:
        object.__setattr__(self, "_documents", Intervals(self.firsts))

    def sizes(self, documents: Places) -> Places:
        """About how many bytes each of these documents has."""
        following = np.minimum(documents + 1, len(self.firsts) - 1)
        return (self.firsts[following].astype(np.int64) - self.firsts[documents]) * STRIDE

    def find(
        self, raw: Bytes, rows: Rows, starts: Places | None = None
    ) -> tuple[list[Shared], Found]:
        """Find what texts share.

        Args:
            raw: normalised bytes of a text, or of several with a zero byte between two.
            rows: gives the bytes around places of documents (`Remembered.rows`).
            starts: where the texts start, if there are several.

        Returns:
            Shared stretches that do not touch, in order; and every stretch that was compared
            with a document and found in it. What is found in a text does not depend on the
            others.
        """
        if len(raw) < SHARED_BYTES or not len(self.numbers):
            return [], Found.joined(())
        padded, words = padded_words(raw)
        if starts is None:
            starts = np.zeros(1, dtype=np.int64)
        parts: list[Found] = []
        end = len(raw) + PAD
        last = end - GRAM + 1
        for start, stop in windows(starts, len(raw)):
            if start + PAD < last:
                stop_at = min(stop + PAD, last)
                window = Window(words, padded, start + PAD, stop_at, starts + PAD, end)
                parts += self._find(window, rows)
        found = Found.joined(parts)
        return found.merged(), found

    def _hits(self, window: Window) -> Hits:
        hashes = hash_every(window.words, window.start, window.stop)
        bits = scale(hashes, len(self.bitmap) * 8)
        hit = np.flatnonzero((self.bitmap[bits >> 3] >> (bits & 7).astype(np.uint8)) & 1)
        hashes, at = hashes[hit], hit + window.start
        bucket = scale(hashes, len(self.directory) - 1)
        begin = self.directory[bucket].astype(np.int64)
        size = self.directory[bucket + 1].astype(np.int64) - begin
        edges = np.append(np.searchsorted(at, window.starts), len(at))
        text = np.repeat(np.arange(len(window.starts)), np.diff(edges))
        start = window.starts[text]
        piece = (at - start) // _CHUNK
        new = (text[1:] != text[:-1]) | (piece[1:] != piece[:-1])
        unit = np.cumsum(np.concatenate(([False], new)))[: len(at)]
        end = np.append(window.starts[1:] - 1, window.end)[text]
        return Hits(at, hashes, begin, size, unit, start, end)

    def _checked(self, window: Window, hits: Hits) -> Checked:
        """The entries of hits that pass every check."""
        first = np.cumsum(hits.size) - hits.size
        entry = np.repeat(hits.begin - first, hits.size)
        entry += np.arange(len(entry))
        differs = self.checks[entry]
        differs ^= np.repeat(checks_of(window.words, hits.at, hits.hashes), hits.size)
        before, after = differs & _LEFT == 0, differs & _RIGHT == 0
        chosen = np.flatnonzero((before | after) & (differs < _TAG))
        owner = np.repeat(np.arange(len(hits.at)), hits.size)[chosen]
        return Checked(hits, owner, entry[chosen], sides(before[chosen], after[chosen]))

    def _find(self, window: Window, rows: Rows) -> Iterator[Found]:
        hits = self._hits(window)
        if not len(hits.at):
            return
        entries = np.bincount(hits.unit, hits.size)
        edges = np.searchsorted(hits.unit, np.arange(len(entries) + 1))
        reach = hits.at[edges[1:] - 1] - hits.at[edges[:-1]] + GRAM
        crowded = (entries > _CROWDED * reach)[hits.unit]
        known = Known(window.start, window.stop)
        yield from self._by_rank(window, hits.only(np.flatnonzero(~crowded)), rows, known)
        if crowded.any():
            yield from self._in_turns(window, hits.only(np.flatnonzero(crowded)), rows, known)

    def _by_rank(self, window: Window, hits: Hits, rows: Rows, known: Known) -> Iterator[Found]:
        """Compares the furthest-reaching entry of each offset, then the next, and so on.

        Of the further ones only those are compared that could show more than is known.
        """
        checked = self._checked(window, hits)
        rank = np.minimum(checked.ranks(), _MAX_CONTEXTS).astype(np.uint8)
        pairs = checked.only(np.argsort(rank, kind="stable")).pairs(within=False)
        edges = np.cumsum(np.bincount(rank, minlength=1)[:_MAX_CONTEXTS])
        compared = np.zeros(int(hits.unit.max(initial=-1)) + 1, dtype=np.int64)
        for number, (first, last) in enumerate(pairwise([0, *edges.tolist()])):
            now = np.arange(first, last)
            if number:
                now = now[compared[pairs.unit[now]] <= _MAX_COMPARED]
                now = now[~known.holds(pairs.low[now], pairs.high[now])]
                compared += np.bincount(pairs.unit[now], minlength=len(compared))
            if len(now):
                yield from self._compare(window, pairs.only(now), rows, known)

    def _in_turns(self, window: Window, hits: Hits, rows: Rows, known: Known) -> Iterator[Found]:
        """Compares one entry of an offset, of few offsets first, then of those between them.

        Of several entries that reach as far the one of the first document is taken, and the
        further ones are compared document by document: few are then read for many texts.
        """
        turn = _TURNS[(hits.at - hits.start) % STRIDE]
        low, high = hits.furthest()
        further: list[Pairs] = []
        for number in range(int(_TURNS.max()) + 1):
            now = np.flatnonzero(turn == number)
            if number:
                now = now[~known.holds(low[now], high[now])]
            checked = self._checked(window, hits.only(now))
            numbers = self.numbers[checked.entry]
            best = checked.firsts(numbers)
            yield from self._compare(window, checked.only(best).pairs(within=True), rows, known)
            more = ~known.holds(*checked.hits.reaches())
            further.append(self._rest(checked, numbers, best, more).pairs(within=True))
        if further:
            yield from self._further(window, Pairs.joined(further), rows, known)

    def _rest(
        self,
        checked: Checked,
        numbers: NDArray[np.uint32],
        best: Places,
        more: NDArray[np.bool_],
    ) -> Checked:
        """Of each unit the earliest entries besides the best that could show more than is known.

        Args:
            numbers: of the entries. more: whether one could show more, by its side and hit.
        """
        further = np.ones(len(checked.owner), dtype=bool)
        further[best] = False
        total = int(self.firsts[-1])
        # Most are of later documents: they are left out before anything else is asked of them.
        unit = checked.hits.unit
        held = np.bincount(unit[checked.owner], minlength=int(unit.max(initial=0)) + 1)
        share = np.minimum(_AHEAD * _MAX_COMPARED / np.maximum(held, 1), 1)
        bound = (share * total).astype(np.uint32)
        early = further & (numbers < bound[unit][checked.owner])
        rest = checked.only(np.flatnonzero(early)).that(more)
        enough = np.bincount(unit[rest.owner], minlength=len(held)) >= _MAX_COMPARED
        if not enough[bound < total].all():
            rest = checked.only(np.flatnonzero(further)).that(more)
        first = earliest(unit[rest.owner], self.numbers[rest.entry], total, _MAX_COMPARED)
        return rest.only(first)

    def _further(self, window: Window, pairs: Pairs, rows: Rows, known: Known) -> Iterator[Found]:
        """Compares entries that could show more than is known, document by document."""
        left = np.flatnonzero(~known.holds(pairs.low, pairs.high))
        units, numbers = pairs.unit[left], self.numbers[pairs.entry[left]]
        first = earliest(units, numbers, int(self.firsts[-1]), _MAX_COMPARED)
        by_number = np.argsort((units[first] << 32) | numbers[first], kind="stable")
        pairs = pairs.only(left[first[by_number]])
        rank = ranks(pairs.unit)
        for begin in range(0, _MAX_COMPARED, _TOGETHER):
            now = np.flatnonzero((rank >= begin) & (rank < begin + _TOGETHER))
            if begin:
                now = now[~known.holds(pairs.low[now], pairs.high[now])]
            if len(now):
                yield from self._compare(window, pairs.only(now), rows, known)

    def _compare(self, window: Window, pairs: Pairs, rows: Rows, known: Known) -> Iterator[Found]:
        """The stretches of `SHARED_BYTES` and more around runs, compared byte by byte."""
        numbers = self.numbers[pairs.entry]
        document = self._documents.find(numbers)
        offset = (numbers - self.firsts[document]).astype(np.int64) * STRIDE
        mine = around(window.padded)
        for some, theirs in rows(document, offset):
            which, left, right = extents(mine[pairs.at[some] - MARGIN], theirs)
            which = some[which]
            at = pairs.at[which]
            starts, ends = at - left, at + GRAM + right
            known.add(starts, ends)
            levels = self.checks[pairs.entry[which]] & _LEVEL
            yield Found(starts - PAD, ends - PAD, document[which], levels.astype(np.int64))
