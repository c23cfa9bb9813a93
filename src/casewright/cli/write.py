"""`casewright build` and `casewright preview`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from casewright.cli.display import BuildDisplay, render_case, render_document, stderr, stdout
from casewright.config import load_config
from casewright.errors import CasewrightError
from casewright.generators.engines import Engine
from casewright.outputs.coverage import read_plan_record
from casewright.outputs.report import write_report
from casewright.outputs.rows import plain
from casewright.outputs.terminal import render_summary
from casewright.pipeline import Built
from casewright.pipeline import build as build_corpus
from casewright.pipeline import preview as preview_documents

__all__ = ["build", "engine_overrides", "preview"]


def engine_overrides(engine: str | None, model: str | None) -> Mapping[str, Any]:
    """What --engine and --model lay over the configuration."""
    if engine is None:
        return {"engine.model": model}
    if engine.startswith(("http://", "https://")):
        return {"engine.kind": "url", "engine.url": engine, "engine.model": model}
    kinds = ("vllm", "llamacpp", "realiser")
    if engine not in kinds:
        raise CasewrightError(
            f"there is no engine {engine!r}",
            where="--engine",
            valid=f"a URL (http://127.0.0.1:8000/v1), {', '.join(kinds)}",
            fix="give one of these",
        )
    return {"engine.kind": engine, "engine.model": model}


def _shard(text: str) -> tuple[int, int]:
    try:
        number, of = (int(part) for part in text.split("/"))
    except ValueError:
        number, of = 0, 0
    if not 1 <= number <= of:
        raise CasewrightError(
            f"there is no shard {text!r}",
            where="--shard",
            valid="k/n with k from 1 to n, such as 1/4",
            fix="give each machine a k of its own, and all the same n",
        )
    return number, of


def _overrides(
    count: int | None, seed: int | None, engine: str | None, model: str | None
) -> dict[str, Any]:
    return {"documents": count, "seed": seed, **engine_overrides(engine, model)}


_SHARED = [
    click.argument("config", type=click.Path(path_type=Path), required=False),
    click.option("--seed", type=click.IntRange(min=0), help="Seed of every choice."),
    click.option("--engine", help="URL of a server, vllm, llamacpp or realiser."),
    click.option("--model", help="Name, path or hf://owner/name; default: the packaged one."),
]


def _with_shared(command: Any) -> Any:
    for decorate in reversed(_SHARED):
        command = decorate(command)
    return command


class _Watcher:
    """Starts the display once the engine is up, and passes on what happens."""

    def __init__(self, out: Path) -> None:
        self.display: BuildDisplay | None = None
        self._out = out
        self._passes = 0

    def start(self, total: int, done: int, engine: Engine) -> None:
        console = stderr()
        self.stop()
        self.display = None
        self._passes += 1
        _tell_plan(self._out, console, again=self._passes > 1)
        if self._passes > 1:
            self.display = BuildDisplay(total, done)
            self.display.__enter__()
            return
        if done == total:
            console.print(f"all {total} documents are done already")
            return
        if done:
            console.print(f"resuming: {done} of {total} documents are done")
        console.print(f"engine: {engine.name}, model: {Path(engine.model).name or 'none'}")
        self.display = BuildDisplay(total, done)
        self.display.__enter__()

    def document(self, outcome: str, reasons: Iterable[str], tokens_per_second: float) -> None:
        if self.display is not None:
            self.display.document(outcome, reasons, tokens_per_second)

    def stop(self) -> None:
        if self.display is not None:
            self.display.__exit__(None, None, None)


def _tell_plan(run: Path, console: Console, *, again: bool) -> None:
    """Say before the work begins what the plan could not find, and what a top-up adds."""
    record = read_plan_record(run)
    if record is None:
        return
    short = record.top_ups[-1].short if again and record.top_ups else record.short
    if again and record.top_ups:
        more = len(record.top_ups[-1].documents)
        console.print(f"top-up: {more} more documents in place of those that were not kept")
    if short:
        missing = sum(s.wanted - s.planned for s in short)
        listed = ", ".join(f"{s.axis} {s.value} {s.planned} of {s.wanted}" for s in short[:6])
        rest = f" and {len(short) - 6} more" if len(short) > 6 else ""
        console.print(
            f"coverage: {missing} places could not be filled as wanted ({listed}{rest}); "
            "see the report, or give coverage.candidates a larger number"
        )


@click.command()
@_with_shared
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Run directory.")
@click.option("-n", "count", type=click.IntRange(min=1), help="Number of documents.")
@click.option("--shard", default="1/1", show_default=True, help="Do shard k of n.")
@click.option(
    "--top-up",
    type=click.FloatRange(0, 10),
    help="Plan up to this share of documents more, in place of those not kept (0.5: half more).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def build(
    config: Path | None,
    seed: int | None,
    engine: str | None,
    model: str | None,
    out: Path,
    count: int | None,
    shard: str,
    top_up: float | None,
    as_json: bool,
) -> None:
    """Build a corpus into a run directory, or resume the run that is in it.

    CONFIG is a YAML file; without it the defaults hold.
    """
    part = _shard(shard)
    overrides = {**_overrides(count, seed, engine, model), "run.top_up": top_up}
    settings = load_config(config, overrides)
    watcher = _Watcher(out)
    try:
        built = build_corpus(settings, out, watcher=watcher, shard=part)
    except KeyboardInterrupt:
        watcher.stop()
        stderr().print(
            "\ninterrupted: every finished document is safe; "
            "run the same command again to go on from here"
        )
        raise
    finally:
        watcher.stop()
    _finish(built, as_json)


def _finish(built: Built, as_json: bool) -> None:
    if built.summary is None:
        stderr().print("this shard is done; others of the run are not")
        return
    report = built.run / "report.html"
    if built.resumed < built.manifest.counts.planned or not report.exists():
        write_report(built.run, report, summary=built.summary)
    if as_json:
        click.echo(json.dumps(plain(built.summary)))
        return
    stdout().print(render_summary(built.summary))
    click.echo(f"documents  {built.run / 'documents'}")
    click.echo(f"report     {report}")


@click.command()
@_with_shared
@click.option(
    "-n", "count", default=3, show_default=True, type=click.IntRange(min=1), help="How many."
)
def preview(
    config: Path | None, seed: int | None, engine: str | None, model: str | None, count: int
) -> None:
    """Show the first documents of a plan: case, prompt, text and ledger. Nothing is stored."""
    settings = load_config(config, _overrides(max(count, 1), seed, engine, model))
    console = stdout()
    for shown in preview_documents(settings, count):
        console.print(render_case(shown.case))
        click.echo(shown_prompt(shown.prompt))
        console.print(render_document(shown.document))


def shown_prompt(messages: Iterable[tuple[str, str]]) -> str:
    """The first prompt of a document, a message a paragraph."""
    return "\n".join(f"  [{role}] {content}" for role, content in messages) + "\n"
