"""Builds the table of runs (`grams`) from documents, batch by batch.

Of a large reference the runs lie in temporary files, so that memory holds little more than the
table itself. They are hashes: no text is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.grams import GramTable
from casewright.filters.near_copies.runs import (
    GRAM,
    PAD,
    STRIDE,
    Bytes,
    checks_of,
    hash_at,
    padded_words,
    scale,
    surroundings,
)

__all__ = ["GramBuilder"]

U64 = np.uint64
_RUN = np.dtype([("hash", "<u8"), ("around", "<u8"), ("number", "<u4"), ("check", "<u4")])
# Runs held in memory, 24 bytes each, before they go to temporary files: half a GB of text.
_HELD = 16_000_000
_SHELVES = 64


class GramBuilder:
    """Collects the runs of documents, batch by batch, and sorts them into a table."""

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
        at = np.repeat(starts, counts) + step * STRIDE + PAD
        _, words = padded_words(raw)
        runs = np.empty(total, dtype=_RUN)
        runs["hash"] = hash_at(words, at)
        runs["number"] = np.arange(self._total, self._total + total)
        runs["check"] = checks_of(words, at, runs["hash"])
        runs["around"] = surroundings(words, at)
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
            bucket, held = np.unique(scale(top, size), return_counts=True)
            filled[bucket + 1] += held.astype(np.uint32)
            bits = scale(top, count * 8)
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
