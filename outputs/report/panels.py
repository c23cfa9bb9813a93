"""The figures of the report, made ready for its template."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from casewright.outputs.chapters import CHAPTERS
from casewright.outputs.coverage import AXES, Axis
from casewright.outputs.summary import AGE_BANDS, RunSummary

__all__ = [
    "MOST_CODES",
    "SEXES",
    "AxisBar",
    "Bar",
    "Chip",
    "HeatRow",
    "LengthBar",
    "age_map",
    "axes_shown",
    "axis_bars",
    "bars",
    "chips",
    "heat_map",
    "histogram",
    "screened",
]

# What the project asks of a corpus (its acceptance criteria, not a clinical standard).
MIN_KEPT = 0.80
MIN_STATED = 0.95
MIN_DENIED = 0.90
MAX_CONTRADICTED = 0.005
MAX_OFF_CASE = 0.10
MIN_MODEL = 0.50


@dataclass(frozen=True, slots=True)
class Chip:
    """A verdict at the head of the page. `note` says what is asked for."""

    label: str
    value: str
    state: Literal["good", "watch", "plain"]
    note: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled count with its share of the largest, in percent."""

    label: str
    count: int
    width: float


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A count with its shade, 0 (none) to 5 (most)."""

    count: int
    level: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A row of the heat map with its sum."""

    label: str
    cells: tuple[HeatCell, ...]
    total: int


@dataclass(frozen=True, slots=True)
class AxisBar:
    """A value of an axis: kept of planned, what was wanted, both also in percent of the largest."""

    label: str
    kept: int
    planned: int
    wanted: int | None
    width: float
    mark: float | None


@dataclass(frozen=True, slots=True)
class LengthBar:
    """Words in documents of a kind, in words and in percent of the longest."""

    kind: str
    median: str
    spread: str
    low: float
    middle: float
    high: float


_NO_MODEL = "realiser"  # nothing is asked of a run that has no model


def chips(summary: RunSummary) -> list[Chip]:
    """The verdicts: whether the run adds up, and how the kept documents measure up."""
    counts, total = summary.counts, summary.total
    adds_up = counts.reconciled and summary.manifest.complete
    left = counts.planned - counts.done
    made = [
        Chip(
            "Reconciled",
            f"{counts.planned} = {counts.kept} + {counts.rejected} + {counts.failed}"
            if adds_up
            else f"{left} of {counts.planned} to do",
            "good" if adds_up else "watch",
            "planned = kept + rejected + failed, to the unit",
        )
    ]
    share = counts.kept / counts.done if counts.done else None
    made.append(_at_least("Kept", share, MIN_KEPT, "of the documents"))
    made.append(
        _at_least("Facts stated", total.must_present.value, MIN_STATED, "of must-mention facts")
    )
    made.append(
        _at_least("Denials stated", total.must_denied.value, MIN_DENIED, "of must-mention denials")
    )
    made.append(_at_most("Contradicted", total.contradicted.value, MAX_CONTRADICTED, "of facts"))
    made.append(_at_most("Off the case", total.off_case.value, MAX_OFF_CASE, "of concepts named"))
    median = total.model_written.median if total.model_written.count else None
    leaks = summary.measures.leaks
    made.append(
        Chip(
            "Leaks",
            f"{leaks.hits} of {leaks.total}" if leaks.total else "none",
            "plain" if not leaks.total else "watch" if leaks.hits else "good",
            "asked for: no kept document with an identifier that nothing planned",
        )
    )
    if summary.manifest.about.engine != _NO_MODEL:
        made.append(_at_least("Model wrote", median, MIN_MODEL, "of the median document's words"))
    return made


def _at_least(label: str, value: float | None, bound: float, of: str) -> Chip:
    state: Literal["good", "watch", "plain"] = "plain"
    if value is not None:
        state = "good" if value >= bound else "watch"
    return Chip(label, percent(value), state, f"asked for: at least {percent(bound)} {of}")


def _at_most(label: str, value: float | None, bound: float, of: str) -> Chip:
    state: Literal["good", "watch", "plain"] = "plain"
    if value is not None:
        state = "good" if value <= bound else "watch"
    return Chip(label, percent(value), state, f"asked for: at most {percent(bound)} {of}")


def percent(value: float | None) -> str:
    """A share as people write it; never rounded up to 100% or down to 0%."""
    if value is None:
        return "none"
    if value in (0, 1):
        return f"{value:.0%}"
    return f"{min(max(value, 0.001), 0.999):.1%}"


