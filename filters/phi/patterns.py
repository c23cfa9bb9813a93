"""Small tools for patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["alternation", "ending_near"]


def alternation(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; a space stands for any white space."""
    ordered = sorted(set(words), key=lambda w: (-len(w), w))
    return "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in ordered)


def ending_near(
    pattern: re.Pattern[str], text: str, places: list[int], before: int = 48, after: int = 16
) -> Iterator[re.Match[str]]:
    """Matches of a slow pattern that ends near one of a few places, so long before and after it."""
    done = 0
    for place in places:
        for m in pattern.finditer(text, max(done, place - before), place + after):
            done = m.end()
            yield m
