"""A case as the rules look at it: sorted once, with ages in years and numbers parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from casewright.kg.graph import Concept, Condition, Graph
from casewright.records import Case, Fact, FactType

__all__ = ["View", "view_of"]

_AT_HOME = frozenset({"home", "new"})


@dataclass(frozen=True, slots=True)
class View:
    """One case, prepared.

    Attributes:
        age: in years, with months as a fraction below two.
        codes: of the diagnoses that are there now, the principal one first.
        past: codes of historical facts.
        by_type: the facts of each type.
        values: number by concept id; a blood pressure as "systolic" and "diastolic".
        value_facts: the fact of each number.
    """

    case: Case
    age: float
    child: bool
    codes: tuple[str, ...]
    past: tuple[str, ...]
    by_type: Mapping[FactType, list[Fact]]
    values: Mapping[str, float]
    value_facts: Mapping[str, Fact]

    def of(self, *types: FactType) -> list[Fact]:
        """Facts of the types, in order."""
        if len(types) == 1:
            return self.by_type.get(types[0], [])
        return [fact for kind in types for fact in self.by_type.get(kind, ())]

    def drugs(self, *, at_once: bool) -> list[list[Fact]]:
        """Drugs that are taken at one time: on the ward, and after it (or outside it).

        What is given on the ward and what is prescribed afterwards do not meet.
        """
        facts = [f for f in self.by_type.get("medication", ()) if f.polarity == "present"]
        if not at_once:
            return [facts]
        ward = [f for f in facts if f.attribute("course") in ("inpatient", "home")]
        after = [f for f in facts if (f.attribute("course") or "new") in _AT_HOME]
        return [ward, after] if len(ward) < len(facts) else [ward]


def view_of(graph: Graph, case: Case) -> View:
    """Prepare a case."""
    by_type: dict[FactType, list[Fact]] = {}
    values: dict[str, float] = {}
    value_facts: dict[str, Fact] = {}
    past: list[str] = []
    codes = [d.code for d in case.icd10]
    for fact in case.facts:
        by_type.setdefault(fact.type, []).append(fact)
        if fact.code and fact.polarity == "historical":
            past.append(fact.code)
        elif (
            fact.code
            and fact.code not in codes
            and fact.polarity == "present"
            and fact.type in ("diagnosis", "comorbidity")
        ):
            codes.append(fact.code)
        if fact.value is not None and fact.type in ("vital", "lab"):
            _read(fact, values, value_facts)
    demographics = case.demographics
    months = demographics.age_months
    age = float(demographics.age_years)
    if demographics.age_years < 2 and months is not None:
        age = months / 12
    return View(
        case=case, age=age, child=demographics.age_years < 18, codes=tuple(codes),
        past=tuple(past), by_type=by_type, values=values, value_facts=value_facts,
    )  # fmt: skip


def _read(fact: Fact, values: dict[str, float], value_facts: dict[str, Fact]) -> None:
    text = fact.value or ""
    parts = text.split("/")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return
    names = ("systolic", "diastolic") if len(numbers) == 2 else (fact.concept,)
    for name, number in zip(names, numbers, strict=False):
        values.setdefault(name, number)
        value_facts.setdefault(name, fact)


def known(graph: Graph, concept_id: str) -> Concept | None:
    """The concept of a fact, or None for one that the graph has no node for."""
    return graph.concept(concept_id) if concept_id in graph else None


def condition_of(graph: Graph, code: str) -> Condition | None:
    """The condition of a code, or None."""
    found = known(graph, f"icd:{code}")
    return found if isinstance(found, Condition) else None
