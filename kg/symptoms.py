"""Symptoms of a case: present with how they came, and the pertinent negatives."""

from __future__ import annotations

import random
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from casewright.kg.candidates import DEFAULT_P, SymptomCandidate
from casewright.kg.clinical import SELF_REPORT_AGE, words_of
from casewright.kg.draws import Cumulative, draw_fixed_size, pick
from casewright.kg.graph import Concept, Graph
from casewright.kg.onset import draw_onset
from casewright.kg.plans import ConditionPlan
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
    # A check-up needs no complaint to be one.
    ill = plan.condition.chapter != _CONTACTS
    if ill and any(len(g) < len(p) for g, p in zip(groups, plan.symptoms, strict=True)):
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
_CONTACTS = 21
"""Chapter of reasons for contact with health services."""
_TRIES = 6
_LEADING = 3
"""So many of the present symptoms are thought of first."""
_FLOOR = 2e-5
"""Visit share that every concept counts as having at least: a choice of ours, so that what is
seldom seen in an office is thought of too."""
_SELDOM = 0.04
"""What is so much rarer than the commonest is not asked for: a choice of ours."""
_TOLD = 3
"""A symptom that fewer other concepts have beside the present one is not thought of."""


@dataclass(frozen=True, slots=True, eq=False)
class _Deniable:
    concept: Concept
    words: frozenset[str]
    forms: frozenset[frozenset[str]]
    wider: frozenset[str]
    low: float
    high: float


_Table = Cumulative[_Deniable]


