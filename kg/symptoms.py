"""Symptoms of a case: present with how they came, and the pertinent negatives."""

from __future__ import annotations

import random
from array import array
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from casewright.kg.clinical import SELF_REPORT_AGE, words_of
from casewright.kg.draws import draw_fixed_size, pick
from casewright.kg.graph import Concept, Graph
from casewright.kg.onset import draw_onset
from casewright.kg.plans import ConditionPlan, SymptomCandidate
from casewright.kg.tables import RELATIONS
from casewright.records import Demographics

__all__ = ["Negatives", "Present", "describe", "draw_symptoms"]


@dataclass(frozen=True, slots=True)
class Present:
    """A symptom that the patient has, with onset, character and site as fact attributes."""

    concept: Concept
    attributes: tuple[tuple[str, str], ...]


def draw_symptoms(
    plan: ConditionPlan, who: Demographics, rng: random.Random, *, at_most: int
) -> list[SymptomCandidate]:
    """Draw symptoms, each with exactly the probability of its edge, strongest first.

    Two cases differ from the edges: where the probabilities add up to more than `at_most`,
    and where the patient is too young (or of the wrong sex) to tell some of the symptoms: the
    others then take their place, so that one is expected to be told.
    """
    age, sex = who.age_years, who.sex
    groups = [
        [(s.p, s) for s in group if s.low <= age <= s.high and s.sex in (None, sex)]
        for group in plan.symptoms
    ]
    at_least = 0.0
    if any(len(g) < len(p) for g, p in zip(groups, plan.symptoms, strict=True)):
        at_least = min(1.0, sum(s.p for group in plan.symptoms for s in group))
    drawn = draw_fixed_size(groups, rng, at_most=at_most, at_least=at_least)
    drawn.sort(key=_strength)
    return drawn


def _strength(symptom: SymptomCandidate) -> float:
    return -symptom.p


def describe(
    symptoms: Sequence[SymptomCandidate], who: Demographics, rng: random.Random
) -> list[Present]:
    """Draw onset, character and site. The first onset is the illness's: others agree with it."""
    days: float | None = None
    months = who.age_months if who.age_months is not None else who.age_years * 12
    lived = months * 30.0
    found: list[Present] = []
    names = " ".join(s.concept.name for s in symptoms)
    for symptom in symptoms:
        attributes: list[tuple[str, str]] = []
        if symptom.onsets:
            told = [o for o in symptom.onsets if o.told_with(names) and o.within(lived)]
            onset = draw_onset(told, days, rng)
            if onset is not None:
                attributes.append(("onset", onset.text))
                days = onset.days if days is None else days
        if symptom.characters:
            attributes.append(("character", pick(symptom.characters, rng)))
        if symptom.sites:
            attributes.append(("site", pick(symptom.sites, rng)))
        found.append(Present(symptom.concept, tuple(attributes)))
    return found


_ALREADY_NEGATIVE = ("reduced", "decreased", "inability", "loss of", "lack of", "poor", "absent")
"""Names whose denial is a double negative that nobody says ("no inability to walk")."""

_TOO_WIDE = frozenset({"symptom:pain", "symptom:swelling", "symptom:generalized_weakness"})
"""Symptoms that hardly anyone who is ill can be said to be free of."""

_ANYWHERE = "constitutional"
_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Deniable:
    concept: Concept
    words: frozenset[str]
    wider: frozenset[str]
    low: float
    high: float


