"""A whole document in one go: its plan as a prompt, and the answer read back into sections.

The model is given the parts of the plan with their facts, and answers with a text for each:
as a JSON object where the server binds it to a schema, else under heading lines. Several drafts
are asked for at once; the one with the fewest faults over all parts goes on to be mended.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casewright.generators.client import ChatRequest
from casewright.generators.draws import DrawJudge, weight_of
from casewright.generators.faults import ContextTooSmall
from casewright.generators.structured import StructuredMode, bind, object_schema, read_object
from casewright.generators.tasks import Complete, Task, TextSettings, tidy_section
from casewright.prompts.library import Template
from casewright.records import Demographics
from casewright.seeds import derive_seed

__all__ = ["DocumentDrafter", "DocumentTask", "WholeDraft", "parts_of_answer"]

_ABSENT = 40
"""What a part that a draft leaves out weighs against it: more than a few faults in it."""


@dataclass(frozen=True, slots=True)
class DocumentTask:
    """A document to be written in one go: the task of each of its parts, by name, in order."""

    seed_keys: tuple[str | int, ...]
    parts: Mapping[str, Task]
    kind: str
    style: str
    voice: str


@dataclass(frozen=True, slots=True)
class WholeDraft:
    """The parts of the draft that was chosen, by name, and how many requests were made."""

    parts: Mapping[str, str]
    attempts: int


@dataclass(frozen=True)
class DocumentDrafter:
    """Asks for whole documents.

    Attributes:
        structured: how this server binds an answer to a schema, if it does.
    """

    complete: Complete
    judge: DrawJudge
    settings: TextSettings
    template: Template
    structured: StructuredMode = "none"

    async def draft(self, task: DocumentTask, demographics: Demographics) -> WholeDraft:
        """The best of some drafts. Empty where none can be read, or the prompt is too long."""
        wanted = range(self.settings.best_of)
        drafts = await asyncio.gather(*(self.one(task, number) for number in wanted))
        read = [d for d in drafts if d]
        if not read:
            return WholeDraft({}, len(drafts))
        return WholeDraft(min(read, key=lambda d: self._weight(d, task, demographics)), len(drafts))

    async def one(self, task: DocumentTask, number: int) -> Mapping[str, str]:
        """One draft, read back into its parts; empty where there is nothing to read."""
        try:
            completion = await self.complete(self.request(task, number))
        except ContextTooSmall:
            return {}
        return parts_of_answer(completion.text, list(task.parts), self.structured)

    def request(self, task: DocumentTask, number: int) -> ChatRequest:
        """The request for the draft of that number."""
        messages = self.template.messages(
            examples=self._examples(task)[: self.settings.shots],
            request=self._plan({n: t.listed for n, t in task.parts.items()}),
            speaker=next(iter(task.parts.values())).speaker or "",
            voice=task.voice,
            kind=task.kind,
            group="document",
            style=task.style,
        )
        chat = ChatRequest(
            messages=tuple((m.role, m.content) for m in messages),
            seed=derive_seed(*task.seed_keys, "document", number, bits=31),
            temperature=self.settings.temperature,
            top_p=self.settings.top_p,
            max_tokens=self._room(task),
        )
        return bind(chat, object_schema(list(task.parts)), self.structured)

    def _room(self, task: DocumentTask) -> int:
        """Tokens for the answer: twice what the facts take, as a server reserves what is asked."""
        listed = sum(len(part.listed) for part in task.parts.values()) // 3
        return min(self.settings.max_tokens * len(task.parts), 40 * len(task.parts) + 2 * listed)

    def _plan(self, listed: Mapping[str, str]) -> str:
        plan = "\n\n".join(f"## {name}\n{lines}" for name, lines in listed.items())
        how = (
            "Answer with a JSON object that has the text of each part under its name."
            if self.structured != "none"
            else "Answer with each part's name on a line of its own (## Name), its text below."
        )
        return f"{plan}\n\n{how}"

    def _examples(self, task: DocumentTask) -> list[dict[str, str]]:
        """One document of the parts' worked examples, where every part has one."""
        shown = {n: t.shown[0] for n, t in task.parts.items() if t.shown}
        if len(shown) < len(task.parts):
            return []
        answers = {n: answer for n, (_, answer) in shown.items()}
        answer = (
            json.dumps(answers, ensure_ascii=False)
            if self.structured != "none"
            else "\n\n".join(f"## {n}\n{text}" for n, text in answers.items())
        )
        return [{"request": self._plan({n: r for n, (r, _) in shown.items()}), "answer": answer}]

    def _weight(
        self, draft: Mapping[str, str], task: DocumentTask, demographics: Demographics
    ) -> int:
        return sum(
            weight_of(self.judge.faults(draft[name], "stop", part, demographics))
            if draft.get(name)
            else _ABSENT
            for name, part in task.parts.items()
        )


_MARK = re.compile(r"^\s*(?:#+\s*|\*\*)?(?P<name>[^\n#*:]+?)(?:\*\*)?:?(?:\*\*)?\s*$")


def parts_of_answer(
    text: str, names: Sequence[str], structured: StructuredMode = "none"
) -> dict[str, str]:
    """Read an answer back into its parts; what is not there, or not known, is left out.

    An answer that should be JSON and is not is read by its headings: servers that ignore a
    schema answer like that.
    """
    found = read_object(text) if structured != "none" or text.lstrip().startswith("{") else None
    known = {name.lower(): name for name in names}
    if found is not None:
        told = {known[k.lower()]: v for k, v in found.items() if k.lower() in known}
        return {n: t for n in names if (t := tidy_section(str(told.get(n, ""))))}
    lines: dict[str, list[str]] = {}
    here: list[str] | None = None
    for line in text.splitlines():
        match = _MARK.match(line)
        name = known.get(match["name"].strip().lower()) if match else None
        if name is not None:
            here = lines.setdefault(name, [])
        elif here is not None:
            here.append(line)
    return {n: t for n in names if (t := tidy_section("\n".join(lines.get(n, []))))}
