"""One text made ready to be compared: its shingles, read twice, and its words as a vector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from casewright.filters.folding import Folded
from casewright.filters.near_copies.frequency import Frequencies
from casewright.filters.near_copies.shingles import (
    Reading,
    Words,
    masked,
    mix,
    names_and_numbers,
    plain,
    read_words,
    shingle,
)

__all__ = ["READINGS", "Prepared", "ReadingName", "Vector", "cosine", "pairs_of", "weigh"]

ReadingName: TypeAlias = Literal["plain", "masked"]
READINGS: tuple[ReadingName, ...] = ("plain", "masked")
_BOILERPLATE_WEIGHT = 0.1
_PAIR = np.uint64(0x9E3779B97F4A7C15)


@lru_cache(maxsize=2)
def _boilerplate(reading: ReadingName) -> NDArray[np.uint64]:
    """Shingles of phrases that any note may carry, sorted."""
    text = (files(__package__) / "boilerplate.txt").read_text(encoding="utf-8")
    hashes = [
        shingle(read(read_words(line), reading).hashes)
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]
    return np.unique(np.concatenate(hashes))


def weigh(
    frequency: NDArray[np.int64], documents: int, hashes: NDArray[np.uint64], reading: ReadingName
) -> NDArray[np.float64]:
    """Weights of shingles by the number of documents that have them.

    1 for one that at most one document has, falling with the logarithm of the frequency
    to nearly 0 for one that all have (idf, scaled). The frequency in a single document says
    nothing and discounts nothing. Phrases that any note may carry weigh a tenth.
    """
    weights = np.ones(len(frequency))
    if documents >= 2:
        weights = np.log((documents + 1) / np.maximum(frequency, 1)) / np.log(documents + 1)
    known = _boilerplate(reading)
    at = np.searchsorted(known, hashes)
    at[at == len(known)] = 0
    weights[known[at] == hashes] *= _BOILERPLATE_WEIGHT
    return np.maximum(weights, 0.0)


def read(words: Words, reading: ReadingName) -> Reading:
    """The tokens of one reading of a text."""
    return plain(words) if reading == "plain" else masked(words)


@dataclass(frozen=True, slots=True)
class Vector:
    """Words and pairs of neighbouring words, by their stems, of length 1."""

    keys: NDArray[np.uint64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shingles:
    """One reading of a text.

    Attributes:
        tokens: the words. inverse: for each shingle in order its index in `unique`.
        unique: distinct shingles, sorted. weights: of each of these.
    """

    tokens: Reading
    unique: NDArray[np.uint64]
    inverse: NDArray[np.int64]
    weights: NDArray[np.float64]


class Prepared:
    """A text made ready to be compared; what is dear is made when it is asked for.

    Attributes:
        words: the words. rare: stems of those that are no names and no numbers.
    """

    def __init__(self, text: str, frequencies: Frequencies, folded: Folded | None = None) -> None:
        self.words = read_words(text, folded)
        self._frequencies = frequencies
        name, number = names_and_numbers(self.words)
        self.rare = self.words.stems[~(name | number)]
        self._names, self._numbers = name, number

    def may_identify(self, first: int, last: int) -> bool:
        """Whether words `first` to `last` hold what reads as a name, a date or a long number."""
        digits = self.words.digit[first:last]
        long = (self.words.ends - self.words.starts)[first:last] >= 4
        return bool(
            self._names[first:last].any()
            or self._numbers[first:last].sum() >= 2
            or (digits & long).any()
        )

    @cached_property
    def plain(self) -> Shingles:
        """The text as it is."""
        return self._shingles("plain")

    @cached_property
    def masked(self) -> Shingles:
        """The text with names and numbers masked."""
        return self._shingles("masked")

    def reading(self, name: ReadingName) -> Shingles:
        """One of the two."""
        return self.plain if name == "plain" else self.masked

    def _shingles(self, name: ReadingName) -> Shingles:
        tokens = read(self.words, name)
        unique, inverse = np.unique(shingle(tokens.hashes), return_inverse=True)
        frequency = self._frequencies.of(unique, name)
        weights = weigh(frequency, self._frequencies.documents, unique, name)
        return Shingles(tokens, unique, inverse, weights)

    @cached_property
    def vector(self) -> Vector:
        """Words and pairs of words."""
        stems = self.words.stems
        terms = np.concatenate((stems, pairs_of(stems)))
        keys, counts = np.unique(terms, return_counts=True)
        values = (1.0 + np.log(counts)) * self._frequencies.idf(keys, "stem")
        length = float(np.sqrt((values**2).sum()))
        return Vector(keys, values / length if length else values)


def pairs_of(stems: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hashes of neighbouring stems."""
    return mix(stems[:-1] * _PAIR + stems[1:])


def cosine(a: Vector, b: Vector) -> float:
    """Cosine of two vectors of length 1."""
    if not len(a.keys) or not len(b.keys):
        return 0.0
    if len(a.keys) > len(b.keys):
        a, b = b, a
    at = np.searchsorted(b.keys, a.keys)
    at[at == len(b.keys)] = 0
    same = b.keys[at] == a.keys
    return min(float((a.values[same] * b.values[at[same]]).sum()), 1.0)
