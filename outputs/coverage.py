"""Coverage: how a run's documents fall into cells, and which cells stayed empty.

A cell is a value on one axis (chapter, age band, sex, kind, style, persona), or a pair of values
(chapter by kind, age band by sex). What was wanted of an axis' values, and what the planner
could not find, stands in the run's `plan.json`; everything else is counted from the stored rows.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from casewright.errors import CasewrightError
from casewright.outputs.chapters import CHAPTERS, chapter_of
from casewright.outputs.files import write_atomic
from casewright.outputs.parts import reason_key
from casewright.outputs.row import plain

__all__ = [
    "AGE_BANDS",
    "AXES",
    "PLAN",
    "Axis",
    "Cell",
    "CellTally",
    "CodeRejects",
    "Coverage",
    "EmptyCell",
    "PlanRecord",
    "Shortfall",
    "TopUp",
    "age_band",
    "empty_lines",
    "read_plan_record",
    "write_plan_record",
]

Axis = Literal["chapter", "age", "sex", "kind", "style", "persona"]
AXES: tuple[Axis, ...] = ("chapter", "age", "sex", "kind", "style", "persona")
PLAN = "plan.json"

AGE_BANDS: tuple[tuple[int, str], ...] = (
    (0, "0-4"), (5, "5-11"), (12, "12-17"), (18, "18-34"), (35, "35-49"),
    (50, "50-64"), (65, "65-74"), (75, "75-84"), (85, "85+"),
)  # fmt: skip
"""First age and name of each band."""

_PAIRS: tuple[tuple[str, Axis, Axis], ...] = (
    ("chapter_by_kind", "chapter", "kind"),
    ("age_by_sex", "age", "sex"),
)
_MOST_CODES = 100


def age_band(years: int) -> str:
    """The name of the band of an age in completed years."""
    return [name for start, name in AGE_BANDS if years >= start][-1]


# ---------------------------------------------------------------------------- the plan on record


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A value that the plan could not fill: `planned` of `wanted`, and why."""

    axis: Axis
    value: str
    wanted: int
    planned: int
    why: str


