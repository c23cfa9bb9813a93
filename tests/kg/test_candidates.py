"""What is read from the columns of edges is what the edges say, and equal edges are one object."""

from __future__ import annotations

import pytest

from casewright.kg.candidates import DEFAULT_P, EdgeReader, sides_of
from casewright.kg.contrast import _elsewhere
from casewright.kg.graph import Graph
from casewright.records import Fact

CODES = ("J18.9", "I21.4", "E10.10", "S82.001A", "S82.002A", "O24.410", "M54.50", "P07.30")


@pytest.mark.parametrize("code", CODES)
def test_candidates_say_what_the_edges_say(graph: Graph, code: str) -> None:
    condition = graph.condition(code)
    edges = EdgeReader(graph).of(condition)
    for relation, candidates in (
        ("has_finding", edges.findings), ("changes_lab", edges.labs),
        ("changes_vital", edges.vitals), ("tested_with", edges.tests),
    ):  # fmt: skip
        told = graph.edges(condition.id, relation)  # type: ignore[arg-type]
        assert [
            (e.target, DEFAULT_P if e.p is None else e.p, e.direction, e.mean, e.sd, e.text,
             e.values("severity"))
            for e in told
        ] == [
            (c.concept.id, c.p, c.direction, c.mean, c.sd, c.text, c.severity) for c in candidates
        ]  # fmt: skip
    symptoms = graph.edges(condition.id, "has_symptom")
    assert [e.target for e in symptoms] == [s.concept.id for s in edges.symptoms]
    assert [e.values("site") for e in symptoms] == [s.sites for s in edges.symptoms]


def test_equal_edges_of_two_codes_are_one_object(graph: Graph) -> None:
    reader = EdgeReader(graph)
    right, left = (reader.of(graph.condition(c)) for c in ("S82.001A", "S82.002A"))
    assert set(map(id, right.symptoms)) & set(map(id, left.symptoms))


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("pain in the right knee", {"right"}),
        ("Bilateral infiltrates", {"bilateral"}),
        ("both legs", {"bilateral"}),
        ("left ventricular hypertrophy", set()),
        ("bright red blood", set()),
    ],
)
def test_sides_are_read_from_words(text: str, sides: set[str]) -> None:
    assert sides_of(text) == sides


def test_a_shared_symptom_loses_the_site_of_another_limb(graph: Graph) -> None:
    numb = Fact("", "symptom", "symptom:tingling", "tingling", attributes=(
        ("onset", "since the injury"), ("site", "of the hands")
    ))  # fmt: skip
    assert _elsewhere(numb, graph.condition("S84.12XA")).attributes == numb.attributes[:1]
    assert _elsewhere(numb, graph.condition("S64.02XA")) == numb
