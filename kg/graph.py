"""The knowledge graph in memory: typed nodes, edges with provenance, and look-ups.

A `Graph` wraps a `networkx.MultiDiGraph` (`graph.nx`) with indices that sampling and
checking need. Edges are inherited at compile time, so a billable code carries its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from casewright.errors import CasewrightError
from casewright.kg.tables import RELATIONS, Provenance, Tables, iter_pairs, read_tables
from casewright.records import Sex

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "AGE_BANDS",
    "Concept",
    "Condition",
    "Dosing",
    "Edge",
    "Encounter",
    "FormKind",
    "Graph",
    "Lab",
    "Laterality",
    "Medication",
    "NodeType",
    "Relation",
    "SurfaceForm",
    "UnitConversion",
    "load_graph",
    "treats",
]

NodeType = Literal[
    "Condition",
    "Symptom",
    "Finding",
    "LabTest",
    "VitalSign",
    "Medication",
    "Procedure",  # imaging, other tests and interventions
    "RiskFactor",  # social history, exposures
    "Allergen",
    "CodeGroup",  # chapter, block, category, CCSR
]
Relation = Literal[
    "has_symptom",
    "has_finding",
    "changes_lab",
    "changes_vital",
    "tested_with",
    "treated_with",
    "has_risk_factor",
    "comorbid_with",
    "excludes1",
    "excludes2",
    "code_first",
    "use_additional",
    "in_group",
    "contraindicated_with",
    "complicated_by",  # what can follow in the same encounter
    "code_also",
]
FormKind = Literal["preferred", "synonym", "lay", "abbreviation", "brand"]
Laterality = Literal["right", "left", "bilateral", "unspecified"]
Encounter = Literal["initial", "subsequent", "sequela"]


@dataclass(frozen=True, slots=True)
class SurfaceForm:
    """One way to write a concept."""

    text: str
    kind: FormKind


@dataclass(frozen=True, slots=True)
class Concept:
    """A node. `id` is "<kind>:<slug>", or "icd:<code>" for a condition.

    `group` is the body system of a symptom or finding, the class of a drug, the panel
    of a lab test, the kind of a procedure (imaging, procedure, screening ...).
    `normal` is how a finding or test reads when it is normal ("lungs clear to auscultation").
    `min_age` and `max_age` are in years, inclusive; None is no bound.
    `attributes` are further statements by name, in a fixed order. Names in use: observable
    (a symptom that an observer sees), reaction and avoid_drug (of an allergen), disposition
    and follow_up (of a condition), citation, and those of history.yaml.
    """

    id: str
    type: NodeType
    name: str
    forms: tuple[SurfaceForm, ...]
    group: str | None = None
    normal: str | None = None
    sex: Sex | None = None
    min_age: float | None = None
    max_age: float | None = None
    attributes: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of the attribute of that name, in order."""
        return tuple(value for key, value in self.attributes if key == name)


@dataclass(frozen=True, slots=True)
class Condition(Concept):
    """An ICD-10-CM code. `name` is how a clinician writes it, `title` the official one.

    `age_weights` are shares of visits by the NAMCS age bands (graph.AGE_BANDS), or None.

    Codes that differ only in side, encounter or stage share a clinical concept: `concept` is
    the code that stands for it (the code's own where it has no variants; an open fracture is
    another concept than a closed one). `laterality` is None where a code has no side, and
    "unspecified" where others of the concept name one. `encounter` is the seventh character
    of injuries.

    Attributes that an entry on acute illness adds (see Concept.values): setting (outpatient,
    emergency, inpatient), severity ("mild=0.2": the mix), stay_days ("2-6"), course (follows
    "The patient"), disposition, follow_up.
    """

    code: str = ""
    title: str = ""
    chapter: int = 0
    billable: bool = False
    chronic: bool = False
    principal: bool = False
    acuity: Literal["outpatient", "either", "inpatient"] = "outpatient"
    visit_share: float = 0.0
    female_share: float | None = None
    age_weights: tuple[float, ...] | None = None
    concept: str = ""
    laterality: Laterality | None = None
    encounter: Encounter | None = None


@dataclass(frozen=True, slots=True)
class UnitConversion:
    """Another way to give a result: value * factor + offset in `unit`."""

    unit: str
    factor: float
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Lab(Concept):
    """A lab test or vital sign with its adult reference range by sex, in `unit`.

    A conversion with factor 1 and offset 0 is another spelling of the same unit.
    """

    unit: str = ""
    decimals: int = 0
    ref_female: tuple[float, float] | None = None
    ref_male: tuple[float, float] | None = None
    ref_child: tuple[float, float] | None = None
    plausible: tuple[float, float] | None = None
    conversions: tuple[UnitConversion, ...] = ()


