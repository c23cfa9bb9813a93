"""Gold labels: label, code, assertion and fact of every mention."""

from __future__ import annotations

from casewright.records import Fact

from .support import checker

FACTS = (
    Fact("f01", "symptom", "symptom:fever", "fever", duty="must"),
    Fact("f02", "symptom", "symptom:cough", "cough", polarity="denied", duty="must"),
    Fact("f03", "diagnosis", "icd:J18.9", "pneumonia", code="J18.9", duty="must"),
    Fact("f04", "allergy", "allergen:none", "known drug allergies", polarity="denied", duty="must"),
    Fact("f05", "lab", "lab:creatinine", "creatinine", value="1.8", unit="mg/dL", duty="must"),
)


def _labels(text: str) -> list[tuple[str, str, str, str | None, str | None]]:
    ledger = checker()(text, FACTS, None, ())
    return [(e.text, e.label, e.assertion, e.code, e.fact_id) for e in ledger.entities]


def test_stated_facts_carry_their_fact_and_code() -> None:
    assert _labels("Fever, no cough. Pneumonia. Creatinine 1.8.") == [
        ("Fever", "SYMPTOM", "present", "symptom:fever", "f01"),
        ("cough", "SYMPTOM", "denied", "symptom:cough", "f02"),
        ("Pneumonia", "CONDITION", "present", "J18.9", "f03"),
        ("Creatinine", "LAB", "present", "lab:creatinine", "f05"),
    ]


def test_a_mention_says_what_the_text_says_of_it_not_what_the_case_wants() -> None:
    assert _labels("Her son had a fever. She has a cough.") == [
        ("fever", "SYMPTOM", "family", "symptom:fever", "f01"),
        ("cough", "SYMPTOM", "present", "symptom:cough", "f02"),
    ]


def test_what_the_case_does_not_hold_has_no_fact() -> None:
    assert _labels("No rash. Possible appendicitis.") == [
        ("rash", "SYMPTOM", "denied", "symptom:rash", None),
        ("appendicitis", "CONDITION", "hypothetical", "K35.80", None),
    ]


def test_a_heading_is_no_allergen() -> None:
    assert _labels("Allergies:\nShe has no known drug allergies.") == [
        ("no known drug allergies", "ALLERGEN", "denied", "allergen:none", "f04"),
    ]


def test_the_longest_mention_is_labelled() -> None:
    ledger = checker()("Productive cough.", (), None, ())
    assert [e.text for e in ledger.entities] == ["Productive cough"]


def test_a_sign_that_says_more_than_the_case_is_off_the_case() -> None:
    held = (Fact("f01", "symptom", "symptom:cough", "cough", duty="must"),)
    ledger = checker()("She has a productive cough.", held, None, ())
    assert ledger.facts[0].status == "stated"
    assert [o.text for o in ledger.off_spec] == ["productive cough"]