class Negatives:
    """Pertinent negatives: symptoms of the same body systems that the patient does not have.

    They are what a clinician asks about: of the systems involved, or constitutional, known for
    some condition of the graph, and improbable (p < 0.15) in this one and its company.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, frozenset[str]] = {}
        demand = _demand(graph)
        self._systems: dict[str, tuple[list[_Deniable], array[float]]] = {}
        by_system: dict[str, list[tuple[_Deniable, float]]] = {}
        for concept in graph.concepts("Symptom"):
            if concept.id in _TOO_WIDE or concept.name.startswith(_ALREADY_NEGATIVE):
                continue
            low = concept.min_age or 0.0
            if "true" not in concept.values("observable"):
                low = max(low, SELF_REPORT_AGE)
            high = concept.max_age if concept.max_age is not None else 200.0
            item = _Deniable(concept, words_of(concept.name), self._wider(concept), low, high)
            # What many conditions of the graph share is what a clinician asks first.
            weight = (1.0 + demand.get(concept.id, 0)) ** 0.5
            by_system.setdefault(concept.group or _ANYWHERE, []).append((item, weight))
        for system, items in by_system.items():
            cumulative = array("d", accumulate(w for _, w in items))
            self._systems[system] = [i for i, _ in items], cumulative

    def _wider(self, concept: Concept) -> frozenset[str]:
        """The symptom and all that say less of the same."""
        known = self._known.get(concept.id)
        if known is None:
            found = {concept.id}
            waiting = [concept]
            while waiting:
                for wider in waiting.pop().values("broader"):
                    if wider not in found and wider in self._graph:
                        found.add(wider)
                        waiting.append(self._graph.concept(wider))
            known = self._known[concept.id] = frozenset(found)
        return known

    def draw(
        self,
        present: Sequence[Concept],
        undeniable: Sequence[tuple[AbstractSet[str], AbstractSet[str]]],
        who: Demographics,
        rng: random.Random,
        *,
        at_most: int,
        found: Sequence[str] = (),
        barred: AbstractSet[str] = frozenset(),
    ) -> list[Concept]:
        """Draw at most so many that go with each other and with what is present.

        Args:
            undeniable: symptoms by id, and words, of the conditions that the patient has.
            found: signs in words. barred: ids of symptoms that cannot be denied.
        """
        involved = {c.group for c in present} or {_ANYWHERE}
        # A symptom of a system involved is twice as likely as a constitutional one.
        tables = [
            (self._systems[s], 2.0 if s in involved else 1.0)
            for s in sorted({*filter(None, involved), _ANYWHERE})
            if s in self._systems
        ]
        reach = list(accumulate(t[1][-1] * boost for t, boost in tables))
        named: set[str] = set()
        likely: set[str] = set(barred)
        for symptoms, words in undeniable:
            likely |= symptoms
            named |= words
        for concept in present:
            named |= words_of(concept.name)
        for name in found:
            named |= words_of(name)
        held: set[str] = set()
        for concept in present:
            held |= self._wider(concept)
        here = {concept.id for concept in present}
        chosen: list[Concept] = []
        for _ in range(at_most * _TRIES):
            if len(chosen) == at_most:
                break
            u = rng.random() * reach[-1]
            number = bisect(reach, u)
            (items, cumulative), boost = tables[number]
            start = reach[number - 1] if number else 0.0
            item = items[min(bisect(cumulative, (u - start) / boost), len(items) - 1)]
            concept = item.concept
            if (
                item.low <= who.age_years <= item.high
                and concept.sex in (None, who.sex)
                and not named & item.words
                and concept.id not in likely
                and concept.id not in held
                and item.wider.isdisjoint(here)
            ):
                chosen.append(concept)
                named |= item.words
                held |= item.wider
                here.add(concept.id)
        return chosen


def _demand(graph: Graph) -> dict[str, int]:
    """Number of principal diagnoses that each symptom is an edge of, by symptom id."""
    tables = graph.tables
    principal = np.array(tables.conditions.column("principal").to_pylist(), dtype=bool)
    edges = tables.edges
    wanted = (edges.relation == RELATIONS.index("has_symptom")) & (edges.source < len(principal))
    wanted[wanted] = principal[edges.source[wanted]]
    counts = Counter(edges.target[wanted].tolist())
    return {tables.concepts[row - len(principal)]["id"]: n for row, n in counts.items()}
