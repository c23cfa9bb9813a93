"""The closed-vocabulary gate: a small model may join its facts, not add to them.

The checker knows clinical concepts; this knows everything else. A content word that is
neither a word of the facts (in any of their surface forms) nor one of the joining words
of narrative.yaml is something the case does not hold, whatever it means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from casewright.records import Fact

__all__ = [
    "FormsOf",
    "fact_words",
    "joining_words",
    "shown_words",
    "strange_words",
    "texts_of",
    "words_of",
]

FormsOf = Callable[[str], Iterable[str]]
"""The surface forms of a concept, by its id."""

# A decimal number is one word: the digits of 9.8 license no 8.9.
_WORD = re.compile(r"\d+\.\d+|[^\W_]+(?:['’][a-z]+)?", re.UNICODE)
_ENDINGS = ("'s", "ingly", "edly", "ing", "ies", "ied", "ed", "es", "s", "ly", "d", "e", "y")


def words_of(text: str) -> list[str]:
    """Words and numbers of a text, lower case."""
    return [w.replace("’", "'") for w in _WORD.findall(text.lower())]


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """Cut one common ending from a word of five letters or more, and a doubled consonant."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word


@lru_cache(maxsize=1)
def _raw_lists() -> Mapping[str, frozenset[str]]:
    loaded = yaml.safe_load(Path(__file__).with_name("narrative.yaml").read_text("utf-8"))
    return {name: frozenset(text.split()) for name, text in loaded.items()}


def joining_words(*lists: str) -> frozenset[str]:
    """The words of some lists of narrative.yaml as they are written there."""
    return frozenset().union(*(_raw_lists()[name] for name in lists))


@lru_cache(maxsize=1)
def _lists() -> Mapping[str, frozenset[str]]:
    """The words of narrative.yaml by list; all but grammar words with their stems."""
    lists = _raw_lists()
    # Grammar words stand for themselves alone: the stem of "does" is DOE, a symptom.
    return {n: w if n == "grammar" else w | {_stem(x) for x in w} for n, w in lists.items()}


@lru_cache(maxsize=1)
def _joining() -> frozenset[str]:
    return _lists()["grammar"] | _lists()["narrative"]


def texts_of(facts: Sequence[Fact]) -> list[str]:
    """Names, values, units and attributes of facts, as the case has them."""
    return [
        part
        for fact in facts
        for part in (fact.name, fact.value or "", fact.unit or "", *(v for _, v in fact.attributes))
    ]


def fact_words(facts: Sequence[Fact], forms_of: FormsOf) -> frozenset[str]:
    """Every word, stemmed, that the facts license: names, values, attributes, surface forms."""
    words: set[str] = set()
    for fact in facts:
        for text in (*texts_of([fact]), *forms_of(fact.concept)):
            for word in words_of(text):
                words.add(word)
                words.add(_stem(word))
        if fact.type in ("lab", "vital"):
            words |= _lists()["measures"]
        if fact.type == "score":
            words |= _lists()["scores"]
        if fact.polarity == "denied":
            words |= _lists()["denials"]
    return frozenset(words)


def shown_words(texts: Iterable[str], *, denied: bool) -> frozenset[str]:
    """The words that an example's own items license, as `fact_words` does of a case's facts."""
    words = {w for text in texts for word in words_of(text) for w in (word, _stem(word))}
    return frozenset(words | _lists()["measures"] | (_lists()["denials"] if denied else set()))


def strange_words(text: str, licensed: frozenset[str]) -> list[str]:
    """Words of the text that nothing licenses, numbers included, in order."""
    joining = _joining()
    strange = []
    for word in words_of(text):
        if word in licensed or word in joining:
            continue
        stem = _stem(word)
        if word.isdigit() or (stem not in licensed and stem not in joining):
            strange.append(word)
    return strange
