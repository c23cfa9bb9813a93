"""`casewright report`."""

from __future__ import annotations

from pathlib import Path

import click

from casewright.cli.display import stderr
from casewright.errors import CasewrightError
from casewright.outputs.report import MAX_DOCUMENTS, write_report
from casewright.outputs.report.serve import PORT, ReportServer

__all__ = ["report"]


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="HTML file; RUN/report.html without it."
)
@click.option(
    "--documents",
    "most",
    type=click.IntRange(min=0),
    default=MAX_DOCUMENTS,
    show_default=True,
    help="Documents in the HTML file at most: of more a sample.",
)
@click.option("--png", is_flag=True, help="Plots as PNG files, too (needs the extra `plots`).")
@click.option(
    "--evidence",
    is_flag=True,
    help="Show also the words of documents that copy the private reference.",
)
@click.option(
    "--serve", is_flag=True, help="Serve all documents to a browser on this machine; write nothing."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help=f"With --serve; {PORT} without it, 0 for any."
)
def report(
    run: Path,
    out: Path | None,
    most: int,
    png: bool,
    evidence: bool,
    serve: bool,
    port: int | None,
) -> None:
    """Write the report of a RUN: an HTML file, and its figures as Markdown and JSON.

    The HTML file needs nothing else and holds a sample of the documents; --serve shows all of
    them, read from the run as they are asked for, until Ctrl-C.
    """
    if port is not None and not serve:
        raise CasewrightError("only a report that is served has a port", fix="--serve")
    if serve:
        if out is not None or png:
            raise CasewrightError(
                "a report that is served writes no files",
                fix="leave out --serve, or --out and --png",
            )
        _serve(run, PORT if port is None else port, evidence)
        return
    for path in write_report(run, out, max_documents=most, show_evidence=evidence, plots=png):
        click.echo(str(path))


def _serve(run: Path, port: int, evidence: bool) -> None:
    with ReportServer(run, port, show_evidence=evidence) as server:
        click.echo(server.url)
        stderr().print(f"{len(server.catalogue)} documents, on this machine only; Ctrl-C ends it")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            stderr().print("ended")
