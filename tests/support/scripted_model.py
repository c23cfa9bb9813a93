"""Models whose answers a test decides, and one that does its task well."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from casewright.generators.client import ChatRequest, Completion
from casewright.generators.pieces import Task
from casewright.generators.writer import Writer
from casewright.records import Case

__all__ = ["GoodModel", "Script", "Stop"]

Messages = Sequence[tuple[str, str]]
_ASK = "Ask about: "
_MEND = "Sentence: "


class Stop(Exception):  # noqa: N818 - not an error: a test ends the script with it
    """Raised by a script that has nothing more to say."""


@dataclass(slots=True)
class Script:
    """Stands where the client would: `complete` answers with what `answer` makes of a request.

    `answer` gives the text, or (text, finish_reason). `asked` holds every request.
    """

    answer: Callable[[ChatRequest], str | tuple[str, str]]
    asked: list[ChatRequest] = field(default_factory=list)

    async def complete(self, request: ChatRequest) -> Completion:
        """Answer one request."""
        self.asked.append(request)
        made = self.answer(request)
        text, reason = made if isinstance(made, tuple) else (made, "stop")
        return Completion(text, reason, 10, len(text.split()))


class GoodModel:
    """Answers each known prompt with a true sentence, and every question prompt with a question."""

    def __init__(self) -> None:
        self._tasks: dict[Messages, Task] = {}
        self._listed: dict[str, Task] = {}

    def learn(self, writer: Writer, documents: Iterable[tuple[Case, str]]) -> GoodModel:
        """Know the prompts of the documents."""
        for case, kind in documents:
            for task in writer.prompts(case, kind):
                for each in _with_parts(task):
                    self._tasks[tuple((m.role, m.content) for m in each.messages)] = each
                    self._listed[each.listed] = each
        return self

    def __call__(self, messages: Messages) -> str:
        """The answer to a prompt. KeyError for one that was not learnt."""
        request = messages[-1][1]
        if request.startswith(_ASK):
            return f"Any {request.removeprefix(_ASK)}?"
        if request.startswith(_MEND):  # it writes well, and mends nothing
            return request.removeprefix(_MEND).split("\n")[0]
        if request.startswith("## "):
            return self._whole(request)
        return self._tasks[tuple(messages)].fallback()

    def _whole(self, request: str) -> str:
        """A document, every part of its plan by the task that lists the same facts."""
        *plan, how = request.split("\n\n")
        told = {}
        for part in plan:
            name, _, listed = part.partition("\n")
            told[name.removeprefix("## ")] = self._listed[listed].fallback()
        if "JSON" in how:
            return json.dumps(told)
        return "\n\n".join(f"## {name}\n{text}" for name, text in told.items())


def _with_parts(task: Task) -> Iterator[Task]:
    yield task
    for part in task.parts:
        yield from _with_parts(part)
