"""Laying out a consultation: who is there, who asks, who answers, and what is said beside facts.

Questions and answers are written piece by piece; greeting, manners and farewell are phrases of
prompts/talk.yaml, drawn by the persona. A young child's answers come from a parent, and an
interpreter speaks for who does not know the doctor's language.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from casewright.generators.assembly import Assembly
from casewright.generators.disclosure import ADULT_VOICE_AGE, UNNAMED, is_lost
from casewright.generators.pieces import Segment, Written
from casewright.generators.plan import Piece, Plan
from casewright.prompts.library import Persona, PromptLibrary
from casewright.records import Case, Disclosed, Role, Turn

__all__ = [
    "ADULT_VOICE_AGE",
    "Cast",
    "answer_context",
    "arrange",
    "cast_of",
    "is_doctor_piece",
    "lay_out_dialogue",
    "speaker_of",
]


def speaker_of(case: Case, persona: Persona | None = None) -> Role:
    """Who answers the doctor: the patient, a young child's parent, or an interpreter."""
    if persona is not None and persona.company == "interpreter":
        return "interpreter"
    return "patient" if case.demographics.age_years >= ADULT_VOICE_AGE else "caregiver"


def is_doctor_piece(piece: Piece) -> bool:
    """Whether the doctor speaks the piece's facts."""
    return piece.group.startswith("tell_")


def answer_context(question: str) -> tuple[Turn, ...]:
    """The doctor's question as the turn before an answer."""
    return (Turn("doctor", question, 0, len(question)),)


# ------------------------------------------------------------------ who is there

_ELDERLY = 60
_NURSE = {"emergency": 0.5, "outpatient": 0.15, "inpatient": 0.0}
"""How often a nurse reads out what was measured."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a consultation.

    Attributes:
        answerer: who answers; `tag` is what stands before the line.
        helper: tag of the adult patient's caregiver, "" without one.
        nurse: whether a nurse reads out what was measured.
    """

    answerer: Role
    tag: str
    helper: str = ""
    nurse: bool = False

    def tag_of(self, role: Role) -> str:
        """What stands before a line of the role."""
        if role == self.answerer:
            return self.tag
        return self.helper if role == "caregiver" else role.capitalize()


def cast_of(case: Case, persona: Persona, rng: random.Random) -> Cast:
    """Who takes part in the case's consultation."""
    age = case.demographics.age_years
    answerer = speaker_of(case, persona)
    parent, kin, read_out = rng.random(), rng.random(), rng.random()
    tag = answerer.capitalize()
    if answerer == "caregiver":
        tag = "Mother" if parent < 0.5 else "Father" if parent < 0.8 else "Parent"
    helper = ""
    if persona.company == "caregiver" and answerer == "patient":
        if age < 18:
            helper = "Mother" if kin < 0.6 else "Father"
        elif age < _ELDERLY:
            helper = "Partner" if kin < 0.6 else "Caregiver"
        else:
            helper = "Daughter" if kin < 0.5 else "Son" if kin < 0.8 else "Partner"
    return Cast(answerer, tag, helper, read_out < _NURSE[case.setting])


# ------------------------------------------------------------------ what is asked for, in order


def arrange(plan: Plan, log: Sequence[Disclosed]) -> tuple[Plan, Mapping[str, Disclosed]]:
    """The plan of a consultation that goes by what the patient tells.

    What is not told stands in a piece of its own; so does what a caregiver tells. When the
    complaint began is asked at once, and of what was not told nothing more is asked.

    Returns:
        The plan, and by piece id the telling of the pieces that are not plainly answered.
    """
    of = {d.fact_id: d for d in log}
    complaint = next((p.facts[0].fact_id for p in plan.pieces if p.group == "say_complaint"), None)
    pieces: list[Piece] = []
    apart: dict[str, Disclosed] = {}
    for piece in _complaint_first(plan.pieces, complaint):
        if is_doctor_piece(piece):
            pieces.append(piece)
            continue
        if piece.again:
            telling = of.get(piece.facts[0].fact_id)
            if telling is None or not is_lost(telling):
                pieces.append(piece)
            continue
        plain = []
        for number, fact in enumerate(piece.facts):
            telling = of.get(fact.fact_id)
            if telling is None or not (is_lost(telling) or telling.by == "caregiver"):
                plain.append(fact)
                continue
            alone = replace(piece, piece_id=f"{piece.piece_id}x{number}", facts=(fact,))
            pieces.append(alone)
            apart[alone.piece_id] = telling
        if plain:
            pieces.append(replace(piece, facts=tuple(plain)))
    return replace(plan, pieces=tuple(pieces)), apart


