"""The report as Markdown: the figures without the documents, for a pull request or a wiki."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from casewright.outputs.coverage import empty_lines
from casewright.outputs.report import panels
from casewright.outputs.report.bands import load_corpora, measure_panels
from casewright.outputs.summary import RunSummary

__all__ = ["render_markdown"]

_MARKS = {"good": "met", "watch": "**not met**", "plain": "not measured"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def render_markdown(summary: RunSummary) -> str:
    """The figures of the page as GitHub-flavoured Markdown, tables for every panel."""
    kinds, heat = panels.heat_map(summary)
    return _template().render(
        summary=summary,
        manifest=summary.manifest,
        counts=summary.counts,
        rows=(*summary.kinds, summary.total),
        chips=panels.chips(summary),
        marks=_MARKS,
        heat_kinds=kinds,
        heat=heat,
        ages=panels.age_map(summary),
        axes=panels.axes_shown(summary),
        empty=empty_lines(summary.coverage.empty),
        most_codes=panels.MOST_CODES,
        panels=measure_panels(summary.measures),
        corpora=load_corpora(),
    )


@cache
def _template() -> Template:
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = panels.percent
    environment.filters["cell"] = _cell
    text = files("casewright.outputs.report").joinpath("report.md.j2").read_text("utf-8")
    return environment.from_string(text)


def _cell(value: object) -> str:
    """A text that stays one cell of a table and marks nothing up, whatever it holds."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
