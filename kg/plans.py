"""What a condition's edges come to, prepared once: concepts looked up, gates and sides settled.

A run draws the same conditions again and again; everything about a condition that does not
depend on the patient is worked out here when the condition is first drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeVar

from casewright.kg.candidates import (
    Candidate,
    DrugChoice,
    EdgeReader,
    SymptomCandidate,
    sides_of,
)
from casewright.kg.clinical import repeats, words_of
from casewright.kg.graph import Condition, Graph
from casewright.kg.patient import AgeSexTable, Gate, age_sex_weights
from casewright.kg.quotas import Quota
from casewright.kg.ties import Ties
from casewright.kg.validate.coding import allowed_together
from casewright.kg.validate.titles import says_nothing, says_otherwise, told_by_title
from casewright.records import Setting

__all__ = ["ConditionPlan", "Plans", "Severity", "wrong_side"]

Severity = Literal["mild", "moderate", "severe"]
SEVERITIES: tuple[Severity, ...] = ("mild", "moderate", "severe")

_LIKELY = 0.15
_SEVERITY_MIX: dict[Setting, tuple[float, float, float]] = {
    "outpatient": (0.6, 0.35, 0.05),
    "emergency": (0.3, 0.5, 0.2),
    "inpatient": (0.05, 0.55, 0.4),
}
"""Mild, moderate, severe where the condition has no mix of its own: a choice of ours."""


@dataclass(frozen=True, slots=True)
class ConditionPlan:
    """Everything that a chart draws from, in order of strength.

    Attributes:
        symptoms: groups of symptoms of which one says the other (cough, productive cough).
        told_by: gates of the symptoms: who can have and tell any of them.
        results: results in words, by test; of each test at most one is drawn.
        stay: days of a stay, shortest and longest, or None.
    """

    condition: Condition
    symptoms: tuple[tuple[SymptomCandidate, ...], ...]
    told_by: frozenset[Gate]
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


class Plans:
    """Plans of a graph's conditions, built when first asked for and then kept."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._plans: dict[str, ConditionPlan] = {}
        self._edges = EdgeReader(graph)
        self._tables: dict[tuple[str, Quota | None], AgeSexTable] = {}
        self._undeniable: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._groups: dict[tuple[SymptomCandidate, ...], _Groups] = {}
        self._results: dict[tuple[Candidate, ...], _Tests] = {}
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
        return self._edges.of(condition).drugs

    def undeniable(self, condition: Condition) -> tuple[frozenset[str], frozenset[str]]:
        """Symptoms (of a p of 0.15 or more) and words that nobody with the condition denies."""
        known = self._undeniable.get(condition.code)
        if known is None:
            symptoms = self._edges.of(condition).symptoms
            known = self._undeniable[condition.code] = (
                frozenset(s.concept.id for s in symptoms if s.p >= _LIKELY)
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
            told_by = self.of(condition).told_by
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
        code, title, side = condition.code, condition.title, condition.laterality
        edges = self._edges.of(condition)
        quiet = says_nothing(code, title)

        def fit(candidates: Sequence[_C]) -> tuple[_C, ...]:
            if side is None and quiet:
                return tuple(candidates)
            return tuple(
                c
                for c in candidates
                if (side is None or c.sides <= {side})
                # "without coma" and unresponsiveness
                and (quiet or not says_otherwise(code, title, c.name))
            )

        symptoms = fit(edges.symptoms)
        tests = fit(edges.tests)
        if any(self._ruled_out(condition, c) for c in tests):
            tests = tuple(c for c in tests if not self._ruled_out(condition, c))
        groups = self._groups.get(symptoms)
        if groups is None:
            groups = self._groups[symptoms] = _Groups.of(symptoms)
        parts = self._results.get(tests)
        if parts is None:
            parts = self._results[tests] = _Tests.of(tests)
        return ConditionPlan(
            condition=condition,
            symptoms=groups.groups,
            told_by=groups.told_by,
            findings=fit(edges.findings),
            labs=fit(edges.labs),
            vitals=fit(edges.vitals),
            results=parts.results,
            interventions=parts.interventions,
            comorbid=tuple(c for c in edges.comorbid if not _alike(condition, c[0])),
            complications=tuple(c for c in edges.complications if not _alike(condition, c[0])),
            severity_mix=_mix(condition.values("severity")),
            stay=_span(condition.values("stay_days")),
            courses=condition.values("course"),
            dispositions=condition.values("disposition"),
            follow_ups=condition.values("follow_up"),
        )

    def _ruled_out(self, condition: Condition, c: Candidate) -> bool:
        """Whether a result denies the diagnosis."""
        if c.text is None:
            return False
        if c.denies & words_of(condition.name):
            return True
        return self.ties.rules_out(condition.code, c.concept.id, c.text)


def _alike(a: Condition, b: Condition) -> bool:
    return a.code[:3] == b.code[:3] or a.name == b.name


@dataclass(frozen=True, slots=True)
class _Groups:
    """Symptoms in groups, each of those that say one another, and who can have any of them."""

    groups: tuple[tuple[SymptomCandidate, ...], ...]
    told_by: frozenset[Gate]

    @classmethod
    def of(cls, symptoms: Sequence[SymptomCandidate]) -> _Groups:
        each: dict[str, SymptomCandidate] = {}
        for s in symptoms:
            each.setdefault(s.concept.id, s)
        gates = frozenset((s.low, s.high, s.sex) for s in each.values())
        return cls(_related(tuple(each.values())), gates)


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


_INTERVENTIONS = ("procedure", "intervention")


@dataclass(frozen=True, slots=True)
class _Tests:
    """Tests and procedures apart: results in words, by test, and what treats."""

    results: tuple[tuple[Candidate, ...], ...]
    interventions: tuple[Candidate, ...]

    @classmethod
    def of(cls, tests: Sequence[Candidate]) -> _Tests:
        results: dict[str, list[Candidate]] = defaultdict(list)
        for c in tests:
            if c.concept.group not in _INTERVENTIONS and c.text:
                results[c.concept.id].append(c)
        treats = tuple(c for c in tests if c.concept.group in _INTERVENTIONS)
        return cls(tuple(tuple(group) for group in results.values()), treats)


_C = TypeVar("_C", Candidate, SymptomCandidate)


def wrong_side(text: str, laterality: str | None) -> bool:
    """Whether a text names a side that a code with that laterality does not have.

    A code that has no side says nothing against one; one that leaves the side unspecified
    does, since a side that is known is coded.
    """
    return laterality is not None and not sides_of(text) <= {laterality}


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
