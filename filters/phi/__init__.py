"""Identifiers: planned ones are labelled, all others are leaks.

`scan` finds every string shaped like a HIPAA Safe Harbor identifier (45 CFR
164.514(b)(2)), in US and UK forms, by rules and lexicons, without a model.
"""

from casewright.filters.phi.hits import HIT_TYPES, Hit
from casewright.filters.phi.planned import (
    LEAK_SCORE,
    find_planned,
    phi_verdict,
    screen_identifiers,
)
from casewright.filters.phi.scanning import scan

__all__ = [
    "HIT_TYPES",
    "LEAK_SCORE",
    "Hit",
    "find_planned",
    "phi_verdict",
    "scan",
    "screen_identifiers",
]
