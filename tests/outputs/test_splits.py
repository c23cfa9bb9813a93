"""Divisions do not leak: whatever tells of another case stands on its side."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.errors import CasewrightError
from casewright.outputs.clusters import LIKENESS, Signatures, components, shingle_sets
from casewright.outputs.flat import guarded
from casewright.outputs.hf import export_hf
from casewright.outputs.rows import Row, read_rows
from casewright.outputs.rundir import RunDir
from casewright.outputs.splits import SPLITS, SplitPlan, divide
from casewright.records import CodedDiagnosis

WORDS = (Path(__file__).parent.parent.parent / "docs" / "rows.md").read_text("utf-8").split()


def prose(seed: int, size: int = 150) -> str:
    rng = np.random.default_rng(seed)
    return " ".join(f"{rng.choice(WORDS)}{chr(97 + int(rng.integers(26)))}" for _ in range(size))


def store(path: Path, rows: list[Row]) -> Path:
    with RunDir.open(path, FINGERPRINT, len(rows), about=ABOUT) as run:
        for row in rows:
            run.add(row)
        run.seal()
    return path


def bare(index: int, case: str, text: str, **changes: object) -> Row:
    row = replace(
        make_row(index), document_id=f"d{index:04d}", document_index=index, case_id=case,
        text=text, facts=(), entities=(), off_spec=(), phi=(), turns=(),
    )  # fmt: skip
    return replace(row, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """80 cases of two documents, with every tie that there can be between them."""
    made: list[Row] = []
    for case in range(80):
        patient = case // 3 if case < 30 else case  # thirty cases of ten patients
        pair = f"c{case ^ 1:04d}" if 40 <= case < 60 else None
        tied = case // 3 if case < 30 else case // 2
        code = CodedDiagnosis(f"{chr(65 + tied % 11)}1{tied % 11 % 10}.9", "Title", "principal")
        for _ in range(2):
            index = len(made)
            row = bare(index, f"c{case:04d}", prose(index), patient_id=f"p{patient:04d}")
            style = ("terse", "plain", "long", "list")[tied % 4]
            made.append(replace(row, partner_case_id=pair, style=style, icd10=(code,)))
    reason = make_row(1, keep=False).reasons
    for case in range(60, 80, 2):  # near-copies: a kept one and a rejected one in turn
        first, second = made[2 * case], 2 * case + 2
        words = first.text.split()
        words[5] = "Okafor"
        text = " ".join(words) + " 12 mg"
        made[second] = replace(made[second], text=text)
        if case % 4 == 0:
            bad = tuple(replace(r, evidence=()) for r in reason)
            made[second] = replace(made[second], outcome="rejected", reasons=bad)
    return made


@pytest.fixture(scope="module")
def run(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("splits") / "run", rows)


def leaks(rows: list[Row], side: dict[str, str]) -> list[str]:
    """Every tie between two sides, found the slow way."""
    found = []
    shingles = {r.document_id: jaccard_set(r.text) for r in rows}
    for a, b in itertools.combinations(rows, 2):
        if side[a.case_id] == side[b.case_id]:
            continue
        one, other = shingles[a.document_id], shingles[b.document_id]
        if len(one & other) >= LIKENESS * len(one | other) > 0:
            found.append(f"near-copies {a.document_id} {b.document_id}")
        if a.patient_id and a.patient_id == b.patient_id:
            found.append(f"patient {a.patient_id}")
        if a.partner_case_id == b.case_id:
            found.append(f"pair {a.case_id}")
    return found


def jaccard_set(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z\u0080-\U0010ffff]+", text.lower())
    return set(zip(*(words[i:] for i in range(5)), strict=False))


@pytest.mark.parametrize("by", ["case", "code", "template"])
def test_nothing_leaks_over_a_division(by: str, run: Path, rows: list[Row]) -> None:
    division = divide(run, SplitPlan(by=by))  # type: ignore[arg-type]
    side = {row.case_id: division.side(row.case_id) for row in rows}
    assert set(side.values()) == set(SPLITS)
    assert leaks(rows, side) == []
    naive = {case: SplitPlan().side(case) for case in side}
    assert {leak.split()[0] for leak in leaks(rows, naive)} == {"near-copies", "patient", "pair"}


def test_export_has_no_leak_and_every_document(run: Path, rows: list[Row], tmp_path: Path) -> None:
    folder = export_hf(run, tmp_path / "hf", configs=())
    side: defaultdict[str, set[str]] = defaultdict(set)
    for split in SPLITS:
        for path in sorted((folder / "documents").glob(f"{split}-*")):
            for row in read_rows(path):
                side[row.case_id].add(split)
    kept = [row for row in rows if row.outcome == "kept"]
    assert all(len(s) == 1 for s in side.values())
    assert leaks(kept, {case: s.copy().pop() for case, s in side.items()}) == []
    assert {r.document_id for r in read_rows(folder)} == {r.document_id for r in kept}


@pytest.mark.parametrize("by", ["code", "template"])
def test_what_is_held_out_stands_on_one_side(by: str, run: Path, rows: list[Row]) -> None:
    division = divide(run, SplitPlan(by=by))  # type: ignore[arg-type]
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        key = row.icd10[0].code[:3] if by == "code" else row.style
        sides[key].add(division.side(row.case_id))
    assert all(len(found) == 1 for found in sides.values())
    counted = division.sizes()
    assert max(counted, key=lambda split: counted[split]) == "train"


def test_what_hangs_together_wholly_cannot_be_held_out(tmp_path: Path) -> None:
    run = store(tmp_path / "run", [bare(i, f"c{i}", prose(i), style="one") for i in range(6)])
    with pytest.raises(CasewrightError, match="cannot be divided by template"):
        divide(run, SplitPlan(by="template"))


def test_a_side_stays_when_the_corpus_grows(rows: list[Row], run: Path, tmp_path: Path) -> None:
    more = [bare(len(rows) + i, f"d{i:04d}", prose(9000 + i)) for i in range(20)]
    grown = divide(store(tmp_path / "run", [*rows, *more]), SplitPlan())
    before = divide(run, SplitPlan())
    assert all(before.side(row.case_id) == grown.side(row.case_id) for row in rows)


def test_short_and_empty_texts_are_like_nothing() -> None:
    signatures = Signatures()
    signatures.add(pa.array(["", "no fever", "no fever", "", "12 mg", "a b c d"]))
    assert [len(side) for side in signatures.links()] == [0, 0]


def test_texts_beside_each_other_do_not_share_words() -> None:
    texts = [prose(1), prose(2), "é" + prose(3) + "é", "écrit " + prose(4), "", prose(5)]
    together, owners = shingle_sets(pa.array(texts))
    for number, text in enumerate(texts):
        alone, _ = shingle_sets(pa.array([text]))
        assert together[owners == number].tolist() == alone.tolist()
        assert len(set(alone.tolist())) == len(jaccard_set(text))


def test_an_array_that_is_a_slice_is_read_from_its_start() -> None:
    texts = pa.array([prose(i) for i in range(4)])
    part, _ = shingle_sets(texts.slice(2, 1))
    whole, owners = shingle_sets(texts)
    assert part.tolist() == whole[owners == 2].tolist()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39))))
def test_components_are_those_of_a_plain_search(size: int, drawn: list[tuple[int, int]]) -> None:
    edges = [(x % size, y % size) for x, y in drawn]
    a = np.array([x for x, _ in edges], dtype=np.int64)
    b = np.array([y for _, y in edges], dtype=np.int64)
    label = list(range(size))
    for _ in range(size):
        for x, y in edges:
            label[x] = label[y] = min(label[x], label[y])
    assert components(size, a, b).tolist() == label


# ------------------------------------------------------------------ formulas in CSV


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+SUM(A1)",
        "-2+3",
        "@cmd",
        "\tx",
        "\r=1",
        " =1",
        "\n=1",
        "＝1",
        "+1 555 0100",
        "- item",
    ],
)
def test_cells_that_begin_like_a_formula_are_guarded(cell: str) -> None:
    assert guarded(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell", ["", None, 3, -2.5, "-2.5", "+3", "plain", "a=b", "'=1", "Temp 38 °C", "148/92"]
)
def test_other_cells_are_left_as_they_are(cell: object) -> None:
    assert guarded(cell) == cell
