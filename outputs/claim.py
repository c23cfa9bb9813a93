"""Making a directory a run's, and deciding which process works on which shard of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from casewright.errors import CasewrightError, Problem
from casewright.outputs import parts
from casewright.outputs.files import FileLock, writing
from casewright.outputs.manifest import (
    MANIFEST,
    About,
    Counts,
    Fingerprint,
    Manifest,
    now,
    read_manifest,
    versions,
    write_json,
)

__all__ = ["claim", "directory_lock", "lock_shard", "refuse_foreign"]


def directory_lock(path: Path) -> FileLock:
    """The lock under which a process decides for the whole directory, for a moment."""
    return FileLock(path / "journal" / "lock")


def refuse_foreign(path: Path) -> None:
    """Refuse a path that is not a run's and not free for one."""
    with writing(path):
        if not path.exists():
            return
        if not path.is_dir():
            raise CasewrightError(
                "the run's place is taken by a file", where=path, fix="name another directory"
            )
        names = {p.name for p in path.iterdir()}
    # A process killed while it made the directory leaves no more than these.
    rest = {n for n in names if n != "journal" and not re.fullmatch(r"\.manifest.*\.tmp", n)}
    if MANIFEST not in names and rest:
        raise CasewrightError(
            f"the directory is not empty and holds no run (it has {_some(rest)})",
            where=path,
            fix="name an empty or new directory",
        )


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:3]) + (" ..." if len(ordered) > 3 else "")


def claim(path: Path, fingerprint: Fingerprint, planned: int, about: About | None) -> Manifest:
    """Make the directory this run's, or see that it is. The directory lock is held."""
    if (path / MANIFEST).exists():
        manifest = read_manifest(path)
        problems = [
            Problem(f"{name}: the run has {_shown(old)}, asked for is {_shown(new)}", path)
            for name, old, new in manifest.fingerprint.differences(fingerprint)
        ]
        if manifest.counts.planned != planned:
            planned_there = manifest.counts.planned
            problems.append(
                Problem(f"planned: the run has {planned_there}, asked for is {planned}", path)
            )
        if problems:
            raise CasewrightError(
                "the directory holds a run made of something else; name another directory, "
                "or ask for what it was made of",
                problems=[
                    replace(p, fix="name another --out, or go back to the run's own settings")
                    if len(problems) == 1
                    else p
                    for p in problems
                ],
            )
        if about is None or about == manifest.about:
            return manifest
        manifest = replace(manifest, about=about)
    else:
        manifest = Manifest(
            fingerprint=fingerprint,
            counts=Counts(planned),
            digest=fingerprint.digest,
            created=now(),
            updated=now(),
            about=about or About(),
            versions=versions(),
            part_rows=parts.PART_ROWS,
        )
    write_json(path / MANIFEST, manifest)
    return manifest


def _shown(value: str | None) -> str:
    return "nothing" if value is None else repr(value)


def lock_shard(path: Path, shard: tuple[int, int]) -> FileLock:
    """Take the shard's lock. The directory lock is held, so nobody else is just doing so."""
    k, n = shard
    mine = f"lock.s{k}of{n}"
    alone = True
    for other in sorted((path / "journal").glob("lock.s*of*")):
        if other.name == mine:
            continue
        lock = FileLock(other)
        if lock.acquire():
            lock.release()
            continue
        alone = False
        if not other.name.endswith(f"of{n}"):
            raise CasewrightError(
                f"process {lock.holder()} works on this run as shard "
                f"{other.name.removeprefix('lock.s').replace('of', '/')}",
                where=path,
                fix=f"wait for it, or use the same number of shards as it does, not {n}",
            )
    lock = FileLock(path / "journal" / mine)
    if not lock.acquire():
        raise CasewrightError(
            f"process {lock.holder()} is working on this "
            + ("run" if n == 1 else f"run's shard {k}/{n}"),
            where=path,
            fix="wait for it to end, or stop it",
        )
    if alone:  # what a killed process was writing; nobody is writing now
        for leftover in path.rglob(".*.tmp"):
            leftover.unlink(missing_ok=True)
    return lock
