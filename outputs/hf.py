"""A run as a Hugging Face dataset: Parquet shards, card, checksums. Needs no hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from casewright.errors import CasewrightError
from casewright.outputs.card import (
    CardConfig,
    CardInfo,
    CardSplit,
    as_metadata,
    render_healthsheet,
)
from casewright.outputs.croissant import write_croissant
from casewright.outputs.exporting import exporting
from casewright.outputs.shards import EXPORT_SCHEMA, SHARD_BYTES, ShardedSplit
from casewright.outputs.splits import SplitPlan
from casewright.outputs.summary import write_summary
from casewright.outputs.tasks import TASK_SCHEMAS, rejected_of, write_tasks

__all__ = ["card_splits", "export_hf"]

TASKS = (
    "text-generation",
    "token-classification",
    "text-classification",
    "summarization",
    "question-answering",
)


def export_hf(
    run: str | Path,
    dest: str | Path,
    *,
    info: CardInfo | None = None,
    splits: SplitPlan | None = None,
    benchmarks: Sequence[Path] = (),
    shard_bytes: int = SHARD_BYTES,
    configs: Sequence[str] | None = None,
) -> Path:
    """Export a run's kept documents so that `datasets.load_dataset(dest)` takes them.

    Args:
        run: a finished run.
        dest: a new or empty directory; it appears only when all is written.
        info: title and licence for the card.
        splits: which share of the cases goes to train, validation and test.
        benchmarks: files of benchmarks; documents that share thirteen words in a row with one
            are left out (see `decontaminate`).
        shard_bytes: size in memory that a shard has at most, on average.
        configs: names of the task tables to write beside `documents`; all without it. A table
            that would be empty is left out.

    Returns:
        `dest`.

    Raises:
        CasewrightError: the run is not finished, not screened or does not add up; a licence
            forbids it; something is at `dest`; the disk is full.
    """
    wanted = [name for name in TASK_SCHEMAS if configs is None or name in configs]
    unknown = sorted(set(configs or ()) - TASK_SCHEMAS.keys() - {"documents"})
    if unknown:
        raise CasewrightError(
            f"there is no table {', '.join(unknown)}", valid=", ".join(["documents", *TASK_SCHEMAS])
        )
    begun = exporting(
        run, dest, info=info, splits=splits, benchmarks=benchmarks, shard_bytes=shard_bytes,
        dealt=["documents", "cases"] if wanted else ["documents"],
    )  # fmt: skip
    with begun as export:
        folder = export.folder
        metadata = dict(as_metadata(export.manifest))
        made = export.shards("documents", folder / "documents", metadata)
        tables = [
            CardConfig(
                "documents", card_splits(made, "documents"), schema=EXPORT_SCHEMA, default=True
            )
        ]
        if wanted:
            cases = export.shards("cases", export.scratch / "whole_cases")
            rejected = rejected_of(export.run) if "dpo" in wanted else {}
            tables += [
                CardConfig(name, card_splits(files, name), schema=TASK_SCHEMAS[name])
                for name, files in write_tasks(cases, folder, wanted, rejected, metadata).items()
            ]
        export.describe(tables, TASKS, "parquet")
        summary = export.summary
        sheet = render_healthsheet(summary, export.info)
        (folder / "HEALTHSHEET.md").write_text(sheet, encoding="utf-8")
        write_croissant(folder, summary, tables, export.info, export.info.title_of(summary))
        write_summary(summary, folder / "report.json")
    return Path(dest)


def card_splits(made: list[ShardedSplit], folder: str) -> list[CardSplit]:
    """Shards as the card lists them."""
    return [CardSplit(s.split, f"{folder}/{s.split}-*.parquet", s.rows, s.bytes) for s in made]
