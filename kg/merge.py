"""The tables of a graph with an overlay merged into their columns, in well under a second.

What the overlay says of a condition and a concept replaces what the graph says of the two; of
a test with its result in words, the same result. An entry with the id of a concept that
there is takes its place. Everything else stays.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from casewright.kg.compile.curated import Curated
from casewright.kg.compile.nodes import concept_nodes, forms_of
from casewright.kg.tables import (
    RELATIONS,
    EdgeColumns,
    Provenance,
    Tables,
    iter_pairs,
    pack_pairs,
)

if TYPE_CHECKING:
    from casewright.kg.overlay import OverlayCondition, OverlayFile

__all__ = ["CodeRows", "Overlay", "merge_tables"]

CONFIDENCE = 0.99
"""The user's own statements go before all others."""
_IQR = 1.349
"""Interquartile range of a normal distribution in standard deviations."""
_MIN_SYMPTOMS = 2
_TESTS = frozenset({"tested_with", "changes_lab"})
_BARS_PAIR = RELATIONS.index("contraindicated_with")


class CodeRows:
    """Rows of the codes by prefix, found by halving."""

    def __init__(self, codes: Sequence[str]) -> None:
        self._codes = sorted((code, row) for row, code in enumerate(codes))

    def __call__(self, *prefixes: str) -> list[int]:
        """Rows of the codes that begin with any of the prefixes, in order."""
        found: set[int] = set()
        for prefix in prefixes:
            begin = bisect_left(self._codes, (prefix, -1))
            end = bisect_left(self._codes, (f"{prefix}\uffff", -1))
            found.update(row for _, row in self._codes[begin:end])
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A checked overlay, its provenance, and the hash of its bytes."""

    file: OverlayFile
    provenance: Provenance
    digest: str


@dataclass(frozen=True, slots=True)
class _New:
    """An edge of the overlay. `target` is a node id."""

    relation: str
    target: str
    citation: str | None
    p: float | None = None
    direction: int = 0
    mean: float | None = None
    sd: float | None = None
    text: str = ""
    details: tuple[tuple[str, str], ...] = ()


def merge_tables(tables: Tables, overlay: Overlay) -> Tables:
    """New tables; the given ones stay as they are."""
    file = overlay.file
    codes: list[str] = tables.conditions.column("code").to_pylist()
    concepts, row = _concepts(tables, codes, file)
    columns = _Columns(tables.edges, tables.provenance, overlay.provenance)
    billable: list[bool] = tables.conditions.column("billable").to_pylist()
    touched: dict[int, None] = {}
    rows_of = CodeRows(codes)
    for entry in file.conditions:
        fresh = list(_links(entry))
        removed = {row[target] for target in entry.remove}
        for number in rows_of(*entry.codes):
            if billable[number]:
                touched[number] = None
                columns.drop(number, removed)
                for link in fresh:
                    if row[link.target] != number:
                        columns.put(number, row[link.target], link)
    _drug_edges(columns, tables, concepts, row, codes, file)
    edges = columns.done()
    return replace(
        tables,
        version=f"{tables.version}.overlay-{overlay.digest[:12]}",
        provenance=columns.provenance,
        conditions=_conditions(tables.conditions, codes, list(touched), edges, file),
        concepts=concepts,
        edges=edges,
    )


def _concepts(
    tables: Tables, codes: Sequence[str], file: OverlayFile
) -> tuple[tuple[Mapping[str, Any], ...], dict[str, int]]:
    """All concepts, the new ones last, and the row of every node."""
    own = concept_nodes(
        Curated(
            symptoms=file.symptoms, findings=file.findings, labs=file.labs, vitals=file.vitals,
            drugs=file.drugs, procedures=file.procedures,
        )
    )  # fmt: skip
    nodes: dict[str, Mapping[str, Any]] = {str(node["id"]): node for node in tables.concepts}
    nodes.update({str(node["id"]): node for node in own})
    row = {f"icd:{code}": number for number, code in enumerate(codes)}
    row.update({node_id: number for number, node_id in enumerate(nodes, start=len(codes))})
    return tuple(nodes.values()), row


def _links(entry: OverlayCondition) -> Iterator[_New]:
    cite = entry.source

    def severities(severity: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple(("severity", name) for name in severity)

    for symptom in entry.symptoms:
        details = tuple(
            (name, text)
            for name in ("onset", "character", "site")
            for text in getattr(symptom, name)
        )
        yield _New("has_symptom", symptom.symptom, cite, symptom.p, details=details)
    for finding in entry.findings:
        yield _New(
            "has_finding", finding.finding, cite, finding.p, text=finding.text or "",
            details=severities(finding.severity),
        )  # fmt: skip
    for lab in entry.labs:
        low, high = lab.iqr
        yield _New(
            "changes_vital" if lab.test.startswith("vital:") else "changes_lab", lab.test, cite,
            lab.p, 1 if lab.direction == "high" else -1, lab.median,
            round((high - low) / _IQR, 4),
            details=(*severities(lab.severity), ("iqr", f"{low:g} {high:g}")),
        )  # fmt: skip
    for result in entry.results:
        yield _New(
            "tested_with", result.procedure, cite, result.p, text=result.text,
            details=severities(result.severity),
        )  # fmt: skip
    for procedure in entry.procedures:
        yield _New(
            "tested_with", procedure.procedure, cite, procedure.p,
            details=severities(procedure.severity),
        )  # fmt: skip
    for drug in entry.drugs:
        yield _New(
            "treated_with", drug.drug, cite, drug.p,
            text="" if drug.setting == "any" else drug.setting,
            details=severities(drug.severity),
        )  # fmt: skip
    for complication in entry.complications:
        yield _New(
            "complicated_by", f"icd:{complication.code}", cite, complication.p,
            details=severities(complication.severity),
        )  # fmt: skip


def _drug_edges(
    columns: _Columns,
    tables: Tables,
    concepts: Sequence[Mapping[str, Any]],
    row: Mapping[str, int],
    codes: Sequence[str],
    file: OverlayFile,
) -> None:
    """What a drug of the overlay must not be given with: its own list, and that of its class."""
    first = len(codes)
    of_class: dict[str, list[int]] = defaultdict(list)
    for number, node in enumerate(concepts[: len(tables.concepts)], start=first):
        if node["type"] == "Medication":
            of_class[str(node.get("group"))].append(number)
    own = {row[drug.id] for drug in file.drugs}
    for drug in file.drugs:
        here = row[drug.id]
        said = {row[other] for other in drug.avoid_drugs}
        fellow = next((n for n in of_class[drug.drug_class] if n not in own), None)
        if fellow is not None:
            said.update(columns.targets(fellow, _BARS_PAIR) - {here})
        said.update(
            n for prefix in drug.avoid_codes for n, code in enumerate(codes) if code == prefix
        )
        for other in sorted(said):
            link = _New("contraindicated_with", "", drug.source)
            columns.put(here, other, link)
            if other >= first:
                columns.put(other, here, link)


class _Columns:
    """Edge columns while overlay edges come and go."""

    def __init__(
        self, edges: EdgeColumns, provenance: tuple[Provenance, ...], own: Provenance
    ) -> None:
        self._edges = edges
        self._keep = np.ones(len(edges), dtype=bool)
        self._new: dict[tuple[int, int, int, str, int], tuple[int, int, _New]] = {}
        self.provenance = provenance
        self._own = own
        self._cited: dict[str | None, int] = {}

    def _span(self, source: int) -> tuple[int, int]:
        begin, end = self._edges.source.searchsorted([source, source + 1])
        return int(begin), int(end)

    def targets(self, source: int, relation: int) -> set[int]:
        """Where the edges of a relation lead in the graph as it was."""
        begin, end = self._span(source)
        chosen = self._edges.relation[begin:end] == relation
        return set(self._edges.target[begin:end][chosen].tolist())

    def drop(self, source: int, targets: set[int]) -> None:
        """Take the edges from a node to any of the targets away."""
        if targets:
            begin, end = self._span(source)
            self._keep[begin:end] &= ~np.isin(self._edges.target[begin:end], list(targets))

    def put(self, source: int, target: int, link: _New) -> None:
        """Add an edge in place of what it replaces."""
        edges, relation = self._edges, RELATIONS.index(link.relation)
        begin, end = self._span(source)
        same = (edges.relation[begin:end] == relation) & (edges.target[begin:end] == target)
        if link.relation == "tested_with" and link.text:
            texts = np.array([edges.texts[n] == link.text for n in edges.text[begin:end]])
            same &= texts if len(texts) else same
        elif link.relation in ("changes_lab", "changes_vital"):
            same &= edges.direction[begin:end] == link.direction
        self._keep[begin:end] &= ~same
        self._new[source, relation, target, link.text, link.direction] = (source, target, link)

    def _number(self, citation: str | None) -> int:
        """The row of the overlay's provenance with that citation."""
        if citation not in self._cited:
            row = replace(self._own, citation=citation or self._own.citation)
            if row not in self.provenance:
                self.provenance = (*self.provenance, row)
            self._cited[citation] = self.provenance.index(row)
        return self._cited[citation]

    def done(self) -> EdgeColumns:
        """The columns, sorted by source, relation and strength."""
        edges, keep = self._edges, self._keep
        texts, details = _Words(edges.texts), _Words(edges.detail_texts)
        new = list(self._new.values())
        parts: dict[str, Any] = {
            "source": [source for source, _, _ in new],
            "relation": [RELATIONS.index(link.relation) for _, _, link in new],
            "target": [target for _, target, _ in new],
            "provenance": [self._number(link.citation) for _, _, link in new],
            "confidence": [CONFIDENCE for _ in new],
            "p": [_number(link.p) for _, _, link in new],
            "lift": [math.nan for _ in new],
            "direction": [link.direction for _, _, link in new],
            "mean": [_number(link.mean) for _, _, link in new],
            "sd": [_number(link.sd) for _, _, link in new],
            "text": [texts.number(link.text) for _, _, link in new],
            "details": [details.number(pack_pairs(link.details) or "") for _, _, link in new],
        }
        joined = {
            name: np.concatenate([old[keep], np.array(parts[name], dtype=old.dtype)])
            for name in parts
            if (old := getattr(edges, name)) is not None
        }
        # What was sorted stays so; only nodes that have got new edges are sorted afresh.
        order = np.argsort(joined["source"], kind="stable")
        sources = joined["source"][order]
        for source in {source for source, _, _ in new}:
            begin, end = sources.searchsorted([source, source + 1])
            span = order[begin:end]
            p = joined["p"][span]
            keys = (
                joined["target"][span], -joined["confidence"][span],
                -np.where(np.isnan(p), -1.0, p), joined["relation"][span],
            )  # fmt: skip
            order[begin:end] = span[np.lexsort(keys)]
        return EdgeColumns(
            **{name: column[order] for name, column in joined.items()},
            texts=tuple(texts.all), detail_texts=tuple(details.all),
        )  # fmt: skip


