"""What the terminal shows: cases, documents with their ledger, progress."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from casewright.records import Case, Document, Fact

__all__ = ["BuildDisplay", "render_case", "render_document", "stderr", "stdout"]


class _Piped(Console):
    """A console that leaves it to the command line what happens when its reader has gone."""

    def on_broken_pipe(self) -> None:
        """Called while a BrokenPipeError is handled."""
        raise  # noqa: PLE0704


def stdout() -> Console:
    """A console on stdout, without colour where it is no terminal."""
    return _Piped(file=sys.stdout, soft_wrap=False, highlight=False)


def stderr() -> Console:
    """A console on stderr."""
    return Console(file=sys.stderr, highlight=False)


_POLARITY_STYLE = {
    "present": "green",
    "denied": "yellow",
    "historical": "cyan",
    "family": "magenta",
    "hypothetical": "blue",
}


def _fact_text(fact: Fact) -> str:
    value = f" {fact.value}{'' if (fact.unit or ' ')[0] in '%/' else ' '}{fact.unit or ''}"
    rest = ", ".join(f"{k} {v}" for k, v in fact.attributes if k not in {"role"})
    return f"{fact.name}{value.rstrip() if fact.value else ''}" + (f" ({rest})" if rest else "")


def render_case(case: Case) -> RenderableType:
    """A case: patient, codes and facts."""
    who = case.demographics
    head = Text.assemble(
        (f"{case.case_id}  ", "bold"),
        f"{case.identity.full_name}, {who.age_text} {who.sex}, {case.setting}, {case.severity}",
    )
    codes = Table.grid(padding=(0, 2))
    for diagnosis in case.icd10:
        # Titles hold brackets ("Acute nasopharyngitis [common cold]"), which are markup in a str.
        codes.add_row(Text(diagnosis.code, "bold cyan"), Text(diagnosis.title), diagnosis.role)
    facts = Table(show_edge=False, pad_edge=False, header_style="dim")
    facts.add_column("fact", no_wrap=True)
    facts.add_column("type", no_wrap=True)
    facts.add_column("polarity", no_wrap=True)
    facts.add_column("statement")
    for fact in case.facts:
        facts.add_row(
            fact.fact_id,
            fact.type,
            Text(fact.polarity, _POLARITY_STYLE[fact.polarity]),
            Text(_fact_text(fact)),
        )
    return Group(
        Rule(style="dim"), head, Padding(codes, (0, 0, 1, 2)), Padding(facts, (0, 0, 1, 2))
    )


def render_document(document: Document) -> RenderableType:
    """A document: text with its ledger highlighted, then what the checker says of each fact."""
    draft, verdict = document.draft, document.verdict
    text = Text(draft.text)
    polarity = {f.fact_id: f.polarity for f in draft.facts}
    for status in draft.ledger.facts:
        style = (
            "red"
            if status.status in {"contradicted", "forbidden"}
            else (_POLARITY_STYLE[polarity[status.fact_id]])
        )
        for span in status.spans:
            text.stylize(style, span.start, span.end)
    for off in draft.ledger.off_spec:
        text.stylize("bold red reverse", off.start, off.end)
    for phi in draft.phi:
        text.stylize("dim underline", phi.start, phi.end)
    ledger = Table(show_edge=False, pad_edge=False, header_style="dim")
    for column in ("fact", "duty", "status", "where", "why"):
        ledger.add_column(column, no_wrap=column != "why")
    for status in draft.ledger.facts:
        fact = next(f for f in draft.facts if f.fact_id == status.fact_id)
        where = ", ".join(f"{s.start}-{s.end}" for s in status.spans[:3])
        ledger.add_row(fact.fact_id, fact.duty, status.status, where, Text(status.why))
    outcome = Text("kept", "bold green") if verdict.keep else Text("rejected", "bold red")
    head = Text.assemble(
        (f"{draft.document_id}  ", "bold"),
        outcome,
        f"  {draft.provenance.model_written:.0%} by the model, "
        f"{draft.provenance.attempts} requests, {draft.provenance.repairs} repairs",
    )
    reasons = [Text(f"{r.filter}/{r.label}: {r.message}", "red") for r in verdict.reasons]
    return Group(head, *reasons, Padding(text, (1, 0, 1, 4)), Padding(ledger, (0, 0, 1, 2)))


class BuildDisplay:
    """The live display of a build; plain lines where stderr is no terminal."""

    def __init__(self, total: int, done: int = 0) -> None:
        self._console = stderr()
        self._total = total
        self._outcomes: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._done = done
        self._rate = 0.0
        self._bar = Progress(
            TextColumn("[bold]documents"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=self._console,
        )
        self._task = self._bar.add_task("documents", total=total, completed=done)
        self._live: Live | None = None
        self._last_line = done

    def __enter__(self) -> BuildDisplay:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, get_renderable=self._render, refresh_per_second=4
            )
            self._live.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.__exit__(None, None, None)

    def document(self, outcome: str, reasons: Iterable[str], tokens_per_second: float) -> None:
        """Count a finished document."""
        self._outcomes[outcome] += 1
        self._reasons.update(reasons)
        self._rate = tokens_per_second
        self._done += 1
        self._bar.advance(self._task)
        step = max(self._total // 20, 1)
        if self._live is None and (
            self._done - self._last_line >= step or self._done == self._total
        ):
            self._last_line = self._done
            self._console.print(f"{self._done}/{self._total} documents, {self._counts()}")

    def _counts(self) -> str:
        parts = [f"{self._outcomes['kept']} kept", f"{self._outcomes['rejected']} rejected"]
        if self._outcomes["failed"]:
            parts.append(f"{self._outcomes['failed']} failed")
        if self._reasons:
            parts.append(", ".join(f"{n} {r}" for r, n in self._reasons.most_common(4)))
        parts.append(f"{self._rate:.0f} tokens/s")
        return "; ".join(parts)

    def _render(self) -> RenderableType:
        return Group(self._bar, Text(self._counts(), "dim"))
