"""Patients with several encounters: the same person, days and facts that move on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest

from casewright.errors import CasewrightError
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph
from casewright.kg.identity import age_on
from casewright.kg.patient import Sampling
from casewright.records import Case, Setting

EVERYWHERE: tuple[tuple[Setting, float], ...] = (
    ("outpatient", 0.6), ("emergency", 0.2), ("inpatient", 0.2),
)  # fmt: skip
PATIENTS, K = 120, 3


@pytest.fixture(scope="module")
def patients(graph: Graph) -> Sequence[Sequence[Case]]:
    sampler = CaseSampler(graph, Sampling(settings=EVERYWHERE, encounters=K), 21)
    cases = list(sampler.cases(range(PATIENTS * K)))
    return [cases[p * K : (p + 1) * K] for p in range(PATIENTS)]


def test_any_encounter_can_be_asked_for_alone(
    graph: Graph, patients: Sequence[Sequence[Case]]
) -> None:
    fresh = CaseSampler(graph, Sampling(settings=EVERYWHERE, encounters=K), 21)
    for index in (8, 100, 4, 5, 3):
        case = patients[index // K][index % K]
        assert fresh.case(index) == case
        assert fresh.setting(index) == case.setting


def test_encounters_are_of_one_person_in_order_of_time(
    patients: Sequence[Sequence[Case]],
) -> None:
    for number, cases in enumerate(patients):
        first = cases[0]
        for place, case in enumerate(cases):
            who, known = case.identity, first.identity
            assert case.patient_id == f"p{number:06d}" and case.encounter == place + 1
            assert (who.full_name, who.birth_date, who.mrn) == (
                known.full_name, known.birth_date, known.mrn,
            )  # fmt: skip
            assert case.demographics.sex == first.demographics.sex
            years, months = age_on(who.birth_date, who.encounter_date)
            assert (case.demographics.age_years, case.demographics.age_months) == (years, months)
            before = cases[place - 1] if place else None
            assert case.previous_case_id == (before.case_id if before else None)
            if before is not None:
                end = before.identity.discharge_date or before.identity.encounter_date
                admitted = before.setting == "emergency" and case.setting == "inpatient"
                assert who.encounter_date >= end
                assert admitted or who.encounter_date > end or before.demographics.age_years < 2


def test_allergies_family_and_chronic_diseases_stay(patients: Sequence[Sequence[Case]]) -> None:
    def lasting(case: Case) -> set[tuple[str, str]]:
        kept = {
            (f.concept, f.polarity) for f in case.facts_of("allergy", "family_history", "social")
        }
        return kept | {
            (f.concept, f.polarity)
            for f in case.facts_of("comorbidity")
            if f.attribute("role") == "secondary"
        }

    for cases in patients:
        assert all(lasting(c) == lasting(cases[0]) for c in cases[1:])


def test_symptoms_persist_or_are_denied_as_resolved(patients: Sequence[Sequence[Case]]) -> None:
    seen: Counter[str] = Counter()
    for cases in patients:
        for before, case in pairwise(cases):
            had = {f.concept for f in before.facts_of("symptom") if f.polarity == "present"}
            for fact in case.facts_of("symptom"):
                course = fact.attribute("course")
                seen[str(course)] += 1
                if course == "resolved":
                    assert fact.polarity == "denied" and fact.concept in had
                if course == "persisting":
                    assert fact.polarity == "present" and fact.concept in had
            told = [f.concept for f in case.facts_of("symptom")]
            assert len(told) == len(set(told))
    assert seen["resolved"] > 50 and seen["persisting"] > 30


def test_drugs_that_were_begun_are_taken_at_home_later(
    patients: Sequence[Sequence[Case]],
) -> None:
    carried = 0
    for cases in patients:
        for before, case in pairwise(cases):
            known = {
                f.concept: f.value
                for f in before.facts_of("medication")
                if f.attribute("course") in ("home", "new")
            }
            for fact in case.facts_of("medication"):
                if fact.attribute("course") == "home":
                    assert known.get(fact.concept) == fact.value
                    carried += 1
    assert carried > 60


def test_all_settings_are_of_the_run_and_illness_leads_to_hospital_and_back(
    graph: Graph, patients: Sequence[Sequence[Case]]
) -> None:
    steps = Counter((a.setting, b.setting) for cases in patients for a, b in pairwise(cases))
    assert steps["outpatient", "emergency"] + steps["outpatient", "inpatient"] > 5
    assert steps["inpatient", "outpatient"] > 5 and steps["emergency", "outpatient"] > 3
    only = CaseSampler(graph, Sampling(settings=(("outpatient", 1.0),), encounters=2), 3)
    assert {c.setting for c in only.cases(range(40))} == {"outpatient"}


def test_an_injury_is_coded_as_a_later_encounter_at_its_follow_up(graph: Graph) -> None:
    sampler = CaseSampler(
        graph,
        Sampling(codes=("S52", "S82"), settings=(("outpatient", 1.0),), encounters=2), 3,
    )  # fmt: skip
    later = 0
    for index in range(0, 60, 2):
        first, second = sampler.case(index), sampler.case(index + 1)
        assert first.principal.code[-1] in "ABC"
        assert first.principal.code[:-1] == second.principal.code[:-1]
        later += second.principal.code[-1] in "DEF"
        (diagnosis,) = second.facts_of("diagnosis")
        assert diagnosis.code == second.principal.code
    assert later > 20


def test_timelines_and_contrast_pairs_do_not_go_together(graph: Graph) -> None:
    with pytest.raises(CasewrightError, match="pairs single encounters"):
        CaseSampler(graph, Sampling(encounters=2, contrast=True), 1)
