"""A consultation between two model roles, each of which sees only what it may know.

The doctor sees what has been said so far, and what comes next on any doctor's list: the
complaint, when it began, a symptom to ask about, medicines, allergies. It does not see the
case, until it tells what it found itself. The patient sees who they are and the facts that the
last question asks for, and no others: nothing is told before it is asked, and no diagnosis
before the doctor gives it. Every turn is checked like any other piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from casewright.generators.compose import Composer
from casewright.generators.consultation import Consultation
from casewright.generators.pieces import PieceWriter, Segment, Task, Written
from casewright.generators.plan import Piece
from casewright.prompts.library import ROLEPLAY_PROMPT, Message, Persona, PromptLibrary
from casewright.records import Demographics, Turn

__all__ = ["DialogueMode", "RolePlay", "mode_for"]

DialogueMode = Literal["script", "roleplay", "auto"]


def mode_for(wanted: DialogueMode, granularity: str) -> Literal["script", "roleplay"]:
    """How dialogues are written.

    Args:
        wanted: what the configuration says; auto leaves it to what the model is good for.
        granularity: the granularity that is used ("group", "section", "document"): a model that
            can write no more than a fact group at a time can play no role.
    """
    if wanted != "auto":
        return wanted
    return "script" if granularity == "group" else "roleplay"


@dataclass
class RolePlay:
    """A consultation under way. `said` holds who has said what, and grows."""

    talk: Consultation
    composer: Composer
    pieces: PieceWriter
    library: PromptLibrary
    said: list[tuple[str, str]] = field(default_factory=list)

    def hear(self, speaker: str, text: str) -> None:
        """Add a line to what has been said."""
        self.said.append((speaker, text))

    async def ask(self, piece: Piece, scripted: str, demographics: Demographics) -> Written:
        """The doctor's next question.

        Args:
            scripted: the question of the script, asked where the model's is not taken; empty
                where the question is about a symptom by name.
        """
        task = self.composer.ask(piece, self.talk.listener())
        if scripted:
            # An area of the history: the doctor does not know what there is to be found.
            area = self.library.says(f"area.{piece.group}")[0]
            task = replace(task, topic=(), fallback=lambda: scripted)
        else:
            area = f"{task.messages[-1].content}."
        task = replace(task, messages=self._messages("doctor", area, piece))
        written = await self.pieces.write(task, demographics)
        if scripted and self._gives_away(written.text):
            return replace(written, segments=(Segment(scripted, "template"),))
        return written

    def staged(self, task: Task, piece: Piece) -> Task:
        """The task with what its speaker sees: what has been said, and the facts of this turn."""
        spoken = self.talk.spoken(piece)
        role = spoken.role or spoken.speaker
        last = self.said[-1][1] if self.said else ""
        return replace(
            task,
            messages=self._messages(role, task.messages[-1].content, piece),
            licensed=(*task.licensed, last),
            parts=tuple(
                replace(
                    part,
                    messages=self._messages(role, part.messages[-1].content, piece),
                    licensed=(*part.licensed, last),
                )
                for part in task.parts
            ),
        )

    def _messages(self, role: str, request: str, piece: Piece) -> tuple[Message, ...]:
        template = self.library.template(ROLEPLAY_PROMPT)
        messages = template.messages(
            speaker=role,
            persona=manner_of(self.talk.persona, self.library),
            transcript=[_Line(*line) for line in self.said],
            request=request,
            group=piece.group,
            voice=self.talk.subject(piece).voice,
        )
        return _in_turn(messages)

    def _gives_away(self, question: str) -> bool:
        """Whether a question about an area names something that was not said yet."""
        turn = Turn("doctor", question, 0, len(question))
        ledger = self.pieces.check(question, (), None, (turn,))
        heard = " ".join(text for _, text in self.said).lower()
        named = [o.text for o in ledger.off_spec] + [e.text for e in ledger.entities]
        return any(name.lower() not in heard for name in named)


def _in_turn(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Messages of user and assistant in turn, the user first: many chat templates take no other."""
    turns: list[Message] = []
    for message in messages:
        if message.role == "assistant" and (not turns or turns[-1].role == "system"):
            turns.append(Message("user", "(The visit begins.)"))
        if turns and turns[-1].role == message.role:
            joined = f"{turns[-1].content} {message.content}"
            turns[-1] = Message(message.role, joined)
        else:
            turns.append(message)
    return tuple(turns)


@dataclass(frozen=True, slots=True)
class _Line:
    speaker: str
    text: str


def manner_of(persona: Persona, library: PromptLibrary) -> str:
    """The persona in words, for the model that plays it."""
    return " ".join(_manners(persona, library))


_LOW = 0.5


def _manners(persona: Persona, library: PromptLibrary) -> Sequence[str]:
    said = [*library.says(f"role.{persona.personality}")]
    for name, low in (
        ("language", persona.language < _LOW),
        ("recall", persona.recall < _LOW + 0.1),
        ("confusion", persona.confusion >= _LOW),
        ("literacy", persona.literacy < _LOW),
        ("well_read", persona.literacy > 0.9),
    ):
        if low:
            said += library.says(f"role.{name}")
    return said
