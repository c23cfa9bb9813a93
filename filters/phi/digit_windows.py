"""Where digits stand close together, and what may stand around a number that identifies nobody."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["PUBLIC_BEFORE", "QUANTITY_AFTER", "before", "digit_windows"]

PUBLIC_BEFORE = re.compile(
    r"\b(?:NCT|ISRCTN|PMID|DOI|ICD(?:-1[01])?(?:-CM)?|LOINC|CPT|HCPCS|NDC|ISBN|ISSN|code|codes|"
    r"trial|gene|rs|version|v|grant|section|page|pages|pp|vol|volume|chapter|protocol)\W{0,3}\Z",
    re.I,
)

# Words that make a bare group of digits a quantity.
QUANTITY_AFTER = re.compile(
    r"[^\S\n]{0,2}(?:mg|mcg|ug|g|gm|grams?|kg|ml|cc|l|units?|iu|meq|mmol|cells?|copies|per|mm|cm|bpm|/|%|x|years?|yrs?|yo|y/o|days?|"
    r"weeks?|wks?|months?|hours?|hrs?|minutes?|mins?|times|lbs?|pounds?|pack|beers?|cigarettes?|points?|"
    r"steps|calories|kcal|people|patients?|participants|dollars)\b",
    re.I,
)

# Three digits, or a mask of them, close together: every number that identifies has them.
_DIGITS = re.compile(r"\d.{0,3}?\d.{0,3}?\d|[xX*#]{3}")

_WINDOW_BEFORE, _WINDOW_AFTER = 90, 60

_SPACE = re.compile(r"\s")


@lru_cache(maxsize=1)
def digit_windows(text: str) -> tuple[tuple[int, int], ...]:
    """Disjoint stretches around the digits; each ends at a space, so that no number is cut."""
    windows = []
    start = end = -1
    for match in _DIGITS.finditer(text):
        if match.start() - _WINDOW_BEFORE > end:
            if end > 0:
                windows.append((start, _whole(text, end)))
            start = max(0, end, match.start() - _WINDOW_BEFORE)
        end = match.end() + _WINDOW_AFTER
    if end > 0:
        windows.append((start, _whole(text, end)))
    return tuple(windows)


def _whole(text: str, end: int) -> int:
    if end >= len(text):
        return len(text)
    space = _SPACE.search(text, end, end + 400)
    return space.start() if space else min(len(text), end + 400)


def before(text: str, start: int, width: int = 48) -> str:
    """What stands before a place."""
    return text[max(0, start - width) : start]
