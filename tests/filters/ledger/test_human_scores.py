"""The checker agrees with people who scored machine summaries (MTS-Dialog)."""

from __future__ import annotations

from pathlib import Path

import pytest

from casewright.filters.ledger.check import Checker
from casewright.filters.ledger.human_scores import (
    grounded,
    pearson,
    said_in,
    score_summaries,
    stated_share,
)


@pytest.mark.parametrize(
    ("section", "summary", "share"),
    [
        ("Fever and cough.", "The patient has a cough and fever.", 1.0),
        ("Fever and cough.", "She has fever.", 0.5),
        ("Fever, no cough.", "Fever and cough.", 0.5),
        ("None.", "No known drug allergies.", 1.0),
        ("Non-contributory", "Noncontributory.", 1.0),
        ("None.", "She had her appendix out.", 0.0),
        ("Fever.", "Rash.", 0.0),
    ],
)
def test_share_of_the_facts_that_is_stated(
    checker: Checker, section: str, summary: str, share: float
) -> None:
    facts, text = said_in(checker.read(section)), said_in(checker.read(summary))
    assert stated_share(facts, text) == pytest.approx(share)


def test_what_goes_beyond_the_ground_counts(checker: Checker) -> None:
    ground = said_in(checker.read("Fever and cough for 3 days."))
    assert grounded(said_in(checker.read("Cough and fever.")), ground) == 0
    more = grounded(said_in(checker.read("Cough, fever and a rash.")), ground)
    most = grounded(said_in(checker.read("Gout, a rash and diarrhea for 12 weeks.")), ground)
    assert 0 < more < most


def test_pearson() -> None:
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert pearson([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert pearson([1, 1, 1], [3, 2, 1]) == 0


@pytest.mark.shared
@pytest.mark.slow
def test_agrees_with_people(checker: Checker, shared_folder: Path) -> None:
    scores = score_summaries(checker, shared_folder / "corpora")
    assert scores.summaries == 400
    assert scores.correlations["factual_recall"] >= 0.60
    assert scores.correlations["omission"] <= -0.62
    assert scores.correlations["hallucination"] >= 0.30