@dataclass(frozen=True, slots=True)
class Dosing:
    """One regimen: "5", "mg", "by mouth", "once daily"; `codes` limits it to ICD-10-CM prefixes.

    `audience` is adult, child or any; `setting` is any, outpatient or inpatient. `ages` are
    the completed years, inclusive, that a child's regimen is for; None is no bound. A child
    of at least the drug's `min_age` whose age no child regimen covers takes the adult one.
    """

    dose: str
    unit: str
    route: str
    frequency: str
    audience: Literal["adult", "child", "any"] = "adult"
    setting: Literal["any", "outpatient", "inpatient"] = "any"
    codes: tuple[str, ...] = ()
    duration: str | None = None
    ages: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Medication(Concept):
    """A drug by its generic name. `group` is its class: nobody gets two of one class."""

    dosing: tuple[Dosing, ...] = ()
    pregnancy_avoid: bool = False
    avoid_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation between two nodes, with where it comes from.

    `p` is a probability given the source node (None when unknown), `lift` the ratio to the
    base rate, `direction` high/low for labs and vitals, `mean` and `sd` in the test's unit,
    `details` further statements by name, any of which can stand several times: onset, character
    and site of a symptom (a case draws one of each), severity (mild, moderate, severe: those
    that the edge is for; all where absent), iqr (first and third quartile of a test, "11 18.5";
    `mean` is its median then), p_from (assumed: no source says how
    often),
    `text` a result in words or a qualifier (a finding's site, a drug's setting). A test can
    have several edges to one condition, each with another result. `confidence` is 0 to 1.
    `citation` says where to look it up.
    """

    source: str
    target: str
    relation: Relation
    origin: str  # name of the data source
    origin_version: str
    licence: str
    confidence: float
    p: float | None = None
    lift: float | None = None
    direction: Literal["high", "low"] | None = None
    mean: float | None = None
    sd: float | None = None
    text: str | None = None
    citation: str | None = None
    details: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of the detail of that name, in order."""
        return tuple(value for key, value in self.details if key == name)


AGE_BANDS: tuple[tuple[int, int], ...] = (
    (0, 0), (1, 4), (5, 11), (12, 17), (18, 24), (25, 34),
    (35, 44), (45, 54), (55, 64), (65, 74), (75, 84), (85, 99),
)  # fmt: skip
"""NAMCS age bands in whole years, inclusive."""


_TO_FIND_OUT = frozenset(
    f"proc:{name}"
    for name in ("lumbar_puncture", "arthrocentesis", "thoracentesis", "paracentesis",
                 "laparoscopy", "arthroscopy", "amniocentesis")
)  # fmt: skip


def treats(concept_id: str, kind: str | None) -> bool:
    """Whether a procedure of that kind treats, where others (imaging, a tap) find out."""
    return kind in ("procedure", "intervention") and concept_id not in _TO_FIND_OUT


