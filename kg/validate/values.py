"""Numbers: bounds, flags, directions, and what codes and findings say of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from casewright.kg.graph import Graph, Lab, Relation
from casewright.kg.validate.rules import Violation
from casewright.kg.validate.tables import CodeResult, CodeValue, FindingValue, value_table
from casewright.kg.validate.view import View, condition_of, known
from casewright.records import Fact

__all__ = ["Values"]

_RATES = ("vital:heart_rate", "vital:respiratory_rate", "vital:systolic_bp")
_BLOOD_PRESSURE = "vital:blood_pressure"


@dataclass(slots=True)
class Values:
    """Rules plausible, blood-pressure, child-vitals, flag, direction, code-value, sign-value,
    fever."""

    graph: Graph
    _by_code: dict[str, tuple[CodeValue, ...]] = field(default_factory=dict)
    _by_finding: dict[tuple[str, str], tuple[FindingValue, ...]] = field(default_factory=dict)
    _results: dict[str, tuple[CodeResult, ...]] = field(default_factory=dict)
    _sides: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def __call__(self, view: View) -> Iterator[Violation]:
        """Violations of a case."""
        for fact in view.of("vital", "lab"):
            if fact.value is None or fact.polarity != "present":
                continue
            if fact.concept == _BLOOD_PRESSURE:
                yield from self._pressure(view, fact)
                continue
            lab = known(self.graph, fact.concept)
            if not isinstance(lab, Lab):
                continue
            number = view.values.get(fact.concept)
            if number is None:
                yield Violation("plausible", f"{fact.name} {fact.value!r}", (fact.fact_id,))
                continue
            yield from _bounds(view, fact, lab, number)
            yield from _flag(view, fact, lab, number)
            yield from self._direction(view, fact, lab)
        yield from self._codes(view)
        yield from self._negative(view)
        yield from self._findings(view)
        yield from _fever(view)

    def _pressure(self, view: View, fact: Fact) -> Iterator[Violation]:
        high, low = view.values.get("systolic"), view.values.get("diastolic")
        if high is None or low is None:
            yield Violation("plausible", f"blood pressure {fact.value!r}", (fact.fact_id,))
            return
        least = value_table().pulse_pressure
        if high - low < least.least:
            yield Violation(
                "blood-pressure", f"{fact.value} mmHg", (fact.fact_id,), (), least.citation
            )
        low_end, high_end = _range_at("vital:systolic_bp", view, "rates")
        if not low_end <= high <= high_end:
            yield Violation(
                "child-vitals" if view.child else "plausible",
                f"blood pressure {fact.value} at {view.age:g} years", (fact.fact_id,),
            )  # fmt: skip
        flag = fact.attribute("flag")
        systolic = known(self.graph, "vital:systolic_bp")
        diastolic = known(self.graph, "vital:diastolic_bp")
        if not view.child and isinstance(systolic, Lab) and isinstance(diastolic, Lab):
            ups = [_side_of(systolic, high, view), _side_of(diastolic, low, view)]
            if (flag == "high" and "high" not in ups) or (flag == "low" and "low" not in ups):
                yield Violation("flag", f"{fact.value} mmHg is flagged {flag}", (fact.fact_id,))
            # A note calls 132/82 normal (under 140/90), as clinics do who follow ESC or AAFP.
            if flag == "normal" and (high >= 140 or low >= 90 or high < 90):
                yield Violation("flag", f"{fact.value} mmHg is flagged normal", (fact.fact_id,))

    def _direction(self, view: View, fact: Fact, lab: Lab) -> Iterator[Violation]:
        """A deviation is not to the side opposite to all that the diagnoses' edges say."""
        flag = fact.attribute("flag")
        if flag not in ("high", "low"):
            return
        said: set[str] = set()
        for code in view.codes:
            key = (code, lab.id)
            sides = self._sides.get(key)
            if sides is None:
                relation: Relation = "changes_vital" if lab.type == "VitalSign" else "changes_lab"
                edges = (
                    self.graph.edges(f"icd:{code}", relation) if f"icd:{code}" in self.graph else ()
                )
                sides = frozenset(e.direction for e in edges if e.target == lab.id and e.direction)
                self._sides[key] = sides
            said |= sides
        if said and flag not in said:
            yield Violation(
                "direction", f"{lab.name} is {flag}, the diagnoses make it {'/'.join(said)}",
                (fact.fact_id,), view.codes[:1],
            )  # fmt: skip

    def _codes(self, view: View) -> Iterator[Violation]:
        for code in view.codes:
            rules = self._by_code.get(code)
            if rules is None:
                rules = tuple(r for r in value_table().codes if code.startswith(r.codes))
                self._by_code[code] = rules
            for rule in rules:
                number = view.values.get(rule.value)
                if number is None or (view.child and rule.value == "vital:heart_rate"):
                    continue
                if _outside(number, rule.least, rule.most):
                    yield Violation(
                        "code-value", f"{code} with {rule.value} {number:g}",
                        (view.value_facts[rule.value].fact_id,), (code,), rule.citation,
                    )  # fmt: skip

    def _negative(self, view: View) -> Iterator[Violation]:
        """The test that defines the diagnosis is negative."""
        for test in view.of("test"):
            result = test.attribute("result")
            if not result or test.polarity != "present":
                continue
            for code in view.codes:
                rules = self._results.get(code)
                if rules is None:
                    rules = self._results[code] = tuple(self._results_of(code))
                for rule in rules:
                    if rule.test in (None, test.concept) and rule.not_.search(result):
                        yield Violation(
                            "result-diagnosis", f"{code}; {test.name}: {result}",
                            (test.fact_id,), (code,), rule.citation,
                        )  # fmt: skip

    def _results_of(self, code: str) -> Iterator[CodeResult]:
        condition = condition_of(self.graph, code)
        title = condition.title.lower() if condition else ""
        for rule in value_table().code_results:
            if code.startswith(rule.codes) and (rule.title is None or rule.title in title):
                yield rule

    def _findings(self, view: View) -> Iterator[Violation]:
        for fact in view.of("finding", "test"):
            text = fact.name if fact.type == "finding" else fact.attribute("result") or ""
            if fact.polarity != "present":
                continue
            rules = self._by_finding.get((fact.type, text))
            if rules is None:
                table = value_table()
                said = table.findings if fact.type == "finding" else table.results
                rules = tuple(r for r in said if r.name.search(text))
                self._by_finding[fact.type, text] = rules
            for rule in rules:
                number = view.values.get(rule.value)
                if number is None or (rule.adult and view.child):
                    continue
                if _outside(number, rule.least, rule.most):
                    yield Violation(
                        "sign-value", f"{text} with {rule.value} {number:g}",
                        (fact.fact_id, view.value_facts[rule.value].fact_id),
                    )  # fmt: skip


