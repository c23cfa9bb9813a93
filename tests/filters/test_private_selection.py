"""Private selection: the votes count, the noise is what the accountant asks for."""

from __future__ import annotations

import math

import pytest

from casewright.errors import CasewrightError
from casewright.filters.disclosure.notes import made_up_notes
from casewright.filters.disclosure.selection import noise_for, select_privately

CANDIDATES = made_up_notes(12, 21)


def near(number: int, patients: int) -> list[tuple[str, str]]:
    """Notes of so many patients, all like one candidate."""
    text = " ".join(CANDIDATES[number][1].split()[10:60])
    return [(f"p{number}-{i}", f"{text} {i}") for i in range(patients)]


@pytest.fixture(autouse=True)
def _accounting() -> None:
    pytest.importorskip("dp_accounting", reason="dp-accounting is an extra")


def test_the_noise_is_the_analytic_gaussian_mechanisms() -> None:
    """Balle and Wang (2018), theorem 8: delta of the Gaussian mechanism of sensitivity 1."""
    for epsilon, delta in ((0.5, 1e-5), (1.0, 1e-6), (4.0, 1e-5)):
        sigma = noise_for(epsilon, delta)

        def phi(x: float) -> float:
            return 0.5 * math.erfc(-x / math.sqrt(2))

        a, b = 1 / (2 * sigma), epsilon * sigma
        assert phi(a - b) - math.exp(epsilon) * phi(-a - b) == pytest.approx(delta, rel=0.05)


def test_what_many_patients_are_like_is_kept() -> None:
    notes = [*near(3, 200), *near(7, 150), *near(9, 2)]
    found = select_privately(notes, CANDIDATES, epsilon=1.0, delta=1e-6, keep=2, seed=1)
    assert found.chosen == (CANDIDATES[3][0], CANDIDATES[7][0])
    assert (found.epsilon, found.delta) == (1.0, 1e-6)


def test_a_patient_has_one_vote_however_many_notes() -> None:
    one = [("same", text) for _, text in near(5, 500)]
    found = select_privately(
        [*one, *near(3, 100)], CANDIDATES, epsilon=8.0, delta=1e-6, keep=12, seed=2
    )
    votes = dict(zip(found.chosen, found.votes, strict=True))
    assert abs(votes[CANDIDATES[5][0]]) < 1 + 6 * found.sigma
    assert votes[CANDIDATES[3][0]] > 90


def test_the_noise_differs_from_run_to_run() -> None:
    runs = {
        select_privately(near(1, 5), CANDIDATES, epsilon=1, delta=1e-6, keep=1).votes
        for _ in range(3)
    }
    assert len(runs) == 3


@pytest.mark.parametrize(("epsilon", "delta", "keep"), [(0, 1e-6, 1), (1, 0.5, 1), (1, 1e-6, 99)])
def test_what_promises_nothing_is_refused(epsilon: float, delta: float, keep: int) -> None:
    with pytest.raises(CasewrightError):
        select_privately(near(1, 5), CANDIDATES, epsilon=epsilon, delta=delta, keep=keep)
