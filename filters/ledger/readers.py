"""The checker as a reader of the shared assertion cases."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import cast

from casewright.filters.ledger.assertion_cases import (
    AssertionCase,
    AssertionScore,
    read_cases,
    score_reader,
)
from casewright.filters.ledger.check import Checker
from casewright.records import Role, Span, Turn

__all__ = ["read_assertions"]


def read_assertions(checker: Checker) -> AssertionScore:
    """Read assertion_set.yaml, which is part of the package."""
    source = files(__package__).joinpath("assertion_set.yaml").read_text("utf-8")

    def read(case: AssertionCase) -> Sequence[str]:
        turns = [Turn(cast(Role, r), case.text[a:b], a, b) for r, a, b in case.turns]
        spans = [Span(a, b) for a, b, _ in case.spans]
        return checker.assertions(case.text, spans, turns)

    return score_reader("casewright", read, read_cases(source))
