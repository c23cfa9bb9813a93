"""Recall on planted sets that were written before the rules had seen them (see `unseen`).

The bounds hold what was reached after mending; the first readings stand in docs/privacy.md.
"""

from __future__ import annotations

import pytest

from casewright.filters.disclosure.planted import measure
from casewright.filters.phi import LEAK_SCORE, scan

from . import unseen

SETS = ("third", "fourth")


def find(text: str) -> list[tuple[int, int]]:
    return [(h.start, h.end) for h in scan(text) if h.score >= LEAK_SCORE]


@pytest.mark.parametrize("name", SETS)
def test_names_of_unseen_origins_and_places_are_found(name: str) -> None:
    groups, missed = measure(list(unseen.names(unseen.read(name), rounds=4)), find)
    found, total = sum(g.found for g in groups), sum(g.total for g in groups)
    assert found / total >= 0.92, [m.text for m in missed]


@pytest.mark.parametrize("name", SETS)
def test_other_identifiers_of_unseen_forms_are_found(name: str) -> None:
    groups, missed = measure(list(unseen.others(unseen.read(name))), find)
    found, total = sum(g.found for g in groups), sum(g.total for g in groups)
    assert found / total >= 0.95, [m.text for m in missed]


@pytest.mark.parametrize("name", SETS)
def test_unseen_lines_that_tempt_are_left_alone(name: str) -> None:
    lines = unseen.read(name)["clean"]
    assert sum(bool(find(line)) for line in lines) / len(lines) <= 0.1
