"""The small graph of the tests, and facts written in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from casewright.filters.ledger import Checker
from casewright.kg.graph import Concept, Condition, FormKind, Lab, Medication, NodeType, SurfaceForm
from casewright.records import Demographics, Fact, Role, Turn

DATA = Path(__file__).parent / "data"
_KINDS: dict[str, FormKind] = {
    "synonyms": "synonym",
    "lay": "lay",
    "abbreviations": "abbreviation",
    "brands": "brand",
}


class SmallGraph:
    """As much of a graph as the checker reads, from data/graph.yaml."""

    def __init__(self) -> None:
        raw = yaml.safe_load((DATA / "graph.yaml").read_text())
        self._all = [_concept(kind, entry) for kind, group in raw.items() for entry in group]

    def concepts(self, *types: NodeType) -> Sequence[Concept]:
        return [c for c in self._all if not types or c.type in types]

    def parents(self, code: str) -> Sequence[str]:
        return [code[:n].rstrip(".") for n in range(len(code) - 1, 2, -1)]


def _concept(kind: NodeType, raw: Mapping[str, Any]) -> Concept:
    forms = [SurfaceForm(raw["name"], "preferred")]
    forms += [SurfaceForm(t, k) for key, k in _KINDS.items() for t in raw.get(key, ())]
    common = (raw["name"], tuple(forms), raw.get("group"), raw.get("normal"))
    if kind == "Condition":
        code = raw["code"]
        return Condition(
            f"icd:{code}",
            kind,
            *common,
            code=code,
            title=raw["title"],
            billable=True,
            visit_share=0.001,
        )
    if kind == "Medication":
        return Medication(raw["id"], kind, *common)
    if kind in ("LabTest", "VitalSign"):
        return Lab(raw["id"], kind, *common, unit=raw["unit"])
    return Concept(raw["id"], kind, *common)


@lru_cache(maxsize=1)
def checker() -> Checker:
    """One checker over the small graph for all tests."""
    return Checker(SmallGraph())


def fact_of(number: int, raw: Mapping[str, Any]) -> Fact:
    """A fact from its YAML form; the concept may be left out."""
    known = {"type", "concept", "name", "polarity", "duty", "code", "value", "unit", "id"}
    return Fact(
        fact_id=str(raw.get("id", f"f{number:02d}")),
        type=raw["type"],
        concept=str(raw.get("concept", raw["name"])),
        name=str(raw["name"]),
        polarity=raw.get("polarity", "present"),
        duty=raw.get("duty", "must"),
        code=raw.get("code"),
        value=str(raw["value"]) if "value" in raw else None,
        unit=raw.get("unit"),
        attributes=tuple((k, str(v)) for k, v in raw.items() if k not in known),
    )


_ROLES: dict[str, Role] = {
    "D": "doctor",
    "P": "patient",
    "C": "caregiver",
    "I": "interpreter",
    "N": "nurse",
}
_TAGS = {"D": "Doctor", "P": "Patient", "C": "Mother", "I": "Interpreter", "N": "Nurse"}


def dialogue_of(lines: Sequence[str]) -> tuple[str, tuple[Turn, ...]]:
    """Text and turns of lines such as "D: Any fever?"."""
    text, turns = "", []
    for line in lines:
        key, _, said = line.partition(": ")
        text += f"{_TAGS[key]}: "
        turns.append(Turn(_ROLES[key], said, len(text), len(text) + len(said)))
        text += f"{said}\n"
    return text, tuple(turns)


def demographics_of(raw: str | None) -> Demographics | None:
    """ "54F" as a record; months as "7m F"."""
    if raw is None:
        return None
    sex = "female" if raw[-1] == "F" else "male"
    number = raw[:-1].strip()
    if number.endswith("m"):
        months = int(number[:-1])
        return Demographics(months // 12, sex, months)
    return Demographics(int(number), sex)
