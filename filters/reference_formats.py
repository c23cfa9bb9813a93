"""Reads texts out of one file: text, JSON lines, CSV, parquet, in any usual encoding.

Every reader yields (place, id, text), or a `Problem` for what is broken. A place is a byte offset
in the file, of parquet a row; reading can begin at one.
"""

from __future__ import annotations

import codecs
import csv
import json
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from casewright.errors import Problem

__all__ = [
    "CHUNK",
    "ID_FIELDS",
    "Item",
    "encoding_of",
    "read_csv",
    "read_jsonl",
    "read_parquet",
    "read_txt",
    "record_id",
]

Item: TypeAlias = "tuple[int, str, str] | Problem"
CHUNK = 1 << 20
ID_FIELDS = ("id", "document_id", "note_id")


@lru_cache(maxsize=4096)
def _encoding(file: Path, size: int, changed: int) -> str:
    """The encoding of a file: a byte order mark decides, then UTF-8, then Windows-1252.

    A reference is there to be compared, so a few odd bytes must not keep it from
    being read: what is not UTF-8 is taken as the usual Western encoding.
    """
    del size, changed  # they are there so that a file that was written anew is looked at anew
    with file.open("rb") as stream:
        start = stream.read(4)
        for mark, encoding in (
            (codecs.BOM_UTF8, "utf-8-sig"),
            (codecs.BOM_UTF32_LE, "utf-32"),
            (codecs.BOM_UTF32_BE, "utf-32"),
            (codecs.BOM_UTF16_LE, "utf-16"),
            (codecs.BOM_UTF16_BE, "utf-16"),
        ):
            if start.startswith(mark):
                return encoding
        decoder = codecs.getincrementaldecoder("utf-8")()
        stream.seek(0)
        try:
            while chunk := stream.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def encoding_of(file: Path) -> str:
    """The encoding of a file; see `_encoding`."""
    stat = file.stat()
    return _encoding(file, stat.st_size, stat.st_mtime_ns)


def _lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, str]]:
    """Lines with the offset of each. What is wide is decoded whole: it has no byte for a line."""
    if encoding.startswith(("utf-16", "utf-32")):
        start = stream.tell()
        stream.seek(0)
        at = 0
        for line in stream.read().decode(encoding, "replace").splitlines(keepends=True):
            if at >= start:
                yield at, line
            at += len(line)
        return
    offset = stream.tell()
    plain = "utf-8" if encoding == "utf-8-sig" else encoding
    for raw in stream:
        line = raw.decode(plain, "replace")
        yield offset, line.removeprefix("\ufeff") if offset == 0 else line
        offset += len(raw)


def read_txt(
    file: Path, name: str, _: str, start: int, id_field: str | None = None
) -> Iterator[Item]:
    """The whole file as one text."""
    del start
    if id_field is not None:
        yield Problem(
            f"a text file has no field {id_field!r}", file, None, ".jsonl, .csv or .parquet"
        )
        return
    text = file.read_bytes().decode(encoding_of(file), "replace")
    if text.strip():
        yield 0, name, text


def record_id(record: dict[str, object], fallback: str) -> str:
    """The id of a record: one of `ID_FIELDS`, else the fallback."""
    for field in ID_FIELDS:
        value = record.get(field)
        if isinstance(value, (str, int)) and str(value):
            return str(value)
    return fallback


def _fields_there(record: dict[str, object]) -> str:
    """What may be named instead of a field that is not there."""
    names = sorted(str(k) for k in record if k is not None)[:12]
    return f"one of the fields there: {', '.join(names) or 'none'}"


