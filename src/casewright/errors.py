"""Errors that the user can fix.

`CasewrightError` is the only exception that the command line turns into a
message and exit status 2. Anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CasewrightError", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it is, what would be valid and what to do.

    Attributes:
        what: what happened, in one sentence without a full stop.
        where: file, config key or URL; None when there is no place to point to.
        line: 1-based line in the file at `where`.
        valid: what is accepted there ("one of a, b, c", "a number from 0 to 1").
        fix: what the user can do next, as an imperative.
    """

    what: str
    where: str | Path | None = None
    line: int | None = None
    valid: str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        place = ""
        if self.where is not None:
            place = f"{self.where}:{self.line}: " if self.line is not None else f"{self.where}: "
        parts = [f"{place}{self.what}"]
        if self.valid:
            parts.append(f"  valid: {self.valid}")
        if self.fix:
            parts.append(f"  do: {self.fix}")
        return "\n".join(parts)


class CasewrightError(Exception):
    """Something that the user can fix. Carries every problem found, not only the first.

    Args:
        what: the sentence of a single problem, or a heading over `problems`.
        where, line, valid, fix: see `Problem`.
        problems: several problems found by one validation.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | Path | None = None,
        line: int | None = None,
        valid: str | None = None,
        fix: str | None = None,
        problems: Iterable[Problem] = (),
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems) or (
            Problem(what, where, line, valid, fix),
        )
        self.heading = what
        super().__init__(what)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n".join([self.heading, *(f"- {p}" for p in self.problems)])
