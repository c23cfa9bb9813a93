"""Sentence frames: every slot resolves, for every group, voice, sex and number of facts."""

from __future__ import annotations

import functools
import itertools
import re

import pytest

from casewright.errors import CasewrightError
from casewright.generators import draws
from casewright.generators.examples import ask_examples, examples_for, request_for
from casewright.generators.realiser import realise, realise_question
from casewright.generators.vocabulary import fact_words, strange_words
from casewright.generators.wording import (
    Item,
    Subject,
    Voice,
    fill,
    fill_question,
    shown,
    usable_frames,
)
from casewright.kg.identity import load_name_pools
from casewright.prompts.library import Frame, GroupRule, GroupText, load_library
from casewright.records import Demographics, Fact
from casewright.seeds import derive_rng

LIBRARY = load_library()
VOICES: tuple[Voice, ...] = ("pronoun", "patient", "telegraphic", "self", "caregiver")
PEOPLE = (
    Demographics(54, "female"),
    Demographics(81, "male"),
    Demographics(7, "female"),
    Demographics(0, "male", 7),
)
# Frames of a group are used in notes (three voices) or in dialogues (two).
GROUPS = {
    name: VOICES[3:] if name.startswith(("say_", "tell_")) else VOICES[:3]
    for name in LIBRARY.groups
}
SUBJECTS = [
    (name, Subject(person, voice, who))
    for name, voices in GROUPS.items()
    for voice, person, who in itertools.product(
        voices, PEOPLE, ("The patient", "Ms. Okafor") if name.startswith("opening") else ("x",)
    )
]
BASE = {"duration": "", "reaction": "", "value": ""}


def items_of(group: GroupText, count: int) -> list[Item]:
    """So many example facts of a group, repeated where its pool is short."""
    entries = [item for entry in group.pool for item in entry]
    entries = entries or [{"name": f.lay or "x", "lay": f.lay or "x"} for f in group.frames]
    found = list(itertools.islice(itertools.cycle(entries), count))
    return [
        {**BASE, "lay": item.get("name", ""), **shown(item.get("result", "")), **item}
        for item in found
    ]


def worded(frame: Frame) -> list[Frame]:
    """The frame in so many wordings that each option of each choice stands in one."""
    choices = re.findall(r"\[([^\[\]]*)\]", frame.text + (frame.item or ""))
    most = max((c.count("|") + 1 for c in choices), default=1)

    def option(text: str, number: int) -> str:
        return re.sub(
            r"\[([^\[\]]*)\]",
            lambda m: (o := m.group(1).split("|"))[number % len(o)],
            text,
        )

    return [
        frame.model_copy(
            update={"text": option(frame.text, n), "item": frame.item and option(frame.item, n)}
        )
        for n in range(most)
    ]


@functools.cache
def all_worded(name: str, telegraphic: bool, count: int) -> list[Frame]:
    group = LIBRARY.groups[name]
    frames = group.telegraphic if telegraphic and group.telegraphic else group.frames
    frames = (*usable_frames(frames, count), *group.realise)
    return [w for frame in frames for w in worded(frame)]


def all_frames(group: GroupText, subject: Subject, count: int) -> list[Frame]:
    """What examples and the realiser may draw from."""
    name = next(n for n, g in LIBRARY.groups.items() if g is group)
    return all_worded(name, subject.voice == "telegraphic", count)


def assert_reads_as_a_sentence(text: str) -> None:
    assert "{" not in text and "}" not in text, text
    assert "  " not in text, text
    assert text == text.strip()
    assert text[-1] in ".?!", text
    assert text[0].isupper() or text[0].isdigit() or text[1].isupper(), text
    assert not re.search(r"\b[Aa] [aeio]\w", text), text
    assert not re.search(r"\b[Aa]n [bcdfgjklmpqrstvwyz][a-z]", text), text
    assert not re.search(r"\s[.,;?]", text), text


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(LIBRARY.groups))
def test_every_frame_reads_for_every_voice_sex_and_number_of_facts(name: str, count: int) -> None:
    group = LIBRARY.groups[name]
    subjects = [s for n, s in SUBJECTS if n == name]
    for subject in subjects:
        frames = all_frames(group, subject, count)
        assert frames, f"{name} has no frame for {count} facts in the voice {subject.voice}"
        for frame in frames:
            assert_reads_as_a_sentence(fill(frame, group, items_of(group, count), subject))


