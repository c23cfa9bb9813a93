"""Sampled cases against the graph: frequencies, means, onsets, and no case twice."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean, median, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.kg.candidates import Candidate
from casewright.kg.cases import CaseSampler
from casewright.kg.clinical import draw_value, reference_range
from casewright.kg.draws import draw_fixed_size
from casewright.kg.graph import Graph, Lab
from casewright.kg.onset import Onset, agree, draw_onset
from casewright.kg.patient import Sampling
from casewright.kg.plans import SEVERITIES, Plans
from casewright.records import Demographics
from casewright.seeds import derive_rng

MANY = 2500


@given(ps=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=12), seed=st.integers(0, 10**6))
def test_as_many_are_drawn_as_the_probabilities_add_up_to(ps: list[float], seed: int) -> None:
    drawn = draw_fixed_size([[(p, n)] for n, p in enumerate(ps)], random.Random(seed))
    total = sum(ps)
    assert int(total - 1e-9) <= len(drawn) <= int(total + 1 - 1e-9) + (total == int(total))
    assert len(set(drawn)) == len(drawn)
    assert all(n in drawn for n, p in enumerate(ps) if p == 1.0)


def test_every_item_is_drawn_with_its_probability_and_no_two_of_a_small_group() -> None:
    groups = [[(0.85, "cough")], [(0.3, "back pain"), (0.5, "low back pain")], [(0.07, "rash")],
              [(0.6, "fever")], [(0.9, "fatigue")]]  # fmt: skip
    rng, n = derive_rng("draws"), 20_000
    seen: Counter[str] = Counter()
    for _ in range(n):
        drawn = draw_fixed_size(groups, rng)
        assert not {"back pain", "low back pain"} <= set(drawn)
        seen.update(drawn)
    for group in groups:
        for p, name in group:
            assert abs(seen[name] / n - p) < 0.015, name


def test_a_bound_scales_all_alike() -> None:
    rng, n = derive_rng("bound"), 10_000
    seen: Counter[int] = Counter()
    for _ in range(n):
        drawn = draw_fixed_size([[(0.8, i)] for i in range(5)], rng, at_most=2)
        assert len(drawn) <= 2
        seen.update(drawn)
    assert all(abs(seen[i] / n - 0.4) < 0.02 for i in range(5))


@pytest.mark.parametrize("code", ["J18.9", "K35.80", "E11.9", "M54.50", "N39.0", "J06.9"])
def test_symptoms_are_as_frequent_as_the_graph_says(graph: Graph, code: str) -> None:
    condition = graph.condition(code)
    settings = condition.values("setting") or ("outpatient",)
    sampler = CaseSampler(
        graph,
        Sampling(codes=(code,), settings=((settings[0], 1.0),)),
        9,  # type: ignore[arg-type]
    )
    had: Counter[str] = Counter()
    could: Counter[str] = Counter()
    plan = sampler.plans.of(condition)
    for case in sampler.cases(range(MANY)):
        who = case.demographics
        if who.age_years < 4:
            continue  # what a child does not tell yet gives room to what others see
        had.update(f.concept for f in case.facts_of("symptom") if f.polarity == "present")
        could.update(
            s.concept.id for g in plan.symptoms for s in g if s.suits(who.age_years, who.sex)
        )
    for edge in graph.edges(condition.id, "has_symptom"):
        assert edge.p is not None
        if could[edge.target] > MANY / 2:
            share = had[edge.target] / could[edge.target]
            assert abs(share - edge.p) < 0.03, (edge.target, edge.p, share)


def _effect(lab: Lab, **numbers: Any) -> Candidate:
    plain = {"sd": None, "quartiles": None, "text": None}
    return Candidate(
        concept=lab, name=lab.name, p=0.9, sex=None, low=0, high=200, sides=frozenset(),
        severity=(), direction="high", denies=frozenset(), **{**plain, **numbers},
    )  # fmt: skip


def test_a_skewed_test_keeps_its_quartiles() -> None:
    """Troponin I in infarction, say: median 8, quartiles 3 and 25."""
    lab = Lab(
        "lab:x", "LabTest", "x", (), unit="u", decimals=2, ref_female=(0.0, 0.04),
        ref_male=(0.0, 0.04), plausible=(0.0, 500.0),
    )  # fmt: skip
    edge = _effect(lab, mean=8.0, quartiles=(6.0, 25.0))
    rng, who = derive_rng("quartiles"), Demographics(50, "female")
    values = sorted(float(draw_value(lab, edge, who, rng)[0]) for _ in range(20_000))
    assert values[0] > 0.04
    # Above the median the values lie far apart: one in a hundred of them is 8% of it.
    assert values[10_000] == pytest.approx(8.0, rel=0.08)
    assert values[5000] == pytest.approx(6.0, rel=0.05)
    assert values[15_000] == pytest.approx(25.0, rel=0.08)
    assert fmean(values) > 10, "the tail is on the high side"


def test_a_value_keeps_the_mean_of_its_edge_and_its_side() -> None:
    lab = Lab(
        "lab:x", "LabTest", "x", (), unit="u", decimals=2, ref_female=(4.0, 11.0),
        ref_male=(4.0, 11.0), plausible=(0.1, 100.0),
    )  # fmt: skip
    edge = _effect(lab, mean=14.5, sd=3.0)
    rng, who = derive_rng("value"), Demographics(50, "female")
    values = [float(draw_value(lab, edge, who, rng)[0]) for _ in range(8000)]
    assert min(values) > 11.0
    assert fmean(values) == pytest.approx(14.5, rel=0.02)
    assert stdev(values) == pytest.approx(3.0, rel=0.15)


def test_severity_moves_results_one_way_and_keeps_their_mean(graph: Graph) -> None:
    """White cells in pneumonia: further from the limit the more severe, on the mean the edge's."""
    sampler = CaseSampler(
        graph, Sampling(codes=("J18.9",), settings=(("inpatient", 1.0),), max_labs=8), 3
    )
    test = "lab:white_cell_count"
    (edge,) = [e for e in graph.edges("icd:J18.9", "changes_lab") if e.target == test]
    lab = graph.concept(test)
    assert isinstance(lab, Lab) and edge.mean is not None
    values: dict[str, list[float]] = defaultdict(list)
    for case in sampler.cases(range(3000)):
        if case.demographics.is_child:
            continue
        for fact in case.facts_of("lab"):
            if fact.concept == test:
                values[case.severity].append(float(fact.value or 0))
    means = [fmean(values[s]) for s in SEVERITIES]
    assert means == sorted(means) and means[2] > means[0] + 0.5
    limit = reference_range(lab, Demographics(50, "male"))[1]
    everyone = [v for s in SEVERITIES for v in values[s]]
    assert median(everyone) - limit == pytest.approx(edge.mean - limit, rel=0.12)


