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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.bags import changes, ranks
from casewright.filters.near_copies.remembered import around
from casewright.filters.near_copies.runs import (
    GRAM,
    PAD,
    REACH,
    SHARED_BYTES,
    STRIDE,
    Bytes,
    Hashes,
    Places,
    checks_of,
    hash_every,
    padded_words,
    scale,
)

__all__ = ["Found", "GramTable", "Rows", "Shared"]

Rows: TypeAlias = "Callable[[Places, Places], Bytes]"

# A run may stand in many surroundings: boilerplate does. The furthest-reaching is always compared,
# others in rounds up to this many for one run, and to this many comparisons for `_CHUNK` of text.
_MAX_CONTEXTS = 64
_MAX_COMPARED = 1024
_CHUNK = 1 << 15
_TOGETHER, _PARTS = 256, 64
_WINDOW_BYTES = 1 << 18
# From so many entries of the table for a byte of text on a piece is taken in turns.
_CROWDED = 4
# The turn of an offset, by its place modulo 32: 0, then 16, then 8 and 24, then the rest.
# Bits of a table's checks.
_TAG, _LEFT, _RIGHT, _LEVEL = (np.uint32(m) for m in (0xFF << 24, 0x3FF << 14, 0x3FF << 4, 0xF))
_TURNS = np.full(STRIDE, 3, dtype=np.int8)
_TURNS[[0, 16, 8, 24]] = 0, 1, 2, 2


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


def _windows(starts: Places, size: int) -> Iterator[tuple[int, int]]:
    """Pieces to be looked up at once: whole texts up to `_WINDOW_BYTES`, or a part of a longer."""
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
class _Window:
    """Offsets `start` to `stop` of the padded bytes.

    Texts begin at `starts`; the last one ends at `end`.
    """

    words: Hashes
    padded: Bytes
    start: int
    stop: int
    starts: Places
    end: int


@dataclass(frozen=True, slots=True)
class _Hits:
    """Offsets whose run the table may have.

    Attributes:
        begin, size: the bucket of the table that would have it.
        unit: a number of the `_CHUNK` of its text that it is in, counted up from 0.
        start, end: of its text.
    """

    at: Places
    hashes: Hashes
    begin: Places
    size: Places
    unit: Places
    start: Places
    end: Places

    def only(self, chosen: Places) -> _Hits:
        return _Hits(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class _Pairs:
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

    def only(self, chosen: Places) -> _Pairs:
        return _Pairs(*(getattr(self, name)[chosen] for name in self.__slots__))

    @classmethod
    def joined(cls, parts: Sequence[_Pairs]) -> _Pairs:
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in cls.__slots__))


