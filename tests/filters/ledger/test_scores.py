"""Scores in a text: how often, in question and answer; totals with their band."""

from __future__ import annotations

import pytest

from casewright.filters.ledger.check import Checker
from casewright.records import Fact, Turn

NAMES = {
    "score:phq9_1": "little interest or pleasure in things",
    "score:phq9_3": "poor sleep or too much of it",
    "score:phq9_4": "tiredness or low energy",
    "score:gad7_2": "worry that you could not control",
    "score:gad7_3": "worry about many different things",
}


def item(concept: str, score: int) -> Fact:
    return Fact("f01", "score", concept, NAMES[concept], value=str(score), duty="must")


def total(name: str, score: int) -> Fact:
    slug = name.lower().replace("-", "")
    return Fact("f01", "score", f"score:{slug}_total", name, value=str(score), duty="must")


def status(checker: Checker, fact: Fact, *said: str) -> str:
    """The status in a dialogue that the doctor begins, or in a note of one text."""
    if len(said) == 1:
        return checker(said[0], [fact]).facts[0].status
    text, turns = "", []
    for number, words in enumerate(said):
        tag = "Patient" if number % 2 else "Doctor"
        text += f"{tag}: "
        role = "patient" if number % 2 else "doctor"
        turns.append(Turn(role, words, len(text), len(text) + len(words)))  # type: ignore[arg-type]
        text += words + "\n"
    return checker(text, [fact], None, turns).facts[0].status


@pytest.mark.parametrize(
    ("answer", "score"),
    [("Not at all.", 0), ("Never.", 0), ("No.", 0), ("Several days, I think.", 1),
     ("Oh, a few days.", 1), ("I'd say more than half the days.", 2), ("Most days.", 2),
     ("Nearly every day.", 3), ("Every single day.", 3), ("Well, almost every day.", 3)],
)  # fmt: skip
@pytest.mark.parametrize(
    "question",
    ["How often have you had tiredness or low energy?", "And tiredness or low energy?",
     "Have you had low energy or tiredness, and on how many days?"],
)  # fmt: skip
def test_an_answer_states_its_score_and_contradicts_every_other(
    checker: Checker, question: str, answer: str, score: int
) -> None:
    for held in range(4):
        wanted = "stated" if held == score else "contradicted"
        assert status(checker, item("score:phq9_4", held), question, answer) == wanted


@pytest.mark.parametrize(
    "said",
    [("How often have you had tiredness or low energy?", "That is hard to say."),
     ("How often have you had poor sleep or too much of it?", "Nearly every day."),
     ("Any fever?", "Nearly every day."),
     ("He works nearly every day.",)],
)  # fmt: skip
def test_what_was_not_asked_or_not_answered_is_missing(
    checker: Checker, said: tuple[str, ...]
) -> None:
    assert status(checker, item("score:phq9_4", 3), *said) == "missing"


def test_each_answer_belongs_to_its_own_question(checker: Checker) -> None:
    said = (
        "How often have you had worry that you could not control?", "Not at all.",
        "And worry about many different things?", "Nearly every day.",
    )  # fmt: skip
    assert status(checker, item("score:gad7_2", 0), *said) == "stated"
    assert status(checker, item("score:gad7_3", 3), *said) == "stated"
    assert status(checker, item("score:gad7_3", 0), *said) == "contradicted"


def test_a_question_that_is_answered_never_denies_its_symptom(checker: Checker) -> None:
    denied = Fact("f01", "symptom", "symptom:fatigue", "fatigue", "denied", "must")
    said = ("How often have you had tiredness or low energy?", "Not at all.")
    assert status(checker, denied, *said) == "stated"
    said = ("How often have you had tiredness or low energy?", "Nearly every day.")
    assert status(checker, denied, *said) == "contradicted"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("PHQ-9 score was 14 (moderate).", "stated"),
     ("The PHQ-9 total was 14, in the moderate range, and the GAD-7 was 7.", "stated"),
     ("She scored 14 on the PHQ-9.", "stated"), ("PHQ9: 14 out of 27.", "stated"),
     ("PHQ-9 14/27 today.", "stated"), ("GAD-7 of 7 (mild) and PHQ-9 of 14 (moderate).", "stated"),
     ("PHQ-9 score was 15 (moderately severe).", "contradicted"),
     ("PHQ-9 score was 14 (severe).", "contradicted"),
     ("PHQ-9 was done. GAD-7 was 14.", "missing"), ("She is 14 years old.", "missing")],
)  # fmt: skip
def test_a_total_is_stated_by_its_number_and_not_by_another_band(
    checker: Checker, text: str, wanted: str
) -> None:
    assert status(checker, total("PHQ-9", 14), text) == wanted


def test_a_stated_score_is_labelled_where_it_is_said(checker: Checker) -> None:
    text = "Questionnaires today: PHQ-9 14 (moderate)."
    ledger = checker(text, [total("PHQ-9", 14)])
    (span,) = ledger.facts[0].spans
    assert text[span.start : span.end] == "PHQ-9 14"
    assert [(e.label, e.text, e.fact_id) for e in ledger.entities] == [("SCORE", "PHQ-9 14", "f01")]
    assert not ledger.off_spec
