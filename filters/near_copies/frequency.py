"""How common a shingle, a word or a pair of words is in the reference.

Counted on documents evenly spread over the reference, at most 24 MB of them: a phrase that is
boilerplate there is in thousands of documents, and one that a sample misses is rare. Only what
at least two documents have is kept, the commonest first, in 5 bytes each and at most
`SHARE` of the reference's bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.bags import changes
from casewright.filters.near_copies.lookup import Lookup

__all__ = ["SALTS", "Frequencies", "FrequencyBuilder", "sampled_share"]

U64 = np.uint64
SHARE = 0.10
_LEAST, _MOST = 1_500_000, 24_000_000
_STEPS = 8.0  # levels to a doubling
_COUNTS = np.round(2.0 ** (np.arange(256) / _STEPS)).astype(np.int64)

SALTS = {"plain": U64(0), "masked": U64(0x5851F42D4C957F2D), "stem": U64(0x14057B7EF767814F)}
"""What is counted apart though it may have the same hash: xor it to the hash."""


def sampled_share(size: int) -> float:
    """The share of a reference of so many bytes that is counted."""
    return min(1.0, max(_LEAST, min(size / 4, _MOST)) / max(size, 1))


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Document frequencies in a sample of `documents` documents.

    `keys` are the upper halves of hashes, sorted; `levels` the logarithms of the frequencies.
    """

    documents: int
    keys: NDArray[np.uint32]
    levels: NDArray[np.uint8]
    _lookup: Lookup[np.uint32] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lookup", Lookup(self.keys))

    def of(self, hashes: NDArray[np.uint64], kind: str) -> NDArray[np.int64]:
        """Frequency of each hash; 0 for what fewer than two documents have."""
        count = np.zeros(len(hashes), dtype=np.int64)
        at = self._lookup.find(((hashes ^ SALTS[kind]) >> U64(32)).astype(np.uint32))
        there = at >= 0
        count[there] = _COUNTS[self.levels[at[there]]]
        return count

    def idf(self, hashes: NDArray[np.uint64], kind: str) -> NDArray[np.float64]:
        """Inverse document frequency; of a single document's words all the same."""
        count = np.maximum(self.of(hashes, kind), 1)
        idf: NDArray[np.float64] = np.log((self.documents + 1) / count)
        return np.maximum(idf, 0.01)


def _sorted(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hashes in order.

    Numbers of 16 bits are sorted by counting. What has the same upper bits is then side by side,
    and the rest is done in half the time.
    """
    upper = (hashes >> U64(48)).astype(np.uint16)
    by_upper = hashes[np.argsort(upper, kind="stable")]
    by_upper.sort(kind="stable")
    return by_upper


class FrequencyBuilder:
    """Counts documents batch by batch."""

    def __init__(self) -> None:
        self._documents = 0
        self._keys: list[NDArray[np.uint32]] = []
        self._counts: list[NDArray[np.int64]] = []

    def add(
        self, documents: int, kinds: Iterable[tuple[NDArray[np.uint64], NDArray[np.int64]]]
    ) -> None:
        """Add documents of a batch.

        Args:
            documents: how many there are.
            kinds: hashes of each kind of thing, salted; `owners[i]` below 65,536 is the document
                of `hashes[i]`.
        """
        self._documents += documents
        for hashes, owners in kinds:
            packed = _sorted((hashes & ~U64(0xFFFF)) | owners.astype(U64))
            keys = (packed[changes(packed)] >> U64(32)).astype(np.uint32)
            self._add(keys, np.ones(len(keys), dtype=np.int64))

    def _add(self, keys: NDArray[np.uint32], counts: NDArray[np.int64]) -> None:
        at = np.flatnonzero(changes(keys))
        self._keys.append(keys[at])
        self._counts.append(np.add.reduceat(counts, at) if len(at) else counts)

    def build(self, size: int) -> Frequencies:
        """The frequencies, for a reference of so many bytes."""
        if len(self._keys) > 1:
            keys, counts = np.concatenate(self._keys), np.concatenate(self._counts)
            order = np.argsort(keys, kind="stable")
            self._keys, self._counts = [], []
            self._add(keys[order], counts[order])
        if not self._keys:
            return Frequencies(0, np.zeros(0, np.uint32), np.zeros(0, np.uint8))
        keys, counts = self._keys[0], self._counts[0]
        often = np.flatnonzero(counts >= 2)
        room = int(SHARE * size / 5)
        if len(often) > room:
            often = np.sort(often[np.argsort(-counts[often], kind="stable")[:room]])
        levels = np.minimum(np.round(np.log2(counts[often]) * _STEPS), 255).astype(np.uint8)
        return Frequencies(self._documents, keys[often], levels)
