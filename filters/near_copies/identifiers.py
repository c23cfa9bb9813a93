"""Whether a name or a number stands in the reference: a set of hashes that takes 3 bytes for each.

A Bloom filter (Bloom 1970): what is in the reference is always found, and one in 100,000 others
by mistake. Names are pairs of neighbouring capitalised words, numbers are words of five characters
and more with a digit; a single name says too little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.shingles import Words, mix, read_words

__all__ = ["IdentifierSet", "identifier_hashes"]

U64 = np.uint64
_BITS, _PROBES = 24, 9
_PAIR, _NUMBER = U64(0xA24BAED4963EE407), U64(0x9FB21C651E98DF25)


def identifier_hashes(words: Words, owners: NDArray[np.int64] | None = None) -> NDArray[np.uint64]:
    """Hashes of what could be a full name or a number.

    Args:
        words: of a text, or of several. owners: the documents of the words, if there are several:
            a name is not made of two documents' words.
    """
    capital = words.capital & ~words.digit
    pairs = capital[1:] & capital[:-1] & ((words.starts[1:] - words.ends[:-1]) <= 2)
    # Heading words are capital, too; two of three letters and more are enough of a name.
    long = (words.ends - words.starts) >= 2
    pairs &= long[1:] & long[:-1]
    if owners is not None:
        pairs &= owners[1:] == owners[:-1]
    at = np.flatnonzero(pairs)
    low, high = (
        np.minimum(words.hashes[at], words.hashes[at + 1]),
        np.maximum(words.hashes[at], words.hashes[at + 1]),
    )
    # In either order: "Okafor, Amara" is "Amara Okafor".
    names = mix(low * _PAIR + high)
    digits = words.digit & ((words.ends - words.starts) >= 5)
    return np.concatenate((names, mix(words.hashes[digits] * _NUMBER)))


def _bits_of(hashes: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    """`_PROBES` places for each hash (Kirsch and Mitzenmacher 2006)."""
    step = (hashes >> U64(32)) | U64(1)
    first = hashes & U64(0xFFFFFFFF)
    places = first[:, None] + step[:, None] * np.arange(_PROBES, dtype=U64)[None, :]
    return (places % U64(size)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class IdentifierSet:
    """The set; `bits` is what is stored."""

    bits: NDArray[np.uint8]

    @classmethod
    def of(cls, hashes: NDArray[np.uint64]) -> IdentifierSet:
        """Make the set of some hashes."""
        unique = np.unique(hashes)
        size = max(len(unique) * _BITS, 1 << 12)
        bits = np.zeros(size // 8 + 1, dtype=np.uint8)
        for start in range(0, len(unique), 100_000):
            places = _bits_of(unique[start : start + 100_000], len(bits) * 8).ravel()
            np.bitwise_or.at(bits, places >> 3, (1 << (places & 7)).astype(np.uint8))
        return cls(bits)

    def holds(self, identifier: str) -> bool:
        """Whether a full name or a number stands in the reference. Others never do."""
        hashes = identifier_hashes(read_words(identifier))
        if not len(hashes):
            return False
        places = _bits_of(hashes, len(self.bits) * 8)
        found = (self.bits[places >> 3] >> (places & 7).astype(np.uint8)) & 1
        return bool(found.all(axis=1).any())
