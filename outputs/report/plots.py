"""The report's figures as PNG files, for papers and slides. Needs matplotlib (extra `plots`)."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from casewright.errors import CasewrightError
from casewright.outputs.files import write_atomic
from casewright.outputs.report import panels
from casewright.outputs.report.bands import measure_panels
from casewright.outputs.summary import RunSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PLOTS", "write_plots"]

_INK, _SOFT, _TEAL, _AMBER, _RED, _BAND = (
    "#17252a", "#52646a", "#2b8a78", "#c27a1a", "#a33a3a", "#cfdbe6",
)  # fmt: skip
_DPI = 120

New: TypeAlias = Callable[[float, float], Any]
"""Makes an empty figure of a width and height in inches."""


def write_plots(summary: RunSummary, folder: Path) -> list[Path]:
    """Write every plot as a PNG file into a folder, which is made if needed.

    Returns:
        The files, in the order of the report's sections.

    Raises:
        CasewrightError: matplotlib is not there, or the folder cannot be written to.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise CasewrightError(
            "plots are drawn by matplotlib, which is not installed",
            where="--png",
            fix="pip install 'casewright[plots]'; the HTML report needs nothing",
        ) from error

    def new(width: float, height: float) -> Figure:
        return Figure(figsize=(width, height), dpi=_DPI, layout="constrained")

    paths = []
    for name, draw in PLOTS.items():
        figure = draw(summary, new)
        raw = io.BytesIO()
        # No time and no version in the file: the same run gives the same bytes.
        figure.savefig(raw, format="png", metadata={"Software": None})
        path = folder / f"{name}.png"
        write_atomic(path, raw.getvalue())
        paths.append(path)
    return paths


def _plain(axes: Any, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, color=_INK, fontweight="bold")
    axes.tick_params(length=0, labelsize=8, colors=_SOFT)
    for side in axes.spines.values():
        side.set_visible(False)


def _funnel(summary: RunSummary, new: New) -> Figure:
    counts = summary.counts
    named = {**summary.rejected_by_reason, **summary.failed_by_reason}
    bars = [("kept", counts.kept, _TEAL), ("rejected", counts.rejected, _AMBER),
            ("failed", counts.failed, _RED)]  # fmt: skip
    bars += [(key, n, "#d9b27c") for key, n in sorted(named.items(), key=lambda i: -i[1])[:12]]
    figure: Figure = new(7, 1.0 + 0.3 * len(bars))
    axes = figure.subplots()
    names = [_text(name, 40) for name, _, _ in bars]
    drawn = axes.barh(range(len(bars)), [n for _, n, _ in bars], color=[c for *_, c in bars])
    axes.bar_label(drawn, fontsize=8, color=_INK, padding=3)
    axes.set_yticks(range(len(bars)), names)
    axes.invert_yaxis()
    axes.set_xticks([])
    _plain(axes, f"What became of {counts.planned} planned documents")
    return figure


def _heat(
    new: New, title: str, rows: list[panels.HeatRow], columns: list[str], width: float
) -> Figure:
    figure: Figure = new(width, 1.6 + 0.3 * max(len(rows), 1))
    axes = figure.subplots()
    if rows and columns:
        axes.imshow(
            [[cell.count**0.5 for cell in row.cells] for row in rows], cmap="BuGn", aspect="auto"
        )
        for y, row in enumerate(rows):
            for x, cell in enumerate(row.cells):
                colour = "white" if cell.level >= 4 else _INK
                axes.text(
                    x, y, str(cell.count or ""), ha="center", va="center", fontsize=7, color=colour
                )  # fmt: skip
    axes.set_yticks(range(len(rows)), [_text(row.label, 40) for row in rows])
    axes.set_xticks(
        range(len(columns)), [_text(c.replace("_", " "), 24) for c in columns], rotation=40,
        ha="right",
    )  # fmt: skip
    _plain(axes, title)
    return figure


def _coverage(summary: RunSummary, new: New) -> Figure:
    kinds, rows = panels.heat_map(summary)
    return _heat(new, "Kept documents by chapter and kind", rows, kinds, 4 + 0.42 * len(kinds))


def _ages(summary: RunSummary, new: New) -> Figure:
    rows = panels.age_map(summary)
    return _heat(new, "Patients by age and sex", rows, list(panels.SEXES), 3.6)


def _lengths(summary: RunSummary, new: New) -> Figure:
    kinds = sorted((k for k in summary.kinds if k.kept), key=lambda k: k.words.median)
    figure: Figure = new(7, 1.1 + 0.28 * max(len(kinds), 1))
    axes = figure.subplots()
    for y, kind in enumerate(kinds):
        words = kind.words
        axes.barh(y, words.p90 - words.p10, left=words.p10, color=_TEAL, alpha=0.5, height=0.5)
        axes.plot([words.median] * 2, [y - 0.35, y + 0.35], color=_INK, linewidth=2)
    axes.set_yticks(range(len(kinds)), [_text(k.kind.replace("_", " "), 30) for k in kinds])
    axes.set_xlim(left=0)
    _plain(axes, "Words in a document: median, 10% to 90%")
    axes.grid(axis="x", color="#e3e8e5", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure


def _bands(summary: RunSummary, new: New) -> Figure:
    """Every figure of the run on the scale of the corpora, one a row."""
    strips = [s for panel in measure_panels(summary.measures) for s in panel.strips]
    figure: Figure = new(8.5, 1.0 + 0.34 * max(len(strips), 1))
    axes = figure.subplots()
    for y, s in enumerate(strips):
        axes.barh(y, 100, color="#eef1ee", height=0.62)
        if s.corpora:
            axes.barh(y, max(s.high - s.low, 0.6), left=s.low, color=_BAND, height=0.62)
            places = [c.place for c in s.corpora]
            axes.plot(places, [y] * len(places), "|", color="#5c7488", markersize=9)
        if s.own is not None:
            axes.plot(
                s.own.place,
                y,
                "D",
                color=_TEAL,
                markersize=6,
                markeredgecolor="white",
                clip_on=False,
            )
            axes.text(103, y, s.own.text, va="center", fontsize=8, color=_INK)
    axes.set_yticks(range(len(strips)), [_named(s.label, s.group) for s in strips])
    axes.set_xlim(0, 125)
    axes.set_ylim(-0.6, max(len(strips), 1) - 0.4)
    axes.set_xticks([])
    axes.invert_yaxis()
    _plain(axes, "This run (diamond) beside public corpora (band, ticks)")
    return figure


def _named(label: str, group: str) -> str:
    return _text(label if group.startswith("all ") else f"{label}, {group}", 60)


def _text(text: str, width: int) -> str:
    """A label as it stands: a dollar sign starts no formula, a long one is cut."""
    return textwrap.shorten(text, width, placeholder=" …").replace("$", r"\$")


PLOTS: dict[str, Callable[[RunSummary, New], Figure]] = {
    "funnel": _funnel,
    "coverage": _coverage,
    "ages": _ages,
    "lengths": _lengths,
    "bands": _bands,
}
"""Name and drawing of each plot."""
