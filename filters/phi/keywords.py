"""Where the words stand that a rule begins with: one pass of an Aho-Corasick automaton.

A pattern that starts with one of a hundred words costs a hundred comparisons at every
letter of a text. The automaton finds all of them at once, and the pattern is then
tried at those places only.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import ahocorasick

from casewright.filters.phi.lexicon import load_lexicon

__all__ = ["Keywords", "find_keywords"]

Keywords = dict[str, list[int]]
"""Offsets of the keywords of each category, ascending, each offset once."""

CATEGORIES = ("title", "label", "facility", "head", "firm")


@lru_cache(maxsize=1)
def _automaton() -> Any:
    lex = load_lexicon()
    words: dict[str, set[str]] = {}

    def add(category: str, entries: Iterable[str]) -> None:
        for entry in entries:
            words.setdefault(entry.lower(), set()).add(category)

    add("title", (*lex.titles, *lex.weak_titles))
    add("label", lex.person_labels)
    add("facility", lex.facilities)
    add("head", lex.facility_heads)
    add("firm", lex.firm_ends - set(lex.facility_heads))
    automaton = ahocorasick.Automaton()
    for word, categories in words.items():
        automaton.add_word(word, (len(word), tuple(sorted(categories))))
    automaton.make_automaton()
    return automaton


def find_keywords(text: str) -> Keywords:
    """Find the keywords of every category at the start of a word, whatever their case.

    Args:
        text: folded text, in which a character has one lower-case form of one character.
    """
    found: dict[str, set[int]] = {category: set() for category in CATEGORIES}
    for end, (length, categories) in _automaton().iter(text.lower()):
        start = end - length + 1
        if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            continue
        if end + 1 < len(text) and text[end + 1].isalnum() and text[end].isalnum():
            continue
        for category in categories:
            found[category].add(start)
    return {category: sorted(starts) for category, starts in found.items()}
