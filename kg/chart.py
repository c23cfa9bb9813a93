"""One patient's chart at one encounter: the facts of a case, in the order they are told."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from casewright.kg import history
from casewright.kg.candidates import Candidate, DrugChoice
from casewright.kg.clinical import (
    Effect,
    child_rate,
    choose_dosing,
    clashes,
    draw_value,
    far_from_child_range,
    flag_of,
    normal_vitals,
    reference_range,
    repeats,
    taken_by_patient,
    words_of,
)
from casewright.kg.courses import agreeing
from casewright.kg.draws import draw_fixed_size, draw_place, pick, pick_weighted
from casewright.kg.graph import Concept, Condition, Dosing, Lab, Medication
from casewright.kg.patient import Sampling
from casewright.kg.plans import SEVERITIES, ConditionPlan, Plans, Severity
from casewright.kg.symptoms import Negatives, describe, draw_symptoms
from casewright.kg.ties import Bound, Patient
from casewright.records import Demographics, Fact, FactType, Polarity, Setting

__all__ = ["Carried", "Chart", "numbered"]

_T = TypeVar("_T")

_RATES = ("vital:heart_rate", "vital:respiratory_rate")
_BP = ("vital:systolic_bp", "vital:diastolic_bp")
_WORSE = {"mild": 0.7, "moderate": 1.0, "severe": 1.45}
"""How far beyond its limit a result lies, relative to a moderate case: a choice of ours. The
mean over a condition's mix of severities stays at the edge's."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a chart takes over from another one of the same patient, instead of drawing it.

    Attributes:
        background: allergies, social and family history.
        home: drugs that the patient takes at home.
        symptoms, denied: statements on symptoms, `symptoms` the present ones; None to draw.
        labs: tests whose results are repeated; None to draw.
        abating: how much of the illness is left, 0 to 1: results go back to normal with it.
        lasting: results that were abnormal stay so, since the disease does.
        treat: whether the diagnosis is treated anew.
        vitals: normal vital signs to begin with; None to draw.
    """

    background: tuple[Fact, ...] = ()
    home: tuple[Fact, ...] = ()
    symptoms: tuple[Fact, ...] | None = None
    denied: tuple[Fact, ...] = ()
    labs: tuple[Fact, ...] | None = None
    abating: float = 1.0
    lasting: bool = False
    treat: bool = True
    vitals: dict[str, float] | None = None


def numbered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The facts with ids in order."""
    return tuple(
        Fact(
            f"f{n:02d}", f.type, f.concept, f.name, f.polarity, f.duty, f.code, f.value, f.unit,
            f.attributes,
        )
        for n, f in enumerate(facts, start=1)
    )  # fmt: skip


