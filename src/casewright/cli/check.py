"""`casewright verify`, `audit` and `calibrate`: check documents that exist already."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import yaml

from casewright.config import load_config
from casewright.errors import CasewrightError
from casewright.filters.audit import AUDIT_FILTERS, audit_texts
from casewright.filters.ledger.verdict import ledger_verdict
from casewright.filters.near_copies import ReferenceIndex, memorised_texts
from casewright.filters.near_copies.calibration import calibrate, held_out
from casewright.filters.noise.apply import cleaned
from casewright.filters.reference import read_reference
from casewright.kg.graph import load_graph
from casewright.kg.language import ENGLISH, load_names
from casewright.outputs.agreement import agreement_of
from casewright.outputs.row import Row, demographics_of, facts_of, turns_of
from casewright.outputs.rows import plain, read_rows
from casewright.records import Fact, Ledger
from casewright.setup import checker_of, copy_limits

__all__ = ["audit", "calibrate_command", "verify"]


def _write_lines(lines: Iterable[dict[str, object]], out: Path) -> Counter[bool]:
    kept: Counter[bool] = Counter()
    try:
        with out.open("w", encoding="utf-8") as file:
            for line in lines:
                kept[bool(line["keep"])] += 1
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as err:
        raise CasewrightError(
            f"cannot write: {err.strerror}", where=out, fix="choose another --out"
        ) from err
    return kept


@click.command()
@click.argument("documents", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSONL to write.")
@click.option("--explain", is_flag=True, help="Say of each fact why, and where, and print it.")
@click.option("--clean", is_flag=True, help="Of rows with noise, check the clean text.")
@click.option("--language", default=ENGLISH, show_default=True, help="Of texts and facts.")
def verify(documents: Path, out: Path, explain: bool, clean: bool, language: str) -> None:
    """Check DOCUMENTS (rows as Parquet or JSONL) afresh, from text and facts alone."""
    checker = checker_of(load_graph(), None if language == ENGLISH else load_names(language))
    checked: list[Row] = []

    def lines() -> Iterable[dict[str, object]]:
        for given in read_rows(documents, check_spans=False):
            row = _clean(given) if clean else given
            facts = facts_of(row)
            ledger = checker(row.text, facts, demographics_of(row), turns_of(row))
            verdict = ledger_verdict(ledger, facts)
            if row.case_id and verdict.keep:
                checked.append(_reread(row, ledger))
            if explain:
                click.echo("\n".join(_explained(row.document_id, verdict.keep, facts, ledger)))
            statuses = [
                plain(s) if explain else {"fact_id": s.fact_id, "status": s.status}
                for s in ledger.facts
            ]
            yield {
                "document_id": row.document_id,
                "keep": verdict.keep,
                "facts": statuses,
                "off_spec": [plain(o) for o in ledger.off_spec],
            }

    kept = _write_lines(lines(), out)
    click.echo(
        f"{kept.total()} documents checked, {kept[False]} would be rejected: {out}", err=True
    )
    found = agreement_of(checked)
    if found.cases:
        click.echo(
            f"{found.cases} cases with several documents, {found.disagreeing} of them disagree",
            err=True,
        )
    for clash in found.found:
        click.echo(
            f"  {clash.case_id}: {clash.what} of {clash.about}: {clash.one} in "
            f"{clash.one_document}, {clash.other} in {clash.other_document}",
            err=True,
        )


def _reread(row: Row, ledger: Ledger) -> Row:
    """The row with what was found in its text now, and no more of it than agreement needs."""
    status = {s.fact_id: s.status for s in ledger.facts}
    return replace(
        row,
        facts=tuple(replace(f, status=status[f.fact_id], spans=(), why="") for f in row.facts),
        entities=ledger.entities,
        relations=ledger.relations,
    )


def _clean(row: Row) -> Row:
    """The row with its clean text, and the turns of that."""
    if not row.clean_text:
        return row
    try:
        way = cleaned(row.text, row.clean_text, row.noise)
    except ValueError as err:
        raise CasewrightError(f"document {row.document_id!r}: {err}") from err
    turns = []
    for turn in row.turns:
        start, end = way.span(turn.start, turn.end)
        turns.append(replace(turn, start=start, end=end, text=way.text[start:end]))
    return replace(row, text=row.clean_text, turns=tuple(turns))


def _explained(
    document_id: str, keep: bool, facts: Sequence[Fact], ledger: Ledger
) -> Iterator[str]:
    """A document's facts for a reader: status, fact, and why; then what is beside the case."""
    yield f"{document_id}: {'keep' if keep else 'reject'}"
    by_id = {f.fact_id: f for f in facts}
    for status in ledger.facts:
        fact = by_id[status.fact_id]
        value = f" {fact.value} {fact.unit or ''}".rstrip() if fact.value else ""
        said = "" if fact.polarity == "present" else f" ({fact.polarity})"
        yield f"  {status.status:<12} {fact.name}{value}{said}: {status.why}"
    for off in ledger.off_spec:
        yield f'  {"off case":<12} "{" ".join(off.text.split())}": {off.why}'


