"""What the edges of a condition say, as things to draw: read from the columns, and shared.

Thousands of codes have edges that say the same: a code of the left side has those of the right,
and most coughs are alike. What an edge comes to is worked out once for all that are equal in
every column that counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from casewright.kg.clinical import SELF_REPORT_AGE, treatment_weight, words_of
from casewright.kg.graph import Concept, Condition, Graph, Lab, Medication
from casewright.kg.onset import Onset
from casewright.kg.tables import RELATIONS, iter_pairs
from casewright.records import Sex

__all__ = [
    "DEFAULT_P",
    "Candidate",
    "DrugChoice",
    "EdgeReader",
    "Edges",
    "SymptomCandidate",
    "sides_of",
]

DEFAULT_P = 0.3
"""Probability of an edge whose source tells none."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """What an edge says, with its concept, and for whom it is.

    `low` and `high` are completed years, inclusive; `severity` is empty for all. `direction`,
    `mean`, `sd` and `quartiles` are of a test; `text` is a result or a site in words; `sides`
    are those that the words name, `denies` the words of a result that says "no ...".
    """

    concept: Concept
    name: str
    p: float
    sex: Sex | None
    low: float
    high: float
    sides: frozenset[str]
    severity: tuple[str, ...]
    direction: Literal["high", "low"] | None
    mean: float | None
    sd: float | None
    quartiles: tuple[float, float] | None
    text: str | None
    denies: frozenset[str]

    def suits(self, age: int, sex: Sex) -> bool:
        """Whether a patient of that age and sex can have it."""
        return self.low <= age <= self.high and self.sex in (None, sex)


@dataclass(frozen=True, slots=True, eq=False)
class SymptomCandidate:
    """A symptom with how it can come and what it can be like."""

    concept: Concept
    name: str
    p: float
    sex: Sex | None
    low: float
    high: float
    sides: frozenset[str]
    onsets: tuple[Onset, ...]
    characters: tuple[str, ...]
    sites: tuple[str, ...]

    def suits(self, age: int, sex: Sex) -> bool:
        """Whether a patient of that age and sex can have and tell it."""
        return self.low <= age <= self.high and self.sex in (None, sex)


@dataclass(frozen=True, slots=True, eq=False)
class DrugChoice:
    """A drug of a condition: weight among its drugs, where it is given, and to whom.

    `p` is its probability where an entry on the illness gives one, not a survey of visits.
    """

    drug: Medication
    weight: float
    p: float | None
    setting: Literal["any", "outpatient", "inpatient"]
    severity: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edges:
    """A condition's edges by what they are drawn for, each part strongest first."""

    symptoms: tuple[SymptomCandidate, ...]
    findings: tuple[Candidate, ...]
    labs: tuple[Candidate, ...]
    vitals: tuple[Candidate, ...]
    tests: tuple[Candidate, ...]
    drugs: tuple[DrugChoice, ...]
    comorbid: tuple[tuple[Condition, float], ...]
    complications: tuple[tuple[Condition, float, tuple[str, ...]], ...]


_USED = tuple(
    RELATIONS.index(name)
    for name in (
        "has_symptom", "has_finding", "changes_lab", "changes_vital", "tested_with",
        "treated_with", "comorbid_with", "complicated_by",
    )
)  # fmt: skip
_SYMPTOM, _FINDING, _LAB, _VITAL, _TEST, _DRUG, _COMORBID, _COMPLICATION = _USED


