"""Entries on acute illness: what they become, and that they go before other sources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.kg.compile.acute import ENOUGH, merged
from casewright.kg.compile.link import Link
from casewright.kg.graph import Condition, Graph, load_graph


def links(relation: str, *names: str, text: str | None = None) -> list[Link]:
    return [Link(name, relation, 0, 0.9, 0.5, text=text) for name in names]


def test_enough_of_a_relation_shuts_other_sources_out() -> None:
    mine = links("has_symptom", "a", "b", "c", "d")
    others = links("has_symptom", "e") + links("has_finding", "f")
    assert len(mine) == ENOUGH
    assert [k.target for k in merged(mine, others)] == ["a", "b", "c", "d", "f"]
    assert [k.target for k in merged(mine[:3], others)] == ["a", "b", "c", "e", "f"]


def test_laboratory_tests_and_vital_signs_count_together() -> None:
    mine = links("changes_lab", "a", "b") + links("changes_vital", "c", "d")
    assert merged(mine, links("changes_lab", "e")) == mine
    only_vitals = links("changes_vital", "a", "b", "c", "d")
    assert len(merged(only_vitals, links("changes_lab", "e"))) == 5


def test_drugs_from_elsewhere_only_where_none_is_taken_home() -> None:
    ward = links("treated_with", "a", text="inpatient")
    home = links("treated_with", "b", text="outpatient")
    other = links("treated_with", "c") + links("treated_with", "d", text="inpatient")
    assert [k.target for k in merged(ward, other)] == ["a", "c"]
    assert merged(ward + home, other) == ward + home


@given(st.lists(st.sampled_from("abcdefg"), max_size=7, unique=True))
def test_a_code_without_an_entry_keeps_all_it_has(names: list[str]) -> None:
    others = links("treated_with", *names, text="inpatient")
    assert merged([], others) == others


@pytest.fixture(scope="module")
def acute() -> list[Condition]:
    return [c for c in load_graph().principals if c.values("setting")]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph()


def test_there_are_acute_conditions_with_a_mix_of_severity(acute: list[Condition]) -> None:
    assert len({c.concept for c in acute}) >= 100
    for condition in acute:
        assert set(condition.values("setting")) <= {"outpatient", "emergency", "inpatient"}
        shares = [float(value.partition("=")[2]) for value in condition.values("severity")]
        assert not shares or sum(shares) == pytest.approx(1, abs=0.02), condition.code
        for value in condition.values("stay_days"):
            low, high = map(int, value.split("-"))
            assert 0 <= low <= high <= 150, condition.code  # extreme prematurity: months


def test_acute_edges_lead_and_name_severities(graph: Graph, acute: list[Condition]) -> None:
    onsets = 0
    for condition in acute:
        symptoms = graph.edges(condition.id, "has_symptom")
        assert symptoms[0].confidence >= 0.95, condition.code
        onsets += any(edge.values("onset") for edge in symptoms)
        for edge in graph.edges(condition.id):
            assert set(edge.values("severity")) <= {"mild", "moderate", "severe"}
            if edge.values("iqr"):
                low, high = map(float, edge.values("iqr")[0].split())
                assert low <= high, (condition.code, edge.target)
    assert onsets >= 0.9 * len(acute)


def test_complications_are_other_billable_codes(graph: Graph, acute: list[Condition]) -> None:
    some = 0
    for condition in acute:
        for edge in graph.edges(condition.id, "complicated_by"):
            other = graph.concept(edge.target)
            assert isinstance(other, Condition) and other.billable and other.id != condition.id
            assert edge.p is not None and 0 < edge.p <= 1
            some += 1
    assert some >= 100
