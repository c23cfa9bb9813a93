"""Writing one piece: ask, judge, ask again, mend, split, and state what the model would not.

A piece is a few facts in a sentence or two, or a section of a note. A draw is taken only if the
checker finds every fact stated and nothing else, no word stands in it that nothing licenses, and
the model ended it by itself. After the last draw the model is shown the sentence at fault and
what is wrong with it; then the piece is tried in smaller ones; then the realiser states what is
left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from casewright.generators.client import ChatRequest
from casewright.generators.draws import DrawJudge, Fault, weight_of
from casewright.generators.faults import ContextTooSmall
from casewright.generators.mending import Mender
from casewright.generators.tasks import (
    Complete,
    Origin,
    Rejected,
    Segment,
    Task,
    TextSettings,
    Written,
    tidy,
    tidy_section,
)
from casewright.generators.vocabulary import FormsOf
from casewright.records import Check, Demographics
from casewright.seeds import derive_seed

__all__ = [
    "Complete",
    "Origin",
    "PieceWriter",
    "Segment",
    "Task",
    "TextSettings",
    "Written",
    "tidy",
]

GrammarOf = Callable[[Task], str | None]
"""The grammar that anchors a task's answer; None for what cannot be anchored."""


def _no_grammar(_: Task) -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Drawn:
    """An answer and what is wrong with it."""

    text: str
    faults: tuple[Fault, ...]
    seed: int

    @property
    def noted(self) -> str:
        return f"{self.faults[0].message}: {self.text}"


