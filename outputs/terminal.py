"""The summary of a run as a table for the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from casewright.outputs.agreement import Agreement
from casewright.outputs.coverage import AXES, Cell, empty_lines
from casewright.outputs.summary import KindSummary, RunSummary, Share

__all__ = ["render_summary"]


def render_summary(summary: RunSummary) -> RenderableType:
    """Counts and quality by kind, and what the rejected were rejected for."""
    parts: list[RenderableType] = [_headline(summary), _kinds(summary)]
    if summary.rejected_by_reason or summary.failed_by_reason:
        parts.append(_reasons(summary))
    parts.append(_coverage(summary))
    if summary.agreement.cases:
        parts.append(_agreement(summary.agreement))
    if summary.rejects_by_code:
        parts.append(_codes(summary))
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


def _agreement(agreement: Agreement) -> Text:
    """Whether the documents of each case say the same."""
    drawn = (
        "" if agreement.share == 1 else f" of {agreement.share:.1%} of the run, drawn at random,"
    )
    text = Text(f"{agreement.cases} cases{drawn} have two documents and more: ")
    if not agreement.disagreeing:
        return text.append("they agree with each other")
    text.append(f"{agreement.disagreeing} disagree", style="bold")
    for found in agreement.found[:_SHOWN_CODES]:
        text.append(
            f"\n  {found.what} of {found.about}: {found.one} ({found.one_document}), "
            f"{found.other} ({found.other_document})"
        )
    return text


_MOST_LINES = 12
_SHOWN_CODES = 5


def _coverage(summary: RunSummary) -> RenderableType:
    """How many documents each value has, and what stayed empty or short."""
    coverage = summary.coverage
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=True)
    table.add_column("coverage", no_wrap=True)
    table.add_column("kept of planned")
    for axis in AXES:
        cells = [c for c in coverage.cells if c.table == axis]
        if cells:
            table.add_row(axis, ", ".join(map(_cell, cells)))
    lines: list[RenderableType] = [table]
    empty = empty_lines(coverage.empty)
    if empty:
        lines.append(Text("without a kept document", style="bold"))
        lines += [Text(f"  {line}") for line in empty[:_MOST_LINES]]
        if len(empty) > _MOST_LINES:
            lines.append(Text(f"  and {len(empty) - _MOST_LINES} more (report.json)"))
    if coverage.short:
        lines.append(Text("wanted more of", style="bold"))
        lines += [
            Text(f"  {s.axis} {s.value}: {s.planned} of {s.wanted} planned; {s.why}")
            for s in coverage.short[:_MOST_LINES]
        ]
    if coverage.topped_up:
        lines.append(Text(f"{coverage.topped_up} documents were added in place of others"))
    return Group(*lines)


def _cell(cell: Cell) -> str:
    wanted = f" (wanted {cell.wanted})" if cell.wanted not in (None, cell.planned) else ""
    return f"{cell.row.replace('_', ' ')} {cell.kept}/{cell.planned}{wanted}"


def _codes(summary: RunSummary) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("most rejects by code")
    table.add_column("rejected", justify="right")
    table.add_column("first reasons")
    for found in summary.rejects_by_code[:_SHOWN_CODES]:
        reasons = ", ".join(f"{key} {n}" for key, n in found.reasons.items())
        label = Text(f"{found.code} {found.title}"[:_CODE_WIDTH])
        table.add_row(label, f"{found.rejected}/{found.planned}", reasons)
    return table


_CODE_WIDTH = 48


def _percent(share: Share) -> str:
    if share.value is None:
        return "-"
    return f"{share.value:.0%}" if share.value in (0, 1) else f"{share.value:.1%}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
