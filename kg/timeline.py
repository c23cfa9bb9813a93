"""Timelines: one patient over several encounters, with facts that persist, resolve or change.

An illness that gets worse leads from the clinic to the emergency department and from there to
a ward; every stay, and every visit that did not get worse, is followed up in the clinic.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from casewright.kg.chart import Carried
from casewright.kg.conditions import fits_setting, likely_in
from casewright.kg.graph import Condition
from casewright.kg.identity import age_on, at_another_encounter
from casewright.kg.patient import fits
from casewright.kg.plans import SEVERITIES, Severity
from casewright.kg.symptoms import describe, draw_symptoms
from casewright.records import Case, Demographics, Fact, Setting

if TYPE_CHECKING:
    from casewright.kg.cases import CaseSampler

__all__ = ["Timelines"]

Step = Literal["worse", "admitted", "follow_up"]

_GETS_WORSE = 0.35
_RESOLVED, _RESOLVED_CHRONIC = 0.65, 0.25
_LEFT, _LEFT_CHRONIC = 0.4, 0.8
"""How often an illness brings someone to hospital after a visit, how many symptoms are gone at
a follow-up, and how much of what was measured is left: choices of ours, for variety."""
_BRIEFLY = 21
"""Days for which a drug for an acute illness is taken when nobody said for how long."""


@dataclass(frozen=True, slots=True)
class _Next:
    step: Step
    setting: Setting


class Timelines:
    """The cases of patients with several encounters each."""

    def __init__(self, sampler: CaseSampler) -> None:
        self._sampler = sampler
        self._count = sampler.sampling.encounters
        self._settings = {s for s, weight in sampler.sampling.settings if weight > 0}
        self._known: tuple[int, list[Case]] | None = None

    def case(self, index: int) -> Case:
        """Case `index`: encounter `index % k` of patient `index // k`."""
        patient, number = divmod(index, self._count)
        # Neighbouring indices are asked for in turn; the cases are the same without this.
        if self._known is None or self._known[0] != patient:
            self._known = patient, [self._sampler.first(patient, patient * self._count)[0]]
        cases = self._known[1]
        while len(cases) <= number:
            cases.append(self._after(patient, cases))
        return cases[number]

    def _after(self, patient: int, cases: Sequence[Case]) -> Case:
        last, number = cases[-1], len(cases)
        sampler = self._sampler
        rng = sampler.rng("case", patient, "encounter", number)
        condition = sampler.plans.graph.condition(cases[0].principal.code)
        plan = sampler.plans.of(condition)
        following = self._next(last, condition, rng)
        day = _day(following, last, condition, rng)
        who = _aged(last, day)
        if not _still(condition, who, last):
            # Grown out of it, an infant say: seen again at once instead.
            day = last.identity.discharge_date or last.identity.encounter_date
            who = _aged(last, day)
            if not _still(condition, who, last):
                # Of the age at the last visit, or by a day or two older after a stay.
                who = last.demographics if last.setting != "inpatient" else who
        severity = _severity(following, last, condition)
        stay = sampler.stay(plan, following.setting, severity, rng)
        identity = at_another_encounter(
            last.identity, day, following.setting, rng, stay_days=stay
        )  # fmt: skip
        graph = sampler.plans.graph
        comorbid = [
            graph.condition(f.code or "")
            for f in last.facts_of("comorbidity")
            if f.attribute("role") == "secondary"
        ]
        coded = condition
        if following.step == "follow_up" and condition.encounter == "initial":
            coded = self._subsequent(condition)
        case, _ = sampler.encounter(
            patient=patient, index=patient * self._count + number, plan=plan, who=who,
            coded=coded, comorbid=comorbid, setting=following.setting, severity=severity, rng=rng,
            carried=self._carried(following, last, condition, day, who, rng), identity=identity,
        )  # fmt: skip
        return replace(
            case, encounter=number + 1, previous_case_id=last.case_id, style=last.style,
            persona=last.persona,
        )  # fmt: skip

    def _next(self, last: Case, condition: Condition, rng: random.Random) -> _Next:
        """What comes after an encounter, among the settings that the run has."""
        u = rng.random()

        def seen(setting: Setting) -> bool:
            return (
                setting in self._settings
                and fits_setting(condition, setting)
                and likely_in(condition, setting) >= 0.1
            )

        if last.setting == "emergency" and seen("inpatient"):
            admitted = any("admitted" in f.name for f in last.facts_of("disposition"))
            if admitted or ("outpatient" not in self._settings):
                return _Next("admitted", "inpatient")
        if last.setting == "outpatient" and last.encounter == 1 and u < _GETS_WORSE:
            for setting in ("emergency", "inpatient"):
                if seen(setting):
                    return _Next("worse", setting)
        if "outpatient" in self._settings:
            return _Next("follow_up", "outpatient")
        return _Next("follow_up", last.setting)

    def _subsequent(self, condition: Condition) -> Condition:
        """The injury's code once active treatment is over; its own where it has none."""
        graph = self._sampler.plans.graph
        for sign in "DEF":
            code = condition.code[:-1] + sign
            if f"icd:{code}" in graph:
                other = graph.condition(code)
                if other.encounter == "subsequent" and other.concept == condition.concept:
                    return other
        return condition

    def _carried(
        self,
        following: _Next,
        last: Case,
        condition: Condition,
        day: date,
        who: Demographics,
        rng: random.Random,
    ) -> Carried:
        background = last.facts_of("allergy", "social", "family_history")
        home = tuple(_at_home(last, day, chronic=condition.chronic))
        present, denied = _symptoms_of(last)
        if following.step == "admitted":
            return Carried(background, home, present, denied)
        if following.step == "worse":
            return Carried(background, home, self._worse(present, condition, who, rng), ())
        chronic = condition.chronic
        gone = _RESOLVED_CHRONIC if chronic else _RESOLVED
        left: list[Fact] = []
        resolved: list[Fact] = []
        for fact in present:
            if rng.random() < gone:
                resolved.append(_resolved(fact))
            else:
                left.append(replace(fact, attributes=(("course", "persisting"),)))
        return Carried(
            background, home, tuple(left), tuple(resolved),
            labs=last.facts_of("lab"),
            abating=_LEFT_CHRONIC if chronic else _LEFT,
            lasting=chronic,
            treat=bool(left) and rng.random() < 0.4,
        )  # fmt: skip

    def _worse(
        self,
        present: Sequence[Fact],
        condition: Condition,
        who: Demographics,
        rng: random.Random,
    ) -> tuple[Fact, ...]:
        """The symptoms of before without their onset, and others that have come since."""
        held = {f.concept for f in present}
        plan = self._sampler.plans.of(condition)
        drawn = draw_symptoms(plan, who, rng, at_most=self._sampler.sampling.max_symptoms)
        room = max(self._sampler.sampling.max_symptoms - len(present), 0)
        more = [s for s in drawn if s.concept.id not in held][:room]
        kept = [
            replace(f, attributes=tuple(a for a in f.attributes if a[0] != "onset"))
            for f in present
        ]
        new = [
            Fact("", "symptom", s.concept.id, s.concept.name,
                 attributes=tuple(a for a in s.attributes if a[0] != "onset"))
            for s in describe(more, who, rng)
        ]  # fmt: skip
        return (*kept, *new)


