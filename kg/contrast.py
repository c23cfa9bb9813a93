"""Contrast pairs: one patient with two diagnoses that are easily confused, and what differs.

The partner is a sibling of the code (same category) or shares a leading symptom, the likest of
those looked at. It shares the
patient, the symptoms that both have, history and drugs; what tells the two apart (a sign, a
laboratory value or a test's result) is present in the one and absent or normal in the other.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from casewright.errors import CasewrightError
from casewright.kg.chart import Carried, Chart, numbered
from casewright.kg.clinical import draw_value
from casewright.kg.conditions import fits_setting, likely_in
from casewright.kg.graph import Concept, Condition, Graph, Lab
from casewright.kg.patient import fits
from casewright.kg.plans import ConditionPlan, wrong_side
from casewright.kg.symptoms import describe, draw_symptoms
from casewright.kg.tables import RELATIONS
from casewright.kg.validate.titles import says_otherwise
from casewright.records import Case, Demographics, Fact

if TYPE_CHECKING:
    from casewright.kg.cases import CaseSampler

__all__ = ["Contrasts"]

_LEADING = 0.3
"""Probability from which on a symptom is a leading one: a choice of ours."""
_SEEN = 0.1
_LOOKED_AT = 40
_PATIENTS = 20


@dataclass(frozen=True, slots=True)
class _Partner:
    """A diagnosis that may be confused with a case's, and the case's facts that decide."""

    plan: ConditionPlan
    telling: Fact


class Contrasts:
    """The cases of a run of contrast pairs: 2j and 2j + 1 are partners."""

    def __init__(self, sampler: CaseSampler) -> None:
        self._sampler = sampler
        self._known: tuple[int, tuple[Case, Case]] | None = None

    def case(self, index: int) -> Case:
        """Case `index`."""
        pair = index // 2
        # Neighbouring indices are asked for in turn; the cases are the same without this.
        if self._known is None or self._known[0] != pair:
            self._known = pair, self._pair(pair)
        return self._known[1][index % 2]

    def _pair(self, pair: int) -> tuple[Case, Case]:
        rng = self._sampler.rng("pair", pair)
        for attempt in range(_PATIENTS):
            case, chart = self._sampler.first(pair, 2 * pair, attempt)
            partner = self._partner(case, rng)
            if partner is not None:
                return self._contrasted(case, chart, partner, rng)
        raise CasewrightError(
            f"no diagnosis that is easily confused with {case.principal.code} was found",
            valid="codes whose signs or results are not those of all their neighbours",
            fix="widen sampling.codes, or set sampling.contrast back",
        )

    def _partner(self, case: Case, rng: random.Random) -> _Partner | None:
        """The likest of some neighbours that a sign or result of the case tells apart."""
        plans = self._sampler.plans
        condition = plans.graph.condition(case.principal.code)
        own = plans.of(condition)
        present = {f.concept for f in case.facts_of("symptom") if f.polarity == "present"}
        best, likest = None, 0.0
        for other in self._some(self._neighbours(condition, case), rng):
            if not (
                fits(other, case.demographics)
                and fits_setting(other, case.setting)
                and likely_in(other, case.setting) >= _SEEN
            ):
                continue
            plan = plans.of(other)
            like = _likeness(own, plan, present) * (1 + rng.random())
            if like <= likest:
                continue
            telling = _telling(case, own, plan, plans.graph)
            if telling is not None:
                best, likest = _Partner(plan, telling), like
        return best

    def _some(self, found: Sequence[Condition], rng: random.Random) -> list[Condition]:
        """At most so many of them as can be looked at, common ones before rare ones."""
        if len(found) <= _LOOKED_AT:
            return list(found)
        # A. Efraimidis and P. Spirakis, Information Processing Letters 2006;97:181-185.
        keys = {c.code: rng.random() ** (1 / (c.visit_share + 1e-5) ** 0.5) for c in found}
        return sorted(found, key=lambda c: -keys[c.code])[:_LOOKED_AT]

    def _neighbours(self, condition: Condition, case: Case) -> Sequence[Condition]:
        """Principals of the category, then those with a leading symptom in common."""
        siblings = self._by_category[condition.code[:3]]
        leading: list[str] = []
        for fact in case.facts_of("symptom"):
            if fact.polarity == "present":
                leading += self._by_symptom.get(fact.concept, ())
        graph = self._sampler.plans.graph
        found = {c.code: c for c in siblings}
        for code in leading:
            found.setdefault(code, graph.condition(code))
        side = condition.laterality
        return [
            c
            for _, c in sorted(found.items())
            if c.concept != condition.concept
            and c.name != condition.name
            and (side is None or c.laterality in (None, side))
        ]

    @cached_property
    def _by_category(self) -> dict[str, list[Condition]]:
        found: dict[str, list[Condition]] = defaultdict(list)
        for condition in self._sampler.plans.graph.principals:
            found[condition.code[:3]].append(condition)
        return found

    @cached_property
    def _by_symptom(self) -> dict[str, list[str]]:
        """Codes of the principals that a symptom is a leading one of."""
        tables = self._sampler.plans.graph.tables
        codes = tables.conditions.column("code").to_pylist()
        principal = np.array(tables.conditions.column("principal").to_pylist(), dtype=bool)
        edges = tables.edges
        wanted = (edges.relation == RELATIONS.index("has_symptom")) & (edges.p >= _LEADING)
        wanted &= edges.source < len(codes)
        wanted[wanted] = principal[edges.source[wanted]]
        found: dict[str, list[str]] = defaultdict(list)
        for source, target in zip(
            edges.source[wanted].tolist(), edges.target[wanted].tolist(), strict=True
        ):
            found[tables.concepts[target - len(codes)]["id"]].append(codes[source])
        return found

    def _contrasted(
        self, case: Case, chart: Chart, partner: _Partner, rng: random.Random
    ) -> tuple[Case, Case]:
        sampler, who = self._sampler, case.demographics
        plan = partner.plan
        present, denied = self._symptoms(case, plan, who, rng)
        comorbid: list[Condition] = []
        for condition in chart.comorbid:
            if sampler.plans.beside(plan.condition, comorbid, condition):
                comorbid.append(condition)
        home = tuple(f for f in case.facts_of("medication") if f.attribute("course") == "home")
        carried = Carried(
            case.facts_of("allergy", "social", "family_history"), home, present, denied,
            vitals=chart.base_vitals,
        )  # fmt: skip
        other, _ = sampler.encounter(
            patient=case.index // 2, index=case.index + 1, plan=plan, who=who, comorbid=comorbid,
            setting=case.setting, severity=case.severity, rng=rng, carried=carried,
            identity=case.identity,
        )  # fmt: skip
        facts, told = _flipped(other, partner.telling, sampler, rng)
        return (
            replace(
                case, partner_case_id=other.case_id, tells_apart=(partner.telling.fact_id,)
            ),
            replace(
                other, facts=facts, partner_case_id=case.case_id, tells_apart=(told,),
                style=case.style, persona=case.persona,
            ),
        )  # fmt: skip

    def _symptoms(
        self, case: Case, plan: ConditionPlan, who: Demographics, rng: random.Random
    ) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
        """The symptoms that both illnesses have, what the partner's adds, and the negatives."""
        graph = self._sampler.plans.graph
        own = {s.concept.id for group in plan.symptoms for s in group}
        symptoms = case.facts_of("symptom")
        shared = [
            _elsewhere(f, plan.condition)
            for f in symptoms
            if f.polarity == "present" and f.concept in own
        ]
        drawn = draw_symptoms(plan, who, rng, at_most=self._sampler.sampling.max_symptoms)
        room = max(self._sampler.sampling.max_symptoms - len(shared), 0)
        held = {f.concept for f in symptoms}
        more = [s for s in drawn if s.concept.id not in held][:room]
        added = [
            Fact("", "symptom", s.concept.id, s.concept.name,
                 attributes=tuple(a for a in s.attributes if a[0] != "onset"))
            for s in describe(more, who, rng)
        ]  # fmt: skip
        present = (*shared, *added)
        concepts = [graph.concept(f.concept) for f in present]
        denied = tuple(
            f
            for f in symptoms
            if f.polarity == "denied"
            and f.concept not in self._sampler.plans.undeniable(plan.condition)[0]
            and not any(self._said(graph.concept(f.concept), c) for c in concepts)
        )
        return present, denied

    def _said(self, denied: Concept, present: Concept) -> bool:
        """Whether what is present says what is denied, directly or by way of others."""
        negatives = self._sampler.negatives
        return (
            denied.id in negatives.wider(present)
            or present.id in negatives.wider(denied)
            or not negatives.forms_of(denied).isdisjoint(negatives.forms_of(present))
        )


