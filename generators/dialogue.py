"""Laying out a consultation: who asks, who answers, in one pass for models of any size.

The doctor's questions and the answers are written piece by piece; greeting, transitions and
farewell are templates. A young child's answers come from a parent.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casewright.generators.assembly import Assembly
from casewright.generators.pieces import Segment, Written
from casewright.generators.plan import Piece, Plan
from casewright.prompts.library import Persona, PromptLibrary
from casewright.records import Case, Role, Turn

__all__ = ["ADULT_VOICE_AGE", "answer_context", "is_doctor_piece", "lay_out_dialogue", "speaker_of"]

ADULT_VOICE_AGE = 12
"""From this age on the patient speaks for themself; before it a parent does."""

_TAGS: Mapping[str, str] = {"doctor": "Doctor", "patient": "Patient", "caregiver": "Parent"}

_GREETINGS = ("Good morning, {name}.", "Hello, {name}.", "Good afternoon, {name}.", "Hi, {name}.")
_INTRODUCTIONS = ("I'm {clinician}.", "My name is {clinician}.", "{clinician} here.")
_EXAM = (
    "All right, let me examine you.",
    "Okay, let's take a look at you.",
    "Thank you. I'd like to examine you now.",
)
_EXAM_CHILD = (
    "All right, let me have a look at {given}.",
    "Okay, let's see what {given} has.",
    "Thank you. I'd like to examine {given} now.",
)
_EXPLAIN = (
    "So, let me tell you what I think.",
    "All right, here is what I think is going on.",
    "Okay, let me put this together for you.",
)
_BACKCHANNELS = ("Okay.", "I see.", "All right.", "Mm-hmm.", "Go on.")


def speaker_of(case: Case) -> Role:
    """Who answers the doctor: the patient, or a caregiver for a young child."""
    return "patient" if case.demographics.age_years >= ADULT_VOICE_AGE else "caregiver"


def is_doctor_piece(piece: Piece) -> bool:
    """Whether the doctor speaks the piece's facts."""
    return piece.group.startswith("tell_")


def answer_context(question: str) -> tuple[Turn, ...]:
    """The doctor's question as the turn before an answer."""
    return (Turn("doctor", question, 0, len(question)),)


@dataclass(frozen=True)
class _Script:
    case: Case
    plan: Plan
    questions: Mapping[str, Segment]
    answers: Mapping[str, Written]
    persona: Persona
    rng: random.Random

    @property
    def speaker(self) -> Role:
        return speaker_of(self.case)

    def opener(self, segments: Sequence[Segment]) -> list[Segment]:
        """Now and then begin an answer the way this persona does."""
        first = segments[0].text
        starts_with_i = first.split(" ")[0] in {"I", "I've", "I'm", "I'd"}
        if self.persona.openers and starts_with_i and self.rng.random() < self.persona.opener:
            return [Segment(self.rng.choice(self.persona.openers), "template"), *segments]
        return list(segments)


def lay_out_dialogue(
    plan: Plan,
    questions: Mapping[str, Segment],
    answers: Mapping[str, Written],
    case: Case,
    library: PromptLibrary,
    rng: random.Random,
) -> Assembly:
    """Join questions and answers into a transcript with turns.

    Args:
        questions: the doctor's question before each answered piece, by piece id.
        answers: what was written for each piece.
    """
    script = _Script(case, plan, questions, answers, library.personas[case.persona], rng)
    out = Assembly()
    for number in range(len(plan.spec.sections)):
        pieces = [p for p in plan.pieces if p.section == number]
        if not pieces:
            continue
        if is_doctor_piece(pieces[0]):
            _doctor_tells(out, script, pieces, last=number == len(plan.spec.sections) - 1)
        else:
            _exchange(out, script, pieces, first=number == 0)
    _close(out, script)
    return out


def _exchange(out: Assembly, script: _Script, pieces: Sequence[Piece], *, first: bool) -> None:
    for index, piece in enumerate(pieces):
        asked: list[tuple[Segment, str | None]] = []
        if first and index == 0:
            asked.extend((s, None) for s in _greeting(script))
        elif script.rng.random() < 0.25:
            asked.append((Segment(script.rng.choice(_BACKCHANNELS), "template"), None))
        asked.append((script.questions[piece.piece_id], None))
        out.add_turn("doctor", _TAGS["doctor"], asked)
        said = script.opener(script.answers[piece.piece_id].segments)
        out.add_turn(script.speaker, _TAGS[script.speaker], [(s, piece.piece_id) for s in said])


def _greeting(script: _Script) -> list[Segment]:
    identity, rng = script.case.identity, script.rng
    adult = script.speaker == "patient" and identity.title
    name = f"{identity.title} {identity.family}" if adult else identity.given
    hello = rng.choice(_GREETINGS).format(name=name)
    who = rng.choice(_INTRODUCTIONS).format(clinician=identity.clinician)
    return [Segment(f"{hello} {who}", "template")]


def _doctor_tells(out: Assembly, script: _Script, pieces: Sequence[Piece], *, last: bool) -> None:
    child = script.speaker == "caregiver"
    lead = _EXPLAIN if last else (_EXAM_CHILD if child else _EXAM)
    text = script.rng.choice(lead).format(given=script.case.identity.given)
    said: list[tuple[Segment, str | None]] = [(Segment(text, "template"), None)]
    for piece in pieces:
        said.extend((s, piece.piece_id) for s in script.answers[piece.piece_id].segments)
    out.add_turn("doctor", _TAGS["doctor"], said)
    if not last:
        reply = Segment(script.rng.choice(("Okay.", "All right.", "Sure.")), "template")
        out.add_turn(script.speaker, _TAGS[script.speaker], [(reply, None)])


def _close(out: Assembly, script: _Script) -> None:
    closer = Segment(script.rng.choice(script.persona.closers), "template")
    out.add_turn(script.speaker, _TAGS[script.speaker], [(closer, None)])
