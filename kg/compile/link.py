"""An edge of a code while the graph is compiled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from casewright.kg.compile.sources import Measured

__all__ = ["MIN_LIFT", "Link", "strong"]

MIN_LIFT = 1.5
"""Least ratio to all visits of what is said to go with a diagnosis."""


@dataclass(frozen=True, slots=True)
class Link:
    """An edge of a code before it is written. `provenance` is a row of the register."""

    target: str
    relation: str
    provenance: int
    confidence: float
    p: float | None = None
    lift: float | None = None
    direction: Literal["high", "low"] | None = None
    mean: float | None = None
    sd: float | None = None
    text: str | None = None
    details: tuple[tuple[str, str], ...] = ()


def strong(items: Iterable[Measured], min_lift: float, min_p: float) -> list[Measured]:
    """The items of a profile that reach both bounds, in order."""
    return [item for item in items if item.lift >= min_lift and item.p >= min_p]