def _elsewhere(fact: Fact, condition: Condition) -> Fact:
    """A symptom without its site where the other diagnosis is of another part of the body."""
    site = fact.attribute("site")
    text = f"{fact.name} {site}"
    if site is None or not (
        says_otherwise(condition.code, condition.title, text)
        or wrong_side(text, condition.laterality)
    ):
        return fact
    return replace(fact, attributes=tuple(a for a in fact.attributes if a[0] != "site"))


def _likeness(a: ConditionPlan, b: ConditionPlan, present: AbstractSet[str]) -> float:
    """How easily two diagnoses are confused: by what both present with, and by relation."""
    chances = {s.concept.id: s.p for group in a.symptoms for s in group}
    shared = sum(
        min(s.p, chances.get(s.concept.id, 0.0))
        for group in b.symptoms
        for s in group
        if s.concept.id in present
    )
    if not shared:
        return 0.0
    related = 1.0 + (a.condition.chapter == b.condition.chapter)
    return shared * (related + (a.condition.code[:3] == b.condition.code[:3]))


_NORMAL = re.compile(r"^(?:no|a regular|intact|clear)\b|\bnormal\b", re.IGNORECASE)


def _telling(case: Case, plan: ConditionPlan, other: ConditionPlan, graph: Graph) -> Fact | None:
    """The likeliest sign or result of the case that the other diagnosis does not have."""
    # Of the signs all that the graph knows: some are not drawn beside a symptom of one name.
    findings = {e.target for e in graph.edges(other.condition.id, "has_finding")}
    labs = {(c.concept.id, c.direction) for c in other.labs}
    tests = {(c.concept.id, c.text) for group in other.results for c in group}
    chances = {c.concept.id: c.p for c in (*plan.findings, *plan.labs)}
    chances |= {c.concept.id: c.p for group in plan.results for c in group}
    telling = [
        f
        for f in case.facts
        if (f.type == "finding" and f.concept not in findings and not _NORMAL.search(f.name))
        or (
            f.type == "lab"
            and f.attribute("flag") != "normal"
            and (f.concept, f.attribute("flag")) not in labs
        )
        or (
            f.type == "test"
            and (f.concept, f.attribute("result")) not in tests
            and f.attribute("result") != graph.concept(f.concept).normal
            and not _NORMAL.search(f.attribute("result") or "")
        )
    ]
    return max(telling, key=lambda f: chances.get(f.concept, 0.0), default=None)


