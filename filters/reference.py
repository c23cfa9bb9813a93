"""Reads the user's reference texts: the private notes whose copies must not get out.

Text files, JSON lines, CSV and parquet, or a folder of them. What is broken is
reported all at once, with file and line, before anything is built on it; no text of
the reference is in a message.
"""

from __future__ import annotations

import codecs
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from casewright.errors import CasewrightError, Problem

__all__ = ["SUFFIXES", "read_reference", "reference_files"]

SUFFIXES = (".txt", ".jsonl", ".csv", ".parquet")
_SHOWN = 20
_ID_FIELDS = ("id", "document_id", "note_id")


def reference_files(path: Path) -> list[Path]:
    """The files to read: the file itself, or every known one below a folder, sorted.

    Raises:
        CasewrightError: nothing there, or nothing of a known kind.
    """
    valid = f"a file or a folder of files ending in {', '.join(SUFFIXES)}"
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            raise CasewrightError(
                f"cannot read a file of kind {path.suffix or 'without an ending'!r}",
                where=path,
                valid=valid,
                fix="name a file of one of these kinds, or convert it",
            )
        return [path]
    if not path.is_dir():
        raise CasewrightError(
            "no such file or folder", where=path, valid=valid, fix="check the path"
        )
    found = sorted(
        p
        for p in path.rglob("*")
        if p.is_file()
        and p.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )
    if not found:
        raise CasewrightError(
            "the folder holds no reference texts",
            where=path,
            valid=valid,
            fix="name the folder that holds the texts",
        )
    return found


def read_reference(path: Path, text_field: str = "text") -> Iterator[tuple[str, str]]:
    """Read reference texts as (id, text), file by file in sorted order.

    The id is the field `id`, `document_id` or `note_id` where a record has one, else the
    file and the record's line; of a .txt file, which is one document, its name.

    Args:
        path: a file or a folder.
        text_field: the field or column that holds the text, where there are fields.

    Raises:
        CasewrightError: at the end of the reading, naming every broken line (the first
            20, and how many more); at once for a path or a file that cannot be read.
    """
    files = reference_files(path)
    root = path if path.is_dir() else path.parent
    problems: list[Problem] = []
    count = 0
    for file in files:
        name = file.relative_to(root).as_posix()
        reader = {
            ".txt": _read_txt,
            ".jsonl": _read_jsonl,
            ".csv": _read_csv,
            ".parquet": _read_parquet,
        }[file.suffix.lower()]
        try:
            for item in reader(file, name, text_field):
                if isinstance(item, Problem):
                    problems.append(item)
                else:
                    count += 1
                    yield item
        except OSError as error:
            raise CasewrightError(
                f"cannot be read: {error.strerror or error}",
                where=file,
                fix="check that the file exists and may be read",
            ) from error
    if problems:
        more = len(problems) - _SHOWN
        shown = problems[:_SHOWN]
        if more > 0:
            shown.append(Problem(f"and {more} more broken lines"))
        raise CasewrightError(
            f"{len(problems)} broken lines in the reference texts"
            if len(problems) > 1
            else "a broken line in the reference texts",
            problems=shown,
        )
    if not count:
        raise CasewrightError(
            "the reference holds no text",
            where=path,
            valid="at least one document with words in it",
            fix="check the path and the text field",
        )


def _decode(file: Path) -> str:
    """Decode a file: a byte order mark decides, then UTF-8, then Windows-1252.

    A reference is there to be compared, so a few odd bytes must not keep it from
    being read: what is not UTF-8 is taken as the usual Western encoding.
    """
    raw = file.read_bytes()
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _read_txt(file: Path, name: str, _: str) -> Iterator[tuple[str, str] | Problem]:
    text = _decode(file)
    if text.strip():
        yield name, text


def _record_id(record: dict[str, object], fallback: str) -> str:
    for field in _ID_FIELDS:
        value = record.get(field)
        if isinstance(value, (str, int)) and str(value):
            return str(value)
    return fallback


