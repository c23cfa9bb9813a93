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
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["GRAM", "REACH", "SHARED_BYTES", "STRIDE", "GramBuilder", "GramTable", "Shared", "pad"]

GRAM, STRIDE = 16, 32
SHARED_BYTES = GRAM + STRIDE - 1  # 47: 50 as written, with three of them doubled spaces
REACH = SHARED_BYTES - GRAM
_PAD = 64
# A run may stand in many surroundings: boilerplate does. The furthest-reaching is always compared,
# others in rounds up to this many for one run, and to this many comparisons for `_CHUNK` of text.
_MAX_CONTEXTS = 64
_MAX_COMPARED = 1024
_CHUNK = 1 << 15
_WINDOW_BYTES = 1 << 18

U64 = np.uint64
_C = [
    U64(c) for c in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
]

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


def _words(raw: Bytes) -> Hashes:
    """The 8 bytes at every offset as a number."""
    count = max(len(raw) - 7, 0)
    return np.ndarray((count,), dtype="<u8", buffer=raw, strides=(1,))


def _stir(x: Hashes) -> Hashes:
    x ^= x >> U64(32)
    x *= _C[3]
    x ^= x >> U64(29)
    return x


def _hash_at(words: Hashes, at: NDArray[np.int64]) -> Hashes:
    return _stir(words[at] * _C[0] + words[at + 8] * _C[1])


def _checks(words: Hashes, at: NDArray[np.int64], hashes: Hashes) -> NDArray[np.uint32]:
    """Check bits of runs: 8 of the run, 10 of the bytes before, 10 of the bytes after."""
    left = _stir(words[at - 15] * _C[1] + words[at - 8] * _C[2]) >> U64(54)
    right = _stir(words[at + 16] * _C[2] + words[at + 24] * _C[0]) >> U64(54)
    tag = hashes & U64(0xFF)
    checks: NDArray[np.uint32] = ((tag << U64(24)) | (left << U64(14)) | (right << U64(4))).astype(
        np.uint32
    )
    return checks


def _surroundings(words: Hashes, at: NDArray[np.int64]) -> Hashes:
    """A hash of the run with `REACH` bytes on both sides."""
    total = np.zeros(len(at), dtype=U64)
    for number, offset in enumerate((-31, -24, -16, -8, 0, 8, 16, 24, 32, 39)):
        total += words[at + offset] * _C[number % 3]
        total ^= total >> U64(31)
        total *= _C[2]
    return _stir(total)


