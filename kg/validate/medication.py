"""Drugs: class, interaction, allergy, pregnancy, disease, age, dose and place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from casewright.kg.graph import Graph, Medication
from casewright.kg.validate.doses import (
    Amount,
    Limits,
    daily_dose,
    egfr_at_most,
    exceeds,
    limits_of,
    most,
)
from casewright.kg.validate.rules import Violation
from casewright.kg.validate.tables import (
    AllergyRule,
    DiseaseRule,
    Interaction,
    drug_table,
)
from casewright.kg.validate.view import View, condition_of, known
from casewright.records import Fact

__all__ = ["Drugs"]

_INFUSED = re.compile(r"\bcontinuous\b|/(?:minute|hour)\b|\bper (?:minute|hour)\b", re.IGNORECASE)
# A transdermal patch gives micrograms an hour for days, and oxygen is breathed at home, too.
_WORN = re.compile(r"\bskin\b|\btransderm|\bpatch\b|\bpump\b|\bnasal\b|\binhal", re.IGNORECASE)


@dataclass(slots=True)
class Drugs:
    """Rules on drugs. What a pair of drugs, or a drug and a code, comes under is kept."""

    graph: Graph
    _pairs: dict[tuple[str, str], tuple[tuple[str, str, str, Interaction | None], ...]] = field(
        default_factory=dict
    )
    _diseases: dict[tuple[str, str], DiseaseRule | None] = field(default_factory=dict)
    _pregnant: dict[str, bool] = field(default_factory=dict)
    _allergens: dict[str, tuple[frozenset[str], tuple[str, ...]]] = field(default_factory=dict)
    _limits: dict[str, Limits | None] = field(default_factory=dict)

    def __call__(self, view: View) -> Iterator[Violation]:
        """Violations of a case."""
        facts = view.of("medication")
        if not facts:
            return
        drugs: dict[str, Medication] = {}
        for fact in facts:
            drug = known(self.graph, fact.concept)
            if isinstance(drug, Medication):
                drugs[fact.concept] = drug
        held = [f for f in facts if f.concept in drugs and f.polarity == "present"]
        yield from self._together(view, drugs)
        pregnant = any(self._is_pregnancy(code) for code in view.codes)
        for fact in held:
            drug = drugs[fact.concept]
            if pregnant and (drug.pregnancy_avoid or _is(drug, drug_table().pregnancy.drugs)):
                yield Violation(
                    "drug-pregnancy", f"{drug.name} in pregnancy", (fact.fact_id,), view.codes[:1],
                    drug_table().pregnancy.citation,
                )  # fmt: skip
            yield from self._disease(view, fact, drug)
            yield from _too_young(view, fact, drug)
            yield from self._doses(view, fact, drug)
            yield from _place(view, fact)
        yield from self._allergies(view, held, drugs)

    def _together(self, view: View, drugs: dict[str, Medication]) -> Iterator[Violation]:
        told: set[tuple[str, str, str]] = set()
        for group in view.drugs(at_once=True):
            for number, fact in enumerate(group):
                for other in group[number + 1 :]:
                    a, b = drugs.get(fact.concept), drugs.get(other.concept)
                    if a is None or b is None:
                        continue
                    for rule, what, citation, entry in self._pair(a, b):
                        if entry is not None and not _holds(entry, view):
                            continue
                        if (rule, fact.fact_id, other.fact_id) not in told:
                            told.add((rule, fact.fact_id, other.fact_id))
                            ids = (fact.fact_id, other.fact_id)
                            yield Violation(rule, what, ids, (), citation)

    def _pair(
        self, a: Medication, b: Medication
    ) -> tuple[tuple[str, str, str, Interaction | None], ...]:
        found = self._pairs.get((a.id, b.id))
        if found is None:
            found = self._pairs[a.id, b.id] = tuple(self._worked_out(a, b))
        return found

    def _worked_out(
        self, a: Medication, b: Medication
    ) -> Iterator[tuple[str, str, str, Interaction | None]]:
        names = f"{a.name} and {b.name}"
        if a.id == b.id:
            yield "drug-class", f"{a.name} twice", "", None
            return
        if a.group is not None and a.group == b.group:
            yield "drug-class", f"{names}: both {a.group}", "", None
        barred = {e.target for e in self.graph.edges(a.id, "contraindicated_with")}
        barred_b = {e.target for e in self.graph.edges(b.id, "contraindicated_with")}
        if b.id in barred or a.id in barred_b:
            yield "drug-pair", names, "", None
        for entry in drug_table().interactions:
            for first, second in ((a, b), (b, a)):
                if _is(first, entry.a) and _is(second, entry.b):
                    yield "interaction", f"{names}: {entry.why}", entry.citation, entry
                    break

    def _disease(self, view: View, fact: Fact, drug: Medication) -> Iterator[Violation]:
        for code in view.codes:
            if drug.avoid_codes and code.startswith(drug.avoid_codes):
                yield Violation(
                    "drug-disease", f"{drug.name} in {code} (graph)", (fact.fact_id,), (code,),
                    next(iter(drug.values("citation")), ""),
                )  # fmt: skip
            key = (drug.id, code)
            if key not in self._diseases:
                self._diseases[key] = next(
                    (
                        rule
                        for rule in drug_table().diseases
                        if code.startswith(rule.codes)
                        and _is(drug, rule.drugs)
                        and not _is(drug, rule.except_)
                    ),
                    None,
                )
            entry = self._diseases[key]
            if entry is not None and not _is_local(fact):
                yield Violation(
                    "drug-disease", f"{drug.name} in {code}: {entry.why}", (fact.fact_id,),
                    (code,), entry.citation,
                )  # fmt: skip

    def _is_pregnancy(self, code: str) -> bool:
        """Whether a code says that the patient is pregnant now."""
        found = self._pregnant.get(code)
        if found is None:
            rule = drug_table().pregnancy
            condition = condition_of(self.graph, code)
            found = (
                code.startswith(rule.codes)
                and not code.startswith(rule.except_)
                and not (condition and rule.except_titles.search(condition.title))
            )
            self._pregnant[code] = found
        return found

    def _doses(self, view: View, fact: Fact, drug: Medication) -> Iterator[Violation]:
        if drug.id not in self._limits:
            self._limits[drug.id] = limits_of(drug)
        limits = self._limits[drug.id]
        if limits is None:
            return
        citation = next(iter(drug.values("citation")), "")
        egfr = egfr_at_most(view.codes, view.values)
        limit, why = most(limits, view.age, egfr, view.values.get("vital:weight"))
        if limit is None:
            return
        if not limit.parts:
            yield Violation("renal-dose", f"{drug.name} {why}", (fact.fact_id,), (), citation)
            return
        a_day = daily_dose(fact.value or "", fact.unit or "", fact.attribute("frequency") or "")
        if a_day is not None and exceeds(a_day, limit):
            yield Violation(
                "renal-dose" if why else "max-dose",
                f"{drug.name} {_text(a_day)} a day, at most {_text(limit)} {why}".strip(),
                (fact.fact_id,), (), citation,
            )  # fmt: skip

    def _barred(self, allergen_id: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """Drugs and classes that the graph keeps from those who are allergic."""
        found = self._allergens.get(allergen_id)
        if found is None:
            allergen = known(self.graph, allergen_id)
            found = (frozenset(), ())
            if allergen is not None:
                edges = self.graph.edges(allergen.id, "contraindicated_with")
                found = (frozenset(e.target for e in edges), allergen.values("avoid_class"))
            self._allergens[allergen_id] = found
        return found

    def _allergies(
        self, view: View, held: Sequence[Fact], drugs: dict[str, Medication]
    ) -> Iterator[Violation]:
        for allergy in view.of("allergy"):
            if allergy.polarity != "present":
                continue
            barred, classes = self._barred(allergy.concept)
            rules = _allergy_rules(allergy.name)
            for fact in held:
                drug = drugs[fact.concept]
                if drug.id in barred or drug.group in classes or _is(drug, rules):
                    yield Violation(
                        "drug-allergy", f"{drug.name} with an allergy to {allergy.name}",
                        (allergy.fact_id, fact.fact_id), (), drug_table().allergy_citation,
                    )  # fmt: skip


@lru_cache(maxsize=512)
def _allergy_rules(name: str) -> tuple[str, ...]:
    rules: Sequence[AllergyRule] = drug_table().allergies
    return tuple(drug for rule in rules if rule.words.search(name) for drug in rule.drugs)


def _text(amount: Amount) -> str:
    return f"{'/'.join(f'{part:g}' for part in amount.parts)} {amount.unit}"


def _is(drug: Medication, selectors: Sequence[str]) -> bool:
    return drug.id in selectors or drug.group in selectors


def _holds(entry: Interaction, view: View) -> bool:
    if entry.unless_setting == view.case.setting:
        return False
    return not entry.with_ or any(code.startswith(entry.with_) for code in view.codes)


_LOCAL = ("to the", "topical", "eye", "ear", "nostril", "applied", "skin", "vaginal", "rinse")


def _is_local(fact: Fact) -> bool:
    route = (fact.attribute("route") or "").lower()
    return any(part in route for part in _LOCAL)


def _too_young(view: View, fact: Fact, drug: Medication) -> Iterator[Violation]:
    years = view.case.demographics.age_years
    low, high = drug.min_age, drug.max_age
    if (low is not None and view.age < low) or (high is not None and years > high):
        yield Violation("drug-age", f"{drug.name} at {view.age:g} years", (fact.fact_id,))
        return
    for rule in drug_table().ages:
        if view.age >= rule.under or not _is(drug, rule.drugs) or _is(drug, rule.except_):
            continue
        if rule.codes and not any(code.startswith(rule.codes) for code in view.codes):
            continue
        yield Violation(
            "drug-age", f"{drug.name} at {view.age:g} years (not under {rule.under:g})",
            (fact.fact_id,), (), rule.citation,
        )  # fmt: skip


def _place(view: View, fact: Fact) -> Iterator[Violation]:
    how = f"{fact.unit or ''} {fact.attribute('frequency') or ''}"
    if fact.attribute("course") not in ("home", "new") or not _INFUSED.search(how):
        return
    if view.case.setting == "emergency" or _WORN.search(fact.attribute("route") or ""):
        return
    if "oxygen" in fact.concept:
        return
    yield Violation(
        "drug-place", f"{fact.name} {how.strip()} at home", (fact.fact_id,), (),
        drug_table().home_only_citation,
    )  # fmt: skip
