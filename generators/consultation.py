"""Who says what in a consultation, and in whose voice: what a dialogue's pieces need to know."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casewright.generators.compose import Spoken
from casewright.generators.dialogue import Cast, arrange, cast_of, is_doctor_piece
from casewright.generators.disclosure import ADULT_VOICE_AGE, is_lost
from casewright.generators.plan import Piece, Plan
from casewright.generators.wording import Subject, fill_question, item_of
from casewright.prompts.library import Persona, PromptLibrary
from casewright.records import Case, Disclosed

__all__ = ["Consultation", "consult"]

_FIRST = {
    "say_complaint": "first.complaint", "say_visit": "first.visit",
    "say_family": "first.family", "say_history": "first.history",
}  # fmt: skip

_TOPICS = (
    ("tobacco", ("smok", "vap", "tobacco")),
    ("alcohol", ("alcohol",)),
    ("home", ("lives_", "child_", "roommate", "assisted_living", "nursing_home", "home_care")),
    ("days", ("employed", "retired", "school", "daycare", "college", "homemaker", "disability")),
)
"""What a question about habits is about, by what stands in the concept's id."""


def _topic_of(concept: str) -> str | None:
    return next((t for t, marks in _TOPICS if any(m in concept for m in marks)), None)


@dataclass(frozen=True)
class Consultation:
    """A dialogue before its words.

    Attributes:
        log: what is told of each fact, by fact id; empty where all is told.
        apart: the pieces that are not plainly answered, by piece id (see `dialogue.arrange`).
    """

    case: Case
    persona: Persona
    cast: Cast
    plan: Plan
    log: Mapping[str, Disclosed]
    apart: Mapping[str, Disclosed]

    def listener(self) -> Subject:
        """Whom the doctor speaks of: "you", or a child to its parent."""
        adult = self.case.demographics.age_years >= ADULT_VOICE_AGE
        return Subject(self.case.demographics, "self" if adult else "caregiver", "The patient")

    def subject(self, piece: Piece) -> Subject:
        """Whom the piece is about, from where its speaker stands."""
        others = Subject(self.case.demographics, "caregiver", "The patient")
        if is_doctor_piece(piece):
            return others if self._read_out(piece) else self.listener()
        if self.helped(piece) or self.cast.answerer != "patient":
            return others
        return Subject(self.case.demographics, "self", "The patient")

    def spoken(self, piece: Piece) -> Spoken:
        """Who speaks the piece."""
        if is_doctor_piece(piece):
            return Spoken("doctor", self.persona, "nurse" if self._read_out(piece) else "doctor")
        if self.helped(piece):
            return Spoken("caregiver", self.persona, "relative", self.log)
        if self.cast.answerer == "patient":
            return Spoken("patient", self.persona, "patient", self.log)
        # An interpreter speaks of the patient as a parent does.
        return Spoken("caregiver", self.persona, self.cast.answerer, self.log)

    def lost(self, piece: Piece) -> bool:
        """Whether the question of the piece gets no answer."""
        return piece.piece_id in self.apart and is_lost(self.apart[piece.piece_id])

    def helped(self, piece: Piece) -> bool:
        """Whether a caregiver answers for the patient."""
        return piece.piece_id in self.apart and not self.lost(piece)

    def question(self, piece: Piece, library: PromptLibrary, rng: random.Random) -> str:
        """A question of the group that was not asked before; it names no fact but one told."""
        group = library.groups[piece.group]
        fact = piece.facts[0]
        topic = _topic_of(fact.concept) if fact.type == "social" else None
        if topic is not None:
            alike = [p for p in self.plan.pieces if _topic_of(p.facts[0].concept) == topic]
            pool = library.says(f"ask.{topic}")
            asked = rng.sample(pool, len(pool))[alike.index(piece) % len(pool)]
            return fill_question(asked, "", self.listener())
        questions = list(group.ask)
        if piece.again:
            complaint = next(
                (p.facts[0].fact_id for p in self.plan.pieces if p.group == "say_complaint"), None
            )
            at_once = fact.fact_id == complaint and piece.group == "say_onset"
            fitting = [q for q in questions if ("{list}" in q) != at_once]
            questions = fitting or questions
        same = [p.piece_id for p in self.plan.pieces if p.group == piece.group]
        # Where each question names what it asks of, any of them may come first.
        first = 0 if all("{list}" in q for q in questions) else 1
        questions = questions[:first] + rng.sample(questions[first:], len(questions) - first)
        text = questions[same.index(piece.piece_id) % len(questions)]
        return fill_question(text, fact.name, self.listener())

    def first_question(
        self, piece: Piece, library: PromptLibrary, rng: random.Random
    ) -> str | None:
        """The question in which the doctor names what the answer would name; None without one."""
        name = _FIRST.get(piece.group)
        if name is None:
            return None
        part = "reason" if piece.group == "say_visit" else "name"
        listed = " and ".join(item_of(f)[part] for f in piece.facts)
        return fill_question(rng.choice(library.says(name)), listed, self.listener())

    def _read_out(self, piece: Piece) -> bool:
        return self.cast.nurse and piece.group == "tell_vitals"


def consult(
    case: Case, plan: Plan, log: Sequence[Disclosed], persona: Persona, rng: random.Random
) -> Consultation:
    """The consultation of a case: its people, and its plan by what is told."""
    cast = cast_of(case, persona, rng)
    arranged, apart = arrange(plan, log)
    return Consultation(case, persona, cast, arranged, {d.fact_id: d for d in log}, apart)
