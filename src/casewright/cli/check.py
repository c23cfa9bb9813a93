"""`casewright verify` and `casewright audit`: check documents that exist already."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from casewright.errors import CasewrightError
from casewright.filters.audit import audit_texts
from casewright.filters.ledger.check import Checker
from casewright.filters.ledger.verdict import ledger_verdict
from casewright.filters.near_copies import ReferenceIndex
from casewright.filters.reference import read_reference
from casewright.kg.graph import load_graph
from casewright.outputs.row import demographics_of, facts_of, turns_of
from casewright.outputs.rows import plain, read_rows

__all__ = ["audit", "verify"]


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
@click.option("--explain", is_flag=True, help="Add to each fact why, and where.")
def verify(documents: Path, out: Path, explain: bool) -> None:
    """Check DOCUMENTS (rows as Parquet or JSONL) afresh, from text and facts alone."""
    checker = Checker(load_graph())

    def lines() -> Iterable[dict[str, object]]:
        for row in read_rows(documents, check_spans=False):
            facts = facts_of(row)
            ledger = checker(row.text, facts, demographics_of(row), turns_of(row))
            verdict = ledger_verdict(ledger, facts)
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


@click.command()
@click.argument("texts", type=click.Path(path_type=Path))
@click.option("--reference", type=click.Path(path_type=Path), help="Texts not to be copied.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSONL to write.")
@click.option("--text-field", default="text", show_default=True, help="Column of the text.")
def audit(texts: Path, reference: Path | None, out: Path, text_field: str) -> None:
    """Screen any TEXTS (folder, .txt, .jsonl, .csv, .parquet) for copies and identifiers."""
    index = None
    if reference is not None:
        index = ReferenceIndex.open(reference, text_field)
    rows = audit_texts(read_reference(texts, text_field), index)
    kept = _write_lines((dict(row.to_json()) for row in rows), out)
    click.echo(f"{kept.total()} texts screened, {kept[False]} turned down: {out}", err=True)
