"""lexicon.yaml in memory: what the ledger knows of words beyond the graph's forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from casewright.filters.ledger.forms import form_words
from casewright.filters.ledger.language import ENGLISH
from casewright.filters.ledger.packaged import read_yaml
from casewright.kg.graph import Concept, SurfaceForm

__all__ = ["WordRule", "WordRules", "load_word_rules"]


@dataclass(frozen=True, slots=True)
class WordRule:
    """Where an ambiguous form counts (see lexicon.yaml)."""

    before: frozenset[str]
    after: frozenset[str]
    not_before: frozenset[str]
    not_after: frozenset[str]

    def allows(self, previous: str, following: str) -> bool:
        """Whether the neighbouring words let the form stand for its concept."""
        if previous in self.not_before or following in self.not_after:
            return False
        if not self.before and not self.after:
            return True
        return previous in self.before or following in self.after


@dataclass(frozen=True, slots=True)
class WordRules:
    """lexicon.yaml in memory."""

    forms: Mapping[str, tuple[str, ...]]
    adjectives: Mapping[str, tuple[str, ...]]
    joiners: tuple[str, ...]
    generic: frozenset[str]
    stop: frozenset[str]
    ambiguous: Mapping[str, WordRule]
    not_inflected: Mapping[str, frozenset[str]]
    slash_letters: Mapping[str, tuple[str, str]]
    concepts: tuple[Concept, ...]
    denying: Mapping[str, tuple[str, ...]]
    pressure: tuple[str, ...]
    dose_forms: frozenset[str]
    negative_words: Mapping[str, tuple[str, ...]]


def _rule(raw: Mapping[str, Sequence[str]]) -> WordRule:
    def words(key: str) -> frozenset[str]:
        return frozenset(map(str, raw.get(key, ())))

    return WordRule(words("before"), words("after"), words("not_before"), words("not_after"))


@lru_cache(maxsize=8)
def load_word_rules(language: str = ENGLISH) -> WordRules:
    """Read lexicon.yaml, which is part of the package, or the language's own."""
    raw = read_yaml("lexicon.yaml" if language == ENGLISH else f"lexicon.{language}.yaml")
    own = {c["id"]: (c["name"], *c["forms"]) for c in raw["concepts"]}
    return WordRules(
        forms={k: tuple(v) for k, v in raw["forms"].items()} | own,
        adjectives={k: tuple(v) for k, v in raw["adjectives"].items()},
        joiners=tuple(raw["joiners"]),
        generic=frozenset(" ".join(form_words(g)) for g in raw["generic"]),
        stop=frozenset(raw["stop"]),
        ambiguous={k: _rule(v) for k, v in raw["ambiguous"].items()},
        not_inflected={k: frozenset(v) for k, v in raw["not_inflected"].items()},
        slash_letters={k: (v[0], v[1]) for k, v in raw["slash_letters"].items()},
        concepts=tuple(_concept(c) for c in raw["concepts"]),
        denying={c["id"]: tuple(c["denying"]) for c in raw["concepts"]},
        pressure=tuple(raw["pressure"]),
        dose_forms=frozenset(str(w).lower() for w in raw["dose_forms"]),
        negative_words={k: tuple(v) for k, v in raw["negative_words"].items()},
    )


def _concept(raw: Mapping[str, Any]) -> Concept:
    return Concept(raw["id"], raw["type"], raw["name"], (SurfaceForm(raw["name"], "preferred"),))
