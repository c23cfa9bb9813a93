"""Texts made ready to be compared: their shingles, read twice, and their words as vectors.

All texts of a batch at once. What a text has is a *bag*: its distinct hashes, cut to 48 bits so
that the text's number fits beside them, each with a weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.batch import Batch
from casewright.filters.near_copies.frequency import Frequencies
from casewright.filters.near_copies.shingles import (
    SHINGLE_WORDS,
    Reading,
    Words,
    masked,
    mix,
    plain,
    read_words,
    shingle,
)

__all__ = [
    "READINGS",
    "Bags",
    "ReadingName",
    "Shingles",
    "pairs_of",
    "read",
    "shared_weight",
    "shingles_of",
    "vectors_of",
    "weigh",
]

ReadingName: TypeAlias = Literal["plain", "masked"]
READINGS: tuple[ReadingName, ...] = ("plain", "masked")
_BOILERPLATE_WEIGHT = 0.1
_PAIR = np.uint64(0x9E3779B97F4A7C15)
_CUT, _OWNER = np.uint64(16), np.uint64(48)
_KEY = np.uint64(2**48 - 1)

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@lru_cache(maxsize=2)
def _boilerplate(reading: ReadingName) -> Keys:
    """Shingles of phrases that any note may carry, cut and sorted."""
    text = (files(__package__) / "boilerplate.txt").read_text(encoding="utf-8")
    hashes = [
        shingle(read(read_words(line), reading).hashes)
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]
    return np.unique(np.concatenate(hashes) >> _CUT)


def weigh(frequency: Places, documents: int, hashes: Keys, reading: ReadingName) -> Floats:
    """Weights of shingles by the number of documents that have them.

    1 for one that at most one document has, falling with the logarithm of the frequency
    to nearly 0 for one that all have (idf, scaled). The frequency in a single document says
    nothing and discounts nothing. Phrases that any note may carry weigh a tenth.
    """
    weights = np.ones(len(frequency))
    if documents >= 2:
        weights = np.log((documents + 1) / np.maximum(frequency, 1)) / np.log(documents + 1)
    known = _boilerplate(reading)
    cut = hashes >> _CUT
    at = np.searchsorted(known, cut)
    at[at == len(known)] = 0
    weights[known[at] == cut] *= _BOILERPLATE_WEIGHT
    return np.maximum(weights, 0.0)


def read(words: Words, reading: ReadingName) -> Reading:
    """The tokens of one reading of a text."""
    return plain(words) if reading == "plain" else masked(words)


@dataclass(frozen=True, slots=True)
class Bags:
    """What several texts have: text d `keys[bounds[d]:bounds[d + 1]]`, ascending and distinct."""

    keys: Keys
    values: Floats
    bounds: Places

    @classmethod
    def joined(cls, parts: Sequence[tuple[Keys, Floats]]) -> Bags:
        """Bags out of one (keys, values) for each text."""
        none: tuple[Keys, Floats] = (np.zeros(0, np.uint64), np.zeros(0))
        sizes = [len(keys) for keys, _ in parts]
        return cls(
            np.concatenate([none[0], *(keys for keys, _ in parts)]),
            np.concatenate([none[1], *(values for _, values in parts)]),
            np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int64),
        )

    def one(self, number: int) -> tuple[Keys, Floats]:
        """The keys and values of a text, as copies that keep nothing else in memory."""
        part = slice(self.bounds[number], self.bounds[number + 1])
        return self.keys[part].copy(), self.values[part].copy()

    @property
    def mass(self) -> Floats:
        """The sum of the values of each text."""
        owners = np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))
        return np.bincount(owners, self.values, len(self.bounds) - 1)


def _distinct(hashes: Keys, owners: Places, count: int) -> tuple[Keys, Places, Places, Places]:
    """Distinct (text, hash): cut keys, owners, how often, and the bounds of each text."""
    packed = (owners.astype(np.uint64) << _OWNER) | (hashes >> _CUT)
    packed.sort()
    new = np.ones(len(packed), dtype=bool)
    new[1:] = packed[1:] != packed[:-1]
    first = np.flatnonzero(new)
    times = np.diff(np.append(first, len(packed)))
    kept = packed[first]
    mine = (kept >> _OWNER).astype(np.int64)
    bounds = np.searchsorted(mine, np.arange(count + 1))
    return kept & _KEY, mine, times, bounds


def shared_weight(a: Bags, b: Bags, left: Places, right: Places, *, product: bool) -> Floats:
    """What texts of `a` share with texts of `b`, pair by pair.

    Args:
        left, right: the pairs, as numbers of texts in `a` and in `b`.
        product: sum the products of both values (a cosine, of vectors of length 1); else the
            values of `a`.
    """
    sizes = np.diff(a.bounds)[left]
    pair = np.repeat(np.arange(len(left)), sizes)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    mine = np.repeat(a.bounds[left], sizes) + step
    if not len(mine) or not len(b.keys):
        return np.zeros(len(left))
    owners = np.repeat(np.arange(len(b.bounds) - 1, dtype=np.uint64), np.diff(b.bounds))
    theirs = (owners << _OWNER) | b.keys
    wanted = (right.astype(np.uint64)[pair] << _OWNER) | a.keys[mine]
    at = np.searchsorted(theirs, wanted)
    at[at == len(theirs)] = 0
    same = np.flatnonzero(theirs[at] == wanted)
    weights = a.values[mine[same]]
    if product:
        weights = weights * b.values[at[same]]
    return np.bincount(pair[same], weights, len(left))


@dataclass(frozen=True, slots=True)
class Shingles:
    """One reading of the texts of a batch, shingle by shingle as they stand.

    Attributes:
        keys: cut hashes. starts, ends: places in the batch's bytes.
        bounds: those of text d are `bounds[d]` to `bounds[d + 1]`.
        bags: the distinct ones, weighted.
    """

    keys: Keys
    starts: Places
    ends: Places
    bounds: Places
    bags: Bags

    def weights(self, number: int) -> Floats:
        """Of each shingle of a text, in its order."""
        part = slice(self.bags.bounds[number], self.bags.bounds[number + 1])
        own = self.keys[self.bounds[number] : self.bounds[number + 1]]
        weights: Floats = self.bags.values[part][np.searchsorted(self.bags.keys[part], own)]
        return weights

    def shared_with(self, number: int, keys: Keys) -> NDArray[np.bool_]:
        """Which shingles of a text are among sorted keys."""
        own = self.keys[self.bounds[number] : self.bounds[number + 1]]
        if not len(keys):
            return np.zeros(len(own), dtype=bool)
        at = np.searchsorted(keys, own)
        at[at == len(keys)] = 0
        shared: NDArray[np.bool_] = keys[at] == own
        return shared


def shingles_of(batch: Batch, reading: ReadingName, frequencies: Frequencies) -> Shingles:
    """The shingles of every text; of one of fewer than three words the single one it has."""
    words, owners, count = batch.words, batch.owners, len(batch)
    if reading == "plain":
        tokens = plain(words)
    else:
        tokens = masked(words, owners, batch.named)
        owners = owners[np.searchsorted(words.starts, tokens.starts)]
    last = max(len(owners) - SHINGLE_WORDS + 1, 0)
    at = np.flatnonzero(owners[:last] == owners[SHINGLE_WORDS - 1 :])
    hashes = shingle(tokens.hashes)[at] if last else np.zeros(0, np.uint64)
    ends = tokens.ends[at + SHINGLE_WORDS - 1]
    sizes = np.bincount(owners, minlength=count)
    short = np.flatnonzero((sizes > 0) & (sizes < SHINGLE_WORDS))
    if len(short):
        first = np.searchsorted(owners, short)
        own = [shingle(tokens.hashes[f : f + sizes[d]]) for d, f in zip(short, first, strict=True)]
        place = np.searchsorted(at, first)
        hashes = np.insert(hashes, place, np.concatenate(own))
        ends = np.insert(ends, place, tokens.ends[first + sizes[short] - 1])
        at = np.insert(at, place, first)
    mine = owners[at]
    keys, bag_owners, _, bounds = _distinct(hashes, mine, count)
    del bag_owners
    known = keys << _CUT
    weights = weigh(frequencies.of(known, reading), frequencies.documents, known, reading)
    return Shingles(
        hashes >> _CUT,
        tokens.starts[at],
        ends,
        np.searchsorted(mine, np.arange(count + 1)),
        Bags(keys, weights, bounds),
    )


def vectors_of(batch: Batch, frequencies: Frequencies) -> Bags:
    """Words and pairs of neighbouring words of every text, by their stems, of length 1."""
    stems, owners = batch.words.stems, batch.owners
    same = owners[1:] == owners[:-1]
    keys, mine, times, bounds = _distinct(
        np.concatenate((stems, pairs_of(stems)[same])),
        np.concatenate((owners, owners[1:][same])),
        len(batch),
    )
    values = (1.0 + np.log(times)) * frequencies.idf(keys << _CUT, "stem")
    length = np.sqrt(np.bincount(mine, values**2, len(batch)))
    return Bags(keys, values / length[mine], bounds)


def pairs_of(stems: Keys) -> Keys:
    """Hashes of neighbouring stems."""
    return mix(stems[:-1] * _PAIR + stems[1:])
