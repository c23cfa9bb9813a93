"""Sampling cases: one coherent fictional patient at one encounter.

Case i is a pure function of (graph, sampling, seed, i): every draw comes from a generator
named by seed and index, so shards and order do not matter.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from casewright.kg import history
from casewright.kg.clinical import (
    PREGNANCY_CHAPTER,
    child_rate,
    choose_dosing,
    contradicts,
    deniable_symptoms,
    draw_value,
    far_from_child_range,
    normal_vitals,
    sample_edges,
    suitable,
    taken_by_patient,
    tolerates,
    treatment_weight,
)
from casewright.kg.graph import Concept, Condition, Edge, Graph, Lab, Medication
from casewright.kg.identity import sample_identity
from casewright.kg.patient import (
    ConditionSampler,
    Sampling,
    sample_comorbidities,
    sample_demographics,
)
from casewright.records import Case, CodedDiagnosis, Demographics, Fact, FactType, Setting
from casewright.seeds import derive_rng

__all__ = ["CaseSampler"]

Severity = Literal["mild", "moderate", "severe"]

_SEVERITY_WEIGHTS: dict[Setting, tuple[float, float, float]] = {
    "outpatient": (0.6, 0.35, 0.05),
    "emergency": (0.3, 0.5, 0.2),
    "inpatient": (0.05, 0.55, 0.4),
}
_STAY_DAYS: dict[Severity, tuple[int, int]] = {
    "mild": (1, 3),
    "moderate": (2, 6),
    "severe": (4, 12),
}
_RATES = ("vital:heart_rate", "vital:respiratory_rate")
_BP = ("vital:systolic_bp", "vital:diastolic_bp")
_REDRAWS = 50


@dataclass(slots=True)
class _Facts:
    """Facts under construction, numbered in order."""

    facts: list[Fact]

    def add(self, fact_type: FactType, concept: str, name: str, **rest: object) -> None:
        number = f"f{len(self.facts) + 1:02d}"
        self.facts.append(Fact(number, fact_type, concept, name, **rest))  # type: ignore[arg-type]


class CaseSampler:
    """Samples cases from a graph.

    Args:
        styles, personas: names with their weights, drawn for each case.
    """

    def __init__(
        self,
        graph: Graph,
        sampling: Sampling,
        seed: int,
        *,
        styles: Sequence[tuple[str, float]] = (("narrative", 1.0),),
        personas: Sequence[tuple[str, float]] = (("plain", 1.0),),
    ) -> None:
        self._graph = graph
        self._sampling = sampling
        self._seed = seed
        self._conditions = ConditionSampler(graph, sampling)
        self._styles = tuple(styles)
        self._personas = tuple(personas)

    def setting(self, index: int) -> Setting:
        """The setting of case `index`, without sampling the case."""
        return self._conditions.setting(derive_rng(self._seed, "setting", index))

    def case(self, index: int) -> Case:
        """Case `index`."""
        rng = derive_rng(self._seed, "case", index)
        setting = self.setting(index)
        principal = self._conditions.condition(setting, rng)
        demographics = self._patient(principal, rng)
        comorbid = sample_comorbidities(
            self._graph, principal, demographics, rng, at_most=self._sampling.max_comorbidities
        )
        severity = _draw_severity(setting, rng)
        stay = rng.randint(*_STAY_DAYS[severity]) if setting == "inpatient" else 0
        chart = _Chart(
            self._graph, self._sampling, rng, setting, principal, demographics, comorbid, severity
        )
        facts = chart.write()
        return Case(
            case_id=f"c{index:06d}",
            index=index,
            demographics=demographics,
            setting=setting,
            icd10=(
                CodedDiagnosis(principal.code, principal.title, "principal"),
                *(CodedDiagnosis(c.code, c.title, "secondary") for c in comorbid),
            ),
            facts=facts,
            identity=sample_identity(demographics, setting, rng, stay_days=stay),
            style=_draw(self._styles, rng),
            persona=_draw(self._personas, rng),
            severity=severity,
        )

    def _patient(self, principal: Condition, rng: random.Random) -> Demographics:
        """Draw a patient who can have at least one symptom of the diagnosis.

        A toddler reports no painful urination: drawn again, some patient fits every diagnosis.
        """
        edges = self._graph.edges(principal.id, "has_symptom")
        symptoms = [self._graph.concept(e.target) for e in edges]
        for _ in range(_REDRAWS):
            demographics = sample_demographics(principal, rng)
            if any(suitable(s, demographics) for s in symptoms):
                break
        return demographics

    def cases(self, indices: Iterable[int]) -> Iterable[Case]:
        """Cases by index, lazily."""
        return (self.case(i) for i in indices)


def _draw(weighted: Sequence[tuple[str, float]], rng: random.Random) -> str:
    return rng.choices([n for n, _ in weighted], [w for _, w in weighted])[0]


def _draw_severity(setting: Setting, rng: random.Random) -> Severity:
    names: tuple[Severity, ...] = ("mild", "moderate", "severe")
    return rng.choices(names, _SEVERITY_WEIGHTS[setting])[0]


@dataclass(slots=True)
class _Chart:
    """One patient's chart while it is written."""

    graph: Graph
    sampling: Sampling
    rng: random.Random
    setting: Setting
    principal: Condition
    demographics: Demographics
    comorbid: list[Condition]
    severity: Severity

    def write(self) -> tuple[Fact, ...]:
        out = _Facts([])
        present = self._symptoms(out)
        self._denied(out, present)
        for condition in self.comorbid:
            out.add(
                "comorbidity", condition.id, condition.name, code=condition.code,
                attributes=(("role", "secondary"),),
            )  # fmt: skip
        allergies = history.sample_allergies(self.graph, self.demographics, self.rng)
        held = self._home_medications(out, allergies)
        self._allergies(out, allergies)
        self._background(out)
        self._vitals(out)
        for edge, concept in self._edges("has_finding", at_least=1, at_most=2):
            out.add("finding", concept.id, _with_text(concept, edge))
        self._results(out)
        out.add(
            "diagnosis", self.principal.id, self.principal.name, code=self.principal.code,
            attributes=(("role", "principal"),),
        )  # fmt: skip
        self._procedures(out)
        self._treatment(out, held, allergies)
        self._plan(out)
        return tuple(out.facts)

    def _edges(self, relation: str, *, at_least: int, at_most: int) -> list[tuple[Edge, Concept]]:
        return sample_edges(
            self.graph,
            self.graph.edges(self.principal.id, relation),  # type: ignore[arg-type]
            self.demographics,
            self.rng,
            at_least=at_least,
            at_most=at_most,
        )

    def _symptoms(self, out: _Facts) -> list[Concept]:
        most = self.sampling.max_symptoms - (self.severity == "mild")
        drawn = self._edges("has_symptom", at_least=2, at_most=max(most, 2))
        for _, concept in drawn:
            out.add("symptom", concept.id, concept.name)
        return [c for _, c in drawn]

    def _denied(self, out: _Facts, present: list[Concept]) -> None:
        number = self.rng.randint(1, self.sampling.max_denied) if self.sampling.max_denied else 0
        denied = deniable_symptoms(
            self.graph, self.principal, present, self.comorbid, self.demographics, self.rng,
            at_most=number,
        )  # fmt: skip
        for concept in denied:
            out.add("symptom", concept.id, concept.name, polarity="denied")

    def _all_conditions(self) -> list[Condition]:
        return [self.principal, *self.comorbid]

    def _pregnant(self) -> bool:
        return self.principal.chapter == PREGNANCY_CHAPTER or self.principal.code[:3] in {
            "Z33", "Z34", "Z3A",
        }  # fmt: skip

    def _drug(
        self,
        out: _Facts,
        condition: Condition,
        held: list[Medication],
        allergies: Sequence[Concept],
        *,
        course: str,
        setting: Setting,
        accept: Callable[[Medication], bool] = lambda _: True,
    ) -> bool:
        """Give the patient one drug for a condition, drawn by the edges' probabilities."""
        edges = [
            e for e in self.graph.edges(condition.id, "treated_with") if treatment_weight(e) > 0
        ]
        codes = [condition.code]
        while edges:
            weights = [treatment_weight(e) for e in edges]
            edge = self.rng.choices(edges, weights)[0]
            edges.remove(edge)
            drug = self.graph.concept(edge.target)
            if not isinstance(drug, Medication) or not accept(drug):
                continue
            if not tolerates(
                self.graph, drug, self._all_conditions(), held,
                pregnant=self._pregnant(), allergies=allergies,
            ):  # fmt: skip
                continue
            dosing = choose_dosing(drug, codes, self.demographics, setting, self.rng)
            if dosing is None or (course != "inpatient" and not taken_by_patient(dosing)):
                continue
            attributes = [
                ("course", course), ("route", dosing.route), ("frequency", dosing.frequency)
            ]  # fmt: skip
            if dosing.duration and course != "home":
                attributes.append(("duration", dosing.duration))
            out.add(
                "medication", drug.id, drug.name, value=dosing.dose, unit=dosing.unit,
                attributes=tuple(attributes),
            )  # fmt: skip
            held.append(drug)
            return True
        return False

    def _home_medications(self, out: _Facts, allergies: Sequence[Concept]) -> list[Medication]:
        held: list[Medication] = []
        for condition in self.comorbid:
            self._drug(out, condition, held, allergies, course="home", setting="outpatient")
        return held

    def _allergies(self, out: _Facts, allergies: Sequence[Concept]) -> None:
        if not allergies:
            out.add("allergy", "allergen:none", "known drug allergies", polarity="denied")
        for allergen in allergies:
            reactions = allergen.values("reaction")
            attributes = (("reaction", self.rng.choice(reactions)),) if reactions else ()
            out.add("allergy", allergen.id, allergen.name, attributes=attributes)

    def _background(self, out: _Facts) -> None:
        conditions = self._all_conditions()
        for habit in history.sample_social(self.demographics, conditions, self.rng):
            out.add("social", habit.concept, habit.text, attributes=(("first", habit.first),))
        for member in history.sample_family(self.demographics, conditions, self.rng):
            out.add(
                "family_history", member.concept, member.name, polarity="family",
                code=member.code, attributes=(("relative", member.relative),),
            )  # fmt: skip

    def _vitals(self, out: _Facts) -> None:
        values = normal_vitals(self.demographics, self.rng)
        flags: dict[str, str] = {}
        for edge in self.graph.edges(self.principal.id, "changes_vital"):
            vital = self.graph.concept(edge.target)
            if not isinstance(vital, Lab) or self.rng.random() >= (edge.p or 0.5):
                continue
            if vital.id not in values or (self.demographics.is_child and vital.id in _BP):
                continue
            if self.demographics.is_child and vital.id in _RATES and edge.direction:
                values[vital.id] = child_rate(vital, edge.direction, self.demographics, self.rng)
                flags[vital.id] = edge.direction
                continue
            text, flag = draw_value(vital, edge, self.demographics, self.rng)
            values[vital.id] = float(text)
            flags[vital.id] = flag
        if values[_BP[1]] > values[_BP[0]] - 20:
            values[_BP[1]] = round(values[_BP[0]] * 0.62)
        shown = ["vital:temperature", "vital:heart_rate", "vital:bp"]
        if self.setting != "outpatient" or set(flags) & {
            "vital:oxygen_saturation", "vital:respiratory_rate",
        }:  # fmt: skip
            shown += ["vital:respiratory_rate", "vital:oxygen_saturation"]
        if self.demographics.age_years < 3:
            shown.remove("vital:bp")  # AAP 2017: routine measurement from three years on
        for vital_id in shown:
            self._vital_fact(out, vital_id, values, flags)

    def _vital_fact(
        self, out: _Facts, vital_id: str, values: dict[str, float], flags: dict[str, str]
    ) -> None:
        if vital_id == "vital:bp":
            flag = flags.get(_BP[0], flags.get(_BP[1], "normal"))
            out.add(
                "vital", "vital:blood_pressure", "blood pressure",
                value=f"{values[_BP[0]]:.0f}/{values[_BP[1]]:.0f}", unit="mmHg",
                attributes=(("flag", flag),),
            )  # fmt: skip
            return
        vital = self.graph.concept(vital_id)
        assert isinstance(vital, Lab)
        out.add(
            "vital", vital.id, vital.name, value=f"{values[vital_id]:.{vital.decimals}f}",
            unit=vital.unit, attributes=(("flag", flags.get(vital_id, "normal")),),
        )  # fmt: skip

    def _results(self, out: _Facts) -> None:
        labs = self._edges("changes_lab", at_least=1, at_most=self.sampling.max_labs)
        for edge, concept in labs:
            if isinstance(concept, Lab) and not far_from_child_range(
                concept, edge, self.demographics
            ):
                value, flag = draw_value(concept, edge, self.demographics, self.rng)
                out.add(
                    "lab", concept.id, concept.name, value=value, unit=concept.unit or None,
                    attributes=(("flag", flag),),
                )  # fmt: skip
        tests = [
            e
            for e in self.graph.edges(self.principal.id, "tested_with")
            if e.text and not contradicts(e.text, self.principal.name)
        ]
        for edge, concept in sample_edges(
            self.graph, tests, self.demographics, self.rng,
            at_least=0 if labs else 1, at_most=2 if self.setting == "inpatient" else 1,
        ):  # fmt: skip
            if concept.group in ("procedure", "intervention"):
                continue
            out.add("test", concept.id, concept.name, attributes=(("result", edge.text or ""),))

    def _procedures(self, out: _Facts) -> None:
        edges = [
            e
            for e in self.graph.edges(self.principal.id, "tested_with")
            if self.graph.concept(e.target).group in ("procedure", "intervention")
        ]
        for _, concept in sample_edges(
            self.graph, edges, self.demographics, self.rng, at_least=0, at_most=1
        ):
            if suitable(concept, self.demographics):
                out.add("procedure", concept.id, concept.name)

    def _treatment(self, out: _Facts, held: list[Medication], allergies: Sequence[Concept]) -> None:
        if self.setting == "inpatient":
            stay = list(held)
            wanted = 2 if self.severity == "severe" else 1
            given = sum(
                self._drug(
                    out, self.principal, stay, allergies, course="inpatient", setting="inpatient"
                )
                for _ in range(wanted)
            )
            if given == 0:
                self._drug(out, self.principal, held, allergies, course="new", setting="outpatient")
                return
            self._drug(
                out, self.principal, held, allergies, course="new", setting="outpatient",
                accept=lambda d: d.id not in {m.id for m in stay},
            )  # fmt: skip
            return
        for _ in range(1 if self.severity == "mild" else self.rng.randint(1, 2)):
            self._drug(out, self.principal, held, allergies, course="new", setting="outpatient")

    def _plan(self, out: _Facts) -> None:
        held = [f.concept for f in out.facts]
        held += [
            f"class:{self.graph.concept(f.concept).group}"
            for f in out.facts
            if f.type == "medication"
        ]
        for step in history.sample_plan(
            self._all_conditions(), held, self.setting, self.severity, self.demographics, self.rng
        ):
            kind: FactType = "disposition" if step.concept[0] == "d" else "follow_up"
            out.add(kind, step.concept, step.text)


def _with_text(concept: Concept, edge: Edge) -> str:
    """A finding with its site: "crackles" and "at the right base"."""
    return f"{concept.name} {edge.text}" if edge.text else concept.name
