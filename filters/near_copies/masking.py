"""Two readings of a text: as it is, and *masked*.

In a masked text numbers, names, months, titles and pronouns are each one token, so that the same
note under another name reads the same. Offsets lead back to the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.lookup import Lookup
from casewright.filters.near_copies.shingles import Words, hash_words, mix
from casewright.filters.phi.lexicon import load_lexicon

__all__ = ["Reading", "WordKinds", "kinds_of", "masked", "plain"]

U64 = np.uint64

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


_NAME_BIT, _KNOWN_BIT, _TITLE_BIT, _PRONOUN_BIT, _NUMBER_BIT = (np.uint8(1 << i) for i in range(5))


@dataclass(frozen=True, slots=True)
class _Masks:
    """What the lexicon says of a word: its hash, and a bit for each list that has it."""

    words: Lookup[np.uint64]
    bits: NDArray[np.uint8]


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
    lists = [
        (hash_words([n for n in names if n.isalpha()]), _NAME_BIT),
        (hash_words([k for k in known if k.isalpha()]), _KNOWN_BIT),
        (hash_words(_TITLES.split()), _TITLE_BIT),
        (hash_words(_PRONOUNS.split()), _PRONOUN_BIT),
        (hash_words([*_TIMES.split(), *_NUMBERS.split()]), _NUMBER_BIT),
    ]
    keys, place = np.unique(np.concatenate([h for h, _ in lists]), return_inverse=True)
    bits = np.zeros(len(keys) + 1, dtype=np.uint8)
    np.bitwise_or.at(bits, place, np.concatenate([np.full(len(h), b) for h, b in lists]))
    return _Masks(Lookup(keys), bits)


@dataclass(frozen=True, slots=True)
class WordKinds:
    """For each word whether it reads as a name, a number or a time, a title, a pronoun."""

    name: NDArray[np.bool_]
    number: NDArray[np.bool_]
    title: NDArray[np.bool_]
    pronoun: NDArray[np.bool_]


def kinds_of(words: Words) -> WordKinds:
    """What words read as."""
    masks = _masks()
    # What no list has is found at -1: the last entry, which has no bit.
    bits = masks.bits[masks.words.find(words.hashes)]
    number = words.digit | (bits & _NUMBER_BIT > 0)
    title = bits & _TITLE_BIT > 0
    # A capitalised plural or inflection that no lexicon has is masked too: that costs little.
    name = (bits & _NAME_BIT > 0) | (bits & _KNOWN_BIT == 0)
    name &= words.capital & ~number & ~title
    return WordKinds(name, number, title, bits & _PRONOUN_BIT > 0)


_NUMBER, _NAME, _TITLE, _PRONOUN = (U64(n) for n in (11, 13, 17, 19))


@dataclass(frozen=True, slots=True)
class Reading:
    """Tokens of one reading of a text: a hash and the place of each."""

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def plain(words: Words) -> Reading:
    """The text as it is."""
    return Reading(words.hashes, words.starts, words.ends)


def masked(
    words: Words, owners: NDArray[np.int64] | None = None, kinds: WordKinds | None = None
) -> Reading:
    """The text with numbers, names, titles and pronouns masked, neighbours of a kind joined.

    Args:
        owners: the documents of the words, where there are several: none are joined over them.
        kinds: `kinds_of` the words, where they are known.
    """
    if not len(words):
        return plain(words)
    hashes = words.hashes.copy()
    kinds = kinds or kinds_of(words)
    hashes[kinds.name] = _NAME
    hashes[kinds.pronoun] = _PRONOUN
    hashes[kinds.title] = _TITLE
    hashes[kinds.number] = _NUMBER
    joined = np.zeros(len(hashes), dtype=bool)
    joined[1:] = (hashes[1:] == hashes[:-1]) & (kinds.name | kinds.number)[1:]
    if owners is not None:
        joined[1:] &= owners[1:] == owners[:-1]
    keep = np.flatnonzero(~joined)
    ends = np.append(keep[1:] - 1, len(hashes) - 1)
    return Reading(mix(hashes[keep]), words.starts[keep], words.ends[ends])
