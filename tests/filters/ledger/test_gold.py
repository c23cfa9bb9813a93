"""Labels against documents that were checked by hand, span by span."""

from __future__ import annotations

from collections import Counter

import pytest

from casewright.filters.ledger.check import Checker

from .gold import GoldDocument, compare, gold_documents


@pytest.fixture(scope="module")
def documents() -> list[GoldDocument]:
    return list(gold_documents())


def test_enough_documents_of_every_kind_were_checked(documents: list[GoldDocument]) -> None:
    assert len(documents) >= 200
    assert len({d.kind for d in documents}) >= 15
    assert Counter(d.source for d in documents)["hand"] >= 40
    assert len({d.text for d in documents}) == len(documents)


def test_reviewed_spans_are_true(documents: list[GoldDocument]) -> None:
    for d in documents:
        places = [(a, b) for a, b, *_ in d.entities]
        assert all(0 <= a < b <= len(d.text) for a, b in places)
        assert len(set(places)) == len(places)
        assert {v for *_, v in d.entities} <= {"right", "label", "assertion", "boundary", "missed"}


def test_labels_agree_with_the_reviewer(checker: Checker, documents: list[GoldDocument]) -> None:
    total, differences = compare(checker, documents)
    assert total.gold > 3000
    assert total.precision >= 0.98, differences
    assert total.recall >= 0.95, differences
    assert total.assertion >= 0.97, differences
    assert total.label >= 0.97, differences


def test_documents_by_other_hands_agree_too(
    checker: Checker, documents: list[GoldDocument]
) -> None:
    """The documents written by hand by themselves: away from the realiser's sentences."""
    total, differences = compare(checker, [d for d in documents if d.source == "hand"])
    assert total.precision >= 0.97, differences
    assert total.recall >= 0.95, differences
    assert total.assertion >= 0.97, differences
