"""Cases written by hand: a few keys of YAML make a whole case over the packaged graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from casewright.kg.graph import Condition, Graph
from casewright.records import Case, CodedDiagnosis, Demographics, Fact, Identity

__all__ = ["case_of"]

_ENCOUNTER = date(2024, 6, 15)


def case_of(graph: Graph, told: Mapping[str, Any]) -> Case:
    """A case from: age (or months), sex, setting, severity, codes, facts, and dates.

    A fact is [type, concept, {polarity, value, unit, name, code, and any attribute}].
    """
    years, months = int(told.get("age", 40)), told.get("months")
    if months is not None:
        years = int(months) // 12
    sex = told.get("sex", "female")
    setting = told.get("setting", "outpatient")
    codes: Sequence[str] = told.get("codes", ["J06.9"])
    conditions = [graph.concept(f"icd:{code}") for code in codes]
    assert all(isinstance(c, Condition) for c in conditions)
    raw = [["diagnosis", conditions[0].id, {"code": codes[0]}], *told.get("facts", ())]
    born = date(_ENCOUNTER.year - years, 3, 1)
    if months is not None:
        total = _ENCOUNTER.year * 12 + _ENCOUNTER.month - 1 - int(months)
        born = date(total // 12, total % 12 + 1, 1)
    title = "" if years < 18 else {"female": "Ms.", "male": "Mr."}[sex]
    return Case(
        case_id="c000000",
        index=0,
        demographics=Demographics(years, sex, months if years < 2 else None),
        setting=setting,
        icd10=tuple(
            CodedDiagnosis(c.code, c.title, "secondary" if number else "principal")
            for number, c in enumerate(conditions)
            if isinstance(c, Condition)
        ),
        facts=tuple(_fact(graph, number, *fact) for number, fact in enumerate(raw, 1)),
        identity=Identity(
            given="Ada", family="Moss", origin="english", title=told.get("title", title),
            birth_date=told.get("birth", born), encounter_date=told.get("encounter", _ENCOUNTER),
            discharge_date=told.get("discharge", date(2024, 6, 18))
            if setting == "inpatient" else told.get("discharge"),
            mrn="1", phone="", address="", facility="", clinician="", identifiers=(),
        ),
        style="narrative",
        persona="plain",
        severity=told.get("severity", "moderate"),
    )  # fmt: skip


_FIELDS = ("name", "polarity", "code", "value", "unit")


def _fact(
    graph: Graph, number: int, kind: Any, concept: str, rest: Mapping[str, Any] | None = None
) -> Fact:
    rest = dict(rest or {})
    fields = {key: rest.pop(key) for key in _FIELDS if key in rest}
    if "name" not in fields:
        fields["name"] = graph.concept(concept).name if concept in graph else concept
    attributes = tuple((key, str(value)) for key, value in rest.items())
    return Fact(f"f{number:02d}", kind, concept, attributes=attributes, **fields)
