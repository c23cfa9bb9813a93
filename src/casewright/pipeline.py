"""The whole line: sample, write, screen, add noise, store. `build` is the product on one screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from casewright.config import Config
from casewright.errors import CasewrightError
from casewright.filters.screen import FILTERS, self_copy_reasons
from casewright.finished import finished_run
from casewright.generators.client import ChatClient
from casewright.generators.engines import Engine, open_engine
from casewright.generators.faults import RequestFailed
from casewright.generators.judging import DocumentJudge
from casewright.generators.writer import EngineName, Writer, document_id_of
from casewright.outputs.manifest import About, Manifest, Source, Usage
from casewright.outputs.row import failed_row, row_of
from casewright.outputs.rundir import RunDir
from casewright.outputs.summary import RunSummary, stored_summary, summarise
from casewright.outputs.topup import extend_run, record_plan, top_ups_of
from casewright.planning import (
    Planned,
    RunPlan,
    extended,
    plan_documents,
    plan_run,
    plan_top_up,
)
from casewright.records import Case, Document, Reason
from casewright.settling import Settled, open_judge, settle, settled_before
from casewright.setup import Parts, engine_spec, fingerprint_of, load_parts

__all__ = ["Built", "Planned", "Shown", "Watcher", "build", "plan_run", "preview"]


class Watcher(Protocol):
    """What a display is told."""

    def start(self, total: int, done: int, engine: Engine) -> None:
        """The engine is up; `done` of `total` documents have a verdict already."""

    def document(self, outcome: str, reasons: Iterable[str], tokens_per_second: float) -> None:
        """A document is stored: kept, rejected or failed."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build left behind. `summary` is None while other shards are at work."""

    run: Path
    manifest: Manifest
    summary: RunSummary | None
    resumed: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A document that was written but not stored; `prompt` is its first, as (role, content)."""

    case: Case
    prompt: tuple[tuple[str, str], ...]
    document: Document


def build(config: Config, out: Path, *, watcher: Watcher, shard: tuple[int, int] = (1, 1)) -> Built:
    """Build a corpus into a run directory, or resume the run that is in it.

    Raises:
        CasewrightError: whatever the user can fix; finished documents are safe.
    """
    parts = load_parts(config)
    plan = plan_documents(parts, config)
    manifest = finished_run(config, parts, plan, out)
    if manifest is not None:
        total = manifest.counts.planned
        watcher.start(total, total, Engine(config.engine.kind, "", manifest.fingerprint.model))
        return Built(out, manifest, stored_summary(out) or summarise(out), total)
    return asyncio.run(_build(config, parts, plan, out, watcher, shard))


async def _build(
    config: Config,
    parts: Parts,
    plan: RunPlan,
    out: Path,
    watcher: Watcher,
    shard: tuple[int, int],
) -> Built:
    async with (
        open_engine(engine_spec(config)) as engine,
        _client(engine) as client,
        open_judge(config, parts) as judge,
    ):
        settled = await settle(config, parts, engine, client, settled_before(out))
        fingerprint = fingerprint_of(
            config, parts, engine.model, engine.model_hash, settled.granularity
        )
        about = _about(parts, engine, settled, judge)
        first = plan.record.documents
        for top_up in top_ups_of(out, first):
            plan = extended(plan, top_up)
        resumed, noted = -1, Usage()
        while True:
            # What a top-up added belongs to whoever comes first: it is no shard's own.
            part = shard if len(plan.places) == first else (1, 1)
            with RunDir.open(out, fingerprint, len(plan.places), part, about) as run:
                record_plan(out, plan.record)
                todo = [plan.places[index] for index in run.todo()]
                done = len(run.indexes()) - len(todo)
                resumed = done if resumed < 0 else resumed
                watcher.start(len(run.indexes()), done, engine)
                writer = _writer(parts, engine, client, settled)
                line = _Line(parts, writer, client, judge, run, watcher, noted)
                await line.write_all(todo, config.run.documents_in_flight)
                noted = line.noted
                manifest = run.seal(lambda docs: self_copy_reasons(docs, parts.self_containment))
            more = plan_top_up(parts, config, out, plan) if manifest.complete else None
            if more is None:
                break
            plan = extended(plan, more)
            extend_run(out, plan.record)
    return Built(out, manifest, summarise(out) if manifest.complete else None, resumed)


def _writer(parts: Parts, engine: Engine, client: ChatClient | None, settled: Settled) -> Writer:
    return parts.writer(
        client,
        EngineName(engine.name, engine.model),
        granularity=settled.granularity,
        structured=settled.structured,
    )


def _about(parts: Parts, engine: Engine, settled: Settled, judge: DocumentJudge | None) -> About:
    return About(
        engine=engine.name,
        model_licence=parts.model_licence,
        filters=FILTERS if judge is None else (*FILTERS, "judge"),
        sources=tuple(Source(*s) for s in parts.sources),
        parameters={"concurrency": str(engine.concurrency), **settled.parameters},
    )


@asynccontextmanager
async def _client(engine: Engine) -> AsyncIterator[ChatClient | None]:
    """A client to the engine, or None for the realiser."""
    if not engine.writes:
        yield None
        return
    async with engine.client() as client:
        yield client


@dataclass
class _Line:
    """Documents on their way from the plan to the run directory."""

    parts: Parts
    writer: Writer
    client: ChatClient | None
    judge: DocumentJudge | None
    run: RunDir
    watcher: Watcher
    noted: Usage = field(default_factory=Usage)

    async def write_all(self, todo: Iterable[Planned], in_flight: int) -> None:
        """Write the documents, at most `in_flight` at a time, and store each as it is done."""
        case_of = lru_cache(maxsize=4 * in_flight)(self.parts.sampler.case)
        queue = iter(todo)

        async def worker() -> None:
            for place in queue:
                await self.write(place, case_of(place.case_index))
                # The realiser never waits for anything: without this, Ctrl-C would be heard
                # only after the last document.
                await asyncio.sleep(0)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(in_flight):
                    group.create_task(worker())
        except ExceptionGroup as errors:
            fixable, bugs = errors.split(CasewrightError)
            if bugs is not None or fixable is None:
                raise
            # The same dead endpoint or full disk stops every worker: one says it for all.
            raise fixable.exceptions[0] from errors

    async def write(self, place: Planned, case: Case) -> None:
        """Write, screen and store one document. Only its own failed request is survived."""
        try:
            document = self.parts.screen(await self.writer.draft(case, place.kind, place.variant))
            if self.judge is not None:
                document = await self.judge(document)
            row = row_of(await self.parts.noisy(document), place.index)
        except RequestFailed as err:
            row = failed_row(
                case,
                document_id=document_id_of(case, place.kind, place.variant),
                kind=place.kind,
                index=place.index,
                reasons=(Reason("engine", "request_failed", str(err)),),
            )
        self.run.add(row, usage=self._usage())
        rate = self.client.stats().tokens_per_second if self.client else 0.0
        self.watcher.document(row.outcome, [r.label for r in row.reasons], rate)

    def _usage(self) -> Usage:
        """What the engine was asked since the last document was stored."""
        if self.client is None:
            return Usage()
        stats = self.client.stats()
        now = Usage(stats.requests, stats.prompt_tokens, stats.completion_tokens)
        since = Usage(
            now.requests - self.noted.requests,
            now.prompt_tokens - self.noted.prompt_tokens,
            now.completion_tokens - self.noted.completion_tokens,
        )
        self.noted = now
        return since


def preview(config: Config, count: int) -> Iterator[Shown]:
    """Write and screen the first documents of a plan without storing them."""
    parts = load_parts(config)
    plan = plan_run(parts, config)[:count]
    yield from asyncio.run(_preview(config, parts, plan))


async def _preview(config: Config, parts: Parts, plan: Sequence[Planned]) -> list[Shown]:
    cases = [parts.sampler.case(place.case_index) for place in plan]
    async with open_engine(engine_spec(config)) as engine, _client(engine) as client:
        settled = await settle(config, parts, engine, client)
        writer = _writer(parts, engine, client, settled)
        drafts = await asyncio.gather(
            *(writer.draft(case, p.kind, p.variant) for case, p in zip(cases, plan, strict=True))
        )
    return [
        Shown(
            case,
            tuple((m.role, m.content) for m in writer.prompts(case, draft.kind)[0].messages),
            await parts.noisy(parts.screen(draft)),
        )
        for case, draft in zip(cases, drafts, strict=True)
    ]
