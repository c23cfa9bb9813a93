"""`casewright samples`."""

from __future__ import annotations

from pathlib import Path

import click

from casewright.outputs.samples import write_samples

__all__ = ["samples"]


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("dest", type=click.Path(path_type=Path))
@click.option(
    "--each", default=10, show_default=True, type=click.IntRange(min=1),
    help="Documents of each kind at most.",
)  # fmt: skip
def samples(run: Path, dest: Path, each: int) -> None:
    """Print documents of each kind of RUN with case and ledger into Markdown files in DEST."""
    for path in write_samples(run, dest, each=each):
        click.echo(str(path))
