"""Compiling the graph: sources and the curated layer in, tables out."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from casewright.kg.compile.crosswalk import Crosswalk, load_crosswalk
from casewright.kg.compile.curated import Curated, load_curated
from casewright.kg.compile.gates import Gate, Gates
from casewright.kg.compile.licences import render_licences
from casewright.kg.compile.link import Link
from casewright.kg.compile.links import Clinical
from casewright.kg.compile.matching import Matcher
from casewright.kg.compile.names import Namer, safe_synonyms
from casewright.kg.compile.nodes import concept_nodes, forms_of
from casewright.kg.compile.provenance import SOURCES, Register
from casewright.kg.compile.relations import (
    Comorbidity,
    Notes,
    group_nodes,
    groups_of,
    iter_unique,
)
from casewright.kg.compile.report import CompileReport
from casewright.kg.compile.sources import read_sources
from casewright.kg.compile.spine import Code, Spine, load_spine
from casewright.kg.compile.variants import Variants
from casewright.kg.compile.written import Told
from casewright.kg.graph import AGE_BANDS
from casewright.kg.tables import RELATIONS, pack_pairs, read_tables, write_tables

__all__ = ["RELEASE", "compile_graph"]

RELEASE = "0.1.0"
"""Semantic version of the graph's content and schema."""

MIN_SYMPTOMS = 2

_CLINICAL = frozenset({"has_symptom", "treated_with", "tested_with", "changes_lab"})

# Codes that bring a patient to the ward as a rule (first three characters, or more).
_INPATIENT = (
    "A40", "A41", "I21", "I22", "I26", "I33", "I60", "I61", "I62", "I63", "I71.1", "I71.3",
    "J80", "J96", "K35", "K55.0", "K56", "K65", "K72.0", "K92.2", "G00", "G03", "G41", "G61.0",
    "E10.1", "E11.0", "E11.1", "N17", "R57", "S06.3", "S06.4", "S06.5", "S06.6", "S72", "O14.1",
    "O15", "T79", "P22", "P36", "D57.0", "C91.0", "C92.0", "I46", "K85", "J13", "J15", "B00.4",
)  # fmt: skip


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
) -> CompileReport:
    """Compile the graph into `out`.

    Args:
        sources: folder of the open data sources.
        out: folder for the four files of the graph, made if absent.
        licences: build from sources under these only; None for all (provenance.LICENCES).
        curated: folder of the hand-written YAML; the packaged one by default.
        lenient: drop and report unresolved references of the curated layer, not refuse.
        licences_file: where to write LICENSES.md; nowhere by default.

    Raises:
        CasewrightError: bad input, with every problem found, or `out` cannot be written.
    """
    register = Register(licences)
    spine = load_spine()
    folder = curated or Path(str(files("casewright.kg.curated")))
    layer = load_curated(folder, frozenset(spine.codes), lenient=lenient)
    raw = read_sources(sources)
    crosswalk = load_crosswalk(spine, raw.profiles)
    matcher = Matcher(layer)
    gates = Gates(spine, raw, clinosim=register.allowed("clinosim"))
    clinical = Clinical(spine, layer, raw, crosswalk, matcher, gates, register)
    notes = Notes(spine, raw)
    comorbidity = Comorbidity(spine, raw, crosswalk, gates, notes, register)

    nodes = concept_nodes(layer)
    nodes += [{"id": i, "type": "CodeGroup", "name": n} for i, n in group_nodes(spine)]
    nodes.sort(key=lambda node: str(node["id"]))
    codes = list(spine.codes)
    row = {f"icd:{code}": number for number, code in enumerate(codes)}
    row.update({str(node["id"]): number for number, node in enumerate(nodes, start=len(codes))})

    note_links = _note_links(notes, register)
    variants = Variants(spine)
    conditions: dict[str, list[object]] = {name: [] for name in _CONDITION_COLUMNS}
    edges = _Rows({name: [] for name in _EDGE_COLUMNS})
    namer = Namer(t for code in spine.codes.values() for t in (code.title, *code.terms))
    refused: Counter[str] = Counter()
    for number, code in enumerate(spine.codes.values()):
        reason: str | None = "not billable"
        links: list[Link] = []
        if code.billable:
            reason = gates.bars_principal(code)
            if reason is None or reason.startswith(("not acceptable", "status")):
                links = clinical.links(code)
            if reason is None:
                reason = _what_is_missing(clinical, code, links)
            if links:
                links += comorbidity.links(code)
            links += groups_of(spine, register, code)
            if reason:
                refused[reason] += 1
        links += note_links.get(code.code, ())
        _add_condition(
            conditions, code, spine, crosswalk, clinical, gates, namer,
            principal=reason is None, parent=row.get(f"icd:{code.parent}", -1),
        )  # fmt: skip
        variant = variants.of(code)
        conditions["concept"].append(row[f"icd:{variant.concept}"])
        conditions["laterality"].append(variant.laterality)
        conditions["encounter"].append(variant.encounter)
        for link in sorted(iter_unique(links), key=_order):
            if link.target in row:
                edges.add(number, row[link.target], link)
    for source, link in sorted(
        _concept_links(layer, register, row), key=lambda item: (row[item[0]], _order(item[1]))
    ):
        edges.add(row[source], row[link.target], link)

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
    return _report(
        out, spine, layer, matcher, crosswalk, register, edges, conditions, nodes, refused
    )


