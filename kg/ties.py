"""What must agree within a case: drugs with the patient, numbers with codes and words.

The rules stand in the tables of the validator (kg/validate/*.yaml), each with its reference;
here they are asked before a fact is drawn, there afterwards, by code of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from re import Pattern

from casewright.kg.graph import Condition, Dosing, Graph, Medication
from casewright.kg.patient import Gate
from casewright.kg.validate.doses import dose_fits, limits_of
from casewright.kg.validate.tables import (
    CodeGate,
    FindingValue,
    combination_table,
    drug_table,
    gate_table,
    value_table,
)
from casewright.kg.validate.titles import told_by_title
from casewright.records import Demographics, Setting, Sex

__all__ = ["Bound", "Patient", "Ties"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A code says that a value is at least or at most so much."""

    value: str
    least: float | None
    most: float | None

    def holds(self, number: float) -> bool:
        """Whether a number is within."""
        return (self.least is None or number >= self.least) and (
            self.most is None or number <= self.most
        )

    def meets(self, other: Bound) -> bool:
        """Whether a number can be within both."""
        low = max(self.least or float("-inf"), other.least or float("-inf"))
        return low < min(_or_infinite(self.most), _or_infinite(other.most))


def _or_infinite(most: float | None) -> float:
    return float("inf") if most is None else most


@dataclass(frozen=True, slots=True)
class Patient:
    """What a drug has to agree with."""

    who: Demographics
    conditions: Sequence[Condition]
    codes: tuple[str, ...]
    setting: Setting
    pregnant: bool
    allergies: Sequence[tuple[str, ...]]
    values: Mapping[str, float]

    @property
    def age(self) -> float:
        """In years, with months as a fraction below two."""
        months = self.who.age_months
        return months / 12 if months is not None else float(self.who.age_years)