class EdgeReader:
    """Edges of a graph's conditions, read when first asked for and then kept."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._columns = graph.tables.edges
        self._marks = _marks(graph)
        self._made: dict[int, Any] = {}
        self._read: dict[str, Edges] = {}

    def of(self, condition: Condition) -> Edges:
        """The edges of a condition."""
        known = self._read.get(condition.code)
        if known is None:
            known = self._read[condition.code] = self._of(condition)
        return known

    def _of(self, condition: Condition) -> Edges:
        part = self._graph.span(condition.id)
        parts: dict[int, list[Any]] = {number: [] for number in _USED}
        made = self._made
        numbers = self._columns.relation[part].tolist()
        for place, (number, mark) in enumerate(
            zip(numbers, self._marks[part].tolist(), strict=True), part.start
        ):
            found = parts.get(number)
            if found is None:
                continue
            if mark not in made:
                made[mark] = self._make(number, place)
            thing = made[mark]
            if thing is not None:
                found.append(thing)
        return Edges(*(tuple(found) for found in parts.values()))

    def _make(self, relation: int, place: int) -> Any:
        """What an edge comes to; None where it is of no use to a case."""
        columns = self._columns
        p, lift = _number(columns.p[place]), _number(columns.lift[place])
        mean, sd = _number(columns.mean[place]), _number(columns.sd[place])
        direction, target = columns.direction[place], int(columns.target[place])
        text_number, detail_number = columns.text[place], columns.details[place]
        concept = self._graph.at(target)
        text = self._columns.texts[text_number] or None
        packed = self._columns.detail_texts[detail_number]
        details: dict[str, list[str]] = {}
        if packed:
            for key, value in iter_pairs(packed):
                details.setdefault(key, []).append(value)
        severity = tuple(details.get("severity", ()))
        if relation == _DRUG:
            return _drug(concept, p, lift, text, severity)
        if relation in (_COMORBID, _COMPLICATION):
            if not isinstance(concept, Condition):
                return None
            if relation == _COMPLICATION:
                return concept, p if p is not None else 0.05, severity
            # The survey lists three diagnoses at most, so its shares are lower bounds.
            share = min((p or 0.05) * 1.5, 0.6)
            return (concept, share) if concept.chronic else None
        if relation in (_LAB, _VITAL) and not isinstance(concept, Lab):
            return None
        name = f"{concept.name} {text}" if text else concept.name
        low = concept.min_age if concept.min_age is not None else 0.0
        high = concept.max_age if concept.max_age is not None else 200.0
        chance = p if p is not None else DEFAULT_P
        if relation == _SYMPTOM:
            if "true" not in concept.values("observable"):
                low = max(low, SELF_REPORT_AGE)
            return SymptomCandidate(
                concept, name, min(chance, 1.0), concept.sex, low, high, sides_of(name),
                tuple(Onset.read(onset) for onset in details.get("onset", ())),
                tuple(details.get("character", ())), tuple(details.get("site", ())),
            )  # fmt: skip
        return Candidate(
            concept, name, chance, concept.sex, low, high, sides_of(name), severity,
            "high" if direction > 0 else "low" if direction < 0 else None,
            mean, sd, _quartiles(details.get("iqr", ())), text, _denied(text or ""),
        )  # fmt: skip


def _number(value: np.float64) -> float | None:
    """A number of a column, where NaN is not known."""
    number = float(value)
    return None if isnan(number) else number


def _marks(graph: Graph) -> npt.NDArray[np.uint64]:
    """For each edge a number of 64 bits that all edges which say the same have, and no others.

    A hash of the columns that count. Of a million different edges any two have the same with a
    probability of 3 in a hundred million; comparing the columns themselves takes thrice as long.
    """
    edges = graph.tables.edges
    found = edges.relation.astype(np.uint64)
    for column in (edges.target, edges.direction, edges.text, edges.details):
        found = _mixed(found, column.astype(np.int64).view(np.uint64))
    for numbers in (edges.p, edges.lift, edges.mean, edges.sd):
        found = _mixed(found, np.where(np.isnan(numbers), -1.0, numbers).view(np.uint64))
    return found


def _mixed(found: npt.NDArray[np.uint64], column: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """One step of splitmix64 (G. Steele et al., OOPSLA 2014) on what is there and a column."""
    mixed = (found ^ column) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _drug(
    concept: Concept,
    p: float | None,
    lift: float | None,
    text: str | None,
    severity: tuple[str, ...],
) -> DrugChoice | None:
    weight = treatment_weight(p, lift)
    if weight <= 0 or not isinstance(concept, Medication):
        return None
    told = p if lift is None else None
    if text == "outpatient":
        return DrugChoice(concept, weight, told, "outpatient", severity)
    if text == "inpatient":
        return DrugChoice(concept, weight, told, "inpatient", severity)
    return DrugChoice(concept, weight, told, "any", severity)


def _quartiles(values: Sequence[str]) -> tuple[float, float] | None:
    if not values:
        return None
    first, _, last = values[0].partition(" ")
    return float(first), float(last)


def _denied(result: str) -> frozenset[str]:
    """The words of a result that denies something ("no fracture")."""
    denies = result.lower().startswith(("no ", "without "))
    return words_of(result) if denies else frozenset()


_SIDE = re.compile(
    r"\b(right|left|bilateral|both)\b"
    r"(?![ -](?:ventric|atri|heart|bundle|axis|main|anterior descending|circumflex|shift))"
)


_NO_SIDE: frozenset[str] = frozenset()


def sides_of(text: str) -> frozenset[str]:
    """The sides that a text names: right, left, bilateral."""
    lowered = text.lower()
    if not ("right" in lowered or "left" in lowered or "bilat" in lowered or "both" in lowered):
        return _NO_SIDE  # nearly all of them, and the pattern is slow
    return frozenset("bilateral" if s == "both" else s for s in _SIDE.findall(lowered))