def _check(
    record: dict[str, object],
    text_field: str,
    file: Path,
    line: int,
    name: str,
    id_field: str | None,
) -> tuple[str, str] | Problem | None:
    """One record to (id, text), a problem, or None for an empty text."""
    if id_field is not None:
        found = record.get(id_field)
        if not isinstance(found, (str, int)) or isinstance(found, bool) or not str(found).strip():
            return Problem(
                f"no {id_field!r} that is a text or a whole number",
                file,
                line,
                _fields_there(record),
                "name another field, or mend the line",
            )
    if text_field not in record or record[text_field] is None:
        return Problem(
            f"no field {text_field!r}",
            file,
            line,
            _fields_there(record),
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
    return str(record[id_field]) if id_field else record_id(record, f"{name}:{line}"), text


def read_jsonl(
    file: Path, name: str, text_field: str, start: int, id_field: str | None = None
) -> Iterator[Item]:
    """One record a line, from the line at byte `start`."""
    with file.open("rb") as stream:
        stream.seek(0 if _wide(file) else start)
        yield from _json_lines(stream, file, name, text_field, start, id_field)


def _wide(file: Path) -> bool:
    return encoding_of(file).startswith(("utf-16", "utf-32"))


def _json_lines(
    stream: BinaryIO, file: Path, name: str, text_field: str, start: int, id_field: str | None
) -> Iterator[Item]:
    for line, (offset, raw) in enumerate(_lines(stream, encoding_of(file)), start=1):
        if offset < start or not raw.strip():
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
        item = _check(record, text_field, file, line, name, id_field)
        if isinstance(item, Problem):
            yield item
        elif item is not None:
            yield offset, *item


class _Fed:
    """Lines for a csv reader, which takes no more of them than its record needs."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._held: tuple[int, str] | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def peek(self) -> int | None:
        """Offset of the line that comes next; None at the end."""
        if self._held is None:
            self._held = next(self._lines, None)
        return None if self._held is None else self._held[0]

    def __next__(self) -> str:
        if self.peek() is None or self._held is None:
            raise StopIteration
        line, self._held = self._held[1], None
        return line.replace("\x00", "")


def read_csv(
    file: Path, name: str, text_field: str, start: int, id_field: str | None = None
) -> Iterator[Item]:
    """One record a row, from the row at byte `start`."""
    limit = csv.field_size_limit()
    # Notes are long, and the module's limit of 131,072 characters is not ours.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with file.open("rb") as stream:
            yield from _csv_rows(stream, file, name, text_field, start, id_field)
    finally:
        csv.field_size_limit(limit)


def _csv_rows(
    stream: BinaryIO, file: Path, name: str, text_field: str, start: int, id_field: str | None
) -> Iterator[Item]:
    fed = _Fed(_lines(stream, encoding_of(file)))
    reader = csv.DictReader(fed, strict=True)
    if reader.fieldnames is None:
        return
    if start and not _wide(file):
        # The header is known: go to the record itself.
        stream.seek(start)
        fed = _Fed(_lines(stream, encoding_of(file)))
        reader = csv.DictReader(fed, fieldnames=reader.fieldnames, strict=True)
    if text_field not in (reader.fieldnames or ()):
        yield Problem(
            f"no column {text_field!r}",
            file,
            1,
            f"one of the columns there: {', '.join((reader.fieldnames or ())[:12])}",
            "name the column that holds the text (--text-field)",
        )
        return
    columns = len(reader.fieldnames or ())
    while True:
        line = reader.line_num + 1
        offset = fed.peek()
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
        if offset is None or offset < start:
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
        item = _check(dict(row), text_field, file, line, name, id_field)
        if isinstance(item, Problem):
            yield item
        elif item is not None:
            yield offset, *item


def read_parquet(
    file: Path, name: str, text_field: str, start: int, id_field: str | None = None
) -> Iterator[Item]:
    """One record a row, from row `start`."""
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
        wanted = [c for c in columns if c in (text_field, id_field) or c in ID_FIELDS]
        row = 0
        groups: list[int] = []
        for group in range(parquet.metadata.num_row_groups):
            rows = parquet.metadata.row_group(group).num_rows
            if groups or row + rows >= start:
                groups.append(group)
            else:
                row += rows
        try:
            for batch in parquet.iter_batches(batch_size=1024, row_groups=groups, columns=wanted):
                if row + len(batch) < start:
                    row += len(batch)
                    continue
                for record in batch.to_pylist():
                    row += 1
                    if row < start or record[text_field] is None:
                        continue
                    item = _check(record, text_field, file, row, name, id_field)
                    if isinstance(item, Problem):
                        yield item
                    elif item is not None:
                        yield row, *item
        except (pa.ArrowException, OSError):
            yield Problem(
                "the file breaks off or is damaged after this row",
                file,
                row,
                "a whole parquet file",
                "copy or write the file again",
            )