class Ties:
    """The tables, prepared for a graph; what is worked out once is kept."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._bounds: dict[str, tuple[Bound, ...]] = {}
        self._findings: dict[str, tuple[FindingValue, ...]] = {}
        self._results: dict[str, tuple[tuple[FindingValue, ...], tuple[Pattern[str], ...]]] = {}
        self._sexed: dict[str, frozenset[Sex]] = {}
        self._ruling: dict[str, tuple[tuple[str | None, Pattern[str]], ...]] = {}
        self._opposite: dict[str, frozenset[tuple[int, int]]] = {}
        self._avoided: dict[str, frozenset[str]] = {}
        self._entries: dict[str, tuple[tuple[frozenset[str], _When], ...]] = {}
        self._barring: dict[str, tuple[str, ...]] = {}
        self._pregnant: dict[str, bool] = {}
        self._limited: dict[str, bool] = {}
        self._fitting: dict[object, bool] = {}
        self._allergy: dict[str, tuple[str, ...]] = {}
        self._told: dict[str, frozenset[str]] = {}
        self._gates: dict[str, list[CodeGate]] = {}
        for gate in gate_table().codes:
            for prefix in gate.codes:
                self._gates.setdefault(prefix, []).append(gate)
        self.ward_only = frozenset(value_table().ward_only.procedures)
        self.ward_drugs = frozenset(value_table().ward_only.drugs)
        self._signs = combination_table().signs
        table = drug_table()
        drugs = [d for d in graph.concepts("Medication") if isinstance(d, Medication)]
        self._members = [
            (_those(drugs, i.a), _those(drugs, i.b), _When(i.with_, i.unless_setting))
            for i in table.interactions
        ]

    # ------------------------------------------------------------------ numbers and words

    def bounds(self, codes: Sequence[str]) -> dict[str, Bound]:
        """What the codes say of numbers, by concept id; the first code's word counts most."""
        found: dict[str, Bound] = {}
        for code in codes:
            for bound in self._bounds_of(code):
                found.setdefault(bound.value, bound)
        return found

    def opposed(self, codes: Sequence[str], other: str) -> bool:
        """Whether another code says of a number what these codes exclude."""
        said = self._bounds_of(other)
        if not said:
            return False
        known = self.bounds(codes)
        return any(b.value in known and not known[b.value].meets(b) for b in said)

    def _bounds_of(self, code: str) -> tuple[Bound, ...]:
        known = self._bounds.get(code)
        if known is None:
            known = self._bounds[code] = tuple(
                Bound(_VALUES.get(r.value, r.value), r.least, r.most)
                for r in value_table().codes
                if code.startswith(r.codes)
            )
        return known

    def finding_agrees(self, name: str, values: Mapping[str, float], *, child: bool) -> bool:
        """Whether a finding in words goes with the numbers."""
        rules = self._findings.get(name)
        if rules is None:
            rules = tuple(r for r in value_table().findings if r.name.search(name))
            self._findings[name] = rules
        return not rules or _agree(rules, values, child=child)

    def result_agrees(
        self, text: str, told: Sequence[str], values: Mapping[str, float], *, child: bool
    ) -> bool:
        """Whether a test's result in words goes with the numbers, and with what was told."""
        known = self._results.get(text)
        if known is None:
            table = value_table()
            known = self._results[text] = (
                tuple(r for r in table.results if r.name.search(text)),
                tuple(left for left, right in table.contrary_results if right.search(text)),
            )
        rules, contrary = known
        if any(pattern.search(name) for pattern in contrary for name in told):
            return False
        return not rules or _agree(rules, values, child=child)

    def opposites(self, name: str) -> frozenset[tuple[int, int]]:
        """Pairs of findings that exclude each other: (number of the pair, side of it)."""
        known = self._opposite.get(name)
        if known is None:
            known = self._opposite[name] = frozenset(
                (number, side)
                for number, pair in enumerate(value_table().opposites)
                for side in (0, 1)
                if pair[side].search(name)
            )
        return known

    def told_by_code(self, codes: Sequence[str]) -> set[str]:
        """Symptoms that are the diagnosis itself, which nobody with it denies."""
        found: set[str] = set()
        for code in codes:
            told = self._told.get(code)
            if told is None:
                signs = {self._signs[code[:n]] for n in _SIZES if code[:n] in self._signs}
                told = self._told[code] = told_by_title(code, self._title(code)) | signs
            found |= told
        return found

    def _title(self, code: str) -> str:
        condition = self._graph.concept(f"icd:{code}")
        assert isinstance(condition, Condition)
        return condition.title

    def ruled_out(self, codes: Sequence[str], test: str, result: str, sex: Sex) -> bool:
        """Whether a result rules a diagnosis of the case out, or is of the other sex."""
        words = self._sexed.get(result)
        if words is None:
            table = gate_table().words
            words = self._sexed[result] = frozenset(
                each for each in table if any(w.search(result) for w in table[each])
            )
        if len(words) == 1 and sex not in words:
            return True
        return any(self.rules_out(code, test, result) for code in codes)

    def rules_out(self, code: str, test: str, result: str) -> bool:
        """Whether a result rules the diagnosis of one code out."""
        rules = self._ruling.get(code)
        if rules is None:
            title = self._title(code).lower()
            rules = self._ruling[code] = tuple(
                (rule.test, rule.not_)
                for rule in value_table().code_results
                if code.startswith(rule.codes) and (rule.title is None or rule.title in title)
            )
        return any(t in (None, test) and words.search(result) for t, words in rules)

    def gates(self, condition: Condition) -> frozenset[Gate]:
        """Ages and sex that the code's rules leave, in completed years."""
        low, high = 0.0, float("inf")
        sex: Sex | None = None
        code = condition.code
        for size in range(1, len(code) + 1):
            for gate in self._gates.get(code[:size], ()):
                low = max(low, ceil(gate.min or 0.0))
                high = min(high, int(gate.max) if gate.max is not None else high)
                sex = gate.sex or sex
        return frozenset([(low, high, sex)])

    def rates_at(self, vital_id: str, age: int) -> tuple[float, float] | None:
        """The least and the most that a patient of that age can have, ill or well."""
        table = value_table().rates.get(vital_id)
        if table is None or isinstance(table, str):
            return None
        return next((low, high) for up_to, low, high in table if age <= up_to)

    # ------------------------------------------------------------------ drugs

    def pregnant(self, condition: Condition) -> bool:
        """Whether a code says that the patient is pregnant now."""
        known = self._pregnant.get(condition.code)
        if known is None:
            rule = drug_table().pregnancy
            known = self._pregnant[condition.code] = (
                # What a title places in a trimester is of one that goes on, wherever it stands.
                (condition.code.startswith(rule.codes) or "trimester" in condition.title.lower())
                and not condition.code.startswith(rule.except_)
                and not rule.except_titles.search(condition.title)
            )
        return known

    def allergy(self, name: str) -> tuple[str, ...]:
        """Ids and classes of the drugs that an allergy rules out, by the allergen's name."""
        known = self._allergy.get(name)
        if known is None:
            rules = drug_table().allergies
            known = tuple(d for r in rules if r.words.search(name) for d in r.drugs)
            self._allergy[name] = known
        return known

    def go_together(self, drug: Medication, held: Sequence[Medication], patient: Patient) -> bool:
        """Whether a drug can be taken with those held: another class, and no interaction."""
        mine = self._together(drug)
        entries = self._interactions(drug)
        for other in held:
            if other.id == drug.id or (other.group is not None and other.group == drug.group):
                return False
            if other.id in mine or drug.id in self._together(other):
                return False
            for members, when in entries:
                if other.id in members and when.holds(patient):
                    return False
        return True

    def tolerated(self, drug: Medication, patient: Patient) -> bool:
        """Whether pregnancy, disease, age and allergy let the patient have a drug."""
        table = drug_table()
        if patient.pregnant and (drug.pregnancy_avoid or _is(drug, table.pregnancy.drugs)):
            return False
        if any(self._bars(drug, code) for code in patient.codes):
            return False
        if any(_is(drug, barred) for barred in patient.allergies):
            return False
        if patient.setting == "outpatient" and drug.id in self.ward_drugs:
            return False
        age = patient.age
        if drug.min_age is not None and age < drug.min_age:
            return False
        return age >= _OLDEST_CHILD or not any(
            age < rule.under
            and _is(drug, rule.drugs)
            and not _is(drug, rule.except_)
            and (not rule.codes or any(c.startswith(rule.codes) for c in patient.codes))
            for rule in table.ages
        )

    def within_limits(self, drug: Medication, dosing: Dosing, patient: Patient) -> bool:
        """Whether a regimen keeps to the most in a day, by age and kidney function."""
        limited = self._limited.get(drug.id)
        if limited is None:
            limited = self._limited[drug.id] = limits_of(drug) is not None
        if not limited:
            return True
        egfr = patient.values.get("lab:egfr")
        kidneys = tuple(c for c in patient.codes if c.startswith(_KIDNEYS))
        key = (drug.id, dosing, min(patient.age, _OLDEST_CHILD), kidneys, egfr)
        known = self._fitting.get(key)
        if known is None:
            known = dose_fits(drug, dosing, patient.age, kidneys, egfr=egfr)
            if egfr is None:
                self._fitting[key] = known
        return known

    def _together(self, drug: Medication) -> frozenset[str]:
        known = self._avoided.get(drug.id)
        if known is None:
            edges = self._graph.edges(drug.id, "contraindicated_with")
            known = self._avoided[drug.id] = frozenset(e.target for e in edges)
        return known

    def _interactions(self, drug: Medication) -> tuple[tuple[frozenset[str], _When], ...]:
        known = self._entries.get(drug.id)
        if known is None:
            known = self._entries[drug.id] = tuple(
                (others, when)
                for a, b, when in self._members
                for mine, others in ((a, b), (b, a))
                if drug.id in mine
            )
        return known

    def _bars(self, drug: Medication, code: str) -> bool:
        barring = self._barring.get(drug.id)
        if barring is None:
            barring = self._barring[drug.id] = tuple(drug.avoid_codes) + tuple(
                prefix
                for r in drug_table().diseases
                if _is(drug, r.drugs) and not _is(drug, r.except_)
                for prefix in r.codes
            )
        return bool(barring) and code.startswith(barring)


def _agree(rules: Sequence[FindingValue], values: Mapping[str, float], *, child: bool) -> bool:
    for r in rules:
        number = values.get(_VALUES.get(r.value, r.value))
        if number is None or (r.adult and child):
            continue
        if not Bound(r.value, r.least, r.most).holds(number):
            return False
    return True


@dataclass(frozen=True, slots=True)
class _When:
    """Beside which codes an interaction counts, and in which setting it does not."""

    codes: tuple[str, ...]
    unless: Setting | None

    def holds(self, patient: Patient) -> bool:
        if self.unless == patient.setting:
            return False
        return not self.codes or any(c.startswith(self.codes) for c in patient.codes)


_VALUES = {"systolic": "vital:systolic_bp", "diastolic": "vital:diastolic_bp"}
_SIZES = (3, 5, 6)
_OLDEST_CHILD = 18.0
_KIDNEYS = ("N18", "I12", "I13")
"""Codes that tell the stage of a kidney disease."""


def _is(drug: Medication, selectors: Sequence[str]) -> bool:
    return drug.id in selectors or drug.group in selectors


def _those(drugs: Sequence[Medication], selectors: Sequence[str]) -> frozenset[str]:
    return frozenset(d.id for d in drugs if _is(d, selectors))
