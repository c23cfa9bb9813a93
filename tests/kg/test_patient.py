"""Who the patient is: age, sex and company from the graph's numbers, inside its gates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.errors import CasewrightError
from casewright.kg.graph import AGE_BANDS, Condition, Graph
from casewright.kg.patient import (
    ConditionSampler,
    Sampling,
    fits,
    fits_setting,
    sample_comorbidities,
    sample_demographics,
)
from casewright.records import Demographics
from casewright.seeds import derive_rng

PLAIN = Condition(
    "icd:X00", "Condition", "plain", (), code="X00", title="Plain", billable=True, principal=True
)


def ages(condition: Condition, n: int = 400) -> list[Demographics]:
    return [sample_demographics(condition, derive_rng("age", i)) for i in range(n)]


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
    who = sample_demographics(condition, derive_rng(seed))
    assert fits(condition, who), who
    assert (who.age_months is not None) == (who.age_years < 2)


def test_ages_follow_the_profile() -> None:
    only_50s = tuple(1.0 if band == (45, 54) else 0.0 for band in AGE_BANDS)
    assert all(45 <= w.age_years <= 54 for w in ages(replace(PLAIN, age_weights=only_50s)))
    assert len({w.age_years for w in ages(replace(PLAIN, age_weights=only_50s))}) == 10
    halves = tuple(0.5 if band in {(5, 11), (65, 74)} else 0.0 for band in AGE_BANDS)
    drawn = ages(replace(PLAIN, age_weights=halves))
    assert 0.4 < sum(w.age_years < 12 for w in drawn) / len(drawn) < 0.6


def test_sexes_follow_the_share() -> None:
    for share in (0.0, 0.2, 0.9, 1.0):
        drawn = ages(replace(PLAIN, female_share=share))
        assert abs(sum(w.sex == "female" for w in drawn) / len(drawn) - share) < 0.08


def test_newborn_conditions_are_met_in_the_youngest() -> None:
    newborn = replace(PLAIN, min_age=0.0, max_age=0.0, chapter=16)
    assert {(w.age_years, w.age_months) for w in ages(newborn, 50)} == {(0, 1)}


def test_age_in_months_counts_for_the_lower_gate() -> None:
    from_six_months = replace(PLAIN, min_age=0.5, max_age=1.0)
    months = {w.age_months for w in ages(from_six_months)}
    assert min(m for m in months if m is not None) == 6
    assert not fits(from_six_months, Demographics(0, "female", 5))


@pytest.mark.parametrize(
    ("acuity", "inside", "outside"),
    [("outpatient", ("outpatient", "emergency"), ("inpatient",)),
     ("inpatient", ("inpatient",), ("outpatient", "emergency")),
     ("either", ("outpatient", "emergency", "inpatient"), ())],
)  # fmt: skip
def test_conditions_are_seen_where_their_acuity_says(
    acuity: str, inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    condition = replace(PLAIN, acuity=acuity)  # type: ignore[arg-type]
    assert all(fits_setting(condition, s) for s in inside)  # type: ignore[arg-type]
    assert not any(fits_setting(condition, s) for s in outside)  # type: ignore[arg-type]


def test_weights_of_conditions_are_the_shares_of_visits_or_tempered_or_equal(graph: Graph) -> None:
    def top_share(how: str) -> float:
        sampler = ConditionSampler(graph, Sampling(conditions=how))  # type: ignore[arg-type]
        rng = derive_rng("top", how)
        drawn = Counter(sampler.condition("outpatient", rng).code for _ in range(3000))
        common = sorted(graph.principals, key=lambda c: -c.visit_share)[:50]
        return sum(drawn[c.code] for c in common) / 3000

    assert top_share("prevalence") > 2 * top_share("tempered") > 4 * top_share("uniform")


def test_comorbidities_are_chronic_apart_and_allowed_together(graph: Graph) -> None:
    principal = graph.condition("E11.9")
    who = Demographics(64, "male")
    met: Counter[str] = Counter()
    for i in range(200):
        held = sample_comorbidities(graph, principal, who, derive_rng(i), at_most=3)
        assert len(held) <= 3
        everyone = [principal, *held]
        assert len({c.code[:3] for c in everyone}) == len(everyone)
        for n, a in enumerate(everyone):
            assert not any(graph.excludes1(a.code, b.code) for b in everyone[n + 1 :])
        assert all(c.chronic and fits(c, who) for c in held)
        met.update(c.code for c in held)
    assert met["I10"] > 20, "hypertension is what diabetes comes with most"


def test_no_comorbidity_is_drawn_where_none_is_wanted(graph: Graph) -> None:
    principal = graph.condition("E11.9")
    for i in range(20):
        who = Demographics(64, "male")
        assert not sample_comorbidities(graph, principal, who, derive_rng(i), at_most=0)


def test_every_wrong_code_is_explained(graph: Graph) -> None:
    with pytest.raises(CasewrightError) as caught:
        ConditionSampler(graph, Sampling(codes=("ZZZ",)))
    assert "no ICD-10-CM code 'ZZZ'" in str(caught.value)
    with pytest.raises(CasewrightError, match="cannot be a principal diagnosis") as caught:
        ConditionSampler(graph, Sampling(codes=("V00",)))
    assert "kg show V00" in str(caught.value)
