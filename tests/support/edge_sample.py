"""Draws edges of the graph for review: by a seed, evenly over what the graph says of diseases.

The draw goes by a hash of the edge itself. A change of the graph then replaces the edges that
went, and leaves those that stay in the sample: nobody has to judge them again.

    python tests/support/edge_sample.py --seed 2026 --count 200
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator

from casewright.kg.graph import Edge, Graph, Relation, load_graph

__all__ = ["CLINICAL", "draw_edges"]

CLINICAL: tuple[Relation, ...] = (
    "has_symptom", "has_finding", "changes_lab", "changes_vital", "tested_with", "treated_with",
    "comorbid_with", "complicated_by", "has_risk_factor", "code_first", "excludes1",
)  # fmt: skip
"""Relations of a condition that a clinician can judge; `contraindicated_with` is of a drug."""

_NOTES = frozenset({"code_first", "excludes1"})


def draw_edges(graph: Graph, seed: int, count: int) -> list[Edge]:
    """That many edges, one at most for a clinical concept, relation and target.

    Notes of the classification count once for the code that they stand at, whatever number of
    codes inherits them.
    """
    best: dict[tuple[str, str, str], tuple[bytes, Edge]] = {}
    for concept, edge in _edges(graph):
        key = (concept, edge.relation, edge.target)
        mark = _mark(seed, edge.source, edge.relation, edge.target, edge.text or "")
        if key not in best or mark < best[key][0]:
            best[key] = (mark, edge)
    order = sorted(best, key=lambda key: _mark(seed, *key))
    return [best[key][1] for key in order[:count]]


def _edges(graph: Graph) -> Iterator[tuple[str, Edge]]:
    for condition in graph.principals:
        for edge in graph.edges(condition.id, *CLINICAL):
            yield (edge.source if edge.relation in _NOTES else condition.concept), edge
    for concept in graph.concepts("Medication", "Allergen"):
        for edge in graph.edges(concept.id, "contraindicated_with"):
            yield concept.id, edge


def _mark(seed: int, *parts: str) -> bytes:
    return hashlib.sha256("|".join((str(seed), *parts)).encode()).digest()


def describe(graph: Graph, edge: Edge) -> str:
    """One line for the reader."""
    here, there = graph.concept(edge.source), graph.concept(edge.target)
    title = getattr(here, "title", here.name)
    numbers = " ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in (
            ("p", edge.p), ("lift", edge.lift), ("dir", edge.direction),
            ("mean", edge.mean), ("sd", edge.sd), ("text", edge.text),
        )
        if value is not None
    )  # fmt: skip
    unit = getattr(there, "unit", "")
    details = "; ".join(f"{name}: {value}" for name, value in edge.details)
    return (
        f"{edge.source} [{title}] --{edge.relation}--> {edge.target} [{there.name}] {unit} "
        f"{numbers} {{{details}}} | {edge.origin}: {edge.citation or ''}"
    )


def main() -> int:
    """Write the sample, one edge a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    graph = load_graph()
    for number, edge in enumerate(draw_edges(graph, options.seed, options.count), start=1):
        sys.stdout.write(f"{number} {describe(graph, edge)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
