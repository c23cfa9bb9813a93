"""Models whose answers a test decides, and one that does its task well."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from casewright.generators.client import ChatRequest, Completion
from casewright.generators.draws import DrawJudge
from casewright.generators.pieces import Task
from casewright.generators.writer import Writer
from casewright.records import Case

__all__ = ["GoodModel", "Script", "Stop"]

Messages = Sequence[tuple[str, str]]
_ASK = "Ask about: "
_MEND = "Sentence: "
_WORDINGS = 12
"""Frames of the realiser that are tried for one that a draw may have."""


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
    """Answers each known prompt with a true sentence, and every question prompt with a question.

    Its sentences are the realiser's, but for those in words that no draw may have: the realiser's
    frames hold more of them ("as far as is known") than the worked examples show. For such a one
    it takes the frame that a case later in the run would have had.
    """

    def __init__(self) -> None:
        self._tasks: dict[Messages, Task] = {}
        self._listed: dict[str, Task] = {}

    def learn(self, writer: Writer, documents: Iterable[tuple[Case, str]]) -> GoodModel:
        """Know the prompts of the documents."""
        judge = DrawJudge(writer.check, writer.forms_of, "closed")
        for case, kind in documents:
            others: list[dict[Messages, Task]] = []
            for task in writer.prompts(case, kind):
                for each in _smallest_first(task):
                    self._learn(each, case, judge, _later(writer, case, kind, others))
        return self

    def _learn(
        self, task: Task, case: Case, judge: DrawJudge, others: Iterable[dict[Messages, Task]]
    ) -> None:
        said = task.fallback()
        if task.section:
            said = " ".join(self._tasks[_key(p)].fallback() for p in task.parts)
        elif _is_refused(said, task, case, judge):
            found = (o[_key(task)].fallback() for o in others if _key(task) in o)
            said = next((f for f in found if not _is_refused(f, task, case, judge)), said)
        known = replace(task, fallback=lambda: said)
        self._tasks[_key(task)] = self._listed[task.listed] = known

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


def _key(task: Task) -> Messages:
    return tuple((m.role, m.content) for m in task.messages)


def _is_refused(text: str, task: Task, case: Case, judge: DrawJudge) -> bool:
    return any(judge.faults(text, "stop", task, case.demographics))


def _later(
    writer: Writer, case: Case, kind: str, made: list[dict[Messages, Task]]
) -> Iterator[dict[Messages, Task]]:
    """The document's tasks as if it came later in the run; `made` holds those made before."""
    for number in range(_WORDINGS):
        if number == len(made):
            later = replace(case, index=case.index + number + 1)
            tasks = writer.prompts(later, kind)
            made.append({_key(e): e for t in tasks for e in _smallest_first(t)})
        yield made[number]


def _smallest_first(task: Task) -> Iterator[Task]:
    for part in task.parts:
        yield from _smallest_first(part)
    yield task
