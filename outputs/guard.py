"""What stands before every export: is the run whole, screened, and the place free?"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from casewright.errors import CasewrightError, Problem
from casewright.outputs.files import sync_folder, writing
from casewright.outputs.manifest import Manifest, read_manifest
from casewright.outputs.parts import part_files
from casewright.outputs.stored import stored_tables

__all__ = ["REQUIRED_FILTERS", "check_exportable", "new_folder", "write_checksums"]

REQUIRED_FILTERS = ("ledger", "phi", "near_copies", "quality")
"""A document that has not passed all of these is not screened."""

_AT_ONCE = 8192


def check_exportable(run: Path) -> Manifest:
    """Refuse to export a run that is not whole or not screened.

    Raises:
        CasewrightError: with every reason against it.
    """
    manifest = read_manifest(run)
    counts = manifest.counts
    problems: list[Problem] = []
    if not manifest.complete or any(files.segments for files in part_files(run).values()):
        left = counts.planned - counts.done
        problems.append(
            Problem(
                f"the run is not finished ({left} of {counts.planned} documents to do)"
                if left
                else "the run is not sealed",
                run,
                fix="start its build again with the same command",
            )
        )
    else:
        problems += _reconcile(run, manifest)
    missing = [name for name in REQUIRED_FILTERS if name not in manifest.about.filters]
    if missing:
        problems.append(
            Problem(
                f"its documents were not screened by {', '.join(missing)}",
                run,
                valid=f"all of {', '.join(REQUIRED_FILTERS)}",
                fix="build again with every filter on",
            )
        )
    if not problems and counts.kept == 0:
        problems.append(Problem("it kept no document, so there is nothing to export", run))
    if problems:
        raise CasewrightError("the run cannot be exported", problems=problems)
    return manifest


def _reconcile(run: Path, manifest: Manifest) -> Iterator[Problem]:
    """Hold the manifest against what the files really have."""
    counts = manifest.counts
    found = {"kept": 0, "rejected": 0, "failed": 0}
    places: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    for side, table in stored_tables(run, ["document_index", "outcome"], batch=_AT_ONCE):
        places.append(table["document_index"].to_numpy())
        if side == "kept":
            found["kept"] += table.num_rows
        else:
            for outcome in table["outcome"].to_pylist():
                found[outcome] += 1
    said = {"kept": counts.kept, "rejected": counts.rejected, "failed": counts.failed}
    distinct = len(np.unique(np.concatenate(places))) if places else 0
    fix = "restore the run's files, or build it again"
    if not counts.reconciled:
        yield Problem(f"planned {counts.planned} is not kept + rejected + failed: {said}", run)
    if found != said:
        yield Problem(f"its manifest counts {said}, its files hold {found}", run, fix=fix)
    elif distinct != counts.planned:
        yield Problem(
            f"its files hold {distinct} distinct documents of {counts.planned}", run, fix=fix
        )


@contextmanager
def new_folder(dest: Path) -> Iterator[Path]:
    """Give a folder to fill that becomes `dest` on success and vanishes on failure.

    Raises:
        CasewrightError: something is at `dest` already, or it cannot be written to.
    """
    dest = dest.absolute()
    with writing(dest):
        if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
            raise CasewrightError(
                "there is something in that place already; nothing was overwritten",
                where=dest,
                fix="name a new or empty directory",
            )
        dest.parent.mkdir(parents=True, exist_ok=True)
        made = dest.parent / f".{dest.name}.{os.getpid()}.tmp"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
    try:
        with writing(dest):
            yield made
            made.replace(dest)
            sync_folder(dest.parent)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def write_checksums(folder: Path) -> None:
    """Write `SHA256SUMS` over every file in a folder, in the form that sha256sum checks."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
