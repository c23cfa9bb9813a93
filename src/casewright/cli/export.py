"""`casewright export`."""

from __future__ import annotations

from pathlib import Path

import click

from casewright.errors import CasewrightError
from casewright.outputs.feeds import export_csv, export_fhir, export_jsonl, export_sft
from casewright.outputs.hf import export_hf
from casewright.outputs.splits import SplitBy, SplitPlan

__all__ = ["export"]

_FORMATS = {"fhir": export_fhir, "jsonl": export_jsonl, "csv": export_csv}


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("dest", type=click.Path(path_type=Path))
@click.option(
    "--to", "form", type=click.Choice(["csv", "fhir", "hf", "jsonl", "sft"]), default="hf",
    show_default=True,
    help="hf: a Hugging Face dataset; sft: a fine-tuning feed; fhir; jsonl; csv.",
)  # fmt: skip
@click.option(
    "--split-by", type=click.Choice(["case", "code", "template"]), default="case",
    show_default=True,
    help="What train and test never share: cases; also diagnoses (code) or styles (template).",
)  # fmt: skip
@click.option(
    "--config", "configs", multiple=True,
    help="A table to write beside the documents (hf; several times; all without it).",
)  # fmt: skip
@click.option(
    "--decontaminate", "benchmarks", multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A benchmark's file: documents that share 13 words in a row are left out (several times).",
)  # fmt: skip
@click.option(
    "--tokenizer", type=click.Path(exists=True, path_type=Path),
    help="A tokenizer.json, or a model's folder: lengths of pairs in its tokens (sft).",
)  # fmt: skip
def export(
    run: Path,
    dest: Path,
    form: str,
    split_by: SplitBy,
    configs: tuple[str, ...],
    benchmarks: tuple[Path, ...],
    tokenizer: Path | None,
) -> None:
    """Export the kept documents of a finished RUN to DEST."""
    plan = SplitPlan(by=split_by)
    if tokenizer is not None and form != "sft":
        raise CasewrightError("only the fine-tuning feed is counted in tokens", fix="--to sft")
    if form == "hf":
        done = export_hf(run, dest, splits=plan, benchmarks=benchmarks, configs=configs or None)
    elif configs:
        raise CasewrightError("only the Hugging Face dataset has tables to choose", fix="--to hf")
    elif form == "sft":
        done = export_sft(run, dest, splits=plan, benchmarks=benchmarks, tokenizer=tokenizer)
    else:
        done = _FORMATS[form](run, dest, splits=plan, benchmarks=benchmarks)
    click.echo(str(done))
