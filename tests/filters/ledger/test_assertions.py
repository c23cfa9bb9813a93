"""What is asserted of a mention, case by case (data/assertions.yaml, data/dialogues.yaml)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from .support import DATA, checker, dialogue_of


def _cases(name: str) -> list[Any]:
    raw = yaml.safe_load((DATA / name).read_text())
    return [
        pytest.param(case, id=f"{group}: {case.get('text') or ' / '.join(case['turns'])}")
        for group, cases in raw.items()
        for case in cases
    ]


def _said(text: str, turns: Any = ()) -> dict[str, str]:
    ledger = checker()(text, [], None, turns)
    for entity in ledger.entities:
        assert text[entity.start : entity.end] == entity.text
    return {" ".join(e.text.lower().split()): e.assertion for e in ledger.entities}


@pytest.mark.parametrize("case", _cases("assertions.yaml"))
def test_sentence_asserts(case: dict[str, Any]) -> None:
    said = _said(case["text"])
    assert {k: said.get(k, "none") for k in case["says"]} == case["says"]


@pytest.mark.parametrize("case", _cases("dialogues.yaml"))
def test_dialogue_asserts(case: dict[str, Any]) -> None:
    text, turns = dialogue_of(case["turns"])
    said = _said(text, turns)
    assert {k: said.get(k, "none") for k in case["says"]} == case["says"]
