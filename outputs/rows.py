"""Rows as bytes: the Arrow schema, and reading Parquet or JSONL back into `Row` records.

Reading is where bytes enter, so every value is validated (pydantic) and every mistake is
reported with its file and line.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from casewright.errors import CasewrightError, Problem
from casewright.outputs.row import (
    Attribute,
    Outcome,
    Row,
    RowFact,
    RowProvenance,
    Score,
    check_evidence,
    check_row,
    demographics_of,
    facts_of,
    failed_row,
    plain,
    problems_of,
    row_of,
    turns_of,
)

__all__ = [
    "DOCUMENTS_SCHEMA",
    "REJECTS_SCHEMA",
    "Attribute",
    "Outcome",
    "Row",
    "RowFact",
    "RowProvenance",
    "Score",
    "check_evidence",
    "check_row",
    "conform",
    "demographics_of",
    "facts_of",
    "failed_row",
    "plain",
    "problems_of",
    "read_rows",
    "row_files",
    "row_from_plain",
    "row_of",
    "table_of",
    "turns_of",
]

MAX_PROBLEMS = 20
"""Problems listed for one input; the count of the others is given."""

_string, _int = pa.string(), pa.int32()


def _list(**fields: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct(list(fields.items())))


DOCUMENTS_SCHEMA: pa.Schema = pa.schema(
    {
        "document_id": _string,
        "text": _string,
        "facts": _list(
            fact_id=_string,
            type=_string,
            concept=_string,
            name=_string,
            code=_string,
            value=_string,
            unit=_string,
            polarity=_string,
            duty=_string,
            status=_string,
            why=_string,
            spans=_list(start=_int, end=_int),
            attributes=_list(name=_string, value=_string),
        ),
        "case_id": _string,
        "kind": _string,
        "document_index": pa.int64(),
        "turns": _list(role=_string, text=_string, start=_int, end=_int),
        "icd10": _list(code=_string, title=_string, role=_string),
        "entities": _list(
            start=_int,
            end=_int,
            text=_string,
            label=_string,
            assertion=_string,
            code=_string,
            fact_id=_string,
        ),
        "relations": _list(
            type=_string,
            start=_int,
            end=_int,
            text=_string,
            of_start=_int,
            of_end=_int,
        ),
        "code_support": _list(
            code=_string, supported=pa.bool_(), spans=_list(start=_int, end=_int)
        ),
        "off_spec": _list(
            kind=_string,
            start=_int,
            end=_int,
            text=_string,
            concept=_string,
            polarity=_string,
            why=_string,
        ),
        "phi": _list(start=_int, end=_int, type=_string, text=_string),
        "demographics": pa.struct(
            [("age_years", _int), ("sex", _string), ("age_months", _int)],
        ),
        "setting": _string,
        "persona": _string,
        "style": _string,
        "provenance": pa.struct(
            [
                ("prompt_name", _string),
                ("prompt_version", _int),
                ("prompt_hash", _string),
                ("model", _string),
                ("engine", _string),
                ("temperature", pa.float64()),
                ("top_p", pa.float64()),
                ("max_tokens", _int),
                ("request_seed", pa.int64()),  # derive_seed gives 63 bits
                ("attempts", _int),
                ("repairs", _int),
                ("model_written", pa.float64()),
                ("graph_version", _string),
                ("casewright_version", _string),
                ("scores", _list(name=_string, value=pa.float64())),
                ("granularity", _string),
                ("decoding", _string),
            ]
        ),
        "tags": pa.list_(_string),
        "patient_id": _string,
        "encounter": _int,
        "partner_case_id": _string,
        "clean_text": _string,
        "noise": _list(
            kind=_string,
            start=_int,
            end=_int,
            text=_string,
            clean_start=_int,
            clean_end=_int,
            clean_text=_string,
            fact_id=_string,
            untrue=pa.bool_(),
            source=_string,
        ),
        "variant_of": _string,
        "disclosure": _list(fact_id=_string, outcome=_string, said=_string, by=_string),
        "first_draft": _string,
        "rejected_drafts": _list(
            piece_id=_string,
            error_class=_string,
            problem=_string,
            text=_string,
            kept=_string,
        ),
    }
)
"""Columns of `documents/part-*.parquet` and of the exports, in the order of `Row`."""

REJECTS_SCHEMA: pa.Schema = pa.schema(
    [
        *DOCUMENTS_SCHEMA,
        pa.field("outcome", _string),
        pa.field(
            "reasons",
            _list(
                filter=_string,
                label=_string,
                message=_string,
                score=pa.float64(),
                evidence=_list(start=_int, end=_int, text=_string, note=_string),
            ),
        ),
    ]
)
"""Columns of `rejects/part-*.parquet`: those of the documents, the outcome and the reasons."""


def table_of(rows: Iterable[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows in plain form as an Arrow table."""
    return pa.Table.from_pylist(list(rows), schema=schema)


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the schema's columns in its order; those that it lacks are null.

    Runs written before a column, or a part of one, was thought of are read as if it had been
    empty.
    """
    return pa.table([_column(table, field) for field in schema], schema=schema)


def _column(table: pa.Table, field: pa.Field) -> pa.Array | pa.ChunkedArray:
    if field.name not in table.column_names:
        return pa.nulls(table.num_rows, field.type)
    column = table[field.name]
    if column.type == field.type or not pa.types.is_nested(field.type):
        return column
    return pa.array(column.to_pylist(), type=field.type)


@cache
def _adapter() -> TypeAdapter[Row]:
    return TypeAdapter(Row)


def row_from_plain(value: dict[str, Any]) -> Row:
    """Validate a row in plain form. Unknown columns are ignored; null means the default.

    Raises:
        pydantic.ValidationError: with every field that is wrong.
    """
    return _adapter().validate_python(_without_none(value))


def row_files(path: Path) -> list[Path]:
    """The row files behind a path: itself, those of a run or a dataset, or a folder's by name.

    A folder is searched with its subfolders for Parquet first and JSONL where there is none.

    Raises:
        CasewrightError: nothing is there, or nothing in it holds rows.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CasewrightError(
            "there is no such file or folder",
            where=path,
            valid="a Parquet or JSONL file of rows, a folder of them, or a run directory",
        )
    dataset = (path / "SHA256SUMS").is_file() and (path / "documents").is_dir()
    root = path / "documents" if dataset or (path / "manifest.json").is_file() else path
    for suffixes in (("*.parquet",), ("*.jsonl", "*.jsonl.gz")):
        found = sorted(
            p
            for suffix in suffixes
            for p in root.rglob(suffix)
            if p.is_file() and not p.name.startswith(".")
        )
        if found:
            return found
    raise CasewrightError(
        "the folder holds no rows",
        where=root,
        valid="*.parquet or *.jsonl files in the row form",
        fix="finish the build first (start it again with the same command)"
        if root is not path
        else None,
    )


