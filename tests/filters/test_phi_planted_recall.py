"""Recall on planted identifiers, to the bounds asked for; the figures stand in the messages."""

from __future__ import annotations

import pytest

from casewright.filters.disclosure.planted import Recall, clean_texts, measure, planted
from casewright.filters.phi import LEAK_SCORE, scan

BOUNDS = {
    "name": 0.98,
    "street": 0.98,
    "city": 0.95,
    "facility": 0.95,
    "ssn": 0.995,
    "phone": 0.995,
    "email": 0.995,
    "url": 0.995,
    "ip": 0.995,
    "mrn": 0.99,
    "account": 0.99,
    "date": 0.99,
    "age": 0.99,
}


def find(text: str) -> list[tuple[int, int]]:
    return [(h.start, h.end) for h in scan(text) if h.score >= LEAK_SCORE]


@pytest.fixture(scope="module")
def found() -> list[Recall]:
    groups, _ = measure(list(planted(seed=5, rounds=1)), find)
    return groups


@pytest.mark.parametrize("kind", sorted(BOUNDS))
def test_identifiers_of_every_class_are_found_whole(found: list[Recall], kind: str) -> None:
    of_kind = [r for r in found if r.kind == kind]
    total = sum(r.total for r in of_kind)
    assert total >= 30
    assert sum(r.found for r in of_kind) / total >= BOUNDS[kind], of_kind


def test_no_group_of_names_is_found_much_less_than_others(found: list[Recall]) -> None:
    worst = min((r for r in found if r.kind == "name"), key=lambda r: r.share)
    assert worst.share >= 0.96, worst


def test_a_detector_that_finds_nothing_has_no_recall() -> None:
    groups, missed = measure(list(planted(rounds=1))[:200], lambda text: [])
    assert all(r.found == 0 for r in groups)
    assert len(missed) == 200


def test_what_only_looks_like_an_identifier_is_left_alone() -> None:
    wrong = {t: [h.text for h in scan(t)] for t in clean_texts() if scan(t)}
    assert len(wrong) / len(clean_texts()) <= 0.02, wrong


@pytest.mark.parametrize("age", [1, 17, 54, 88, 89])
def test_ages_up_to_89_are_no_identifiers(age: int) -> None:
    for text in (f"{age}-year-old man with cough.", f"Age: {age}", f"She is {age} years old."):
        assert find(text) == []


@pytest.mark.parametrize(
    ("address", "identifies"),
    [
        ("www.patient.co.uk/", False),
        ("https://www.nhs.uk/conditions/migraine", False),
        ("https://www.nhs.uk/record/48213377", True),
        ("https://www.mayoclinic.org/?user=ann", True),
        ("www.nhs.uk.example.net/ann", True),
    ],
)
def test_public_health_sites_are_nobodys(address: str, identifies: bool) -> None:
    assert bool(find(f"Advised to read {address} and to ring back.")) == identifies
