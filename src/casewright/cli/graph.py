"""`casewright kg`: look at the graph, sample from it, compile it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from casewright.cli.display import stdout
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import load_graph
from casewright.kg.patient import Sampling
from casewright.kg.show import show as show_condition
from casewright.kg.stats import render_stats, timed_load
from casewright.kg.stats import stats as graph_stats
from casewright.outputs.rows import plain

__all__ = ["kg"]


@click.group()
def kg() -> None:
    """The knowledge graph: what is in it, and cases drawn from it."""


@kg.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--graph", type=click.Path(path_type=Path), help="A graph compiled elsewhere.")
def stats(as_json: bool, graph: Path | None) -> None:
    """Count what the graph holds."""
    loaded, seconds = timed_load(graph)
    found = graph_stats(loaded, load_seconds=seconds)
    if as_json:
        click.echo(found.to_json())
    else:
        stdout().print(render_stats(found))


@kg.command()
@click.argument("code")
@click.option("--graph", type=click.Path(path_type=Path), help="A graph compiled elsewhere.")
def show(code: str, graph: Path | None) -> None:
    """Show a condition by its ICD-10-CM CODE, with everything the graph says of it."""
    stdout().print(show_condition(load_graph(graph), code))


@kg.command()
@click.option(
    "-n", "count", default=5, show_default=True, type=click.IntRange(min=1), help="How many."
)
@click.option(
    "--seed", default=7, show_default=True, type=click.IntRange(min=0), help="Seed of every choice."
)
@click.option("--code", "codes", multiple=True, help="Principal diagnosis: code or prefix.")
@click.option("--json", "as_json", is_flag=True, help="Print one case a line, as JSON.")
def sample(count: int, seed: int, codes: tuple[str, ...], as_json: bool) -> None:
    """Sample cases, without writing any document."""
    sampler = CaseSampler(load_graph(), Sampling(codes=codes), seed)
    console = stdout()
    for case in sampler.cases(range(count)):
        if as_json:
            click.echo(json.dumps(plain(case), default=str))
        else:
            from casewright.cli.display import render_case  # noqa: PLC0415

            console.print(render_case(case))


@kg.command("compile")
@click.argument("sources", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--licences", help="Only these, separated by commas (public-domain,CC0,MIT).")
def compile_(sources: Path, out: Path, licences: str | None) -> None:
    """Compile the graph from the folder SOURCES (needs the `kg` extra)."""
    from casewright.kg.compile import compile_graph  # noqa: PLC0415 - an extra

    allowed = {name.strip() for name in licences.split(",")} if licences else None
    click.echo(str(compile_graph(sources, out, allowed)))
