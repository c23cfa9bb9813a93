"""What makes a shared stretch damning however short it is: an identifier, or two rare numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casewright.filters.near_copies.likeness import SharedSpan
from casewright.filters.phi import LEAK_SCORE, scan

__all__ = ["damning"]

# Read around a stretch, so that a name cut by its edge or announced before it is known as one.
_MARGIN = 60
_RARE = 0.8
_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:[.,/:-]\d+)*(?![\w/-]|[.,]\d)")


def damning(text: str, span: SharedSpan) -> Iterator[tuple[int, int, str]]:
    """Identifiers and rare numbers wholly inside a shared stretch, as (start, end, what).

    Numbers count from two different ones on. A number is rare where it has two digits or more,
    is not round (doses are), and at most one document has it between the same words
    (`SharedSpan.rare_numbers`).
    """
    begin = max(0, span.start - _MARGIN)
    # What is in many documents points at nobody.
    likely = span.rarest >= _RARE and (span.may_identify or "//" in text[span.start : span.end])
    for hit in scan(text[begin : span.end + _MARGIN]) if likely else ():
        start, end = hit.start + begin, hit.end + begin
        if hit.score >= LEAK_SCORE and start >= span.start and end <= span.end:
            yield start, end, hit.type
    numbers = [
        m
        for m in _NUMBER.finditer(text, span.start, span.end)
        if len(digits := "".join(c for c in m[0] if c.isdigit())) >= 2
        and int(digits) % 5
        and any(m.start() < b and a < m.end() for a, b in span.rare_numbers)
    ]
    if len({m[0] for m in numbers}) >= 2:
        for m in numbers:
            yield m.start(), m.end(), "rare number"
