"""A run's documents as Parquet shards, divided by split and shuffled over the whole.

Two steps keep memory at a few shards: while the run is read, its documents are dealt by hash to
scratch files, before anybody knows on which side they stand; then each of those is divided, put
in order of the hash and compressed. The order is a function of the plan, so the same run always
gives the same shards.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from casewright.outputs.clusters import mix
from casewright.outputs.rows import DOCUMENTS_SCHEMA
from casewright.outputs.splits import SPLITS, Division, Split
from casewright.outputs.vocabulary import STRINGS, Vocabulary, with_values

__all__ = ["EXPORT_SCHEMA", "GROUP_ROWS", "SHARD_BYTES", "Dealer", "ShardedSplit", "shard_count"]

SHARD_BYTES = 96 * 2**20
"""Bytes per shard as Arrow holds it: some 13 MB on disk. Two are sorted at a time."""

EXPORT_SCHEMA: pa.Schema = DOCUMENTS_SCHEMA.append(pa.field("synthetic", pa.bool_()))
"""Columns of an exported document: those of the run, and that it is synthetic."""

WRITERS = 2  # each holds two copies of a shard
GROUP_ROWS = 8192
_ROW = "__row__"
_WRITTEN = with_values(EXPORT_SCHEMA)
# What readers filter by; bounds of texts and labels help nobody and cost a tenth of the writing.
_STATISTICS = ["document_id", "case_id", "kind", "document_index", "patient_id", "encounter"]
_Made = TypeVar("_Made")
_SALT = np.uint64(0x5DEECE66D1CEB00C)


@dataclass(frozen=True, slots=True)
class ShardedSplit:
    """The shards of one split."""

    split: Split
    files: tuple[Path, ...]
    rows: int
    bytes: int  # in memory


def shard_count(size: float, shard_bytes: int) -> int:
    """A power of two, so that the shards divide evenly among the processes of a training."""
    return 1 << max(0, math.ceil(math.log2(max(size, 1) / shard_bytes)))


class Dealer:
    """Deals a run's kept documents to scratch files, and makes shards of them.

    Args:
        scratch: a folder for intermediate files, of about the run's size.
        buckets: how many scratch files, a power of two: about one for each shard of the run.
        vocabulary: what gives the strings of the tables their numbers.
        whole_cases: shuffle cases instead of documents: those of a case stay together.
        small: pack the scratch files, to half, which takes a fifth more time.
    """

    def __init__(
        self,
        scratch: Path,
        buckets: int,
        vocabulary: Vocabulary,
        *,
        whole_cases: bool = False,
        small: bool = False,
    ) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._options = pa.ipc.IpcWriteOptions(compression="lz4" if small else None)
        self._paths = [scratch / f"{number}.arrow" for number in range(buckets)]
        self._writers: list[pa.RecordBatchStreamWriter | None] = [None] * buckets
        self._vocabulary = vocabulary
        self._whole_cases = whole_cases
        self._open = ExitStack()
        self._rows = self._bytes = 0

    def add(self, table: pa.Table, size: int, cases: NDArray[np.int64]) -> None:
        """Take in the next kept documents.

        Args:
            table: with numbers for strings that come back, as the vocabulary gives them.
            size: bytes of the documents with their strings.
            cases: numbers of their cases.
        """
        keys = cases if self._whole_cases else table["document_index"].to_numpy()
        # The bucket comes from other bits than the order within it.
        bucket = (mix(_orders(keys)) % np.uint64(len(self._paths))).astype(np.int64)
        places = np.argsort(bucket, kind="stable")
        rows = pa.array(np.arange(self._rows, self._rows + table.num_rows))
        dealt = table.append_column(_ROW, rows).take(places)
        self._rows += dealt.num_rows
        self._bytes += size
        edges = np.searchsorted(bucket[places], np.arange(len(self._paths) + 1))
        for number, (start, end) in enumerate(pairwise(edges)):
            if start < end:
                self._writer(number, dealt.schema).write_table(dealt.slice(start, end - start))

    def _writer(self, number: int, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
        writer = self._writers[number]
        if writer is None:
            writer = pa.ipc.new_stream(self._paths[number], schema, options=self._options)
            self._writers[number] = self._open.enter_context(writer)
        return writer

    def close(self) -> None:
        """Finish the scratch files."""
        self._open.close()

    def shards(
        self,
        folder: Path,
        division: Division,
        *,
        shard_bytes: int = SHARD_BYTES,
        metadata: Mapping[str, str] | None = None,
    ) -> list[ShardedSplit]:
        """Write the documents to `folder` as `<split>-00000-of-00004.parquet`; to be done once.

        Args:
            folder: where the shards go; made if need be.
            division: which case goes where, and which documents are left out.
            shard_bytes: the bound on a shard's size in memory, met on average.
            metadata: key-value pairs for every file's schema.

        Returns:
            The splits that have documents, in the order train, validation, test.
        """
        self.close()
        folder.mkdir(parents=True, exist_ok=True)
        each = self._bytes / max(self._rows, 1)
        counts = {
            split: min(shard_count(each * rows, shard_bytes), len(self._paths))
            for split, rows in division.sizes().items()
        }
        files = {
            split: _Files(split, folder, self._vocabulary, dict(metadata or {})) for split in counts
        }
        # A shard of the largest split is one worker's; of the others it gives its share.
        largest = max(counts, key=lambda split: counts[split])
        each_takes = len(self._paths) // counts[largest]

        def work(number: int) -> dict[Split, list[pa.Table]]:
            others: dict[Split, list[pa.Table]] = {split: [] for split in counts}
            for path in self._paths[number * each_takes :][:each_takes]:
                for split, table in self._divided(path, division, largest):
                    if split == largest:
                        files[split].write(number, table)
                    else:
                        others[split].append(table)
                path.unlink(missing_ok=True)
            files[largest].close(number)
            pa.default_memory_pool().release_unused()
            return others

        # Arrow takes and compresses without the interpreter's lock.
        with ThreadPoolExecutor(WRITERS) as pool:
            for number, others in enumerate(_ahead(pool, work, range(counts[largest]))):
                for split, tables in others.items():
                    if split == largest:
                        continue
                    shard = number * counts[split] // counts[largest]
                    for table in tables:
                        files[split].write(shard, table)
                    if (number + 1) * counts[split] // counts[largest] > shard:
                        files[split].close(shard)
        return [files[split].made() for split in SPLITS if split in files]

    def _divided(
        self, path: Path, division: Division, largest: Split
    ) -> Iterator[tuple[Split, pa.Table]]:
        """The documents of a scratch file in their new order, some at a time, with their sides."""
        if not path.exists():
            return
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
            table = reader.read_all().combine_chunks()
        rows, indices = table[_ROW].to_numpy(), table["document_index"].to_numpy()
        table = table.drop_columns([_ROW])
        cases = division.kept[rows]
        # Documents of one case have the same order: their places in the plan decide.
        order = np.lexsort((indices, _orders(cases if self._whole_cases else indices)))
        order = order[division.exported[rows[order]]]
        sides = division.sides[cases[order]]
        for number, split in enumerate(SPLITS):
            places = order[sides == number]
            for start in range(0, len(places), GROUP_ROWS):
                yield split, table.take(places[start : start + GROUP_ROWS])


class _Files:
    """The shards of a split, each written table by table."""

    def __init__(
        self, split: Split, folder: Path, vocabulary: Vocabulary, metadata: dict[str, str]
    ) -> None:
        self._split = split
        self._folder = folder
        self._vocabulary = vocabulary
        self._metadata = metadata
        self._writers: dict[int, pq.ParquetWriter] = {}
        self._sizes: dict[int, tuple[int, int]] = {}

    def write(self, number: int, table: pa.Table) -> None:
        """Write a table's rows to the end of a shard."""
        marks = pa.repeat(pa.scalar(True), table.num_rows)
        table = table.append_column(EXPORT_SCHEMA.field("synthetic"), marks)
        if number not in self._writers:
            # Without Arrow's own note on the types, or readers would take it for dictionaries.
            # Places in a text are no dictionary's work: packed as they are they take less room.
            self._writers[number] = pq.ParquetWriter(
                self._path(number), _WRITTEN, compression="zstd", compression_level=2,
                use_dictionary=list(STRINGS), write_statistics=_STATISTICS, store_schema=False,
                write_batch_size=GROUP_ROWS,
            )  # fmt: skip
            self._writers[number].add_key_value_metadata(self._metadata)
        spelled, bytes_ = self._vocabulary.spelled(table, _WRITTEN)
        self._writers[number].write_table(spelled, row_group_size=GROUP_ROWS)
        rows, size = self._sizes.get(number, (0, 0))
        self._sizes[number] = rows + table.num_rows, size + bytes_

    def close(self, number: int) -> None:
        """Finish a shard, if it has a row."""
        if number in self._writers:
            self._writers.pop(number).close()

    def made(self) -> ShardedSplit:
        """All shards under their final names: a shard without a row is none."""
        files = []
        for place, number in enumerate(sorted(self._sizes)):
            name = f"{self._split}-{place:05d}-of-{len(self._sizes):05d}.parquet"
            files.append(self._path(number).rename(self._folder / name))
        rows = sum(rows for rows, _ in self._sizes.values())
        return ShardedSplit(
            self._split, tuple(files), rows, sum(size for _, size in self._sizes.values())
        )

    def _path(self, number: int) -> Path:
        return self._folder / f".{self._split}-{number}.parquet"


def _orders(keys: NDArray[np.int64]) -> NDArray[np.uint64]:
    return mix(keys.astype(np.uint64) + _SALT)


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[int], _Made], numbers: Iterable[int]
) -> Iterator[_Made]:
    """Results in order, with few of them waiting: each holds memory."""
    waiting: deque[Future[_Made]] = deque()
    for number in numbers:
        waiting.append(pool.submit(work, number))
        if len(waiting) > WRITERS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
