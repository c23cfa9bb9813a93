"""Compiling the graph: sources and the curated layer in, tables out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from casewright.kg.compile.acute import Acute
from casewright.kg.compile.conditions import ConditionRows
from casewright.kg.compile.crosswalk import Crosswalk, load_crosswalk
from casewright.kg.compile.curated import Curated, load_curated
from casewright.kg.compile.gates import Gates
from casewright.kg.compile.licences import render_licences
from casewright.kg.compile.link import Link
from casewright.kg.compile.links import Clinical
from casewright.kg.compile.matching import Matcher
from casewright.kg.compile.names import Namer
from casewright.kg.compile.nodes import concept_nodes
from casewright.kg.compile.notes import Notes
from casewright.kg.compile.packages import Elixhauser, elixhauser
from casewright.kg.compile.principals import Principals, is_visit
from casewright.kg.compile.provenance import SOURCES, Register
from casewright.kg.compile.relations import Comorbidity, group_nodes, groups_of, iter_unique
from casewright.kg.compile.report import CompileReport
from casewright.kg.compile.settle import LEAST, LEAST_CHRONIC, settled
from casewright.kg.compile.sources import read_sources
from casewright.kg.compile.spine import Code, Spine, load_spine
from casewright.kg.compile.variants import Variants
from casewright.kg.tables import EDGE_SCHEMA, RELATIONS, pack_pairs, read_tables, write_tables
from casewright.kg.validate.titles import negative_by_title, says_otherwise

__all__ = ["RELEASE", "compile_graph"]

RELEASE = "0.1.0"
"""Semantic version of the graph's content and schema."""


