"""Parts: the sealed Parquet files of a run, and how journal segments become them.

A part holds the documents whose place in the plan lies in one block of the run's `part_rows`,
sorted by that place. What a part contains is therefore a function of the documents alone: neither
the order in which they were finished nor the number of shards shows in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from casewright.errors import CasewrightError
from casewright.outputs import journal
from casewright.outputs.files import sync_folder, temporary_beside, writing
from casewright.outputs.row import Outcome, plain
from casewright.outputs.rows import DOCUMENTS_SCHEMA, REJECTS_SCHEMA, table_of
from casewright.records import Reason

__all__ = [
    "PART_ROWS",
    "Entry",
    "Moves",
    "PartFiles",
    "compact",
    "part_files",
    "part_of",
    "part_rows",
    "read_moves",
    "reason_key",
    "scan_part",
    "segment_path",
]

PART_ROWS = 4096
"""Documents planned per part of a new run: some 5 MB of Parquet, sealed in about three seconds.

Smaller parts take longer to read: those of a quarter of the rows, twice as long a row.
"""

ROWS_AT_ONCE = 128
_RANK: dict[Outcome, int] = {"failed": 1, "kept": 2, "rejected": 3}

Moves = Mapping[str, Reason]
"""Kept documents to be rejected after all, by id, with the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored document without its content."""

    index: int
    document_id: str
    outcome: Outcome
    reason: str | None  # the first one's key, for the funnel
    source: Path
    position: int  # row of a part, offset in a segment


@dataclass(frozen=True, slots=True)
class PartFiles:
    """The files that hold documents of one part."""

    documents: tuple[Path, ...]
    rejects: tuple[Path, ...]
    segments: tuple[Path, ...]

    @property
    def all(self) -> tuple[Path, ...]:
        """Every one of them, oldest layer first."""
        return self.documents + self.rejects + self.segments


def part_of(index: int, part_rows: int) -> int:
    """The part in which a document of the plan belongs."""
    return index // part_rows


def reason_key(filter_name: str, label: str) -> str:
    """How a reason is counted: "ledger/contradicted"."""
    return f"{filter_name}/{label}"


def segment_path(run: Path, part: int, tag: str) -> Path:
    """Where a shard appends documents of a part."""
    return run / "journal" / f"{part:05d}.{tag}.jsonl"


def _part_path(run: Path, folder: str, part: int, tag: str | None) -> Path:
    suffix = f".{tag}" if tag else ""
    return run / folder / f"part-{part:05d}{suffix}.parquet"


def part_files(run: Path, tag: str | None = None) -> dict[int, PartFiles]:
    """The files of every part, by its number; with `tag`, only that shard's own."""
    found: dict[int, tuple[list[Path], list[Path], list[Path]]] = {}
    patterns = (
        ("documents", r"part-(\d+)(?:\.(s\d+of\d+))?\.parquet"),
        ("rejects", r"part-(\d+)(?:\.(s\d+of\d+))?\.parquet"),
        ("journal", r"(\d+)\.(s\d+of\d+)\.jsonl"),
    )
    for slot, (folder, pattern) in enumerate(patterns):
        if not (run / folder).is_dir():
            continue
        for path in sorted((run / folder).iterdir()):
            match = re.fullmatch(pattern, path.name)
            if match and (tag is None or match[2] == tag):
                found.setdefault(int(match[1]), ([], [], []))[slot].append(path)
    return {part: PartFiles(*map(tuple, found[part])) for part in sorted(found)}


def scan_part(files: PartFiles) -> dict[int, Entry]:
    """What is stored of a part, by place in the plan, each document once.

    A document is found twice after a retry (a failed one and its second try) or when a
    process was killed between writing a part and dropping what it was made of. A verdict
    stands above a failure, a rejection above keeping, later above earlier.
    """
    best: dict[int, Entry] = {}
    for path in files.all:
        for entry in _entries(path):
            other = best.get(entry.index)
            if other is None or _RANK[entry.outcome] >= _RANK[other.outcome]:
                best[entry.index] = entry
    return best


