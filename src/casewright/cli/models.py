"""`casewright models`: which models are there, and getting one."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.table import Table

from casewright.cli.display import stdout
from casewright.models import get_model, list_models
from casewright.outputs.rows import plain

__all__ = ["models"]


@click.group()
def models() -> None:
    """Model files."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the models that are known or present."""
    found = list_models()
    if as_json:
        click.echo(json.dumps([plain(m) for m in found], default=str))
        return
    table = Table(show_edge=False, header_style="dim")
    for column in ("model", "kind", "present", "size", "licence", "where"):
        table.add_column(column, overflow="fold")
    for model in found:
        table.add_row(
            model.name, model.kind, "yes" if model.present else "no",
            f"{model.size / 1e6:.0f} MB", model.licence, str(model.path),
        )  # fmt: skip
    stdout().print(table)


@models.command()
@click.argument("name", default="default")
@click.option("--dest", type=click.Path(path_type=Path, file_okay=False), help="Folder.")
def get(name: str, dest: Path | None) -> None:
    """Get a model: default, hf://owner/name[/file.gguf], or a path to check."""
    click.echo(str(get_model(name, dest)))
