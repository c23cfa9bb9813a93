"""Texts made ready to be compared: their shingles, read twice, and their words as vectors.

All texts of a batch at once, as bags (`bags`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.bags import CUT, Bags, Floats, Keys, Places, distinct
from casewright.filters.near_copies.batch import Batch
from casewright.filters.near_copies.frequency import Frequencies
from casewright.filters.near_copies.masking import Reading, masked, plain
from casewright.filters.near_copies.shingles import (
    SHINGLE_WORDS,
    mix,
    shingle,
)

__all__ = [
    "READINGS",
    "ReadingName",
    "Shingles",
    "distinct_shingles",
    "pairs_of",
    "shingles_of",
    "vectors_of",
    "weigh",
]

ReadingName: TypeAlias = Literal["plain", "masked"]
READINGS: tuple[ReadingName, ...] = ("plain", "masked")
_BOILERPLATE_WEIGHT = 0.1
_PAIR = np.uint64(0x9E3779B97F4A7C15)


@lru_cache(maxsize=2)
def _boilerplate(reading: ReadingName) -> Keys:
    """Shingles of phrases that any note may carry, cut and sorted."""
    text = (files(__package__) / "boilerplate.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    hashes, _, _ = _shingled(Batch.of(lines), reading, None)
    return np.unique(hashes >> CUT)


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
    cut = hashes >> CUT
    at = np.searchsorted(known, cut)
    at[at == len(known)] = 0
    weights[known[at] == cut] *= _BOILERPLATE_WEIGHT
    return np.maximum(weights, 0.0)


@dataclass(frozen=True)
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

    @cached_property
    def weights(self) -> Floats:
        """Of each shingle."""
        owners = np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))
        return self.bags.values[self.bags.find(owners, self.keys)]


def _shingled(
    batch: Batch, reading: ReadingName, wanted: NDArray[np.bool_] | None
) -> tuple[Keys, Places, Reading]:
    """Shingles in their order, whole hashes, with the text and the place of each."""
    words, owners = batch.words, batch.owners
    if reading == "plain":
        tokens = plain(words)
    else:
        tokens = masked(words, owners, batch.kinds)
        owners = owners[np.searchsorted(words.starts, tokens.starts)]
    if wanted is not None and not wanted.all():
        keep = np.flatnonzero(wanted[owners])
        tokens = Reading(tokens.hashes[keep], tokens.starts[keep], tokens.ends[keep])
        owners = owners[keep]
    last = max(len(owners) - SHINGLE_WORDS + 1, 0)
    at = np.flatnonzero(owners[:last] == owners[SHINGLE_WORDS - 1 :])
    hashes = shingle(tokens.hashes)[at] if last else np.zeros(0, np.uint64)
    ends = tokens.ends[at + SHINGLE_WORDS - 1]
    sizes = np.bincount(owners, minlength=len(batch))
    short = np.flatnonzero((sizes > 0) & (sizes < SHINGLE_WORDS))
    if len(short):
        first = np.searchsorted(owners, short)
        own = [shingle(tokens.hashes[f : f + sizes[d]]) for d, f in zip(short, first, strict=True)]
        place = np.searchsorted(at, first)
        hashes = np.insert(hashes, place, np.concatenate(own))
        ends = np.insert(ends, place, tokens.ends[first + sizes[short] - 1])
        at = np.insert(at, place, first)
    return hashes, owners[at], Reading(hashes, tokens.starts[at], ends)


def distinct_shingles(batch: Batch, reading: ReadingName) -> list[Keys]:
    """The distinct shingles of each text, sorted."""
    hashes, owners, _ = _shingled(batch, reading, None)
    edges = np.searchsorted(owners, np.arange(1, len(batch)))
    return [np.unique(own) for own in np.split(hashes, edges)]


def shingles_of(
    batch: Batch,
    reading: ReadingName,
    frequencies: Frequencies,
    wanted: NDArray[np.bool_] | None = None,
) -> Shingles:
    """The shingles of the texts; of one of fewer than three words the single one it has.

    Args:
        wanted: which texts; the others come out empty. By default all.
    """
    hashes, owners, places = _shingled(batch, reading, wanted)
    keys, _, _, bounds = distinct(hashes, owners, len(batch))
    known = keys << CUT
    weights = weigh(frequencies.of(known, reading), frequencies.documents, known, reading)
    return Shingles(
        hashes >> CUT,
        places.starts,
        places.ends,
        np.searchsorted(owners, np.arange(len(batch) + 1)),
        Bags(keys, weights, bounds),
    )


def vectors_of(
    batch: Batch, frequencies: Frequencies, wanted: NDArray[np.bool_] | None = None
) -> Bags:
    """Words and pairs of neighbouring words of every text, by their stems, of length 1.

    Args:
        wanted: which texts; the others come out empty. By default all.
    """
    stems, owners = batch.words.stems, batch.owners
    if wanted is not None and not wanted.all():
        keep = np.flatnonzero(wanted[owners])
        stems, owners = stems[keep], owners[keep]
    same = owners[1:] == owners[:-1]
    keys, mine, times, bounds = distinct(
        np.concatenate((stems, pairs_of(stems)[same])),
        np.concatenate((owners, owners[1:][same])),
        len(batch),
    )
    values = (1.0 + np.log(times)) * frequencies.idf(keys << CUT, "stem")
    length = np.sqrt(np.bincount(mine, values**2, len(batch)))
    return Bags(keys, values / length[mine], bounds)


def pairs_of(stems: Keys) -> Keys:
    """Hashes of neighbouring stems."""
    return mix(stems[:-1] * _PAIR + stems[1:])