@pytest.mark.parametrize("name", sorted(LIBRARY.groups))
def test_sentences_name_only_the_patients_own_sex(name: str) -> None:
    group = LIBRARY.groups[name]
    for subject in [s for n, s in SUBJECTS if n == name]:
        other = {"he", "his", "him", "himself", "man", "boy", "mr"}
        if subject.demographics.sex == "male":
            other = {"she", "her", "hers", "herself", "woman", "girl"}
        for frame in all_frames(group, subject, 2):
            words = re.findall(r"\w+", fill(frame, group, items_of(group, 2), subject).lower())
            assert not other & set(words), words


@pytest.mark.parametrize("name", sorted(LIBRARY.groups))
def test_what_examples_show_is_a_wording_that_would_be_taken(name: str) -> None:
    """A model that imitates its examples must not be refused for their words."""
    group = LIBRARY.groups[name]
    rule = rule_of(name)
    fact = Fact("f01", rule.types[0], "x", "x", polarity=(rule.polarity or ("present",))[0])
    if any(f.lay for f in group.frames):
        return  # made for their own items
    for seed, (_, subject) in itertools.product(range(6), [s for s in SUBJECTS if s[0] == name]):
        for example in examples_for(name, group, 2, subject, derive_rng(seed)):
            # An example's request holds its items, its patient and their age.
            given = [example.request, subject.who, subject.demographics.age_text]
            licensed = fact_words((fact,), lambda _: given)  # noqa: B023 - used at once
            assert not strange_words(example.answer, licensed), example


@pytest.mark.parametrize("name", sorted(LIBRARY.groups))
def test_a_semicolon_of_a_frame_is_one_that_a_draw_may_have(name: str) -> None:
    group = LIBRARY.groups[name]
    for subject in [s for n, s in SUBJECTS if n == name]:
        for frame in all_frames(group, subject, 2):
            said = fill(frame, group, items_of(group, 2), subject)
            assert not draws._LISTED.search(said), said


def rule_of(name: str) -> GroupRule:
    """What a group takes."""
    return next(
        r for k in LIBRARY.kinds.values() for s in k.sections for r in s.groups if r.group == name
    )


@pytest.mark.parametrize("name", [n for n in sorted(LIBRARY.groups) if n.startswith("say_")])
def test_self_speaks_as_i_and_a_caregiver_of_the_child(name: str) -> None:
    group = LIBRARY.groups[name]
    girl, adult = Demographics(7, "female"), Demographics(40, "female")
    for frame in group.frames:
        said = fill(frame, group, items_of(group, 1), Subject(girl, "caregiver", "x"))
        pool = {w for i in items_of(group, 1) for v in i.values() for w in v.split()}
        assert not {"I", "I've", "I'm", "my", "My"} & (set(said.split()) - pool), said
        said = fill(frame, group, items_of(group, 1), Subject(adult, "self", "x"))
        assert not {"she", "she's", "her", "Her", "She", "She's"} & set(said.split()), said


@pytest.mark.parametrize("name", [n for n in sorted(LIBRARY.groups) if n.startswith("tell_")])
def test_the_doctor_tells_a_parent_of_the_child_and_not_of_the_parent(name: str) -> None:
    group = LIBRARY.groups[name]
    for person, voice in ((Demographics(7, "male"), "caregiver"), (PEOPLE[1], "self")):
        subject = Subject(person, voice, "x")  # type: ignore[arg-type]
        for frame in group.frames:
            said = set(re.findall(r"\w+", fill(frame, group, items_of(group, 1), subject).lower()))
            if voice == "self":
                assert not {"he", "his", "him"} & said
            elif name not in ("tell_follow_up", "tell_message"):  # the parent wrote, and is asked
                assert not {"you", "your"} & said


def test_the_doctor_turns_the_plan_to_whom_it_is_told() -> None:
    plan = "see his cardiologist"
    assert Subject(PEOPLE[1], "self", "x").address(plan) == "see your cardiologist"
    assert Subject(Demographics(7, "male"), "caregiver", "x").address(plan) == plan


