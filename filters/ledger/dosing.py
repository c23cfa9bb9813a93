"""How often and by which route: the wordings of a prescription, reduced to one key each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from casewright.filters.ledger.packaged import data_files, read_yaml

__all__ = ["frequency_of", "frequency_place", "route_place", "routes_of"]

_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "twelve": 12}
_N = rf"(\d{{1,2}}|{'|'.join(_COUNTS)})"
_EVERY = re.compile(
    rf"every {_N}(?: ?(?:-|to) ?{_N})? ?(h(?:ou)?rs?|days|h)\b|\bq ?(\d{{1,2}}) ?h(?:rs?|ours?)?\b"
)


@lru_cache(maxsize=1)
def _patterns() -> Mapping[str, tuple[tuple[re.Pattern[str], str], ...]]:
    # Of all languages: a wording of one is none of another.
    raws = [read_yaml(name) for name in data_files("dosing")]
    kinds = ("frequency", "route")
    return {kind: tuple(p for raw in raws for p in _compile(raw[kind])) for kind in kinds}


def _compile(group: Mapping[str, Sequence[str]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile("|".join(forms)), str(key)) for key, forms in group.items())


def _earliest(kind: str, text: str) -> str | None:
    best: tuple[int, str] | None = None
    for pattern, key in _patterns()[kind]:
        match = pattern.search(text)
        if match is not None and (best is None or match.start() < best[0]):
            best = (match.start(), key)
    return best[1] if best else None


@lru_cache(maxsize=1 << 14)
def frequency_of(text: str) -> str | None:
    """The first frequency in folded text as a key ("24 h", "12 h", "week", "once"), or None."""
    every = _EVERY.search(text)
    if every is None:
        return _earliest("frequency", text)
    number = every.group(1) or every.group(4)
    count = _COUNTS.get(number) or int(number)
    return f"{24 * count if every.group(3) == 'days' else count} h"


@lru_cache(maxsize=1 << 14)
def routes_of(text: str) -> frozenset[str]:
    """All routes in folded text as keys ("oral", "intravenous" ...)."""
    return frozenset(key for pattern, key in _patterns()["route"] if pattern.search(text))


@lru_cache(maxsize=1 << 14)
def frequency_place(text: str) -> tuple[int, int] | None:
    """Where the first frequency stands in folded text."""
    every = _EVERY.search(text)
    return every.span() if every is not None else _place("frequency", text)


@lru_cache(maxsize=1 << 14)
def route_place(text: str) -> tuple[int, int] | None:
    """Where the first route stands in folded text."""
    return _place("route", text)


def _place(kind: str, text: str) -> tuple[int, int] | None:
    found = [m.span() for pattern, _ in _patterns()[kind] if (m := pattern.search(text))]
    return min(found, key=lambda span: (span[0], -span[1]), default=None)
