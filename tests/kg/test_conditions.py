"""Principal diagnoses: concepts by weight, codes of a concept by side, quotas to the unit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from casewright.errors import CasewrightError
from casewright.kg.cases import CaseSampler
from casewright.kg.conditions import ConditionSampler, fits_setting, variant_weight
from casewright.kg.graph import Condition, Graph
from casewright.kg.patient import Sampling
from casewright.kg.plans import wrong_side
from casewright.kg.quotas import Quota
from casewright.seeds import derive_rng

PLAIN = Condition(
    "icd:X00", "Condition", "plain", (), code="X00", title="Plain", billable=True, principal=True
)


def draws(graph: Graph, n: int, **sampling: object) -> list[Condition]:
    sampler = ConditionSampler(graph, Sampling(**sampling))  # type: ignore[arg-type]
    rng = derive_rng("draws", n)
    return [sampler.condition(0, "outpatient", rng.random()) for _ in range(n)]


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


def test_curated_settings_go_before_acuity() -> None:
    condition = replace(PLAIN, acuity="outpatient", attributes=(("setting", "inpatient"),))
    assert fits_setting(condition, "inpatient") and not fits_setting(condition, "outpatient")


def test_weights_of_conditions_are_the_shares_of_visits_or_tempered_or_equal(graph: Graph) -> None:
    common = {c.code for c in sorted(graph.principals, key=lambda c: -c.visit_share)[:50]}

    def top_share(how: str) -> float:
        drawn = Counter(c.code in common for c in draws(graph, 3000, conditions=how))
        return drawn[True] / 3000

    assert top_share("prevalence") > 2 * top_share("tempered") > 4 * top_share("uniform")


def test_uniform_is_over_concepts_and_not_over_their_codes(graph: Graph) -> None:
    """An ankle sprain has a dozen codes by side and counts as often as gout with one."""
    sampler = ConditionSampler(graph, Sampling(conditions="uniform"))
    pool = sampler.pool("outpatient")
    weight: Counter[str] = Counter()
    steps = 40_000
    for step in range(steps):
        weight[sampler.condition(0, "outpatient", (step + 0.5) / steps).concept] += 1
    concepts = {c.concept for c in pool}
    assert len(concepts) < 0.75 * len(pool)
    expected = steps / len(concepts)
    most = max(weight.values())
    assert most <= expected * 1.3 + 2, "no concept weighs more than another"


def test_a_side_is_drawn_before_none_and_right_as_often_as_left(graph: Graph) -> None:
    drawn = draws(graph, 8000, conditions="uniform", codes=("M17", "H65", "S93"))
    sides = Counter(c.laterality for c in drawn)
    assert abs(sides["right"] - sides["left"]) < 0.1 * sides["right"]
    assert sides["unspecified"] < 0.15 * (sides["right"] + sides["left"])
    assert variant_weight(replace(PLAIN, laterality="right")) == variant_weight(
        replace(PLAIN, laterality="left")
    )


@pytest.mark.parametrize(
    ("text", "laterality", "wrong"),
    [
        ("right lower lobe consolidation", None, False),
        ("effusion of the left knee", "right", True),
        ("effusion of the left knee", "left", False),
        ("effusion of the left knee", "unspecified", True),
        ("effusion of the left knee", "bilateral", True),
        ("bilateral hilar adenopathy", "right", True),
        ("a left ventricular ejection fraction of 30%", "right", False),
        ("left bundle branch block", "right", False),
        ("an antalgic gait", "right", False),
    ],
)
def test_a_side_in_words_is_that_of_the_code(
    text: str, laterality: str | None, wrong: bool
) -> None:
    assert wrong_side(text, laterality) is wrong


def test_every_wrong_code_is_explained(graph: Graph) -> None:
    with pytest.raises(CasewrightError) as caught:
        ConditionSampler(graph, Sampling(codes=("ZZZ",)))
    assert "no ICD-10-CM code 'ZZZ'" in str(caught.value)
    with pytest.raises(CasewrightError, match="cannot be a principal diagnosis") as caught:
        ConditionSampler(graph, Sampling(codes=("V00",)))
    assert "kg show V00" in str(caught.value)


QUOTAS = (
    Quota(codes=("J18", "J44"), ages=(65, 95), setting="inpatient", share=0.2),
    Quota(chapters=(15,), share=0.07),
    Quota(sex="male", ages=(4, 17), setting="outpatient", share=0.13),
)


def test_quotas_are_met_after_every_number_of_cases(graph: Graph) -> None:
    sampler = CaseSampler(graph, Sampling(quotas=QUOTAS), 5)
    held = Counter[int]()
    for index, case in enumerate(sampler.cases(range(400))):
        cell = sampler.conditions.quotas.cell_of(index)
        assert cell is not None
        held[cell] += 1
        if cell < len(QUOTAS):
            quota, who = QUOTAS[cell], case.demographics
            assert quota.admits(who.age_years, who.sex), (case.case_id, who)
            assert quota.setting in (None, case.setting)
            assert not quota.codes or case.principal.code.startswith(quota.codes)
            chapter = graph.condition(case.principal.code).chapter
            assert not quota.chapters or chapter in quota.chapters
        for number, quota in enumerate(QUOTAS):
            assert abs(held[number] - (quota.share or 0) * (index + 1)) < 1


def test_a_quota_that_nobody_meets_is_refused(graph: Graph) -> None:
    for quota in (
        Quota(chapters=(15,), sex="male", share=0.1),
        Quota(codes=("ZZZ",), share=0.1),
        Quota(codes=("C61",), ages=(0, 3), share=0.1),
    ):
        with pytest.raises(CasewrightError, match="cannot be met"):
            ConditionSampler(graph, Sampling(quotas=(quota,)))
