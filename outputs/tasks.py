"""The task tables of a Hugging Face export, written from the documents of each case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from casewright.outputs.instruct import INSTRUCT_SCHEMA, instruct
from casewright.outputs.labels import (
    LABEL_SCHEMAS,
    PlainRow,
    assertion,
    deid,
    error_detection,
    icd_classification,
    ner,
    pretrain,
    tabular,
)
from casewright.outputs.pairs import (
    PAIR_SCHEMAS,
    compact,
    dial2note,
    note2dial,
    note2icd,
    patient_sim,
)
from casewright.outputs.preferences import DPO_SCHEMA, preferences
from casewright.outputs.shards import ShardedSplit
from casewright.outputs.stored import stored_tables

__all__ = ["TASK_SCHEMAS", "cases_of", "rejected_of", "write_tasks"]

GROUP_ROWS = 1000

_BUILDERS: dict[str, Callable[[Sequence[PlainRow]], Iterator[dict[str, Any]]]] = {
    "dial2note": dial2note,
    "note2dial": note2dial,
    "note2icd": note2icd,
    "icd_classification": icd_classification,
    "ner": ner,
    "assertion": assertion,
    "deid": deid,
    "error_detection": error_detection,
    "tabular": tabular,
    "pretrain": pretrain,
    "instruct": instruct,
    "patient_sim": patient_sim,
    "compact": compact,
}

_ALL = {**LABEL_SCHEMAS, **PAIR_SCHEMAS, "instruct": INSTRUCT_SCHEMA, "dpo": DPO_SCHEMA}
TASK_SCHEMAS: dict[str, pa.Schema] = {name: _ALL[name] for name in (*_BUILDERS, "dpo")}
"""Schema of each task's table, in the order of the card."""


def rejected_of(run: Path) -> dict[str, list[PlainRow]]:
    """The rejected documents of a run that have a text, by case."""
    columns = ["document_id", "case_id", "kind", "text", "outcome", "reasons"]
    found: defaultdict[str, list[PlainRow]] = defaultdict(list)
    for side, table in stored_tables(run, columns):
        for row in table.to_pylist() if side == "rest" else ():
            if row["outcome"] == "rejected" and row["text"]:
                found[row["case_id"]].append(row)
    return dict(found)


def write_tasks(
    shards: Sequence[ShardedSplit],
    folder: Path,
    wanted: Sequence[str],
    rejected: Mapping[str, Sequence[PlainRow]],
    metadata: Mapping[str, str],
) -> dict[str, list[ShardedSplit]]:
    """Write `<folder>/<task>/<split>-00000-of-00002.parquet` for each task that has examples.

    Args:
        shards: documents in shards where those of a case stand together.
        folder: where the tables' folders go.
        wanted: names of the tables.
        rejected: rejected documents by case, for preference pairs.
        metadata: key-value pairs for every file's schema.
    """
    schemas = {name: TASK_SCHEMAS[name].with_metadata(dict(metadata)) for name in wanted}
    made: dict[str, list[ShardedSplit]] = {}
    for sharded in shards:
        written: defaultdict[str, list[tuple[Path, int, int]]] = defaultdict(list)
        for number, path in enumerate(sharded.files):
            writers = {
                name: _Table(folder / name, sharded.split, number, schema)
                for name, schema in schemas.items()
            }
            for case in cases_of(path):
                for name, writer in writers.items():
                    if name == "dpo":
                        writer.add(preferences(case, rejected.get(case[0]["case_id"], ())))
                    else:
                        writer.add(_BUILDERS[name](case))
            for name, writer in writers.items():
                if writer.close():
                    written[name].append((writer.path, writer.rows, writer.bytes))
        for name, files in written.items():
            renamed = []
            for number, (path, _, _) in enumerate(files):
                target = f"{sharded.split}-{number:05d}-of-{len(files):05d}.parquet"
                renamed.append(path.rename(path.with_name(target)))
            made.setdefault(name, []).append(
                ShardedSplit(
                    sharded.split,
                    tuple(renamed),
                    sum(rows for _, rows, _ in files),
                    sum(size for _, _, size in files),
                )
            )
    return {name: made[name] for name in wanted if name in made}


def cases_of(path: Path) -> Iterator[list[PlainRow]]:
    """The cases of a shard, each with its documents in order."""
    with pq.ParquetFile(path) as file:
        rows = (row for batch in file.iter_batches(256) for row in batch.to_pylist())
        for _, case in groupby(rows, key=itemgetter("case_id")):
            yield sorted(case, key=itemgetter("document_index"))


class _Table:
    """A Parquet file that comes into being with its first row."""

    def __init__(self, folder: Path, split: str, number: int, schema: pa.Schema) -> None:
        self.path = folder / f".{split}-{number}.parquet"
        self.rows = self.bytes = 0
        self._schema = schema
        self._waiting: list[dict[str, Any]] = []
        self._writer: pq.ParquetWriter | None = None

    def add(self, rows: Iterator[dict[str, Any]]) -> None:
        """Take in rows; a full group is written."""
        self._waiting.extend(rows)
        if len(self._waiting) >= GROUP_ROWS:
            self._flush()

    def close(self) -> bool:
        """Finish the file; False where there was no row, and so no file."""
        if self._waiting:
            self._flush()
        if self._writer is None:
            return False
        self._writer.close()
        return True

    def _flush(self) -> None:
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(
                self.path, self._schema, compression="zstd", compression_level=3
            )
        table = pa.Table.from_pylist(self._waiting, schema=self._schema)
        self._writer.write_table(table)
        self.rows += table.num_rows
        self.bytes += table.nbytes
        self._waiting = []
