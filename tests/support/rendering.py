"""One fixed rendering of every prompt template: what the golden files hold."""

from __future__ import annotations

from collections.abc import Mapping

from casewright.prompts.library import HEADER_FIELDS, PromptLibrary, Template

PROMPT_SAMPLE: Mapping[str, object] = {
    "examples": (
        {
            "request": "Woman. Also has: nausea; loss of appetite",
            "answer": "She also reports nausea and loss of appetite.",
        },
        {"request": "Woman. Also has: itching", "answer": "In addition, she reports itching."},
    ),
    "request": "Woman. Also has: cough; fever",
    "speaker": "",
    "voice": "pronoun",
    "kind": "clinic_note",
    "group": "symptoms_present",
    "style": "narrative",
    "persona": "You like to talk.",
    "transcript": (
        {"speaker": "doctor", "text": "What brings you in today?"},
        {"speaker": "patient", "text": "I keep getting dizzy."},
        {"speaker": "doctor", "text": "When did that start?"},
    ),
}
HEADER_SAMPLE: Mapping[str, str] = {
    "facility": "Cedar Hollow Clinic",
    "title": "Clinic note",
    "name": "Nadia Example",
    "birth_date": "04/17/1968",
    "mrn": "00412207",
    "encounter_date": "03/14/2024",
    "discharge_date": "03/19/2024",
    "clinician": "Dr. Tomas Sample",
    "phone": "(312) 555-0117",
    "address": "12 Larch Road, Millbrook, OH 44001",
    "age": "55-year-old",
    "reader": "Ms. Reader",
    "sex": "female",
}
SPEAKERS = ("", "doctor", "patient", "caregiver")


def headers_of(library: PromptLibrary) -> set[str]:
    """Names of the templates that are headers or footers."""
    kinds = library.kinds.values()
    return {name for kind in kinds for name in (*kind.header, *kind.footer)}


def fields_of(template: Template, library: PromptLibrary) -> Mapping[str, object]:
    """The sample fields that a template is given."""
    return HEADER_SAMPLE if template.name in headers_of(library) else PROMPT_SAMPLE


def shown(template: Template, library: PromptLibrary, **changed: object) -> str:
    """A template's rendering as text, message by message."""
    fields = {**fields_of(template, library), **changed}
    if template.name in headers_of(library):
        return template.text(**fields)
    return "\n".join(f"[{m.role}]\n{m.content}" for m in template.messages(**fields))


def golden(template: Template, library: PromptLibrary) -> str:
    """All renderings of a template: a header's one, or a prompt's by speaker."""
    if "speaker" not in template.variables():
        return shown(template, library) + "\n"
    return "\n".join(
        f"== speaker {speaker or 'none'}\n{shown(template, library, speaker=speaker)}\n"
        for speaker in SPEAKERS
    )


assert set(HEADER_SAMPLE) == HEADER_FIELDS
