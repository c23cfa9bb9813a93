"""Words and their shingles, hashed with numpy: no Python loop over the text.

Two readings of a text: as it is, and *masked*, where numbers, names, months, titles
and pronouns are each one token, so that the same note under another name reads the
same. Offsets lead back to the characters of the text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from casewright.filters.folding import Folded, fold_text
from casewright.filters.phi.lexicon import load_lexicon

__all__ = [
    "SHINGLE_WORDS",
    "Reading",
    "Words",
    "hash_words",
    "masked",
    "names_and_numbers",
    "plain",
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


def _tables() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    lower = np.arange(256, dtype=np.uint8)
    lower[65:91] += 32
    word = np.zeros(256, dtype=bool)
    word[48:58] = word[65:91] = word[97:123] = True
    word[128:] = True  # every letter of another script, as bytes of UTF-8
    return lower, word


_POWERS = _powers()
_LOWER, _IS_WORD = _tables()
_LETTER = _LOWER.astype(U64) + U64(1)


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
    inside = _IS_WORD[raw]
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
    terms = _LETTER[letters]
    terms *= _POWERS[np.minimum(within, _MAX_WORD)]
    hashes = mix(np.add.reduceat(terms, first))
    terms[within >= STEM] = U64(0)
    stems = mix(np.add.reduceat(terms, first))
    is_digit = (letters >= 48) & (letters <= 57)
    digit = np.logical_or.reduceat(is_digit, first)
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


def _within(values: NDArray[np.uint64], ordered: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Membership in a sorted array."""
    if not len(ordered):
        return np.zeros(len(values), dtype=bool)
    at = np.searchsorted(ordered, values)
    at[at == len(ordered)] = 0
    found: NDArray[np.bool_] = ordered[at] == values
    return found


# One string each: a list of a word a line would hide the rest.
_TITLES = "mr mrs ms miss mx dr doctor professor prof"
_PRONOUNS = (
    "he she him her his hers himself herself mother father wife husband son daughter man woman "
    "male female"
)
_TIMES = (
    "january february march april june july august september october november december jan feb "
    "mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday "
    "sunday"
)
_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty "
    "ninety hundred"
)


@dataclass(frozen=True, slots=True)
class _Masks:
    names: NDArray[np.uint64]
    known: NDArray[np.uint64]
    titles: NDArray[np.uint64]
    pronouns: NDArray[np.uint64]
    numbers: NDArray[np.uint64]


_SURNAMES_FIRST = frozenset(
    [
        "smith",
        "white",
        "young",
        "hill",
        "brown",
        "green",
        "king",
        "ward",
        "wood",
        "cook",
        "baker",
        "carter",
        "parker",
        "bell",
        "fisher",
    ]
)


@lru_cache(maxsize=1)
def _masks() -> _Masks:
    lex = load_lexicon()
    # To mask too much costs little, as both sides are masked alike: only words that any
    # sentence begins with are kept.
    never = lex.medical | lex.not_names | lex.brands
    names = (lex.given_common | lex.family_common) - never
    names -= lex.frequent_words - lex.given_common - _SURNAMES_FIRST
    names |= (lex.given_known | lex.family_known) - lex.common_words - never
    known = (lex.words | lex.medical | lex.brands | lex.eponyms) - names
    return _Masks(
        hash_words([n for n in names if n.isalpha()]),
        hash_words([k for k in known if k.isalpha()]),
        hash_words(_TITLES.split()),
        hash_words(_PRONOUNS.split()),
        hash_words([*_TIMES.split(), *_NUMBERS.split()]),
    )


_NUMBER, _NAME, _TITLE, _PRONOUN = (U64(n) for n in (11, 13, 17, 19))


@dataclass(frozen=True, slots=True)
class Reading:
    """Tokens of one reading of a text: a hash and the place of each.

    `named` marks tokens that stand for a name, title, pronoun or number: none in a plain reading.
    """

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    named: NDArray[np.bool_]


def plain(words: Words) -> Reading:
    """The text as it is."""
    return Reading(words.hashes, words.starts, words.ends, np.zeros(len(words), dtype=bool))


def masked(
    words: Words,
    owners: NDArray[np.int64] | None = None,
    named: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None,
) -> Reading:
    """The text with numbers, names, titles and pronouns masked, neighbours of a kind joined.

    Args:
        owners: the documents of the words, where there are several: none are joined over them.
        named: `names_and_numbers` of the words, where they are known.
    """
    if not len(words):
        return plain(words)
    hashes = words.hashes.copy()
    name, number = named or names_and_numbers(words)
    title = _within(hashes, _masks().titles)
    pronoun = _within(hashes, _masks().pronouns)
    hashes[name] = _NAME
    hashes[pronoun] = _PRONOUN
    hashes[title] = _TITLE
    hashes[number] = _NUMBER
    mask = name | number
    joined = np.zeros(len(hashes), dtype=bool)
    joined[1:] = (hashes[1:] == hashes[:-1]) & mask[1:]
    if owners is not None:
        joined[1:] &= owners[1:] == owners[:-1]
    keep = np.flatnonzero(~joined)
    ends = np.append(keep[1:] - 1, len(hashes) - 1)
    return Reading(
        mix(hashes[keep]), words.starts[keep], words.ends[ends], (mask | title | pronoun)[keep]
    )


def names_and_numbers(words: Words) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which words read as a person's name, and which as a number or a time."""
    masks = _masks()
    number = words.digit | _within(words.hashes, masks.numbers)
    capital = np.flatnonzero(words.capital & ~number)
    letters = words.hashes[capital]
    is_name = _within(letters, masks.names) | ~_within(letters, masks.known)
    # A capitalised plural or inflection that no lexicon has is masked too: that costs little.
    is_name &= ~_within(letters, masks.titles)
    name = np.zeros(len(words), dtype=bool)
    name[capital[is_name]] = True
    return name, number


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
