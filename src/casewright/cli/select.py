"""`casewright select`: documents that private notes choose, with a formal guarantee for that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from casewright.errors import CasewrightError
from casewright.filters.disclosure.plain_words import tell_selection
from casewright.filters.disclosure.selection import select_privately
from casewright.filters.reference import read_reference
from casewright.outputs.rows import plain, read_rows

__all__ = ["select"]


@click.command()
@click.argument("candidates", type=click.Path(path_type=Path))
@click.option(
    "--reference", type=click.Path(path_type=Path), required=True, help="The private notes."
)
@click.option("--epsilon", type=float, required=True, help="What the choice may spend.")
@click.option("--delta", type=float, default=1e-6, show_default=True, help="Far below 1/patients.")
@click.option("--keep", type=int, required=True, help="How many documents to choose.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSONL to write.")
@click.option("--patient-field", help="Field of the notes that tells whose they are.")
@click.option("--text-field", default="text", show_default=True, help="Field of the notes' text.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def select(
    candidates: Path,
    reference: Path,
    epsilon: float,
    delta: float,
    keep: int,
    out: Path,
    patient_field: str | None,
    text_field: str,
    as_json: bool,
) -> None:
    """Choose among CANDIDATES (a run, or texts) those that most patients' notes are like.

    The candidates have to be written without the notes. Each patient's notes share one vote for
    the nearest candidates, and noise is added to the votes: the choice is (epsilon, delta)
    differentially private. Needs the extra `dp`.
    """
    if out.exists():
        raise CasewrightError("the file exists already", where=out, fix="choose another --out")
    of_a_run = (candidates / "manifest.json").is_file()
    texts = (
        [(row.document_id, row.text) for row in read_rows(candidates)]
        if of_a_run
        else list(read_reference(candidates))
    )
    if twice := _twice(name for name, _ in texts):
        raise CasewrightError(
            f"two candidates are called {twice!r}", where=candidates, fix="give each its own id"
        )
    people: set[str] = set()

    def notes() -> Iterator[tuple[str, str]]:
        for number, (name, text) in enumerate(read_reference(reference, text_field, patient_field)):
            # Without a field each note is somebody's own, whatever its id.
            who = name if patient_field else str(number)
            people.add(who)
            yield who, text

    found = select_privately(notes(), texts, epsilon=epsilon, delta=delta, keep=keep)
    _write(found.chosen, candidates if of_a_run else None, dict(texts), out)
    if as_json:
        spent = asdict(found) | {"unit": "patient" if patient_field else "note"}
        click.echo(json.dumps(spent, indent=1))
    else:
        click.echo(f"{len(found.chosen)} of {len(texts)} candidates chosen: {out}")
        click.echo("\n".join(tell_selection(found, by_patient=patient_field is not None)))
    if delta * len(people) > 0.1:
        click.echo(
            f"delta {delta:g} is not far below one in the number of "
            f"{'patients' if patient_field else 'notes'}: it promises little; use a smaller one",
            err=True,
        )


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _write(chosen: tuple[str, ...], run: Path | None, texts: dict[str, str], out: Path) -> None:
    """The chosen documents, most votes first: rows of a run, or id and text."""
    records: dict[str, object] = {name: {"id": name, "text": texts[name]} for name in chosen}
    if run is not None:
        records |= {
            row.document_id: plain(row) for row in read_rows(run) if row.document_id in records
        }
    try:
        with out.open("w", encoding="utf-8") as file:
            for name in chosen:
                file.write(json.dumps(records[name], ensure_ascii=False) + "\n")
    except OSError as err:
        raise CasewrightError(
            f"cannot write: {err.strerror}", where=out, fix="choose another --out"
        ) from err
