"""What the model is shown: the request for a piece, and worked examples that match it.

Examples that match the piece (group, number of facts, sex, voice) decide what a small
model is good for: with examples of mixed sex a quarter of its answers get the sex wrong,
with three of the patient's own sex none do (measured; see docs/engines.md).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from casewright.generators.vocabulary import shown_words, strange_words
from casewright.generators.wording import (
    Item,
    Subject,
    capitalise,
    fill,
    fill_question,
    shown,
    unsaid,
    usable_frames,
    vary,
)
from casewright.prompts.library import Frame, GroupText

__all__ = [
    "Example",
    "ask_examples",
    "ask_request",
    "examples_for",
    "frames_of",
    "listed_for",
    "request_for",
]


@dataclass(frozen=True, slots=True)
class Example:
    """A request and the answer to it. `listed` is the request without whom it is about."""

    request: str
    answer: str
    listed: str = ""


_EXAMPLE_NAMES = ("Lindqvist", "Abara", "Moreau", "Tanaka", "Kowalczyk", "Haddad")
"""Surnames of the examples' patients. None may be in a planned identity (tested)."""


def frames_of(text: GroupText, subject: Subject) -> Sequence[Frame]:
    """The group's frames in the subject's voice; those of a child too young to be asked."""
    telegraphic = subject.voice == "telegraphic" and text.telegraphic
    frames = text.telegraphic if telegraphic else text.frames
    if not subject.is_told_of:
        return frames
    return (*unsaid(frames, subject.grammar), *text.parents) or frames


def request_for(group: str, text: GroupText, items: Sequence[Item], subject: Subject) -> str:
    """The line that asks for a piece: who, label, items."""
    if group.startswith("opening"):
        who = f"{subject.who}, {subject.demographics.age_text} {subject.person}"
    elif subject.voice == "self":  # "I" is a woman or a man
        who = "Patient"
    else:
        who = capitalise(subject.person)
    return f"{who}. {listed_for(text, items, subject)}"


def listed_for(text: GroupText, items: Sequence[Item], subject: Subject) -> str:
    """The facts as a prompt lists them: "Also has: cough; fever"."""
    listed = "; ".join(
        fill(Frame(text="{list}", item=text.item), text, [i], subject) for i in items
    )
    return f"{text.label}: {listed}"


def examples_for(
    group: str,
    text: GroupText,
    count: int,
    subject: Subject,
    rng: random.Random,
    *,
    shots: int = 3,
    avoid: Collection[str] = (),
) -> list[Example]:
    """Worked examples for a piece with `count` facts.

    Args:
        avoid: names of the case's own concepts, lower case: no example holds one.
    """
    frames = usable_frames(frames_of(text, subject), count)
    if any(f.lay for f in frames):
        return _fixed_examples(group, text, frames, subject, rng, shots, avoid)
    # Drawn before what clashes goes, so that cases that avoid something begin alike all the same.
    drawn = [rng.sample(entry, len(entry)) for entry in rng.sample(text.pool, len(text.pool))]
    entries = [e for e in drawn if not _clashes(e, avoid)] or drawn
    names = rng.sample(_EXAMPLE_NAMES, len(_EXAMPLE_NAMES))
    examples: list[Example] = []
    spare: list[Example] = []
    for frame in _cycle(rng, frames, max(shots * 2, len(frames))):
        if len(examples) == shots:
            break
        number = len(examples)
        items: list[Item] = []
        start = number
        while len(items) < count:
            entry = entries[start % len(entries)]
            items.extend(_complete(i) for i in entry if i not in items)
            start += 1
            if start > number + len(entries):
                break
        other = subject
        if subject.who != "The patient":
            other = replace(subject, who=f"{_title(subject)} {names[number % len(names)]}".strip())
        example = Example(
            request_for(group, text, items[:count], other),
            fill(frame, text, items[:count], other),
            listed_for(text, items[:count], other),
        )
        # A model that imitates its examples must not be refused for their words.
        given = [v for i in items[:count] for v in i.values()]
        given += [other.who, other.demographics.age_text]
        licensed = shown_words(given, denied="{list_or}" in frame.text)
        taken = not strange_words(example.answer, licensed) and example not in examples
        (examples if taken else spare).append(example)
    return [*examples, *spare][:shots]


def _title(subject: Subject) -> str:
    return "Ms." if subject.demographics.sex == "female" else "Mr."


def _complete(item: Item) -> Item:
    return {"duration": "", "reaction": "", "value": "", **shown(item.get("result", "")), **item}


def _clashes(entry: Sequence[Item], avoid: Collection[str]) -> bool:
    names = [f" {item.get('name', '').lower()} " for item in entry]
    return any(f" {name} " in shown for shown in names for name in avoid)


def _cycle(rng: random.Random, frames: Sequence[Frame], shots: int) -> list[Frame]:
    shuffled = list(frames)
    rng.shuffle(shuffled)
    return [vary(shuffled[i % len(shuffled)], rng) for i in range(shots)]


def _fixed_examples(
    group: str,
    text: GroupText,
    frames: Sequence[Frame],
    subject: Subject,
    rng: random.Random,
    shots: int,
    avoid: Collection[str],
) -> list[Example]:
    drawn = _cycle(rng, frames, len(frames))
    usable = [f for f in drawn if f.lay and not any(f.lay in a or a in f.lay for a in avoid)]
    chosen = list(islice(cycle(usable or drawn), shots))
    examples = []
    for frame in chosen:
        item = {"lay": subject.speak(frame.lay or ""), "name": frame.lay or ""}
        examples.append(
            Example(
                request_for(group, text, [item], subject),
                fill(Frame(text=frame.text), text, [item], subject),
                listed_for(text, [item], subject),
            )
        )
    return examples


def ask_request(topic: str) -> str:
    """The line that asks for the doctor's question."""
    return f"Ask about: {topic}"


def ask_examples(
    text: GroupText,
    subject: Subject,
    rng: random.Random,
    *,
    shots: int = 3,
    avoid: Collection[str] = (),
) -> list[Example]:
    """Worked examples of a doctor's question."""
    topics = [t for t in text.ask_pool if t not in avoid] or list(text.ask_pool)
    rng.shuffle(topics)
    frames = list(text.ask)
    rng.shuffle(frames)
    return [
        Example(ask_request(topic), fill_question(frame, topic, subject))
        for topic, frame in list(zip(topics, frames, strict=False))[:shots]
    ]