def read_rows(path: str | Path, *, check_spans: bool = True) -> Iterator[Row]:
    """Read rows from a Parquet or JSONL file (`.gz` too), a folder of them, or a run.

    Rows come in file order. After the first mistake no more rows are given; the rest of
    the input is still checked, so that one error names every problem (the first 20).

    Args:
        path: where to read. Of a run directory, the kept documents.
        check_spans: also require that every recorded text stands where its span says.
            Off for checking documents whose spans are not to be trusted.

    Raises:
        CasewrightError: with file and line (for Parquet: file and row) of every problem.
    """
    problems: list[Problem] = []
    count = 0
    seen: dict[str, str] = {}
    for file in row_files(Path(path)):
        for item in _read_file(file):
            found, row = _validate(item, check_spans)
            if row is not None:
                first = seen.setdefault(row.document_id, f"{file.name}:{item.line}")
                if first != f"{file.name}:{item.line}":
                    found = [
                        Problem(
                            f"document_id {row.document_id!r} was already used at {first}",
                            file,
                            item.line,
                            fix="give every document an id of its own",
                        )
                    ]
            count += len(found)
            problems.extend(found[: MAX_PROBLEMS - len(problems)])
            if row is not None and not count:
                yield row
    if problems:
        more = f" (the first {len(problems)} of {count})" if count > len(problems) else ""
        raise CasewrightError(f"rows that cannot be read{more}", problems=problems)


@dataclass(frozen=True, slots=True)
class _Item:
    """A row not yet validated, or what is wrong with its bytes; `line` counts from 1."""

    file: Path
    line: int
    value: object = None
    error: str | None = None


def _read_file(path: Path) -> Iterator[_Item]:
    if path.suffix == ".parquet":
        yield from _read_parquet(path)
    elif path.name.endswith((".jsonl", ".jsonl.gz", ".json", ".ndjson")):
        yield from _read_jsonl(path)
    else:
        raise CasewrightError(
            "the file is of no known form",
            where=path,
            valid="a name that ends in .parquet, .jsonl or .jsonl.gz",
        )


def _read_parquet(path: Path) -> Iterator[_Item]:
    try:
        with pq.ParquetFile(path) as file:
            line = 0
            for batch in file.iter_batches(batch_size=256):
                for value in batch.to_pylist():
                    line += 1
                    yield _Item(path, line, value)
    except (pa.ArrowInvalid, OSError) as error:
        raise CasewrightError(f"the Parquet file cannot be read: {error}", where=path) from error


def _read_jsonl(path: Path) -> Iterator[_Item]:
    try:
        with _open_bytes(path) as file:
            for line, raw in enumerate(file, start=1):
                if not raw.strip():
                    continue
                try:
                    yield _Item(path, line, json.loads(raw.decode()))
                except UnicodeDecodeError as error:
                    yield _Item(path, line, error=f"not UTF-8: {error.reason}")
                except json.JSONDecodeError as error:
                    yield _Item(path, line, error=f"not JSON: {error.msg} (column {error.colno})")
                except RecursionError:
                    yield _Item(path, line, error="not a row: nested too deeply")
    except (OSError, EOFError) as error:
        raise CasewrightError(f"the file cannot be read: {error}", where=path) from error


def _open_bytes(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _validate(item: _Item, check_spans: bool) -> tuple[Sequence[Problem], Row | None]:
    # The unit of Parquet is the row; `Problem.line` serves for both.
    if item.error is not None:
        return [Problem(item.error, item.file, item.line, fix="correct or remove the line")], None
    if not isinstance(item.value, dict):
        return [Problem("not an object", item.file, item.line, valid="one row a line")], None
    try:
        row = row_from_plain(item.value)
    except ValidationError as error:
        return [
            Problem(
                f"{'.'.join(map(str, detail['loc'])) or 'row'}: {detail['msg'].lower()}",
                item.file,
                item.line,
            )
            for detail in error.errors(include_url=False, include_input=False)
        ], None
    if check_spans:
        wrong = [
            Problem(f"document {row.document_id!r}: {what}", item.file, item.line)
            for what in problems_of(row)
        ]
        if wrong:
            return wrong, None
    return [], row


def _without_none(value: Any) -> Any:
    """Drop nulls: JSON and Arrow write them where a record has its default."""
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value
