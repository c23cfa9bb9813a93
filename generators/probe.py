"""What a model is good for: a short probe decides how much it is given at a time.

A few invented patients, the same for every model, are written in growing units: one fact, two,
three, a section, a document. A draw counts if it is taken as it stands: every fact stated with
the right polarity, nothing added. A model that writes half of the sections right gets sections,
as the best of a few drafts is mended afterwards; likewise for documents. Prompts and seeds of the
probe depend on neither the run's seed nor its sampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from casewright.generators.faults import RequestFailed
from casewright.generators.plan import Granularity
from casewright.generators.tasks import Task
from casewright.generators.writer import Writer
from casewright.prompts.library import PromptLibrary, Style
from casewright.records import Case

__all__ = ["PROBE_SEED", "PROBE_STYLE", "Probe", "ProbeRow", "probe_model", "with_probe_style"]

PROBE_SEED = 20_240_607
"""Of the probe's patients and requests, whatever the run's seed is."""
PROBE_STYLE = "probe"

_ENOUGH = 0.5
_TASKS = 6
_DOCUMENTS = 3
_HOPELESS = 3
"""Sections in a row of which none is right: a model that cannot is not asked on."""

Unit = Literal["1 fact", "2 facts", "3 facts", "section", "document"]


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One line of the table.

    Attributes:
        unit: what was asked for at a time. facts: how many facts that was, on average.
        tried: draws (for a document: its parts). right: those that were taken as they stood.
    """

    unit: Unit
    facts: float
    tried: int
    right: int

    @property
    def share(self) -> float:
        """Share of the draws that were right."""
        return self.right / self.tried if self.tried else 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found, and what it means: the unit that the model is given."""

    rows: tuple[ProbeRow, ...]
    choice: Granularity
    requests: int

    @property
    def told(self) -> str:
        """The table on one line: "1 fact 6/6, 2 facts 5/6, section 0/3"."""
        return ", ".join(f"{r.unit} {r.right}/{r.tried}" for r in self.rows)


def with_probe_style(library: PromptLibrary, density: float = 1.0) -> PromptLibrary:
    """The library with one plain style more, in which the probe writes."""
    style = Style(
        voice="patient", headings="full", heading_case="title", abbreviate=0.0, density=density
    )
    return replace(library, styles={**library.styles, PROBE_STYLE: style})


async def probe_model(writer: Writer, cases: Sequence[Case], kind: str) -> Probe:
    """Ask the model behind a writer for a few pieces of each size.

    Args:
        writer: with a model. Its granularity does not matter.
        cases: invented patients of `PROBE_SEED`; ten are plenty. kind: of a note.

    Raises:
        CasewrightError: when the endpoint fails.
    """
    plain = replace(
        writer,
        seed=PROBE_SEED,
        granularity="group",
        library=with_probe_style(writer.library),
        settings=replace(writer.settings, decoding="free", repairs=0, best_of=1),
    )
    cases = [replace(case, style=PROBE_STYLE) for case in cases]
    dense = replace(plain, library=with_probe_style(writer.library, density=1.5))
    rows: list[ProbeRow] = []
    units: tuple[tuple[Unit, Writer, int], ...] = (
        ("1 fact", plain, 1),
        ("2 facts", plain, 2),
        ("3 facts", dense, 3),
    )
    for unit, asked, size in units:
        rows.append(await _pieces(unit, asked, cases, kind, size))
    section = await _sections(replace(plain, granularity="section"), cases, kind)
    rows.append(section)
    choice: Granularity = "group"
    requests = sum(r.tried for r in rows)
    if section.share >= _ENOUGH:
        choice = "section"
        document = await _documents(replace(plain, granularity="document"), cases, kind)
        rows.append(document)
        requests += _DOCUMENTS
        if document.share >= _ENOUGH:
            choice = "document"
    return Probe(tuple(rows), choice, requests)


def _one_each(
    writer: Writer, cases: Sequence[Case], kind: str, wanted: int, *, sections: bool = False
) -> Iterator[tuple[Case, Task]]:
    """A task of each case that has so many facts (or more, for a section), of varied groups."""
    for number, case in enumerate(cases):
        tasks = [t for t in writer.prompts(case, kind) if t.section == sections]
        fitting = [
            t for t in tasks
            if (len(t.facts) >= wanted if sections else len(t.facts) == wanted)
        ]  # fmt: skip
        if fitting:
            yield case, fitting[number % len(fitting)]


async def _taken(writer: Writer, task: Task, case: Case) -> bool:
    """Whether a first draw is right; one that the server refuses is not."""
    try:
        return await writer.first_draw(task, case)
    except RequestFailed:
        return False


async def _pieces(
    unit: Unit, writer: Writer, cases: Sequence[Case], kind: str, size: int
) -> ProbeRow:
    tried = right = facts = 0
    for case, task in _one_each(writer, cases, kind, size):
        if tried == _TASKS:
            break
        right += await _taken(writer, task, case)
        tried, facts = tried + 1, facts + len(task.facts)
    return ProbeRow(unit, facts / max(tried, 1), tried, right)


async def _sections(writer: Writer, cases: Sequence[Case], kind: str) -> ProbeRow:
    tried = right = facts = 0
    for case, task in _one_each(writer, cases, kind, 4, sections=True):
        if tried == _TASKS or (tried >= _HOPELESS and not right):
            break
        right += await _taken(writer, task, case)
        tried, facts = tried + 1, facts + len(task.facts)
    return ProbeRow("section", facts / max(tried, 1), tried, right)


async def _documents(writer: Writer, cases: Sequence[Case], kind: str) -> ProbeRow:
    tried = right = facts = 0
    for case in cases[:_DOCUMENTS]:
        whole = writer.whole_task(case, kind)
        tried += len(whole.parts)
        facts += sum(len(t.facts) for t in whole.parts.values())
        with suppress(RequestFailed):
            right += await writer.first_whole(case, kind)
    return ProbeRow("document", facts / _DOCUMENTS, tried, right)