def _complaint_first(pieces: Sequence[Piece], complaint: str | None) -> list[Piece]:
    """The pieces with the question when the complaint began right after the complaint."""
    onset = next(
        (p for p in pieces if p.group == "say_onset" and p.facts[0].fact_id == complaint), None
    )
    if onset is None:
        return list(pieces)
    ordered: list[Piece] = []
    for piece in pieces:
        if piece is not onset:
            ordered.append(piece)
        if piece.group == "say_complaint":
            ordered.append(onset)
    return ordered


# ------------------------------------------------------------------ the transcript

_LOWERED = re.compile(r"(?:It|It's|The|There|There's|My|No|Yes|Yeah|That|She|She's|He|He's)\b")


@dataclass
class _Script:
    """A consultation while it is laid out. No phrase is drawn twice."""

    case: Case
    plan: Plan
    questions: Mapping[str, Segment]
    answers: Mapping[str, Written]
    apart: Mapping[str, Disclosed]
    library: PromptLibrary
    persona: Persona
    cast: Cast
    rng: random.Random
    out: Assembly = field(default_factory=Assembly)
    reply: str = ""
    _pools: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_self(self) -> bool:
        """Whether the patient speaks for themself: others have no manners of theirs."""
        return self.cast.answerer != "interpreter"

    def phrase(self, name: str) -> str | None:
        """A phrase that was not said yet, or None."""
        if name not in self._pools:
            pool = list(self.library.says(name)) if name in self.library.talk else []
            self.rng.shuffle(pool)
            self._pools[name] = pool
        return self._pools[name].pop() if self._pools[name] else None

    def any_of(self, name: str) -> str:
        """A phrase, said before or not."""
        return self.rng.choice(self.library.says(name))

    def chance(self, share: float) -> bool:
        """True so often."""
        return self.rng.random() < share

    def say(self, role: Role, said: Sequence[tuple[Segment, str | None] | str]) -> None:
        """Add a turn."""
        segments: list[tuple[Segment, str | None]] = [
            (Segment(s, "template"), None) if isinstance(s, str) else s for s in said
        ]
        self.out.add_turn(role, self.cast.tag_of(role), segments)

    def lead(self) -> list[str]:
        """What the doctor says before going on: a reply that is due, or a sign of listening."""
        reply, self.reply = self.reply, ""
        if reply:
            return [reply]
        return [self.any_of("backchannel")] if self.chance(0.25) else []


def lay_out_dialogue(
    plan: Plan,
    questions: Mapping[str, Segment],
    answers: Mapping[str, Written],
    case: Case,
    library: PromptLibrary,
    rng: random.Random,
    *,
    cast: Cast,
    apart: Mapping[str, Disclosed],
) -> Assembly:
    """Join questions and answers into a transcript with turns.

    Args:
        questions: the doctor's question before each answered piece, by piece id.
        answers: what was written for each piece that is answered.
        cast: who takes part. apart: pieces that are not plainly answered (see `arrange`).
    """
    persona = library.personas[case.persona]
    script = _Script(case, plan, questions, answers, apart, library, persona, cast, rng)
    for number in range(len(plan.spec.sections)):
        pieces = [p for p in plan.pieces if p.section == number]
        if not pieces:
            continue
        if is_doctor_piece(pieces[0]):
            _doctor_tells(script, pieces, last=number == len(plan.spec.sections) - 1)
        else:
            for piece in pieces:
                _exchange(script, piece, greeting=not script.out.turns)
    script.say(_closing_role(script), [script.rng.choice(persona.closers)])
    return script.out


