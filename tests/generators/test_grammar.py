"""What a reader stumbles over: each class by sentences that a weak model made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from casewright.generators.grammar import stumble
from casewright.generators.tasks import Task
from casewright.records import Fact

STUMBLES = yaml.safe_load((Path(__file__).parent / "data" / "stumbles.yaml").read_text("utf-8"))
GOOD = [(entry, text) for entry in STUMBLES for text in entry["good"]]
BAD = [
    (entry, text, why) for entry in STUMBLES for why, all_ in entry["bad"].items() for text in all_
]


def task_of(entry: Mapping[str, Any]) -> Task:
    facts = []
    for number, told in enumerate(entry["facts"]):
        kind, name = told.split(" ", 1)
        facts.append(Fact(f"f{number:02d}", kind, f"{kind}:{name}", name, duty="must"))
    return Task((7,), (), tuple(facts), lambda: "", speaker=entry.get("speaker"))


@pytest.mark.parametrize(("entry", "text"), GOOD, ids=[g[1] for g in GOOD])
def test_nobody_stumbles_over_what_people_write(entry: Mapping[str, Any], text: str) -> None:
    assert stumble(text, task_of(entry)) is None


@pytest.mark.parametrize(("entry", "text", "why"), BAD, ids=[b[1] for b in BAD])
def test_a_reader_stumbles_over_it(entry: Mapping[str, Any], text: str, why: str) -> None:
    assert stumble(text, task_of(entry)) == why


def test_a_section_may_weigh_and_refer() -> None:
    task = replace(task_of({"facts": ["symptom fatigue"]}), section=True)
    assert stumble("This may be fatigue of another kind, and she should rest.", task) is None