class Graph:
    """See the module. Built by `load_graph`; read-only afterwards.

    The columns of the tables stay as they are; node and edge objects are built when they
    are first asked for and then kept.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.version: str = tables.version
        codes: list[str] = tables.conditions.column("code").to_pylist()
        self._codes = codes
        self._row: dict[str, int] = {f"icd:{code}": row for row, code in enumerate(codes)}
        for row, concept in enumerate(tables.concepts, start=len(codes)):
            self._row[concept["id"]] = row
        self._ids: list[str] = list(self._row)
        self._parent: list[int] = tables.conditions.column("parent").to_pylist()
        # Edges are sorted by source, so those of row r are at _first[r]:_first[r + 1].
        self._first = np.searchsorted(tables.edges.source, np.arange(len(self._ids) + 1)).tolist()
        self._concepts: dict[int, Concept] = {}
        self._edges: dict[tuple[int, int], tuple[Edge, ...]] = {}
        self._ranges: dict[int, dict[int, tuple[int, int]]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, concept_id: object) -> bool:
        """Whether there is such a node. Cheap, where `concept` looks for near matches."""
        return concept_id in self._row

    @property
    def tables(self) -> Tables:
        """The columns below, for statistics."""
        return self._tables

    @property
    def provenance(self) -> tuple[Provenance, ...]:
        """The data sources that the edges come from."""
        return self._tables.provenance

    @cached_property
    def nx(self) -> nx.MultiDiGraph:
        """The networkx view: node ids with their `Concept` as "concept", keys are relations.

        Built when first asked for: it takes seconds and some hundred megabytes, and
        sampling does not need it.
        """
        import networkx  # noqa: PLC0415 - only for those who ask

        view = networkx.MultiDiGraph(version=self.version)
        for concept in self.concepts():
            view.add_node(concept.id, concept=concept)
        for row in range(len(self._ids)):
            for edge in self._stored(row):
                view.add_edge(edge.source, edge.target, key=edge.relation, edge=edge)
        return view

    def concept(self, concept_id: str) -> Concept:
        """Any node by id. CasewrightError with near matches if there is none."""
        return self._concept(self._find(concept_id))

    def condition(self, code: str) -> Condition:
        """A condition by code, dotted or not, any case. CasewrightError with near matches."""
        plain = code.strip().upper().replace(".", "")
        dotted = plain if len(plain) <= 3 else f"{plain[:3]}.{plain[3:]}"
        row = self._row.get(f"icd:{dotted}")
        if row is None:
            raise CasewrightError(
                f"there is no ICD-10-CM code {code!r} in the graph",
                valid="a code such as " + ", ".join(self._near_codes(dotted)),
                fix="check the code against the current ICD-10-CM release",
            )
        return cast(Condition, self._concept(row))

    def concepts(self, *types: NodeType) -> Sequence[Concept]:
        """All nodes of the given types (of all types without any), in id order."""
        found: list[Concept] = []
        if not types or "Condition" in types:
            found.extend(self._conditions(range(len(self._codes))))
        for row, raw in enumerate(self._tables.concepts, start=len(self._codes)):
            if not types or raw["type"] in types:
                found.append(self._concept(row))
        return sorted(found, key=lambda concept: concept.id)

    def span(self, node_id: str) -> slice:
        """Where a node's outgoing edges stand in `tables.edges`: by relation, strongest first."""
        row = self._find(node_id)
        return slice(self._first[row], self._first[row + 1])

    def at(self, row: int) -> Concept:
        """The node that `tables.edges` calls by that number."""
        return self._concept(row)

    def edges(self, node_id: str, *relations: Relation) -> Sequence[Edge]:
        """Outgoing edges of a node, strongest first (p, then confidence).

        Instructional notes (excludes, code first, use additional, code also) of the codes
        above, of the block and of the chapter count as the code's own: they follow its own
        ones, and keep their source.
        """
        row = self._find(node_id)
        wanted = relations or cast(tuple[Relation, ...], RELATIONS)
        found: list[Edge] = []
        for relation in wanted:
            number = RELATIONS.index(relation)
            found.extend(self._of(row, number))
            if relation in _INHERITED:
                for above in (*self._above(row), *self._groups(row)):
                    found.extend(self._of(above, number))
        if len(wanted) > 1:
            found.sort(key=_strength)
        return found

    @cached_property
    def principals(self) -> Sequence[Condition]:
        """Billable codes that can be a principal diagnosis: enough is known for a whole case.

        A disease has symptoms (newborns and malformations: signs), a test or an examination
        finding that shows it, and treatment: a drug, an intervention (`treats`), or none where
        it is watched. No two symptoms repeat or widen each other, each has a p, and together
        they sum to what an ill person has (kg/compile/settle.py): draw each by itself. A
        reason for contact (chapter 21, O09: check-up, vaccine, prenatal visit) may have no
        symptom at all; it has a test, a drug or a procedure. See kg/compile/principals.py.
        """
        flags = self._tables.conditions.column("principal").to_pylist()
        return tuple(self._conditions([row for row, flag in enumerate(flags) if flag]))

    @cached_property
    def variants(self) -> Mapping[str, tuple[Condition, ...]]:
        """The principals of each clinical concept, by the code that stands for it, in code order.

        That code itself need not be among them.
        """
        found: dict[str, list[Condition]] = {}
        for condition in self.principals:
            found.setdefault(condition.concept, []).append(condition)
        return {concept: tuple(members) for concept, members in found.items()}

    def excludes1(self, code_a: str, code_b: str) -> bool:
        """Whether an Excludes1 note of either code (or of an ancestor) bars the pair."""
        rows = [self._find(f"icd:{self.condition(code).code}") for code in (code_a, code_b)]
        lines = [{row, *self._above(row), *self._groups(row)} for row in rows]
        number = RELATIONS.index("excludes1")
        # Compiled in both directions, so that one look is enough.
        return any(
            self._row[edge.target] in lines[1]
            for row in sorted(lines[0])
            for edge in self._of(row, number)
        )

    def parents(self, code: str) -> Sequence[str]:
        """Category and sub-category codes above a code, nearest first (for hypernyms)."""
        row = self._find(f"icd:{self.condition(code).code}")
        return [self._codes[above] for above in self._above(row)]

    def _find(self, node_id: str) -> int:
        row = self._row.get(node_id)
        if row is None:
            kind, _, slug = node_id.partition(":")
            if kind == "icd":
                near = [f"icd:{code}" for code in self._near_codes(slug)]
            else:
                ids = self._ids[len(self._codes) :]
                near = difflib.get_close_matches(node_id, ids, n=5, cutoff=0.5)
            raise CasewrightError(
                f"there is no node {node_id!r} in the graph",
                valid="for example " + ", ".join(near) if near else None,
                fix="look it up with `casewright kg show`",
            )
        return row

    def _near_codes(self, dotted: str) -> list[str]:
        for length in range(len(dotted), 0, -1):
            near = [code for code in self._codes if code.startswith(dotted[:length])]
            if near:
                return near[:5]
        return ["J18.9", "I10", "E11.9"]

    def _above(self, row: int) -> Iterator[int]:
        if row < len(self._parent):
            row = self._parent[row]
            while row >= 0:
                yield row
                row = self._parent[row]

    def _groups(self, row: int) -> tuple[int, ...]:
        """Rows of the block and the chapter of a code; their notes hold for it."""
        if row >= len(self._codes):
            return ()
        return self._groups_of.get(self._codes[row][:3], ())

    @cached_property
    def _groups_of(self) -> dict[str, tuple[int, ...]]:
        """Rows of block and chapter by category."""
        found: dict[str, tuple[int, ...]] = {}
        number = RELATIONS.index("in_group")
        for row, code in enumerate(self._codes):
            if code[:3] in found:
                continue
            targets = [edge.target for edge in self._of(row, number)]
            groups = [t for t in targets if t.startswith(("group:block-", "group:chapter-"))]
            if groups:
                found[code[:3]] = tuple(self._row[group] for group in groups)
        return found

    def _concept(self, row: int) -> Concept:
        concept = self._concepts.get(row)
        if concept is None:
            if row < len(self._codes):
                (concept,) = self._conditions([row])
            else:
                concept = _build_concept(self._tables.concepts[row - len(self._codes)])
                self._concepts[row] = concept
        return concept

    def _conditions(self, rows: Sequence[int]) -> list[Condition]:
        missing = [row for row in rows if row not in self._concepts]
        # In parts: all at once as plain objects take more memory than the graph.
        for first in range(0, len(missing), _AT_ONCE):
            part = missing[first : first + _AT_ONCE]
            for row, raw in zip(part, self._tables.conditions.take(part).to_pylist(), strict=True):
                self._concepts[row] = _build_condition(raw, self._codes)
        return [cast(Condition, self._concepts[row]) for row in rows]

    def _of(self, row: int, relation: int) -> tuple[Edge, ...]:
        ranges = self._ranges.get(row)
        if ranges is None:
            first, last = self._first[row], self._first[row + 1]
            ranges = self._ranges[row] = {}
            for place, number in enumerate(self._tables.edges.relation[first:last].tolist(), first):
                begin = ranges[number][0] if number in ranges else place
                ranges[number] = (begin, place + 1)
        if relation not in ranges:
            return ()
        edges = self._edges.get((row, relation))
        if edges is None:
            edges = self._edges[row, relation] = tuple(self._build_edges(*ranges[relation]))
        return edges

    def _stored(self, row: int) -> Iterator[Edge]:
        return self._build_edges(self._first[row], self._first[row + 1])

    def _build_edges(self, begin: int, end: int) -> Iterator[Edge]:
        columns = self._tables.edges
        part = slice(begin, end)
        for (
            row,
            relation,
            target,
            origin,
            confidence,
            p,
            lift,
            direction,
            mean,
            sd,
            text,
            detail,
        ) in zip(
            columns.source[part].tolist(),
            columns.relation[part].tolist(),
            columns.target[part].tolist(),
            columns.provenance[part].tolist(),
            columns.confidence[part].tolist(),
            columns.p[part].tolist(),
            columns.lift[part].tolist(),
            columns.direction[part].tolist(),
            columns.mean[part].tolist(),
            columns.sd[part].tolist(),
            columns.text[part].tolist(),
            columns.details[part].tolist(),
            strict=True,
        ):
            source = self._tables.provenance[origin]
            packed = columns.detail_texts[detail]
            # By place, and without a call of ours for each number: this is most of the time that
            # sampling a new condition takes. NaN is not known.
            yield Edge(
                self._ids[row],
                self._ids[target],
                cast(Relation, RELATIONS[relation]),
                source.origin,
                source.version,
                source.licence,
                confidence,
                None if isnan(p) else p,
                None if isnan(lift) else lift,
                _DIRECTIONS[direction],
                None if isnan(mean) else mean,
                None if isnan(sd) else sd,
                columns.texts[text] or None,
                source.citation,
                tuple(iter_pairs(packed)) if packed else (),
            )