def _closing_role(script: _Script) -> Role:
    return "patient" if script.cast.answerer == "interpreter" else script.cast.answerer


def _exchange(script: _Script, piece: Piece, *, greeting: bool) -> None:
    question = script.questions[piece.piece_id]
    opening: list[tuple[Segment, str | None] | str] = []
    opening += _greeting(script) if greeting else script.lead()
    if not greeting and _interrupted(script, piece, opening, question):
        opening = []
    else:
        script.say("doctor", [*opening, (question, None)])
        if not greeting:
            _detour(script, question)
    _answer(script, piece)


def _interrupted(
    script: _Script,
    piece: Piece,
    opening: Sequence[tuple[Segment, str | None] | str],
    question: Segment,
) -> bool:
    """The patient cuts in before the question is out, and the doctor asks once more."""
    words = question.text.split(" ")
    asks_in_general = not script.library.groups[piece.group].ask_by_model
    if not (
        script.is_self
        and script.persona.personality == "impatient"
        and asks_in_general
        and len(words) >= _LONG_QUESTION
        and script.chance(0.45)
        and (cut := script.phrase("cut"))
        and (reply := script.phrase("cut.reply"))
    ):
        return False
    half = " ".join(words[: len(words) // 2]).rstrip(",")
    script.say("doctor", [*opening, f"{half}\u2014"])
    script.say(script.cast.answerer, [cut])
    script.say("doctor", [reply, (question, None)])
    return True


_LONG_QUESTION = 6


def _detour(script: _Script, question: Segment) -> None:
    """What comes between a question and its answer: pushing back, asking again, losing track."""
    if not script.is_self:
        return
    persona = script.persona
    if persona.personality == "distrustful" and script.chance(0.3):
        if push := script.phrase("push"):
            script.say(script.cast.answerer, [push])
            script.say("doctor", [script.phrase("push.reply") or script.any_of("backchannel")])
        return
    adult = script.cast.answerer == "patient"
    for name, share in (
        ("again", 0.5 * (1 - persona.language)),
        ("lost", 0.4 * persona.confusion if adult else 0.0),
    ):
        if script.chance(share) and (said := script.phrase(name)):
            script.say(script.cast.answerer, [said])
            reply = script.phrase(f"{name}.reply") or script.any_of("backchannel")
            # Said again, it is nobody's new writing.
            script.say("doctor", [reply, question.text])
            return


def _answer(script: _Script, piece: Piece) -> None:
    telling = script.apart.get(piece.piece_id)
    role = script.cast.answerer
    if telling is not None and telling.outcome == "withheld":
        script.say(role, [script.phrase("withheld") or script.any_of("withheld")])
        return
    if telling is not None:
        script.say(role, [script.phrase("forgotten") or script.any_of("forgotten")])
        if telling.by != "caregiver":
            script.reply = script.phrase("not_remembered.reply") or ""
            return
        lead = [script.any_of("helps")] if script.chance(0.4) else []
        script.say("caregiver", [*lead, *_said(script, piece)])
        return
    said = _opened(script, _said(script, piece))
    story = None
    if script.is_self and script.persona.personality == "verbose" and script.chance(0.15):
        story = script.phrase("story.verbose")
    if story is not None and piece.group != "say_allergies":
        # The doctor listens, and the patient comes to the point. "Yes, shellfish." after a story
        # would be an answer to nothing.
        script.say(role, [story])
        script.say("doctor", [script.any_of("listening")])
    after = None if story else _afterthought(script, piece)
    script.say(role, [*said, *([after] if after else [])])


def _said(script: _Script, piece: Piece) -> list[tuple[Segment, str | None]]:
    return [(s, piece.piece_id) for s in script.answers[piece.piece_id].segments]


def _opened(
    script: _Script, said: list[tuple[Segment, str | None]]
) -> list[tuple[Segment, str | None] | str]:
    """Now and then begin an answer the way this persona does."""
    persona, (first, piece_id) = script.persona, said[0]
    starts_with_i = first.text.split(" ")[0] in {"I", "I've", "I'm", "I'd"}
    if not (script.is_self and persona.openers and script.chance(persona.opener)):
        return list(said)
    opener = script.rng.choice(persona.openers)
    if starts_with_i:
        return [opener, *said]
    # "I'm a bit nervous, but" goes on with a sentence of one's own only.
    if not opener.endswith(",") or not _LOWERED.match(first.text):
        return list(said)
    lowered = replace(first, text=first.text[:1].lower() + first.text[1:])
    return [opener, (lowered, piece_id), *said[1:]]


def _afterthought(script: _Script, piece: Piece) -> str | None:
    """What is said after an answer, beside the fact."""
    if not script.is_self:
        return None
    if any(f.concept == UNNAMED for f in piece.facts):
        return script.any_of("nameless")
    persona = script.persona
    if persona.personality in ("verbose", "pleasing"):
        share = 0.4 if persona.personality == "verbose" else 0.3
        return script.phrase(f"aside.{persona.personality}") if script.chance(share) else None
    worried = persona.personality == "overanxious" and script.chance(0.35)
    if worried and (worry := script.phrase("worry")):
        script.reply = script.phrase("reassure") or ""
        return worry
    return None


def _greeting(script: _Script) -> list[tuple[Segment, str | None] | str]:
    identity, cast = script.case.identity, script.cast
    adult = script.case.demographics.age_years >= ADULT_VOICE_AGE and identity.title
    name = f"{identity.title} {identity.family}" if adult else identity.given
    hello = script.any_of("greeting").format(name=name)
    who = script.any_of("introduction").format(clinician=identity.clinician)
    said: list[tuple[Segment, str | None] | str] = [f"{hello} {who}"]
    if cast.answerer == "interpreter":
        said.append(script.any_of("welcome.interpreter"))
    elif cast.helper:
        said.append(script.any_of("welcome.caregiver"))
    return said


_DIAGNOSES = frozenset({"tell_diagnosis", "tell_also"})


def _doctor_tells(script: _Script, pieces: Sequence[Piece], *, last: bool) -> None:
    child = script.case.demographics.age_years < ADULT_VOICE_AGE
    lead = "explain" if last else ("exam.child" if child else "exam")
    opening = script.any_of(lead).format(given=script.case.identity.given)
    read_out = [p for p in pieces if p.group == "tell_vitals" and script.cast.nurse]
    if read_out:
        script.say("nurse", [script.any_of("nurse"), *_told(script, read_out)])
    told = [p for p in pieces if p not in read_out]
    named = [p for p in told if p.group in _DIAGNOSES]
    rest = [p for p in told if p not in named]
    if named and rest:
        script.say("doctor", [opening, *_told(script, named)])
        _take_in(script)
        reply, script.reply = script.reply, ""
        script.say("doctor", [*([reply] if reply else []), *_told(script, rest)])
    else:
        script.say("doctor", [opening, *_told(script, told)])
    if not last:
        script.say(script.cast.answerer, [script.any_of("consent")])


def _told(script: _Script, pieces: Sequence[Piece]) -> list[tuple[Segment, str | None] | str]:
    return [pair for piece in pieces for pair in _said(script, piece)]


def _take_in(script: _Script) -> None:
    """How the patient takes the diagnosis."""
    persona = script.persona
    role = script.cast.answerer
    if script.is_self and script.chance(0.9 * (1 - persona.literacy) ** 2):
        script.say(role, [script.any_of("plain_words")])
        script.reply = script.any_of("plain_words.reply")
    elif (
        script.is_self
        and persona.personality == "overanxious"
        and (worry := script.phrase("worry"))
    ):
        script.say(role, [worry])
        script.reply = script.phrase("reassure") or ""
    else:
        script.say(role, [script.any_of("consent")])
