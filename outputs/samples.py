"""Documents to read: some of each kind, with case and ledger, as built, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from casewright.errors import CasewrightError
from casewright.outputs.files import write_atomic
from casewright.outputs.row import Row, RowFact
from casewright.outputs.rows import read_rows

__all__ = ["render_sample", "write_samples"]


def write_samples(run: str | Path, dest: str | Path, *, each: int = 10) -> list[Path]:
    """Write some kept documents of each kind of a run, one Markdown file a kind, and an index.

    Which ones is not a choice: they stand at even distances in the order of the run.

    Args:
        run: the run directory.
        dest: the folder for the files; those of the same names are replaced.
        each: documents of a kind at most.

    Returns:
        The files, the index first.

    Raises:
        CasewrightError: the run holds no kept document, or a file cannot be read or written.
    """
    documents = Path(run) / "documents"
    if not documents.is_dir():
        raise CasewrightError(
            "this is no run", where=run, fix="give a folder that casewright build has written"
        )
    rows: dict[str, list[Row]] = {}
    for row in read_rows(documents):
        rows.setdefault(row.kind, []).append(row)
    if not rows:
        raise CasewrightError("the run holds no kept document", where=run)
    folder = Path(dest)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for kind, found in sorted(rows.items()):
        path = folder / f"{kind}.md"
        parts = [f"# {_words(kind)}", *(render_sample(r) for r in _spread(found, each))]
        write_atomic(path, "\n\n".join(parts) + "\n")
        written.append(path)
    index = folder / "README.md"
    write_atomic(index, _index(rows, each))
    return [index, *written]


def render_sample(row: Row) -> str:
    """One document: who writes of whom, the text as it is, and its ledger."""
    return "\n\n".join([f"## {row.document_id}", _about(row), _fenced(row.text), _ledger(row)])


def _spread(rows: Sequence[Row], each: int) -> Iterator[Row]:
    count = min(each, len(rows))
    return (rows[i * len(rows) // count] for i in range(count))


def _index(rows: Mapping[str, Sequence[Row]], each: int) -> str:
    made = {
        f"{p.engine} {p.model}".strip() for found in rows.values() for r in found
        if (p := r.provenance) is not None
    }  # fmt: skip
    lines = [
        "# Samples",
        "",
        "Documents of one run as it built them: unedited, and taken at even distances from those",
        "that were kept. Every patient, clinician and place is made up. Under each text stand its",
        "facts: what the document had to state (must), could (may) or was not to mention (must",
        "not), and the words in which the checker finds it.",
        "",
        f"Written by: {', '.join(sorted(made)) or 'not recorded'}.",
        "",
        "| kind | documents |",
        "|---|---|",
    ]
    lines += [
        f"| [{_words(kind).lower()}]({kind}.md) | {min(each, len(found))} of {len(found)} |"
        for kind, found in sorted(rows.items())
    ]
    return "\n".join(lines) + "\n"


def _words(kind: str) -> str:
    words = kind.replace("_", " ")
    return words[:1].upper() + words[1:]


def _about(row: Row) -> str:
    who = row.demographics
    parts = [f"{who.age_text} {who.sex}" if who else "", row.setting or ""]
    parts += [f"style {row.style}" if row.style else "", f"persona {row.persona}"]
    lines = ["; ".join(p for p in parts if p)]
    lines += [f"{d.role}: {d.title} ({d.code})" for d in row.icd10]
    told = row.provenance
    if told is not None:
        share = f"{told.model_written:.0%} of the words by the model"
        lines.append(f"written by {f'{told.engine} {told.model}'.strip()}, {share}")
    return "\n".join(f"- {_cell(line)}" for line in lines)


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _ledger(row: Row) -> str:
    lines = ["| fact | | duty | status | in the text |", "|---|---|---|---|---|"]
    for fact in row.facts:
        said = (row.text[s.start : s.end] for s in fact.spans)
        # What need not be said is not missed.
        missed = fact.status == "missing" and fact.duty != "must"
        status = "not mentioned" if missed else fact.status
        cells = (_fact(fact), fact.polarity, fact.duty.replace("_", " "), status, _quoted(said))
        lines.append("| " + " | ".join(_cell(c) for c in cells) + " |")
    return "\n".join(lines)


def _fact(fact: RowFact) -> str:
    value = " ".join(p for p in (fact.value, fact.unit) if p)
    more = [a.value for a in fact.attributes if a.name in _TOLD]
    return (
        f"{fact.type.replace('_', ' ')}: {' '.join([fact.name or fact.concept, value]).strip()}"
        + (f" ({', '.join(more)})" if more else "")
    )


_TOLD = frozenset(
    {"onset", "character", "site", "result", "flag", "route", "frequency", "duration", "relative",
     "reaction"}
)  # fmt: skip


def _quoted(said: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(f'"{words}"' for words in said))


def _cell(text: str) -> str:
    """Text that no table or list of Markdown is broken by."""
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(text.split()))
