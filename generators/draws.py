"""What is wrong with a draw: its form, its words, and what it says of the facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Literal

from casewright.generators.grammar import stumble
from casewright.generators.tasks import Task
from casewright.generators.vocabulary import (
    FormsOf,
    fact_words,
    strange_words,
    texts_of,
    words_of,
)
from casewright.generators.wording import is_plural, is_told_of
from casewright.prompts.library import Grammar
from casewright.records import Check, Demographics, ErrorClass, Turn

__all__ = ["DrawJudge", "Fault", "weight_of"]

# A word or a short phrase said twice in a row; "No, no fever." is what patients say.
_DOUBLED = re.compile(r"\b(?!no\b)(\w+(?:\W+\w+){0,3})\W+\1\b", re.I)
_OF_THE_PATIENT = re.compile(r"\b(?:she|he|her|hers|his|him|the patient)\b", re.I)
_OTHER_SEX = {
    "female": re.compile(r"\b(?:he|his|him|man|boy)\b", re.I),
    "male": re.compile(r"\b(?:she|her|hers|woman|girl)\b", re.I),
}
# The requests list their facts with semicolons, and a weak model repeats the list. A sentence has
# one before a subject ("with fever; he is a boy"), and between items that hold commas, the last
# of them with its conjunction ("9, in the mild range; and ..."): see wording.py.
_LISTED = re.compile(
    r";(?! (?:and|or|she|he|it|they|there|we|you|I|the patient)\b(?!['’]s))(?!.*; (?:and|or)\b)"
)
_TELLS = re.compile(rf"^(?!.*\b(?:parents?|mother|father)\b).*(?:{Grammar().tells})", re.I)
_OF_ONESELF = re.compile(r"\b(?:I'm|I've|I (?:am|have|haven't|had|take|don't have))\b")

_WEIGHTS: dict[ErrorClass, int] = {
    "contradicted": 6,
    "forbidden": 6,
    "sex": 6,
    "off_case": 4,
    "missing": 3,
    "vocabulary": 2,
    "form": 2,
    "topic": 6,
    "cut": 12,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a draw.

    Attributes:
        error_class: what kind of fault. message: for a reader.
        fact_id: the fact that is missing or contradicted.
        start, end: where in the draw; (0, 0) for what stands nowhere.
    """

    error_class: ErrorClass
    message: str
    fact_id: str | None = None
    start: int = 0
    end: int = 0


def weight_of(faults: Iterable[Fault]) -> int:
    """How bad the faults are together: 0 is none, and a contradiction counts for two omissions."""
    return sum(_WEIGHTS[f.error_class] for f in faults)