def bars(counted: Mapping[str, int]) -> list[Bar]:
    """Counts as bars, the most frequent first."""
    top = max(counted.values(), default=0)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [Bar(label, count, 100 * count / top if top else 0) for label, count in ordered]


def heat_map(summary: RunSummary) -> tuple[list[str], list[HeatRow]]:
    """Kinds, and chapters that have documents, with a shade that grows with the root."""
    kinds = [kind.kind for kind in summary.kinds if kind.kept]
    counted = {(c.row, c.column): c.count for c in summary.chapter_by_kind}
    top = max(counted.values(), default=0)
    rows = []
    for chapter in CHAPTERS:
        counts = [counted.get((str(chapter.number), kind), 0) for kind in kinds]
        if any(counts):
            cells = tuple(_shaded(n, top) for n in counts)
            rows.append(HeatRow(f"{chapter.number} {chapter.title}", cells, sum(counts)))
    return kinds, rows


def _shaded(count: int, top: int) -> HeatCell:
    return HeatCell(count, math.ceil(5 * math.sqrt(count / top)) if count else 0)


MOST_CODES = 15
"""Codes with rejects that are listed; `report.json` has more."""

SEXES = ("female", "male")


def age_map(summary: RunSummary) -> list[HeatRow]:
    """Patients by age band and sex (`SEXES`); every band is there, empty ones as well."""
    counted = {(c.row, c.column): c.count for c in summary.age_by_sex}
    top = max(counted.values(), default=0)
    rows = []
    for _, band in AGE_BANDS:
        counts = [counted.get((band, sex), 0) for sex in SEXES]
        rows.append(HeatRow(band, tuple(_shaded(n, top) for n in counts), sum(counts)))
    return rows


def axis_bars(summary: RunSummary, axis: Axis) -> list[AxisBar]:
    """Kept documents by value of an axis, with what was wanted of it where something was."""
    cells = [c for c in summary.coverage.cells if c.table == axis]
    top = max((max(c.kept, c.wanted or 0) for c in cells), default=0) or 1
    return [
        AxisBar(
            _titled(axis, c.row), c.kept, c.planned, c.wanted, 100 * c.kept / top,
            None if c.wanted is None else 100 * c.wanted / top,
        )
        for c in cells
    ]  # fmt: skip


def axes_shown(summary: RunSummary) -> list[tuple[Axis, list[AxisBar]]]:
    """Styles and personas, which nothing else here counts, and what the plan has shares of."""
    asked = {c.table for c in summary.coverage.cells if c.wanted is not None}
    return [
        (axis, bars)
        for axis in AXES
        if (axis in asked or axis in ("style", "persona")) and (bars := axis_bars(summary, axis))
    ]


def _titled(axis: Axis, value: str) -> str:
    if axis != "chapter":
        return value.replace("_", " ")
    return next((f"{c.number} {c.title}" for c in CHAPTERS if str(c.number) == value), value)


def length_bars(summary: RunSummary) -> list[LengthBar]:
    """Words in a document by kind, longest kind first."""
    kinds = sorted((k for k in summary.kinds if k.kept), key=lambda k: -k.words.median)
    top = max((k.words.p90 for k in kinds), default=0) or 1
    return [
        LengthBar(
            k.kind, f"{k.words.median:.0f}", f"{k.words.p10:.0f} to {k.words.p90:.0f}",
            100 * k.words.p10 / top, 100 * k.words.median / top, 100 * k.words.p90 / top,
        )
        for k in kinds
    ]  # fmt: skip


def screened(summary: RunSummary) -> list[tuple[str, int]]:
    """(what for, documents turned down) by the screens for identifiers and copies."""
    found = summary.rejected_by_any_reason
    return [(key, n) for key, n in found.items() if key.startswith(("phi/", "near_copies/"))]


def histogram(bins: tuple[tuple[float, int], ...], scale: float = 1) -> list[Bar]:
    """Bins as bars named by their bounds ("150 to 200"), bounds times `scale`."""
    top = max((count for _, count in bins), default=0)
    made, low = [], 0.0
    for high, count in bins:
        name = f"{low * scale:g} to {high * scale:g}"
        made.append(Bar(name, count, 100 * count / top if top else 0))
        low = high
    return made