_INHERITED: frozenset[str] = frozenset(
    {"excludes1", "excludes2", "code_first", "use_additional", "code_also"}
)
_AT_ONCE = 2000
_DIRECTIONS: dict[int, Literal["high", "low"] | None] = {-1: "low", 0: None, 1: "high"}


def _strength(edge: Edge) -> tuple[float, float, str]:
    return (-(edge.p if edge.p is not None else -1.0), -edge.confidence, edge.target)


def _forms(pairs: Sequence[tuple[str, str]]) -> tuple[SurfaceForm, ...]:
    return tuple(SurfaceForm(text, cast(FormKind, kind)) for kind, text in pairs)


def _build_condition(raw: dict[str, Any], codes: Sequence[str]) -> Condition:
    weights = raw["age_weights"]
    return Condition(
        id=f"icd:{raw['code']}",
        type="Condition",
        name=raw["name"],
        forms=_forms(list(iter_pairs(raw["forms"]))),
        sex=raw["sex"],
        min_age=raw["min_age"],
        max_age=raw["max_age"],
        attributes=tuple(iter_pairs(raw["attributes"])),
        code=raw["code"],
        title=raw["title"],
        chapter=raw["chapter"],
        billable=raw["billable"],
        chronic=raw["chronic"],
        principal=raw["principal"],
        acuity=raw["acuity"],
        visit_share=raw["visit_share"],
        female_share=raw["female_share"],
        age_weights=tuple(weights) if weights is not None else None,
        concept=codes[raw["concept"]],
        laterality=raw["laterality"],
        encounter=raw["encounter"],
    )


