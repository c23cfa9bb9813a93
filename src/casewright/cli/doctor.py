"""`casewright doctor`: is this machine ready?"""

from __future__ import annotations

import json
import sys

import click

from casewright.cli.display import stdout
from casewright.doctor import run_doctor
from casewright.outputs.rows import plain

__all__ = ["doctor"]

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--engine", help="URL of a server to try.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(engine: str | None, as_json: bool) -> None:
    """Check Python, extras, model, graph, disk, memory and GPU. Asks no network but ENGINE."""
    results = run_doctor(engine)
    if as_json:
        click.echo(json.dumps([plain(r) for r in results]))
    else:
        console = stdout()
        for result in results:
            colour = _COLOURS[result.status]
            console.print(f"[{colour}]{result.status:>4}[/]  {result.name}: {result.detail}")
            if result.fix:
                console.print(f"      {result.fix}", style="dim")
    if any(r.status == "fail" for r in results):
        sys.exit(2)