def _entries(path: Path) -> Iterator[Entry]:
    if path.suffix == ".jsonl":
        for line in journal.scan(path):
            row = line.value
            outcome: Outcome = row.get("outcome", "kept")
            yield Entry(
                row["document_index"],
                row["document_id"],
                outcome,
                _first_key(row.get("reasons")),
                path,
                line.offset,
            )
        return
    rejects = path.parent.name == "rejects"
    columns = ["document_index", "document_id", *(["outcome", "reasons"] if rejects else [])]
    table = _read(path, columns)
    for position, row in enumerate(table.to_pylist()):
        yield Entry(
            row["document_index"],
            row["document_id"],
            row["outcome"] if rejects else "kept",
            _first_key(row["reasons"]) if rejects else None,
            path,
            position,
        )


def _first_key(reasons: list[dict[str, Any]] | None) -> str | None:
    return reason_key(reasons[0]["filter"], reasons[0]["label"]) if reasons else None


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            return file.read(columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise CasewrightError(
            f"a file of the run is damaged: {error}",
            where=path,
            fix="restore it, or delete it to have its documents made again",
        ) from error


def part_rows(entries: Iterable[Entry], moves: Moves) -> Iterator[dict[str, Any]]:
    """The full rows of entries in plain form, in the given order, moves applied."""
    tables: dict[Path, pa.Table] = {}
    for entry in entries:
        if entry.source.suffix == ".jsonl":
            row = journal.read_line(entry.source, entry.position)
        else:
            if entry.source not in tables:
                tables[entry.source] = _read(entry.source)
            row = tables[entry.source].slice(entry.position, 1).to_pylist()[0]
        reason = moves.get(entry.document_id)
        if reason is not None and entry.outcome == "kept":
            row = {**row, "outcome": "rejected", "reasons": [plain(reason)]}
        yield row


def compact(run: Path, part: int, sources: PartFiles, *, tag: str | None, moves: Moves) -> None:
    """Make one part out of everything stored of it, then drop what it was made of.

    The order of the renames keeps every document in some file at every moment, and
    `scan_part` sees each once, so that a process killed in here loses and doubles nothing.

    Args:
        run: the run directory.
        part: the number of the part.
        sources: the files to make it of.
        tag: the shard whose part it is; None for the part of the whole run.
        moves: kept documents to be rejected.

    Raises:
        CasewrightError: the disk is full, and so on; nothing was dropped then.
    """
    entries = [entry for _, entry in sorted(scan_part(sources).items())]
    kept = [e for e in entries if e.outcome == "kept" and e.document_id not in moves]
    rest = [e for e in entries if e.outcome != "kept" or e.document_id in moves]
    documents = _part_path(run, "documents", part, tag)
    rejects = _part_path(run, "rejects", part, tag)
    with ExitStack() as stack:
        # Entered in reverse: the rejects take their name first, so that a rejected
        # document never has only its kept form left.
        for path, chosen, schema in (
            (documents, kept, DOCUMENTS_SCHEMA),
            (rejects, rest, REJECTS_SCHEMA),
        ):
            if chosen:
                temporary = stack.enter_context(temporary_beside(path))
                _write(temporary, part_rows(chosen, moves), schema)
    with writing(run):
        made = {path for path, chosen in ((documents, kept), (rejects, rest)) if chosen}
        for path in (*sources.all, documents, rejects):
            if path not in made:
                path.unlink(missing_ok=True)
        for folder in ("documents", "rejects", "journal"):
            if (run / folder).is_dir():
                sync_folder(run / folder)


def _write(path: Path, rows: Iterator[dict[str, Any]], schema: pa.Schema) -> None:
    # Rows as Python has them weigh ten times what Arrow makes of them: a few at a time. One row
    # group for all, for every one costs its reader some hundred small pieces.
    tables = []
    while some := list(islice(rows, ROWS_AT_ONCE)):
        tables.append(table_of(some, schema))
    pq.write_table(
        pa.concat_tables(tables), path, compression="zstd", compression_level=6,
        row_group_size=PART_ROWS,
    )  # fmt: skip


def read_moves(run: Path) -> dict[str, Reason]:
    """Late rejections on record that the parts do not show yet."""
    moves: dict[str, Reason] = {}
    for path in sorted((run / "journal").glob("moves.*")):
        for line in journal.scan(path):
            moves[line.value["document_id"]] = _reason(line.value["reason"])
    return moves


def _reason(value: object) -> Reason:
    return TypeAdapter(Reason).validate_python(value)
