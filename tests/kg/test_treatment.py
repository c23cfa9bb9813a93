"""What is given in a hospital and taken home, what nearly everyone has, and how a stay went."""

from __future__ import annotations

import pytest

from casewright.kg.cases import CaseSampler
from casewright.kg.courses import agreeing
from casewright.kg.graph import Graph
from casewright.kg.history import kept_in_hospital
from casewright.kg.patient import Sampling
from casewright.records import Case, Setting


def _cases(graph: Graph, code: str, setting: Setting, number: int = 60) -> list[Case]:
    sampling = Sampling(codes=(code,), settings=((setting, 1.0),))
    return list(CaseSampler(graph, sampling, 21).cases(range(number)))


def _drugs(case: Case, course: str) -> set[str]:
    return {f.concept for f in case.facts_of("medication") if f.attribute("course") == course}


@pytest.mark.parametrize("code", ["A41.9", "G00.9", "T40.2X1A", "I21.4", "E10.10", "R57.0"])
def test_an_emergency_is_treated_where_it_is_seen(graph: Graph, code: str) -> None:
    cases = _cases(graph, code, "emergency")
    treated = [c for c in cases if _drugs(c, "inpatient")]
    assert len(treated) > 0.9 * len(cases)
    routes = {
        f.attribute("route")
        for c in cases
        for f in c.facts_of("medication")
        if f.attribute("course") == "inpatient"
    }
    assert "intravenously" in routes


def test_who_is_admitted_from_the_emergency_department_takes_nothing_home(graph: Graph) -> None:
    kept = gone = 0
    for code in ("J18.9", "A41.9", "I26.99", "N10", "S72.001A"):
        for case in _cases(graph, code, "emergency"):
            if any(kept_in_hospital(f.name) for f in case.facts_of("disposition")):
                kept += 1
                assert not _drugs(case, "new"), case.case_id
            else:
                gone += bool(_drugs(case, "new"))
    assert kept > 20 and gone > 10


def test_a_sprain_needs_no_drip(graph: Graph) -> None:
    for case in _cases(graph, "S93.401A", "emergency"):
        routes = [f.attribute("route") for f in case.facts_of("medication")]
        assert "intravenously" not in routes


def test_what_nearly_everyone_has_is_never_cut(graph: Graph) -> None:
    """Ketoacidosis has more than three such results; they are all there, glucose among them."""
    for case in _cases(graph, "E10.10", "inpatient"):
        if case.demographics.is_child:
            continue
        assert "lab:glucose" in {f.concept for f in case.facts_of("lab")}
        assert "drug:regular_insulin" in _drugs(case, "inpatient")


def test_nobody_changes_the_anticoagulant_on_the_way_home(graph: Graph) -> None:
    for case in _cases(graph, "I26.99", "inpatient", 150):
        if "drug:apixaban" in _drugs(case, "inpatient"):
            assert not _drugs(case, "new") & {"drug:warfarin", "drug:rivaroxaban"}


def test_the_severe_are_given_more(graph: Graph) -> None:
    given: dict[str, list[int]] = {"mild": [], "severe": []}
    for case in _cases(graph, "J18.9", "inpatient", 200):
        given.get(case.severity, []).append(len(_drugs(case, "inpatient")))
    mild, severe = (sum(n) / len(n) for n in (given["mild"], given["severe"]))
    assert severe > mild + 0.3


@pytest.mark.parametrize(
    ("courses", "symptoms", "drugs", "left"),
    [
        (("drank without vomiting", "went home well"), ("vomiting",), (), ["went home well"]),
        (("drank without vomiting",), ("fever",), (), ["drank without vomiting"]),
        (("had no further chest pain",), ("chest pain",), (), ["had no further chest pain"]),
        (("had no chest pain",), ("chest pain",), (), []),
        (("remained afebrile",), ("fever",), (), []),
        (("became afebrile by the third day",), ("fever",), (),
         ["became afebrile by the third day"]),
        (("needed less oxygen each day", "walked"), (), ("oxygen",), ["walked"]),
        (("needed less oxygen each day",), (), ("apixaban",), ["needed less oxygen each day"]),
    ],
)  # fmt: skip
def test_the_course_says_nothing_against_the_case(
    courses: tuple[str, ...], symptoms: tuple[str, ...], drugs: tuple[str, ...], left: list[str]
) -> None:
    assert list(agreeing(courses, symptoms, drugs)) == left


def test_no_stay_ends_at_home_after_a_death(graph: Graph) -> None:
    told = {c for condition in graph.principals for c in condition.values("course")}
    assert told
    assert not [c for c in told if " died" in f" {c}" or "death" in c]