def _symptoms_of(case: Case) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    symptoms = case.facts_of("symptom")
    present = tuple(f for f in symptoms if f.polarity == "present")
    return present, tuple(f for f in symptoms if f.polarity == "denied")


def _resolved(fact: Fact) -> Fact:
    return replace(fact, polarity="denied", attributes=(("course", "resolved"),))


def _day(following: _Next, last: Case, condition: Condition, rng: random.Random) -> date:
    """The day of the next encounter."""
    end = last.identity.discharge_date or last.identity.encounter_date
    if following.step == "admitted":
        return last.identity.encounter_date
    if following.step == "worse":
        return end + timedelta(days=1 + int(rng.random() * 4))
    first, last_day = (7, 21) if last.setting != "outpatient" else (10, 28)
    if condition.chronic and last.setting == "outpatient":
        first, last_day = 60, 180
    return end + timedelta(days=first + int(rng.random() * (last_day - first + 1)))


def _still(condition: Condition, who: Demographics, last: Case) -> bool:
    """Whether the patient is of an age for the condition; a newborn's is counted in months."""
    if condition.max_age is not None and condition.max_age < 1:
        return who.age_years == 0 and who.age_months == last.demographics.age_months
    return fits(condition, who)


def _aged(last: Case, day: date) -> Demographics:
    years, months = age_on(last.identity.birth_date, day)
    return Demographics(years, last.demographics.sex, months)


def _severity(following: _Next, last: Case, condition: Condition) -> Severity:
    place = SEVERITIES.index(last.severity)
    if following.step == "worse":
        return SEVERITIES[min(place + 1, 2)]
    if following.step == "admitted":
        return last.severity
    return last.severity if condition.chronic and last.setting == "outpatient" else SEVERITIES[0]


_DURATION = re.compile(r"(\d+|one|two|three|four|six) (day|week|month)")
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6}
_DAYS = {"day": 1, "week": 7, "month": 30}


def _at_home(last: Case, day: date, *, chronic: bool) -> list[Fact]:
    """Drugs that the patient takes at home by now: of old, and begun and not yet over."""
    since = last.identity.discharge_date or last.identity.encounter_date
    found: list[Fact] = []
    for fact in last.facts_of("medication"):
        course, duration = fact.attribute("course"), fact.attribute("duration")
        if course not in ("home", "new"):
            continue
        if fact.concept in {f.concept for f in found}:
            continue
        if course == "new" and not (duration or chronic) and (day - since).days > _BRIEFLY:
            continue
        if duration and course == "new":
            match = _DURATION.search(duration)
            if match is not None:
                number = int(match[1]) if match[1].isdigit() else _NUMBERS[match[1]]
                if number * _DAYS[match[2]] <= (day - since).days:
                    continue
        attributes = tuple(
            (k, "home" if k == "course" else v) for k, v in fact.attributes if k != "duration"
        )
        found.append(replace(fact, attributes=attributes))
    return found
