"""Words and their shingles, hashed with numpy: no Python loop over the text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from casewright.filters.folding import Folded, fold_text

__all__ = [
    "SHINGLE_WORDS",
    "Words",
    "hash_words",
    "read_words",
    "shingle",
    "shingle_within",
    "words_of_bytes",
]

SHINGLE_WORDS = 3

U64 = np.uint64
_BASE = 0x9E3779B97F4A7C15  # odd, so that no power of it vanishes modulo 2**64
_MAX_WORD = 64  # letters beyond this one do not count


def _powers() -> NDArray[np.uint64]:
    values, power = [], 1
    for _ in range(_MAX_WORD):
        values.append(power)
        power = power * _BASE % 2**64
    return np.array([*values, 0], dtype=U64)


def _tables() -> tuple[bytes, bytes]:
    """The lower case of every byte, and whether it is of a word."""
    lower = bytearray(range(256))
    lower[65:91] = bytes(range(97, 123))
    word = bytearray(256)
    for letters in (range(48, 58), range(65, 91), range(97, 123), range(128, 256)):
        for letter in letters:  # from 128 on: every letter of another script, as bytes of UTF-8
            word[letter] = 1
    return bytes(lower), bytes(word)


_POWERS = _powers()
_LOWER, _IS_WORD = _tables()


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finaliser of splitmix64 (Steele, Lea, Flood 2014): spreads the bits of a hash."""
    x = values.copy()
    x ^= x >> U64(30)
    x *= U64(0xBF58476D1CE4E5B9)
    x ^= x >> U64(27)
    x *= U64(0x94D049BB133111EB)
    x ^= x >> U64(31)
    return x


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text.

    Attributes:
        hashes: one 64-bit hash a word, blind to case.
        stems: the same of the first `STEM` letters: a word whatever its ending.
        starts, ends: character offsets of the words in the text as it is.
        capital: whether the first letter is a capital. digit: whether it has a digit.
    """

    hashes: NDArray[np.uint64]
    stems: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    capital: NDArray[np.bool_]
    digit: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.hashes)


STEM = 5
_EMPTY = np.zeros(0, dtype=np.int64)


def words_of_bytes(raw: NDArray[np.uint8]) -> Words:
    """The words of UTF-8 bytes, with offsets of bytes."""
    inside = np.frombuffer(raw.tobytes().translate(_IS_WORD), dtype=bool)
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    if len(raw) and inside[0]:
        edges = np.concatenate(([0], edges))
    if len(raw) and inside[-1]:
        edges = np.append(edges, len(raw))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        none, no = np.zeros(0, dtype=U64), np.zeros(0, dtype=bool)
        return Words(none, none, _EMPTY, _EMPTY, no, no)
    # Position of every byte within its word, then one weighted sum a word.
    letters = raw[inside]
    lengths = ends - starts
    first = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    within = np.arange(len(letters)) - np.repeat(first, lengths)
    terms = np.zeros(len(letters) + 1, dtype=U64)  # a zero more, where the last word ends
    terms[:-1] = np.frombuffer(letters.tobytes().translate(_LOWER), dtype=np.uint8)
    terms[:-1] += U64(1)
    terms[:-1] *= _POWERS[np.minimum(within, _MAX_WORD) if lengths.max() > _MAX_WORD else within]
    # The first letters and the rest of each word, one after the other; the rest may be nothing.
    edges = np.empty(2 * len(first), dtype=np.int64)
    edges[::2], edges[1::2] = first, first + np.minimum(lengths, STEM)
    sums = np.add.reduceat(terms, edges)
    heads = sums[::2]
    hashes = mix(heads + np.where(lengths > STEM, sums[1::2], U64(0)))
    stems = mix(heads)
    digits = np.flatnonzero((letters >= 48) & (letters <= 57))
    digit = np.zeros(len(first), dtype=bool)
    digit[np.searchsorted(first, digits, "right") - 1] = True
    initial = raw[starts]
    capital = (initial >= 65) & (initial <= 90)
    return Words(hashes, stems, starts, ends, capital, digit)


def read_words(text: str, folded: Folded | None = None) -> Words:
    """Split a text into words and hash them; look-alikes and invisible characters folded."""
    folded = folded or fold_text(text)
    raw = np.frombuffer(folded.text.encode("utf-8", "replace"), dtype=np.uint8)
    words = words_of_bytes(raw)
    if not len(words):
        return words
    starts, ends = words.starts, words.ends
    if len(raw) != len(folded.text):
        # Bytes to characters: count the bytes that begin a character.
        count = np.cumsum((raw & 0xC0) != 0x80)
        starts, ends = count[starts] - 1, count[ends - 1]
    starts, ends = folded.spans(starts, ends)
    return replace(words, starts=starts.astype(np.int64), ends=ends.astype(np.int64))


def hash_words(words: list[str]) -> NDArray[np.uint64]:
    """Hashes of single words, as `read_words` gives them, sorted."""
    if not words:
        return np.zeros(0, dtype=U64)
    return np.unique(read_words("\n".join(words)).hashes)


def shingle_within(
    hashes: NDArray[np.uint64], owners: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Shingles of several documents' tokens, none over the end of one, and their documents."""
    last = len(hashes) - SHINGLE_WORDS + 1
    if last <= 0:
        return np.zeros(0, dtype=U64), np.zeros(0, dtype=np.int64)
    inside = owners[:last] == owners[SHINGLE_WORDS - 1 :]
    return shingle(hashes)[inside], owners[:last][inside]


def shingle(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hashes of every run of `SHINGLE_WORDS` tokens; a shorter text has one shingle."""
    count = len(hashes)
    if count == 0:
        return np.zeros(0, dtype=U64)
    if count < SHINGLE_WORDS:
        padded = np.concatenate((hashes, np.zeros(SHINGLE_WORDS - count, dtype=U64)))
        return shingle(padded)
    last = count - SHINGLE_WORDS + 1
    total = hashes[:last].copy()
    for i in range(1, SHINGLE_WORDS):
        total *= U64(_BASE)
        total += hashes[i : last + i]
    return mix(total)
