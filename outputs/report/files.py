"""The files of a report: the page, the figures for programs, the figures for readers."""

from __future__ import annotations

from pathlib import Path

from casewright.outputs.files import write_atomic
from casewright.outputs.report.markdown import render_markdown
from casewright.outputs.report.page import MAX_DOCUMENTS, render_report
from casewright.outputs.report.plots import write_plots
from casewright.outputs.summary import RunSummary, summarise, write_summary

__all__ = ["write_report"]


def write_report(
    run: str | Path,
    dest: str | Path | None = None,
    *,
    max_documents: int = MAX_DOCUMENTS,
    show_evidence: bool = False,
    plots: bool = False,
    summary: RunSummary | None = None,
) -> list[Path]:
    """Write a run's report, finished or not: one HTML file, and its figures as JSON and Markdown.

    Args:
        run: the run directory.
        dest: the HTML file, beside which the others are written under its name; `report.html`
            in the run without it.
        max_documents: of more than these a sample is shown, with every kind and reason in
            it, and the page says so.
        show_evidence: also show the words of documents that were rejected because they copy
            the private reference; without it the page names them and holds none of their text.
        plots: write PNG files, too, into a folder `report-plots` beside the page.
        summary: of the run, where it has been made already.

    Returns:
        The files, the page first.

    Raises:
        CasewrightError: it is no run, a file cannot be written, or plots are asked for and
            matplotlib is not there.
    """
    run = Path(run)
    page = Path(dest) if dest is not None else run / "report.html"
    figures = summary or summarise(run)
    # First what may be missing: nothing is half done then.
    drawn = write_plots(figures, page.with_name(f"{page.stem}-plots")) if plots else []
    html = render_report(
        run, max_documents=max_documents, show_evidence=show_evidence, summary=figures
    )
    write_atomic(page, html)
    as_markdown, as_json = page.with_suffix(".md"), page.with_suffix(".json")
    write_atomic(as_markdown, render_markdown(figures))
    write_summary(figures, as_json)
    return [page, as_markdown, as_json, *drawn]