class _Words:
    """Texts by number, new ones at the end."""

    def __init__(self, known: Sequence[str]) -> None:
        self.all = list(known)
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        if not self._numbers:
            self._numbers = {known: number for number, known in enumerate(self.all)}
        if text not in self._numbers:
            self._numbers[text] = len(self.all)
            self.all.append(text)
        return self._numbers[text]


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _conditions(
    table: Any, codes: Sequence[str], touched: Sequence[int], edges: EdgeColumns, file: OverlayFile
) -> Any:
    """The conditions with names, forms, acuity and texts of the overlay."""
    # Here and not above: the rules of the validator read the graph, and the graph may read this.
    from casewright.kg.validate.coding import bars_first  # noqa: PLC0415

    told = {"principal"}
    for entry in file.conditions:
        told |= {"acuity"} if entry.acuity else set()
        told |= {"attributes"} if entry.disposition or entry.follow_up else set()
        if entry.name or entry.synonyms or entry.lay or entry.abbreviations:
            told |= {"name", "forms"}
    changed = {name: table.column(name).to_pylist() for name in sorted(told)}
    titles = {row: table.column("title")[row].as_py() for row in touched}
    for entry in file.conditions:
        for row in touched:
            if codes[row].startswith(entry.codes):
                _tell(changed, row, entry, exact=codes[row] in entry.codes)
    for row in touched:
        begin, end = (int(n) for n in edges.source.searchsorted([row, row + 1]))
        names = [RELATIONS[n] for n in edges.relation[begin:end].tolist()]
        complete = (
            names.count("has_symptom") >= _MIN_SYMPTOMS
            and "treated_with" in names
            and bool(_TESTS & set(names))
        )
        if changed["principal"][row]:
            changed["principal"][row] = "has_symptom" in names or "has_finding" in names
        elif complete and not bars_first(codes[row], titles[row]):
            changed["principal"][row] = True
    for name, values in changed.items():
        place = table.schema.get_field_index(name)
        column = pa.array(values, table.schema.field(name).type)
        table = table.set_column(place, table.schema.field(name), column)
    return table


def _tell(
    changed: Mapping[str, list[Any]], row: int, entry: OverlayCondition, *, exact: bool
) -> None:
    """Names are for the codes that are listed themselves; the rest for those below, too."""
    if entry.acuity is not None:
        changed["acuity"][row] = entry.acuity
    own = [("disposition", t) for t in entry.disposition]
    own += [("follow_up", t) for t in entry.follow_up]
    if own:
        replaced = {name for name, _ in own}
        kept = [p for p in iter_pairs(changed["attributes"][row]) if p[0] not in replaced]
        changed["attributes"][row] = pack_pairs([*kept, *own])
    if not exact or not (entry.name or entry.synonyms or entry.lay or entry.abbreviations):
        return
    old = list(iter_pairs(changed["forms"][row]))
    name = entry.name or changed["name"][row]
    forms = forms_of(
        name, synonyms=entry.synonyms, lay=entry.lay, abbreviations=entry.abbreviations
    )
    texts = {text for _, text in forms}
    forms += [
        ("synonym" if kind == "preferred" else kind, text)
        for kind, text in old
        if text not in texts
    ]
    changed["name"][row] = name
    changed["forms"][row] = pack_pairs(forms)
