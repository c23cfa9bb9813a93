"""Train, validation and test: by case, so that no patient stands on two sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias

from casewright.seeds import derive_seed

__all__ = ["SPLITS", "Split", "SplitPlan"]

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Which share of the cases goes where.

    A case's side is a hash of its id alone: it stays when the corpus grows, and every
    document of a case, of whatever kind, goes with it. In a small corpus the shares come
    out roughly, and a side may stay empty.

    Attributes:
        train, validation, test: shares that add up to 1.
        salt: another word gives another division.
    """

    train: float = 0.8
    validation: float = 0.1
    test: float = 0.1
    salt: str = "casewright-split-1"

    def __post_init__(self) -> None:
        shares = (self.train, self.validation, self.test)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise ValueError(f"shares of a split must be positive and add up to 1, not {shares}")

    def side(self, case_id: str) -> Split:
        """The side of a case."""
        place = derive_seed(self.salt, case_id) / 2**63
        bounds = accumulate((self.train, self.validation))
        return next((s for s, b in zip(SPLITS, bounds, strict=False) if place < b), "test")

    def sides(self, case_ids: Sequence[str]) -> list[Split]:
        """The side of each case."""
        known: dict[str, Split] = {}
        return [known.get(c) or known.setdefault(c, self.side(c)) for c in case_ids]