def _range(value: Sequence[float] | None) -> tuple[float, float] | None:
    return (value[0], value[1]) if value else None


def _build_concept(raw: Any) -> Concept:
    base: dict[str, Any] = {
        "id": raw["id"],
        "type": raw["type"],
        "name": raw["name"],
        "forms": _forms([(kind, text) for kind, text in raw.get("forms", ())]),
        "group": raw.get("group"),
        "normal": raw.get("normal"),
        "sex": raw.get("sex"),
        "min_age": raw.get("min_age"),
        "max_age": raw.get("max_age"),
        "attributes": tuple((name, value) for name, value in raw.get("attributes", ())),
    }
    if raw["type"] in ("LabTest", "VitalSign"):
        return Lab(
            **base,
            unit=raw["unit"],
            decimals=raw["decimals"],
            ref_female=_range(raw.get("ref_female")),
            ref_male=_range(raw.get("ref_male")),
            ref_child=_range(raw.get("ref_child")),
            plausible=_range(raw.get("plausible")),
            conversions=tuple(UnitConversion(*item) for item in raw.get("conversions", ())),
        )
    if raw["type"] == "Medication":
        return Medication(
            **base,
            dosing=tuple(
                Dosing(
                    **{
                        **regimen,
                        "codes": tuple(regimen.get("codes", ())),
                        "ages": _range(regimen.get("ages")),
                    }
                )
                for regimen in raw["dosing"]
            ),
            pregnancy_avoid=raw.get("pregnancy_avoid", False),
            avoid_codes=tuple(raw.get("avoid_codes", ())),
        )
    return Concept(**base)


def load_graph(path: Path | None = None, *, overlay: Path | None = None) -> Graph:
    """Load the packaged graph, or one compiled by the user into `path`.

    Args:
        overlay: a YAML file of the user's own that is laid over it (docs/graph.md).

    Raises:
        CasewrightError: the tables are absent, damaged or of another format, or the overlay
            has problems.
    """
    tables = read_tables(path)
    if overlay is not None:
        from casewright.kg.overlay import lay_over  # noqa: PLC0415 - only for those who ask

        tables = lay_over(tables, overlay)
    return Graph(tables)
