"""The HTML report: one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from casewright.outputs.coverage import empty_lines
from casewright.outputs.report import panels
from casewright.outputs.report.bands import load_corpora, measure_panels
from casewright.outputs.report.sample import choose, sampled_rows
from casewright.outputs.report.view import document_view
from casewright.outputs.summary import RunSummary, summarise

__all__ = ["MAX_DOCUMENTS", "render_page", "render_report"]

MAX_DOCUMENTS = 500
"""Documents in one file: some 5 MB, which a phone still opens."""


def render_report(
    run: Path,
    *,
    max_documents: int = MAX_DOCUMENTS,
    show_evidence: bool = False,
    summary: RunSummary | None = None,
) -> str:
    """The page of a run as text; the arguments are those of `files.write_report`."""
    sample = choose(run, max_documents)
    documents = [
        document_view(row, show_evidence=show_evidence) for row in sampled_rows(run, sample)
    ]
    return render_page(
        summary or summarise(run), {"documents": documents}, total=sample.total, show=len(documents)
    )


def render_page(
    summary: RunSummary,
    data: Mapping[str, Any],
    *,
    total: int,
    show: int | None = None,
) -> str:
    """The page around a browser of documents.

    Args:
        summary: the figures.
        data: what its script reads: the documents themselves, or how many a server has.
        total: documents of the run. show: those in the page; None where a server has them all.
    """
    script = _resource("report.js")
    kinds, heat = panels.heat_map(summary)
    return _template().render(
        summary=summary,
        manifest=summary.manifest,
        counts=summary.counts,
        chips=panels.chips(summary),
        reasons=panels.bars(summary.rejected_by_reason),
        failures=panels.bars(summary.failed_by_reason),
        heat_kinds=kinds,
        heat=heat,
        ages=panels.age_map(summary),
        axes=panels.axes_shown(summary),
        empty=empty_lines(summary.coverage.empty),
        most_codes=panels.MOST_CODES,
        lengths=panels.length_bars(summary),
        words=panels.histogram(summary.words_histogram),
        model_words=panels.histogram(summary.model_written_histogram, 100),
        measures=summary.measures,
        panels=measure_panels(summary.measures),
        corpora=load_corpora(),
        screened=panels.screened(summary),
        total=total,
        show=show,
        funnel=_funnel(summary),
        style=Markup(_resource("report.css")),
        script=Markup(script),
        script_hash=_csp_hash(script),
        data=_embedded(data),
    )


def _funnel(summary: RunSummary) -> list[tuple[str, int, float]]:
    """(name, count, percent of the planned) of what became of the plan."""
    counts = summary.counts
    left = counts.planned - counts.done
    parts = [
        ("kept", counts.kept), ("rejected", counts.rejected), ("failed", counts.failed),
        ("to do", left),
    ]  # fmt: skip
    whole = max(counts.planned, 1)
    return [(name, n, 100 * n / whole) for name, n in parts if n or name != "to do"]


def _embedded(value: object) -> Markup:
    """JSON that cannot end its script element or start another, whatever the texts hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # escaped above: no "<" is left


def _csp_hash(script: str) -> str:
    """The hash by which the page's policy lets this script run and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _resource(name: str) -> str:
    return files("casewright.outputs.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = panels.percent
    environment.filters["words"] = _words
    environment.filters["number"] = _number
    return environment.from_string(_resource("report.html.j2"))


def _words(name: str) -> str:
    """An identifier as words: "discharge_summary" -> "discharge summary"."""
    return name.replace("_", " ")


def _number(value: Any) -> str:
    """A count with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")
