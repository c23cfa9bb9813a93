"""What the quality filter catches and what it leaves alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright.filters.quality import LABELS, QualityLimits, quality_verdict
from casewright.records import Turn, Verdict

CASES = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "quality" / "cases.yaml").read_text(encoding="utf-8")
)
FILLER: str = CASES["filler"]


def labels(verdict: Verdict) -> list[str]:
    return [r.label for r in verdict.reasons]


@pytest.mark.parametrize(
    "case", CASES["positives"], ids=lambda c: f"{c['labels']} {c['text'][:40]!a}"
)
def test_catches_exactly_what_is_wrong(case: dict[str, object]) -> None:
    text = str(case["text"])
    if not case.get("alone"):
        text = f"{FILLER}\n{text}"
    verdict = quality_verdict(text)
    assert labels(verdict) == case["labels"]
    for reason in verdict.reasons:
        assert reason.filter == "quality"
        for evidence in reason.evidence:
            assert text[evidence.start : evidence.end] == evidence.text


@pytest.mark.parametrize("addition", ["", *CASES["negatives"]])
def test_leaves_good_notes_alone(addition: str) -> None:
    verdict = quality_verdict(f"{FILLER}\n{addition}")
    assert [(r.label, r.evidence) for r in verdict.reasons] == []


def test_every_label_has_a_case() -> None:
    assert {label for case in CASES["positives"] for label in case["labels"]} == set(LABELS)


def test_what_the_engine_says_of_truncation_counts() -> None:
    assert labels(quality_verdict(FILLER, truncated=True)) == ["truncation"]


DIALOGUE = """Doctor: Good morning, what brings you in today?
Patient: I have had a cough and a fever for about four days now, and I feel worn out.
Doctor: I'm sorry to hear that. Have you had any chest pain?
Patient: No, no chest pain. I can't sleep, though.
Doctor: Here is the report of your X-ray. It shows a small patch of pneumonia on the right.
Patient: Okay. No, I haven't. No, I haven't. Yeah.
Doctor: Let me know if you want me to explain it again. Take the antibiotic three times a day.
Patient: Thank you, doctor."""


def test_a_dialogue_is_read_as_speech() -> None:
    assert labels(quality_verdict(DIALOGUE, kind="dialogue")) == []


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("Doctor: As an AI language model, I cannot examine you.", "model_talk"),
        ("Doctor: Here is the rewritten dialogue.", "model_talk"),
        ("Doctor: Patient: I feel fine.", "debris"),
        ("Doctor: You should take this with the", "truncation"),
        ("Doctor: I cannot assist with that request.", "refusal"),
    ],
)
def test_a_dialogue_is_still_judged(line: str, label: str) -> None:
    assert label in labels(quality_verdict(f"{DIALOGUE}\n{line}", kind="dialogue"))


def test_a_turn_that_breaks_off_is_found_by_its_offsets() -> None:
    text = f"{DIALOGUE}\nDoctor: Please come back to the\nPatient: I will."
    start = text.index("Please come")
    end = text.index("\nPatient: I will.")
    turns = (
        Turn("doctor", text[start:end], start, end),
        Turn("patient", "I will.", len(text) - 7, len(text)),
    )
    (reason,) = quality_verdict(text, kind="dialogue", turns=turns).reasons
    assert reason.label == "truncation"
    assert reason.evidence[0].end == end


def test_limits_can_be_set() -> None:
    assert quality_verdict("The patient is well.", limits=QualityLimits(min_words=3)).keep


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_evidence_is_always_of_the_text(text: str) -> None:
    for reason in quality_verdict(text).reasons:
        for evidence in reason.evidence:
            assert text[evidence.start : evidence.end] == evidence.text
            assert reason.label in LABELS


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "A:\n",
        "the patient ",
        "* ",
        "[",
        "<",
        "{{",
        "**",
        "_",
        "I cannot ",
        "\x00",
        "ü",
        "I have written ",
    ],
)
def test_repetition_takes_time_in_proportion_to_length(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        start = time.process_time()
        quality_verdict(text)
        return time.process_time() - start

    seconds(2_000)
    short, long = seconds(20_000), seconds(160_000)
    assert long < max(24 * short, 1.0)