def _flipped(
    other: Case, telling: Fact, sampler: CaseSampler, rng: random.Random
) -> tuple[tuple[Fact, ...], str]:
    """The partner's facts with the telling one absent or normal, and the id of that fact."""
    facts = list(other.facts)
    place = next((i for i, f in enumerate(facts) if f.concept == telling.concept), None)
    if place is None:
        same = [i for i, f in enumerate(facts) if f.type == telling.type]
        before = [i for i, f in enumerate(facts) if f.type == "diagnosis"]
        place = same[-1] + 1 if same else before[0]
        absent = _absent(telling, sampler, other.demographics, rng)
        facts.insert(place, absent)
        result = absent.attribute("result")
        if result is not None:
            # What the normal result denies has not been found either.
            ties, child = sampler.plans.ties, other.demographics.is_child
            facts = [
                f
                for f in facts
                if f.type != "finding" or ties.result_agrees(result, [f.name], {}, child=child)
            ]
            place = facts.index(absent)
    done = numbered(facts)
    return done, done[place].fact_id


def _absent(telling: Fact, sampler: CaseSampler, who: Demographics, rng: random.Random) -> Fact:
    concept = sampler.plans.graph.concept(telling.concept)
    if telling.type == "lab":
        assert isinstance(concept, Lab)
        value, flag = draw_value(concept, None, who, rng)
        return replace(telling, value=value, attributes=(("flag", flag),))
    if telling.type == "test":
        normal = concept.normal or "no abnormality"
        return replace(telling, attributes=(("result", normal),))
    return replace(telling, name=concept.name, polarity="denied")
