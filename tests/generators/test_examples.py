"""Worked examples: as many as asked for, by the generator alone, never of the case itself."""

from __future__ import annotations

import pytest

from casewright.generators.examples import Example, ask_examples, examples_for
from casewright.generators.wording import Subject
from casewright.prompts.library import load_library
from casewright.records import Demographics
from casewright.seeds import derive_rng

GROUPS = load_library().groups
WOMAN = Subject(Demographics(54, "female"), "pronoun", "The patient")
OPENING = Subject(Demographics(54, "female"), "pronoun", "Ms. Okafor")
CHILD = Subject(Demographics(7, "male"), "caregiver", "The patient")


def shown(group: str, subject: Subject = WOMAN, count: int = 2, seed: int = 1, **options: object):  # type: ignore[no-untyped-def]
    return examples_for(group, GROUPS[group], count, subject, derive_rng(seed), **options)  # type: ignore[arg-type]


def test_examples_are_a_function_of_their_generator() -> None:
    assert shown("symptoms_present") == shown("symptoms_present")
    assert shown("symptoms_present") != shown("symptoms_present", seed=2)


@pytest.mark.parametrize("shots", [0, 1, 3, 12])
def test_as_many_are_shown_as_asked_for(shots: int) -> None:
    assert len(shown("symptoms_present", shots=shots)) == shots
    assert len(shown("say_complaint", CHILD, 1, shots=shots)) == shots


def test_examples_differ_in_wording_and_in_facts() -> None:
    examples = shown("symptoms_present", shots=3)
    assert len({e.request for e in examples}) == 3
    assert len({e.answer for e in examples}) == 3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_example_states_as_many_facts_as_the_task(count: int) -> None:
    for example in shown("symptoms_denied", count=count):
        listed = example.request.split(": ", 1)[1].split("; ")
        assert len(listed) == count
        assert all(item in example.answer for item in listed)


def test_openings_of_examples_are_of_somebody_else() -> None:
    for example in shown("opening", OPENING):
        assert "Okafor" not in example.request + example.answer
        assert example.request.startswith("Ms. ")
    for example in shown("opening", WOMAN):
        assert example.request.startswith("The patient, 54-year-old woman.")


def test_names_of_the_case_are_avoided_in_fixed_examples_too() -> None:
    avoided = {"dizziness", "dizzy", "sore throat"}
    for seed in range(20):
        for example in shown("say_symptoms", CHILD, 1, seed, avoid=avoided):
            assert not any(a in example.request for a in avoided)


def test_questions_never_name_a_topic_of_the_case() -> None:
    group = GROUPS["say_symptoms"]
    for seed in range(20):
        for example in ask_examples(group, CHILD, derive_rng(seed), avoid={"nausea", "itching"}):
            assert isinstance(example, Example)
            assert "nausea" not in example.request and "itching" not in example.request
            assert example.answer.endswith("?")
            assert example.request.removeprefix("Ask about: ") in example.answer


def test_where_the_case_holds_the_whole_pool_examples_are_shown_all_the_same() -> None:
    pool = {i["name"] for entry in GROUPS["allergies"].pool for i in entry}
    assert len(shown("allergies", count=1, avoid=pool)) == 3
