"""Laying out a note: header, headings in the clinician's style, and the written pieces."""

from __future__ import annotations

from collections.abc import Mapping

from casewright.generators.assembly import Assembly
from casewright.generators.pieces import Written
from casewright.generators.plan import Plan
from casewright.prompts.library import PromptLibrary, Style
from casewright.records import Case
from casewright.seeds import derive_rng

__all__ = ["header_fields", "lay_out_note", "note_date"]


def note_date(value: object) -> str:
    """A date as US notes write it: 03/14/2024."""
    return f"{value:%m/%d/%Y}"


def header_fields(case: Case, title: str) -> dict[str, str]:
    """What a header template may use (prompts.library.HEADER_FIELDS)."""
    identity = case.identity
    discharge = identity.discharge_date or identity.encounter_date
    return {
        "facility": identity.facility,
        "title": title,
        "name": identity.full_name,
        "birth_date": note_date(identity.birth_date),
        "mrn": identity.mrn,
        "encounter_date": note_date(identity.encounter_date),
        "discharge_date": note_date(discharge),
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
        header = library.template(plan.spec.header)
        out.add(header.text(**header_fields(case, rng.choice(plan.spec.title))) + "\n", "template")
    for number, section in enumerate(plan.spec.sections):
        pieces = [p for p in plan.pieces if p.section == number]
        if not pieces:
            continue
        if section.headings:
            heading = section.headings[style.headings]
            if style.heading_case == "upper":
                heading = heading.upper()
            out.add(f"\n{heading}:\n", "template")
        previous = None
        for piece in pieces:
            if previous is not None:
                out.add(" ", "template")
            previous = piece
            for index, segment in enumerate(written[piece.piece_id].segments):
                if index:
                    out.add(" ", "template")
                out.add(segment.text, segment.origin, piece.piece_id)
        out.add("\n", "template")
    return out
