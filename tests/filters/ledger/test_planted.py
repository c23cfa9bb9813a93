"""Planted errors are found and harmless edits are let pass (bounds of the project)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
import yaml

from casewright.filters.ledger.harmless import HARMLESS, rewrite
from casewright.filters.ledger.planted import ERRORS, plant
from casewright.filters.ledger.planting import Edited, Pool, Sample, is_found, is_passed
from casewright.filters.ledger.verdict import ledger_verdict

from .support import DATA, SmallGraph, checker, demographics_of, dialogue_of, fact_of

ROUNDS = 4


@lru_cache(maxsize=1)
def _samples() -> tuple[tuple[str, Sample], ...]:
    raw = yaml.safe_load((DATA / "documents.yaml").read_text())
    return tuple((d["id"], _sample(d)) for d in raw["documents"])


def _sample(raw: dict[str, Any]) -> Sample:
    turns: Any = ()
    text = raw.get("text", "")
    if "turns" in raw:
        text, turns = dialogue_of(raw["turns"])
    facts = tuple(fact_of(i, f) for i, f in enumerate(raw["facts"]))
    demographics = demographics_of(raw["patient"])
    assert demographics is not None
    return Sample(text, facts, demographics, turns, checker()(text, facts, demographics, turns))


@pytest.mark.parametrize("name", [n for n, _ in _samples()])
def test_unedited_document_states_all_and_adds_nothing(name: str) -> None:
    sample = dict(_samples())[name]
    verdict = ledger_verdict(sample.ledger, sample.facts, min_must_stated=1.0)
    assert verdict.keep, verdict.reasons
    assert all(s.status == "stated" and s.spans and s.why for s in sample.ledger.facts)


def _edits(make: Any) -> Iterator[tuple[Edited, Sample]]:
    pool = Pool.of(SmallGraph())
    for name, sample in _samples():
        for round_number in range(ROUNDS):
            rng = random.Random(f"{name} {round_number}")
            for edited in make(sample, rng, pool):
                yield edited, sample


def _measure(make: Any, judge: Any) -> tuple[Counter[str], Counter[str], list[str]]:
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    wrong: list[str] = []
    for edited, sample in _edits(make):
        assert all(edited.text[t.start : t.end] == t.text for t in edited.turns)
        ledger = checker()(edited.text, edited.facts, sample.demographics, edited.turns)
        total[edited.kind] += 1
        if judge(edited, ledger):
            right[edited.kind] += 1
        else:
            wrong.append(f"{edited.kind}: {edited.what}")
    return total, right, wrong


def test_planted_errors_are_found() -> None:
    total, right, wrong = _measure(plant, is_found)
    assert set(total) == set(ERRORS), "every class is planted"
    assert sum(right.values()) / sum(total.values()) >= 0.97, wrong
    for kind in total:
        assert right[kind] / total[kind] >= 0.93, (kind, wrong)


def test_harmless_edits_pass() -> None:
    total, right, wrong = _measure(rewrite, is_passed)
    assert set(total) == set(HARMLESS), "every class is made"
    assert sum(right.values()) / sum(total.values()) >= 0.98, wrong
