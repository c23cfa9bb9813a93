"""What a run amounts to: the numbers behind the terminal table, the card and the report."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from casewright._version import __version__
from casewright.outputs.agreement import Agreement, agreement_in
from casewright.outputs.chapters import CHAPTERS, chapter_of
from casewright.outputs.coverage import (
    AGE_BANDS,
    PLAN,
    CellTally,
    CodeRejects,
    Coverage,
    age_band,
    read_plan_record,
)
from casewright.outputs.files import write_atomic
from casewright.outputs.manifest import Counts, Manifest, read_manifest
from casewright.outputs.measures import Measures, Share, measure_run
from casewright.outputs.parts import reason_key
from casewright.outputs.row import plain
from casewright.outputs.stored import stored_tables

__all__ = [
    "AGE_BANDS",
    "CellCount",
    "KindSummary",
    "Quantiles",
    "RunSummary",
    "Share",
    "stored_summary",
    "summarise",
    "summary_json",
    "write_summary",
]

FORMAT = "casewright-report"
SUMMARY_VERSION = 1
"""Raised when a field goes or changes its meaning; fields may be added within a version."""

_START_SHIFT, _ROW_SHIFT = 27, 54
_Places: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]

# Parts of the wide columns, for most of a row is their strings, which nothing here reads.
_COLUMNS = [
    "kind", "style", "persona", "text", "case_id", "icd10.code", "icd10.title",
    "facts.duty", "facts.polarity", "facts.status",
    "entities.start", "entities.end", "off_spec.kind", "off_spec.start", "off_spec.end",
    "demographics", "provenance.repairs", "provenance.model_written", "outcome",
    "reasons.filter", "reasons.label",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Spread of a number over documents; all zero for none."""

    count: int = 0
    min: float = 0.0
    p10: float = 0.0
    median: float = 0.0
    p90: float = 0.0
    max: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> Quantiles:
        """Quantiles by linear interpolation."""
        if not len(values):
            return cls()
        low, p10, median, p90, high = np.quantile(values, [0, 0.1, 0.5, 0.9, 1]).tolist()
        return cls(len(values), low, p10, median, p90, high)


@dataclass(frozen=True, slots=True)
class KindSummary:
    """Documents of one kind. All but the counts are over kept documents.

    Attributes:
        words: words per document. model_written: the model's share of them.
        must_present, must_denied: must-mention facts stated, of those present or denied.
        contradicted: facts contradicted, of all facts checked.
        forbidden: must-not facts that are stated all the same, of all of those.
        off_case: concept mentions that the case does not hold, of all concept mentions.
    """

    kind: str
    kept: int
    rejected: int
    failed: int
    words: Quantiles
    model_written: Quantiles
    must_present: Share
    must_denied: Share
    contradicted: Share
    forbidden: Share
    off_case: Share