def _check(
    record: dict[str, object], text_field: str, file: Path, line: int, name: str
) -> tuple[str, str] | Problem | None:
    """One record to (id, text), a problem, or None for an empty text."""
    if text_field not in record or record[text_field] is None:
        fields = ", ".join(sorted(str(k) for k in record if k is not None)[:12]) or "none"
        return Problem(
            f"no field {text_field!r}",
            file,
            line,
            f"one of the fields there: {fields}",
            "name the field that holds the text (--text-field), or mend the line",
        )
    text = record[text_field]
    if not isinstance(text, str):
        return Problem(
            f"field {text_field!r} is a {type(text).__name__}, not a text",
            file,
            line,
            "a string",
            "mend the line, or name another field (--text-field)",
        )
    if not text.strip():
        return None
    return _record_id(record, f"{name}:{line}"), text


def _read_jsonl(file: Path, name: str, text_field: str) -> Iterator[tuple[str, str] | Problem]:
    for line, raw in enumerate(_decode(file).split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            record = json.loads(raw)
        except (ValueError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "not JSON"
            yield Problem(
                f"not a JSON object: {why}",
                file,
                line,
                'one JSON object a line, such as {"id": "1", "text": "..."}',
                "mend or remove the line",
            )
            continue
        if not isinstance(record, dict):
            yield Problem(
                f"a JSON {type(record).__name__}, not an object",
                file,
                line,
                'one JSON object a line, such as {"id": "1", "text": "..."}',
                "mend or remove the line",
            )
            continue
        item = _check(record, text_field, file, line, name)
        if item is not None:
            yield item


def _read_csv(file: Path, name: str, text_field: str) -> Iterator[tuple[str, str] | Problem]:
    limit = csv.field_size_limit()
    # Notes are long, and the module's limit of 131,072 characters is not ours.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        lines = _decode(file).replace("\x00", "").splitlines(keepends=True)
        reader = csv.DictReader(lines, strict=True)
        if reader.fieldnames is None:
            return
        if text_field not in reader.fieldnames:
            yield Problem(
                f"no column {text_field!r}",
                file,
                1,
                f"one of the columns there: {', '.join(reader.fieldnames[:12])}",
                "name the column that holds the text (--text-field)",
            )
            return
        columns = len(reader.fieldnames)
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Problem(
                    f"not CSV: {error}",
                    file,
                    line,
                    "comma-separated values, text with commas or line breaks in double quotes",
                    "mend the quotes of the line",
                )
                continue
            if None in row or any(value is None for value in row.values()):
                yield Problem(
                    "another number of fields than the header",
                    file,
                    line,
                    f"{columns} fields",
                    "quote the text if it holds commas or line breaks",
                )
                continue
            item = _check(dict(row), text_field, file, line, name)
            if item is not None:
                yield item
    finally:
        csv.field_size_limit(limit)


def _read_parquet(file: Path, name: str, text_field: str) -> Iterator[tuple[str, str] | Problem]:
    try:
        parquet = pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        yield Problem(
            "not a parquet file",
            file,
            None,
            "a whole parquet file",
            "copy or write the file again",
        )
        del error
        return
    with parquet:
        columns = parquet.schema_arrow.names
        if text_field not in columns:
            yield Problem(
                f"no column {text_field!r}",
                file,
                None,
                f"one of the columns there: {', '.join(columns[:12])}",
                "name the column that holds the text (--text-field)",
            )
            return
        wanted = [c for c in columns if c == text_field or c in _ID_FIELDS]
        row = 0
        try:
            for batch in parquet.iter_batches(batch_size=1024, columns=wanted):
                for record in batch.to_pylist():
                    row += 1
                    if record[text_field] is None:
                        continue
                    item = _check(record, text_field, file, row, name)
                    if item is not None:
                        yield item
        except (pa.ArrowException, OSError):
            yield Problem(
                "the file breaks off or is damaged after this row",
                file,
                row,
                "a whole parquet file",
                "copy or write the file again",
            )
