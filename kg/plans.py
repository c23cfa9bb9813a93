"""What a condition's edges come to, prepared once: concepts looked up, gates and sides settled.

A run draws the same conditions again and again; everything about a condition that does not
depend on the patient is worked out here when the condition is first drawn.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from casewright.kg.clinical import (
    SELF_REPORT_AGE,
    contradicts,
    repeats,
    treatment_weight,
    words_of,
)
from casewright.kg.graph import Concept, Condition, Edge, Graph, Lab, Medication
from casewright.kg.onset import Onset
from casewright.kg.patient import AgeSexTable, Gate, age_sex_weights
from casewright.kg.quotas import Quota
from casewright.kg.ties import Ties
from casewright.kg.validate.coding import allowed_together
from casewright.kg.validate.titles import negative_by_title, says_otherwise, told_by_title
from casewright.records import Setting, Sex

__all__ = ["Candidate", "ConditionPlan", "DrugChoice", "Plans", "Severity", "SymptomCandidate"]

Severity = Literal["mild", "moderate", "severe"]
SEVERITIES: tuple[Severity, ...] = ("mild", "moderate", "severe")

_LIKELY = 0.15
DEFAULT_P = 0.3
"""Probability of an edge whose source tells none."""

_SEVERITY_MIX: dict[Setting, tuple[float, float, float]] = {
    "outpatient": (0.6, 0.35, 0.05),
    "emergency": (0.3, 0.5, 0.2),
    "inpatient": (0.05, 0.55, 0.4),
}
"""Mild, moderate, severe where the condition has no mix of its own: a choice of ours."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An edge with its concept, and for whom it is.

    `low` and `high` are completed years, inclusive; `severity` is empty for all.
    """

    edge: Edge
    concept: Concept
    name: str
    p: float
    sex: Sex | None
    low: float
    high: float
    severity: tuple[str, ...]

    def suits(self, age: int, sex: Sex) -> bool:
        """Whether a patient of that age and sex can have it."""
        return self.low <= age <= self.high and self.sex in (None, sex)


@dataclass(frozen=True, slots=True)
class SymptomCandidate:
    """A symptom with how it can come and what it can be like."""

    concept: Concept
    p: float
    sex: Sex | None
    low: float
    high: float
    onsets: tuple[Onset, ...]
    characters: tuple[str, ...]
    sites: tuple[str, ...]

    def suits(self, age: int, sex: Sex) -> bool:
        """Whether a patient of that age and sex can have and tell it."""
        return self.low <= age <= self.high and self.sex in (None, sex)


@dataclass(frozen=True, slots=True)
class DrugChoice:
    """A drug of a condition: weight among its drugs, where it is given, and to whom."""

    drug: Medication
    weight: float
    setting: Literal["any", "outpatient", "inpatient"]
    severity: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConditionPlan:
    """Everything that a chart draws from, in order of strength.

    Attributes:
        symptoms: groups of symptoms of which one says the other (cough, productive cough).
        results: results in words, by test; of each test at most one is drawn.
        stay: days of a stay, shortest and longest, or None.
    """

    condition: Condition
    symptoms: tuple[tuple[SymptomCandidate, ...], ...]
    findings: tuple[Candidate, ...]
    labs: tuple[Candidate, ...]
    vitals: tuple[Candidate, ...]
    results: tuple[tuple[Candidate, ...], ...]
    interventions: tuple[Candidate, ...]
    comorbid: tuple[tuple[Condition, float], ...]
    complications: tuple[tuple[Condition, float, tuple[str, ...]], ...]
    severity_mix: tuple[float, float, float] | None
    stay: tuple[int, int] | None
    courses: tuple[str, ...]
    dispositions: tuple[str, ...]
    follow_ups: tuple[str, ...]

    def mix(self, setting: Setting) -> tuple[float, float, float]:
        """Shares of mild, moderate and severe cases in the setting."""
        if self.severity_mix is not None and setting != "outpatient":
            return self.severity_mix
        return _SEVERITY_MIX[setting]

    def told_by(self) -> frozenset[Gate]:
        """Gates of the symptoms: who can have and tell any of them."""
        return frozenset((s.low, s.high, s.sex) for group in self.symptoms for s in group)


class Plans:
    """Plans of a graph's conditions, built when first asked for and then kept."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._plans: dict[str, ConditionPlan] = {}
        self._tables: dict[tuple[str, Quota | None], AgeSexTable] = {}
        self._drugs_of: dict[str, tuple[DrugChoice, ...]] = {}
        self._undeniable: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self.ties = Ties(graph)
        # Tables that are read when first asked for: no case shall wait for them.
        allowed_together(graph, "I10", ["E78.5"])

    def of(self, condition: Condition) -> ConditionPlan:
        """The plan of a condition."""
        plan = self._plans.get(condition.code)
        if plan is None:
            plan = self._plans[condition.code] = self._build(condition)
        return plan

    def drugs_of(self, condition: Condition) -> Sequence[DrugChoice]:
        """The drugs of a condition, without the rest of its plan."""
        known = self._drugs_of.get(condition.code)
        if known is None:
            edges = self.graph.edges(condition.id, "treated_with")
            known = self._drugs_of[condition.code] = tuple(self._drugs(edges))
        return known

    def undeniable(self, condition: Condition) -> tuple[frozenset[str], frozenset[str]]:
        """Symptoms (of a p of 0.15 or more) and words that nobody with the condition denies."""
        known = self._undeniable.get(condition.code)
        if known is None:
            edges = self.graph.edges(condition.id, "has_symptom")
            known = self._undeniable[condition.code] = (
                frozenset(e.target for e in edges if (e.p or DEFAULT_P) >= _LIKELY)
                | told_by_title(condition.code, condition.title),
                words_of(condition.name),
            )
        return known

    def ages(self, condition: Condition, cell: Quota | None) -> AgeSexTable:
        """Ages and sexes of a condition's patients, inside a quota's cell."""
        if cell is not None and cell.ages is None and cell.sex is None:
            cell = None
        table = self._tables.get((condition.code, cell))
        if table is None:
            told_by = self.of(condition).told_by()
            rules = self.ties.gates(condition)
            weights = age_sex_weights(condition, reports=told_by or None, rules=rules, cell=cell)
            if sum(weights) <= 0:  # no symptom that such a patient can tell: the gates suffice
                weights = age_sex_weights(condition, cell=cell)
            table = self._tables[condition.code, cell] = AgeSexTable.of(weights)
        return table

    def beside(self, principal: Condition, held: Sequence[Condition], other: Condition) -> bool:
        """Whether another condition can be coded after these: no Excludes1 note, no combination
        code for them, and no second code of one category."""
        if any(_alike(other, h) for h in (principal, *held)):
            return False
        codes = [*(h.code for h in held), other.code]
        return allowed_together(self.graph, principal.code, codes) and not self.ties.opposed(
            [principal.code, *codes[:-1]], other.code
        )

    def _build(self, condition: Condition) -> ConditionPlan:
        graph = self.graph
        edges = {r: graph.edges(condition.id, r) for r in _USED}
        symptoms = list(self._symptoms(condition, edges["has_symptom"]))
        tests = [
            c
            for c in self._candidates(condition, edges["tested_with"])
            if c.edge.text is None or not self._ruled_out(condition, c)
        ]
        results: dict[str, list[Candidate]] = defaultdict(list)
        for c in tests:
            if c.concept.group not in _INTERVENTIONS and c.edge.text:
                results[c.concept.id].append(c)
        return ConditionPlan(
            condition=condition,
            symptoms=_related(symptoms),
            findings=tuple(self._candidates(condition, edges["has_finding"])),
            labs=tuple(self._of_labs(condition, edges["changes_lab"])),
            vitals=tuple(self._of_labs(condition, edges["changes_vital"])),
            results=tuple(tuple(group) for group in results.values()),
            interventions=tuple(c for c in tests if c.concept.group in _INTERVENTIONS),
            comorbid=tuple(self._comorbid(condition, edges["comorbid_with"])),
            complications=tuple(self._complications(condition, edges["complicated_by"])),
            severity_mix=_mix(condition.values("severity")),
            stay=_span(condition.values("stay_days")),
            courses=condition.values("course"),
            dispositions=condition.values("disposition"),
            follow_ups=condition.values("follow_up"),
        )

    def _symptoms(self, condition: Condition, edges: Sequence[Edge]) -> Iterable[SymptomCandidate]:
        seen: set[str] = set()
        for c in self._candidates(condition, edges):
            if c.concept.id not in seen:
                seen.add(c.concept.id)
                if not c.edge.details:
                    yield SymptomCandidate(
                        c.concept, min(c.p, 1.0), c.sex, c.low, c.high, (), (), ()
                    )
                    continue
                yield SymptomCandidate(
                    c.concept, min(c.p, 1.0), c.sex, c.low, c.high,
                    tuple(Onset.read(text) for text in c.edge.values("onset")),
                    c.edge.values("character"), c.edge.values("site"),
                )  # fmt: skip

    @staticmethod
    def _ruled_out(condition: Condition, c: Candidate) -> bool:
        """Whether a result denies the diagnosis."""
        result = c.edge.text or ""
        if contradicts(result, condition.name):
            return True
        return bool(negative_by_title(condition.code, condition.title, c.concept.id, result))

    def _candidates(self, condition: Condition, edges: Sequence[Edge]) -> Iterable[Candidate]:
        for edge in edges:
            concept = self.graph.concept(edge.target)
            name = f"{concept.name} {edge.text}" if edge.text else concept.name
            if wrong_side(name, condition.laterality):
                continue
            if says_otherwise(condition.code, condition.title, name):
                continue  # "without coma" and unresponsiveness
            low = concept.min_age if concept.min_age is not None else 0.0
            if concept.type == "Symptom" and "true" not in concept.values("observable"):
                low = max(low, SELF_REPORT_AGE)
            yield Candidate(
                edge, concept, name, edge.p if edge.p is not None else DEFAULT_P, concept.sex,
                low, concept.max_age if concept.max_age is not None else 200.0,
                edge.values("severity") if edge.details else (),
            )  # fmt: skip

    def _of_labs(self, condition: Condition, edges: Sequence[Edge]) -> Iterable[Candidate]:
        return (c for c in self._candidates(condition, edges) if isinstance(c.concept, Lab))

    def _drugs(self, edges: Sequence[Edge]) -> Iterable[DrugChoice]:
        for edge in edges:
            drug, weight = self.graph.concept(edge.target), treatment_weight(edge)
            if weight > 0 and isinstance(drug, Medication):
                place = edge.text if edge.text in ("outpatient", "inpatient") else "any"
                severity = edge.values("severity") if edge.details else ()
                yield DrugChoice(drug, weight, place, severity)  # type: ignore[arg-type]

    def _comorbid(
        self, condition: Condition, edges: Sequence[Edge]
    ) -> Iterable[tuple[Condition, float]]:
        for edge in edges:
            other = self.graph.concept(edge.target)
            if isinstance(other, Condition) and other.chronic and not _alike(condition, other):
                # The survey lists three diagnoses at most, so its shares are lower bounds.
                yield other, min((edge.p or 0.05) * 1.5, 0.6)

    def _complications(
        self, condition: Condition, edges: Sequence[Edge]
    ) -> Iterable[tuple[Condition, float, tuple[str, ...]]]:
        for edge in edges:
            other = self.graph.concept(edge.target)
            if isinstance(other, Condition) and not _alike(condition, other):
                yield other, edge.p if edge.p is not None else 0.05, edge.values("severity")