@dataclass(frozen=True)
class PieceWriter:
    """Writes tasks with an engine (`complete`), or with the realiser alone (None).

    Attributes:
        mender: asks for single sentences to be rewritten; None goes without.
        grammar_of: the grammar of a task, where `settings.decoding` asks for one.
    """

    complete: Complete | None
    check: Check
    forms_of: FormsOf
    settings: TextSettings
    mender: Mender | None = None
    grammar_of: GrammarOf = _no_grammar
    judge: DrawJudge = field(init=False)

    def __post_init__(self) -> None:
        judge = DrawJudge(self.check, self.forms_of, self.settings.vocabulary)
        object.__setattr__(self, "judge", judge)

    async def write(self, task: Task, demographics: Demographics, given: str = "") -> Written:
        """Write the task. Never fails for what the model says; only for the endpoint.

        Args:
            given: a first draft that was written with a whole document.
        """
        if self.complete is None:
            return Written((Segment(task.fallback(), "realiser"),), 0, 0)
        drawn: list[_Drawn] = []
        if given:
            seed = derive_seed(*task.seed_keys, "given", bits=31)
            drawn.append(self._judged(given, "stop", task, demographics, seed))
        asked = 0
        if not task.section:
            while asked < self.settings.draws and (not drawn or drawn[-1].faults):
                drawn.append(await self._draw(task, asked, demographics))
                asked += 1
        elif not given:
            wanted = range(self.settings.best_of)
            drawn = await asyncio.gather(*(self._draw(task, n, demographics) for n in wanted))
            asked = len(drawn)
        problems = tuple(d.noted for d in drawn if d.faults)
        rejected = _rejected(drawn)
        best = min(drawn, key=lambda d: weight_of(d.faults))
        if not best.faults:
            return self._by_model(best.text, asked, 0, problems, best.seed, rejected)
        mended, rewritten = await self._mended(task, best, demographics)
        if mended is not None:
            return self._by_model(mended, asked + rewritten, 1, problems, best.seed, rejected)
        asked += rewritten
        if len(task.parts) > 1:
            written = [await self.write(part, demographics) for part in task.parts]
            return Written(
                tuple(s for w in written for s in w.segments),
                asked + sum(w.attempts for w in written),
                1 + sum(w.repairs for w in written),
                (*problems, *(p for w in written for p in w.problems)),
                next((w.seed for w in written if w.seed), 0),
                rejected,
            )
        return Written(
            (Segment(task.fallback(), "realiser"),), asked, 1, problems, rejected=rejected
        )

    async def first_is_taken(self, task: Task, demographics: Demographics) -> bool:
        """Whether the first draw is taken as it stands."""
        return not (await self._draw(task, 0, demographics)).faults

    def problem(
        self, text: str, finish_reason: str, task: Task, demographics: Demographics
    ) -> str | None:
        """Why a draw is not accepted, or None."""
        first = next(self.judge.faults(text, finish_reason, task, demographics), None)
        return first.message if first else None

    @staticmethod
    def _by_model(
        text: str,
        attempts: int,
        repairs: int,
        problems: tuple[str, ...],
        seed: int,
        rejected: Rejected | None,
    ) -> Written:
        return Written((Segment(text, "model"),), attempts, repairs, problems, seed, rejected)

    async def _draw(self, task: Task, attempt: int, demographics: Demographics) -> _Drawn:
        assert self.complete is not None
        seed = derive_seed(*task.seed_keys, attempt, bits=31)
        request = self._request(task, seed, attempt)
        try:
            completion = await self.complete(request)
        except ContextTooSmall:
            if not task.parts:
                raise
            return _Drawn("", (Fault("cut", "does not fit the model's context"),), seed)
        tidied = tidy_section(completion.text) if task.section else tidy(completion.text)
        return self._judged(tidied, completion.finish_reason, task, demographics, seed)

    def _judged(
        self, text: str, finish: str, task: Task, demographics: Demographics, seed: int
    ) -> _Drawn:
        found = self.judge.faults(text, finish, task, demographics)
        # What is wrong besides decides between drafts of which the best is mended; where nothing
        # is mended the first fault is enough, and the checker, which comes last, is spared.
        all_of_them = task.section or (self.mender is not None and self.settings.repairs > 0)
        first = next(found, None)
        faults = (first, *(found if all_of_them else ())) if first else ()
        return _Drawn(text, faults, seed)

    async def _mended(
        self, task: Task, best: _Drawn, demographics: Demographics
    ) -> tuple[str | None, int]:
        """The draw with its sentences at fault rewritten, if that made it good; and requests."""
        if self.mender is None or self.complete is None:
            return None, 0
        text, faults = best.text, best.faults
        asked = 0
        rounds = self.settings.repairs * (len(task.facts) if task.section else 1)
        while faults and asked < rounds:
            request = self.mender.request(
                task, text, faults, derive_seed(*task.seed_keys, "mend", asked, bits=31)
            )
            if request is None:
                break
            completion = await self.complete(request.chat)
            asked += 1
            if completion.finish_reason != "stop":
                continue
            rewritten = request.in_place(tidy(completion.text))
            left = tuple(self.judge.faults(rewritten, "stop", task, demographics))
            # A sentence that was made worse is not kept: the next try starts where this one did.
            if weight_of(left) < weight_of(faults):
                text, faults = rewritten, left
        return (None if faults else text), asked

    def _request(self, task: Task, seed: int, attempt: int) -> ChatRequest:
        expected = sum(len(m.content) for m in task.messages[-1:]) // 3
        step = 0 if task.section else attempt  # drafts at once are alike in all but their seed
        temperature = self.settings.temperature + step * self.settings.temperature_step
        anchored = self.settings.decoding == "anchored" or (
            self.settings.decoding == "retry" and attempt > 0
        )
        return ChatRequest(
            messages=tuple((m.role, m.content) for m in task.messages),
            seed=seed,
            temperature=round(min(temperature + task.warmth, 1.2), 3),
            top_p=self.settings.top_p,
            max_tokens=min(self.settings.max_tokens, 40 + 2 * expected),
            stop=() if task.section else ("\n",),
            grammar=self.grammar_of(task) if anchored else None,
        )


def _rejected(drawn: Sequence[_Drawn]) -> Rejected | None:
    """The first draw, if it was not taken and says anything."""
    first = drawn[0]
    if not first.faults or not first.text:
        return None
    fault = max(first.faults, key=lambda f: weight_of((f,)))
    return Rejected(first.text, fault.error_class, fault.message)