def _outside(number: float, least: float | None, most: float | None) -> bool:
    return (least is not None and number < least) or (most is not None and number > most)


def _range_at(vital: str, view: View, table: str) -> tuple[float, float]:
    rows = getattr(value_table(), table)[vital]
    assert not isinstance(rows, str)
    years = view.case.demographics.age_years
    return next((low, high) for up_to, low, high in rows if years <= up_to)


def _bounds(view: View, fact: Fact, lab: Lab, number: float) -> Iterator[Violation]:
    said = f"{fact.name} {fact.value} {fact.unit or ''}".strip()
    bounds = value_table().vitals.get(lab.id)
    if bounds is not None and not bounds.low <= number <= bounds.high:
        yield Violation("plausible", said, (fact.fact_id,), (), bounds.citation)
    elif lab.plausible is not None and not lab.plausible[0] <= number <= lab.plausible[1]:
        yield Violation(
            "plausible", f"{said}: {lab.plausible[0]:g} to {lab.plausible[1]:g}", (fact.fact_id,)
        )
    if lab.id in _RATES:
        rates = value_table().rates
        low, high = _range_at(lab.id, view, "rates")
        if not low <= number <= high:
            yield Violation(
                "child-vitals" if view.child else "plausible", f"{said} at {view.age:g} years",
                (fact.fact_id,), (), str(rates["citation"]),
            )  # fmt: skip
        normal = value_table().normal_rates
        if fact.attribute("flag") == "normal" and lab.id in normal:
            low, high = _range_at(lab.id, view, "normal_rates")
            if not low <= number <= high:
                yield Violation(
                    "child-vitals" if view.child else "flag",
                    f"{said} is flagged normal at {view.age:g} years", (fact.fact_id,), (),
                    str(normal["citation"]),
                )  # fmt: skip


def _reference(lab: Lab, view: View) -> Sequence[float] | None:
    if view.child and lab.ref_child is not None:
        return lab.ref_child
    own = lab.ref_female if view.case.demographics.sex == "female" else lab.ref_male
    return own or (lab.ref_male if lab.ref_female is None else lab.ref_female)


def _side_of(lab: Lab, number: float, view: View) -> str:
    reference = _reference(lab, view)
    if reference is None:
        return "normal"
    return "high" if number > reference[1] else "low" if number < reference[0] else "normal"


def _flag(view: View, fact: Fact, lab: Lab, number: float) -> Iterator[Violation]:
    flag = fact.attribute("flag")
    if flag is None or _reference(lab, view) is None:
        return
    # A child's rates are judged by age, above: one range for all children says little.
    if view.child and lab.id in (*_RATES, "vital:weight", "vital:height", "vital:bmi"):
        return
    side = _side_of(lab, number, view)
    if side != flag:
        low, high = _reference(lab, view) or (0.0, 0.0)
        yield Violation(
            "flag", f"{fact.name} {fact.value} is flagged {flag}, {low:g} to {high:g} is normal",
            (fact.fact_id,),
        )  # fmt: skip


def _fever(view: View) -> Iterator[Violation]:
    temperature = view.values.get("vital:temperature")
    if temperature is None:
        return
    rule = value_table().fever
    reading = view.value_facts["vital:temperature"].fact_id
    for fact in view.of("symptom"):
        if fact.concept == "symptom:fever" and fact.polarity == "denied":
            if temperature >= rule.from_:
                yield Violation(
                    "fever", f"fever is denied at {temperature:g} C", (fact.fact_id, reading), (),
                    rule.citation,
                )  # fmt: skip
        elif fact.concept == "symptom:low_body_temperature" and temperature >= rule.from_:
            yield Violation(
                "fever", f"a low temperature of {temperature:g} C", (fact.fact_id, reading)
            )
