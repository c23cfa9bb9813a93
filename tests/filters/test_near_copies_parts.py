"""The parts of the exact index beside the plain way of saying the same."""

from __future__ import annotations

import numpy as np
import pytest

from casewright.filters.near_copies.extents import MARGIN, around, extents
from casewright.filters.near_copies.hits import earliest
from casewright.filters.near_copies.lookup import Intervals
from casewright.filters.near_copies.normal import normalise
from casewright.filters.near_copies.remembered import Remembered
from casewright.filters.near_copies.runs import GRAM, REACH


@pytest.mark.parametrize(
    "sizes",
    [[7], [0, 0, 5, 0], [100] * 50, [1, 0, 0, 1] * 40 + [9000], [5000, *[1] * 300, 5000]],
    ids=["one", "empty ones", "alike", "a long one last", "short ones between"],
)
def test_intervals_are_those_that_a_binary_search_finds(sizes: list[int]) -> None:
    firsts = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint32)
    numbers = np.arange(firsts[-1], dtype=np.uint32)
    wanted = np.searchsorted(firsts, numbers, "right") - 1
    assert Intervals(firsts).find(numbers).tolist() == wanted.tolist()


def test_the_earliest_of_each_unit_are_those_that_sorting_puts_first() -> None:
    rng = np.random.default_rng(3)
    units = np.repeat([0, 2, 3, 0, 2], [50, 1000, 900, 20, 1030])
    # So few numbers that some are the same where it is cut off; a unit with few, and one with none.
    numbers = rng.integers(0, 700, 3000).astype(np.uint32)
    got = earliest(units, numbers, 700, 100)
    wanted = [
        place
        for unit in range(4)
        for place in sorted(
            np.flatnonzero(units == unit).tolist(), key=lambda at: int(numbers[at])
        )[:100]
    ]
    assert got.tolist() == sorted(wanted)
    assert earliest(units[:0], numbers[:0], 700, 100).tolist() == []


def test_extents_are_those_that_single_bytes_give() -> None:
    rng = np.random.default_rng(5)
    size = GRAM + 2 * MARGIN
    mine = rng.integers(0, 256, (400, size)).astype(np.uint8)
    theirs = mine.copy()
    for row in theirs[20:]:
        # Any bit of one to four bytes: high and low ones look different to a comparison of words.
        for place in rng.integers(0, size, rng.integers(1, 5)):
            row[place] ^= 1 << rng.integers(0, 8)
    which, left, right = extents(*(np.concatenate([around(r) for r in m]) for m in (mine, theirs)))
    wanted = []
    for number, same in enumerate(mine == theirs):
        before = [*same[MARGIN - REACH : MARGIN][::-1].tolist(), False].index(False)
        after = [*same[MARGIN + GRAM : MARGIN + GRAM + REACH].tolist(), False].index(False)
        if same[MARGIN : MARGIN + GRAM].all() and before + after >= REACH:
            wanted.append((number, before, after))
    assert list(zip(which.tolist(), left.tolist(), right.tolist(), strict=True)) == wanted
    assert 20 < len(wanted) < 400


@pytest.mark.parametrize("limit", [0, 500, 1_000_000], ids=["one at a time", "a few", "all"])
def test_remembered_rows_are_the_documents_bytes_however_few_are_kept(limit: int) -> None:
    documents = [f"Note  {n}:\tÄ {'x' * n} " + "word " * (n % 7 + 4) for n in range(40)]
    raw = [normalise(text).data.tobytes() for text in documents]
    remembered = Remembered(documents.__getitem__, len(documents), limit)
    rng = np.random.default_rng(7)
    for _ in range(3):
        wanted = rng.integers(0, len(documents), 200)
        offsets = np.array([rng.integers(0, len(raw[d]) - GRAM + 1) for d in wanted])
        seen: list[int] = []
        for which, rows in remembered.rows(wanted, offsets):
            seen += which.tolist()
            for place, row in zip(which, rows, strict=True):
                outside = b"\xff" * MARGIN
                whole = outside + raw[wanted[place]] + outside
                at = int(offsets[place])
                assert row.tobytes() == whole[at : at + GRAM + 2 * MARGIN]
        assert sorted(seen) == list(range(200))
