"""Who the patient is: ages and sexes of codes and concepts, dates, social and family history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from casewright.kg.graph import Concept, Graph
from casewright.kg.validate.rules import Violation
from casewright.kg.validate.tables import CodeGate, PeopleRule, gate_table
from casewright.kg.validate.view import View, condition_of, known
from casewright.records import Fact, Sex

__all__ = ["People"]

_NEWBORN = 0.17
"""Two months: the youngest patient that a case has is one month old."""
_TOLD_FROM = 3.0
_TOPICAL_AGE = ("symptom", "finding", "lab", "test", "procedure", "medication", "vital")
_LONGEST_STAY = 365
_SINGLE = frozenset({"tobacco", "alcohol", "living", "work"})


@dataclass(slots=True)
class People:
    """Rules code-sex, code-age, concept-sex, concept-age, self-report, identity, social,
    social-twice, family-history."""

    graph: Graph
    _gates: dict[str, tuple[CodeGate, ...]] = field(default_factory=dict)
    _fits: dict[tuple[str, str, str | None], _Who] = field(default_factory=dict)

    def __call__(self, view: View) -> Iterator[Violation]:
        """Violations of a case."""
        for code in view.codes:
            yield from self._code(view, code, past=False)
        for code in view.past:
            yield from self._code(view, code, past=True)
        for kind in _TOPICAL_AGE:
            for fact in view.of(kind):  # type: ignore[arg-type]
                yield from self._concept(view, fact)
        yield from _identity(view)
        yield from _social(view)
        yield from self._topics(view)
        yield from _family(view)

    def _code(self, view: View, code: str, *, past: bool) -> Iterator[Violation]:
        """What lies in the past still has a sex, and a youngest age."""
        sex, age = view.case.demographics.sex, view.age
        condition = condition_of(self.graph, code)
        if condition is not None:
            if condition.sex not in (None, sex):
                yield Violation("code-sex", f"{code} is of the {condition.sex} sex", (), (code,))
            low, high = condition.min_age, condition.max_age
            if high is not None:
                high = high + 1 if high >= 1 else max(high, _NEWBORN)
                if condition.chapter == 16:
                    high = _NEWBORN
            too_old = high is not None and age >= high and not past
            if (low is not None and age < low) or too_old:
                yield Violation(
                    "code-age", f"{code} at {view.case.demographics.age_text}: the graph has "
                    f"{_span(condition.min_age, condition.max_age)}", (), (code,),
                )  # fmt: skip
        gates = self._gates.get(code)
        if gates is None:
            gates = tuple(g for g in gate_table().codes if code.startswith(g.codes))
            self._gates[code] = gates
        for gate in gates:
            if gate.sex not in (None, sex):
                yield Violation(
                    "code-sex", f"{code} ({gate.says}) in a {sex} patient", (), (code,),
                    gate.citation,
                )  # fmt: skip
            limit = None if gate.max is None else gate.max if gate.max < 1 else gate.max + 1
            too_old = limit is not None and age >= limit and not past
            if (gate.min is not None and age < gate.min) or too_old:
                yield Violation(
                    "code-age", f"{code} ({gate.says}) at {view.case.demographics.age_text}: "
                    f"{_span(gate.min, gate.max)}", (), (code,), gate.citation,
                )  # fmt: skip

    def _concept(self, view: View, fact: Fact) -> Iterator[Violation]:
        key = (fact.concept, fact.name, fact.attribute("result"))
        fits = self._fits.get(key)
        if fits is None:
            fits = self._fits[key] = self._who(fact)
        demographics, age = view.case.demographics, view.age
        if fits.sex is not None and fits.sex != demographics.sex:
            yield Violation(
                "concept-sex", f"{fact.name} in a {demographics.sex} patient", (fact.fact_id,)
            )
        if (fits.low is not None and age < fits.low) or (
            fits.high is not None and demographics.age_years > fits.high
        ):
            yield Violation(
                "concept-age",
                f"{fact.name} at {demographics.age_text}: {_span(fits.low, fits.high)}",
                (fact.fact_id,),
            )
        if fits.told and age < _TOLD_FROM:
            yield Violation(
                "self-report",
                f"{fact.name}, told of a patient of {age:.1f} years",
                (fact.fact_id,),
            )

    def _topics(self, view: View) -> Iterator[Violation]:
        """Nobody lives alone and with a partner, smokes and has never smoked."""
        held: dict[str, Fact] = {}
        for fact in view.of("social"):
            concept = known(self.graph, fact.concept)
            topic = concept.group if concept is not None else None
            if topic not in _SINGLE:
                continue
            if topic in held:
                other = held[topic]
                yield Violation(
                    "social-twice", f"{other.name!r} and {fact.name!r}",
                    (other.fact_id, fact.fact_id),
                )  # fmt: skip
            held[topic] = fact

    def _who(self, fact: Fact) -> _Who:
        """Who can have the concept of a fact, by the graph and by its words."""
        concept = known(self.graph, fact.concept)
        if concept is None:
            return _Who(None, None, None, told=False)
        return _Who(
            concept.sex or self._worded(fact), concept.min_age, concept.max_age,
            told=fact.type == "symptom" and _told(concept),
        )  # fmt: skip

    def _worded(self, fact: Fact) -> Sex | None:
        """The sex that the words of a fact are of, if of one. Of drugs words say nothing."""
        if fact.type == "medication":
            return None
        text = f"{fact.name} {fact.attribute('result') or ''}"
        words = gate_table().words
        sexes: tuple[Sex, ...] = ("female", "male")
        found = [sex for sex in sexes if any(w.search(text) for w in words[sex])]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class _Who:
    """Who can have a concept; `told`: only where a patient can tell of it."""

    sex: Sex | None
    low: float | None
    high: float | None
    told: bool


def _told(concept: Concept) -> bool:
    return concept.type == "Symptom" and "true" not in concept.values("observable")


def _span(low: float | None, high: float | None) -> str:
    if high is None:
        return f"from {low:g} years on"
    return f"up to {high:g} years" if low is None else f"{low:g} to {high:g} years"


def _identity(view: View) -> Iterator[Violation]:
    case = view.case
    identity, demographics = case.identity, case.demographics

    def wrong(what: str) -> Violation:
        return Violation("identity", what)

    if not identity.birth_date < identity.encounter_date:
        yield wrong("born after the encounter")
        return
    months = _months(identity.birth_date, identity.encounter_date)
    if months // 12 != demographics.age_years:
        yield wrong(f"dates make {months // 12} years, the case says {demographics.age_years}")
    if demographics.age_years < 2 and demographics.age_months not in (None, months):
        yield wrong(f"dates make {months} months, the case says {demographics.age_months}")
    told = demographics.age_months
    if demographics.age_years < 2 and told is not None and told // 12 != demographics.age_years:
        yield wrong("years and months of age do not agree")
    discharge = identity.discharge_date
    if discharge is not None:
        stay = (discharge - identity.encounter_date).days
        if not 0 <= stay <= _LONGEST_STAY:
            yield wrong(f"a stay of {stay} days")
        if case.setting != "inpatient":
            yield wrong(f"a discharge date in the setting {case.setting}")
    elif case.setting == "inpatient":
        yield wrong("an inpatient without a discharge date")
    other = {"female": "Mr.", "male": "Ms."}[demographics.sex]
    if identity.title and (identity.title == other or (other == "Ms." and "s." in identity.title)):
        yield wrong(f"{identity.title} for a {demographics.sex} patient")
    if demographics.age_years < 14 and identity.title:
        yield wrong(f"{identity.title} for a child")


def _months(birth: date, day: date) -> int:
    months = (day.year - birth.year) * 12 + day.month - birth.month
    return months - (day.day < birth.day)


_PACK_YEARS = re.compile(r"(\d+(?:\.\d+)?)[- ]pack[- ]years?", re.IGNORECASE)
_YEARS_AGO = re.compile(r"(\d+) years? ago", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _said(text: str) -> tuple[PeopleRule, ...]:
    """The rules that a statement comes under."""
    table = gate_table()
    return tuple(
        rule
        for rule in (*table.social, *table.social_codes)
        if rule.says.search(text) and not (rule.unless and rule.unless.search(text))
    )


def _social(view: View) -> Iterator[Violation]:
    for fact in view.of("social"):
        if fact.polarity not in ("present", "historical"):
            continue
        for rule in _said(fact.name):
            young = rule.min is not None and view.age < rule.min
            old = rule.max is not None and view.case.demographics.age_years > rule.max
            codes = tuple(c for c in view.codes if c.startswith(rule.codes)) if rule.codes else ()
            if young or old:
                yield Violation(
                    "social", f"{rule.what} at {view.case.demographics.age_text}: {fact.name!r}",
                    (fact.fact_id,), (), rule.citation,
                )  # fmt: skip
            if codes:
                yield Violation(
                    "social", f"{rule.what} beside {', '.join(codes)}", (fact.fact_id,), codes,
                    rule.citation,
                )  # fmt: skip
        years = _PACK_YEARS.search(fact.name)
        if years and float(years[1]) > 3 * max(view.age - 10, 0):
            yield Violation("social", f"{years[0]} at {view.age:g} years", (fact.fact_id,))
        ago = _YEARS_AGO.search(fact.name)
        if ago and int(ago[1]) > view.age - 10:
            yield Violation("social", f"{fact.name!r} at {view.age:g} years", (fact.fact_id,))
    held: dict[str, Fact] = {}
    for fact in view.of("social"):
        if fact.concept in held:
            yield Violation(
                "social", f"{fact.name!r} twice", (held[fact.concept].fact_id, fact.fact_id)
            )
        held[fact.concept] = fact


def _family(view: View) -> Iterator[Violation]:
    table = gate_table()
    for fact in view.of("family_history"):
        relative, code = fact.attribute("relative") or "", fact.code or ""
        for gate in table.family:
            words = table.relatives[gate.not_]
            if code.startswith(gate.codes) and any(relative.endswith(w) for w in words):
                yield Violation(
                    "family-history", f"{fact.name} of a {relative}", (fact.fact_id,), (code,),
                    gate.citation,
                )  # fmt: skip
