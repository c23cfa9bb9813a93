"""What a run holds, as Arrow tables, whether it is sealed or still being built."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from casewright.errors import CasewrightError
from casewright.outputs.manifest import read_manifest
from casewright.outputs.parts import (
    Moves,
    PartFiles,
    part_files,
    part_rows,
    read_moves,
    scan_part,
)
from casewright.outputs.rows import DOCUMENTS_SCHEMA, REJECTS_SCHEMA, conform, table_of
from casewright.outputs.vocabulary import RECURRING, with_values

__all__ = ["Side", "large_tables", "stored_tables"]

BATCH = 512
LARGE_ROWS = 8192
READERS = 2
AHEAD = 2

Side: TypeAlias = Literal["kept", "rest"]
"""Which schema a table has: that of the documents or that of the rejects."""


def stored_tables(
    run: Path,
    columns: list[str] | None = None,
    *,
    batch: int = BATCH,
    parts: Collection[int] | None = None,
    values: bool = False,
) -> Iterator[tuple[Side, pa.Table]]:
    """Tables of at most `batch` documents: ("kept", table) and ("rest", table).

    Each document comes once, in plan order within kept and within the rest.

    Args:
        run: the run directory.
        columns: those wanted; `outcome` and `reasons` come with the rest only. "facts.duty"
            asks for a part of a column: its structs may have others too.
        batch: documents in a table at most.
        parts: numbers of the parts to read; all without it.
        values: strings that come back as dictionaries of Arrow (`vocabulary.with_values`), as
            far as the parts are sealed.

    Raises:
        CasewrightError: a file is damaged.
    """
    moves = read_moves(run)
    for part, files in part_files(run).items():
        if parts is not None and part not in parts:
            continue
        if _is_sealed(part, files, moves):
            yield from _sealed(files, columns, batch, values)
        else:
            yield from _unsealed(files, moves, columns, batch)


def large_tables(run: Path, columns: list[str] | None = None) -> Iterator[tuple[Side, pa.Table]]:
    """The tables of several parts at a time, in stored order, the next ones read meanwhile.

    Where all columns are asked for, strings that come back are dictionaries of Arrow.

    Raises:
        CasewrightError: a file is damaged.
    """
    numbers = [*part_files(run)]
    at_once = max(1, LARGE_ROWS // read_manifest(run).part_rows)
    groups = [numbers[i : i + at_once] for i in range(0, len(numbers), at_once)]

    def read(group: list[int]) -> list[tuple[Side, pa.Table]]:
        found: dict[Side, list[pa.Table]] = {"kept": [], "rest": []}
        whole = columns is None
        for side, table in stored_tables(run, columns, batch=LARGE_ROWS, parts=group, values=whole):
            schema = with_values(table.schema) if whole else table.schema
            found[side].append(table if table.schema == schema else table.cast(schema))
        # Taking rows from one chunk is three times as fast as from many.
        return [
            (side, pa.concat_tables(tables).combine_chunks())
            for side, tables in found.items()
            if tables
        ]

    # Arrow reads without the interpreter's lock.
    with ThreadPoolExecutor(READERS) as pool:
        waiting = deque(pool.submit(read, group) for group in groups[:AHEAD])
        for group in [*groups[AHEAD:], *[None] * AHEAD]:
            tables = waiting.popleft().result() if waiting else []
            if group is not None:
                waiting.append(pool.submit(read, group))
            yield from tables


def _is_sealed(part: int, files: PartFiles, moves: Moves) -> bool:
    name = f"part-{part:05d}.parquet"
    plain_names = all(path.name == name for path in files.documents + files.rejects)
    return plain_names and not files.segments and not moves


def _sealed(
    files: PartFiles, columns: list[str] | None, batch: int, values: bool
) -> Iterator[tuple[Side, pa.Table]]:
    sides: tuple[tuple[Side, tuple[Path, ...], pa.Schema], ...] = (
        ("kept", files.documents, DOCUMENTS_SCHEMA),
        ("rest", files.rejects, REJECTS_SCHEMA),
    )
    for side, paths, whole in sides:
        parts = {c for c in columns or () if "." in c}
        roots = None if columns is None else {c.split(".")[0] for c in columns}
        schema = pa.schema([f for f in whole if roots is None or f.name in roots])
        schema = with_values(schema) if values else schema
        for path in paths:
            try:
                with _open(path, values) as file:
                    there = set(file.schema_arrow.names)
                    names = [
                        leaf
                        for name in schema.names
                        if name in there
                        for leaf in _leaves(whole.field(name), parts)
                    ]
                    if values:
                        # Several parts are read at a time, each by one thread.
                        yield side, conform(file.read(names, use_threads=False), schema)
                        continue
                    for found in file.iter_batches(batch, columns=names):
                        table = pa.Table.from_batches([found])
                        yield side, table if parts else conform(table, schema)
            except (OSError, pa.ArrowException) as error:
                raise CasewrightError(
                    f"a file of the run is damaged: {error}",
                    where=path,
                    fix="restore it, or delete it to have its documents made again",
                ) from error


def _open(path: Path, values: bool) -> pq.ParquetFile:
    if not values:
        return pq.ParquetFile(path)
    metadata = pq.read_metadata(path)
    stored = {metadata.schema.column(n).path for n in range(metadata.num_columns)}
    # All of it is read at once: nothing is won by fetching columns ahead.
    return pq.ParquetFile(
        path,
        metadata=metadata,
        read_dictionary=[name for name in RECURRING if name in stored],
        pre_buffer=False,
    )


def _leaves(field: pa.Field, parts: set[str]) -> list[str]:
    """The names under which Parquet stores a column, or those of its parts asked for."""
    chosen = [p.split(".", 1)[1] for p in parts if p.split(".")[0] == field.name]
    if not chosen:
        return [field.name]
    inside = ".list.element." if pa.types.is_list(field.type) else "."
    return [f"{field.name}{inside}{name}" for name in sorted(chosen)]


def _unsealed(
    files: PartFiles, moves: Moves, columns: list[str] | None, batch: int
) -> Iterator[tuple[Side, pa.Table]]:
    entries = [entry for _, entry in sorted(scan_part(files).items())]
    kept = [e for e in entries if e.outcome == "kept" and e.document_id not in moves]
    rest = [e for e in entries if e.outcome != "kept" or e.document_id in moves]
    for table in _tables(part_rows(kept, moves), DOCUMENTS_SCHEMA, columns, batch):
        yield "kept", table
    for table in _tables(part_rows(rest, moves), REJECTS_SCHEMA, columns, batch):
        yield "rest", table


def _tables(
    rows: Iterator[dict[str, Any]], schema: pa.Schema, columns: list[str] | None, size: int
) -> Iterator[pa.Table]:
    if columns is not None:
        roots = {c.split(".")[0] for c in columns}
        schema = pa.schema([field for field in schema if field.name in roots])
    while batch := list(islice(rows, size)):
        yield table_of(batch, schema)
