"""`casewright export`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click

from casewright.errors import CasewrightError
from casewright.outputs.card import CardInfo
from casewright.outputs.feeds import export_csv, export_fhir, export_jsonl, export_sft
from casewright.outputs.hf import export_hf
from casewright.outputs.licences import UNKNOWN
from casewright.outputs.splits import SplitBy, SplitPlan

__all__ = ["export"]

_FORMATS = {"fhir": export_fhir, "jsonl": export_jsonl, "csv": export_csv}


def publisher_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options by which a publisher says what only a publisher knows."""
    for option in (
        click.option(
            "--model-licence", default="",
            help="The model's licence, where the run does not know it (Apache-2.0).",
        ),
        click.option(
            "--licence", default=UNKNOWN,
            help="The dataset's licence, as the Hub names it (cc-by-4.0). Left open without it.",
        ),
        click.option("--title", help="The dataset's title; named after the run without it."),
    ):  # fmt: skip
        command = option(command)
    return command


def publisher(title: str | None, licence: str, model_licence: str) -> CardInfo:
    """What the publisher says of a dataset.

    Raises:
        CasewrightError: the licence is not written as the Hub writes them.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", licence):
        raise CasewrightError(
            f"{licence!r} is not how the Hub names a licence",
            valid="cc-by-4.0, cc0-1.0, apache-2.0, mit, other ...",
            fix="write it in lower case, with hyphens",
        )
    return CardInfo(title=title, licence=licence, model_licence=model_licence)


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
@publisher_options
def export(
    run: Path,
    dest: Path,
    form: str,
    split_by: SplitBy,
    configs: tuple[str, ...],
    benchmarks: tuple[Path, ...],
    tokenizer: Path | None,
    title: str | None,
    licence: str,
    model_licence: str,
) -> None:
    """Export the kept documents of a finished RUN to DEST."""
    plan = SplitPlan(by=split_by)
    info = publisher(title, licence, model_licence)
    if tokenizer is not None and form != "sft":
        raise CasewrightError("only the fine-tuning feed is counted in tokens", fix="--to sft")
    if form == "hf":
        done = export_hf(
            run, dest, info=info, splits=plan, benchmarks=benchmarks, configs=configs or None
        )
    elif configs:
        raise CasewrightError("only the Hugging Face dataset has tables to choose", fix="--to hf")
    elif form == "sft":
        done = export_sft(
            run, dest, info=info, splits=plan, benchmarks=benchmarks, tokenizer=tokenizer
        )
    else:
        done = _FORMATS[form](run, dest, info=info, splits=plan, benchmarks=benchmarks)
    click.echo(str(done))
