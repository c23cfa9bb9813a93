"""Loose matching of a phrase: are its content words said close together, in any order?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from casewright.filters.ledger.normalise import words_of
from casewright.filters.ledger.packaged import read_yaml
from casewright.filters.ledger.reading import Reading
from casewright.filters.ledger.stems import stem

__all__ = [
    "Hit",
    "Phrase",
    "PhraseRules",
    "content_key",
    "content_words",
    "count_separators",
    "find_phrase",
    "load_phrase_rules",
    "phrase_of",
]

_NUMBERS = {
    w: str(i)
    for i, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
}


_SIDES = frozenset({"left", "right", "bilateral"})


@dataclass(frozen=True, slots=True, eq=False)
class PhraseRules:
    """phrases.yaml in memory."""

    stopwords: frozenset[str]
    optional: frozenset[str]
    expand: Mapping[str, tuple[str, ...]]
    same: Mapping[str, str]


@lru_cache(maxsize=1)
def load_phrase_rules() -> PhraseRules:
    """Read phrases.yaml, which is part of the package."""
    raw = read_yaml("phrases.yaml")
    same = {stem(str(w)): stem(str(group[0])) for group in raw["same"] for w in group}
    return PhraseRules(
        stopwords=frozenset(map(str, raw["stopwords"])),
        optional=frozenset(stem(str(w)) for w in raw["optional"]),
        expand={str(k): tuple(str(v).split()) for k, v in raw["expand"].items()},
        same=same,
    )


@dataclass(frozen=True, slots=True)
class Phrase:
    """A wording as content words: `keys` are stems, each with the stems that count for it."""

    text: str
    keys: tuple[str, ...]
    accepts: tuple[tuple[str, ...], ...]
    size: int  # words of the wording, stop words included
    separators: int  # commas and conjunctions among them


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a phrase was found: words `first` to `last`, and the share of its words there."""

    first: int
    last: int
    coverage: float
    sentence: int


@lru_cache(maxsize=1 << 15)
def phrase_of(
    text: str, rules: PhraseRules, *, strict: bool = True, sides: bool = True
) -> Phrase | None:
    """The content words of a phrase, or None if it has none.

    Args:
        text: the phrase.
        rules: stop words, abbreviations, words that stand for each other.
        strict: keep the words that a diagnosis may do without ("unspecified", "mellitus").
        sides: keep left, right and both; without them the side is to be checked apart.
    """
    keys: list[str] = []
    for word in words_of(text):
        if not word[0].isalnum() or word in rules.stopwords:
            continue
        for part in rules.expand.get(word, (word,)):
            key = content_key(part, rules)
            if not sides and key in _SIDES:
                continue
            if key not in keys and (strict or key not in rules.optional):
                keys.append(key)
    if not keys:
        return None
    words = words_of(text)
    accepts = tuple(_accepts(k, rules) for k in keys)
    return Phrase(text, tuple(keys), accepts, len(words), count_separators(words))


_SEPARATORS = frozenset({",", "and", "or", "but"})


def count_separators(words: Iterable[str]) -> int:
    """How many commas and conjunctions are among the words."""
    return sum(1 for w in words if w in _SEPARATORS)


def content_words(text: str, rules: PhraseRules) -> frozenset[str]:
    """Keys of all words of two letters and more."""
    return frozenset(content_key(w, rules) for w in words_of(text) if len(w) > 1)


@lru_cache(maxsize=1 << 16)
def content_key(word: str, rules: PhraseRules) -> str:
    """The stem under which a word is compared."""
    key = stem(_NUMBERS.get(word, word))
    return rules.same.get(key, key)


def _accepts(key: str, rules: PhraseRules) -> tuple[str, ...]:
    found = [key, *(w for w, k in rules.same.items() if k == key and w != key)]
    found += [w for w, digit in _NUMBERS.items() if digit == key]
    found += [short for short, words in rules.expand.items() if key in map(stem, words)]
    return tuple(dict.fromkeys(found))


def find_phrase(
    phrase: Phrase,
    reading: Reading,
    *,
    least: float,
    slack: int | None = None,
    seen: Set[int] = frozenset(),
) -> list[Hit]:
    """Sentences in which at least `least` of the phrase's content words stand.

    Args:
        phrase: the content words.
        reading: the text.
        least: smallest share of the words.
        slack: how many words more than the phrase has they may spread over; None for any.
        seen: words already accounted for; a phrase of them alone is not looked for.
    """
    stems = reading.stem_places
    if least == 1 and not all(any(a in stems for a in group) for group in phrase.accepts):
        return []
    places = [_places(accepts, stems) for accepts in phrase.accepts]
    if seen and all(word in seen for group in places for word in group):
        return []
    needed = max(1, -(-len(places) * round(least * 1000) // 1000))
    if sum(1 for p in places if p) < needed:
        return []
    by_sentence: dict[int, dict[int, list[int]]] = {}
    for key, found in enumerate(places):
        for word in found:
            by_sentence.setdefault(reading.sentence_at(word), {}).setdefault(key, []).append(word)
    hits: list[Hit] = []
    for sentence, keys in sorted(by_sentence.items()):
        if sentence < 0 or len(keys) < needed:
            continue
        window = _tightest(list(keys.values()))
        width = window[1] - window[0] + 1
        if slack is not None and width > phrase.size + slack:
            continue
        hits.append(Hit(window[0], window[1], len(keys) / len(places), sentence))
    return hits


def _places(accepts: Iterable[str], stem_places: Mapping[str, Sequence[int]]) -> list[int]:
    found: list[int] = []
    for key in accepts:
        found.extend(stem_places.get(key, ()))
    return found


def _tightest(groups: Sequence[Sequence[int]]) -> tuple[int, int]:
    """The narrowest range of words with one of every group (smallest-range sweep)."""
    events = sorted((place, g) for g, group in enumerate(groups) for place in group)
    latest: dict[int, int] = {}
    best: tuple[int, int] | None = None
    for place, group in events:
        latest[group] = place
        if len(latest) == len(groups):
            first = min(latest.values())
            if best is None or place - first < best[1] - best[0]:
                best = (first, place)
    return best or (events[0][0], events[-1][0])
