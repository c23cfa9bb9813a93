"""What every export begins and ends with.

It refuses runs that may not be exported, counts and divides what is left, and describes what was
written: README.md and SHA256SUMS. What lies between is the exporter's own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa

from casewright.errors import CasewrightError, Problem
from casewright.outputs.card import CardConfig, CardInfo, Form, render_card
from casewright.outputs.decontaminate import Contamination, contamination_of
from casewright.outputs.guard import check_exportable, new_folder, write_checksums
from casewright.outputs.lengths import TaskLengths
from casewright.outputs.licences import licence_problems
from casewright.outputs.manifest import Manifest
from casewright.outputs.shards import SHARD_BYTES, Dealer, ShardedSplit, shard_count
from casewright.outputs.splits import Divider, Division, SplitPlan
from casewright.outputs.stored import large_tables, stored_tables
from casewright.outputs.summary import RunSummary, stored_summary, summarise
from casewright.outputs.vocabulary import Vocabulary

__all__ = ["Deal", "Export", "check_allowed", "exporting"]

Deal: TypeAlias = Literal["documents", "cases"]
SCRATCH = ".scratch"
# Scratch files are packed where the disk has less than this many times their size.
_ROOM = 3
_DECAY_MS = 2_000
_KEPT_BYTES = 31 << 20  # the library's bound is 32 MiB


@dataclass(frozen=True, slots=True)
class Export:
    """An export under way.

    Attributes:
        run: the run that is exported. folder: where its files are written to.
        plan, division: how the cases are divided. contamination: what is left out.
        info: what the publisher says.
    """

    run: Path
    folder: Path
    plan: SplitPlan
    division: Division
    contamination: Contamination | None
    info: CardInfo
    manifest: Manifest
    _dealers: Mapping[Deal, Dealer]
    _shard_bytes: int
    _counting: Future[RunSummary]

    @property
    def scratch(self) -> Path:
        """A folder for intermediate files, gone at the end."""
        return self.folder / SCRATCH

    def shards(
        self, deal: Deal, folder: Path, metadata: Mapping[str, str] | None = None
    ) -> list[ShardedSplit]:
        """Write what was dealt as Parquet shards to a folder; each deal can be had once."""
        return self._dealers[deal].shards(
            folder, self.division, shard_bytes=self._shard_bytes, metadata=metadata
        )

    @property
    def summary(self) -> RunSummary:
        """The run in numbers; waits until it is counted."""
        summary = self._counting.result()
        return replace(summary, manifest=self.manifest)

    def describe(
        self,
        tables: Sequence[CardConfig],
        categories: Sequence[str],
        form: Form,
        lengths: Sequence[TaskLengths] = (),
    ) -> None:
        """Write README.md over the tables that were written."""
        card = render_card(
            self.summary, tables, self.info, categories, form, self.plan.by, self.contamination,
            lengths,
        )  # fmt: skip
        (self.folder / "README.md").write_text(card, encoding="utf-8")


@contextmanager
def exporting(
    run: str | Path,
    dest: str | Path,
    *,
    info: CardInfo | None = None,
    splits: SplitPlan | None = None,
    benchmarks: Sequence[Path] = (),
    dealt: Sequence[Deal] = (),
    shard_bytes: int = SHARD_BYTES,
) -> Iterator[Export]:
    """Begin an export; its folder becomes `dest` at the end, with checksums.

    Args:
        run: a finished run.
        dest: a new or empty directory.
        info: title and licence for the card.
        splits: which share of the cases goes where.
        benchmarks: files of benchmarks; documents that share thirteen words in a row with one
            are left out (see `decontaminate`).
        dealt: what the exporter will ask `Export.shards` for: documents shuffled one by one, or
            by whole cases.
        shard_bytes: size in memory that a shard has at most, on average.

    Raises:
        CasewrightError: the run is not finished, not screened or does not add up; a licence
            forbids it; something is at `dest`; the disk is full.
    """
    run, plan, info = Path(run), splits or SplitPlan(), info or CardInfo()
    manifest = check_allowed(run, info)
    # The run is counted while it is divided and written: Arrow reads without the interpreter's
    # lock.
    with _kept_memory(), new_folder(Path(dest)) as folder, ThreadPoolExecutor(1) as pool:
        counting = pool.submit(_summary, run)
        contamination = contamination_of(run, benchmarks)
        scratch = folder / SCRATCH
        divider = Divider(plan)
        vocabulary = Vocabulary()
        dealers = _dealers(run, manifest, scratch, dealt, shard_bytes, vocabulary) if dealt else {}
        _read_once(run, divider, dealers, vocabulary)
        pa.default_memory_pool().release_unused()
        division = divider.division(run, contamination.contaminated if contamination else None)
        del divider
        pa.default_memory_pool().release_unused()
        yield Export(
            run, folder, plan, division, contamination, info, manifest, dealers, shard_bytes,
            counting,
        )  # fmt: skip
        shutil.rmtree(scratch, ignore_errors=True)
        write_checksums(folder)


@contextmanager
def _kept_memory() -> Iterator[None]:
    """Memory that is used again instead of given back, for as long as an export lasts.

    Arrow and the C library give large buffers back to the system at once and ask for them anew:
    the kernel then clears as many pages as the export writes, a quarter of its time.
    """
    before = pa.default_memory_pool()
    try:
        pool = pa.jemalloc_memory_pool()
        pa.jemalloc_set_decay_ms(_DECAY_MS)
    except NotImplementedError:  # not in every build of Arrow
        pool = pa.system_memory_pool()
    pa.set_memory_pool(pool)
    # The GNU C library keeps what is smaller than the largest piece that it once got back.
    np.empty(_KEPT_BYTES, np.uint8)
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def _summary(run: Path) -> RunSummary:
    """The figures that the build left, if they are still those of the run."""
    return stored_summary(run) or summarise(run)


def _dealers(
    run: Path,
    manifest: Manifest,
    scratch: Path,
    dealt: Sequence[Deal],
    shard_bytes: int,
    vocabulary: Vocabulary,
) -> dict[Deal, Dealer]:
    size = next((t.nbytes / t.num_rows for s, t in stored_tables(run) if s == "kept"), 0.0)
    whole = size * manifest.counts.kept
    scratch.mkdir()
    small = shutil.disk_usage(scratch).free < _ROOM * whole * len(dealt)
    return {
        deal: Dealer(
            scratch / deal,
            shard_count(whole, shard_bytes),
            vocabulary,
            whole_cases=deal == "cases",
            small=small,
        )
        for deal in dealt
    }


def _read_once(
    run: Path, divider: Divider, dealers: Mapping[Deal, Dealer], vocabulary: Vocabulary
) -> None:
    """Go through the run once, for all who want to see it."""
    columns = None if dealers else divider.columns
    with ThreadPoolExecutor(1 + len(dealers)) as pool:
        jobs: list[Future[None]] = []
        for side, table in large_tables(run, columns):
            kept = side == "kept"
            cases = divider.cases_of(table)
            numbered, size = vocabulary.numbered(table) if kept and dealers else (table, 0)
            # Each sees one table after the other.
            for job in jobs:
                job.result()
            jobs = [pool.submit(divider.add, kept, table, cases)]
            if kept:
                jobs += [pool.submit(d.add, numbered, size, cases) for d in dealers.values()]
        for job in jobs:
            job.result()


def check_allowed(run: Path, info: CardInfo) -> Manifest:
    """Refuse to export a run that is not whole, not screened, or that a licence keeps back.

    Returns:
        The manifest, with the model's licence as far as run or publisher know it.

    Raises:
        CasewrightError: with every reason against it.
    """
    manifest = check_exportable(run)
    about = manifest.about
    if info.model_licence:
        if about.model_licence and about.model_licence != info.model_licence:
            raise CasewrightError(
                f"the run records another licence of its model: {about.model_licence}",
                where=run,
                fix="leave --model-licence out",
            )
        manifest = replace(manifest, about=replace(about, model_licence=info.model_licence))
    problems: list[Problem] = list(licence_problems(run, manifest, info.licence))
    if problems:
        raise CasewrightError("a licence forbids the export", problems=problems)
    return manifest
