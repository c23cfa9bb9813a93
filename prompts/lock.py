"""The lock on released templates: `python -m casewright.prompts.lock` locks new ones.

A template is released once its sha256 stands in `prompts.lock`. From then on its file never
changes and never goes: what a document says of its prompt stays true. A better prompt is a
new version beside the old one.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from casewright.errors import CasewrightError, Problem

__all__ = ["LOCK", "lock_new_templates", "lock_problems", "read_lock"]

LOCK = "prompts.lock"
_HEAD = (
    "# sha256 of every released template. Written by `python -m casewright.prompts.lock`,\n"
    "# which adds new files and refuses changed ones: a change is a new version.\n"
)


def read_lock(folder: Path) -> dict[str, str]:
    """File names of the released templates with their sha256; empty without a lock file.

    Raises:
        CasewrightError: for a line that is not "<sha256>  <file name>".
    """
    path = folder / LOCK
    if not path.is_file():
        return {}
    locked: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("  ")
        if len(parts) != 2 or len(parts[0]) != 64 or parts[1] in locked:
            problems.append(
                Problem(
                    f"this is no entry of the lock: {line!r}",
                    path,
                    number,
                    valid="<sha256>  <file name>, each file once",
                    fix="restore the file from version control",
                )
            )
            continue
        locked[parts[1]] = parts[0]
    if problems:
        raise CasewrightError("the lock is damaged", problems=problems)
    return locked


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _broken(folder: Path, locked: dict[str, str]) -> list[Problem]:
    """Released templates that were changed or that are gone."""
    problems: list[Problem] = []
    for name, digest in locked.items():
        path = folder / name
        if not path.is_file():
            problems.append(
                Problem("a released template is gone", path, fix="restore it: old runs name it")
            )
        elif _hash(path) != digest:
            stem, _, number = name.removesuffix(".j2").rpartition(".v")
            problems.append(
                Problem(
                    "a released template was changed",
                    path,
                    fix=f"restore it, and save the change as {stem}.v{int(number) + 1}.j2",
                )
            )
    return problems


def _new(folder: Path, locked: dict[str, str]) -> list[Path]:
    return [p for p in sorted(folder.glob("*.j2")) if p.name not in locked]


def lock_problems(folder: Path) -> list[Problem]:
    """What stands against a release: changed, missing and not yet locked templates."""
    locked = read_lock(folder)
    return _broken(folder, locked) + [
        Problem("the template is not locked", path, fix="run python -m casewright.prompts.lock")
        for path in _new(folder, locked)
    ]


def lock_new_templates(folder: Path) -> list[str]:
    """Add the templates that are not locked yet, and return their file names.

    Raises:
        CasewrightError: a released template was changed or is gone; nothing is written then.
    """
    locked = read_lock(folder)
    broken = _broken(folder, locked)
    if broken:
        raise CasewrightError("released templates never change", problems=broken)
    new = _new(folder, locked)
    if new:
        entries = {**locked, **{p.name: _hash(p) for p in new}}
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(entries.items()))
        (folder / LOCK).write_text(_HEAD + lines, "utf-8")
    return [p.name for p in new]


def main() -> None:
    """Lock what is new in this package's own folder."""
    try:
        new = lock_new_templates(Path(__file__).parent)
    except CasewrightError as err:
        sys.stderr.write(f"error: {err}\n")
        sys.exit(2)
    sys.stdout.write("".join(f"locked {name}\n" for name in new) or "nothing is new\n")


if __name__ == "__main__":
    main()
