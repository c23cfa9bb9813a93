"""Limits measured on the user's own notes: at which likeness two unrelated notes never are.

Notes that are not in the index are compared with it as if they were generated. What is above a
limit among them would be dropped wrongly; the limits are set so that at most the wanted share is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from casewright.errors import CasewrightError
from casewright.filters.intervals import quantile_ranks, share_interval
from casewright.filters.near_copies.damning import damning
from casewright.filters.near_copies.index import ReferenceIndex
from casewright.filters.near_copies.likeness import Likeness
from casewright.filters.near_copies.screen import CopyLimits

__all__ = ["MEASURES", "Calibration", "Limit", "calibrate", "held_out"]

MEASURES = ("containment", "coverage", "passage", "verbatim", "paraphrase")
# Never below these, however unlike the notes are: a fifth in common is no copy anywhere.
_FLOORS = {
    "containment": 0.20,
    "coverage": 0.25,
    "passage": 15.0,
    "verbatim": 15.0,
    "paraphrase": 0.35,
}
# A held-out note that another has nearly whole is a copy (carried forward), not an unrelated one.
_COPY = 0.80
_FEWEST = 50


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit and the 95% interval of the quantile that it is."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured.

    Attributes:
        notes: held-out notes that count. copies: those left out, as another note has them whole.
        wanted: the share that may be dropped wrongly. dropped: how many are, under `limits`.
        interval: 95% interval of that share.
        by_identifier: how many of those dropped are for an identifier or rare numbers in a
            shared stretch: no limit changes that.
        limits: by measure, `MEASURES`.
    """

    notes: int
    copies: int
    wanted: float
    dropped: int
    interval: tuple[float, float]
    by_identifier: int
    limits: dict[str, Limit]

    @property
    def copy_limits(self) -> CopyLimits:
        """The limits as the filter takes them."""
        return CopyLimits(**{name: limit.value for name, limit in self.limits.items()})


def held_out(
    texts: Iterable[tuple[str, str]], one_in: int = 5
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Divide notes into (reference, held out) by their content: the same on every machine."""
    reference: list[tuple[str, str]] = []
    kept_out: list[tuple[str, str]] = []
    for name, text in texts:
        digest = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
        side = kept_out if int.from_bytes(digest, "little") % one_in == 0 else reference
        side.append((name, text))
    return reference, kept_out


def calibrate(
    index: ReferenceIndex, notes: Sequence[tuple[str, str]], false_drop: float
) -> Calibration:
    """Set the limits of near-copies of the reference.

    Args:
        index: of the reference. notes: real notes, (id, text), that are not in it.
        false_drop: share of unrelated notes that may be dropped.

    Raises:
        CasewrightError: too few notes to tell.
    """
    shared = CopyLimits().shared
    rows: list[list[float]] = []
    damned: list[bool] = []
    copies = 0
    likenesses = index.compare_many([text for _, text in notes])
    for (_, text), likeness in zip(notes, likenesses, strict=True):
        if likeness.plain.containment >= _COPY and likeness.plain.shared > shared:
            copies += 1
            continue
        rows.append(_measure(likeness, shared))
        damned.append(any(next(damning(text, s), None) for s in likeness.verbatim))
    if len(rows) < _FEWEST:
        raise CasewrightError(
            f"{len(rows)} held-out notes are too few to calibrate with",
            valid=f"{_FEWEST} and more; about {int(3 / false_drop)} to vouch for the share wanted",
            fix="give more notes with --held-out, or a larger reference",
        )
    table = np.array(rows)
    named = np.array(damned)
    rest = table[_let_pass(table, named, false_drop)]
    quantile = len(rest) / len(table)
    limits: dict[str, Limit] = {}
    for column, name in enumerate(MEASURES):
        values = np.sort(table[:, column])
        low, high = quantile_ranks(len(values), min(quantile, 1 - 1 / len(values)))
        limits[name] = Limit(
            # Rounded up: the note that sets a limit is not above it.
            max(float(np.ceil(rest[:, column].max() * 1e3) / 1e3), _FLOORS[name]),
            round(float(values[low]), 4),
            round(float(values[high]), 4),
        )
    above = named | _above(table, {n: v.value for n, v in limits.items()})
    dropped = int(above.sum())
    return Calibration(
        len(rows),
        copies,
        false_drop,
        dropped,
        share_interval(dropped, len(rows)),
        int(named.sum()),
        limits,
    )


def _measure(likeness: Likeness, shared: float) -> list[float]:
    both = (likeness.plain, likeness.masked)
    whole = [m for m in both if m.shared > shared]
    return [
        max((m.containment for m in whole), default=0.0),
        max((m.coverage for m in whole), default=0.0),
        max(m.longest for m in both),
        max((s.novelty for s in likeness.verbatim), default=0.0),
        likeness.cosine if min(m.shared for m in both) > shared / 2 else 0.0,
    ]


def _above(table: NDArray[np.float64], limits: dict[str, float]) -> NDArray[np.bool_]:
    bounds = np.array([limits[name] for name in MEASURES])
    above: NDArray[np.bool_] = np.asarray((table > bounds).any(axis=1))
    return above


def _let_pass(
    table: NDArray[np.float64], named: NDArray[np.bool_], false_drop: float
) -> NDArray[np.bool_]:
    """Which notes the limits must let pass: all but the wanted share most like a copy.

    What is dropped for an identifier is part of the share; where that alone is too much, the
    limits let all else pass.
    """
    default = CopyLimits()
    usual = np.array([getattr(default, name) for name in MEASURES])
    likeness = np.where(named, np.inf, (table / usual).max(axis=1))
    count = max(int(false_drop * len(table)), int(named.sum()))
    passed = np.ones(len(table), dtype=bool)
    passed[np.argsort(-likeness, kind="stable")[:count]] = False
    return passed
