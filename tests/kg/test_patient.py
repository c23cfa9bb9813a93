"""Who the patient is: age and sex follow the profile exactly, inside the gates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.kg.graph import AGE_BANDS, Condition
from casewright.kg.patient import (
    OLDEST,
    AgeSexTable,
    age_sex_weights,
    draw_age_sex,
    fits,
    over_bands,
    profile_of,
)
from casewright.kg.quotas import Quota
from casewright.records import Demographics
from casewright.seeds import derive_rng

PLAIN = Condition(
    "icd:X00", "Condition", "plain", (), code="X00", title="Plain", billable=True, principal=True
)


def drawn(condition: Condition, n: int = 400) -> list[Demographics]:
    table = AgeSexTable.of(age_sex_weights(condition))
    return [draw_age_sex(condition, table, derive_rng("age", i)) for i in range(n)]


@given(
    low=st.none() | st.floats(0, 90),
    span=st.floats(0, 60),
    sex=st.sampled_from((None, "female", "male")),
    weights=st.none() | st.lists(st.floats(0, 1), min_size=12, max_size=12),
    share=st.none() | st.floats(0, 1),
    seed=st.integers(),
)
def test_whoever_is_drawn_fits_the_gates(
    low: float | None,
    span: float,
    sex: str | None,
    weights: list[float] | None,
    share: float | None,
    seed: int,
) -> None:
    low = None if low is None else float(int(low))
    condition = replace(
        PLAIN, min_age=low, max_age=float(int((low or 0) + span)), sex=sex,  # type: ignore[arg-type]
        age_weights=tuple(weights) if weights else None, female_share=share,
    )  # fmt: skip
    who = draw_age_sex(condition, AgeSexTable.of(age_sex_weights(condition)), derive_rng(seed))
    assert fits(condition, who), who
    assert (who.age_months is not None) == (who.age_years < 2)


def test_ages_follow_the_profile() -> None:
    only_50s = tuple(1.0 if band == (45, 54) else 0.0 for band in AGE_BANDS)
    ages = {w.age_years for w in drawn(replace(PLAIN, age_weights=only_50s))}
    assert ages == set(range(45, 55))
    halves = tuple(0.5 if band in {(5, 11), (65, 74)} else 0.0 for band in AGE_BANDS)
    found = drawn(replace(PLAIN, age_weights=halves))
    assert 0.4 < sum(w.age_years < 12 for w in found) / len(found) < 0.6


def test_the_oldest_thin_out() -> None:
    oldest = tuple(1.0 if band == AGE_BANDS[-1] else 0.0 for band in AGE_BANDS)
    ages = [w.age_years for w in drawn(replace(PLAIN, age_weights=oldest))]
    assert min(ages) == 85 and max(ages) <= OLDEST
    assert sum(a < 88 for a in ages) > sum(a >= 88 for a in ages) * 0.8


def test_sexes_follow_the_share() -> None:
    for share in (0.0, 0.2, 0.9, 1.0):
        found = drawn(replace(PLAIN, female_share=share))
        assert abs(sum(w.sex == "female" for w in found) / len(found) - share) < 0.08


def divergence(p: list[float], q: list[float]) -> float:
    """Jensen-Shannon, in bits."""
    p, q = [x / sum(p) for x in p], [x / sum(q) for x in q]
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return sum(
        x * log2(x / m) / 2 for side in (p, q) for x, m in zip(side, middle, strict=True) if x
    )


@given(weights=st.lists(st.floats(0.01, 1), min_size=12, max_size=12), share=st.floats(0.05, 0.95))
def test_bands_of_the_profile_are_those_of_the_survey(weights: list[float], share: float) -> None:
    condition = replace(PLAIN, age_weights=tuple(weights), female_share=share)
    bands = over_bands(profile_of(condition))
    expected = [w * s for w in weights for s in (share, 1 - share)]
    assert bands == pytest.approx(expected)
    assert over_bands(age_sex_weights(condition)) == pytest.approx(expected)


def test_draws_come_as_near_to_the_gated_profile_as_chance_lets_them() -> None:
    condition = replace(
        PLAIN, age_weights=(0.1, 0.2, 0.1, 0.05, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05),
        female_share=0.7, min_age=3.0, max_age=70.0,
    )  # fmt: skip
    counted = Counter(2 * w.age_years + (w.sex == "male") for w in drawn(condition, 6000))
    found = over_bands([float(counted[i]) for i in range(2 * (OLDEST + 1))])
    assert divergence(found, over_bands(age_sex_weights(condition))) < 0.004
    # The gates cost something against the profile as it is: it is not hidden.
    assert divergence(found, over_bands(profile_of(condition))) > 0.03


def test_a_gate_thins_a_band_in_proportion() -> None:
    even = tuple(1 / 12 for _ in AGE_BANDS)
    bands = over_bands(age_sex_weights(replace(PLAIN, age_weights=even, min_age=3.0)))
    assert bands[2] == pytest.approx(1 / 24 * 2 / 4), "two of the four years from 1 to 4 are left"
    assert bands[0] == 0.0


def test_newborn_conditions_are_met_in_the_youngest() -> None:
    newborn = replace(PLAIN, min_age=0.0, max_age=0.0, chapter=16)
    assert {(w.age_years, w.age_months) for w in drawn(newborn, 50)} == {(0, 1)}
    visit = replace(PLAIN, min_age=0.0, max_age=0.08, chapter=21)
    assert {w.age_months for w in drawn(visit, 50)} == {1}


def test_age_in_months_counts_for_the_lower_gate() -> None:
    from_six_months = replace(PLAIN, min_age=0.5, max_age=1.0)
    months = {w.age_months for w in drawn(from_six_months)}
    assert min(m for m in months if m is not None) == 6
    assert not fits(from_six_months, Demographics(0, "female", 5))


def test_a_quota_keeps_to_its_ages_and_sex() -> None:
    cell = Quota(ages=(30, 39), sex="male", share=0.1)
    table = AgeSexTable.of(age_sex_weights(PLAIN, cell=cell))
    found = {draw_age_sex(PLAIN, table, derive_rng(i)) for i in range(200)}
    assert {w.age_years for w in found} == set(range(30, 40))
    assert {w.sex for w in found} == {"male"}


def test_only_those_who_can_tell_a_symptom_are_drawn_where_there_are_any() -> None:
    even = replace(PLAIN, age_weights=tuple(1 / 12 for _ in AGE_BANDS))
    telling = age_sex_weights(even, reports=frozenset({(4.0, 200.0, None)}))
    assert sum(telling[:8]) == 0 and sum(telling) > 0
    none = age_sex_weights(replace(even, max_age=2.0), reports=frozenset({(4.0, 200.0, None)}))
    assert sum(none) > 0, "an infant with nothing to tell is still a patient"
