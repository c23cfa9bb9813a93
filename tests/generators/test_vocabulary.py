"""The closed vocabulary: words of the facts and joining words, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from casewright.generators.vocabulary import fact_words, strange_words, words_of
from casewright.records import Fact

FORMS = {
    "symptom:shortness_of_breath": ["dyspnea", "short of breath", "dyspneic", "SOB"],
    "drug:lisinopril": ["lisinopril", "Zestril"],
}
DYSPNEA = Fact("f01", "symptom", "symptom:shortness_of_breath", "shortness of breath")
LISINOPRIL = Fact(
    "f02", "medication", "drug:lisinopril", "lisinopril", value="10", unit="mg",
    attributes=(("route", "by mouth"), ("frequency", "once daily")),
)  # fmt: skip
FACTS = (DYSPNEA, LISINOPRIL)


def forms_of(concept: str) -> list[str]:
    return FORMS.get(concept, [])


LICENSED = fact_words(FACTS, forms_of)


@pytest.mark.parametrize(
    "text",
    [
        "She reports shortness of breath.",
        "The patient is short of breath and takes Zestril 10 mg by mouth once daily.",
        "He was dyspneic; lisinopril was continued.",
        "She’s taking lisinopril at home.",
        "DYSPNEA was noted on examination.",
    ],
)
def test_facts_in_any_of_their_forms_and_joining_words_are_licensed(text: str) -> None:
    assert strange_words(text, LICENSED) == []


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("She reports shortness of breath and cough.", ["cough"]),
        ("She reports severe shortness of breath.", ["severe"]),
        ("She has been short of breath since Tuesday.", ["since", "tuesday"]),
        ("She takes lisinopril 20 mg once daily.", ["20"]),
        ("She takes lisinopril 10 mg twice daily.", ["twice"]),
        ("She takes lisinopril 10 mg for hypertension.", ["hypertension"]),
        ("She reports 3 episodes of shortness of breath.", ["3", "episodes"]),
        ("Shortness of breath from pneumonia.", ["pneumonia"]),
        ("She has left shortness of breath.", ["left"]),
        ("She has had shortness of breath for years.", ["years"]),
        ("She has high shortness of breath.", ["high"]),
        ("She has daily dyspnea.", []),  # "daily" is of the lisinopril: the checker's to see
        ("She smokes.", ["smokes"]),
        ("Dyspnea on exertion.", ["exertion"]),
    ],
)
def test_every_other_content_word_is_strange(text: str, strange: list[str]) -> None:
    assert strange_words(text, LICENSED) == strange


def test_negative_and_absent_are_said_of_what_is_denied_only() -> None:
    denied = Fact("f01", "symptom", "x", "cough", polarity="denied")
    assert strange_words("Negative for cough.", fact_words((denied,), forms_of)) == []
    assert strange_words("Negative for dyspnea.", LICENSED) == ["negative"]


def test_high_and_low_are_said_of_measurements_only() -> None:
    lab = Fact("f01", "lab", "lab:x", "sodium", value="129", unit="mmol/L")
    assert strange_words("Sodium was low at 129 mmol/L.", fact_words((lab,), forms_of)) == []
    assert strange_words("She has low sodium.", fact_words((DYSPNEA,), forms_of)) == [
        "low",
        "sodium",
    ]


@given(number=st.integers(0, 10**6))
def test_numbers_that_are_not_in_the_facts_are_strange(number: int) -> None:
    assert strange_words(f"She takes {number} of them.", LICENSED) == (
        [] if number == 10 else [str(number)]
    )


@given(word=st.text(st.characters(categories=("Ll",), max_codepoint=0x17F), min_size=4))
def test_a_word_is_licensed_only_if_it_shares_a_stem(word: str) -> None:
    known = {w for f in FACTS for t in (f.name, *forms_of(f.concept)) for w in words_of(t)}
    assume(all(word[:3] != k[:3] for k in known))
    assume(words_of(word) == [word])
    strange = strange_words(f"{word}", LICENSED)
    assert strange == strange_words(f"{word}", fact_words((), forms_of))


@given(name=st.text(min_size=1), value=st.text(), attribute=st.text())
def test_words_of_the_facts_are_never_strange(name: str, value: str, attribute: str) -> None:
    fact = Fact("f01", "finding", "x", name, value=value, attributes=(("site", attribute),))
    licensed = fact_words((fact,), forms_of)
    for text in (name, value, attribute, name.upper()):
        # Upper case that does not come back lower ("ŉ") is a word of its own.
        if text.lower() in {name.lower(), value.lower(), attribute.lower()}:
            assert strange_words(text, licensed) == []


def test_no_clinical_finding_hides_among_the_joining_words(graph) -> None:  # type: ignore[no-untyped-def]
    """A joining word must not state a symptom, drug or condition by itself."""
    named = {
        form.text.lower()
        for concept in graph.concepts("Symptom", "Medication", "LabTest", "Allergen")
        for form in concept.forms
        if form.kind in ("preferred", "synonym", "lay", "abbreviation")
    }
    stated = {w for w in named if " " not in w and not strange_words(w, frozenset())}
    assert stated == set()
