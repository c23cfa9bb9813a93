"""`casewright bench engine`: what the model behind an engine can be given at a time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import click
from rich.table import Table

from casewright.cli.display import stderr, stdout
from casewright.cli.write import engine_overrides
from casewright.config import Config, load_config
from casewright.errors import CasewrightError
from casewright.generators.engines import open_engine
from casewright.generators.probe import Probe
from casewright.generators.structured import Structured, detect_structured
from casewright.outputs.rows import plain
from casewright.settling import probe_engine
from casewright.setup import engine_spec, load_parts

__all__ = ["engine"]


@dataclass(frozen=True, slots=True)
class _Result:
    engine: str
    model: str
    structured: Structured
    probe: Probe


@click.command()
@click.option("--engine", "engine_name", help="URL, vllm or llamacpp; the default is llamacpp.")
@click.option("--model", help="Name (URL), or the model to load.")
@click.option("--fresh", is_flag=True, help="Ask again, though the table of this model is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def engine(engine_name: str | None, model: str | None, fresh: bool, as_json: bool) -> None:
    """Probe the model behind an engine: what share of its drafts is right, by their size.

    A draft is right if it states every fact with the right polarity and adds nothing. The same
    table decides for `text.granularity: auto`.
    """
    config = load_config(None, dict(engine_overrides(engine_name, model)))
    if config.engine.kind == "realiser":
        raise CasewrightError("the realiser has no model to probe", valid="a URL, vllm, llamacpp")
    stderr().print("asking the model ...")
    result = asyncio.run(_measure(config, fresh=fresh))
    if as_json:
        click.echo(json.dumps(plain(result)))
        return
    _show(result)


async def _measure(config: Config, *, fresh: bool) -> _Result:
    parts = load_parts(config)
    async with open_engine(engine_spec(config)) as opened, opened.client() as client:
        structured = await detect_structured(client.complete)
        probe = await probe_engine(parts, opened, client, structured, fresh=fresh)
    return _Result(opened.name, opened.model, structured, probe)


def _show(result: _Result) -> None:
    table = Table(title=f"{result.model} ({result.engine}): drafts that are right as they stand")
    for name in ("asked for", "facts", "right", "tried", "share"):
        table.add_column(name, justify="left" if name == "asked for" else "right")
    for row in result.probe.rows:
        cells = (f"{row.facts:.1f}", str(row.right), str(row.tried), f"{row.share:.2f}")
        table.add_row(row.unit, *cells)
    console = stdout()
    console.print(table)
    bound = {"schema": "a JSON schema", "grammar": "a grammar", "none": "no form"}
    console.print(f"answers are bound to {bound[result.structured.json]}")
    console.print(f"grammars are {'taken' if result.structured.grammar else 'not taken'}")
    console.print(f"text.granularity: auto gives it a {result.probe.choice} at a time")
