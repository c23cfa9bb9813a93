"""The knowledge graph in memory: typed nodes, edges with provenance, and look-ups.

A `Graph` wraps a `networkx.MultiDiGraph` (`graph.nx`) with indices that sampling and
checking need. Edges are inherited at compile time, so a billable code carries its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from casewright.records import Sex

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "Concept",
    "Condition",
    "Dosing",
    "Edge",
    "FormKind",
    "Graph",
    "Lab",
    "Medication",
    "NodeType",
    "Relation",
    "SurfaceForm",
    "load_graph",
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
]
FormKind = Literal["preferred", "synonym", "lay", "abbreviation", "brand"]


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


@dataclass(frozen=True, slots=True)
class Condition(Concept):
    """An ICD-10-CM code of the spine. `name` is how a clinician writes it, `title` the official one.

    `age_weights` are shares of visits by the NAMCS age bands (graph.AGE_BANDS), or None.
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


@dataclass(frozen=True, slots=True)
class Lab(Concept):
    """A lab test or vital sign with its adult reference range by sex, in `unit`."""

    unit: str = ""
    decimals: int = 0
    ref_female: tuple[float, float] | None = None
    ref_male: tuple[float, float] | None = None
    ref_child: tuple[float, float] | None = None
    plausible: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Dosing:
    """One regimen: "5", "mg", "by mouth", "once daily"; `codes` limits it to ICD-10-CM prefixes.

    `audience` is adult, child or any; `setting` is any, outpatient or inpatient.
    """

    dose: str
    unit: str
    route: str
    frequency: str
    audience: Literal["adult", "child", "any"] = "adult"
    setting: Literal["any", "outpatient", "inpatient"] = "any"
    codes: tuple[str, ...] = ()
    duration: str | None = None


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
    `text` a result in words or a qualifier. `confidence` is 0 to 1.
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


AGE_BANDS: tuple[tuple[int, int], ...] = (
    (0, 0), (1, 4), (5, 11), (12, 17), (18, 24), (25, 34),
    (35, 44), (45, 54), (55, 64), (65, 74), (75, 84), (85, 99),
)  # fmt: skip
"""NAMCS age bands in whole years, inclusive."""


class Graph:
    """See the module. Built by `load_graph`; read-only afterwards."""

    version: str

    @cached_property
    def nx(self) -> nx.MultiDiGraph:
        """The networkx view."""
        raise NotImplementedError

    def concept(self, concept_id: str) -> Concept:
        """Any node by id. CasewrightError with near matches if there is none."""
        raise NotImplementedError

    def condition(self, code: str) -> Condition:
        """A condition by code, dotted or not, any case. CasewrightError with near matches."""
        raise NotImplementedError

    def concepts(self, *types: NodeType) -> Sequence[Concept]:
        """All nodes of the given types, in id order."""
        raise NotImplementedError

    def edges(self, node_id: str, *relations: Relation) -> Sequence[Edge]:
        """Outgoing edges of a node, strongest first (p, then confidence)."""
        raise NotImplementedError

    @property
    def principals(self) -> Sequence[Condition]:
        """Billable codes that can be a principal diagnosis with symptoms, medication and a test."""
        raise NotImplementedError

    def excludes1(self, code_a: str, code_b: str) -> bool:
        """Whether an Excludes1 note of either code (or of an ancestor) bars the pair."""
        raise NotImplementedError

    def parents(self, code: str) -> Sequence[str]:
        """Category and sub-category codes above a code, nearest first (for hypernyms)."""
        raise NotImplementedError


def load_graph(path: Path | None = None) -> Graph:
    """Load the packaged graph, or one compiled by the user into `path`."""
    raise NotImplementedError
