"""Terms of several words that hold what looks like a name: "Charles Bonnet", "Bair Hugger"."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import ahocorasick

from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import load_lexicon

__all__ = ["without_terms"]

# Then it is somebody after all.
_ANNOUNCED = ("after a title", "after a label", "after a role", "before a credential")


@lru_cache(maxsize=1)
def _automaton() -> Any:
    automaton = ahocorasick.Automaton()
    for phrase in load_lexicon().phrases:
        automaton.add_word(phrase, len(phrase))
    automaton.make_automaton()
    return automaton


def without_terms(text: str, candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates, without the names and towns that are part of a term where they stand."""
    found = list(candidates)
    doubtful = [c for c in found if c.type in ("name", "city") and c.why not in _ANNOUNCED]
    if not doubtful:
        return found
    low = text.lower()
    terms: list[tuple[int, int]] = []
    if len(low) == len(text):
        for last, length in _automaton().iter(low):
            start, end = last - length + 1, last + 1
            if not (start and low[start - 1].isalnum()) and not low[end : end + 1].isalnum():
                terms.append((start, end))
    part = {c for c in doubtful if any(a <= c.start and c.end <= b for a, b in terms)}
    return [c for c in found if c not in part] if part else found