_LOW = np.array([[REACH], [14], [REACH]])
_HIGH = np.array([[15], [REACH], [REACH]]) + GRAM


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is looked at together: hits, and their entries that pass every check.

    Attributes:
        owner: the hit of each entry. side: 1 where it agrees before the run, 2 after it, 3 both.
        low, high: how far a stretch around the run of a hit can reach, for each side from 1 on.
    """

    hits: _Hits
    owner: Places
    entry: Places
    side: NDArray[np.int8]

    @property
    def low(self) -> Places:
        low: Places = np.maximum(self.hits.at - _LOW, self.hits.start)
        return low

    @property
    def high(self) -> Places:
        high: Places = np.minimum(self.hits.at + _HIGH, self.hits.end)
        return high

    def pairs(self, chosen: Places) -> _Pairs:
        """Some of the entries with their hits."""
        hit, how = self.owner[chosen], self.side[chosen] - 1
        low, high = self.low[how, hit], self.high[how, hit]
        return _Pairs(self.hits.at[hit], self.entry[chosen], low, high, self.hits.unit[hit])


class _Known:
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

    PARTS = ("firsts", "directory", "bitmap", "numbers", "checks")

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
        for start, stop in _windows(starts, len(raw)):
            if start + PAD < last:
                stop_at = min(stop + PAD, last)
                window = _Window(words, padded, start + PAD, stop_at, starts + PAD, end)
                parts += self._find(window, rows)
        found = Found.joined(parts)
        return found.merged(), found

    def _hits(self, window: _Window) -> _Hits:
        hashes = hash_every(window.words, window.start, window.stop)
        bits = scale(hashes, len(self.bitmap) * 8)
        hit = np.flatnonzero((self.bitmap[bits >> 3] >> (bits & 7).astype(np.uint8)) & 1)
        hashes, at = hashes[hit], hit + window.start
        bucket = scale(hashes, len(self.directory) - 1)
        begin = self.directory[bucket].astype(np.int64)
        size = self.directory[bucket + 1].astype(np.int64) - begin
        text = np.searchsorted(window.starts, at, "right") - 1
        start = window.starts[text]
        piece = (at - start) // _CHUNK
        changes = (text[1:] != text[:-1]) | (piece[1:] != piece[:-1])
        unit = np.cumsum(np.concatenate(([False], changes)))[: len(at)]
        end = np.append(window.starts[1:] - 1, window.end)[text]
        return _Hits(at, hashes, begin, size, unit, start, end)

    def _entries(
        self, words: Hashes, hits: _Hits
    ) -> tuple[Places, Places, NDArray[np.bool_], NDArray[np.bool_]]:
        """The entries of hits that pass every check, hit by hit.

        Returns:
            The hit, the entry, and whether what stands before and after the run agrees, too: one
            of both does.
        """
        first = np.cumsum(hits.size) - hits.size
        owner = np.repeat(np.arange(len(hits.at)), hits.size)
        entry = np.arange(len(owner)) + np.repeat(hits.begin - first, hits.size)
        differs = self.checks[entry] ^ checks_of(words, hits.at, hits.hashes)[owner]
        chosen = np.flatnonzero(
            (differs & _TAG == 0) & ((differs & _LEFT == 0) | (differs & _RIGHT == 0))
        )
        differs = differs[chosen]
        return owner[chosen], entry[chosen], differs & _LEFT == 0, differs & _RIGHT == 0

    def _find(self, window: _Window, rows: Rows) -> Iterator[Found]:
        hits = self._hits(window)
        if not len(hits.at):
            return
        entries = np.bincount(hits.unit, hits.size)
        edges = np.searchsorted(hits.unit, np.arange(len(entries) + 1))
        reach = hits.at[edges[1:] - 1] - hits.at[edges[:-1]] + GRAM
        crowded = (entries > _CROWDED * reach)[hits.unit]
        known = _Known(window.start, window.stop)
        yield from self._by_rank(window, hits.only(np.flatnonzero(~crowded)), rows, known)
        if crowded.any():
            yield from self._in_turns(window, hits.only(np.flatnonzero(crowded)), rows, known)

    def _by_rank(self, window: _Window, hits: _Hits, rows: Rows, known: _Known) -> Iterator[Found]:
        """Compares the furthest-reaching entry of each offset, then the next, and so on.

        Of the further ones only those are compared that could show more than is known.
        """
        owner, entry, left, right = self._entries(window.words, hits)
        order = np.lexsort((~(left & right), owner))
        owner, left, right = owner[order], left[order], right[order]
        at = hits.at[owner]
        low, high = at - np.where(left, REACH, 14), at + GRAM + np.where(right, REACH, 15)
        pairs = _Pairs(at, entry[order], low, high, hits.unit[owner])
        rank = ranks(owner)
        by_rank = np.argsort(rank, kind="stable")
        most = min(int(rank.max(initial=-1)) + 1, _MAX_CONTEXTS)
        edges = np.searchsorted(rank[by_rank], np.arange(most + 1))
        compared = np.zeros(int(hits.unit.max(initial=-1)) + 1, dtype=np.int64)
        for number, (first, last) in enumerate(pairwise(edges.tolist())):
            now = by_rank[first:last]
            if number:
                now = now[compared[pairs.unit[now]] <= _MAX_COMPARED]
                now = now[~known.holds(pairs.low[now], pairs.high[now])]
                compared += np.bincount(pairs.unit[now], minlength=len(compared))
            if len(now):
                yield self._compare(window, pairs.only(now), rows, known)

    def _in_turns(self, window: _Window, hits: _Hits, rows: Rows, known: _Known) -> Iterator[Found]:
        """Compares one entry of an offset, of few offsets first, then of those between them.

        Of several entries that reach as far the one of the first document is taken, and the
        further ones are compared document by document: few are then read for many texts.
        """
        turn = _TURNS[(hits.at - hits.start) % STRIDE]
        further: list[_Pairs] = []
        for number in range(int(_TURNS.max()) + 1):
            now = np.flatnonzero(turn == number)
            if number:
                low = np.maximum(hits.at[now] - REACH, hits.start[now])
                high = np.minimum(hits.at[now] + GRAM + REACH, hits.end[now])
                now = now[~known.holds(low, high)]
            mine = hits.only(now)
            owner, entry, left, right = self._entries(window.words, mine)
            if not len(owner):
                continue
            numbers = self.numbers[entry].astype(np.int64)
            side = left + 2 * right.astype(np.int8)
            some = _Turn(mine, owner, entry, side)
            order = (np.where(side == 3, 0, 1) << 32) | numbers
            group = np.flatnonzero(changes(owner))
            least = np.minimum.reduceat(order, group)
            best = order == np.repeat(least, np.diff(np.append(group, len(owner))))
            yield self._compare(window, some.pairs(np.flatnonzero(best)), rows, known)
            more = ~known.holds(some.low, some.high)
            left_over = np.flatnonzero(~best & more[side - 1, owner])
            chosen = self._earliest(mine.unit[owner[left_over]], numbers[left_over])
            further.append(some.pairs(left_over[chosen]))
        if further:
            yield from self._further(window, _Pairs.joined(further), rows, known)

    def _earliest(self, units: Places, numbers: Places) -> Places:
        """Of each unit those of the first documents, at most `_MAX_COMPARED`, in their order."""
        if not len(units):
            return units
        # Most are of later documents: they are left out before sorting.
        shift = max(int(self.firsts[-1]).bit_length() - _PARTS.bit_length() + 1, 0)
        part = units * _PARTS + (numbers >> shift)
        held = np.bincount(part, minlength=(int(units.max()) + 1) * _PARTS).reshape(-1, _PARTS)
        before = (np.cumsum(held, axis=1) - held).ravel()
        early = np.flatnonzero(before[part] < _MAX_COMPARED)
        order = early[np.argsort((units[early] << 32) | numbers[early], kind="stable")]
        return order[ranks(units[order]) < _MAX_COMPARED]

    def _further(
        self, window: _Window, pairs: _Pairs, rows: Rows, known: _Known
    ) -> Iterator[Found]:
        """Compares entries that could show more than is known, document by document."""
        pairs = pairs.only(np.flatnonzero(~known.holds(pairs.low, pairs.high)))
        order = self._earliest(pairs.unit, self.numbers[pairs.entry].astype(np.int64))
        rank = ranks(pairs.unit[order])
        for first in range(0, _MAX_COMPARED, _TOGETHER):
            now = order[(rank >= first) & (rank < first + _TOGETHER)]
            if first:
                now = now[~known.holds(pairs.low[now], pairs.high[now])]
            if len(now):
                yield self._compare(window, pairs.only(now), rows, known)

    def _compare(self, window: _Window, pairs: _Pairs, rows: Rows, known: _Known) -> Found:
        """The stretches of `SHARED_BYTES` and more around runs, compared byte by byte."""
        numbers = self.numbers[pairs.entry].astype(np.int64)
        document = np.searchsorted(self.firsts, numbers, "right") - 1
        offset = (numbers - self.firsts[document]) * STRIDE
        which, left, right = _extend(window.padded, rows(document, offset), pairs.at)
        at = pairs.at[which]
        starts, ends = at - left, at + GRAM + right
        known.add(starts, ends)
        levels = self.checks[pairs.entry[which]] & _LEVEL
        return Found(starts - PAD, ends - PAD, document[which], levels.astype(np.int64))


def _extend(text: Bytes, theirs: Bytes, at: Places) -> tuple[Places, Places, Places]:
    """Which runs are in a stretch of `SHARED_BYTES` and more, and how far it goes on both sides.

    Args:
        theirs: the bytes that each run at `at` is compared with.
    """
    same = around(text)[at - REACH] == theirs
    whole = np.flatnonzero(same[:, REACH : REACH + GRAM].all(axis=1))
    same = same[whole]
    # Equal bytes next to the run, to both sides: up to the first that differs.
    left = np.argmin(same[:, REACH - 1 :: -1], axis=1)
    left[same[:, :REACH].all(axis=1)] = REACH
    right = np.argmin(same[:, REACH + GRAM :], axis=1)
    right[same[:, REACH + GRAM :].all(axis=1)] = REACH
    long = np.flatnonzero(left + right >= REACH)
    return whole[long], left[long], right[long]
