"""Wording: articles, joins, who is spoken of, and what of a fact may be written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.generators.wording import (
    Subject,
    article,
    capitalise,
    fill,
    item_of,
    join,
    usable_frames,
)
from casewright.prompts.library import Frame, GroupText
from casewright.records import Demographics, Fact

GROUP = GroupText(label="L", item="{name}", frames=(Frame(text="{list}"),))
WOMAN, MAN = Demographics(54, "female"), Demographics(81, "male")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("54-year-old", "a"), ("8-year-old", "an"), ("11-year-old", "an"), ("18-year-old", "an"),
        ("81-year-old", "an"), ("80 mg", "an"), ("1-month-old", "a"), ("110", "a"),
        ("oxygen saturation", "an"), ("heart rate", "a"), ("high", "a"), ("elevated", "an"),
        ("MRI", "an"), ("CT scan", "a"), ("ECG", "an"), ("ultrasound", "an"), ("unilateral", "a"),
        ("urinalysis", "a"), ("hourly", "an"), ("eosinophil count", "an"), ("INR", "an"),
        ("X-ray", "an"), ("T-wave", "a"), ("european", "a"), ("ear", "an"), ("umbilical", "an"),
        ("urgent", "an"), ("uterine", "a"),
        ("unintentional weight loss", "an"), ("unimpaired", "an"), ("urologic", "a"),
        ("one-sided", "a"), ("A1c", "an"), ("11.2 g/dL", "an"), ("1.8", "a"), ("180", "a"),
    ],
)  # fmt: skip
def test_articles_go_by_sound(text: str, wanted: str) -> None:
    assert article(text) == wanted


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c"),
        (["a, left", "b"], "a, left; and b"), (["a", "b, right", "c"], "a; b, right; and c"),
    ],
)  # fmt: skip
def test_items_are_joined(items: list[str], text: str) -> None:
    assert join(items) == text
    assert join(items, "or") == re.sub(r"\band\b", "or", text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("the patient", "The patient"), ("pH 7.2", "pH 7.2"), ("aPTT", "aPTT"), ("a1c", "a1c"),
     ("", ""), ("x", "X"), ("é", "É"), ("5 mg", "5 mg")],
)  # fmt: skip
def test_sentences_begin_with_a_capital_but_for_names_with_their_own(
    text: str, wanted: str
) -> None:
    assert capitalise(text) == wanted


@pytest.mark.parametrize(
    ("who", "person", "age"),
    [
        (WOMAN, "woman", "54-year-old"), (MAN, "man", "81-year-old"),
        (Demographics(17, "female"), "girl", "17-year-old"),
        (Demographics(18, "male"), "man", "18-year-old"),
        (Demographics(1, "male", 14), "boy", "14-month-old"),
        (Demographics(0, "female", 0), "girl", "1-month-old"),
        (Demographics(2, "female"), "girl", "2-year-old"),
    ],
)  # fmt: skip
def test_people_are_named_by_age_and_sex(who: Demographics, person: str, age: str) -> None:
    slots = Subject(who, "pronoun", "x").slots()
    assert (slots["person"], slots["age"]) == (person, age)


@pytest.mark.parametrize(
    ("voice", "who", "frame", "text"),
    [
        ("pronoun", WOMAN, "{S} says {p} head hurts {o}.", "She says her head hurts her."),
        ("pronoun", MAN, "{S} says {p} head hurts {o}.", "He says his head hurts him."),
        ("patient", MAN, "{S} says {p} head hurts.", "The patient says the patient's head hurts."),
        ("self", MAN, "{I have} {list}, {I've} had it, {my} {list}.",
         "I have x, I've had it, my x."),
        ("caregiver", WOMAN, "{I have} {list}, {I've} had it, {my} {list}.",
         "She has x, she's had it, her x."),
        ("caregiver", MAN, "{I haven't} and {I don't}.", "He hasn't and he doesn't."),
        ("caregiver", MAN, "{I take} and {I keep}.", "He takes and he keeps."),
        ("pronoun", WOMAN, "{Who} is {a} {age} {person}.", "Ms. Abc is a 54-year-old woman."),
        ("pronoun", MAN, "{A} {age} {person}.", "An 81-year-old man."),
    ],
)  # fmt: skip
def test_frames_speak_in_the_voice(voice: str, who: Demographics, frame: str, text: str) -> None:
    subject = Subject(who, voice, "Ms. Abc")  # type: ignore[arg-type]
    assert fill(Frame(text=frame), GROUP, [{"name": "x"}], subject) == text


@pytest.mark.parametrize(
    ("sex", "text"),
    [("female", "pain in her chest when she breathes, it hurts her"),
     ("male", "pain in his chest when he breathes, it hurts him")],
)  # fmt: skip
def test_a_caregiver_turns_the_patients_words_to_the_third_person(sex: str, text: str) -> None:
    said = "pain in my chest when I breathe, it hurts me".replace("breathe", "breathes")
    child = Demographics(7, sex)  # type: ignore[arg-type]
    assert Subject(child, "caregiver", "x").speak(said) == text
    assert Subject(child, "self", "x").speak(said) == said


def test_words_that_only_hold_me_or_my_are_left_alone() -> None:
    said = "myalgia, meals and Imodium"
    assert Subject(WOMAN, "caregiver", "x").speak(said) == said


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [("38.6", "C", "38.6 C"), ("97", "%", "97%"), ("83", "/min", "83/min"), ("4", None, "4"),
     ("148/92", "mmHg", "148/92 mmHg")],
)  # fmt: skip
def test_values_are_written_with_their_unit(value: str, unit: str | None, text: str) -> None:
    fact = Fact("f01", "lab", "lab:x", "x", value=value, unit=unit)
    assert item_of(fact)["value"] == text


def test_a_drugs_parts_may_be_written_and_missing_ones_are_empty() -> None:
    fact = Fact(
        "f01", "medication", "drug:x", "amoxicillin", value="500", unit="mg",
        attributes=(("route", "by mouth"), ("frequency", "twice daily"), ("duration", "5 days")),
    )  # fmt: skip
    item = item_of(fact)
    group = GroupText(
        label="L",
        item="{name} {dose} {route} {frequency}{duration}",
        frames=(Frame(text="{list}"),),
    )
    subject = Subject(WOMAN, "pronoun", "x")
    wanted = "Amoxicillin 500 mg by mouth twice daily for 5 days"
    assert fill(Frame(text="{list}."), group, [item], subject) == f"{wanted}."
    without = {**item, "duration": ""}
    assert fill(Frame(text="{list}."), group, [without], subject) == f"{wanted[:-11]}."


def test_frames_with_a_rest_need_two_items() -> None:
    frames = [Frame(text="{first} and {rest}"), Frame(text="{list}")]
    assert usable_frames(frames, 1) == frames[1:]
    assert usable_frames(frames, 2) == frames


@given(names=st.lists(st.text(st.characters(categories=("L", "N")), min_size=1), min_size=1))
def test_every_item_is_written(names: list[str]) -> None:
    subject = Subject(WOMAN, "pronoun", "x")
    text = fill(Frame(text="She has {list}."), GROUP, [{"name": n} for n in names], subject)
    assert all(n in text for n in names)
