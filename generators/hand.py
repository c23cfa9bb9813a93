"""A clinician's own words for the same thing: "pulse" for heart rate, "twice a day".

Which of the wordings of hand.yaml a clinician has is theirs in all that they write. What is said
stays the same, and so does what is labelled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

import yaml
from pydantic import BaseModel, ConfigDict

from casewright.generators.wording import Item, with_unit
from casewright.records import Fact
from casewright.seeds import derive_rng

__all__ = ["Hand", "hand_of"]

_Wordings = Mapping[str, tuple[str, ...]]


class _Words(BaseModel):
    """hand.yaml in memory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vitals: _Wordings
    lines: _Wordings
    units: _Wordings
    orders: tuple[tuple[str, ...], ...]
    routes: _Wordings
    frequencies: _Wordings
    flags: _Wordings


@lru_cache(maxsize=1)
def _words() -> _Words:
    path = Path(__file__).with_name("hand.yaml")
    return _Words.model_validate(yaml.safe_load(path.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Hand:
    """The wordings of one clinician, by what they stand for, and an order of vital signs."""

    wordings: Mapping[str, Mapping[str, str]]
    order: tuple[str, ...]

    def item(self, item: Item, fact: Fact) -> Item:
        """The parts of a fact in the clinician's words."""
        said = dict(item)
        if fact.type == "vital":
            said["name"] = self._of("vitals", item["name"])
            if "short" in item:
                said["short"] = self._of("lines", item["short"])
            if fact.value is not None and item["value"] != fact.value and fact.unit:
                said["value"] = with_unit(fact.value, self._of("units", fact.unit))
        elif fact.type == "medication":
            said["route"] = self._of("routes", item.get("route", ""))
            said["frequency"] = self._frequency(item.get("frequency", ""))
        elif fact.type == "lab" and "flag" in item:
            said["flag"] = self._of("flags", item["flag"])
        return said

    def sorted(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Vital signs in the clinician's order; other facts as they are."""
        if any(f.type != "vital" or f.name not in self.order for f in facts):
            return facts
        return sorted(facts, key=lambda f: self.order.index(f.name))

    def _of(self, table: str, said: str) -> str:
        return self.wordings[table].get(said, said)

    def _frequency(self, said: str) -> str:
        """Each known part of "every 6 hours as needed", the longest first."""
        for known, own in self.wordings["frequencies"].items():
            said = re.sub(rf"\b{known}\b", own, said)
        return said


@lru_cache(maxsize=4096)
def hand_of(seed: int, clinician: str) -> Hand:
    """The words that a clinician of a run has: a pure function of both."""
    rng: Random = derive_rng(seed, clinician, "hand")
    words = _words()
    tables = {name: getattr(words, name) for name in type(words).model_fields if name != "orders"}
    return Hand(
        {
            name: {known: rng.choice(said) for known, said in table.items()}
            for name, table in tables.items()
        },
        rng.choice(words.orders),
    )