_CONDITION_COLUMNS = (
    "code", "title", "name", "forms", "chapter", "billable", "chronic", "principal", "acuity",
    "sex", "min_age", "max_age", "visit_share", "female_share", "age_weights", "attributes",
    "parent", "concept", "laterality", "encounter",
)  # fmt: skip
_EDGE_COLUMNS = (
    "source", "relation", "target", "provenance", "confidence", "p", "lift", "direction",
    "mean", "sd", "text", "details",
)  # fmt: skip


def _order(link: Link) -> tuple[int, float, float, str, str]:
    """Relation by relation, strongest first; the order on disk."""
    return (
        RELATIONS.index(link.relation),
        -(link.p if link.p is not None else -1.0),
        -link.confidence,
        link.target,
        link.text or "",
    )


def _what_is_missing(clinical: Clinical, code: Code, links: Sequence[Link]) -> str | None:
    """What a code lacks for a principal diagnosis; None when it has all."""
    counts = Counter(link.relation for link in links)
    # One complaint is enough where the examination says the rest: a twisted ankle hurts.
    sited = code.chapter in (13, 19) and counts["has_finding"] >= 2
    if counts["has_symptom"] < (1 if sited else MIN_SYMPTOMS):
        return "too few symptoms"
    if not any(link.relation == "treated_with" for link in links):
        return "no medication"
    if not any(clinical.is_test(link) for link in links):
        return "no test"
    return None


def _add_condition(
    conditions: dict[str, list[object]],
    code: Code,
    spine: Spine,
    crosswalk: Crosswalk,
    clinical: Clinical,
    gates: Gates,
    namer: Namer,
    *,
    principal: bool,
    parent: int,
) -> None:
    gate = gates.gate(code)
    entry = clinical.told(code)
    name, forms = _wording(code, namer, entry)
    joined = clinical.profile(code) if code.billable else None
    weights: list[float] | None = None
    female: float | None = None
    if joined is not None and joined.profile.n >= 60:
        weights = _age_weights(joined.profile.ages, gate)
        female = round(joined.profile.female, 3) if gate.sex is None else None
    attributes: list[tuple[str, str]] = []
    acuity: str = "outpatient"
    if entry is not None:
        attributes += [("disposition", text) for text in entry.entry.disposition]
        attributes += [("follow_up", text) for text in entry.entry.follow_up]
        acuity = entry.entry.acuity or ""
    if not acuity or entry is None:
        if code.code.startswith(_INPATIENT):
            acuity = "inpatient"
        else:
            acuity = "outpatient" if crosswalk.visit_share(code.code) else "either"
    for column, value in (
        ("code", code.code),
        ("title", code.title),
        ("name", name),
        ("forms", pack_pairs(forms)),
        ("chapter", code.chapter),
        ("billable", code.billable),
        ("chronic", code.code in spine.chronic),
        ("principal", principal),
        ("acuity", acuity),
        ("sex", gate.sex),
        ("min_age", gate.min_age),
        ("max_age", gate.max_age),
        ("visit_share", round(crosswalk.visit_share(code.code), 9)),
        ("female_share", female),
        ("age_weights", weights),
        ("attributes", pack_pairs(attributes)),
        ("parent", parent),
    ):
        conditions[column].append(value)