@dataclass(slots=True)
class Chart:
    """One patient's chart while it is written.

    `complications` are conditions that the illness led to; `carried` what is known already;
    `coded` is the principal diagnosis where its code is not the plan's own.
    """

    plans: Plans
    negatives: Negatives
    sampling: Sampling
    rng: random.Random
    setting: Setting
    plan: ConditionPlan
    who: Demographics
    comorbid: Sequence[Condition]
    severity: Severity
    complications: Sequence[Condition] = ()
    carried: Carried | None = None
    coded: Condition | None = None
    base_vitals: dict[str, float] = field(default_factory=dict)
    _parts: dict[FactType, list[Fact]] = field(default_factory=dict)
    _factor: float = 1.0
    _codes: tuple[str, ...] = ()
    _values: dict[str, float] = field(default_factory=dict)
    _counts_as: str = ""
    _kept: bool = False

    def write(self) -> tuple[Fact, ...]:
        """Draw the facts: what others must agree with before the others."""
        self._factor = self._how_severe()
        self._codes = tuple(c.code for c in self._all_conditions())
        present = self._symptoms()
        self._vitals()
        found = self._findings(present)
        self._denied(present, found)
        self._results()
        condition = self.coded or self.plan.condition
        self._add("diagnosis", condition.id, condition.name, code=condition.code,
                  attributes=_PRINCIPAL)  # fmt: skip
        for other in self.comorbid:
            self._add("comorbidity", other.id, other.name, code=other.code, attributes=_SECONDARY)
        for other in self.complications:
            self._add("comorbidity", other.id, other.name, code=other.code,
                      attributes=_COMPLICATION)  # fmt: skip
        allergens = self._allergens()
        patient = self._patient(allergens)
        held = self._home_medications(patient)
        self._background(allergens)
        self._kept = self.setting == "inpatient"
        if self.setting == "emergency":
            self._kept = not self._leaves()
        if self.carried is None or self.carried.treat:
            self._procedures()
            self._treatment(held, patient)
        if self.plan.courses and self.setting == "inpatient":
            self._course()
        if self.setting == "inpatient":
            self._leaves()
        self._follow_up()
        return self._told()

    def _told(self) -> tuple[Fact, ...]:
        """The facts in the order in which a chart tells them, numbered."""
        parts = self._parts
        home: list[Fact] = []
        drugs: list[Fact] = []
        for fact in parts.get("medication", ()):
            (home if fact.attribute("course") == "home" else drugs).append(fact)
        with_it: list[Fact] = []
        after: list[Fact] = []
        for fact in parts.get("comorbidity", ()):
            (after if fact.attributes is _COMPLICATION else with_it).append(fact)
        order = (
            parts.get("symptom", ()), with_it, home, parts.get("allergy", ()),
            parts.get("social", ()), parts.get("family_history", ()), parts.get("vital", ()),
            parts.get("finding", ()), parts.get("lab", ()), parts.get("test", ()),
            parts.get("diagnosis", ()), after, parts.get("procedure", ()), drugs,
            parts.get("course", ()), parts.get("disposition", ()), parts.get("follow_up", ()),
        )  # fmt: skip
        number = 0
        told: list[Fact] = []
        for part in order:
            for fact in part:
                number += 1
                # The only reference to the fact is still ours: cheaper than a copy.
                object.__setattr__(fact, "fact_id", f"f{number:02d}")
                told.append(fact)
        return tuple(told)

    def _add(
        self,
        kind: FactType,
        concept: str,
        name: str,
        *,
        polarity: Polarity = "present",
        code: str | None = None,
        value: str | None = None,
        unit: str | None = None,
        attributes: tuple[tuple[str, str], ...] = (),
    ) -> None:
        fact = Fact("", kind, concept, name, polarity, "may", code, value, unit, attributes)
        part = self._parts.get(kind)
        if part is None:
            self._parts[kind] = [fact]
        else:
            part.append(fact)

    def _again(self, facts: Iterable[Fact]) -> None:
        for f in facts:
            self._add(
                f.type, f.concept, f.name, polarity=f.polarity, code=f.code, value=f.value,
                unit=f.unit, attributes=f.attributes,
            )  # fmt: skip

    def _how_severe(self) -> float:
        mix = self.plan.mix(self.setting)
        mean = sum(share * _WORSE[s] for s, share in zip(SEVERITIES, mix, strict=True))
        factor = _WORSE[self.severity] / mean
        return factor * self.carried.abating if self.carried is not None else factor

    def _fitting(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        age, sex, severity = self.who.age_years, self.who.sex, self.severity
        return [
            c
            for c in candidates
            if c.low <= age <= c.high
            and c.sex in (None, sex)
            and (not c.severity or severity in c.severity)
        ]

    def _all_conditions(self) -> list[Condition]:
        return [self.plan.condition, *self.comorbid, *self.complications]

    # ------------------------------------------------------------------ symptoms

    def _symptoms(self) -> list[Concept]:
        carried = self.carried
        if carried is not None and carried.symptoms is not None:
            self._again(carried.symptoms)
            return [self.plans.graph.concept(f.concept) for f in carried.symptoms]
        drawn = draw_symptoms(self.plan, self.who, self.rng, at_most=self.sampling.max_symptoms)
        for told in describe(drawn, self.who, self.rng):
            self._add("symptom", told.concept.id, told.concept.name, attributes=told.attributes)
        return [s.concept for s in drawn]

    def _denied(self, present: Sequence[Concept], found: Sequence[str]) -> None:
        graph, carried = self.plans.graph, self.carried
        feverish = self._values["vital:temperature"] >= _FEVER
        barred = self.plans.ties.told_by_code(self._codes)
        denied = [
            f
            for f in (carried.denied if carried is not None else ())
            if not (feverish and f.concept in _FEVERISH) and f.concept not in barred
        ]
        self._again(denied)
        most = self.sampling.max_denied - len(denied)
        if most <= 0:
            return
        if feverish:
            barred |= _FEVERISH
        known = [*present, *(graph.concept(f.concept) for f in denied)]
        undeniable = [self.plans.undeniable(c) for c in self._all_conditions()]
        number = 1 + int(self.rng.random() * most)
        for concept in self.negatives.draw(
            known, undeniable, self.who, self.rng, at_most=number,
            conditions=self._all_conditions(), found=found, barred=barred,
        ):  # fmt: skip
            self._add("symptom", concept.id, concept.name, polarity="denied")

    # ------------------------------------------------------------------ the patient beside it

    def _allergens(self) -> list[Concept]:
        if self.carried is None:
            return history.sample_allergies(self.plans.graph, self.rng)
        return [
            self.plans.graph.concept(f.concept)
            for f in self.carried.background
            if f.type == "allergy" and f.polarity == "present"
        ]

    def _patient(self, allergens: Sequence[Concept]) -> Patient:
        ties = self.plans.ties
        conditions = self._all_conditions()
        barred = [
            (*a.values("avoid_drug"), *a.values("avoid_class"), *ties.allergy(a.name))
            for a in allergens
        ]
        return Patient(
            self.who, conditions, self._codes, self.setting,
            any(ties.pregnant(c) for c in conditions), barred, self._values,
        )  # fmt: skip

    def _home_medications(self, patient: Patient) -> list[Medication]:
        held: list[Medication] = []
        ties = self.plans.ties
        if self.carried is None:
            for condition in self.comorbid:
                self._drug(condition, held, patient, course="home")
            return held
        for fact in self.carried.home:
            drug = self.plans.graph.concept(fact.concept)
            if (
                isinstance(drug, Medication)
                and ties.tolerated(drug, patient)
                and ties.go_together(drug, held, patient)
            ):
                self._again([fact])
                held.append(drug)
        return held

    def _background(self, allergies: Sequence[Concept]) -> None:
        if self.carried is not None:
            self._again(self.carried.background)
            return
        if not allergies:
            self._add("allergy", "allergen:none", "known drug allergies", polarity="denied")
        for allergen in allergies:
            reactions = allergen.values("reaction")
            attributes = (("reaction", pick(reactions, self.rng)),) if reactions else ()
            self._add("allergy", allergen.id, allergen.name, attributes=attributes)
        conditions = [self.plan.condition, *self.comorbid, *self.complications]
        for habit in history.sample_social(self.who, conditions, self.rng):
            self._add("social", habit.concept, habit.text, attributes=(("first", habit.first),))
        for member in history.sample_family(self.who, conditions, self.rng):
            self._add(
                "family_history", member.concept, member.name, polarity="family",
                code=member.code, attributes=(("relative", member.relative),),
            )  # fmt: skip

    # ------------------------------------------------------------------ what is measured

    def _vitals(self) -> None:
        who, rng = self.who, self.rng
        known = self.carried.vitals if self.carried is not None else None
        values = dict(known) if known is not None else normal_vitals(who, rng)
        self.base_vitals = dict(values)
        flags: dict[str, str] = {}
        left = self.carried.abating if self.carried is not None else 1.0
        bounds = {k: b for k, b in self.plans.ties.bounds(self._codes).items() if k in values}
        signs = [
            (c, c.p * left if self._usual(c, values, bounds) else 1.0)
            for c in self._fitting(self.plan.vitals)
        ]
        for other in self.complications:
            # What a complication does to the vital signs is why it was noticed.
            signs += [(c, max(c.p, 0.8)) for c in self._fitting(self.plans.of(other).vitals)]
        for c, p in signs:
            vital = c.concept
            if vital.id in flags or rng.random() >= p or not isinstance(vital, Lab):
                continue
            if vital.id not in values or (who.is_child and vital.id in _BP):
                continue
            direction = c.direction
            if direction == "high" and vital.id == _TEMPERATURE and self._is_cold():
                continue
            if who.is_child and vital.id in _RATES and direction:
                rate = child_rate(vital, direction, who, rng, self._factor)
                least, most = self.plans.ties.rates_at(vital.id, who.age_years) or (0, 300)
                values[vital.id] = min(max(rate, least), most)
                flags[vital.id] = direction
                continue
            text, flag = self._value(vital, c, bounds.get(vital.id))
            values[vital.id], flags[vital.id] = float(text), flag
            ends = self.plans.ties.rates_at(vital.id, who.age_years)
            if ends is not None:
                values[vital.id] = min(max(values[vital.id], ends[0]), ends[1])
        for vital_id, bound in bounds.items():
            if not bound.holds(values[vital_id]) and not (who.is_child and vital_id in _RATES):
                vital = self.plans.graph.concept(vital_id)
                assert isinstance(vital, Lab)
                values[vital_id] = float(self._inside(vital, bound))
                flags[vital_id] = flag_of(vital, values[vital_id], who)
        _settle_pressures(values, flags, rng)
        self._values.update(values)
        shown = ["vital:temperature", "vital:heart_rate"]
        if who.age_years >= 3:  # AAP 2017: routine measurement from three years on
            shown.append("vital:bp")
        if self.setting != "outpatient" or not _BREATHING.isdisjoint(flags):
            shown += ["vital:respiratory_rate", "vital:oxygen_saturation"]
        for vital_id in shown:
            self._vital_fact(vital_id, values, flags)

    def _is_cold(self) -> bool:
        return any(
            f.concept == "symptom:low_body_temperature" for f in self._parts.get("symptom", ())
        )

    @staticmethod
    def _usual(c: Candidate, values: Mapping[str, float], bounds: Mapping[str, Bound]) -> bool:
        """Whether a vital sign may be normal in spite of the code."""
        bound = bounds.get(c.concept.id)
        return bound is None or bound.holds(values[c.concept.id])

    def _value(self, lab: Lab, effect: Effect, bound: Bound | None) -> tuple[str, str]:
        """Draw a value that is within what a code says of it."""
        for _ in range(_REDRAWS):
            text, flag = draw_value(lab, effect, self.who, self.rng, factor=self._factor)
            if bound is None or bound.holds(float(text)):
                return text, flag
        assert bound is not None
        text = self._inside(lab, bound)
        return text, flag_of(lab, float(text), self.who)

    def _inside(self, lab: Lab, bound: Bound) -> str:
        """A number within a bound, near to its end where it has one end only."""
        low, high = reference_range(lab, self.who)
        reach = max((high - low) * 0.15, 10**-lab.decimals)
        first = bound.least if bound.least is not None else (bound.most or 0.0) - reach
        last = bound.most if bound.most is not None else first + reach
        return f"{first + (last - first) * (0.1 + 0.8 * self.rng.random()):.{lab.decimals}f}"

    def _vital_fact(self, vital_id: str, values: dict[str, float], flags: dict[str, str]) -> None:
        if vital_id == "vital:bp":
            flag = flags.get(_BP[0], flags.get(_BP[1], "normal"))
            self._add(
                "vital", "vital:blood_pressure", "blood pressure",
                value=f"{values[_BP[0]]:.0f}/{values[_BP[1]]:.0f}", unit="mmHg",
                attributes=(("flag", flag),),
            )  # fmt: skip
            return
        vital = self.plans.graph.concept(vital_id)
        assert isinstance(vital, Lab)
        self._add(
            "vital", vital.id, vital.name, value=f"{values[vital_id]:.{vital.decimals}f}",
            unit=vital.unit, attributes=(("flag", flags.get(vital_id, "normal")),),
        )  # fmt: skip

    def _findings(self, present: Sequence[Concept]) -> list[str]:
        """Draw signs that go with the vital signs, the symptoms and each other."""
        ties, child = self.plans.ties, self.who.is_child
        told = [words_of(c.name) for c in present]
        gone = [words_of(f.name) for f in self.carried.denied] if self.carried else []
        candidates = [
            c
            for c in self._fitting(self.plan.findings)
            if ties.finding_agrees(c.name, self._values, child=child)
            and not (_ABSENT.search(c.name) and any(w and w <= words_of(c.name) for w in told))
            and not any(w and w <= words_of(c.name) for w in gone)
        ]
        left = self.carried.abating if self.carried is not None else 1.0
        most = 2 if self.setting == "outpatient" else 3
        drawn = _drawn([[(c.p * left, c)] for c in candidates], self.rng, most)
        if not drawn and candidates and left == 1.0:
            drawn = [pick_weighted(candidates, lambda c: c.p, self.rng)]
        drawn.sort(key=lambda c: -c.p)
        held: list[Concept] = []
        names: list[str] = []
        sides: set[tuple[int, int]] = set()
        for c in drawn:
            opposed = {(number, 1 - side) for number, side in ties.opposites(c.name)}
            if not clashes(c.concept, held) and not opposed & sides:
                held.append(c.concept)
                names.append(c.name)
                sides |= ties.opposites(c.name)
                self._add("finding", c.concept.id, c.name)
        return names

    def _results(self) -> None:
        if self.carried is not None and self.carried.labs is not None:
            self._repeated(self.carried.labs)
            return
        who, rng = self.who, self.rng
        labs = [
            c
            for c in self._fitting(self.plan.labs)
            if isinstance(c.concept, Lab) and not far_from_child_range(c.concept, c, who)
        ]
        drawn = _drawn([[(c.p, c)] for c in labs], rng, self.sampling.max_labs)
        if not drawn and labs:
            drawn = [pick_weighted(labs, lambda c: c.p, rng)]
        drawn.sort(key=lambda c: -c.p)
        seen: list[Concept] = []
        for c in drawn:
            if not any(repeats(c.concept, other) for other in seen):
                seen.append(c.concept)
                self._lab(c)
        self._tests(at_least=0 if seen else 1)

    def _lab(self, c: Candidate) -> None:
        assert isinstance(c.concept, Lab)
        bounds = self.plans.ties.bounds(self._codes)
        value, flag = self._value(c.concept, c, bounds.get(c.concept.id))
        self._values[c.concept.id] = float(value)
        self._add(
            "lab", c.concept.id, c.concept.name, value=value, unit=c.concept.unit or None,
            attributes=(("flag", flag),),
        )  # fmt: skip

    def _repeated(self, labs: Iterable[Fact]) -> None:
        """Tests done again: normal by now, or on the same side and nearer to normal."""
        edges = {c.concept.id: c for c in self.plan.labs}
        carried = self.carried or Carried()
        bounds = self.plans.ties.bounds(self._codes)
        for fact in labs:
            known, lab = edges.get(fact.concept), self.plans.graph.concept(fact.concept)
            assert isinstance(lab, Lab)
            off = known is not None and fact.attribute("flag") == known.direction
            stays = off and (carried.lasting or self.rng.random() < carried.abating)
            if known is not None and stays:
                self._lab(known)
                continue
            value, flag = draw_value(lab, None, self.who, self.rng)
            bound = bounds.get(lab.id)
            if bound is not None and not bound.holds(float(value)):
                value = self._inside(lab, bound)  # the code says so still
                flag = flag_of(lab, float(value), self.who)
            self._add(
                "lab", lab.id, lab.name, value=value, unit=lab.unit or None,
                attributes=(("flag", flag),),
            )  # fmt: skip

    def _tests(self, *, at_least: int) -> None:
        told = [f.name for kind in _SAID for f in self._parts.get(kind, ())
                if f.polarity == "present"]  # fmt: skip
        ties, child = self.plans.ties, self.who.is_child
        groups = [
            [
                c
                for c in self._fitting(group)
                if ties.result_agrees(c.text or "", told, self._values, child=child)
                and not ties.ruled_out(self._codes, c.concept.id, c.text or "", self.who.sex)
            ]
            for group in self.plan.results
        ]
        chances = [
            [(min(sum(c.p for c in group), 1.0), group)] for group in groups if group
        ]  # fmt: skip
        most = 2 if self.setting == "inpatient" else 1
        drawn = _drawn(chances, self.rng, most)
        if not drawn and at_least and chances:
            drawn = [pick_weighted(chances, lambda g: g[0][0], self.rng)[0][1]]
        drawn.sort(key=lambda group: -group[0].p)
        held: list[Concept] = []
        for group in drawn:
            c = pick_weighted(group, lambda c: c.p, self.rng)
            if not clashes(c.concept, held):
                held.append(c.concept)
                result = c.text or ""
                self._add("test", c.concept.id, c.concept.name, attributes=(("result", result),))

    # ------------------------------------------------------------------ what is done

    def _procedures(self) -> None:
        ward_only = self.plans.ties.ward_only if self.setting == "outpatient" else frozenset()
        candidates = [
            c for c in self._fitting(self.plan.interventions) if c.concept.id not in ward_only
        ]
        chances = [[(c.p, c)] for c in candidates]
        for c in draw_fixed_size(chances, self.rng, at_most=1):
            self._add("procedure", c.concept.id, c.concept.name)

    def _drug(
        self,
        condition: Condition,
        held: list[Medication],
        patient: Patient,
        *,
        course: Course,
        accept: Callable[[DrugChoice], bool] = lambda _: True,
    ) -> DrugChoice | None:
        """Give the patient one drug for a condition, drawn by the edges' probabilities."""
        place = "inpatient" if course == "inpatient" else "outpatient"
        own = condition is self.plan.condition
        choices = [
            d
            for d in self.plans.drugs_of(condition)
            if d.setting in ("any", place)
            and (not d.severity or not own or self.severity in d.severity)
            and accept(d)
        ]
        weights = [d.weight for d in choices]
        for _ in choices:
            number = draw_place(weights, self.rng)
            weights[number] = 0.0
            if self._give(choices[number].drug, condition, held, patient, course):
                return choices[number]
        return None

    def _give(
        self,
        drug: Medication,
        condition: Condition,
        held: list[Medication],
        patient: Patient,
        course: Course,
    ) -> bool:
        """Give the patient a drug, if it goes with them and with those held."""
        ties = self.plans.ties
        if not ties.tolerated(drug, patient) or not ties.go_together(drug, held, patient):
            return False
        dosing = self._dosing(drug, condition, course)
        if dosing is None:
            return False
        if not ties.within_limits(drug, dosing, patient):
            return False
        attributes: tuple[tuple[str, str], ...] = (
            ("course", course), ("route", dosing.route), ("frequency", dosing.frequency)
        )  # fmt: skip
        if dosing.duration and course != "home":
            attributes = (*attributes, ("duration", dosing.duration))
        self._add(
            "medication", drug.id, drug.name, value=dosing.dose, unit=dosing.unit,
            attributes=attributes,
        )  # fmt: skip
        held.append(drug)
        return True

    def _dosing(self, drug: Medication, condition: Condition, course: Course) -> Dosing | None:
        """A regimen for the place where the drug is given."""
        if course != "inpatient":
            dosing = choose_dosing(drug, [condition.code], self.who, "outpatient", self.rng)
            return dosing if dosing is not None and taken_by_patient(dosing) else None
        if self.setting == "emergency" and not self._for_wards():
            # A sprain needs no drip: what is taken there is what others take at home.
            dosing = choose_dosing(drug, [condition.code], self.who, "outpatient", self.rng)
            if dosing is not None:
                return dosing
        return choose_dosing(drug, [condition.code], self.who, "inpatient", self.rng)

    def _for_wards(self) -> bool:
        return self._kept or "inpatient" in self.plan.condition.values("setting")

    def _treatment(self, held: list[Medication], patient: Patient) -> None:
        """Give drugs on the ward or in the emergency department, and others to take home."""
        condition = self.plan.condition
        given: list[DrugChoice] = []
        if self.setting != "outpatient":
            stay = list(held)
            if self._kept or self.plan.condition.values("setting"):
                given = self._given(stay, patient)
            if self._kept and self.setting == "emergency":
                return  # nothing is taken home from there
            # What is told to be taken at home goes on from the stay, rather than another drug
            # for the same: it is listed as that, where something else was given as well.
            lasting = [d for d in given if d.setting == "any" and d.p is not None]
            by_mouth = [d for d in lasting if (d.p or 0.0) < _CERTAIN and self._by_mouth(d.drug)]
            if len(given) > 1 and by_mouth:
                goes_on = pick_weighted(by_mouth, lambda d: d.weight, self.rng)
                if self._goes_on(goes_on, held, patient):
                    return
            on_ward = {d.drug.id for d in given}
            beside = [*held, *(d.drug for d in lasting)]
            wanted = 1
        else:
            on_ward, beside = set(), held
            wanted = 1 if self.severity == "mild" else 1 + int(self.rng.random() * 2)
        enough = bool(given) and len(lasting) == len(given)
        if enough and self.setting == "emergency" and self.rng.random() < 0.5:
            wanted = 0  # what was given there was enough
        for _ in range(wanted):
            self._drug(
                condition, beside, patient, course="new",
                accept=lambda d: d.drug.id not in on_ward,
            )  # fmt: skip

    def _given(self, stay: list[Medication], patient: Patient) -> list[DrugChoice]:
        """Drugs given there: what nearly everyone gets, and others by how many there are."""
        condition = self.plan.condition
        choices = [
            d
            for d in self.plans.drugs_of(condition)
            if d.setting != "outpatient" and (not d.severity or self.severity in d.severity)
        ]
        given = [
            d
            for d in choices
            if (d.p or 0.0) >= _CERTAIN
            and self._give(d.drug, condition, stay, patient, "inpatient")
        ]
        told = sum(d.p for d in choices if d.p is not None)
        share = {"mild": 0.5, "moderate": 0.8, "severe": 1.0}[self.severity]
        wanted = max(int(told * share + self.rng.random()), 2 if self.severity == "severe" else 1)
        while len(given) < min(wanted, _MOST_GIVEN[self.severity]):
            done = {d.drug.id for d in given}
            drug = self._drug(
                condition, stay, patient, course="inpatient",
                accept=lambda d: d.drug.id not in done,  # noqa: B023 - called at once
            )  # fmt: skip
            if drug is None:
                break
            given.append(drug)
        return given

    def _goes_on(self, choice: DrugChoice, held: list[Medication], patient: Patient) -> bool:
        """Tell a drug of the stay as one to take home, if it can be taken there."""
        part = self._parts["medication"]
        place = next(
            n
            for n, f in enumerate(part)
            if f.concept == choice.drug.id and f.attribute("course") == "inpatient"
        )
        before = part.pop(place)
        if self._give(choice.drug, self.plan.condition, held, patient, "new"):
            return True
        part.insert(place, before)
        return False

    def _by_mouth(self, drug: Medication) -> bool:
        return any(
            f.concept == drug.id and f.attribute("route") == "by mouth"
            for f in self._parts["medication"]
        )

    def _course(self) -> None:
        symptoms = [f.name for f in self._parts.get("symptom", ()) if f.polarity == "present"]
        drugs = [f.name for f in self._parts.get("medication", ())]
        courses = agreeing(self.plan.courses, symptoms, drugs)
        if courses:
            self._add("course", f"course:{self.plan.condition.code}", pick(courses, self.rng))

    def _leaves(self) -> bool:
        """Draw where the patient goes; false where that is a ward."""
        steps, self._counts_as = history.sample_disposition(
            self.plan.condition, self._held, self.setting, self.severity, self.who, self.rng,
            dispositions=self.plan.dispositions,
        )  # fmt: skip
        for step in steps:
            self._add("disposition", step.concept, step.text)
        return not any(history.kept_in_hospital(step.text) for step in steps)

    def _follow_up(self) -> None:
        # Who goes from the department to a ward is seen there, and no doctor's office is named.
        goes_to = self._parts.get("disposition", ())
        if self.setting == "emergency" and any(history.kept_in_hospital(f.name) for f in goes_to):
            return
        for step in history.sample_follow_up(
            self.plan.condition, self._held, self.setting, self._counts_as or self.severity,
            self.who, self.rng, follow_ups=self.plan.follow_ups,
        ):  # fmt: skip
            self._add("follow_up", step.concept, step.text)

    def _held(self) -> set[str]:
        held = {f.concept for part in self._parts.values() for f in part}
        for f in self._parts.get("medication", ()):
            held.add(f"class:{self.plans.graph.concept(f.concept).group}")
        return held


Course = Literal["home", "inpatient", "new"]
_CERTAIN = 0.9
"""What so many have is never left out for others."""
_MOST_GIVEN = {"mild": 2, "moderate": 3, "severe": 4}
"""Drugs given on a ward or in an emergency department, but for what nearly everyone gets."""


def _drawn(groups: Sequence[Sequence[tuple[float, _T]]], rng: random.Random, most: int) -> list[_T]:
    """Draw each with its probability: what nearly everyone has, and at most so many in all."""
    certain = [g[0][1] for g in groups if len(g) == 1 and g[0][0] >= _CERTAIN] if most else []
    rest = [g for g in groups if not (len(g) == 1 and g[0][0] >= _CERTAIN)] if certain else groups
    room = max(most - len(certain), 0)
    return [*certain, *(draw_fixed_size(rest, rng, at_most=room) if room else ())]


_PRINCIPAL = (("role", "principal"),)
_SECONDARY = (("role", "secondary"),)
_COMPLICATION = (("role", "complication"),)
_SAID: tuple[FactType, FactType] = ("symptom", "finding")
_TEMPERATURE = "vital:temperature"
_FEVER = 38.0
_FEVERISH = frozenset({"symptom:fever", "symptom:chills", "symptom:low_body_temperature"})
_ABSENT = re.compile(r"\b(?:no|not|without|absent|free of|intact|normal)\b", re.IGNORECASE)
_REDRAWS = 6
_LEAST_DIASTOLIC = 40
"""Below it a cuff reads nothing that a note would give."""
_BREATHING = frozenset({"vital:oxygen_saturation", "vital:respiratory_rate"})


def _settle_pressures(values: dict[str, float], flags: dict[str, str], rng: random.Random) -> None:
    """Diastolic pressure goes with systolic where the condition speaks of one of them only."""
    top, bottom = _BP
    if top in flags and bottom not in flags:
        values[bottom] = round(values[top] * (0.56 + 0.1 * rng.random()))
    elif bottom in flags and top not in flags:
        values[top] = max(values[top], round(values[bottom] * (1.45 + 0.1 * rng.random())))
    if values[bottom] > values[top] - 20:
        values[bottom] = round(values[top] * 0.62)
    if values[bottom] < _LEAST_DIASTOLIC and top in flags:
        values[bottom] = _LEAST_DIASTOLIC
        values[top] = max(values[top], _LEAST_DIASTOLIC + 22)
