"""Top-ups: later passes over the plan of a run, on record in its directory.

The manifest says how many documents count. `plan.json` is written before it: a process killed
between the two leaves a pass that nothing counts, which is then made again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from casewright.errors import CasewrightError
from casewright.outputs.claim import directory_lock
from casewright.outputs.coverage import PlanRecord, TopUp, read_plan_record, write_plan_record
from casewright.outputs.files import writing
from casewright.outputs.manifest import MANIFEST, read_manifest, write_json

__all__ = ["extend_run", "record_plan", "top_ups_of"]


def top_ups_of(run: Path, first: int) -> tuple[TopUp, ...]:
    """The later passes that count in a run whose first pass has `first` documents.

    Raises:
        CasewrightError: the manifest counts documents that no pass on record explains.
    """
    if not (run / MANIFEST).exists():
        return ()
    planned = read_manifest(run).counts.planned
    record = read_plan_record(run)
    if planned <= first or record is None or record.documents != first:
        return ()  # where the two do not go together, opening the run says so
    counted: list[TopUp] = []
    for top_up in record.top_ups:
        if first == planned:
            break
        counted.append(top_up)
        first += len(top_up.documents)
    if first != planned:
        raise CasewrightError(
            f"the run counts {planned} documents, its plan on record explains {first}",
            where=run / "plan.json",
            fix="restore the file from where the run was made",
        )
    return tuple(counted)


def record_plan(run: Path, record: PlanRecord) -> None:
    """Put a plan on record, where there is more to it than a number."""
    if (record.wanted or record.top_ups) and read_plan_record(run) != record:
        with writing(run), directory_lock(run):
            write_plan_record(record, run)


def extend_run(run: Path, record: PlanRecord) -> None:
    """Let the last pass on record count: the run has more to do from here on.

    Raises:
        CasewrightError: another process has extended the run meanwhile.
    """
    total = record.documents + sum(len(t.documents) for t in record.top_ups)
    with writing(run), directory_lock(run):
        manifest = read_manifest(run)
        if manifest.counts.planned != total - len(record.top_ups[-1].documents):
            raise CasewrightError(
                "another process is topping up this run",
                where=run,
                fix="wait for it to end, then start the same command again",
            )
        write_plan_record(record, run)
        counts = replace(manifest.counts, planned=total)
        write_json(run / MANIFEST, replace(manifest, counts=counts, complete=False))