@dataclass(frozen=True)
class DrawJudge:
    """Finds what is wrong with a draw.

    Attributes:
        check: the ledger checker. forms_of: surface forms of a concept.
        vocabulary: as in `TextSettings`.
    """

    check: Check
    forms_of: FormsOf
    vocabulary: Literal["auto", "closed", "open"] = "closed"

    def faults(
        self, text: str, finish_reason: str, task: Task, demographics: Demographics
    ) -> Iterator[Fault]:
        """Every fault, the cheapest to find first; none for a draw that is taken."""
        shape = _shape_problem(text, finish_reason, task)
        if shape:
            yield Fault("cut" if finish_reason != "stop" or not text else "form", shape)
        if not text:
            return
        if task.speaker is None and is_told_of(demographics) and _TELLS.search(text):
            yield Fault("form", "a child too young to be asked")
        other = _OTHER_SEX[demographics.sex].search(text) if task.speaker is not None else None
        if other:  # in a note the checker sees whom a pronoun is about
            yield Fault("sex", "the other sex", None, *other.span())
        if task.topic:
            lowered = text.lower()
            if not any(form.lower() in lowered for form in task.topic):
                yield Fault("topic", "off topic")
        if self.is_closed(task):
            licensed = fact_words((*task.facts, *task.about), self.forms_of)
            extra = {w for t in (*task.licensed, *task.topic) for w in words_of(t)}
            for word in strange_words(text, licensed | extra):
                found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.I)
                span = found.span() if found else (0, 0)
                yield Fault("vocabulary", f"unlicensed word {word!r}", None, *span)
        yield from self._against_the_ledger(text, task, demographics)

    def is_closed(self, task: Task) -> bool:
        """Whether the words of this task's draws must be licensed."""
        return self.vocabulary == "closed" or (self.vocabulary == "auto" and not task.section)

    def _against_the_ledger(
        self, text: str, task: Task, demographics: Demographics
    ) -> Iterator[Fault]:
        turns: tuple[Turn, ...] = ()
        if task.speaker is not None:
            before = " ".join(t.text for t in task.context)
            start = len(before) + 1 if before else 0
            whole = f"{before} {text}" if before else text
            turns = (*task.context, Turn(task.speaker, text, start, start + len(text)))
        else:
            start, whole = 0, text
        if not task.facts and not task.topic and not task.about:
            return
        ledger = self.check(whole, (*task.facts, *task.about), demographics, turns)
        optional = {f.fact_id for f in task.about}
        for status in ledger.facts:
            unsaid = status.status == "missing" and status.fact_id in optional
            if status.status != "stated" and not unsaid:
                spans = [s for s in status.spans if s.start >= start]
                place = (spans[0].start - start, spans[0].end - start) if spans else (0, 0)
                message = f"{status.status} {status.fact_id}"
                yield Fault(status.status, message, status.fact_id, *place)
        topic_words = {w for t in task.topic for w in words_of(t)}
        for off in ledger.off_spec:
            if off.start >= start and not set(words_of(off.text)) <= topic_words:
                place = (off.start - start, off.end - start)
                yield Fault("off_case", f"off case {off.text!r}", None, *place)


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
    markup = "|{}[]<>*#_" if task.section else "|{}[]<>*#_\n"
    if text.count("(") != text.count(")") or any(c in text for c in markup):
        return "list or markup"
    if not task.section and _LISTED.search(text):
        return "list or markup"
    if task.speaker is None and "?" in text:
        return "a question"
    if task.speaker == "patient" and _OF_THE_PATIENT.search(text):
        return "speaks of the patient"
    if task.speaker == "doctor" and re.search(r"\bthe patient\b", text, re.I):
        return "speaks of the patient"
    if task.speaker == "caregiver" and _OF_ONESELF.search(text):
        return "speaks of the parent"
    if task.must_end == "?" and (text.count("?") != 1 or _ASKS_NOBODY.search(text)):
        return "not one question"
    if _any_of_many(text):
        return "wrong number"
    if _DOUBLED.search(_numbers_away(text)):
        return "doubled word"
    sentences = [s.lower() for s in re.split(r"[.!?](?:\s+|$)", text) if s]
    if len(set(sentences)) < len(sentences):
        return "doubled sentence"
    if len(sentences) > (2 if task.section else 1) * (1 + len(task.facts) + len(task.about)):
        return "too many sentences"
    lowered = text.lower()
    missing = [r for r in task.required if r.lower() not in lowered]
    if missing:
        return f"without {missing[0]!r}"
    return stumble(text, task) or _excess(text, task)


_ASKS_NOBODY = re.compile(
    r"^(?:Has|Have|Had|Is|Are|Was|Were|Do|Does|Did)\s+"
    r"(?!you|she|he|her|his|there|the|it|that|this|any)|^Is (?:that|this|it) an?\b"
    r"|^The\s+(?:\w+\s*){1,3}\?$",
    re.I,
)

_ANY = re.compile(r"\b(?P<verb>is|are|was|were) there (?:any|also) (?P<what>[\w' -]+?)\?$", re.I)


def _any_of_many(text: str) -> bool:
    """Whether a question asks "Are there any numbness?" or "Is there any hives?"."""
    found = _ANY.search(text)
    if found is None or re.search(r"\b(?:and|or)\b", found["what"]):
        return False
    return (found["verb"].lower() in ("are", "were")) != is_plural(found["what"])


_JOINING_WORDS = 12
"""Words that a sentence may spend beside its facts: the longest frame of frames.yaml has 10."""

_JOINING_EACH = 4
"""More for each further fact: "and his heart rate was recorded at"."""


def _excess(text: str, task: Task) -> str | None:
    """What a draw says twice, or at too great length."""
    if not task.facts or task.section:
        return None
    own = " ".join(texts_of(task.facts))
    said, given = words_of(text), words_of(f"{own} {' '.join(task.licensed)}")
    numbers, known = Counter(w for w in said if w[0].isdigit()), Counter(words_of(own))
    if any(count > max(known[number], 1) for number, count in numbers.items()):
        return "doubled number"
    pairs = Counter(p for p in pairwise(said) if min(map(len, p)) >= 4)
    own_pairs = Counter(pairwise(words_of(own)))
    if any(count > max(own_pairs[pair], 1) for pair, count in pairs.items()):
        return "said twice"
    sentences = max(len(re.findall(r"[.!?](?:\s|$)", text)), 1)
    room = _JOINING_WORDS * sentences + _JOINING_EACH * (len(task.facts) - 1)
    if len([w for w in said if w not in given]) > room:
        return "too many words"
    return None


def _numbers_away(text: str) -> str:
    """Each number as a word of its own: "7 of 10" says no "of" twice, nor 120/120 a word."""
    counted = count()
    without_ratios = re.sub(r"\b(\w+)/\1\b", r"\1", text)  # g/g is no word said twice
    return re.sub(r"\d+", lambda _: f"n{next(counted)}", without_ratios)
