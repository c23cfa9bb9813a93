"""Instructional notes: ranges, wildcards, inheritance, both directions."""

from __future__ import annotations

import pytest

from casewright.kg.compile.notes import Notes, references_in
from casewright.kg.compile.spine import Code, Spine
from casewright.kg.graph import Graph, load_graph

CODES = (
    "J00", "J01", "J01.0", "J01.00", "J02", "J06", "J06.9", "J09", "J18", "J18.9", "S82",
    "S82.0", "S82.1", "P23", "P23.0", "A04", "A04.0", "A04.4", "A04.40", "A04.7",
)  # fmt: skip


def small_spine(*group_notes: tuple[str, str, str]) -> Spine:
    def parent(code: str) -> str | None:
        for size in range(len(code) - 1, 2, -1):
            if code[:size].rstrip(".") in CODES and len(code[:size].rstrip(".")) < len(code):
                return code[:size].rstrip(".")
        return None

    codes = {
        code: Code(code, code, parent(code), code[:3], f"{code[0]}00-{code[0]}99", 10, True, ())
        for code in sorted(CODES)
    }
    return Spine(codes, {}, {}, {}, frozenset(), {}, {}, group_notes)


@pytest.mark.parametrize(
    ("note", "found"),
    [
        ("bacterial foodborne intoxications, NEC (A05.-)", ["A05"]),
        ("acute upper respiratory infections (J00-J06)", ["J00~J06"]),
        ("Escherichia coli infection (A04.0-A04.4)", ["A04.0~A04.4"]),
        ("fracture of lower leg (S82.-)", ["S82"]),
        ("sepsis (T80.211-)", ["T80.211"]),
        ("transfusion (T80.22-, T80.29-)", ["T80.22", "T80.29"]),
        ("tuberculosis (A15-A19) of the newborn (P37.0)", ["A15~A19", "P37.0"]),
        ("code, if applicable, for associated cachexia", []),
        ("poisoning (T36-T50 with fifth or sixth character 1-4)", []),
    ],
)
def test_a_note_names_codes_ranges_and_wildcards(note: str, found: list[str]) -> None:
    assert references_in(note) == found


@pytest.mark.parametrize(
    ("target", "codes"),
    [
        ("J18.9", ["J18.9"]),
        ("J00~J06", ["J00", "J01", "J02", "J06"]),
        ("A04.0~A04.4", ["A04.0", "A04.4"]),  # what is below A04.4 comes with it
        ("S82.-", ["S82"]),
        ("S82.0~S82.1", ["S82.0", "S82.1"]),
        ("Z99.9", []),
    ],
)
def test_a_target_is_expanded_at_the_depth_of_its_ends(target: str, codes: list[str]) -> None:
    assert Notes(small_spine(), ()).expand(target) == codes


def test_excludes1_is_mutual_and_holds_below_both_ends() -> None:
    notes = Notes(small_spine(), [("J18", "excludes1", "J00~J06"), ("J18", "excludes2", "S82")])
    for other in ("J00", "J01.00", "J06.9"):
        assert notes.excludes1("J18.9", other) and notes.excludes1(other, "J18.9")
    assert not notes.excludes1("J18.9", "J09")
    assert not notes.excludes1("J18.9", "S82.0")


def test_a_note_does_not_bar_a_code_from_what_is_below_it() -> None:
    assert not Notes(small_spine(), [("J01", "excludes1", "J01.0")]).excludes1("J01", "J01.00")


def test_a_note_of_a_block_holds_for_its_codes_and_not_within_it() -> None:
    block = "group:block-J00-J99"
    notes = Notes(
        small_spine((block, "excludes1", "of newborn (P23.-)"), (block, "excludes1", "x (J18.-)")),
        (),
    )
    assert notes.excludes1("J02", "P23.0") and notes.excludes1("P23.0", "J18.9")
    assert not notes.excludes1("J02", "J18.9")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph()


@pytest.mark.parametrize(
    ("code", "kind", "target"),
    [
        # Read in the FY2026 tabular list by hand.
        ("A05.0", "excludes1", "icd:A04.0"),  # at A05: Escherichia coli (A04.0-A04.4)
        ("A15.0", "excludes1", "icd:P37.0"),  # at block A15-A19: congenital tuberculosis
        ("A80.9", "excludes1", "icd:B91"),  # at block A80-A89: sequelae of poliomyelitis
        ("I10", "excludes1", "icd:O13"),  # at I10: O10-O11, O13-O16
        ("E11.9", "excludes1", "icd:E10"),
        ("E11.22", "use_additional", "icd:N18.1"),  # at E11.22: N18.1-N18.6
        ("E11.9", "use_additional", "icd:Z79.4"),
        ("D63.1", "code_first", "icd:N18"),
        ("F02.80", "code_first", "icd:G30"),
        ("I50.9", "code_first", "icd:I11.0"),
        ("J44.0", "code_also", "icd:J45"),
        ("M54.50", "excludes1", "icd:S39.012"),
        ("O14.03", "excludes2", "icd:F53"),  # at chapter 15
    ],
)
def test_notes_of_the_tabular_list_reach_the_code(
    graph: Graph, code: str, kind: str, target: str
) -> None:
    found = {edge.target for edge in graph.edges(f"icd:{code}", kind)}  # type: ignore[arg-type]
    assert target in found, sorted(found)


@pytest.mark.parametrize(
    ("a", "b", "barred"),
    [
        ("A15.0", "P37.0", True), ("A80.9", "B91", True), ("C18.9", "C46.4", True),
        ("J18.9", "P23.0", True), ("I10", "O13.9", True), ("J18.9", "J44.9", False),
        ("E11.9", "I10", False), ("O80", "Z34.90", True),
    ],
)  # fmt: skip
def test_excludes1_of_blocks_and_chapters_bars_pairs(
    graph: Graph, a: str, b: str, barred: bool
) -> None:
    assert graph.excludes1(a, b) is graph.excludes1(b, a) is barred
