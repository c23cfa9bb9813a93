"""The summary of a run as a table for the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from casewright.outputs.summary import KindSummary, RunSummary, Share

__all__ = ["render_summary"]


def render_summary(summary: RunSummary) -> RenderableType:
    """Counts and quality by kind, and what the rejected were rejected for."""
    parts: list[RenderableType] = [_headline(summary), _kinds(summary)]
    if summary.rejected_by_reason or summary.failed_by_reason:
        parts.append(_reasons(summary))
    return Group(*parts)


def _headline(summary: RunSummary) -> Text:
    counts = summary.counts
    text = Text()
    text.append(f"{counts.kept} of {counts.planned} documents kept", style="bold")
    text.append(f", {counts.rejected} rejected, {counts.failed} failed")
    if counts.done < counts.planned:
        text.append(f", {counts.planned - counts.done} to do", style="yellow")
    text.append(f"\n{summary.cases} cases, {summary.codes} principal codes, {summary.words} words")
    if summary.seconds:
        text.append(f"; {_duration(summary.seconds)}")
    if summary.tokens_per_second is not None:
        text.append(f", {summary.tokens_per_second:.0f} tokens/s")
    return text


def _kinds(summary: RunSummary) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        caption=(
            "words: median; model: median share of words written by the model\n"
            "stated, denied: must-mention facts, present and denied, that are stated\n"
            "wrong: facts contradicted; off case: concepts named that the case lacks"
        ),
        caption_justify="left",
    )
    table.add_column("kind", no_wrap=True)
    for name in ("kept", "words", "model", "stated", "denied", "wrong", "off case"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind in summary.kinds:
        table.add_row(*_cells(kind))
    if len(summary.kinds) > 1:
        table.add_section()
        table.add_row(*_cells(summary.total), style="bold")
    return table


def _cells(kind: KindSummary) -> list[str]:
    return [
        kind.kind.replace("_", " "),
        f"{kind.kept}/{kind.kept + kind.rejected + kind.failed}",
        f"{kind.words.median:.0f}" if kind.words.count else "-",
        f"{kind.model_written.median:.0%}" if kind.model_written.count else "-",
        *map(_percent, (kind.must_present, kind.must_denied, kind.contradicted, kind.off_case)),
    ]


def _reasons(summary: RunSummary) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("not kept for")
    table.add_column("documents", justify="right")
    for key, count in summary.rejected_by_reason.items():
        table.add_row(key, str(count))
    for key, count in summary.failed_by_reason.items():
        table.add_row(f"{key} (failed)", str(count))
    return table


def _percent(share: Share) -> str:
    if share.value is None:
        return "-"
    return f"{share.value:.0%}" if share.value in (0, 1) else f"{share.value:.1%}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
