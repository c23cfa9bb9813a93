"""Documents written by hand for sampled cases: the checker's ground away from home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casewright.filters.ledger.packaged import read_yaml
from casewright.records import Demographics, Fact, Role, Sex, Turn

__all__ = ["Written", "hand_written"]

_ROLES: dict[str, tuple[Role, str]] = {
    "D": ("doctor", "Doctor"),
    "P": ("patient", "Patient"),
    "C": ("caregiver", "Mother"),
    "N": ("nurse", "Nurse"),
}
_FIELDS = frozenset({"id", "type", "concept", "name", "polarity", "code", "value", "unit"})


@dataclass(frozen=True, slots=True)
class Written:
    """One document with the case that it was written for. `style` says how it is written."""

    id: str
    kind: str
    style: str
    text: str
    turns: tuple[Turn, ...]
    demographics: Demographics
    facts: tuple[Fact, ...]


def hand_written() -> list[Written]:
    """The documents of hand_written.yaml, which is part of the package."""
    return [_document(raw) for raw in read_yaml("hand_written.yaml")["documents"]]


def _document(raw: Mapping[str, Any]) -> Written:
    text, turns = _dialogue(raw["turns"]) if "turns" in raw else (str(raw["text"]), ())
    facts = tuple(_fact(f) for f in raw["facts"])
    who = _demographics(str(raw["patient"]))
    return Written(raw["id"], raw["kind"], raw["style"], text, turns, who, facts)


def _dialogue(lines: Sequence[str]) -> tuple[str, tuple[Turn, ...]]:
    text, turns = "", []
    for line in lines:
        key, _, said = line.partition(": ")
        role, name = _ROLES[key]
        text += f"{name}: "
        turns.append(Turn(role, said, len(text), len(text) + len(said)))
        text += f"{said}\n"
    return text, tuple(turns)


def _demographics(text: str) -> Demographics:
    """ "54F", or "7mF" in months."""
    sex: Sex = "female" if text.endswith("F") else "male"
    number = text[:-1]
    if number.endswith("m"):
        months = int(number[:-1])
        return Demographics(months // 12, sex, months)
    return Demographics(int(number), sex)


def _fact(raw: Mapping[str, Any]) -> Fact:
    return Fact(
        fact_id=raw["id"],
        type=raw["type"],
        concept=raw["concept"],
        name=raw["name"],
        polarity=raw.get("polarity", "present"),
        duty="must",
        code=raw.get("code"),
        value=raw.get("value"),
        unit=raw.get("unit"),
        attributes=tuple((k, str(v)) for k, v in raw.items() if k not in _FIELDS),
    )
