"""A run as a Hugging Face dataset: Parquet shards, card, checksums. Needs no hub."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from casewright.outputs.card import CardConfig, CardInfo, CardSplit, as_metadata, render_card
from casewright.outputs.guard import check_exportable, new_folder
from casewright.outputs.rows import DOCUMENTS_SCHEMA
from casewright.outputs.shards import SHARD_BYTES, ShardedSplit, write_shards
from casewright.outputs.splits import SplitPlan, divide
from casewright.outputs.summary import summarise, write_summary

__all__ = ["card_splits", "export_hf", "write_checksums"]

TASKS = ("text-generation", "token-classification", "text-classification", "summarization")


def export_hf(
    run: str | Path,
    dest: str | Path,
    *,
    info: CardInfo | None = None,
    splits: SplitPlan | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> Path:
    """Export a run's kept documents so that `datasets.load_dataset(dest)` takes them.

    Args:
        run: a finished run.
        dest: a new or empty directory; it appears only when all is written.
        info: title and licence for the card.
        splits: which share of the cases goes to train, validation and test.
        shard_bytes: uncompressed size that a shard has at most, on average.

    Returns:
        `dest`.

    Raises:
        CasewrightError: the run is not finished, not screened or does not add up; something
            is at `dest`; the disk is full.
    """
    run, dest = Path(run), Path(dest)
    plan = splits or SplitPlan()
    check_exportable(run)
    summary = summarise(run)
    with new_folder(dest) as folder:
        scratch = folder / ".scratch"
        made = write_shards(
            run,
            folder / "documents",
            scratch,
            divide(run, plan),
            shard_bytes=shard_bytes,
            metadata=dict(as_metadata(summary)),
        )
        shutil.rmtree(scratch)
        config = CardConfig(
            "documents", card_splits(made, "documents"), schema=DOCUMENTS_SCHEMA, default=True
        )
        card = render_card(summary, [config], info or CardInfo(), TASKS, split_by=plan.by)
        (folder / "README.md").write_text(card, encoding="utf-8")
        write_summary(summary, folder / "report.json")
        write_checksums(folder)
    return dest


def card_splits(made: list[ShardedSplit], folder: str) -> list[CardSplit]:
    """Shards as the card lists them."""
    return [CardSplit(s.split, f"{folder}/{s.split}-*.parquet", s.rows, s.bytes) for s in made]


def write_checksums(folder: Path) -> None:
    """Write `SHA256SUMS` over every file in a folder, in the form that sha256sum checks."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
