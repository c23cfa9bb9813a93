"""Questionnaire scores: totals in published bands, items that agree with the case."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import product

import pytest

from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph
from casewright.kg.patient import Sampling
from casewright.kg.plans import SEVERITIES
from casewright.kg.questionnaires import load_questionnaires, with_scores
from casewright.records import Case, CodedDiagnosis, Demographics, Fact

KNOWN = load_questionnaires()
INSTRUMENTS = {i.name: i for i in KNOWN.instruments}
MOOD = ("F32", "F33", "F34.1", "F41", "F43")


@pytest.fixture(scope="module")
def cases(graph: Graph) -> Sequence[Case]:
    asked = Sampling(codes=MOOD, settings=(("outpatient", 1.0),))
    return list(CaseSampler(graph, asked, 12).cases(range(250)))


def scored(facts: Sequence[Fact], name: str) -> tuple[list[int], Fact]:
    """Item scores in order, and the total, of an instrument."""
    own = [f for f in facts if f.type == "score" and f.attribute("instrument") == name]
    items = [int(f.value or "") for f in own if f.attribute("item")]
    (total,) = (f for f in own if f.attribute("band"))
    return items, total


def is_asked(case: Case) -> bool:
    return any(f.type == "score" for f in case.facts)


@pytest.mark.parametrize(
    ("name", "items", "bands"),
    [("PHQ-9", 9, {0: "minimal", 4: "minimal", 5: "mild", 9: "mild", 10: "moderate",
                   14: "moderate", 15: "moderately severe", 19: "moderately severe",
                   20: "severe", 27: "severe"}),
     ("GAD-7", 7, {0: "minimal", 4: "minimal", 5: "mild", 10: "moderate", 14: "moderate",
                   15: "severe", 21: "severe"})],
)  # fmt: skip
def test_bands_are_those_of_the_papers(name: str, items: int, bands: dict[int, str]) -> None:
    instrument = INSTRUMENTS[name]
    assert len(instrument.items) == items
    assert instrument.highest == max(bands)
    assert {total: instrument.band(total) for total in bands} == bands


def test_items_add_up_to_the_total_in_its_band(cases: Sequence[Case]) -> None:
    asked = [c for c in cases if is_asked(c)]
    assert len(asked) > 150
    for case in asked:
        assert case.demographics.age_years >= 18
        for name, instrument in INSTRUMENTS.items():
            items, total = scored(case.facts, name)
            assert len(items) == len(instrument.items)
            assert set(items) <= {0, 1, 2, 3}
            assert sum(items) == int(total.value or "")
            assert total.attribute("band") == instrument.band(sum(items))
        for fact in case.facts_of("score"):
            if fact.attribute("often"):
                assert fact.attribute("often") == KNOWN.answers[int(fact.value or "")].often


def test_items_agree_with_the_symptoms_of_the_case(cases: Sequence[Case]) -> None:
    met = {"present": 0, "denied": 0}
    for case in cases:
        held = {f.concept: f.polarity for f in case.facts if f.type != "score"}
        for fact in case.facts_of("score"):
            item = KNOWN.scored()[fact.concept].item
            said = {held[c] for c in item.concepts if c in held} if item else set()
            if "present" in said:
                met["present"] += 1
                assert int(fact.value or "") >= 1
            elif "denied" in said:
                met["denied"] += 1
                assert fact.value == "0"
    assert min(met.values()) > 10


def test_thoughts_of_death_are_rare_and_never_without_a_plan_of_what_to_do(
    cases: Sequence[Case],
) -> None:
    asked = [c for c in cases if is_asked(c)]
    with_thoughts = 0
    for case in asked:
        (safety,) = (f for f in case.facts_of("score") if f.attribute("asks") == "safety")
        by_concept = {f.concept: f for f in case.facts}
        assert safety.value in ("0", "1", "2")
        if safety.value != "0":
            with_thoughts += 1
            assert by_concept["finding:si_active"].polarity in ("denied", "present")
            if by_concept["finding:si_active"].attribute("asks"):
                assert "crisis line" in by_concept["follow_up:crisis_line"].name
    assert 0 < with_thoughts < len(asked) / 3


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("code", [c for p in KNOWN.profiles for c in p.codes])
def test_totals_lie_where_the_diagnosis_and_its_severity_put_them(code: str, severity: str) -> None:
    profile = KNOWN.profile_of(code)
    assert profile is not None
    for seed in range(20):
        facts = with_scores(
            (), (CodedDiagnosis(code, "", "principal"),), Demographics(40, "female"),
            "outpatient", severity, random.Random(seed),  # type: ignore[arg-type]
        )  # fmt: skip
        for name, instrument in INSTRUMENTS.items():
            low, high = profile.range_of(instrument.slug, severity)  # type: ignore[arg-type]
            assert low <= sum(scored(facts, name)[0]) <= high


def test_severe_depression_scores_higher_than_mild() -> None:
    for code, slug in product(("F32.0", "F32.1"), ("phq9", "gad7")):
        low = KNOWN.profile_of(code)
        high = KNOWN.profile_of("F32.2")
        assert low is not None and high is not None
        for severity in SEVERITIES:
            assert low.range_of(slug, severity)[1] < high.range_of(slug, severity)[1]


@pytest.mark.parametrize(
    ("code", "age", "setting"),
    [("F32.1", 15, "outpatient"), ("F32.1", 40, "inpatient"), ("F32.1", 40, "emergency"),
     ("J18.9", 40, "outpatient")],
)  # fmt: skip
def test_nobody_else_is_asked(code: str, age: int, setting: str) -> None:
    facts = (Fact("f01", "symptom", "symptom:fatigue", "fatigue"),)
    found = with_scores(
        facts, (CodedDiagnosis(code, "", "principal"),), Demographics(age, "male"),
        setting, "moderate", random.Random(1),  # type: ignore[arg-type]
    )  # fmt: skip
    assert found == facts


def test_a_screening_of_the_chart_and_the_total_are_one_result(cases: Sequence[Case]) -> None:
    for case in cases:
        ids = [f.fact_id for f in case.facts]
        assert len(ids) == len(set(ids))
        if is_asked(case):
            assert not {"proc:phq9", "proc:gad7"} & {f.concept for f in case.facts}
