"""Targeted repair: the model is shown the sentence at fault and the fact that it fails.

It rewrites this one sentence, and the rest of the draft stays as it is. What comes back is
judged like any draw: a rewriting that mends one thing and breaks another is not taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from casewright.generators.client import ChatRequest
from casewright.generators.draws import Fault, weight_of
from casewright.generators.tasks import Task, TextSettings, sentences_of
from casewright.generators.vocabulary import words_of
from casewright.prompts.library import Template
from casewright.records import Fact

__all__ = ["Mender", "Mending", "said_of"]

_MENDABLE = frozenset({"missing", "contradicted", "forbidden", "off_case", "vocabulary"})


@dataclass(frozen=True, slots=True)
class Mending:
    """A request for one sentence, and where the answer goes."""

    chat: ChatRequest
    text: str
    start: int
    end: int

    def in_place(self, sentence: str) -> str:
        """The draft with the sentence in place of the one at fault."""
        return self.text[: self.start] + sentence + self.text[self.end :]


@dataclass(frozen=True)
class Mender:
    """Makes requests for single sentences.

    Attributes:
        template: the prompt (`repair`). kind: of the document. voice: of its sentences.
    """

    template: Template
    kind: str
    style: str
    voice: str
    settings: TextSettings

    def request(self, task: Task, text: str, faults: Sequence[Fault], seed: int) -> Mending | None:
        """The request that mends the worst fault; None where no sentence is to blame."""
        mendable = [f for f in faults if f.error_class in _MENDABLE]
        if len(mendable) < len(faults) or not mendable or not text:
            return None  # what is cut or no sentence is better drawn again
        fault = max(mendable, key=lambda f: weight_of((f,)))
        facts = {f.fact_id: f for f in (*task.facts, *task.about)}
        fact = facts.get(fault.fact_id) if fault.fact_id else None
        start, end = _sentence(task, text, fault, fact)
        messages = self.template.messages(
            examples=(),
            request=_asked(task, text[start:end], text, fault, fact),
            speaker=task.speaker or "",
            voice=self.voice,
            kind=self.kind,
            group="repair",
            style=self.style,
        )
        chat = ChatRequest(
            messages=tuple((m.role, m.content) for m in messages),
            seed=seed,
            temperature=self.settings.temperature,
            top_p=self.settings.top_p,
            max_tokens=min(self.settings.max_tokens, 60 + (end - start)),
            stop=("\n",),
        )
        return Mending(chat, text, start, end)


def _sentence(task: Task, text: str, fault: Fault, fact: Fact | None) -> tuple[int, int]:
    """The sentence at fault: where the fault stands, or where its fact's neighbours are."""
    sentences = sentences_of(text)
    if fault.end > fault.start:
        for start, end in sentences:
            if start <= fault.start < end:
                return start, end
    neighbours = next(
        (p.facts for p in task.parts if fact is not None and fact in p.facts), task.facts
    )
    known = {w for f in neighbours for w in words_of(f.name)}
    return max(sentences, key=lambda s: len(known & set(words_of(text[s[0] : s[1]]))))


def _asked(task: Task, sentence: str, text: str, fault: Fault, fact: Fact | None) -> str:
    said = f"Sentence: {sentence}"
    if fact is None:
        words = text[fault.start : fault.end]
        return f"{said}\nFault: it says {words!r}, which is not so.\nLeave out: {words}"
    if fault.error_class == "forbidden":
        return f"{said}\nFault: it must not speak of {fact.name}.\nLeave out: {fact.name}"
    what = "gets this wrong" if fault.error_class == "contradicted" else "does not say this"
    return f"{said}\nFault: it {what}.\nMust say: {said_of(fact)}"


def said_of(fact: Fact) -> str:
    """A fact in a few words: "no fever", "lisinopril 10 mg by mouth once daily"."""
    parts = [fact.name, fact.value or "", fact.unit or ""]
    parts += [v for k, v in fact.attributes if k in ("route", "frequency", "result", "onset")]
    said = " ".join(p for p in parts if p)
    if fact.polarity == "denied":
        return f"no {said}"
    if fact.polarity == "family":
        return f"{fact.attribute('relative') or 'family'} with {said}"
    return f"history of {said}" if fact.polarity == "historical" else said
