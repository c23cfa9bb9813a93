"""`casewright report` and `casewright export`."""

from __future__ import annotations

from pathlib import Path

import click

from casewright.outputs.feeds import export_csv, export_jsonl, export_sft
from casewright.outputs.hf import export_hf
from casewright.outputs.report import write_report
from casewright.outputs.splits import SplitBy, SplitPlan

__all__ = ["export", "report"]

_FORMATS = {"hf": export_hf, "sft": export_sft, "jsonl": export_jsonl, "csv": export_csv}


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File; RUN/report.html without it.")
def report(run: Path, out: Path | None) -> None:
    """Write the HTML report of a run, in one file."""
    dest = out or run / "report.html"
    write_report(run, dest)
    click.echo(str(dest))


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("dest", type=click.Path(path_type=Path))
@click.option(
    "--to", "form", type=click.Choice(sorted(_FORMATS)), default="hf", show_default=True,
    help="hf: a Hugging Face dataset; sft: a fine-tuning feed; jsonl; csv.",
)  # fmt: skip
@click.option(
    "--split-by", type=click.Choice(["case", "code", "template"]), default="case",
    show_default=True,
    help="What train and test never share: cases; also diagnoses (code) or styles (template).",
)  # fmt: skip
def export(run: Path, dest: Path, form: str, split_by: SplitBy) -> None:
    """Export the kept documents of a finished RUN to DEST."""
    click.echo(str(_FORMATS[form](run, dest, splits=SplitPlan(by=split_by))))
