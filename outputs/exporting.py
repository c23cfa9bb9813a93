"""What every export begins and ends with.

It refuses runs that may not be exported, counts and divides what is left, and describes what was
written: README.md and SHA256SUMS. What lies between is the exporter's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from casewright.errors import CasewrightError, Problem
from casewright.outputs.card import CardConfig, CardInfo, Form, render_card
from casewright.outputs.decontaminate import Contamination, divide_clean
from casewright.outputs.guard import check_exportable, new_folder, write_checksums
from casewright.outputs.lengths import TaskLengths
from casewright.outputs.licences import licence_problems
from casewright.outputs.manifest import Manifest
from casewright.outputs.splits import Division, SplitPlan
from casewright.outputs.summary import RunSummary, summarise

__all__ = ["Export", "check_allowed", "exporting"]


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
    _counting: Future[RunSummary]

    @property
    def scratch(self) -> Path:
        """A folder for intermediate files, gone at the end."""
        return self.folder / ".scratch"

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
) -> Iterator[Export]:
    """Begin an export; its folder becomes `dest` at the end, with checksums.

    Args:
        run: a finished run.
        dest: a new or empty directory.
        info: title and licence for the card.
        splits: which share of the cases goes where.
        benchmarks: files of benchmarks; documents that share thirteen words in a row with one
            are left out (see `decontaminate`).

    Raises:
        CasewrightError: the run is not finished, not screened or does not add up; a licence
            forbids it; something is at `dest`; the disk is full.
    """
    run, plan, info = Path(run), splits or SplitPlan(), info or CardInfo()
    manifest = check_allowed(run, info)
    # The run is counted while it is divided and written: Arrow reads without the interpreter's
    # lock.
    with new_folder(Path(dest)) as folder, ThreadPoolExecutor(1) as pool:
        counting = pool.submit(summarise, run)
        division, contamination = divide_clean(run, plan, benchmarks)
        export = Export(run, folder, plan, division, contamination, info, manifest, counting)
        yield export
        write_checksums(folder)


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
