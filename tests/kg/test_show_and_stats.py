"""The pages for the terminal, and the counts."""

from __future__ import annotations

import json

import pytest
from rich.console import Console, RenderableType

from casewright.errors import CasewrightError
from casewright.kg.graph import Graph, load_graph, treats
from casewright.kg.show import show
from casewright.kg.stats import render_stats, stats


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph()


def page(what: RenderableType) -> str:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(what)
    return console.export_text()


def test_a_page_has_every_part_and_fits_80_columns(graph: Graph) -> None:
    text = page(show(graph, "J18.9"))
    for part in (
        "Pneumonia, unspecified organism", "written as", "who", "Symptoms", "cough",
        "Examination", "Vital signs", "Laboratory", "white blood cell count, high",
        "Medication", "by mouth", "Excludes1", "Sources", "CC0-1.0",
    ):  # fmt: skip
        assert part in text, part
    assert max(len(line) for line in text.splitlines()) <= 80


def test_brackets_in_a_dose_are_text_not_markup(graph: Graph) -> None:
    assert "[child" in page(show(graph, "drug:amoxicillin"))
    assert "[child" in page(show(graph, "H66.90"))


@pytest.mark.parametrize(
    "what", ["I10", "S52", "icd:E11.9", "drug:warfarin", "lab:hemoglobin", "symptom:fever"]
)
def test_any_code_or_concept_has_a_page(graph: Graph, what: str) -> None:
    assert len(page(show(graph, what)).splitlines()) > 4


def test_an_unknown_code_is_the_users_to_fix(graph: Graph) -> None:
    with pytest.raises(CasewrightError):
        show(graph, "J99.99")


def test_counts_agree_with_the_graph(graph: Graph) -> None:
    found = stats(graph, load_seconds=0.5)
    assert found.principals == len(graph.principals)
    ill = [c for c in graph.principals if graph.edges(c.id, "has_symptom")]
    drugs = [c for c in ill if graph.edges(c.id, "treated_with")]
    assert found.principal_with_symptoms_and_drug == len(drugs)
    operated = [
        c
        for c in ill
        if any(
            treats(e.target, graph.concept(e.target).group)
            for e in graph.edges(c.id, "tested_with")
        )
    ]
    both = {c.code for c in (*drugs, *operated)}
    assert found.principal_with_symptoms_and_treatment == len(both)
    assert 0 < found.principal_with_findings_and_results <= len(both) < found.principals
    assert found.concepts == len(graph.variants) == sum(found.concepts_by_chapter.values())
    assert found.core_categories == len({c.code[:3] for c in graph.principals})
    assert found.edges == sum(found.edges_by_relation.values())
    assert found.edges == sum(found.edges_by_source.values())
    assert found.edges == sum(found.edges_by_licence.values())
    assert found.edges_without_provenance == 0
    assert sum(found.principals_by_chapter.values()) == found.principals
    assert 0 < found.visit_share_covered <= 1
    raw = json.loads(found.to_json())
    assert raw["load_seconds"] == 0.5
    assert {"principal_with_symptoms_and_treatment", "principal_with_findings_and_results",
            "core_categories", "visit_share_covered", "edges"} <= set(raw)  # fmt: skip
    text = page(render_stats(found))
    assert f"{found.principals:,}" in text
    assert max(len(line) for line in text.splitlines()) <= 80
