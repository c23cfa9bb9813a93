"""Which documents a single-file report shows when there are too many for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop
from pathlib import Path

import pyarrow.compute as pc

from casewright.outputs.parts import reason_key
from casewright.outputs.rows import Row, row_from_plain
from casewright.outputs.stored import stored_tables
from casewright.seeds import derive_seed

__all__ = ["MAX_BYTES", "Sample", "choose", "sampled_rows"]

_COLUMNS = ["document_id", "kind", "outcome", "reasons", "text", "facts.duty"]

MAX_BYTES = 8_000_000
"""Of documents in one file, about: a phone still opens it."""

_FACT_BYTES = 350  # a fact with its spans and the reason for its status, in the page


@dataclass(frozen=True, slots=True)
class Sample:
    """The ids to show, and of how many they are."""

    ids: frozenset[str]
    total: int

    @property
    def whole(self) -> bool:
        """Whether every document is shown."""
        return len(self.ids) == self.total


def choose(run: Path, limit: int, max_bytes: int = MAX_BYTES) -> Sample:
    """Choose at most `limit` documents so that every kind and every reason is there.

    Documents are grouped by kind, outcome and first reason; groups take turns until the
    limit is met, each giving its documents in the order of a hash. A document that would bring
    the page over `max_bytes` is passed over. The same run gives the same choice.
    """
    groups: dict[tuple[str, str, str], list[tuple[int, str, int]]] = defaultdict(list)
    total = 0
    for side, table in stored_tables(run, _COLUMNS):
        sizes = pc.add(
            pc.binary_length(table["text"]),
            pc.multiply(pc.list_value_length(table["facts"]), _FACT_BYTES),
        ).to_pylist()
        rows = table.drop_columns(["text", "facts"]).to_pylist()
        for row, size in zip(rows, sizes, strict=True):
            outcome = "kept" if side == "kept" else row["outcome"]
            reasons = row.get("reasons") or []
            reason = reason_key(reasons[0]["filter"], reasons[0]["label"]) if reasons else ""
            rank = derive_seed("report", row["document_id"])
            groups[row["kind"], outcome, reason].append((rank, row["document_id"], size or 0))
            total += 1
    for group in groups.values():
        heapify(group)
    chosen: set[str] = set()
    left = max_bytes
    while len(chosen) < limit and any(groups.values()):
        for key in sorted(groups):
            if groups[key] and len(chosen) < limit:
                _, document_id, size = heappop(groups[key])
                if size <= left:
                    chosen.add(document_id)
                    left -= size
    return Sample(frozenset(chosen), total)


def sampled_rows(run: Path, sample: Sample) -> Iterator[Row]:
    """The rows of a sample, kept ones first, in plan order within each part of the run."""
    for _, table in stored_tables(run):
        for batch in table.to_batches(max_chunksize=64):
            for place, document_id in enumerate(batch["document_id"].to_pylist()):
                if document_id in sample.ids:
                    yield row_from_plain(batch.slice(place, 1).to_pylist()[0])
