"""`casewright kg`: look at the graph, sample from it, compile it."""

from __future__ import annotations

import json
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Literal

import click

from casewright.cli.display import stdout
from casewright.config import load_config
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import load_graph
from casewright.kg.patient import Sampling
from casewright.kg.show import show as show_condition
from casewright.kg.stats import render_stats, timed_load
from casewright.kg.stats import stats as graph_stats
from casewright.kg.validate.check import check_cases, render_check
from casewright.records import Setting
from casewright.sampling import sampling_of

__all__ = ["kg"]

_EVERYWHERE: tuple[tuple[Setting, float], ...] = (
    ("outpatient", 0.5),
    ("emergency", 0.2),
    ("inpatient", 0.3),
)


_overlay_option = click.option(
    "--overlay", type=click.Path(path_type=Path), help="Your own YAML, laid over the graph."
)


def _bare(value: object) -> object:
    """What JSON knows nothing of: a record by its fields, a day as it is written."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    return str(value)


@click.group()
def kg() -> None:
    """The knowledge graph: what is in it, and cases drawn from it."""


@kg.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--graph", type=click.Path(path_type=Path), help="A graph compiled elsewhere.")
@_overlay_option
def stats(as_json: bool, graph: Path | None, overlay: Path | None) -> None:
    """Count what the graph holds."""
    loaded, seconds = timed_load(graph, overlay=overlay)
    found = graph_stats(loaded, load_seconds=seconds)
    if as_json:
        click.echo(found.to_json())
    else:
        stdout().print(render_stats(found))


@kg.command()
@click.argument("code")
@click.option("--graph", type=click.Path(path_type=Path), help="A graph compiled elsewhere.")
@_overlay_option
def show(code: str, graph: Path | None, overlay: Path | None) -> None:
    """Show a condition by its ICD-10-CM CODE, with everything the graph says of it."""
    stdout().print(show_condition(load_graph(graph, overlay=overlay), code))


@kg.command()
@click.option(
    "-n", "count", default=5, show_default=True, type=click.IntRange(min=1), help="How many."
)
@click.option(
    "--seed", default=7, show_default=True, type=click.IntRange(min=0), help="Seed of every choice."
)
@click.option("--code", "codes", multiple=True, help="Principal diagnosis: code or prefix.")
@click.option(
    "--conditions", type=click.Choice(["prevalence", "tempered", "uniform"]),
    help="How diagnoses are drawn.  [default: tempered]",
)  # fmt: skip
@click.option(
    "--setting", "settings", multiple=True,
    type=click.Choice(["outpatient", "emergency", "inpatient"]),
    help="Only this setting, or these in equal parts.",
)  # fmt: skip
@click.option(
    "--encounters", type=click.IntRange(min=1, max=12), help="Encounters of each patient."
)
@click.option("--contrast", is_flag=True, help="Pairs of cases that are easily confused.")
@click.option("--graph", type=click.Path(path_type=Path), help="A graph compiled elsewhere.")
@_overlay_option
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path),
    help="A configuration whose `sampling` and `graph` hold where no option says otherwise.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one case a line, as JSON.")
def sample(
    count: int,
    seed: int,
    codes: tuple[str, ...],
    conditions: str | None,
    settings: tuple[str, ...],
    encounters: int | None,
    contrast: bool,
    graph: Path | None,
    overlay: Path | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Sample cases, without writing any document."""
    config = load_config(
        config_path,
        {
            "sampling.codes": list(codes) or None,
            "sampling.conditions": conditions,
            "sampling.settings": dict.fromkeys(settings, 1.0) or None,
            "sampling.encounters": encounters,
            "sampling.contrast": contrast or None,
        },
    )
    sampler = CaseSampler(
        load_graph(graph or config.graph.path, overlay=overlay or config.graph.overlay),
        sampling_of(config),
        seed,
    )
    console = stdout()
    for case in sampler.cases(range(count)):
        if as_json:
            click.echo(json.dumps(case, default=_bare))
        else:
            from casewright.cli.display import render_case  # noqa: PLC0415

            console.print(render_case(case))


@kg.command()
@click.option(
    "-n", "count", default=2000, show_default=True, type=click.IntRange(min=1), help="How many."
)
@click.option(
    "--seed", default=7, show_default=True, type=click.IntRange(min=0), help="Seed of every choice."
)
@click.option("--code", "codes", multiple=True, help="Principal diagnosis: code or prefix.")
@click.option(
    "--conditions", default="uniform", show_default=True,
    type=click.Choice(["prevalence", "tempered", "uniform"]), help="How diagnoses are drawn.",
)  # fmt: skip
@click.option("--graph", type=click.Path(path_type=Path), help="A graph compiled elsewhere.")
@_overlay_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(
    count: int,
    seed: int,
    codes: tuple[str, ...],
    conditions: Literal["prevalence", "tempered", "uniform"],
    graph: Path | None,
    overlay: Path | None,
    as_json: bool,
) -> None:
    """Sample cases and validate each: 0 where all are sound, 2 where one is not."""
    loaded = load_graph(graph, overlay=overlay)
    sampling = Sampling(conditions=conditions, codes=codes, settings=_EVERYWHERE)
    report = check_cases(loaded, CaseSampler(loaded, sampling, seed).cases(range(count)))
    if as_json:
        click.echo(report.to_json())
    else:
        stdout().print(render_check(report))
    if report.violations:
        sys.exit(2)


@kg.command("compile")
@click.argument("sources", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--licences", help="Only these, separated by commas (public-domain,CC0,MIT).")
@click.option(
    "--curated", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Your copy of the hand-written layer.  [default: the packaged one]",
)  # fmt: skip
def compile_(sources: Path, out: Path, licences: str | None, curated: Path | None) -> None:
    """Compile the graph from the folder SOURCES (needs the `kg` extra).

    LICENSES.md is written beside the graph. `--graph OUT` of the other commands reads it.
    """
    from casewright.kg.compile import compile_graph  # noqa: PLC0415 - an extra

    allowed = {name.strip() for name in licences.split(",")} if licences else None
    report = compile_graph(
        sources,
        out,
        allowed,
        curated=curated,
        licences_file=out / "LICENSES.md",
        progress=lambda text: click.echo(text, err=True),
    )
    click.echo(str(report))
