"""What the graph covers, counted: `casewright kg stats`."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table

from casewright.kg.graph import Graph, load_graph, treats
from casewright.kg.tables import RELATIONS

__all__ = ["GraphStats", "render_stats", "stats", "timed_load"]


@dataclass(frozen=True, slots=True)
class GraphStats:
    """Counts over a graph. "Principal" is a billable code that can be a principal diagnosis.

    Attributes:
        principal_with_symptoms_and_treatment: principals with a symptom and a drug or an
            intervention. Check-ups without complaints and what is only watched are not counted.
        principal_with_symptoms_and_drug: of these, those with a drug.
        principal_with_findings_and_results: of those with symptoms and treatment, the ones with
            an examination finding and a laboratory value (mean known) or a result in words.
        concepts_by_chapter: clinical concepts (codes that differ in side or encounter count
            once) with a principal. Chapter 20 (external causes) is never listed first; chapter
            22 has three concepts in all (U07.0, U07.1, U09.9).
        concepts: their sum.
        core_categories: three-character categories with at least one principal.
        visit_share_covered: share of office visits (NAMCS 2000-2010, of those that have a code
            of today) whose first diagnosis is a principal.
        edges_without_provenance: edges that lack a source, its version or its licence.
        load_seconds: wall time to load the graph; None when it was not measured.
    """

    version: str
    nodes: int
    nodes_by_type: Mapping[str, int]
    billable: int
    principals: int
    principal_with_symptoms_and_treatment: int
    principal_with_symptoms_and_drug: int
    principal_with_findings_and_results: int
    core_categories: int
    principals_by_chapter: Mapping[str, int]
    concepts: int
    concepts_by_chapter: Mapping[str, int]
    visit_share_covered: float
    edges: int
    edges_by_relation: Mapping[str, int]
    edges_by_source: Mapping[str, int]
    edges_by_licence: Mapping[str, int]
    edges_without_provenance: int
    edges_per_principal: Mapping[str, float]
    load_seconds: float | None = None

    def to_json(self) -> str:
        """All counts as one JSON object, indented."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


def timed_load(path: Path | None = None, *, overlay: Path | None = None) -> tuple[Graph, float]:
    """Load the graph and say how many seconds it took."""
    begin = time.perf_counter()
    graph = load_graph(path, overlay=overlay)
    return graph, time.perf_counter() - begin


_PER_PRINCIPAL = (
    "has_symptom", "has_finding", "changes_lab", "changes_vital", "tested_with", "treated_with",
)  # fmt: skip


