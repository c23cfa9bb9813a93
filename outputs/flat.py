"""A run as plain JSONL and CSV, for readers without tooling."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from casewright.outputs.card import CardConfig, CardInfo, CardSplit
from casewright.outputs.exporting import exporting
from casewright.outputs.hf import TASKS
from casewright.outputs.splits import SPLITS, Division, Split, SplitPlan
from casewright.outputs.stored import stored_tables

__all__ = ["export_csv", "export_jsonl", "guarded"]

_FORMULA = frozenset("=+-@\t\r＝＋－＠")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")

DOCUMENT_COLUMNS = (
    "document_id", "case_id", "kind", "split", "text", "principal_code", "principal_title",
    "secondary_codes", "age_years", "age_months", "sex", "setting", "persona", "style", "model",
    "model_written",
)  # fmt: skip
FACT_COLUMNS = (
    "document_id", "fact_id", "type", "concept", "name", "code", "value", "unit", "polarity",
    "duty", "status", "start", "end", "text",
)  # fmt: skip
ENTITY_COLUMNS = (
    "document_id", "start", "end", "text", "label", "assertion", "code", "fact_id",
)  # fmt: skip
PHI_COLUMNS = ("document_id", "start", "end", "type", "text")


def export_jsonl(
    run: str | Path,
    dest: str | Path,
    *,
    info: CardInfo | None = None,
    splits: SplitPlan | None = None,
    benchmarks: Sequence[Path] = (),
) -> Path:
    """Export a run's kept documents as `train.jsonl` and so on, one row a line, in plan order.

    Raises:
        CasewrightError: as for `export_hf`.
    """
    sizes: Counter[Split] = Counter()
    begun = exporting(run, dest, info=info, splits=splits, benchmarks=benchmarks)
    with begun as export, ExitStack() as stack:
        folder = export.folder
        files: dict[Split, TextIO] = {}
        for split, row in _rows(export.run, export.division):
            if split not in files:
                path = folder / f"{split}.jsonl"
                files[split] = stack.enter_context(path.open("w", encoding="utf-8"))
            files[split].write(json.dumps(row, ensure_ascii=False) + "\n")
            sizes[split] += 1
        for file in files.values():
            file.close()
        made = [
            CardSplit(s, f"{s}.jsonl", sizes[s], (folder / f"{s}.jsonl").stat().st_size)
            for s in SPLITS
            if s in sizes
        ]
        export.describe([CardConfig("documents", made, default=True)], TASKS, "jsonl")
    return Path(dest)


def export_csv(
    run: str | Path,
    dest: str | Path,
    *,
    info: CardInfo | None = None,
    splits: SplitPlan | None = None,
    benchmarks: Sequence[Path] = (),
) -> Path:
    """Export a run's kept documents as CSV tables (RFC 4180, UTF-8, with a header).

    `documents.csv` has one row a document with its `split`; `facts.csv`, `entities.csv` and
    `phi.csv` one row a label. A cell that a spreadsheet would take for a formula begins with an
    apostrophe (see `guarded`).

    Raises:
        CasewrightError: as for `export_hf`.
    """
    sizes: Counter[Split] = Counter()
    with exporting(run, dest, info=info, splits=splits, benchmarks=benchmarks) as export:
        folder = export.folder
        with ExitStack() as stack:

            def table(name: str, columns: Sequence[str]) -> _GuardedWriter:
                path = folder / f"{name}.csv"
                file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                return _GuardedWriter(file, columns)

            documents = table("documents", DOCUMENT_COLUMNS)
            facts = table("facts", FACT_COLUMNS)
            entities = table("entities", ENTITY_COLUMNS)
            phi = table("phi", PHI_COLUMNS)
            for split, row in _rows(export.run, export.division):
                sizes[split] += 1
                documents.writerow(_document(row, split))
                facts.writerows(_facts(row))
                of_document = {"document_id": row["document_id"]}
                entities.writerows({**of_document, **entity} for entity in row["entities"])
                phi.writerows({**of_document, **item} for item in row["phi"])
        made = [CardSplit(s, "documents.csv", sizes[s], 0) for s in SPLITS if s in sizes]
        export.describe([CardConfig("documents", made)], TASKS, "csv")
    return Path(dest)


def guarded(value: object) -> object:
    """A cell that no spreadsheet takes for a formula.

    Text that begins with one of = + - @, a tab or a carriage return is given a leading
    apostrophe, as OWASP's page on CSV injection advises; a plain number keeps its sign. Spaces
    and the quotation mark of the reader do not hide the character from all programs, so what
    follows leading blanks counts too.
    """
    if not isinstance(value, str) or not value:
        return value
    bare = value.lstrip(" \n\v\f\xa0\ufeff")
    # Full-width forms are folded to the plain ones by some programs.
    if bare[:1] in _FORMULA and not _NUMBER.fullmatch(value):
        return "'" + value
    return value


class _GuardedWriter:
    """A `csv.DictWriter` whose every cell passes `guarded`; columns not named are left out."""

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        self._columns = columns
        self._writer = csv.writer(file)
        self._writer.writerow(columns)

    def writerow(self, row: Mapping[str, object]) -> None:
        self._writer.writerow([guarded(row.get(name)) for name in self._columns])

    def writerows(self, rows: Iterable[Mapping[str, object]]) -> None:
        for row in rows:
            self.writerow(row)


def _rows(run: Path, division: Division) -> Iterator[tuple[Split, dict[str, Any]]]:
    exported = iter(division.exported.tolist())
    for side, table in stored_tables(run):
        if side == "kept":
            for row in table.to_pylist():
                if next(exported):
                    yield division.side(row["case_id"]), row


def _document(row: dict[str, Any], split: Split) -> dict[str, Any]:
    principal = row["icd10"][0] if row["icd10"] else {"code": None, "title": None}
    return {
        **row,
        **(row["demographics"] or {}),
        "split": split,
        "principal_code": principal["code"],
        "principal_title": principal["title"],
        "secondary_codes": " ".join(d["code"] for d in row["icd10"][1:]),
        "model": (row["provenance"] or {}).get("model"),
        "model_written": (row["provenance"] or {}).get("model_written"),
    }


def _facts(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for fact in row["facts"]:
        for span in fact["spans"] or [None]:
            place = {**span, "text": row["text"][span["start"] : span["end"]]} if span else {}
            yield {**fact, "document_id": row["document_id"], **place}
