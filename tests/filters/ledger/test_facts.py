"""Status of facts and findings off the case, case by case (data/facts.yaml)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from .support import DATA, checker, demographics_of, dialogue_of, fact_of


def _cases() -> list[Any]:
    raw = yaml.safe_load((DATA / "facts.yaml").read_text())
    return [
        pytest.param(case, id=f"{group}: {case.get('text') or ' / '.join(case['turns'])}")
        for group, cases in raw.items()
        for case in cases
    ]


@pytest.mark.parametrize("case", _cases())
def test_text_against_facts(case: dict[str, Any]) -> None:
    raw_facts = case.get("facts", [])
    facts = [
        fact_of(i, {k: v for k, v in f.items() if k != "status"}) for i, f in enumerate(raw_facts)
    ]
    turns: Any = ()
    text = case.get("text", "")
    if "turns" in case:
        text, turns = dialogue_of(case["turns"])
    ledger = checker()(text, facts, demographics_of(case.get("patient")), turns)
    for status, raw in zip(ledger.facts, raw_facts, strict=True):
        assert status.status == raw["status"], status
        assert status.why
        assert all(0 <= s.start < s.end <= len(text) for s in status.spans)
    found = sorted(
        f"{o.kind} {o.polarity}: {' '.join(o.text.lower().split())}" for o in ledger.off_spec
    )
    wanted = case.get("off")
    if wanted is not None:
        assert found == sorted(wanted)
    for finding in ledger.off_spec:
        assert text[finding.start : finding.end] == finding.text
