"""Writing one piece: ask, judge, ask again, split, and state what the model would not.

A piece is a few facts in a sentence or two. A draw is accepted only if the checker finds
every fact stated and nothing else, no word stands in it that nothing licenses, and the
model ended it by itself. After the last draw the facts are tried one by one, and then the
realiser states what is left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Literal

from casewright.generators.client import ChatRequest, Completion
from casewright.generators.vocabulary import FormsOf, fact_words, strange_words, words_of
from casewright.prompts.library import Message
from casewright.records import Check, Demographics, Fact, Turn
from casewright.seeds import derive_seed

__all__ = ["Complete", "PieceWriter", "Segment", "Task", "TextSettings", "Written", "tidy"]

Complete = Callable[[ChatRequest], Awaitable[Completion]]
"""Sends one request to the engine."""

Origin = Literal["model", "realiser", "template"]


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How the model is asked.

    Attributes:
        draws: requests for a piece before it is split or realised.
        temperature, top_p: of the first draw; each further draw adds `temperature_step`.
        max_tokens: upper bound for one answer; short pieces ask for less.
        vocabulary: closed rejects words that nothing licenses; open leaves it to the checker.
        shots: worked examples in a prompt.
    """

    draws: int = 4
    temperature: float = 0.5
    temperature_step: float = 0.1
    top_p: float = 0.95
    max_tokens: int = 400
    vocabulary: Literal["closed", "open"] = "closed"
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
        parts: the same piece fact by fact, tried when the whole fails.
        licensed: further texts whose words may be used (a name, a lay word).
        required: texts that the answer must contain, whatever their case.
        bare: a telegraphic answer, which need not be a sentence.
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


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a task. `seed` is that of the first accepted request (0 if none was)."""

    segments: tuple[Segment, ...]
    attempts: int
    repairs: int
    problems: tuple[str, ...] = ()
    seed: int = 0

    @property
    def text(self) -> str:
        """The segments joined by blanks."""
        return " ".join(s.text for s in self.segments)


_SPEAKER = re.compile(r"^(?:doctor|dr|patient|parent|mother|father|caregiver)\s*[:：]\s*", re.I)
_SPACES = re.compile(r"[ \t]+")
# A word or a short phrase said twice in a row; "No, no fever." is what patients say.
_DOUBLED = re.compile(r"\b(?!no\b)(\w+(?:\W+\w+){0,3})\W+\1\b", re.I)
_OF_THE_PATIENT = re.compile(r"\b(?:she|he|her|hers|his|him|the patient)\b", re.I)
_OTHER_SEX = {
    "female": re.compile(r"\b(?:he|his|him|man|boy)\b", re.I),
    "male": re.compile(r"\b(?:she|her|hers|woman|girl)\b", re.I),
}
_OF_ONESELF = re.compile(r"\b(?:I'm|I've|I (?:am|have|haven't|had|take|don't have))\b")


def tidy(text: str) -> str:
    """First paragraph of an answer, without a speaker tag, wrapping quotes or doubled blanks."""
    first = next((line for line in text.strip().splitlines() if line.strip()), "")
    first = _SPEAKER.sub("", first.strip())
    if len(first) > 1 and first[0] in "\"“'" and first[-1] in "\"”'":
        first = first[1:-1]
    first = _SPACES.sub(" ", first).strip()
    return first.replace(" %", "%").replace("..", ".")


@dataclass(frozen=True)
class PieceWriter:
    """Writes tasks with an engine (`complete`), or with the realiser alone (None)."""

    complete: Complete | None
    check: Check
    forms_of: FormsOf
    settings: TextSettings

    async def write(self, task: Task, demographics: Demographics) -> Written:
        """Write the task. Never fails for what the model says; only for the endpoint."""
        if self.complete is None:
            return Written((Segment(task.fallback(), "realiser"),), 0, 0)
        problems: list[str] = []
        for attempt in range(self.settings.draws):
            seed = derive_seed(*task.seed_keys, attempt, bits=31)
            completion = await self.complete(self._request(task, seed, attempt))
            text = tidy(completion.text)
            problem = self.problem(text, completion.finish_reason, task, demographics)
            if problem is None:
                return Written((Segment(text, "model"),), attempt + 1, 0, tuple(problems), seed)
            problems.append(f"{problem}: {text}")
        if len(task.parts) > 1:
            written = [await self.write(part, demographics) for part in task.parts]
            return Written(
                tuple(s for w in written for s in w.segments),
                self.settings.draws + sum(w.attempts for w in written),
                1 + sum(w.repairs for w in written),
                (*problems, *(p for w in written for p in w.problems)),
                next((w.seed for w in written if w.seed), 0),
            )
        return Written(
            (Segment(task.fallback(), "realiser"),), self.settings.draws, 1, tuple(problems)
        )

    def _request(self, task: Task, seed: int, attempt: int) -> ChatRequest:
        expected = sum(len(m.content) for m in task.messages[-1:]) // 3
        temperature = self.settings.temperature + attempt * self.settings.temperature_step
        return ChatRequest(
            messages=tuple((m.role, m.content) for m in task.messages),
            seed=seed,
            temperature=round(min(temperature + task.warmth, 1.2), 3),
            top_p=self.settings.top_p,
            max_tokens=min(self.settings.max_tokens, 40 + 2 * expected),
            stop=("\n",),
        )

    def problem(
        self, text: str, finish_reason: str, task: Task, demographics: Demographics
    ) -> str | None:
        """Why a draw is not accepted, or None."""
        shape = _shape_problem(text, finish_reason, task)
        if shape:
            return shape
        if task.speaker is not None and _OTHER_SEX[demographics.sex].search(text):
            return "the other sex"  # in a note the checker sees whom a pronoun is about
        if task.topic:
            lowered = text.lower()
            if not any(form.lower() in lowered for form in task.topic):
                return "off topic"
        if self.settings.vocabulary == "closed":
            licensed = fact_words((*task.facts, *task.about), self.forms_of)
            extra = {w for t in (*task.licensed, *task.topic) for w in words_of(t)}
            strange = strange_words(text, licensed | extra)
            if strange:
                return f"unlicensed word {strange[0]!r}"
        return self._ledger_problem(text, task, demographics)

    def _ledger_problem(self, text: str, task: Task, demographics: Demographics) -> str | None:
        turns: tuple[Turn, ...] = ()
        if task.speaker is not None:
            before = " ".join(t.text for t in task.context)
            start = len(before) + 1 if before else 0
            whole = f"{before} {text}" if before else text
            turns = (*task.context, Turn(task.speaker, text, start, start + len(text)))
        else:
            start, whole = 0, text
        if not task.facts and not task.topic and not task.about:
            return None
        ledger = self.check(whole, (*task.facts, *task.about), demographics, turns)
        optional = {f.fact_id for f in task.about}
        for status in ledger.facts:
            unsaid = status.status == "missing" and status.fact_id in optional
            if status.status != "stated" and not unsaid:
                return f"{status.status} {status.fact_id}"
        topic_words = {w for t in task.topic for w in words_of(t)}
        for off in ledger.off_spec:
            if off.start >= start and not set(words_of(off.text)) <= topic_words:
                return f"off case {off.text!r}"
        return None


def _shape_problem(text: str, finish_reason: str, task: Task) -> str | None:
    """What is wrong with a draw before its meaning is looked at."""
    if finish_reason != "stop":
        return f"ended by {finish_reason}"
    if len(words_of(text)) < 2 - bool(task.topic):
        return "too short"
    if text[-1] not in task.must_end:
        return "does not end as a sentence"
    if not any(c.isupper() or c.isdigit() for c in text[:2]):  # pH and a1c begin like that
        return "does not begin as a sentence"
    if text.count("(") != text.count(")") or any(c in text for c in ";|{}[]<>*#_\n"):
        return "list or markup"
    if task.speaker is None and "?" in text:
        return "a question"
    if task.speaker == "patient" and _OF_THE_PATIENT.search(text):
        return "speaks of the patient"
    if task.speaker == "caregiver" and _OF_ONESELF.search(text):
        return "speaks of the parent"
    if task.must_end == "?" and (text.count("?") != 1 or _ASKS_NOBODY.search(text)):
        return "not one question"
    if _DOUBLED.search(_numbers_away(text)):
        return "doubled word"
    sentences = [s.lower() for s in re.split(r"[.!?](?:\s+|$)", text) if s]
    if len(set(sentences)) < len(sentences):
        return "doubled sentence"
    if len(sentences) > 1 + len(task.facts) + len(task.about):
        return "too many sentences"
    lowered = text.lower()
    missing = [r for r in task.required if r.lower() not in lowered]
    if missing:
        return f"without {missing[0]!r}"
    return _grammar(text, task) or _excess(text, task)


_DOUBLE_NEGATIVE = re.compile(r"\bden(?:y|ies|ied) (?:no|not|never)\b|\bno [\w ]+ not\b", re.I)
_ARTICLE = re.compile(
    r"\b[Aa] (?!one\b|once\b|eu)[aeio]\w|\b[Aa]n (?!hour|honest|heir)[b-df-hj-np-tv-z]\w"
    r"|\b[Aa] [AEFHILMNORSX][A-Z]"  # letters are read by their names: an IUD, an ECG
)
_ASKS_NOBODY = re.compile(
    r"^(?:Has|Have|Had|Is|Are|Was|Were|Do|Does|Did)\s+"
    r"(?!you|she|he|her|his|there|the|it|that|this|any)|^The\s+(?:\w+\s*){1,3}\?$",
    re.I,
)


_PREDICATES = frozenset({"social", "follow_up", "disposition", "course"})


def _grammar(text: str, task: Task) -> str | None:
    """What a reader trips over and a concept checker does not see."""
    if _DOUBLE_NEGATIVE.search(text):
        return "double negative"
    if _ARTICLE.search(text):
        return "wrong article"
    if not task.facts:
        return None
    given = set(words_of(" ".join((*task.licensed, *(f.name for f in task.facts)))))
    predicate = any(f.type in _PREDICATES for f in task.facts)  # "smokes a pipe" needs no verb
    answers = task.speaker is not None and text.lower().startswith(("no ", "no,", "yes"))
    bare = task.bare or predicate or answers
    if not bare and all(word in given for word in words_of(text)):
        return "no sentence"
    if "doctor" not in given and re.search(r"\bthe doctor\b", text, re.I):
        return "speaks of the doctor"
    if task.speaker in ("patient", "caregiver") and re.search(r"\byours?\b", text, re.I):
        return "speaks of the doctor's body"
    advises = any(f.type == "follow_up" for f in task.facts)
    if task.speaker == "doctor" and advises and not re.search(r"\b(?:you|please)\b", text, re.I):
        return "asks nobody"
    return None


_JOINING_WORDS = 12
"""Words that a sentence may spend beside its facts: the longest frame of frames.yaml has 10."""


def _excess(text: str, task: Task) -> str | None:
    """What a draw says twice, or at too great length."""
    if not task.facts:
        return None
    own = " ".join(
        part
        for fact in task.facts
        for part in (fact.name, fact.value or "", fact.unit or "", *(v for _, v in fact.attributes))
    )
    said, given = words_of(text), words_of(f"{own} {' '.join(task.licensed)}")
    numbers, known = Counter(w for w in said if w.isdigit()), Counter(words_of(own))
    if any(count > max(known[number], 1) for number, count in numbers.items()):
        return "doubled number"
    pairs = Counter(p for p in pairwise(said) if min(map(len, p)) >= 4)
    own_pairs = Counter(pairwise(words_of(own)))
    if any(count > max(own_pairs[pair], 1) for pair, count in pairs.items()):
        return "said twice"
    sentences = max(len(re.findall(r"[.!?](?:\s|$)", text)), 1)
    if len([w for w in said if w not in given]) > _JOINING_WORDS * sentences:
        return "too many words"
    return None


def _numbers_away(text: str) -> str:
    """Each number as a word of its own: "7 of 10" says no "of" twice, nor 120/120 a word."""
    counted = count()
    without_ratios = re.sub(r"\b(\w+)/\1\b", r"\1", text)  # g/g is no word said twice
    return re.sub(r"\d+", lambda _: f"n{next(counted)}", without_ratios)