def _scale(hashes: Hashes, size: int) -> NDArray[np.int64]:
    """Hashes to 0 .. size - 1 in their order (Lemire 2019); size below 2**32."""
    return (((hashes >> U64(32)) * U64(size)) >> U64(32)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Shared:
    """A stretch of the looked-up bytes that the reference has: [start, end).

    `count` is how often the commonest surroundings occur: the number of times that the
    reference has about this stretch.
    """

    start: int
    end: int
    count: int


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
    """Offsets `start` to `stop` of the padded bytes; texts begin at `starts`."""

    words: Hashes
    padded: Bytes
    start: int
    stop: int
    starts: Places

    def units(self, at: Places) -> Places:
        """A number for each offset: of the `_CHUNK` of its text that it is in, from 0."""
        text = np.searchsorted(self.starts, at, "right") - 1
        piece = (at - self.starts[text]) // _CHUNK
        unit: Places = np.cumsum(
            np.concatenate(([False], (text[1:] != text[:-1]) | (piece[1:] != piece[:-1])))
        )
        return unit


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

    def sizes(self, documents: NDArray[np.int64]) -> NDArray[np.int64]:
        """About how many bytes each of these documents has."""
        following = np.minimum(documents + 1, len(self.firsts) - 1)
        return (self.firsts[following].astype(np.int64) - self.firsts[documents]) * STRIDE

    def find(
        self, raw: Bytes, read: Callable[[int], Bytes], starts: Places | None = None
    ) -> tuple[list[Shared], list[tuple[int, int]]]:
        """Find what texts share.

        Args:
            raw: normalised bytes of a text, or of several with a zero byte between two.
            read: a document's normalised bytes, padded (`pad`).
            starts: where the texts start, if there are several.

        Returns:
            Shared stretches that do not touch, in order; and (offset, document) for every
            stretch that was compared with a document and found in it. What is found in a
            text does not depend on the others.
        """
        if len(raw) < SHARED_BYTES or not len(self.numbers):
            return [], []
        padded = np.zeros(len(raw) + 2 * _PAD, dtype=np.uint8)
        padded[_PAD : _PAD + len(raw)] = raw
        words = _words(padded)
        if starts is None:
            starts = np.zeros(1, dtype=np.int64)
        spans: list[tuple[int, int, int]] = []
        found: list[tuple[int, int]] = []
        last = len(raw) - GRAM + 1
        for start, stop in _windows(starts, len(raw)):
            if start < last:
                window = _Window(words, padded, start + _PAD, min(stop, last) + _PAD, starts + _PAD)
                self._find(window, read, spans, found)
        return _merge(spans), found

    def _candidates(
        self, words: Hashes, start: int, stop: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs (offset of the text, entry of the table) that pass every check."""
        hashes = _stir(words[start:stop] * _C[0] + words[start + 8 : stop + 8] * _C[1])
        bits = _scale(hashes, len(self.bitmap) * 8)
        hit = np.flatnonzero((self.bitmap[bits >> 3] >> (bits & 7).astype(np.uint8)) & 1)
        none = np.zeros(0, dtype=np.int64)
        if not len(hit):
            return none, none
        hashes, at = hashes[hit], hit + start
        bucket = _scale(hashes, len(self.directory) - 1)
        begin = self.directory[bucket].astype(np.int64)
        size = self.directory[bucket + 1].astype(np.int64) - begin
        owner = np.repeat(np.arange(len(hit)), size)
        entry = np.arange(len(owner)) + np.repeat(
            begin - np.concatenate(([0], np.cumsum(size)[:-1])), size
        )
        wanted = _checks(words, at, hashes)[owner]
        differs = self.checks[entry] ^ wanted
        same = (differs >> 24) == 0
        side = ((differs >> 14) & 0x3FF == 0) | ((differs >> 4) & 0x3FF == 0)
        chosen = np.flatnonzero(same & side)
        return at[owner[chosen]], entry[chosen]

    def _find(
        self,
        window: _Window,
        read: Callable[[int], Bytes],
        spans: list[tuple[int, int, int]],
        found: list[tuple[int, int]],
    ) -> None:
        words, start, stop = window.words, window.start, window.stop
        at, entry = self._candidates(words, start, stop)
        if not len(at):
            return
        # Those that agree on both sides first: they reach furthest.
        checks = self.checks[entry]
        wanted = _checks(words, at, np.zeros(len(at), dtype=U64))
        differs = checks ^ wanted
        left, right = (differs >> 14) & 0x3FF == 0, (differs >> 4) & 0x3FF == 0
        order = np.lexsort((~(left & right), at))
        at, entry, left, right = at[order], entry[order], left[order], right[order]
        rank = np.arange(len(at)) - np.searchsorted(at, at)
        numbers = self.numbers[entry].astype(np.int64)
        document = np.searchsorted(self.firsts, numbers, "right") - 1
        offset = (numbers - self.firsts[document].astype(np.int64)) * STRIDE
        # The furthest that a stretch around the run can reach, and what is known to be shared.
        low, high = at - np.where(left, REACH, 14), at + GRAM + np.where(right, REACH, 15)
        known = np.zeros(stop - start + 2 * _PAD + GRAM, dtype=np.int64)
        base = start - _PAD
        unit = window.units(at)
        compared = np.zeros(int(unit.max()) + 1, dtype=np.int64)
        by_rank = np.argsort(rank, kind="stable")
        edges = np.searchsorted(
            rank[by_rank], np.arange(min(int(rank.max()) + 1, _MAX_CONTEXTS) + 1)
        )
        for number, (first, last) in enumerate(pairwise(edges.tolist())):
            now = by_rank[first:last]
            if number:
                now = now[compared[unit[now]] <= _MAX_COMPARED]
                covered = np.cumsum(known)
                before, within = low[now] - 1 - base, high[now] - 1 - base
                now = now[covered[within] - covered[before] < within - before]
                compared += np.bincount(unit[now], minlength=len(compared))
            for i, begin, end in _extend(window.padded, at[now], offset[now], document[now], read):
                known[begin - base : end - base] = 1
                spans.append((begin - _PAD, end - _PAD, int(checks[order[now[i]]] & 0xF)))
                found.append((begin - _PAD, int(document[now[i]])))


def _extend(
    text: Bytes,
    at: NDArray[np.int64],
    offset: NDArray[np.int64],
    document: NDArray[np.int64],
    read: Callable[[int], Bytes],
) -> Iterator[tuple[int, int, int]]:
    """Stretches of `SHARED_BYTES` and more around runs, compared byte by byte."""
    if not len(at):
        return
    order = np.argsort(document, kind="stable")
    edges = np.flatnonzero(np.diff(document[order])) + 1
    windows = np.empty((len(at), len(_WINDOW)), dtype=np.uint8)
    for group in np.split(order, edges):
        windows[group] = read(int(document[group[0]]))[(offset[group] + REACH)[:, None] + _WINDOW]
    same = text[at[:, None] + _WINDOW] == windows
    # Equal bytes next to the run, to both sides: up to the first that differs.
    left = np.argmin(same[:, :REACH][:, ::-1], axis=1)
    left[same[:, :REACH].all(axis=1)] = REACH
    right = np.argmin(same[:, REACH + GRAM :], axis=1)
    right[same[:, REACH + GRAM :].all(axis=1)] = REACH
    whole = same[:, REACH : REACH + GRAM].all(axis=1)
    for i in np.flatnonzero(whole & (left + right >= REACH)).tolist():
        yield i, int(at[i] - left[i]), int(at[i] + GRAM + right[i])


_WINDOW = np.arange(-REACH, GRAM + REACH)


def pad(document: Bytes) -> Bytes:
    """A document's bytes with room on both sides, as `GramTable.find` reads it."""
    padded = np.full(len(document) + 2 * REACH, 255, dtype=np.uint8)
    padded[REACH : REACH + len(document)] = document
    return padded


def _merge(spans: list[tuple[int, int, int]]) -> list[Shared]:
    merged: list[Shared] = []
    for start, end, level in sorted(spans):
        count = 1 << level
        if merged and start <= merged[-1].end:
            last = merged[-1]
            merged[-1] = Shared(last.start, max(last.end, end), max(last.count, count))
        else:
            merged.append(Shared(start, end, count))
    return merged


_RUN = np.dtype([("hash", "<u8"), ("around", "<u8"), ("number", "<u4"), ("check", "<u4")])
# Runs held in memory, 24 bytes each, before they go to temporary files: half a GB of text.
_HELD = 16_000_000
_SHELVES = 64


class GramBuilder:
    """Collects the runs of documents, batch by batch, and sorts them into a table.

    Of a large reference the runs lie in temporary files, so that memory holds little more than
    the table itself. They are hashes: no text is written.
    """

    def __init__(self, held: int = _HELD) -> None:
        self._limit = held
        self._held: list[NDArray[np.void]] = []
        self._held_count = 0
        self._shelves: list[BinaryIO] = []
        self._firsts: list[NDArray[np.int64]] = [np.zeros(1, dtype=np.int64)]
        self._total = 0

    def add(self, raw: Bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        """Add documents: `raw[starts[i]:ends[i]]` of normalised bytes."""
        counts = np.maximum((ends - starts - GRAM) // STRIDE + 1, 0)
        after = np.cumsum(counts)
        self._firsts.append(self._total + after)
        total = int(after[-1]) if len(after) else 0
        if not total:
            return
        step = np.arange(total) - np.repeat(after - counts, counts)
        at = np.repeat(starts, counts) + step * STRIDE + _PAD
        padded = np.zeros(len(raw) + 2 * _PAD, dtype=np.uint8)
        padded[_PAD : _PAD + len(raw)] = raw
        words = _words(padded)
        runs = np.empty(total, dtype=_RUN)
        runs["hash"] = _hash_at(words, at)
        runs["number"] = np.arange(self._total, self._total + total)
        runs["check"] = _checks(words, at, runs["hash"])
        runs["around"] = _surroundings(words, at)
        self._held.append(runs)
        self._total += total
        self._held_count += total
        if self._held_count > self._limit:
            self._shelve()

    def _shelve(self) -> None:
        if not self._shelves:
            self._shelves = [TemporaryFile() for _ in range(_SHELVES)]  # noqa: SIM115 (closed in `table`)
        if not self._held:
            return
        runs = np.concatenate(self._held)
        shelf = (runs["hash"] >> U64(58)).astype(np.uint8)
        for number, file in enumerate(self._shelves):
            file.write(runs[shelf == number].tobytes())
        self._held, self._held_count = [], 0

    def _taken(self) -> Iterator[NDArray[np.void]]:
        """Everything that was added, in pieces by ascending hash."""
        if not self._shelves:
            yield np.concatenate(self._held)
            return
        self._shelve()
        for file in self._shelves:
            file.seek(0)
            yield np.frombuffer(file.read(), dtype=_RUN)
            file.close()

    def table(self) -> GramTable:
        """Sort what was added. Runs in the same surroundings become one with their number."""
        firsts = np.concatenate(self._firsts).astype(np.uint32)
        if not self._total:
            none = np.zeros(0, dtype=np.uint32)
            return GramTable(firsts, np.zeros(2, np.uint32), np.zeros(1, np.uint8), none, none)
        tops, numbers, checks = [], [], []
        for runs in self._taken():
            if len(runs):
                kept, times = _distinct(runs)
                tops.append((kept["hash"] >> U64(32)).astype(np.uint32))
                numbers.append(kept["number"].copy())
                checks.append(kept["check"] | times)
        count = sum(len(t) for t in tops)
        size = max(count // 4, 1)
        filled = np.zeros(size + 1, dtype=np.uint32)
        bitmap = np.zeros(count, dtype=np.uint8)
        for part in tops:
            top = part.astype(U64) << U64(32)
            bucket, held = np.unique(_scale(top, size), return_counts=True)
            filled[bucket + 1] += held.astype(np.uint32)
            bits = _scale(top, count * 8)
            place, first = np.unique(bits >> 3, return_index=True)
            bitmap[place] |= np.bitwise_or.reduceat((1 << (bits & 7)).astype(np.uint8), first)
        directory = np.cumsum(filled).astype(np.uint32)
        tops = []
        return GramTable(firsts, directory, bitmap, np.concatenate(numbers), np.concatenate(checks))


def _distinct(runs: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.uint32]]:
    """Runs with distinct surroundings, and how often each occurs anywhere, as a power of two."""
    runs = runs[np.lexsort((runs["number"], runs["around"], runs["hash"]))]
    hashes, around = runs["hash"], runs["around"]
    new = np.ones(len(runs), dtype=bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (around[1:] != around[:-1])
    first = np.flatnonzero(new)
    times = np.diff(np.append(first, len(runs)))
    kept = runs[first]
    run = np.ones(len(kept), dtype=bool)
    run[1:] = kept["hash"][1:] != kept["hash"][:-1]
    whole = np.add.reduceat(times, np.flatnonzero(run))[np.cumsum(run) - 1]
    return kept, np.minimum(np.log2(whole), 15).astype(np.uint32)
