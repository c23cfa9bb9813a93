"""Near-duplicates among the documents of a run, for divisions that do not leak.

MinHash with one permutation (Li, Owen and Zhang 2012; densified as Shrivastava and Li 2014) over
runs of five words, numbers and punctuation left out, so that two notes that differ in their
values alone are alike. Candidates share a band of the signature (Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, chapter 3) and are compared by the whole of it. Everything works on
whole arrays: no Python object per document.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["LIKENESS", "Signatures", "components", "mix", "shingle_sets"]

LIKENESS = 0.8
"""Share of shingles (Jaccard) from which two documents count as near-duplicates."""

WORDS = 5
BINS = 64
BANDS = 16
# An estimate from 64 bins has a standard error of 0.05 at 0.8: three of them are allowed for.
_ACCEPTED = 0.65
# How many neighbours in a band each document is held against. In a group of equal documents
# each is linked to the next, so the group hangs together whatever its size.
_NEIGHBOURS = 8
_SORTERS = 2
_AT_ONCE = 256  # what they need stays in the processor's cache

_Hashes: TypeAlias = NDArray[np.uint64]
_STEP = np.uint64(0xC2B2AE3D27D4EB4F)
_HEAD = np.uint64(0x9E3779B97F4A7C15)
_TAIL = np.uint64(0xD6E8FEB86659FD93)
_LARGE = pa.large_string()
_EIGHT = 8
# The first so many bytes of eight, as the machine lays them out (least significant first).
_FIRST: _Hashes = np.array([(1 << 8 * n) - 1 for n in range(_EIGHT + 1)], dtype=np.uint64)


def mix(x: _Hashes) -> _Hashes:
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: _Hashes = x ^ (x >> np.uint64(31))
    return mixed


def shingle_sets(
    texts: pa.ChunkedArray | pa.Array, size: int = WORDS
) -> tuple[_Hashes, NDArray[np.int64]]:
    """Hashes of all runs of `size` words, and the number of the text that each is of."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    # No word runs over the end of a text into the next one.
    array = pc.binary_join_element_wise(
        texts.cast(_LARGE), pa.scalar("", _LARGE), pa.scalar("\n", _LARGE),
        null_handling="replace", null_replacement="",
    )  # fmt: skip
    _, offsets_buffer, data = array.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[array.offset :][: len(array) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    # In lower case, as far as ASCII goes; no other mark becomes a letter by it.
    raw = np.frombuffer(data or b"", np.uint8)[first:last] | np.uint8(0x20)
    offsets = offsets - first
    letter = np.zeros(len(raw) + 1, dtype=bool)
    letter[1:] = ((raw - np.uint8(ord("a"))) < 26) | (raw >= 0x80)
    edges = np.flatnonzero(letter[1:] != letter[:-1])
    starts, ends = edges[0::2].copy(), edges[1::2].copy()
    words = _word_hashes(raw, starts, ends)
    owners = np.repeat(np.arange(len(array)), np.diff(np.searchsorted(starts, offsets)))
    count = max(len(words) - size + 1, 0)
    hashes = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place in range(size):
            hashes = (hashes + words[place : place + count]) * _STEP
        whole = owners[:count] == owners[size - 1 : size - 1 + count]
        return mix(hashes[whole]), owners[:count][whole]


def _word_hashes(
    raw: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> _Hashes:
    """A hash of each word: of its length, its first eight bytes and its last eight.

    Longer words that differ in their middle alone are rare enough to be taken for one.
    """
    padded = np.zeros(-(-len(raw) // _EIGHT) * _EIGHT + 2 * _EIGHT, np.uint8)
    padded[: len(raw)] = raw
    eights = padded.view("<u8")
    sizes = ends - starts
    heads = _eight_at(eights, starts) & _FIRST[np.minimum(sizes, _EIGHT)]
    long = np.flatnonzero(sizes > _EIGHT)
    tails = np.zeros(len(sizes), np.uint64)
    tails[long] = _eight_at(eights, ends[long] - _EIGHT)
    with np.errstate(over="ignore"):
        hashes: _Hashes = (heads + sizes.astype(np.uint64)) * _HEAD + tails * _TAIL
        hashes ^= hashes >> np.uint64(32)
        hashes *= _STEP
    return hashes


def _eight_at(eights: _Hashes, places: NDArray[np.int64]) -> _Hashes:
    """The eight bytes from each place on, out of two neighbours: reads across are slow."""
    whole, within = places >> 3, (places & 7).astype(np.uint64) * np.uint64(8)
    # By 64 bits at once nothing can be moved: the second goes in two steps.
    second = (eights[whole + 1] << np.uint64(1)) << (np.uint64(63) - within)
    found: _Hashes = (eights[whole] >> within) | second
    return found


class Signatures:
    """Collects the signatures of documents batch by batch: 128 bytes each."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.uint16]] = []
        self._short: list[NDArray[np.bool_]] = []

    def add(self, texts: pa.ChunkedArray | pa.Array) -> None:
        """Take in the next documents."""
        for start in range(0, len(texts), _AT_ONCE):
            self._add(texts.slice(start, _AT_ONCE))

    def _add(self, texts: pa.ChunkedArray | pa.Array) -> None:
        hashes, owners = shingle_sets(texts)
        empty = np.uint64(2**64 - 1)
        signature = np.full(len(texts) * BINS, empty, dtype=np.uint64)
        bins = (hashes >> np.uint64(58)).astype(np.int64)
        np.minimum.at(signature, owners * BINS + bins, hashes & np.uint64(2**58 - 1))
        table = signature.reshape(-1, BINS)
        missing = table == empty
        some = np.flatnonzero(missing.any(axis=1))
        short = np.zeros(len(texts), dtype=bool)
        if len(some):
            table[some], short[some] = _filled(table[some], missing[some], empty)
        self._short.append(short)  # fewer than five words: like nothing
        with np.errstate(over="ignore"):
            mixed = (mix(signature) & np.uint64(0xFFFF)).astype(np.uint16)
        self._parts.append(mixed.reshape(-1, BINS))

    def links(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of documents that are alike, as two arrays of places."""
        if not self._parts:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        table = np.concatenate(self._parts)
        whole = np.flatnonzero(~np.concatenate(self._short))
        bands = table.reshape(len(table), BANDS, -1).view(np.uint64)[:, :, 0]

        def of_band(band: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
            keys = bands[whole, band]
            order = np.argsort(keys, kind="stable")
            keys, places = keys[order], whole[order]
            found = []
            for step in range(1, _NEIGHBOURS + 1):
                same = np.flatnonzero(keys[:-step] == keys[step:])
                if not len(same):
                    break
                a, b = places[same], places[same + step]
                for start in range(0, len(a), 1 << 16):
                    x, y = a[start : start + (1 << 16)], b[start : start + (1 << 16)]
                    alike = np.count_nonzero(table[x] == table[y], axis=1) >= _ACCEPTED * BINS
                    found.append((x[alike], y[alike]))
            return found

        # Sorting goes without the interpreter's lock.
        with ThreadPoolExecutor(_SORTERS) as pool:
            found = [pair for pairs in pool.map(of_band, range(BANDS)) for pair in pairs]
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _filled(
    table: _Hashes, missing: NDArray[np.bool_], empty: np.uint64
) -> tuple[_Hashes, NDArray[np.bool_]]:
    """Signatures without empty bins, and which of them have nothing to fill those with."""
    filled = table.copy()
    for step in range(1, BINS):
        if not missing.any():
            break
        # An empty bin takes the next filled one's value, changed by the distance.
        other = np.roll(table, -step, axis=1)
        use = missing & (other != empty)
        with np.errstate(over="ignore"):
            filled[use] = other[use] + np.uint64(step) * _STEP
        missing = missing & ~use
    lacking: NDArray[np.bool_] = np.any(missing, axis=1)
    return filled, lacking


def components(size: int, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """The smallest member of each node's component, in a graph of `size` nodes."""
    label = np.arange(size, dtype=np.int64)
    while True:
        before = label.copy()
        low = np.minimum(label[a], label[b])
        # Hooking the roots, not only the ends, joins whole trees at a time.
        np.minimum.at(label, before[a], low)
        np.minimum.at(label, before[b], low)
        np.minimum.at(label, a, low)
        np.minimum.at(label, b, low)
        while True:
            further = label[label]
            if np.array_equal(further, label):
                break
            label = further
        if np.array_equal(label, before):
            return label
