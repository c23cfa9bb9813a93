"""Notes: header, headings in the clinician's style, pieces in plan order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from writing import draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.notes import _DATES, header_fields, lay_out_note
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
    plain = {"lines": (), "assessment_first": False, "heading_form": "block", **changes}
    return library.styles[case.style].model_copy(update=plain)


def test_pieces_stand_once_in_plan_order_under_their_headings(
    cases: Sequence[Case], library: PromptLibrary
) -> None:
    for case in cases:
        plan, text = laid_out(case, library, headings="full", heading_case="title")
        found = re.findall(r"<(s\d+p\d+)>", text)
        assert sorted(found) == sorted(p.piece_id for p in plan.pieces)
        # Background stands in an order of the clinician's; all else as planned.
        fixed = [p.piece_id for p in plan.pieces if not plan.spec.sections[p.section].background]
        assert [f for f in found if f in fixed] == fixed
        for number, section in enumerate(plan.spec.sections):
            assert section.headings is not None
            headings = [f"\n{h}:\n" for h in section.headings["full"]]
            held = [p for p in plan.pieces if p.section == number]
            assert sum(f"{h}<{p.piece_id}>" in text for h in headings for p in held[:1]) == bool(
                held
            )


@pytest.mark.parametrize(
    ("headings", "case", "wanted"),
    [("full", "title", r"\n(?:History of )?Present Illness:\n|\n(?:Presenting )?History:\n|"
      r"\nCurrent Illness:\n"),
     ("full", "upper", r"\n(?:HISTORY OF )?PRESENT ILLNESS:\n|\n(?:PRESENTING )?HISTORY:\n|"
      r"\nCURRENT ILLNESS:\n"),
     ("short", "title", r"\n(?:HPI|CC/HPI|Hx):\n")],
)  # fmt: skip
def test_headings_follow_the_style(
    headings: str, case: str, wanted: str, cases: Sequence[Case], library: PromptLibrary
) -> None:
    _, text = laid_out(cases[0], library, headings=headings, heading_case=case)
    assert re.search(wanted, text), text


def test_headings_stand_beside_their_text_or_bare_where_the_style_says_so(
    cases: Sequence[Case], library: PromptLibrary
) -> None:
    for form, pattern in (("inline", r"(?m)^[A-Z][\w /&-]+: <s0p0>"),
                          ("bare", r"(?m)^[A-Z][\w /&-]+\n<s0p0>")):  # fmt: skip
        _, text = laid_out(cases[0], library, heading_form=form, headings="full")
        assert re.search(pattern, text), text


def test_institutions_have_their_own_letterheads_and_keep_them(
    cases: Sequence[Case], library: PromptLibrary
) -> None:
    def head(case: Case) -> str:
        lines = laid_out(case, library)[1].split("\n\n")[:2]
        return re.sub(r"\d", "0", "\n".join(line.split(":")[0] for line in lines))

    kind = [c for c in cases if note_kind(c) == "clinic_note"]
    assert len({laid_out(c, library)[1].splitlines()[0].split(" ")[0] for c in kind}) > 3
    twin = replace(kind[0], identity=replace(kind[0].identity, mrn="12345678"))
    assert head(twin) == head(kind[0])


def test_a_header_names_only_the_planned_identity(
    cases: Sequence[Case], library: PromptLibrary, write: Callable[[Case, str], Draft]
) -> None:
    for case in cases:
        text = write(case, note_kind(case)).text
        who = case.identity
        first = min(text.index(p) for p in (":\n", "<s0p0>") if p in text)
        head = text[: text.rindex("\n\n", 0, first)]
        for planned in (who.facility, who.full_name, who.mrn, who.clinician):
            assert planned.lower() in head.lower(), text
        wanted = [who.birth_date, who.encounter_date]
        if case.setting == "inpatient" and who.discharge_date:
            wanted.append(who.discharge_date)
        for day in wanted:
            forms = {f.format(d=day) for forms in _DATES.values() for f in forms}
            assert any(form in head for form in forms), (day, head)


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
        assert not re.search(r"[{}<>|\[\]]", drafted.text)
        assert drafted.turns == ()
        body = drafted.text[re.search(r"\n\n[^\n]+:\n", drafted.text).start() :]  # type: ignore[union-attr]
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
        ).text.lower()
        for n in range(40)
    }  # fmt: skip
    assert len(texts) == len(plan.spec.title)
    for title in plan.spec.title:
        assert any(title.lower() in text for text in texts)