@dataclass(frozen=True, slots=True)
class CellCount:
    """Kept documents in a cell of a table (chapter by kind, age band by sex)."""

    row: str
    column: str
    count: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in numbers. Shares and lengths are over kept documents.

    Attributes:
        total: as for a kind, over all of them.
        kinds: by kind, in the order of their names.
        cases: distinct cases; codes: distinct principal codes.
        coverage: cells by chapter, age, sex, kind, style and persona, with what stayed empty.
        rejects_by_code: principal codes with rejects, the most first (100 at most).
        chapter_by_kind: row "10" (chapter number), column kind; empty cells left out.
        age_by_sex: row an age band, column a sex; each case counts once.
        rejected_by_reason: by first reason, adds up to the rejected.
        rejected_by_any_reason: documents that have the reason at all; may add up to more.
        words_histogram, model_written_histogram: (upper bound, documents) per bin.
        repairs: documents with at least one repair, of all kept.
        agreement: whether the kept documents of each case say the same.
        tokens_per_second: completion tokens over the wall-clock time of all sessions.
        measures: lengths, diversity, grounding and privacy of a sample of the kept documents.
    """

    run: str
    manifest: Manifest
    counts: Counts
    total: KindSummary
    kinds: tuple[KindSummary, ...]
    cases: int
    codes: int
    coverage: Coverage
    rejects_by_code: tuple[CodeRejects, ...]
    chapter_by_kind: tuple[CellCount, ...]
    age_by_sex: tuple[CellCount, ...]
    rejected_by_reason: Mapping[str, int]
    rejected_by_any_reason: Mapping[str, int]
    failed_by_reason: Mapping[str, int]
    words_histogram: tuple[tuple[float, int], ...]
    model_written_histogram: tuple[tuple[float, int], ...]
    repairs: Share
    words: int
    seconds: float
    agreement: Agreement
    tokens_per_second: float | None
    measures: Measures = field(default_factory=Measures)


@dataclass
class _Tally:
    """Running sums for one kind."""

    outcomes: Counter[str] = field(default_factory=Counter)
    words: list[int] = field(default_factory=list)
    model: list[float] = field(default_factory=list)
    facts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    concepts: int = 0
    off_case: int = 0

    def __iadd__(self, other: _Tally) -> _Tally:
        self.outcomes += other.outcomes
        self.words += other.words
        self.model += other.model
        self.facts += other.facts
        self.concepts += other.concepts
        self.off_case += other.off_case
        return self

    def summary(self, kind: str) -> KindSummary:
        def share(status: str, duty: str = "", polarity: str = "") -> Share:
            chosen = {
                key: n
                for key, n in self.facts.items()
                if (not duty or key[0] == duty) and (not polarity or key[1] == polarity)
            }
            hits = sum(n for (_, _, found), n in chosen.items() if found == status)
            return Share.of(hits, sum(chosen.values()))

        return KindSummary(
            kind=kind,
            kept=self.outcomes["kept"],
            rejected=self.outcomes["rejected"],
            failed=self.outcomes["failed"],
            words=Quantiles.of(self.words),
            model_written=Quantiles.of(self.model),
            must_present=share("stated", "must", "present"),
            must_denied=share("stated", "must", "denied"),
            contradicted=share("contradicted"),
            forbidden=share("forbidden", "must_not"),
            off_case=Share.of(self.off_case, self.concepts),
        )


def summarise(run: str | Path) -> RunSummary:
    """Count everything in a run, finished or not.

    Raises:
        CasewrightError: it is no run directory, or a file of it is damaged.
    """
    run = Path(run)
    manifest = read_manifest(run)
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    chapters: Counter[tuple[str, str]] = Counter()
    patients: dict[str, tuple[str, str]] = {}
    codes: set[str] = set()
    first, every, failed = Counter[str](), Counter[str](), Counter[str]()
    repaired = 0
    cells = CellTally()
    for side, table in stored_tables(run, _COLUMNS):
        cells.count(table)
        kinds = table["kind"].to_pylist()
        if side == "rest":
            _count_rest(table, kinds, tallies, (first, every, failed))
            continue
        _count_kept(table, kinds, tallies)
        repairs = pc.struct_field(table["provenance"], "repairs")
        repaired += int(pc.sum(pc.greater(repairs, 0)).as_py() or 0)
        _count_patients(table, patients)
        for kind, diagnoses in zip(kinds, table["icd10"].to_pylist(), strict=True):
            if diagnoses:
                codes.add(diagnoses[0]["code"])
                chapter = chapter_of(diagnoses[0]["code"])
                if chapter is not None:
                    chapters[str(chapter.number), kind] += 1
    total = _Tally()
    for kind in sorted(tallies):
        total += tallies[kind]
    outcomes = total.outcomes
    counts = Counts(
        manifest.counts.planned, outcomes["kept"], outcomes["rejected"], outcomes["failed"]
    )
    return RunSummary(
        run=run.resolve().name,
        manifest=manifest,
        counts=counts,
        total=total.summary("all"),
        kinds=tuple(tallies[kind].summary(kind) for kind in sorted(tallies)),
        cases=len(patients),
        codes=len(codes),
        coverage=cells.coverage(read_plan_record(run)),
        rejects_by_code=cells.rejects_by_code(),
        chapter_by_kind=_cells(chapters, [str(c.number) for c in CHAPTERS]),
        age_by_sex=_cells(Counter(patients.values()), [name for _, name in AGE_BANDS]),
        rejected_by_reason=dict(first.most_common()),
        rejected_by_any_reason=dict(every.most_common()),
        failed_by_reason=dict(failed.most_common()),
        words_histogram=_histogram(total.words, _word_edges(total.words)),
        model_written_histogram=_histogram(total.model, np.linspace(0, 1, 11)),
        repairs=Share.of(repaired, counts.kept),
        words=sum(total.words),
        seconds=manifest.seconds,
        tokens_per_second=(
            manifest.usage.completion_tokens / manifest.seconds
            if manifest.seconds and manifest.usage.completion_tokens
            else None
        ),
        measures=measure_run(run),
        agreement=agreement_in(run, counts.kept),
    )


def summary_json(summary: RunSummary) -> str:
    """The summary under a format name and version: what `report.json` holds (docs/report.md)."""
    head = {"format": FORMAT, "format_version": SUMMARY_VERSION, "casewright": __version__}
    value = {**head, **plain(summary)}
    return json.dumps(value, indent=2, ensure_ascii=False)


def stored_summary(run: Path) -> RunSummary | None:
    """The summary that `report.json` of a run holds; None if it is not that of the run now.

    It is if this version wrote it after the run's last change. Reading it takes a moment where
    `summarise` goes through every document.
    """
    path = run / "report.json"
    manifest = read_manifest(run)
    try:
        if path.stat().st_mtime_ns < max(p.stat().st_mtime_ns for p in _made_of(run)):
            return None
        raw = json.loads(path.read_bytes())
        if raw.pop("format") != FORMAT or raw.pop("format_version") != SUMMARY_VERSION:
            return None
        if raw.pop("casewright") != __version__:
            return None
        found = _adapter().validate_python(raw)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return found if found.manifest == manifest else None


def _made_of(run: Path) -> list[Path]:
    """The files whose change makes a summary old."""
    folders = (run / "documents", run / "rejects", run / "journal")
    plan = [p for p in (run / PLAN,) if p.exists()]
    return [
        run / "manifest.json",
        *plan,
        *(p for f in folders if f.is_dir() for p in (f, *f.iterdir())),
    ]


@cache
def _adapter() -> TypeAdapter[RunSummary]:
    return TypeAdapter(RunSummary)


def write_summary(summary: RunSummary, path: Path) -> None:
    """Write `report.json`."""
    write_atomic(path, summary_json(summary) + "\n")


def _count_rest(
    table: pa.Table,
    kinds: list[str],
    tallies: Mapping[str, _Tally],
    counters: tuple[Counter[str], Counter[str], Counter[str]],
) -> None:
    first, every, failed = counters
    columns = (kinds, table["outcome"].to_pylist(), table["reasons"].to_pylist())
    for kind, outcome, reasons in zip(*columns, strict=True):
        tallies[kind].outcomes[outcome] += 1
        keys = [reason_key(r["filter"], r["label"]) for r in reasons] or ["unspecified"]
        if outcome == "failed":
            failed[keys[0]] += 1
        else:
            first[keys[0]] += 1
            every.update(set(keys))


def _count_kept(table: pa.Table, kinds: list[str], tallies: Mapping[str, _Tally]) -> None:
    words = pc.list_value_length(pc.utf8_split_whitespace(pc.utf8_trim_whitespace(table["text"])))
    model = pc.struct_field(table["provenance"], "model_written")
    columns = (kinds, words.to_pylist(), model.to_pylist())
    for kind, count, share in zip(*columns, strict=True):
        tally = tallies[kind]
        tally.outcomes["kept"] += 1
        tally.words.append(count)
        if share is not None:
            tally.model.append(share)
    owners, facts = _flat(table["facts"])
    fields = {n: pc.struct_field(facts, n) for n in ("duty", "polarity", "status")}
    counted = (
        pa.table({"kind": table["kind"].combine_chunks().take(owners), **fields})
        .group_by(["kind", *fields])
        .aggregate([([], "count_all")])
    )
    for kind, duty, polarity, status, n in zip(
        *(counted[name].to_pylist() for name in ("kind", *fields, "count_all")), strict=True
    ):
        tallies[kind].facts[duty, polarity, status] += n
    # A concept off the case may stand among the entities too: count each place once.
    owners, strays = _flat(table["off_spec"])
    is_concept = pc.equal(pc.struct_field(strays, "kind"), "concept").to_numpy(False)
    off = _places(owners, strays)[is_concept]
    named = _places(*_flat(table["entities"]))
    for places, name in ((np.concatenate([named, off]), "concepts"), (off, "off_case")):
        per_row = np.bincount(np.unique(places) >> _ROW_SHIFT, minlength=len(kinds))
        for kind, n in zip(kinds, per_row.tolist(), strict=True):
            setattr(tallies[kind], name, getattr(tallies[kind], name) + n)


def _flat(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """The row that each item of a list column is of, and the items."""
    array = pa.concat_arrays(column.chunks)
    return pc.list_parent_indices(array), pc.list_flatten(array)


def _places(owners: pa.Array, items: pa.Array) -> _Places:
    """Row, start and end of each item as one number.

    Rows are below 2**9 (`stored.BATCH`), offsets below 2**27 (a text of 134 million characters).
    """
    starts = pc.struct_field(items, "start").to_numpy(False).astype(np.int64)
    ends = pc.struct_field(items, "end").to_numpy(False).astype(np.int64)
    rows = owners.to_numpy(False).astype(np.int64)
    places: _Places = (rows << _ROW_SHIFT) | (starts << _START_SHIFT) | ends
    return places


def _count_patients(table: pa.Table, patients: dict[str, tuple[str, str]]) -> None:
    rows = zip(table["case_id"].to_pylist(), table["demographics"].to_pylist(), strict=True)
    for case_id, who in rows:
        if who is not None and case_id not in patients:
            patients[case_id] = (age_band(who["age_years"]), who["sex"])


def _cells(counted: Counter[tuple[str, str]], order: list[str]) -> tuple[CellCount, ...]:
    ranked = sorted(counted.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    return tuple(CellCount(row, column, count) for (row, column), count in ranked)


def _word_edges(words: Sequence[int]) -> Sequence[float]:
    """Ten bins of a round width up to the longest document."""
    top = max(words, default=0)
    width = next(w for w in (10, 20, 25, 50, 100, 200, 250, 500, 1000, top) if w * 12 >= top)
    return [width * i for i in range(int(top // width) + 2)]


def _histogram(
    values: Sequence[float], edges: Sequence[float] | np.ndarray[Any, Any]
) -> tuple[tuple[float, int], ...]:
    counted, bounds = np.histogram(values, bins=np.asarray(edges, dtype=float))
    return tuple((round(float(b), 6), int(n)) for b, n in zip(bounds[1:], counted, strict=True))
