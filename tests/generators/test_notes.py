"""Notes: header, headings in the clinician's style, pieces in plan order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from writing import draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.notes import header_fields, lay_out_note
from casewright.generators.pieces import Segment, Written
from casewright.generators.plan import Plan, plan_document
from casewright.kg.graph import Graph
from casewright.prompts.library import HEADER_FIELDS, PromptLibrary
from casewright.records import Case, Draft


@pytest.fixture(scope="module")
def cases(graph: Graph, library: PromptLibrary) -> Sequence[Case]:
    return list(sampler_of(graph, library, 41).cases(range(25)))


@pytest.fixture(scope="module")
def write(graph: Graph, checker: Checker, library: PromptLibrary) -> Callable[[Case, str], Draft]:
    writer = writer_of(graph, checker, library)
    return lambda case, kind: draft(writer, case, kind)


def note_kind(case: Case) -> str:
    """The clinic note or discharge summary of the case's setting."""
    return "discharge_summary" if case.setting == "inpatient" else "clinic_note"


def laid_out(case: Case, library: PromptLibrary, **style: str) -> tuple[Plan, str]:
    """A note whose pieces say only their own name."""
    kind = note_kind(case)
    plan = plan_document(case, kind, library.kind(kind))
    written = {
        p.piece_id: Written((Segment(f"<{p.piece_id}>", "model"),), 1, 0) for p in plan.pieces
    }
    chosen = replace_style(library, case, **style)
    return plan, lay_out_note(plan, written, case, library, chosen, seed=1, document_id="d").text


def replace_style(library: PromptLibrary, case: Case, **changes: str):  # type: ignore[no-untyped-def]
    plain = {"lines": (), "assessment_first": False, **changes}
    return library.styles[case.style].model_copy(update=plain)


def test_pieces_stand_once_in_plan_order_under_their_headings(
    cases: Sequence[Case], library: PromptLibrary
) -> None:
    for case in cases:
        plan, text = laid_out(case, library, headings="full", heading_case="title")
        assert re.findall(r"<(s\d+p\d+)>", text) == [p.piece_id for p in plan.pieces]
        for number, section in enumerate(plan.spec.sections):
            assert section.headings is not None
            heading = f"\n{section.headings['full']}:\n"
            held = [p for p in plan.pieces if p.section == number]
            assert text.count(heading) == bool(held)
            if held:
                assert text.index(heading) < text.index(f"<{held[0].piece_id}>")


@pytest.mark.parametrize(
    ("headings", "case", "wanted"),
    [("full", "title", "\nHistory of Present Illness:\n"),
     ("full", "upper", "\nHISTORY OF PRESENT ILLNESS:\n"),
     ("short", "title", "\nHPI:\n")],
)  # fmt: skip
def test_headings_follow_the_style(
    headings: str, case: str, wanted: str, cases: Sequence[Case], library: PromptLibrary
) -> None:
    _, text = laid_out(cases[0], library, headings=headings, heading_case=case)
    assert wanted in text


def test_a_header_names_only_the_planned_identity(
    cases: Sequence[Case], library: PromptLibrary, write: Callable[[Case, str], Draft]
) -> None:
    for case in cases:
        text = write(case, note_kind(case)).text
        who = case.identity
        head = text.split("\n\n")[1]
        assert text.startswith(who.facility + "\n")
        assert f"Patient: {who.full_name}\n" in head
        assert f"MRN: {who.mrn}\n" in head
        assert f"{who.birth_date:%m/%d/%Y}" in head
        assert f"{who.encounter_date:%m/%d/%Y}" in head
        assert who.clinician in head
        if case.setting == "inpatient":
            assert f"Discharged: {who.discharge_date:%m/%d/%Y}" in head


def test_every_header_field_is_filled(cases: Sequence[Case]) -> None:
    for case in cases:
        fields = header_fields(case, "Clinic note")
        assert set(fields) == HEADER_FIELDS
        assert all(fields.values())


def test_notes_are_whole_and_tidy(
    cases: Sequence[Case], library: PromptLibrary, write: Callable[[Case, str], Draft]
) -> None:
    for case in cases:
        drafted = write(case, note_kind(case))
        assert "  " not in drafted.text
        assert "\n\n\n" not in drafted.text
        assert not re.search(r"[{}<>|]", drafted.text)
        assert drafted.turns == ()
        body = drafted.text.split("\n\n", 2)[2]
        for line in body.splitlines():
            assert not line or line.endswith((":", ".")) or line.startswith("- "), line
            assert line == line.strip()


def test_the_same_note_is_written_again(
    cases: Sequence[Case], library: PromptLibrary, write: Callable[[Case, str], Draft]
) -> None:
    for case in cases[:5]:
        kind = note_kind(case)
        assert write(case, kind) == write(case, kind)
        named = replace(case, identity=replace(case.identity, mrn="00000000"))
        assert write(named, kind).text != write(case, kind).text


def test_titles_of_a_kind_vary(cases: Sequence[Case], library: PromptLibrary) -> None:
    plan, _ = laid_out(cases[0], library)
    texts = {
        lay_out_note(
            replace(plan, pieces=()), {}, cases[0], library, library.styles["narrative"],
            seed=1, document_id=f"d{n}",
        ).text.splitlines()[1]
        for n in range(40)
    }  # fmt: skip
    assert texts == set(plan.spec.title)
