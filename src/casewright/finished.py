"""Runs that are finished: told from what is on disk, without bringing their engine up."""

from __future__ import annotations

from pathlib import Path

from casewright.config import Config
from casewright.errors import CasewrightError
from casewright.generators.engines import identity_of
from casewright.outputs.guard import check_exportable
from casewright.outputs.manifest import MANIFEST, Manifest
from casewright.outputs.topup import top_ups_of
from casewright.planning import RunPlan, extended, plan_top_up
from casewright.settling import chosen_before
from casewright.setup import Parts, engine_spec, fingerprint_of

__all__ = ["finished_run"]


def finished_run(config: Config, parts: Parts, plan: RunPlan, run: Path) -> Manifest | None:
    """The manifest of a run to which the same command would add nothing; None if it would.

    None too where only a server can say which model it has (a URL, and no name), and for whatever
    is not in order: opening the run then says what.

    Args:
        plan: what the configuration plans, without top-ups.
    """
    if not (run / MANIFEST).is_file():
        return None
    try:
        manifest = check_exportable(run)
        for top_up in top_ups_of(run, plan.record.documents):
            plan = extended(plan, top_up)
        model = identity_of(engine_spec(config))
    except CasewrightError:
        return None
    if model is None or manifest.counts.failed or len(plan.places) != manifest.counts.planned:
        return None
    fingerprint = fingerprint_of(config, parts, *model, chosen_before(manifest) or "group")
    if fingerprint != manifest.fingerprint or plan_top_up(parts, config, run, plan) is not None:
        return None
    return manifest
