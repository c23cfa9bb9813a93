"""A run's documents as Parquet shards, divided by split and shuffled over the whole.

Two passes keep memory at one shard: documents are dealt by hash to a scratch file per
shard, then each shard is put in order of the hash and compressed. The order is a function
of the plan, so the same run always gives the same shards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from casewright.outputs.clusters import mix
from casewright.outputs.rows import DOCUMENTS_SCHEMA
from casewright.outputs.splits import SPLITS, Division, Split
from casewright.outputs.stored import stored_tables

__all__ = ["EXPORT_SCHEMA", "GROUP_ROWS", "SHARD_BYTES", "ShardedSplit", "write_shards"]

SHARD_BYTES = 128 * 2**20
"""Bytes per shard as Arrow holds it: some 15 MB on disk. Two are sorted at a time."""

EXPORT_SCHEMA: pa.Schema = DOCUMENTS_SCHEMA.append(pa.field("synthetic", pa.bool_()))
"""Columns of an exported document: those of the run, and that it is synthetic."""

DEAL_ROWS = 8192
WRITERS = 2
GROUP_ROWS = 1000
_ORDER = "__order__"
# The scratch files are as large as the run unpacked: a quick codec costs less than the disk.
_SCRATCH = pa.ipc.IpcWriteOptions(compression="lz4")
_SALT = np.uint64(0x5DEECE66D1CEB00C)


@dataclass(frozen=True, slots=True)
class ShardedSplit:
    """The shards of one split."""

    split: Split
    files: tuple[Path, ...]
    rows: int
    bytes: int  # in memory


def write_shards(
    run: Path,
    folder: Path,
    scratch: Path,
    division: Division,
    *,
    shard_bytes: int = SHARD_BYTES,
    whole_cases: bool = False,
    metadata: dict[str, str] | None = None,
) -> list[ShardedSplit]:
    """Write a run's kept documents to `folder` as `<split>-00000-of-00004.parquet`.

    Args:
        run: a sealed run.
        folder: where the shards go; made if need be.
        scratch: a folder for intermediate files, of about the run's size; emptied.
        division: which case goes where.
        shard_bytes: the bound on a shard's size in memory, met on average.
        whole_cases: shuffle cases instead of documents: those of a case stay together.
        metadata: key-value pairs for every file's schema.

    Returns:
        The splits that have documents, in the order train, validation, test.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scratch.mkdir(parents=True, exist_ok=True)
    sizes = division.sizes()
    each = _row_bytes(run)
    counts = {split: _shard_count(each * rows, shard_bytes) for split, rows in sizes.items()}
    _deal(run, scratch, division, counts, whole_cases=whole_cases)
    made = []
    for split in SPLITS:
        if split in counts:
            made.append(_finish(split, counts[split], folder, scratch, metadata or {}))
    return made


def _row_bytes(run: Path) -> float:
    """Bytes of a document as Arrow holds it, by the first few hundred of the run."""
    for side, table in stored_tables(run):
        if side == "kept" and table.num_rows:
            return float(table.nbytes / table.num_rows)
    return 0.0


def _shard_count(size: float, shard_bytes: int) -> int:
    """A power of two, so that the shards divide evenly among the processes of a training."""
    power = max(0, math.ceil(math.log2(max(size, 1) / shard_bytes)))
    return 1 << power


def _deal(
    run: Path, scratch: Path, division: Division, counts: dict[Split, int], *, whole_cases: bool
) -> None:
    """First pass: every document to the scratch file of its shard."""
    buckets = [(split, number) for split in SPLITS for number in range(counts.get(split, 0))]
    first = np.zeros(len(SPLITS), dtype=np.int64)
    shards = np.ones(len(SPLITS), dtype=np.uint64)
    for split, number in counts.items():
        first[SPLITS.index(split)] = buckets.index((split, 0))
        shards[SPLITS.index(split)] = number
    done = 0
    with ExitStack() as stack:
        writers: list[pa.RecordBatchStreamWriter | None] = [None] * len(buckets)
        for read in _ahead(_large_tables(run)):
            table = read
            cases = division.kept[done : done + table.num_rows]
            exported = division.exported[done : done + table.num_rows]
            done += table.num_rows
            if not exported.all():
                table, cases = table.filter(pa.array(exported)), cases[exported]
            keys = cases if whole_cases else table["document_index"].to_numpy()
            orders = mix(keys.astype(np.uint64) + _SALT)
            sides = division.sides[cases]
            # The shard comes from other bits than the order within it.
            bucket = first[sides] + (mix(orders) % shards[sides]).astype(np.int64)
            places = np.argsort(bucket, kind="stable")
            # Taking from one chunk is three times as fast as from many.
            whole = table.append_column(_ORDER, pa.array(orders >> np.uint64(1), pa.uint64()))
            dealt = whole.combine_chunks().take(places)
            edges = np.searchsorted(bucket[places], np.arange(len(buckets) + 1))
            for number, (start, end) in enumerate(pairwise(edges)):
                if start == end:
                    continue
                writer = writers[number]
                if writer is None:
                    path = _scratch_path(scratch, *buckets[number])
                    writer = stack.enter_context(
                        pa.ipc.new_stream(path, dealt.schema, options=_SCRATCH)
                    )
                    writers[number] = writer
                writer.write_table(dealt.slice(start, end - start))


def _large_tables(run: Path) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for side, table in stored_tables(run, batch=DEAL_ROWS):
        if side != "kept":
            continue
        waiting.append(table)
        if sum(t.num_rows for t in waiting) >= DEAL_ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _scratch_path(scratch: Path, split: Split, number: int) -> Path:
    return scratch / f"{split}-{number}.arrow"


def _finish(
    split: Split, count: int, folder: Path, scratch: Path, metadata: dict[str, str]
) -> ShardedSplit:
    """Second pass: order each shard, compress it, and drop its scratch file."""
    tables = (_scratch_path(scratch, split, n) for n in range(count))
    present = [path for path in tables if path.exists()]

    def finish(numbered: tuple[int, Path]) -> tuple[Path, int, int]:
        number, path = numbered
        out = folder / f"{split}-{number:05d}-of-{len(present):05d}.parquet"
        return out, *_finish_one(path, out, metadata)

    # Arrow sorts and compresses without the interpreter's lock.
    with ThreadPoolExecutor(WRITERS) as pool:
        made = list(pool.map(finish, enumerate(present)))
    files = [path for path, _, _ in made]
    rows = sum(n for _, n, _ in made)
    size = sum(n for _, _, n in made)
    return ShardedSplit(split, tuple(files), rows, size)


def _finish_one(path: Path, out: Path, metadata: dict[str, str]) -> tuple[int, int]:
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        table = reader.read_all().combine_chunks()
    # Documents of one case have the same order: their places in the plan decide.
    table = table.sort_by([(_ORDER, "ascending"), ("document_index", "ascending")])
    table = table.drop_columns([_ORDER])
    marks = pa.repeat(pa.scalar(True), table.num_rows)
    table = table.append_column(EXPORT_SCHEMA.field("synthetic"), marks)
    table = table.replace_schema_metadata(metadata or None)
    pq.write_table(table, out, compression="zstd", compression_level=3, row_group_size=GROUP_ROWS)
    path.unlink()
    return table.num_rows, table.nbytes


def _ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same tables, each read while the one before is at work."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, tables, None)
        while (table := waiting.result()) is not None:
            waiting = pool.submit(next, tables, None)
            yield table
