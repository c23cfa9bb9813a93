"""The shared assertion cases (assertion_set.yaml) and how a reader of them is scored.

Needs PyYAML only, so that readers in environments of their own can be scored with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

__all__ = ["AssertionCase", "AssertionScore", "read_cases", "score_reader"]

_TAGS = {"D": "Doctor", "P": "Patient", "C": "Mother", "I": "Interpreter", "N": "Nurse"}
_ROLES = {"D": "doctor", "P": "patient", "C": "caregiver", "I": "interpreter", "N": "nurse"}


@dataclass(frozen=True, slots=True)
class AssertionCase:
    """One text with gold spans (start, end, assertion) and turns (role, start, end)."""

    group: str
    text: str
    turns: tuple[tuple[str, int, int], ...]
    spans: tuple[tuple[int, int, str], ...]


def read_cases(source: str) -> list[AssertionCase]:
    """The cases of a YAML text. A concept is meant at its first place as whole words."""
    raw: Mapping[str, Sequence[Mapping[str, Any]]] = yaml.safe_load(source)
    return [_case(group, case) for group, cases in raw.items() for case in cases]


def _case(group: str, case: Mapping[str, Any]) -> AssertionCase:
    text, turns = str(case.get("text", "")), []
    for line in case.get("turns", ()):
        key, _, said = line.partition(": ")
        text += f"{_TAGS[key]}: "
        turns.append((_ROLES[key], len(text), len(text) + len(said)))
        text += f"{said}\n"
    spans = []
    for words, said in case["says"].items():
        at = _place(text, words)
        spans.append((at, at + len(words), str(said)))
    return AssertionCase(group, text, tuple(turns), tuple(sorted(spans)))


def _place(text: str, words: str) -> int:
    at = text.find(words)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(words) : at + len(words) + 1]
        if not before.isalnum() and not after.isalnum():
            return at
        at = text.find(words, at + 1)
    raise ValueError(f"{words!r} does not stand in {text!r}")


@dataclass(frozen=True, slots=True)
class AssertionScore:
    """What one reader got right.

    Attributes:
        accuracy: over the five values. groups: the same by group of cases.
        precision, recall, f1: of "denied", over the cases that are not of the family (where
            "no family history of" is both).
        wrong: what was read wrongly, for a reader.
    """

    name: str
    cases: int
    right: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    groups: dict[str, float]
    wrong: tuple[str, ...]


def score_reader(
    name: str, read: Callable[[AssertionCase], Sequence[str]], cases: Sequence[AssertionCase]
) -> AssertionScore:
    """Read all cases and count. `read` gives an assertion for each span of a case."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    table: Counter[tuple[bool, bool]] = Counter()
    wrong: list[str] = []
    for case in cases:
        for (start, end, gold), said in zip(case.spans, read(case), strict=True):
            total[case.group] += 1
            right[case.group] += said == gold
            if gold != "family":
                table[(gold == "denied", said == "denied")] += 1
            if said != gold:
                shown = " / ".join(case.text.split("\n"))
                wrong.append(f"[{case.group}] {case.text[start:end]}: {said}, is {gold}: {shown}")
    hits = table[(True, True)]
    precision = hits / max(1, hits + table[(False, True)])
    recall = hits / max(1, hits + table[(True, False)])
    return AssertionScore(
        name=name,
        cases=sum(total.values()),
        right=sum(right.values()),
        accuracy=sum(right.values()) / max(1, sum(total.values())),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / max(1e-9, precision + recall),
        groups={g: right[g] / n for g, n in total.items()},
        wrong=tuple(wrong),
    )