def test_the_mix_of_severities_is_the_conditions_own(graph: Graph) -> None:
    plans = Plans(graph)
    curated = [c for c in graph.principals if c.values("severity")]
    assert curated, "acute entries give their mix"
    for condition in curated[:20]:
        mix = plans.of(condition).mix("inpatient")
        assert sum(mix) == pytest.approx(1.0)
        said = dict(v.split("=") for v in condition.values("severity"))
        assert mix[2] == pytest.approx(
            float(said.get("severe", 0)) / sum(float(v) for v in said.values())
        )


def test_what_is_of_the_severe_only_is_found_in_the_severe_only(graph: Graph) -> None:
    curated = tuple(c.code for c in graph.principals if "inpatient" in c.values("setting"))
    sampler = CaseSampler(
        graph,
        Sampling(conditions="uniform", codes=curated, settings=(("inpatient", 1.0),)),
        6,
    )
    checked = 0
    for case in sampler.cases(range(600)):
        source = f"icd:{case.principal.code}"
        for edge in graph.edges(source, "has_finding", "complicated_by"):
            if edge.values("severity") and case.severity not in edge.values("severity"):
                name = f"{graph.concept(edge.target).name} {edge.text or ''}".strip()
                told = [
                    f for f in case.facts_of("finding", "comorbidity")
                    if f.concept == edge.target and f.name == name
                ]  # fmt: skip
                checked += 1
                assert not told, (case.case_id, name)
    assert checked > 100


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("two days ago", 2), ("suddenly this morning", 0.5), ("over the past week", 7),
        ("gradually over several months", 120), ("five minutes ago", 5 / 1440),
        ("over a few hours", 3 / 24), ("in childhood", 3650), ("suddenly", None),
        ("gradually over two to three weeks", 14), ("over the last 48 hours", 2),
    ],
)  # fmt: skip
def test_onsets_are_placed_in_time(text: str, days: float | None) -> None:
    assert Onset.read(text).days == (None if days is None else pytest.approx(days))


def test_onsets_of_one_illness_agree() -> None:
    assert agree(Onset.read("three days ago"), 7.0)
    assert agree(Onset.read("suddenly"), 7.0)
    assert not agree(Onset.read("five minutes ago"), 180.0)
    assert not agree(Onset.read("over six months"), 1.0)
    told = [Onset.read("five minutes ago"), Onset.read("over six months")]
    for seed in range(20):
        onset = draw_onset(told, 180.0, derive_rng(seed))
        assert onset is not None and onset.text == "over six months"
    assert draw_onset(told[:1], 180.0, derive_rng(1)) is None


def test_onsets_of_sampled_cases_agree(graph: Graph) -> None:
    sampler = CaseSampler(graph, Sampling(conditions="uniform", settings=(("inpatient", 1.0),)), 2)
    told = 0
    for case in sampler.cases(range(400)):
        onsets = [f.attribute("onset") for f in case.facts_of("symptom")]
        dated = [o for o in (Onset.read(o) for o in onsets if o) if o.days is not None]
        told += len(dated) > 1
        assert all(agree(o, dated[0].days) for o in dated)
    assert told > 20


def content(sampler: CaseSampler, indices: Sequence[int]) -> Counter[object]:
    return Counter((c.demographics, c.setting, c.icd10, c.facts) for c in sampler.cases(indices))


@pytest.mark.parametrize("code", ["J06.9", "I10", "K35.80", "P59.9"])
def test_not_even_the_clinical_part_of_a_case_repeats(graph: Graph, code: str) -> None:
    """The record number alone tells all cases of a run apart; their facts differ too."""
    condition = graph.condition(code)
    place = (condition.values("setting") or ("inpatient" if condition.acuity == "inpatient"
                                             else "outpatient",))[0]  # fmt: skip
    sampler = CaseSampler(
        graph,
        Sampling(codes=(code,), settings=((place, 1.0),)),
        1,  # type: ignore[arg-type]
    )
    assert max(content(sampler, range(2000)).values()) == 1
