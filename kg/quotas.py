"""Quotas: which share of a run's cases falls into which cell.

Cells are assigned to indices as chairs are to states (R. Tijdeman, "The chairman assignment
problem", Discrete Mathematics 1980;32:323-330), the earliest deadline first: after any number
n of cases each cell holds its share of n, give or take less than one. The assignment repeats
after a period in which every cell has a whole number of cases, so the cell of an index needs
no other index.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from casewright.errors import CasewrightError
from casewright.records import Setting, Sex

__all__ = ["Quota", "QuotaPlan"]

_SHARES_IN = 10_000
"""Shares are read to the hundredth of a percent."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A cell of patients, and how many of them a run holds.

    Attributes:
        codes: ICD-10-CM codes or prefixes of the principal diagnosis; all when empty.
        chapters: chapters of ICD-10-CM by number; all when empty.
        ages: completed years, inclusive.
        sex, setting: None for any.
        share: of all cases, above 0 to 1. count: number of cases instead, in a run of as many
            cases as the counts add up to; in a longer run their proportions hold.
    """

    codes: tuple[str, ...] = ()
    chapters: tuple[int, ...] = ()
    ages: tuple[int, int] | None = None
    sex: Sex | None = None
    setting: Setting | None = None
    share: float | None = None
    count: int | None = None

    def admits(self, age: int, sex: Sex) -> bool:
        """Whether a patient of that age and sex is of the cell."""
        return self.sex in (None, sex) and (
            self.ages is None or self.ages[0] <= age <= self.ages[1]
        )

    def describe(self) -> str:
        """The cell in words, for messages."""
        parts = [
            ", ".join(self.codes),
            ", ".join(f"chapter {c}" for c in self.chapters),
            f"ages {self.ages[0]} to {self.ages[1]}" if self.ages else "",
            self.sex or "",
            self.setting or "",
        ]
        return "; ".join(p for p in parts if p) or "any patient"


class QuotaPlan:
    """The cell of every index.

    Args:
        quotas: the cells. Shares that add up to less than 1 leave the rest to a cell without
            limits, which comes last.

    Raises:
        CasewrightError: shares and counts are mixed, or shares add up to more than 1.
    """

    def __init__(self, quotas: Sequence[Quota]) -> None:
        cells = list(quotas)
        counts = [q.count for q in cells if q.count is not None]
        if counts and len(counts) < len(cells):
            raise CasewrightError(
                "sampling.quotas gives some cells a share and others a count",
                fix="give every cell a share, or every cell a count",
            )
        if counts:
            parts = list(counts)
        else:
            parts = [round((q.share or 0.0) * _SHARES_IN) for q in cells]
            rest = _SHARES_IN - sum(parts)
            if rest < 0:
                raise CasewrightError(
                    f"the shares of sampling.quotas add up to {sum(parts) / _SHARES_IN:.2%}",
                    valid="shares that add up to 100% or less",
                    fix="lower some of them",
                )
            if rest and cells:
                cells.append(Quota())
                parts.append(rest)
        self.cells: tuple[Quota, ...] = tuple(cells)
        self._assigned = _assign(parts) if cells else array("H")

    def cell_of(self, index: int) -> int | None:
        """The number of the cell of a case; None without quotas."""
        return self._assigned[index % len(self._assigned)] if self._assigned else None


def _assign(parts: Sequence[int]) -> array[int]:
    """Cells in order over one period, each `parts[cell]` times (before the common divisor)."""
    divisor = gcd(*parts)
    wanted = [p // divisor for p in parts]
    period = sum(wanted)
    held = [0] * len(wanted)
    order = array("H")
    # Of the cells that would not get ahead of their share, the one that must be served first.
    for n in range(1, period + 1):
        best, best_due = -1, 0
        for cell, w in enumerate(wanted):
            if w and held[cell] * period < n * w:
                due = -(-(held[cell] + 1) * period // w)
                if best < 0 or due < best_due:
                    best, best_due = cell, due
        held[best] += 1
        order.append(best)
    return order
