"""Laying out a note: header, headings in the clinician's style, and the written pieces."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from casewright.generators.assembly import Assembly
from casewright.generators.pieces import Written
from casewright.generators.plan import Piece, Plan
from casewright.prompts.library import PromptLibrary, Style, Variant
from casewright.records import Case
from casewright.seeds import derive_rng

__all__ = ["header_fields", "lay_out_note", "note_date"]


def note_date(value: object, form: str = "%m/%d/%Y") -> str:
    """A date as notes write it, in the US 03/14/2024."""
    return format(value, form)


def header_fields(case: Case, title: str, date: str = "%m/%d/%Y") -> dict[str, str]:
    """What a header template may use (prompts.library.HEADER_FIELDS); `date`: how dates are."""
    identity = case.identity
    discharge = identity.discharge_date or identity.encounter_date
    return {
        "facility": identity.facility,
        "title": title,
        "name": identity.full_name,
        "birth_date": note_date(identity.birth_date, date),
        "mrn": identity.mrn,
        "encounter_date": note_date(identity.encounter_date, date),
        "discharge_date": note_date(discharge, date),
        "clinician": identity.clinician,
        "phone": identity.phone,
        "address": identity.address,
        "age": case.demographics.age_text,
        "sex": case.demographics.sex,
    }


def lay_out_note(
    plan: Plan,
    written: Mapping[str, Written],
    case: Case,
    library: PromptLibrary,
    style: Style,
    *,
    seed: int,
    document_id: str,
) -> Assembly:
    """Join the pieces of a note in plan order. Sections without a piece are left out."""
    out = Assembly()
    if plan.spec.header:
        rng = derive_rng(seed, document_id, "title")
        name = plan.spec.header
        if isinstance(style, Variant):
            name = style.headers.get(name, name)
        header = library.template(name)
        fields = header_fields(case, rng.choice(plan.spec.title), library.grammar.date)
        out.add(header.text(**fields) + "\n", "template")
    for number in _order(plan, style):
        section = plan.spec.sections[number]
        pieces = [p for p in plan.pieces if p.section == number]
        if not pieces:
            continue
        if section.headings:
            heading = section.headings.get(style.headings) or section.headings["short"]
            if style.heading_case == "upper":
                heading = heading.upper()
            out.add(f"\n{heading}:\n", "template")
        previous = None
        for piece in pieces:
            if previous is not None:
                out.add(_between(previous, piece, library, style), "template")
            previous = piece
            for index, segment in enumerate(written[piece.piece_id].segments):
                if index:
                    out.add(" ", "template")
                out.add(segment.text, segment.origin, piece.piece_id)
            following = next((n for p, n in pairwise(pieces) if p is piece), None)
            out.add(_end_of_line(piece, following, library, style), "template")
        out.add("\n", "template")
    if plan.spec.footer:
        fields = header_fields(case, "", library.grammar.date)
        footer = library.template(plan.spec.footer).text(**fields)
        out.add(f"\n{footer}\n", "template")
    return out


def _order(plan: Plan, style: Style) -> list[int]:
    """Sections as the style has them: the assessment at the head where it is put first."""
    numbers = list(range(len(plan.spec.sections)))
    if not style.assessment_first:
        return numbers
    first = [
        n
        for n in numbers
        if plan.spec.sections[n].headings
        and any(rule.group == "diagnosis" for rule in plan.spec.sections[n].groups)
    ]
    return [*first, *(n for n in numbers if n not in first)]


def _between(previous: Piece, piece: Piece, library: PromptLibrary, style: Style) -> str:
    """What stands between two pieces: a blank, or what the list that they are set as asks for."""
    if piece.group == previous.group and piece.group in style.lines:
        return library.groups[piece.group].line_break
    return "\n" if {piece.group, previous.group} & set(style.lines) else " "


def _end_of_line(
    piece: Piece, following: Piece | None, library: PromptLibrary, style: Style
) -> str:
    """The full stop after the last piece of a line; a list has none."""
    last = following is None or following.group != piece.group
    on_one_line = library.groups[piece.group].line_break != "\n"
    return "." if piece.group in style.lines and last and on_one_line else ""