@pytest.mark.parametrize("name", [n for n, g in LIBRARY.groups.items() if g.telegraphic])
def test_telegraphic_frames_do_not_name_the_patient(name: str) -> None:
    group = LIBRARY.groups[name]
    for frame in group.telegraphic:
        assert not re.search(r"\{(S|s|P|o|Who)\}", frame.text + (frame.item or "")), frame


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(LIBRARY.groups))
def test_worked_examples_match_the_task(name: str, count: int) -> None:
    group = LIBRARY.groups[name]
    for subject in [s for n, s in SUBJECTS if n == name]:
        rng = derive_rng(name, count, subject.voice)
        examples = examples_for(name, group, count, subject, rng)
        assert len(examples) == 3
        for example in examples:
            assert example.request.split(": ", 1)[0].endswith(group.label)
            assert_reads_as_a_sentence(example.answer)
            # Who says "I" is no woman or man in words, and prompts of both begin alike.
            who = "patient" if subject.voice == "self" else subject.person
            assert who in example.request.lower()


@pytest.mark.parametrize("name", [n for n, g in LIBRARY.groups.items() if len(g.pool) > 1])
def test_examples_are_never_about_the_cases_own_facts(name: str) -> None:
    group = LIBRARY.groups[name]
    entries = [[i["name"].lower() for i in entry] for entry in group.pool]
    for subject in [s for n, s in SUBJECTS if n == name][:2]:
        for avoided in entries:
            shown = examples_for(name, group, 1, subject, derive_rng(name), avoid=set(avoided))
            for example in shown:
                assert not any(a in example.request.lower() for a in avoided), example


@pytest.mark.parametrize("name", [n for n, g in LIBRARY.groups.items() if g.ask])
def test_every_question_ends_as_one_and_asks_a_parent_about_the_child(name: str) -> None:
    group = LIBRARY.groups[name]
    for subject in [s for n, s in SUBJECTS if n == name]:
        for question in group.ask:
            text = fill_question(question, "nausea", subject)
            assert_reads_as_a_sentence(text)
            assert text.endswith("?")
            if subject.voice == "caregiver":
                assert not re.search(r"\b(your|do you have|have you had|are you|do you take)\b",
                                     text.lower()), text  # fmt: skip
            else:
                assert not re.search(r"\b(he|she|his|her)\b", text.lower()), text
        assert realise_question(group, "nausea", subject, derive_rng(1)).endswith("?")
    if group.ask_by_model:
        assert all("{list}" in q for q in group.ask)
        examples = ask_examples(group, subject, derive_rng(1), avoid={"nausea", "dizziness"})
        assert len(examples) == 3
        assert not any("nausea" in e.request for e in examples)


@pytest.mark.parametrize("name", sorted(LIBRARY.groups))
def test_the_realiser_states_every_item(name: str) -> None:
    group = LIBRARY.groups[name]
    shown = next((s for s in ("lay", "said", "name") if f"{{{s}}}" in group.item), None)
    for count, (_, subject) in itertools.product((1, 2, 3), [s for s in SUBJECTS if s[0] == name]):
        items = [{**i, "lay": subject.speak(i["lay"])} for i in items_of(group, count)]
        text = realise(group, items, subject, derive_rng(name, count)).lower()
        for item in items:
            # "no barrel chest", where the sign is "a barrel chest"
            stated = re.sub(r"^an? ", "", item[shown].lower()) if shown else ""
            assert stated in text, (item, text)


def test_every_group_of_every_kind_has_frames_and_no_group_is_orphaned() -> None:
    used = {r.group for k in LIBRARY.kinds.values() for s in k.sections for r in s.groups}
    assert used == set(LIBRARY.groups)


def test_a_request_lists_who_what_and_every_item() -> None:
    group = LIBRARY.groups["home_medications"]
    subject = Subject(Demographics(54, "female"), "pronoun", "The patient")
    items = items_of(group, 2)
    assert request_for("home_medications", group, items, subject) == (
        "Woman. Takes at home: cetirizine 10 mg by mouth once daily; "
        "fexofenadine 180 mg by mouth once daily"
    )


def test_unknown_slot_is_refused_with_the_known_ones() -> None:
    subject = Subject(Demographics(54, "female"), "pronoun", "The patient")
    with pytest.raises(CasewrightError, match=r"slot \{nmae\}") as caught:
        fill(Frame(text="{S} has {nmae}."), LIBRARY.groups["history"], [{"name": "gout"}], subject)
    assert "list" in (caught.value.problems[0].valid or "")


def test_surnames_of_the_examples_are_nobodys_in_a_case() -> None:
    from casewright.generators import examples

    planned = {n for pool in load_name_pools() for n in (*pool.family, *pool.female, *pool.male)}
    assert planned
    assert not planned & set(examples._EXAMPLE_NAMES)
