"""Quotas: cells assigned to indices, within less than one case of their share at any time."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.errors import CasewrightError
from casewright.kg.quotas import Quota, QuotaPlan


@given(st.lists(st.integers(1, 60), min_size=1, max_size=9))
def test_counts_are_met_exactly_and_evenly(counts: list[int]) -> None:
    plan = QuotaPlan([Quota(count=c) for c in counts])
    total, held = sum(counts), Counter[int]()
    for index in range(2 * total):
        cell = plan.cell_of(index)
        assert cell is not None
        held[cell] += 1
        for number, count in enumerate(counts):
            assert abs(held[number] - count * (index + 1) / total) < 1
        if index + 1 == total:
            assert [held[n] for n in range(len(counts))] == counts


@given(st.lists(st.floats(0.0001, 0.2), min_size=1, max_size=4), st.integers(0, 10**9))
def test_the_cell_of_an_index_needs_no_other_index(shares: list[float], index: int) -> None:
    quotas = [Quota(share=s) for s in shares]
    assert QuotaPlan(quotas).cell_of(index) == QuotaPlan(quotas).cell_of(index)


def test_what_the_shares_leave_is_for_anyone() -> None:
    plan = QuotaPlan([Quota(sex="male", share=0.25)])
    assert plan.cells[-1] == Quota()
    assert Counter(plan.cell_of(i) for i in range(100)) == {0: 25, 1: 75}


def test_without_quotas_there_is_no_cell() -> None:
    assert QuotaPlan([]).cell_of(3) is None


def test_shares_of_more_than_all_and_mixed_measures_are_refused() -> None:
    with pytest.raises(CasewrightError, match=r"add up to 120\.00%"):
        QuotaPlan([Quota(share=0.7), Quota(share=0.5)])
    with pytest.raises(CasewrightError, match="a share and others a count"):
        QuotaPlan([Quota(share=0.7), Quota(count=5)])