class Negatives:
    """Pertinent negatives: what other conditions with the same complaint bring, and this does not.

    They are what a clinician asks about to tell the two apart: symptoms that go with one of the
    leading present symptoms in other conditions, common ones before rare ones, and constitutional
    ones where these do not suffice. Each is improbable (p < 0.15) in this condition and its
    company.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, frozenset[str]] = {}
        self._forms: dict[str, frozenset[frozenset[str]]] = {}
        self._beside: dict[str, _Table] = {}
        self._items: dict[str, _Deniable] = {}
        for concept in graph.concepts("Symptom"):
            if concept.id in _TOO_WIDE or concept.name.startswith(_ALREADY_NEGATIVE):
                continue
            low = concept.min_age or 0.0
            if "true" not in concept.values("observable"):
                low = max(low, SELF_REPORT_AGE)
            high = concept.max_age if concept.max_age is not None else 200.0
            self._items[concept.id] = _Deniable(
                concept, words_of(concept.name), self.forms_of(concept), self.wider(concept),
                low, high,
            )  # fmt: skip

    @cached_property
    def _told(self) -> _Told:
        return _Told.of(self._graph)

    @cached_property
    def _anywhere(self) -> _Table:
        """Constitutional symptoms, by how many patients have them."""
        weights = self._told.weights()
        return Cumulative(
            (item, weights.get(name, 0.0))
            for name, item in self._items.items()
            if (item.concept.group or _ANYWHERE) == _ANYWHERE
        )

    def _with(self, symptom: str) -> _Table:
        """What goes with a symptom in other conditions."""
        table = self._beside.get(symptom)
        if table is None:
            weights = self._told.beside(symptom)
            table = self._beside[symptom] = Cumulative(
                (self._items[name], w) for name, w in weights.items() if name in self._items
            )
        return table

    def forms_of(self, concept: Concept) -> frozenset[frozenset[str]]:
        """The words of every way to write a concept."""
        known = self._forms.get(concept.id)
        if known is None:
            texts = (concept.name, *(f.text for f in concept.forms))
            known = frozenset(filter(None, map(words_of, texts)))
            self._forms[concept.id] = known
        return known

    def wider(self, concept: Concept) -> frozenset[str]:
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
        conditions: Sequence[Concept] = (),
        found: Sequence[str] = (),
        barred: AbstractSet[str] = frozenset(),
    ) -> list[Concept]:
        """Draw at most so many that go with each other and with what is present.

        Args:
            present: the leading ones first.
            undeniable: symptoms by id, and words, of the conditions that the patient has.
            conditions: these conditions: nobody denies what is one of their names.
            found: signs in words. barred: ids of symptoms that cannot be denied.
        """
        tables = [t for t in (self._with(c.id) for c in present[:_LEADING]) if len(t)]
        named: set[str] = set()
        likely: set[str] = set(barred)
        for symptoms, words in undeniable:
            likely |= symptoms
            named |= words
        held: set[str] = set()
        forms: set[frozenset[str]] = set()
        for concept in present:
            named |= words_of(concept.name)
            held |= self.wider(concept)
            forms |= self.forms_of(concept)
        for name in found:
            named |= words_of(name)
        for condition in conditions:
            forms |= self.forms_of(condition)
        here = {concept.id for concept in present}
        age, sex = who.age_years, who.sex
        chosen: list[Concept] = []
        tries = at_most * _TRIES
        for number in range(2 * tries):
            if len(chosen) == at_most:
                break
            table = self._anywhere
            if tables and number < tries:
                # The first complaint is thought of most, and every other one at times.
                u = rng.random()
                table = tables[int(len(tables) * u * u)]
            item = table.at(rng.random())
            concept = item.concept
            if (
                item.low <= age <= item.high
                and concept.sex in (None, sex)
                and concept.id not in likely
                and concept.id not in held
                and named.isdisjoint(item.words)
                and item.wider.isdisjoint(here)
                and forms.isdisjoint(item.forms)
            ):
                chosen.append(concept)
                named |= item.words
                forms |= item.forms
                held |= item.wider
                here.add(concept.id)
        return chosen


@dataclass(frozen=True, slots=True)
class _Told:
    """Who has which symptom: one row for each concept and symptom, and the concepts' weights."""

    concept: npt.NDArray[np.int64]
    symptom: npt.NDArray[np.int64]
    chance: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    names: tuple[str, ...]

    @classmethod
    def of(cls, graph: Graph) -> _Told:
        """Read the edges of one code of each concept: its commonest principal one."""
        conditions, edges = graph.tables.conditions, graph.tables.edges
        principal = conditions.column("principal").to_numpy(zero_copy_only=False).astype(bool)
        concept = conditions.column("concept").to_numpy()
        share = conditions.column("visit_share").to_numpy()
        rows = np.flatnonzero(principal)
        # Stable, so that of equals the first code stands for the concept.
        rows = rows[np.argsort(-share[rows], kind="stable")]
        concepts, first = np.unique(concept[rows], return_index=True)
        stands_for = np.full(len(principal), -1)
        stands_for[rows[first]] = np.arange(len(concepts))
        weight = np.bincount(
            np.searchsorted(concepts, concept[rows]), weights=share[rows], minlength=len(concepts)
        )
        wanted = (edges.relation == RELATIONS.index("has_symptom")) & (
            edges.source < len(principal)
        )
        wanted[wanted] = stands_for[edges.source[wanted]] >= 0
        p = edges.p[wanted]
        symptoms, symptom = np.unique(edges.target[wanted], return_inverse=True)
        names = graph.tables.concepts
        return cls(
            stands_for[edges.source[wanted]],
            symptom,
            np.where(np.isnan(p), DEFAULT_P, p),
            # As for principal diagnoses by default: common ones before rare ones, by the root.
            np.sqrt(weight + _FLOOR),
            tuple(names[row - len(principal)]["id"] for row in symptoms.tolist()),
        )

    def weights(self) -> dict[str, float]:
        """How many have each symptom."""
        return self._named(np.arange(len(self.symptom)))

    def beside(self, symptom: str) -> dict[str, float]:
        """How many have each other symptom, among the concepts with this one."""
        if symptom not in self.names:
            return {}
        number = self.names.index(symptom)
        members = np.zeros(len(self.weight), dtype=bool)
        members[self.concept[self.symptom == number]] = True
        rows = np.flatnonzero(members[self.concept])
        rows = rows[self.symptom[rows] != number]
        told = np.bincount(self.symptom[rows], minlength=len(self.names))
        return self._named(rows[told[self.symptom[rows]] >= _TOLD])

    def _named(self, rows: npt.NDArray[np.int64]) -> dict[str, float]:
        weights = self.weight[self.concept[rows]] * self.chance[rows]
        sums = np.bincount(self.symptom[rows], weights=weights, minlength=len(self.names))
        kept = np.flatnonzero(sums >= _SELDOM * sums.max(initial=0.0) + 1e-12)
        return dict(zip((self.names[n] for n in kept), sums[kept].tolist(), strict=True))
