"""The hand-checked documents (data/gold.jsonl.gz) and how labels are compared with them.

Each line is a document with its case's facts and the entities that a reviewer lets stand:
[start, end, label, assertion, verdict]. The verdict says what the reviewer made of what the
checker had found: right, or put right in label, assertion or boundary, or missed. Spans that
the reviewer struck out are not in the list.

What is marked: symptoms, signs, illnesses, drugs, tests with values or results, procedures,
allergens, habits and circumstances of life, course, disposition and follow-up. Not marked:
the reaction beside an allergen, the mechanism of an injury, dose and route, what a test found
where no concept is named. A vital sign without its name is marked at its value.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casewright.records import Check, Demographics, Fact, Turn

__all__ = ["Agreement", "GoldDocument", "compare", "gold_documents"]

GOLD = Path(__file__).parent / "data" / "gold.jsonl.gz"


@dataclass(frozen=True)
class GoldDocument:
    """One document; `entities` are (start, end, label, assertion, verdict)."""

    id: str
    kind: str
    source: str
    text: str
    turns: tuple[Turn, ...]
    demographics: Demographics
    facts: tuple[Fact, ...]
    entities: tuple[tuple[int, int, str, str, str], ...]


def gold_documents() -> Iterator[GoldDocument]:
    """The documents in file order."""
    with gzip.open(GOLD, "rt", encoding="utf-8") as file:
        for line in file:
            yield _document(json.loads(line))


def _document(raw: dict[str, Any]) -> GoldDocument:
    text = raw["text"]
    facts = tuple(
        Fact(**{**f, "attributes": tuple((k, v) for k, v in f.get("attributes", ()))})
        for f in raw["facts"]
    )
    turns = tuple(Turn(r, text[a:b], a, b) for r, a, b in raw["turns"])
    entities = tuple((a, b, label, said, v) for a, b, label, said, v in raw["entities"])
    return GoldDocument(
        raw["id"], raw["kind"], raw["source"], text, turns, Demographics(**raw["patient"]),
        facts, entities,
    )  # fmt: skip


@dataclass
class Agreement:
    """Counts over documents; boundaries must agree to the character."""

    found: int = 0
    gold: int = 0
    same: int = 0
    same_label: int = 0
    same_assertion: int = 0

    @property
    def precision(self) -> float:
        return self.same / max(1, self.found)

    @property
    def recall(self) -> float:
        return self.same / max(1, self.gold)

    @property
    def assertion(self) -> float:
        return self.same_assertion / max(1, self.same)

    @property
    def label(self) -> float:
        return self.same_label / max(1, self.same)


def compare(check: Check, documents: list[GoldDocument]) -> tuple[Agreement, list[str]]:
    """Label the documents afresh and compare with what the reviewer lets stand."""
    total, differences = Agreement(), []
    for d in documents:
        ledger = check(d.text, d.facts, d.demographics, d.turns)
        found = {(e.start, e.end): (e.label, e.assertion) for e in ledger.entities}
        gold = {(a, b): (label, said) for a, b, label, said, _ in d.entities}
        total.found += len(found)
        total.gold += len(gold)
        for place, (label, said) in found.items():
            words = " ".join(d.text[slice(*place)].split())
            if place not in gold:
                differences.append(f"{d.id}: {words!r} ({label}, {said}) is not in the gold")
                continue
            total.same += 1
            total.same_label += gold[place][0] == label
            total.same_assertion += gold[place][1] == said
            if gold[place] != (label, said):
                differences.append(f"{d.id}: {words!r} is {gold[place]}, found {(label, said)}")
        for place in gold.keys() - found.keys():
            words = " ".join(d.text[slice(*place)].split())
            differences.append(f"{d.id}: {words!r} {gold[place]} is missed")
    return total, differences
