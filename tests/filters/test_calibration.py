"""Limits of near-copies set on held-out notes, with their intervals."""

from __future__ import annotations

import random

import pytest

from casewright.errors import CasewrightError
from casewright.filters.intervals import quantile_ranks, share_interval
from casewright.filters.near_copies import NearCopies, ReferenceIndex
from casewright.filters.near_copies.calibration import MEASURES, calibrate, held_out
from casewright.filters.phi.lexicon import load_lexicon

WORDS = tuple(sorted(load_lexicon().common_words))


def notes(count: int, seed: int) -> list[tuple[str, str]]:
    """Notes that share a few of 40 sentences by chance."""
    rng = random.Random(seed)
    stock = [" ".join(random.Random(i).choices(WORDS, k=12)) + "." for i in range(40)]
    made = []
    for i in range(count):
        own = [" ".join(rng.choices(WORDS, k=12)) + "." for _ in range(12)]
        made.append((f"{seed}-{i}", " ".join([*own, *rng.sample(stock, rng.randrange(5))])))
    return made


@pytest.mark.parametrize("wanted", [0.01, 0.05])
def test_no_more_unrelated_notes_are_dropped_than_wanted(wanted: float) -> None:
    index = ReferenceIndex.build(notes(200, 1))
    found = calibrate(index, notes(200, 2), wanted)
    judge = NearCopies(index, limits=found.copy_limits)
    dropped = sum(not judge(text).keep for _, text in notes(200, 2))
    assert dropped == found.dropped
    assert dropped / 200 <= wanted
    low, high = found.interval
    assert low <= dropped / 200 <= high
    assert set(found.limits) == set(MEASURES)
    assert all(v.low <= v.high for v in found.limits.values())


def test_copies_among_the_held_out_notes_do_not_loosen_the_limits() -> None:
    reference = notes(200, 1)
    index = ReferenceIndex.build(reference)
    clean = calibrate(index, notes(100, 2), 0.01)
    mixed = calibrate(index, notes(100, 2) + reference[:20], 0.01)
    assert mixed.copies == 20
    assert mixed.limits == clean.limits


def test_too_few_notes_are_a_mistake_that_the_user_can_fix() -> None:
    with pytest.raises(CasewrightError, match="too few"):
        calibrate(ReferenceIndex.build(notes(20, 1)), notes(10, 2), 0.01)


def test_the_division_depends_on_the_text_alone() -> None:
    made = notes(100, 3)
    reference, out = held_out(made)
    again, out_again = held_out(reversed(made))
    assert sorted(reference) == sorted(again)
    assert sorted(out) == sorted(out_again)
    assert 5 <= len(out) <= 40


# Newcombe (1998), table I: Clopper-Pearson intervals.
@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_intervals_are_those_of_the_literature(k: int, n: int, low: float, high: float) -> None:
    assert share_interval(k, n) == pytest.approx((low, high), abs=5e-4)


def test_ranks_of_a_quantile_hold_it() -> None:
    low, high = quantile_ranks(1000, 0.99)
    assert low < 990 < high <= 999
