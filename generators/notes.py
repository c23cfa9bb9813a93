"""Laying out a note: header, headings in the clinician's style, and the written pieces."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise

from casewright.generators.assembly import Assembly
from casewright.generators.disclosure import ADULT_VOICE_AGE
from casewright.generators.pieces import Written
from casewright.generators.plan import Piece, Plan
from casewright.prompts.library import Grammar, PromptLibrary, Style, Variant
from casewright.records import Case
from casewright.seeds import derive_rng

__all__ = ["header_fields", "lay_out_note"]


_DATES: Mapping[str, Sequence[str]] = {
    "american": ("{d:%m/%d/%Y}", "{d:%m/%d/%Y}", "{d:%b} {d.day}, {d:%Y}", "{d:%Y-%m-%d}"),
    "british": ("{d.day} {d:%b} {d:%Y}", "{d.day} {d:%B} {d:%Y}", "{d:%d/%m/%Y}"),
}
"""Ways of writing a date, of which each institution has one."""


def header_fields(case: Case, title: str, date_form: str = _DATES["american"][0]) -> dict[str, str]:
    """What a header template may use (prompts.library.HEADER_FIELDS)."""
    identity = case.identity
    discharge = identity.discharge_date or identity.encounter_date
    return {
        "facility": identity.facility,
        "title": title,
        "name": identity.full_name,
        "birth_date": date_form.format(d=identity.birth_date),
        "mrn": identity.mrn,
        "encounter_date": date_form.format(d=identity.encounter_date),
        "discharge_date": date_form.format(d=discharge),
        "clinician": identity.clinician,
        "phone": identity.phone,
        "address": identity.address,
        "reader": identity.full_name,
        "age": case.demographics.age_text,
        "sex": case.demographics.sex,
    }


def _correspondents(plan: Plan, case: Case, seed: int) -> dict[str, str]:
    """Who writes and reads about a child: the parents, who are not named."""
    if plan.spec.speaker is None or case.demographics.age_years >= ADULT_VOICE_AGE:
        return {}
    who = case.identity
    if plan.spec.speaker == "patient":
        signed = (
            f"{who.given}'s parents",
            f"Parent of {who.full_name}",
            f"The {who.family} family",
        )
        return {"name": derive_rng(seed, case.case_id, "parent").choice(signed)}
    return {"reader": f"{who.family} family"}


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
    # The letterhead and the dates are the institution's, or the writer's of a message.
    owner = document_id if plan.spec.speaker == "patient" else case.identity.facility
    house = derive_rng(seed, owner, plan.kind, "letterhead")
    dates = derive_rng(seed, owner, "dates").choice(_DATES[style.spelling])
    if library.grammar.date != Grammar().date:
        dates = f"{{d:{library.grammar.date}}}"
    if plan.spec.header:
        rng = derive_rng(seed, document_id, "title")
        name = house.choice(plan.spec.header)
        if isinstance(style, Variant):
            name = style.headers.get(plan.spec.header[0], name)
        header = library.template(name)
        fields = header_fields(case, rng.choice(plan.spec.title), dates)
        fields |= _correspondents(plan, case, seed)
        out.add(header.text(**fields) + "\n", "template")
    for number in _order(plan, style, derive_rng(seed, case.identity.clinician, "order")):
        section = plan.spec.sections[number]
        pieces = [p for p in plan.pieces if p.section == number]
        closing = _statement(plan, number, style, derive_rng(seed, document_id, number, "routine"))
        if not pieces and not (section.template and closing):
            continue
        inline = style.heading_form == "inline" and (
            not pieces or pieces[0].group not in style.lines
        )
        if section.headings:
            hand = derive_rng(seed, case.identity.clinician, plan.kind, number, "headings")
            wordings = section.headings.get(style.headings) or section.headings["short"]
            heading = hand.choice(wordings)
            if style.heading_case == "upper" and plan.spec.speaker is None:
                heading = heading.upper()
            end = ": " if inline else "\n" if style.heading_form == "bare" else ":\n"
            out.add(f"\n{heading}{end}", "template")
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
        if closing:
            listed = bool(pieces) and pieces[-1].group in style.lines
            out.add(f"{chr(10) if listed else ' ' if pieces else ''}{closing}", "template")
        out.add("\n", "template")
    if plan.spec.footer:
        footer = library.template(house.choice(plan.spec.footer))
        fields = header_fields(case, "", dates) | _correspondents(plan, case, seed)
        out.add(f"\n{footer.text(**fields)}\n", "template")
    return out


def _statement(plan: Plan, number: int, style: Style, rng: random.Random) -> str:
    """The sentence of routine that ends a section, or nothing."""
    section = plan.spec.sections[number]
    told = [f for p in plan.pieces for f in p.facts]
    if not section.statements or not section.says(
        [f.name for f in told if not section.about or f.type in ("procedure", "test")],
        {f.attribute("role") for f in told},
    ):
        return ""
    if not section.template and rng.random() >= style.normals:
        return ""
    short = style.voice == "telegraphic" and section.telegraphic
    return rng.choice(section.telegraphic if short else section.statements)


def _order(plan: Plan, style: Style, rng: random.Random) -> list[int]:
    """Sections as the clinician has them.

    Those of background stand in an order of the clinician's own, and the assessment at the head
    where the style puts it first.
    """
    sections = plan.spec.sections
    numbers = list(range(len(sections)))
    background = [n for n in numbers if sections[n].background]
    if background:
        numbers[background[0] : background[-1] + 1] = rng.sample(background, len(background))
    if not style.assessment_first:
        return numbers
    first = [
        n
        for n in numbers
        if sections[n].headings and any(rule.group == "diagnosis" for rule in sections[n].groups)
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
