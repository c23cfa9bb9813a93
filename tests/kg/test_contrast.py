"""Contrast pairs: one patient, two diagnoses, and one fact that tells them apart."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph
from casewright.kg.patient import Sampling, fits
from casewright.records import Case, Fact, Setting

SETTINGS: tuple[tuple[Setting, float], ...] = (
    ("outpatient", 0.6), ("emergency", 0.2), ("inpatient", 0.2),
)  # fmt: skip
PAIRS = 80


@pytest.fixture(scope="module")
def pairs(graph: Graph) -> Sequence[tuple[Case, Case]]:
    sampler = CaseSampler(graph, Sampling(settings=SETTINGS, contrast=True), 4)
    return [(sampler.case(2 * j), sampler.case(2 * j + 1)) for j in range(PAIRS)]


def telling(case: Case) -> Fact:
    (fact_id,) = case.tells_apart
    return next(f for f in case.facts if f.fact_id == fact_id)


def present(case: Case) -> set[str]:
    return {f.concept for f in case.facts_of("symptom") if f.polarity == "present"}


def test_either_case_can_be_asked_for_alone(
    graph: Graph, pairs: Sequence[tuple[Case, Case]]
) -> None:
    fresh = CaseSampler(graph, Sampling(settings=SETTINGS, contrast=True), 4)
    for index in (31, 7, 6, 30):
        assert fresh.case(index) == pairs[index // 2][index % 2]
        assert fresh.setting(index) == pairs[index // 2][0].setting


def test_a_pair_is_one_patient_with_two_diagnoses(
    graph: Graph, pairs: Sequence[tuple[Case, Case]]
) -> None:
    for a, b in pairs:
        assert (a.partner_case_id, b.partner_case_id) == (b.case_id, a.case_id)
        assert a.identity == b.identity and a.demographics == b.demographics
        assert (a.setting, a.severity, a.patient_id) == (b.setting, b.severity, b.patient_id)
        one, other = graph.condition(a.principal.code), graph.condition(b.principal.code)
        assert one.concept != other.concept and one.name != other.name
        assert fits(other, b.demographics)


def test_what_both_illnesses_have_is_shared(pairs: Sequence[tuple[Case, Case]]) -> None:
    for a, b in pairs:
        assert present(a) & present(b), (a.principal, b.principal)
        for kind in ("allergy", "social", "family_history"):
            assert [f.concept for f in a.facts_of(kind)] == [f.concept for f in b.facts_of(kind)]
        facts = [f.fact_id for f in b.facts]
        assert facts == [f"f{n:02d}" for n in range(1, len(facts) + 1)]


def test_the_telling_fact_is_there_in_one_and_absent_or_normal_in_the_other(
    graph: Graph, pairs: Sequence[tuple[Case, Case]]
) -> None:
    for a, b in pairs:
        one, other = telling(a), telling(b)
        assert one.concept == other.concept and one.type in {"finding", "lab", "test"}
        if one.type == "finding":
            assert (one.polarity, other.polarity) == ("present", "denied")
        elif one.type == "lab":
            assert one.attribute("flag") != other.attribute("flag")
        else:
            assert one.attribute("result") != other.attribute("result")


def test_the_telling_fact_belongs_to_the_first_diagnosis_alone(
    graph: Graph, pairs: Sequence[tuple[Case, Case]]
) -> None:
    for a, b in pairs:
        fact = telling(a)
        edges = [
            e
            for e in graph.edges(f"icd:{b.principal.code}", "has_finding", "changes_lab",
                                 "tested_with")
            if e.target == fact.concept
        ]  # fmt: skip
        if fact.type == "finding":
            assert not edges
        elif fact.type == "lab":
            assert all(e.direction != fact.attribute("flag") for e in edges)
        else:
            assert all(e.text != fact.attribute("result") for e in edges)


def test_a_code_that_is_asked_for_is_in_every_pair(graph: Graph) -> None:
    sampler = CaseSampler(graph, Sampling(codes=("J18.9",), contrast=True), 4)
    for j in range(5):
        assert sampler.case(2 * j).principal.code == "J18.9"
        assert sampler.case(2 * j + 1).principal.code != "J18.9"