def stats(graph: Graph, *, load_seconds: float | None = None) -> GraphStats:
    """Count everything, from the columns (well under a second)."""
    tables = graph.tables
    edges = tables.edges
    rows = tables.conditions
    principal = np.array(rows.column("principal").to_pylist(), dtype=bool)
    billable = np.array(rows.column("billable").to_pylist(), dtype=bool)
    shares = np.array(rows.column("visit_share").to_pylist(), dtype=np.float64)
    chapters = rows.column("chapter").to_pylist()
    codes = rows.column("code").to_pylist()
    count = len(codes) + len(tables.concepts)

    def having(*relations: str, where: np.ndarray | None = None) -> np.ndarray:
        numbers = [RELATIONS.index(name) for name in relations]
        mask = np.isin(edges.relation, numbers)
        if where is not None:
            mask &= where
        flags = np.zeros(count, dtype=bool)
        flags[edges.source[mask]] = True
        return flags[: len(codes)]

    worded = np.array([bool(text) for text in edges.texts])[edges.text]
    treating = np.zeros(count, dtype=bool)
    treating[len(codes) :] = [treats(c["id"], c.get("group")) for c in tables.concepts]
    drugged = principal & having("has_symptom") & having("treated_with")
    treated = drugged | (
        principal & having("has_symptom") & having("tested_with", where=treating[edges.target])
    )
    with_values = having("changes_lab", where=~np.isnan(edges.mean)) | having(
        "tested_with", where=worded
    )
    complete = treated & having("has_finding") & with_values
    by_relation = Counter(edges.relation.tolist())
    by_row = Counter(edges.provenance.tolist())
    by_source: Counter[str] = Counter()
    by_licence: Counter[str] = Counter()
    missing = 0
    for number, total in by_row.items():
        row = tables.provenance[number]
        by_source[row.origin] += total
        by_licence[row.licence] += total
        if not (row.origin and row.version and row.licence):
            missing += total
    from_principal = Counter(
        edges.relation[np.isin(edges.source, np.flatnonzero(principal))].tolist()
    )
    wanted = principal.nonzero()[0].tolist()
    by_chapter = Counter(chapters[row] for row in wanted)
    standing = rows.column("concept").to_pylist()
    concepts = Counter(chapters[row] for row in {standing[row] for row in wanted})
    types = Counter(str(concept["type"]) for concept in tables.concepts)
    return GraphStats(
        version=graph.version,
        nodes=count,
        nodes_by_type={"Condition": len(codes), **dict(sorted(types.items()))},
        billable=int(billable.sum()),
        principals=len(wanted),
        principal_with_symptoms_and_treatment=int(treated.sum()),
        principal_with_symptoms_and_drug=int(drugged.sum()),
        principal_with_findings_and_results=int(complete.sum()),
        core_categories=len({codes[row][:3] for row in wanted}),
        principals_by_chapter={f"{number}": by_chapter[number] for number in sorted(set(chapters))},
        concepts=concepts.total(),
        concepts_by_chapter={f"{number}": concepts[number] for number in sorted(set(chapters))},
        visit_share_covered=round(float(shares[principal].sum() / shares.sum()), 4)
        if shares.sum()
        else 0.0,
        edges=len(edges),
        edges_by_relation={
            name: by_relation[number]
            for number, name in enumerate(RELATIONS)
            if by_relation[number]
        },
        edges_by_source=dict(by_source.most_common()),
        edges_by_licence=dict(by_licence.most_common()),
        edges_without_provenance=missing,
        edges_per_principal={
            name: round(from_principal[RELATIONS.index(name)] / max(len(wanted), 1), 1)
            for name in _PER_PRINCIPAL
        },
        load_seconds=round(load_seconds, 3) if load_seconds is not None else None,
    )


def render_stats(found: GraphStats) -> RenderableType:
    """Tables for a terminal of 80 columns."""
    head = Table(title=f"casewright graph {found.version}", show_header=False, box=None)
    head.add_column(overflow="fold")
    head.add_column(justify="right")
    for label, value in (
        ("principal diagnoses", f"{found.principals:,}"),
        ("  with symptoms and treatment", f"{found.principal_with_symptoms_and_treatment:,}"),
        (
            "  and findings, and lab values or results",
            f"{found.principal_with_findings_and_results:,}",
        ),
        ("clinical concepts with a principal diagnosis", f"{found.concepts:,}"),
        ("categories with a principal diagnosis", f"{found.core_categories:,}"),
        ("office visits covered", f"{found.visit_share_covered:.1%}"),
        ("billable codes", f"{found.billable:,}"),
        ("nodes", f"{found.nodes:,}"),
        ("edges", f"{found.edges:,}"),
        ("edges without provenance", f"{found.edges_without_provenance:,}"),
        ("load", "not measured" if found.load_seconds is None else f"{found.load_seconds:.2f} s"),
    ):
        head.add_row(label, value)
    return Group(
        head,
        "",
        Columns(
            [
                _counts("edges by relation", found.edges_by_relation),
                _counts("nodes by type", found.nodes_by_type),
                _counts("edges by source", found.edges_by_source),
                _counts("edges by licence", found.edges_by_licence),
                _counts(
                    "concepts by chapter",
                    {f"chapter {name}": n for name, n in found.concepts_by_chapter.items()},
                ),
                _means("edges of a principal, mean", found.edges_per_principal),
            ],
            padding=(1, 4),
        ),
    )


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    return _means(title, counts)


def _means(title: str, values: Mapping[str, float]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    table.add_column()
    table.add_column(justify="right")
    for name, value in values.items():
        table.add_row(name, f"{value:,}")
    return table