@dataclass(frozen=True, slots=True)
class TopUp:
    """A later pass over the plan: the documents that it added, as (case index, kind, variant).

    `cases_seen` counts the cases that all passes so far have looked at.
    """

    documents: tuple[tuple[int, str, str], ...]
    cases_seen: int
    short: tuple[Shortfall, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """`plan.json`: what the planner was asked for and what it could not find.

    Attributes:
        documents: of the first pass, which is a function of configuration and seed alone.
        wanted: documents by axis and value; axes that were left to chance are not in it.
        cases_seen: candidate cases that the first pass looked at.
        top_ups: later passes, in order. They follow from what the run had kept when they were
            made, so they are put on record here and never computed again.
    """

    documents: int
    wanted: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    cases_seen: int = 0
    short: tuple[Shortfall, ...] = ()
    top_ups: tuple[TopUp, ...] = ()


@cache
def _adapter() -> TypeAdapter[PlanRecord]:
    return TypeAdapter(PlanRecord)


def read_plan_record(run: Path) -> PlanRecord | None:
    """The plan on record; None for a run that was made without.

    Raises:
        CasewrightError: the file is damaged.
    """
    path = run / PLAN
    try:
        return _adapter().validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as err:
        raise CasewrightError(
            f"the plan on record cannot be read: {str(err).splitlines()[0]}",
            where=path,
            fix="restore the file from where the run was made",
        ) from err


def write_plan_record(record: PlanRecord, run: Path) -> None:
    """Write `plan.json`, atomically."""
    text = json.dumps(plain(record), indent=1, ensure_ascii=False)
    write_atomic(run / PLAN, text + "\n")


# ---------------------------------------------------------------------------- what a run holds


@dataclass(frozen=True, slots=True)
class Cell:
    """Documents of a cell.

    Attributes:
        table: an axis, "chapter_by_kind" or "age_by_sex".
        row, column: its values; `column` is empty in the table of one axis. A chapter is its
            number ("10").
        wanted: documents that the configuration asked for; None where it asked for nothing.
        planned: all of them, whatever became of them.
    """

    table: str
    row: str
    column: str
    wanted: int | None
    planned: int
    kept: int
    rejected: int
    failed: int


@dataclass(frozen=True, slots=True)
class EmptyCell:
    """A cell without a kept document, and why it stayed empty."""

    table: str
    row: str
    column: str
    why: str


@dataclass(frozen=True, slots=True)
class CodeRejects:
    """What became of the documents with a principal code, for codes with a reject.

    `reasons` are the first reasons of its rejects, the commonest first.
    """

    code: str
    title: str
    planned: int
    kept: int
    rejected: int
    failed: int
    share: float
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Cells of a run.

    Attributes:
        cells: those with a planned document or a wanted share, table by table.
        empty: values and pairs without a kept document.
        short: what the planner could not find, of the first pass and of top-ups.
        topped_up: documents that later passes added.
    """

    cells: tuple[Cell, ...]
    empty: tuple[EmptyCell, ...]
    short: tuple[Shortfall, ...]
    topped_up: int


@dataclass
class CellTally:
    """Counts documents by cell, a stored table at a time."""

    outcomes: defaultdict[tuple[str, str, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    reasons: defaultdict[tuple[str, str, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    codes: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    code_reasons: defaultdict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    titles: dict[str, str] = field(default_factory=dict)

    def count(self, table: pa.Table) -> None:
        """Count the documents of a table from `stored_tables`."""
        names = ("kind", "style", "persona", "demographics", "icd10")
        columns = [table[name].to_pylist() for name in names]
        size = table.num_rows
        there = set(table.column_names)
        outcomes = table["outcome"].to_pylist() if "outcome" in there else ["kept"] * size
        reasons = table["reasons"].to_pylist() if "reasons" in there else [[]] * size
        for kind, style, persona, who, diagnoses, outcome, why in zip(
            *columns, outcomes, reasons, strict=True
        ):
            values = _values(kind, style, persona, who, diagnoses)
            found = [reason_key(r["filter"], r["label"]) for r in why[:1]]
            for cell in _cells_of(values):
                self.outcomes[cell][outcome] += 1
                self.reasons[cell].update(found)
            if diagnoses:
                code = diagnoses[0]["code"]
                self.codes[code][outcome] += 1
                self.titles.setdefault(code, diagnoses[0].get("title") or "")
                if outcome == "rejected":
                    self.code_reasons[code].update(found or ["unspecified"])

    def kept(self, axis: Axis) -> Counter[str]:
        """Kept documents by value of an axis."""
        return Counter(
            {row: n["kept"] for (table, row, _), n in self.outcomes.items() if table == axis}
        )

    def planned(self, axis: Axis) -> Counter[str]:
        """All documents by value of an axis."""
        return Counter(
            {row: n.total() for (table, row, _), n in self.outcomes.items() if table == axis}
        )

    def coverage(self, record: PlanRecord | None) -> Coverage:
        """The cells, held against what was wanted."""
        wanted = record.wanted if record is not None else {}
        short = _all_short(record)
        for axis, values in wanted.items():
            for value in values:
                _ = self.outcomes[axis, value, ""]  # a cell that nothing fell into shows too
        cells = tuple(
            Cell(
                table, row, column, wanted.get(table, {}).get(row),
                n.total(), n["kept"], n["rejected"], n["failed"],
            )
            for (table, row, column), n in sorted(self.outcomes.items(), key=_cell_order)
        )  # fmt: skip
        return Coverage(
            cells=cells,
            empty=tuple(self._empty(short)),
            short=short,
            topped_up=sum(len(t.documents) for t in record.top_ups) if record else 0,
        )

    def rejects_by_code(self) -> tuple[CodeRejects, ...]:
        """Codes with rejects: the most rejects first, then the larger share."""
        found = [
            CodeRejects(
                code, self.titles[code], n.total(), n["kept"], n["rejected"], n["failed"],
                n["rejected"] / n.total(), dict(self.code_reasons[code].most_common()),
            )
            for code, n in self.codes.items()
            if n["rejected"]
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda c: (-c.rejected, -c.share, c.code))[:_MOST_CODES])

    def _empty(self, short: Iterable[Shortfall]) -> Iterable[EmptyCell]:
        explained = {(s.axis, s.value): s.why for s in short}
        for axis, universe in self._universes():
            for value in universe:
                why = self._why_empty((axis, value, ""), explained.get((axis, value)))
                if why:
                    yield EmptyCell(axis, value, "", why)
        for table, rows, columns in _PAIRS:
            for row in self._seen(rows):
                for column in self._seen(columns):
                    why = self._why_empty((table, row, column), None)
                    if why:
                        yield EmptyCell(table, row, column, why)

    def _universes(self) -> Iterable[tuple[Axis, list[str]]]:
        for axis in AXES:
            seen = self._seen(axis)
            if axis == "age":
                seen = [name for _, name in AGE_BANDS]
            elif axis == "sex":
                seen = ["female", "male"]
            elif axis == "chapter":
                # Chapter 20 holds what comes with a code, never a reason to come.
                seen = [str(c.number) for c in CHAPTERS if c.number != _EXTERNAL_CAUSES]
            yield axis, seen

    def _seen(self, axis: Axis) -> list[str]:
        rows = [row for table, row, _ in self.outcomes if table == axis]
        return sorted(rows, key=lambda row: _value_order(axis, row))

    def _why_empty(self, cell: tuple[str, str, str], short: str | None) -> str | None:
        outcomes = self.outcomes.get(cell, Counter())
        if outcomes["kept"]:
            return None
        if not outcomes.total():
            return short or "no document of it was planned"
        reason = self.reasons[cell].most_common(1)
        most = f", most often for {reason[0][0]}" if reason else ""
        lost = " and ".join(f"{outcomes[o]} {o}" for o in ("rejected", "failed") if outcomes[o])
        return f"{outcomes.total()} planned, {lost}{most}"


_EXTERNAL_CAUSES = 20


def _all_short(record: PlanRecord | None) -> tuple[Shortfall, ...]:
    if record is None:
        return ()
    return (*record.short, *(s for t in record.top_ups for s in t.short))


def _values(
    kind: str,
    style: str | None,
    persona: str | None,
    who: Mapping[str, Any] | None,
    diagnoses: list[Mapping[str, Any]] | None,
) -> dict[str, str]:
    values = {"kind": kind or "", "style": style or "", "persona": persona or ""}
    if who is not None:
        values |= {"age": age_band(who["age_years"]), "sex": who["sex"]}
    if diagnoses and (chapter := chapter_of(diagnoses[0]["code"])) is not None:
        values["chapter"] = str(chapter.number)
    return {axis: value for axis, value in values.items() if value}


def _cells_of(values: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    for axis, value in values.items():
        yield axis, value, ""
    for table, row, column in _PAIRS:
        if row in values and column in values:
            yield table, values[row], values[column]


_TABLES = [*AXES, *(table for table, _, _ in _PAIRS)]
_AGES = {name: place for place, (_, name) in enumerate(AGE_BANDS)}


def _value_order(axis: str, value: str) -> tuple[int, str]:
    if axis in ("chapter", "chapter_by_kind"):
        return int(value) if value.isdigit() else 99, value
    return _AGES.get(value, 0), value


def _cell_order(item: tuple[tuple[str, str, str], object]) -> tuple[int, tuple[int, str], str]:
    table, row, column = item[0]
    return _TABLES.index(table), _value_order(table, row), column


def empty_lines(empty: Iterable[EmptyCell]) -> list[str]:
    """Values without a kept document in a line for each axis and cause; pairs are counted."""
    values: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    pairs: Counter[str] = Counter()
    for cell in empty:
        if cell.column:
            pairs[cell.table.replace("_", " ")] += 1
        else:
            values[cell.table, cell.why].append(cell.row.replace("_", " "))
    lines = [f"{axis} {', '.join(rows)}: {why}" for (axis, why), rows in values.items()]
    return [*lines, *(f"{count} cells of {table}" for table, count in pairs.items())]
