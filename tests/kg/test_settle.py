"""Symptoms made ready to draw: none repeats another, all have a probability, the sum fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.kg.compile.link import Link
from casewright.kg.compile.schema import SymptomEntry
from casewright.kg.compile.settle import CAP, LEAST, LEAST_EACH, MOST, settled, without_repeats

NAMES = ("cough", "productive cough", "fever", "chest pain", "arm pain", "pain", "rash",
         "skin rash", "nausea", "vomiting", "dizziness", "fatigue")  # fmt: skip
SYMPTOMS = {
    f"symptom:{name.replace(' ', '_')}": SymptomEntry(
        id=f"symptom:{name.replace(' ', '_')}",
        name=name,
        system="constitutional",
        broader=("symptom:pain",) if name == "arm pain" else (),
    )
    for name in NAMES
}


def edge(name: str, p: float | None = None, confidence: float = 0.9) -> Link:
    return Link(f"symptom:{name.replace(' ', '_')}", "has_symptom", 0, confidence, p)


@pytest.mark.parametrize(
    ("likelier", "other", "both"),
    [
        ("cough", "productive cough", False),  # narrower by its words
        ("arm pain", "pain", False),  # broader by the entry
        ("chest pain", "arm pain", True),  # one word in common, two places
        ("rash", "skin rash", False),
        ("fever", "cough", True),
    ],
)
def test_of_two_that_say_the_same_the_likelier_stays(likelier: str, other: str, both: bool) -> None:
    kept = without_repeats([edge(other, 0.3), edge(likelier, 0.8)], SYMPTOMS)
    assert kept[0] == edge(likelier, 0.8)
    assert len(kept) == (2 if both else 1)


def test_an_unknown_probability_is_assumed_and_marked() -> None:
    links = settled([edge("fever", 0.9), edge("nausea")], SYMPTOMS, least=0)
    assert [link.p for link in links] == [0.9, 0.35]
    assert links[1].details == (("p_from", "assumed"),) and links[0].details == ()


def test_other_edges_are_left_alone() -> None:
    drug = Link("drug:x", "treated_with", 0, 0.9)
    assert drug in settled([edge("fever", 0.1), drug], SYMPTOMS, least=LEAST)


APART = ("cough", "fever", "rash", "nausea", "vomiting", "dizziness", "fatigue")


@given(shares=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=len(APART)))
def test_the_sum_is_reached_the_order_kept_and_nothing_certain(shares: list[float]) -> None:
    links = [edge(name, share) for name, share in zip(APART, shares, strict=False)]
    found = settled(links, SYMPTOMS, least=LEAST)
    after = [link.p or 0.0 for link in found]
    assert all(0 < p <= CAP for p in after)
    assert after == sorted(after, reverse=True)
    assert sum(after) >= min(LEAST, LEAST_EACH * len(links)) - 0.01
    assert sum(after) <= MOST or len(after) <= 2
    before = {link.target: link.p or 0.0 for link in links}
    assert all((link.p or 0.0) >= min(before[link.target], CAP) - 1e-4 for link in found)