_USED: tuple[
    Literal[
        "has_symptom", "has_finding", "changes_lab", "changes_vital", "tested_with",
        "comorbid_with", "complicated_by",
    ], ...,
] = (
    "has_symptom", "has_finding", "changes_lab", "changes_vital", "tested_with",
    "comorbid_with", "complicated_by",
)  # fmt: skip
_INTERVENTIONS = ("procedure", "intervention")


def _alike(a: Condition, b: Condition) -> bool:
    return a.code[:3] == b.code[:3] or a.name == b.name


def _related(symptoms: Sequence[SymptomCandidate]) -> tuple[tuple[SymptomCandidate, ...], ...]:
    """Symptoms in groups, each of those that say one another directly or by way of a third."""
    group = {s.concept.id: {s.concept.id} for s in symptoms}
    for a, b in combinations(symptoms, 2):
        if repeats(a.concept, b.concept) and group[a.concept.id] is not group[b.concept.id]:
            joined = group[a.concept.id] | group[b.concept.id]
            for member in joined:
                group[member] = joined
    found: dict[int, list[SymptomCandidate]] = defaultdict(list)
    for s in symptoms:
        found[id(group[s.concept.id])].append(s)
    return tuple(tuple(members) for members in found.values())


_SIDE = re.compile(
    r"\b(right|left|bilateral|both)\b"
    r"(?![ -](?:ventric|atri|heart|bundle|axis|main|anterior descending|circumflex|shift))",
    re.IGNORECASE,
)


def wrong_side(text: str, laterality: str | None) -> bool:
    """Whether a text names a side that a code with that laterality does not have.

    A code that has no side says nothing against one; one that leaves the side unspecified
    does, since a side that is known is coded.
    """
    if laterality is None:
        return False
    sides = {("bilateral" if s == "both" else s) for s in map(str.lower, _SIDE.findall(text))}
    return bool(sides - {laterality})


def _mix(values: Sequence[str]) -> tuple[float, float, float] | None:
    """Read "mild=0.2" and its like."""
    shares = {name: float(share) for name, _, share in (v.partition("=") for v in values)}
    total = sum(shares.values())
    if total <= 0:
        return None
    mild, moderate, severe = (shares.get(name, 0.0) / total for name in SEVERITIES)
    return mild, moderate, severe


def _span(values: Sequence[str]) -> tuple[int, int] | None:
    """Read "2-6"."""
    if not values:
        return None
    first, _, last = values[0].partition("-")
    return int(first), int(last or first)
