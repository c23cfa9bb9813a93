"""The hand of a style: what it shortens and spells, and that each knob moves what is measured."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from writing import draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.register import Register
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary, Style
from casewright.records import Case, Fact

STYLE = Style(voice="pronoun", headings="full", heading_case="title", abbreviate=1.0)
FACTS = (
    Fact("f01", "comorbidity", "icd:I10", "hypertension"),
    Fact("f02", "symptom", "symptom:headache", "headache"),
    Fact("f03", "comorbidity", "icd:G44.1", "vascular headache"),
)
SHORT = {"icd:I10": ["HTN"], "symptom:headache": ["HA"]}


def written(text: str, style: Style = STYLE) -> str:
    hand = Register(style, FACTS, lambda concept: SHORT.get(concept, []))
    return hand.write(text, random.Random(3))


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Hypertension is known.", "HTN is known."),
        ("She reports a headache.", "She reports an HA."),
        ("Diagnosis is vascular headache.", "Diagnosis is vascular headache."),
        ("Takes aspirin 81 mg by mouth once daily.", "Takes aspirin 81 mg PO daily."),
        ("Given every 6 hours as needed.", "Given q6h PRN."),
        ("A hypertensive crisis.", "A hypertensive crisis."),
        ("No known drug allergies.", "NKDA."),
    ],
)
def test_whole_names_and_phrases_are_written_short(text: str, short: str) -> None:
    assert written(text) == short


def test_without_the_wish_to_abbreviate_nothing_changes() -> None:
    text = "The patient takes aspirin 81 mg by mouth once daily for hypertension."
    assert written(text, STYLE.model_copy(update={"abbreviate": 0.0})) == text


def test_british_spelling_keeps_the_case_of_a_word() -> None:
    style = STYLE.model_copy(update={"abbreviate": 0.0, "spelling": "british"})
    assert written("Anemia and edema; hemoglobin 9.1.", style) == (
        "Anaemia and oedema; haemoglobin 9.1."
    )


# ------------------------------------------------------------------ knobs, measured in documents

_SHORT_FORM = re.compile(r"\b(?:[A-Z]{2,}[a-z]?\d?|q\d+h|h/o|hx|c/o|y/o|yo|pt)\b")


def measures(text: str) -> dict[str, float]:
    """Short forms per 100 words, mean words in a sentence, and lines that begin with a dash."""
    body = text.split("\n\n", 2)[-1]
    words = body.split()
    sentences = [s for s in re.split(r"[.!?](?:\s|$)", body) if len(s.split()) > 2]
    return {
        "short forms": 100 * len(_SHORT_FORM.findall(body)) / len(words),
        "sentence": sum(len(s.split()) for s in sentences) / max(len(sentences), 1),
        "listed": float(len(re.findall(r"(?m)^- ", body))),
        "routine": float(len(re.findall(r"otherwise|Otherwise|The rest of|other systems", text))),
        "british": float(len(re.findall(r"(?i)\b(?:\w*aem\w*|oed\w*|\w*rrhoe\w*|paed\w*)", body))),
    }


@pytest.fixture(scope="module")
def cases(graph: Graph, library: PromptLibrary) -> Sequence[Case]:
    return list(sampler_of(graph, library, 43).cases(range(60)))


def mean_of(
    measure: str,
    changes: dict[str, object],
    cases: Sequence[Case],
    graph: Graph,
    checker: Checker,
    library: PromptLibrary,
) -> float:
    base = library.styles["narrative"].model_copy(update=changes)
    changed = replace(library, styles={**library.styles, "narrative": base})
    writer = writer_of(graph, checker, changed)
    found = []
    for case in cases:
        kind = "discharge_summary" if case.setting == "inpatient" else "clinic_note"
        text = draft(writer, replace(case, style="narrative"), kind).text
        found.append(measures(text)[measure])
    return sum(found) / len(found)


@pytest.mark.parametrize(
    ("measure", "less", "more"),
    [
        ("short forms", {"abbreviate": 0.0}, {"abbreviate": 0.4}),
        ("short forms", {"abbreviate": 0.4}, {"abbreviate": 1.0}),
        ("sentence", {"density": 0.5}, {"density": 1.0}),
        ("sentence", {"density": 1.0}, {"density": 2.0}),
        ("sentence", {"voice": "telegraphic"}, {"voice": "patient"}),
        ("listed", {}, {"lines": ("home_medications", "new_medications")}),
        ("british", {}, {"spelling": "british"}),
        ("routine", {"normals": 0.0}, {"normals": 0.5}),
        ("routine", {"normals": 0.5}, {"normals": 1.0}),
    ],
)
def test_each_knob_moves_its_measure(
    measure: str,
    less: dict[str, object],
    more: dict[str, object],
    cases: Sequence[Case],
    graph: Graph,
    checker: Checker,
    library: PromptLibrary,
) -> None:
    low = mean_of(measure, less, cases, graph, checker, library)
    high = mean_of(measure, more, cases, graph, checker, library)
    assert high > 1.05 * low, (low, high)


def test_the_assessment_can_stand_first(
    cases: Sequence[Case], graph: Graph, checker: Checker, library: PromptLibrary
) -> None:
    style = library.styles["narrative"].model_copy(update={"assessment_first": True})
    changed = replace(library, styles={**library.styles, "narrative": style})
    writer = writer_of(graph, checker, changed)
    case = next(c for c in cases if c.setting != "inpatient")
    text = draft(writer, replace(case, style="narrative"), "clinic_note").text
    first = re.search(r"\n(Assessment|Impression)[\w /&]*:\n", text)
    history = re.search(
        r"\n(?:History|[\w ]*Present Illness|[\w ]*History|Current Illness):\n", text
    )
    assert first and history and first.start() < history.start()


def test_a_line_of_vital_signs_ends_as_a_line(
    cases: Sequence[Case], graph: Graph, checker: Checker, library: PromptLibrary
) -> None:
    style = library.styles["narrative"].model_copy(update={"lines": ("vitals",)})
    changed = replace(library, styles={**library.styles, "narrative": style})
    writer = writer_of(graph, checker, changed)
    case = next(c for c in cases if c.setting != "inpatient")
    text = draft(writer, replace(case, style="narrative"), "clinic_note").text
    assert re.search(
        r"\n(?:[A-Z][\w ]* [\d./]+(?:%| ?°?C| degrees C)?(?:, (?!\n)|\.(?=\n))){3,}\n", text
    ), text
