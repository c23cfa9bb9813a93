"""What is to be written in one go, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from casewright.generators.client import ChatRequest, Completion
from casewright.prompts.library import Message
from casewright.records import ErrorClass, Fact, Turn

__all__ = [
    "Complete",
    "Origin",
    "Rejected",
    "Segment",
    "Task",
    "TextSettings",
    "Written",
    "sentences_of",
    "tidy",
    "tidy_section",
]

Complete = Callable[[ChatRequest], Awaitable[Completion]]
"""Sends one request to the engine."""

Origin = Literal["model", "realiser", "template"]


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How the model is asked.

    Attributes:
        draws: requests for a piece before it is mended, split or realised.
        best_of: drafts of a section or document that are asked for at once; the one with the
            fewest faults is mended.
        repairs: sentences of a piece that the model may be asked to rewrite; of a section, for
            each of its facts.
        temperature, top_p: of the first draw; each further draw adds `temperature_step`.
        max_tokens: upper bound for one answer; short pieces ask for less. A document may be as
            long as that for each of its sections.
        vocabulary: closed rejects words that nothing licenses; open leaves it to the checker;
            auto is open for sections and documents and closed for groups of facts.
        decoding: free, or anchored (what must be said is fixed by a grammar) for every draw, or
            retry: for the draws after the first one only.
        shots: worked examples in a prompt.
    """

    draws: int = 4
    best_of: int = 3
    repairs: int = 0
    temperature: float = 0.5
    temperature_step: float = 0.1
    top_p: float = 0.95
    max_tokens: int = 400
    vocabulary: Literal["auto", "closed", "open"] = "closed"
    decoding: Literal["free", "retry", "anchored"] = "free"
    shots: int = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text and who wrote it."""

    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Task:
    """One piece to be written.

    Attributes:
        seed_keys: names the request seeds together with the attempt number.
        messages: the prompt for these facts.
        facts: what the answer must state; empty for a question.
        about: what the answer may name without having to.
        must_end: how the answer has to end (". ! ?" or "?").
        context: turns before the answer, whose questions it may answer.
        speaker: role of a dialogue's speaker, None in a note.
        topic: words that the answer must contain one form of (a question's topic).
        fallback: the realiser's sentence.
        parts: the same piece in smaller ones, tried when the whole fails.
        licensed: further texts whose words may be used (a name, a lay word).
        required: texts that the answer must contain, whatever their case.
        bare: a telegraphic answer, which need not be a sentence.
        listed: the facts as the prompt lists them ("Also has: cough; fever").
        shown: the prompt's worked examples, as (listed, answer).
        section: a whole section, free in its form: many sentences, or lines.
    """

    seed_keys: tuple[str | int, ...]
    messages: tuple[Message, ...]
    facts: tuple[Fact, ...]
    fallback: Callable[[], str]
    must_end: str = ".!?"
    context: tuple[Turn, ...] = ()
    speaker: Literal["doctor", "patient", "caregiver"] | None = None
    topic: tuple[str, ...] = ()
    parts: tuple[Task, ...] = ()
    licensed: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    bare: bool = False
    warmth: float = 0.0
    about: tuple[Fact, ...] = ()
    listed: str = ""
    shown: tuple[tuple[str, str], ...] = ()
    section: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """A first draw that was not taken, and why."""

    text: str
    error_class: ErrorClass
    problem: str


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a task.

    Attributes:
        attempts: requests made. repairs: how often it was mended, split or realised.
        problems: what was wrong with each draw that was not taken.
        seed: of the first accepted request (0 if none was).
        rejected: the first draw, where it was not taken.
    """

    segments: tuple[Segment, ...]
    attempts: int
    repairs: int
    problems: tuple[str, ...] = ()
    seed: int = 0
    rejected: Rejected | None = None

    @property
    def text(self) -> str:
        """The segments joined by blanks."""
        return " ".join(s.text for s in self.segments)


_SPEAKER = re.compile(r"^(?:doctor|dr|patient|parent|mother|father|caregiver)\s*[:：]\s*", re.I)
_SPACES = re.compile(r"[ \t]+")
_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?=\S)[^.!?\n]*)*[.!?]*\s*")
_HEADING = re.compile(r"^(?:#+\s.*|\*\*[^*]+\*\*:?|[A-Z][A-Za-z /&-]{2,40}:)$")


def tidy(text: str) -> str:
    """First paragraph of an answer, without a speaker tag, wrapping quotes or doubled blanks."""
    first = next((line for line in text.strip().splitlines() if line.strip()), "")
    first = _SPEAKER.sub("", first.strip())
    return _tidied(first)


def tidy_section(text: str) -> str:
    """All paragraphs of an answer as one, without a heading or wrapping quotes."""
    lines = [line.strip() for line in text.strip().splitlines()]
    lines = [line for line in lines if line and not _HEADING.match(line)]
    return _tidied(" ".join(lines))


def _tidied(text: str) -> str:
    if len(text) > 1 and text[0] in "\"“'" and text[-1] in "\"”'":
        text = text[1:-1]
    text = _SPACES.sub(" ", text).strip()
    return text.replace(" %", "%").replace("..", ".")


def sentences_of(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text stand, without the blanks between them."""
    found = []
    for match in _SENTENCE.finditer(text):
        said = match.group().rstrip()
        if said:
            found.append((match.start(), match.start() + len(said)))
    return found