def _age_weights(ages: Sequence[float], gate: Gate) -> list[float] | None:
    """Shares by age band, only of bands that the gate lets pass, adding to one."""
    low = gate.min_age if gate.min_age is not None else 0.0
    high = gate.max_age if gate.max_age is not None else 200.0
    kept = [
        share if first <= high and last >= low else 0.0
        for share, (first, last) in zip(ages, AGE_BANDS, strict=True)
    ]
    total = sum(kept)
    return [round(share / total, 4) for share in kept] if total > 0.05 else None


_LATERAL = re.compile(r"\b(right|left|bilateral)\b", re.IGNORECASE)
_PAIRED_CHAPTERS = frozenset({7, 8, 13, 19})


def _wording(code: Code, namer: Namer, entry: Told | None) -> tuple[str, list[tuple[str, str]]]:
    """The name of a code and all its forms: curated where an entry is about this very code."""
    natural = namer.name(code.title)
    synonyms = list(safe_synonyms(namer, code.title, code.terms))
    abbreviations = [*natural.abbreviations, *(s for s in synonyms if s.isupper())]
    synonyms = [s for s in synonyms if not s.isupper()]
    name = natural.text
    lay: tuple[str, ...] = ()
    if entry is not None and entry.same:
        curated = entry.entry
        name = _with_side(curated.name, code)
        lay = curated.lay
        synonyms = [*curated.synonyms, natural.text, *synonyms]
        abbreviations = [*curated.abbreviations, *abbreviations]
    title = namer.sentence_case(code.title)
    return name, forms_of(name, synonyms=[*synonyms, title], lay=lay, abbreviations=abbreviations)


def _with_side(name: str, code: Code) -> str:
    found = _LATERAL.search(code.title)
    if found and code.chapter in _PAIRED_CHAPTERS and not _LATERAL.search(name):
        return f"{found.group(1).lower()} {name}"
    return name


def _note_links(notes: Notes, register: Register) -> dict[str, list[Link]]:
    number = register.number("icd10cm")
    found: dict[str, list[Link]] = {}
    for code, kind, other in notes:
        found.setdefault(code, []).append(Link(f"icd:{other}", kind, number, 1.0))
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
    spine: Spine,
    layer: Curated,
    matcher: Matcher,
    crosswalk: Crosswalk,
    register: Register,
    edges: _Rows,
    conditions: dict[str, list[object]],
    nodes: Sequence[dict[str, object]],
    refused: Counter[str],
) -> CompileReport:
    types = Counter(str(node["type"]) for node in nodes)
    numbers = Counter(int(str(value)) for value in edges.columns["relation"])
    used = {int(str(value)) for value in edges.columns["provenance"]}
    return CompileReport(
        version=read_tables(out).version,
        bytes=sum(path.stat().st_size for path in out.iterdir() if path.suffix != ".py"),
        counts={
            "conditions": len(spine.codes),
            "billable": len(spine.billable()),
            "principals": sum(bool(value) for value in conditions["principal"]),
            **dict(sorted(types.items())),
            "edges": len(edges.columns["source"]),
        },
        edges_by_relation={name: numbers[n] for n, name in enumerate(RELATIONS) if numbers[n]},
        missing_files=layer.missing,
        unmatched={kind: found.most_common() for kind, found in sorted(matcher.unmatched.items())},
        unresolved=layer.unresolved,
        unplaced_profiles=tuple(sorted(crosswalk.unplaced)),
        refused=dict(refused.most_common()),
        licences=tuple(sorted({register.rows[number].licence for number in used})),
    )