@dataclass(slots=True)
class _Rows:
    """Edge columns while they grow."""

    columns: dict[str, list[object]]

    def add(self, source: int, target: int, link: Link) -> None:
        direction = {"high": 1, "low": -1, None: 0}[link.direction]
        for name, value in (
            ("source", source),
            ("relation", RELATIONS.index(link.relation)),
            ("target", target),
            ("provenance", link.provenance),
            ("confidence", link.confidence),
            ("p", _number(link.p)),
            ("lift", _number(link.lift)),
            ("direction", direction),
            ("mean", _number(link.mean)),
            ("sd", _number(link.sd)),
            ("text", link.text or ""),
            ("details", pack_pairs(link.details) or ""),
        ):
            self.columns[name].append(value)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def compile_graph(
    sources: Path,
    out: Path,
    licences: Collection[str] | None = None,
    *,
    curated: Path | None = None,
    lenient: bool = False,
    licences_file: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> CompileReport:
    """Compile the graph into `out`.

    Args:
        sources: folder of the open data sources.
        out: folder for the four files of the graph, made if absent.
        licences: build from sources under these only; None for all (provenance.LICENCES).
        curated: folder of the hand-written YAML; the packaged one by default.
        lenient: drop and report unresolved references of the curated layer, not refuse.
        licences_file: where to write LICENSES.md; nowhere by default.
        progress: is told what is being done, a few words at a time.

    Raises:
        CasewrightError: bad input, with every problem found, or `out` cannot be written.
    """
    say = progress or (lambda text: None)
    register = Register(licences)
    say("reading the ICD-10-CM tabular list")
    spine = load_spine()
    say("reading the curated layer")
    folder = curated or Path(str(files("casewright.kg.curated")))
    layer = load_curated(folder, frozenset(spine.codes), lenient=lenient)
    say("reading the data sources")
    parts = _Parts.read(spine, layer, sources, register)

    nodes = concept_nodes(layer)
    nodes += [
        {"id": i, "type": "CodeGroup", "name": n} for i, n in group_nodes(spine, parts.elixhauser)
    ]
    nodes.sort(key=lambda node: str(node["id"]))
    row = {f"icd:{code}": number for number, code in enumerate(spine.codes)}
    first = len(row)
    row.update({str(node["id"]): number for number, node in enumerate(nodes, start=first)})

    note_links = _note_links(parts.notes, register)
    edges = _Rows({column.name: [] for column in EDGE_SCHEMA})
    refused: Counter[str] = Counter()
    for number, code in enumerate(spine.codes.values()):
        if number % 10_000 == 0:
            say(f"codes: {number:,} of {len(spine.codes):,}")
        reason, links = parts.judge(code)
        if reason and code.billable:
            refused[reason] += 1
        links += note_links.pop(f"icd:{code.code}", ())
        parent = row.get(f"icd:{code.parent}", -1)
        parts.conditions.add(code, principal=reason is None, parent=parent, row_of=row)
        for link in sorted(iter_unique(links), key=_order):
            if link.target in row:
                edges.add(number, row[link.target], link)
    of_groups = [(group, link) for group, links in note_links.items() for link in links]
    for source, link in sorted(
        [*of_groups, *_concept_links(layer, register, row)],
        key=lambda item: (row[item[0]], _order(item[1])),
    ):
        edges.add(row[source], row[link.target], link)

    say(f"writing {len(edges.columns['source']):,} edges")
    conditions = parts.conditions.columns
    write_tables(
        out,
        conditions=conditions,
        concepts=nodes,
        edges=edges.columns,
        provenance=register.rows,
        release=RELEASE,
        sources={**spine.versions, "curated": SOURCES["curated"].version},
    )
    if licences_file is not None:
        used = Counter(int(str(value)) for value in edges.columns["provenance"])
        also = [SOURCES["clinosim"]] if register.allowed("clinosim") else []
        text = render_licences(register.rows, used, SOURCES, also)
        licences_file.write_text(text, encoding="utf-8")
    return _report(out, parts, layer, register, edges, nodes, refused)


_WORDED = frozenset({"has_symptom", "has_finding", "tested_with"})
"""Relations whose words can contradict the title of a code."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What makes the edges and the row of a code."""

    spine: Spine
    register: Register
    matcher: Matcher
    crosswalk: Crosswalk
    clinical: Clinical
    acute: Acute
    principals: Principals
    notes: Notes
    comorbidity: Comorbidity
    conditions: ConditionRows
    elixhauser: Elixhauser
    names: Mapping[str, str]

    @classmethod
    def read(cls, spine: Spine, layer: Curated, sources: Path, register: Register) -> _Parts:
        """Read the data sources and tie everything together."""
        raw = read_sources(sources)
        crosswalk = load_crosswalk(spine, raw.profiles)
        matcher, variants = Matcher(layer), Variants(spine)
        gates = Gates(spine, raw, clinosim=register.allowed("clinosim"))
        acute = Acute(spine, layer, variants, register, crosswalk.default_leaf)
        clinical = Clinical(spine, layer, raw, crosswalk, matcher, gates, register, acute)
        notes = Notes(spine, raw.notes)
        namer = Namer(t for code in spine.codes.values() for t in (code.title, *code.terms))
        return cls(
            spine=spine,
            register=register,
            matcher=matcher,
            crosswalk=crosswalk,
            clinical=clinical,
            acute=acute,
            principals=Principals(spine, gates, clinical.results),
            notes=notes,
            comorbidity=Comorbidity(spine, raw, crosswalk, gates, notes, register),
            conditions=ConditionRows(spine, crosswalk, clinical, gates, namer, acute, variants),
            elixhauser=elixhauser(),
            names={
                entry.id: entry.name
                for entries in (layer.symptoms, layer.findings, layer.procedures)
                for entry in entries
            },
        )

    def judge(self, code: Code) -> tuple[str | None, list[Link]]:
        """Why a code is no principal (None: it is one), and its edges but the notes."""
        if not code.billable:
            return "not billable", []
        reason = self.principals.bars(code)
        links: list[Link] = []
        if reason is None or reason.startswith(("not acceptable", "status")):
            links = [link for link in self.clinical.links(code) if self._agrees(code, link)]
        if reason is None:
            links = settled(links, self.clinical.symptoms, least=self._least(code))
            reason = self.principals.missing(code, links, seen=self._is_seen(code))
        if links:
            links += self.comorbidity.links(code)
        links += groups_of(self.spine, self.elixhauser, self.register, code)
        return reason, links

    def _agrees(self, code: Code, link: Link) -> bool:
        """Whether an edge goes with a code: no blood "without hematuria", its test not negative."""
        if link.relation == "complicated_by":
            follows = self.spine.codes[link.target.removeprefix("icd:")].title
            if "peritonitis" in follows.lower():
                follows += " of a perforated bowel"
            return not says_otherwise(code.code, code.title, follows)
        if link.relation not in _WORDED:
            return True
        result = link.text or ""
        if result and negative_by_title(code.code, code.title, link.target, result):
            return False
        words = (self.names.get(link.target), link.text)
        return not says_otherwise(code.code, code.title, " ".join(w for w in words if w))

    def _least(self, code: Code) -> float:
        """How many symptoms to expect: a check-up needs none, acute illness the most."""
        if is_visit(code):
            return 0.0
        lasting = code.code in self.spine.chronic and code not in self.acute
        return LEAST_CHRONIC if lasting else LEAST

    def _is_seen(self, code: Code) -> bool:
        told = self.clinical.told(code)
        return bool(self.crosswalk.visit_share(code.code)) or (told is not None and told.same)


def _order(link: Link) -> tuple[int, float, float, str, str]:
    """Relation by relation, strongest first; the order on disk."""
    return (
        RELATIONS.index(link.relation),
        -(link.p if link.p is not None else -1.0),
        -link.confidence,
        link.target,
        link.text or "",
    )


def _note_links(notes: Notes, register: Register) -> dict[str, list[Link]]:
    number = register.number("icd10cm")
    found: dict[str, list[Link]] = {}
    for code, kind, other in notes:
        found.setdefault(code, []).append(Link(other, kind, number, 1.0))
    return found


def _concept_links(
    layer: Curated, register: Register, row: dict[str, int]
) -> list[tuple[str, Link]]:
    """Edges between concepts: drugs that must not meet, and conditions that bar a drug."""
    found: dict[tuple[str, str], Link] = {}

    def add(source: str, target: str, citation: str | None) -> None:
        if source != target and source in row and target in row:
            link = Link(target, "contraindicated_with", register.number("curated", citation), 0.9)
            found.setdefault((source, target), link)

    by_class: dict[str, list[str]] = {}
    for drug in layer.drugs:
        by_class.setdefault(drug.drug_class, []).append(drug.id)
    for drug in layer.drugs:
        for code in drug.avoid_codes:
            if len(code) >= 3:
                add(drug.id, f"icd:{code}", drug.source)
        rules = layer.classes.get(drug.drug_class)
        others = [
            other for name in (rules.contraindicated_with if rules else ())
            for other in by_class.get(name, ())
        ]  # fmt: skip
        for other in (*drug.avoid_drugs, *others):
            add(drug.id, other, drug.source)
            add(other, drug.id, drug.source)
    for allergen in layer.allergens:
        others = [drug for name in allergen.avoid_classes for drug in by_class.get(name, ())]
        for other in (*allergen.avoid_drugs, *others):
            add(allergen.id, other, allergen.source)
    return [(source, link) for (source, _), link in found.items()]


def _report(
    out: Path,
    parts: _Parts,
    layer: Curated,
    register: Register,
    edges: _Rows,
    nodes: Sequence[dict[str, object]],
    refused: Counter[str],
) -> CompileReport:
    types = Counter(str(node["type"]) for node in nodes)
    numbers = Counter(int(str(value)) for value in edges.columns["relation"])
    used = {int(str(value)) for value in edges.columns["provenance"]}
    unmatched = sorted(parts.matcher.unmatched.items())
    return CompileReport(
        version=read_tables(out).version,
        bytes=sum(path.stat().st_size for path in out.iterdir() if path.suffix != ".py"),
        counts={
            "conditions": len(parts.spine.codes),
            "billable": len(parts.spine.billable()),
            "principals": sum(bool(value) for value in parts.conditions.columns["principal"]),
            **dict(sorted(types.items())),
            "edges": len(edges.columns["source"]),
        },
        edges_by_relation={name: numbers[n] for n, name in enumerate(RELATIONS) if numbers[n]},
        missing_files=layer.missing,
        unmatched={kind: found.most_common() for kind, found in unmatched},
        unresolved=layer.unresolved,
        unplaced_profiles=tuple(sorted(parts.crosswalk.unplaced)),
        refused=dict(refused.most_common()),
        licences=tuple(sorted({register.rows[number].licence for number in used})),
        undosed=tuple(parts.acute.undosed),
        normal=tuple(parts.clinical.normal),
    )
