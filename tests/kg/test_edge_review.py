"""A random sample of edges, read by a reviewer: still in the graph, and true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tests.support.edge_sample import draw_edges

from casewright.kg.graph import Edge, Graph, load_graph

REVIEW = yaml.safe_load(
    (Path(__file__).parent / "data" / "edge_review.yaml").read_text(encoding="utf-8")
)
EDGES: list[dict[str, Any]] = REVIEW["edges"]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph()


def told(edge: Edge) -> tuple[object, ...]:
    return (edge.text, edge.direction, *(_rounded(v) for v in (edge.p, edge.mean)))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def test_two_hundred_edges_are_reviewed_and_at_least_97_of_100_are_true() -> None:
    verdicts = [entry["verdict"] for entry in EDGES]
    assert len(EDGES) == 200
    assert set(verdicts) <= {"true", "doubtful"}
    assert verdicts.count("true") >= 0.97 * len(verdicts)


def test_what_is_doubtful_says_why_and_every_verdict_has_a_reference() -> None:
    for entry in EDGES:
        assert entry["references"], entry
        assert entry["verdict"] == "true" or len(entry["note"]) > 10, entry


def test_the_sample_is_the_one_that_its_seed_draws(graph: Graph) -> None:
    drawn = {
        (edge.source, edge.relation, edge.target)
        for edge in draw_edges(graph, REVIEW["seed"], len(EDGES))
    }
    reviewed = {(entry["source"], entry["relation"], entry["target"]) for entry in EDGES}
    assert drawn == reviewed, "the graph has changed: judge the new edges of the sample"


@pytest.mark.parametrize("entry", EDGES, ids=lambda e: f"{e['source']}-{e['target']}")
def test_a_reviewed_edge_still_says_what_was_judged(graph: Graph, entry: dict[str, Any]) -> None:
    judged = (
        entry.get("text"),
        entry.get("direction"),
        *(_rounded(entry.get(name)) for name in ("p", "mean")),
    )
    found = [
        edge
        for edge in graph.edges(entry["source"], entry["relation"])
        if edge.target == entry["target"]
    ]
    assert judged in [told(edge) for edge in found]


def test_every_edge_has_a_source_a_version_and_a_licence(graph: Graph) -> None:
    rows = graph.provenance
    assert all(row.origin and row.version and row.licence for row in rows)
    used = np.unique(graph.tables.edges.provenance)
    assert used.min() >= 0
    assert used.max() < len(rows)