@click.command()
@click.argument("texts", type=click.Path(path_type=Path))
@click.option("--reference", type=click.Path(path_type=Path), help="Texts not to be copied.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSONL to write.")
@click.option("--text-field", default="text", show_default=True, help="Column of the text.")
@click.option(
    "--index", type=click.Path(path_type=Path), help="Folder to keep the reference's index in."
)
@click.option(
    "--config", type=click.Path(path_type=Path), help="Limits to use, as calibrate writes them."
)
@click.option(
    "--filters",
    "chosen",
    default="phi,near_copies",
    show_default=True,
    help="Which of phi, near_copies and quality.",
)
@click.option("--verbatim", is_flag=True, help="Add every stretch that the reference has.")
def audit(
    texts: Path,
    reference: Path | None,
    out: Path,
    text_field: str,
    index: Path | None,
    config: Path | None,
    chosen: str,
    verbatim: bool,
) -> None:
    """Screen any TEXTS (folder, .txt, .jsonl, .csv, .parquet) for copies and identifiers."""
    filters = [name.strip() for name in chosen.split(",") if name.strip()]
    if unknown := sorted(set(filters) - set(AUDIT_FILTERS)):
        raise CasewrightError(
            f"there is no filter {', '.join(unknown)}",
            where="--filters",
            valid=", ".join(AUDIT_FILTERS),
        )
    settings = load_config(config).filters.near_copies
    against = ReferenceIndex.open(reference, text_field, folder=index) if reference else None
    known = list(memorised_texts())
    for path in settings.public:
        known += read_reference(path, settings.text_field)
    public = ReferenceIndex.build(known)

    def lines() -> Iterator[dict[str, object]]:
        # The texts are read once; those whose verdict is still to come are held beside it.
        held: deque[str] = deque()

        def items() -> Iterator[tuple[str, str]]:
            for name, text in read_reference(texts, text_field):
                held.append(text)
                yield name, text

        for row in audit_texts(
            items(),
            against,
            public=public,
            filters=filters,
            copy_limits=copy_limits(settings),
        ):
            text = held.popleft()
            record: dict[str, object] = dict(row.to_json())
            if verbatim and against is not None:
                record["verbatim"] = [
                    {"start": s.start, "end": s.end, "count": s.count, "novelty": s.novelty}
                    for s in against.verbatim(text)
                ]
            yield record

    kept = _write_lines(lines(), out)
    click.echo(f"{kept.total()} texts screened, {kept[False]} turned down: {out}", err=True)


@click.command("calibrate")
@click.option(
    "--reference", type=click.Path(path_type=Path), required=True, help="Texts not to be copied."
)
@click.option(
    "--held-out",
    "others",
    type=click.Path(path_type=Path),
    help="Real notes that are not in the reference; without it a fifth of the reference.",
)
@click.option("--text-field", default="text", show_default=True, help="Column of the text.")
@click.option(
    "--false-drop",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.01,
    show_default=True,
    help="Share of unrelated notes that may be turned down.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Config to write.")
def calibrate_command(
    reference: Path, others: Path | None, text_field: str, false_drop: float, out: Path
) -> None:
    """Set the limits of near-copies on real notes, with confidence intervals."""
    if out.exists():
        raise CasewrightError("the file exists already", where=out, fix="choose another --out")
    if others is None:
        rest, notes = held_out(read_reference(reference, text_field))
        index = ReferenceIndex.build(rest)
    else:
        index = ReferenceIndex.open(reference, text_field)
        notes = list(read_reference(others, text_field))
    found = calibrate(index, notes, false_drop)
    low, high = found.interval
    near: dict[str, object] = {"reference": str(reference), "text_field": text_field}
    near |= {f"reference_{name}": limit.value for name, limit in found.limits.items()}
    near["calibration"] = {
        "notes": found.notes,
        "wanted": found.wanted,
        "false_drop": round(found.dropped / found.notes, 5),
        "false_drop_interval": [round(low, 5), round(high, 5)],
        "limit_intervals": {n: [v.low, v.high] for n, v in found.limits.items()},
    }
    try:
        out.write_text(yaml.safe_dump({"filters": {"near_copies": near}}, sort_keys=False), "utf-8")
    except OSError as err:
        raise CasewrightError(f"cannot write: {err.strerror}", where=out) from err
    for name, limit in found.limits.items():
        click.echo(f"{name:<12} {limit.value:8.3f}   95% {limit.low:.3f} to {limit.high:.3f}")
    click.echo(
        f"{found.dropped} of {found.notes} held-out notes are turned down "
        f"(95% {low:.2%} to {high:.2%}), {found.by_identifier} of them for an identifier or rare "
        f"numbers in a shared stretch; {found.copies} were left out as copies of another",
        err=True,
    )
