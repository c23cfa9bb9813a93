"""Measure public corpora for the report: `python tests/bench/reference_bands.py CORPORA`.

CORPORA is a folder with aci_bench.jsonl, mts_dialog.jsonl and primock57.jsonl. Written is
outputs/report/reference.yaml: figures only, taken with the functions that measure a run
(`outputs.measures`). Mentions are those of the checker reading a text without a case.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from casewright.filters.ledger.check import Checker
from casewright.filters.near_copies import NearCopies, ReferenceIndex
from casewright.kg.graph import load_graph
from casewright.outputs.measures import (
    MENTIONS,
    SAMPLE_WORDS,
    Group,
    Sampled,
    coverage_of_notes,
    measure_sample,
)
from casewright.records import Turn
from casewright.seeds import derive_seed

ROOT = Path(__file__).parents[2]
HELD_OUT = 5
FEWEST = 100
_ACI, _MTS = "Yim et al. 2023, CC BY 4.0", "Ben Abacha et al. 2023, CC BY 4.0"
_PRIMOCK = "Papadopoulos Korfiatis et al. 2022, CC BY 4.0"
CORPORA: tuple[tuple[str, str, str, Group, str], ...] = (
    ("aci-bench notes", "aci_bench", "note", "notes", _ACI),
    ("MTS-Dialog sections", "mts_dialog", "note", "notes", _MTS),
    ("primock57 notes", "primock57", "note", "notes", _PRIMOCK),
    ("aci-bench dialogues", "aci_bench", "dialogue", "dialogues", _ACI),
    ("MTS-Dialog dialogues", "mts_dialog", "dialogue", "dialogues", _MTS),
)
_ROLE = r"(doctor|patient|guest_\w+)"
_TAG = re.compile(rf"^\s*(?:\[{_ROLE}\]|{_ROLE}:)\s*", re.I | re.M)


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    lines = (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def turns_of(text: str) -> tuple[Turn, ...]:
    """Turns by the speaker tags of the two corpora; a third person counts as the caregiver."""
    tags = list(_TAG.finditer(text))
    turns = []
    for tag, after in zip(tags, [*tags[1:], None], strict=True):
        end = after.start() if after else len(text)
        role = (tag[1] or tag[2]).lower()
        name = role if role in ("doctor", "patient") else "caregiver"
        turns.append(Turn(name, text[tag.end() : end], tag.end(), end))  # type: ignore[arg-type]
    return tuple(turns)


def mentions(checker: Checker, text: str, spoken: bool) -> list[Any]:
    ledger = checker(text, (), turns=turns_of(text) if spoken else ())
    return [e for e in ledger.entities if e.label in MENTIONS]


def sampled(
    checker: Checker, rows: Sequence[dict[str, Any]], field: str, spoken: bool
) -> Iterator[Sampled]:
    words = 0
    for row in sorted(rows, key=lambda r: derive_seed("measures", str(r["id"]))):
        if words >= SAMPLE_WORDS:
            return
        text = row[field]
        found = mentions(checker, text, spoken)
        denied = sum(e.assertion == "denied" for e in found)
        yield Sampled(str(row["id"]), str(row["id"]), text, len(found), denied)
        words += len(text.split())


def closeness(rows: Sequence[dict[str, Any]], field: str) -> dict[str, float]:
    """How near a fifth of the notes comes to the rest: what unrelated notes share."""
    ordered = sorted(rows, key=lambda r: derive_seed("held-out", str(r["id"])))
    held, rest = ordered[: len(ordered) // HELD_OUT], ordered[len(ordered) // HELD_OUT :]
    screen = NearCopies(ReferenceIndex.build((str(r["id"]), r[field]) for r in rest))
    scores = [dict(screen(row[field]).scores)["reference_containment"] for row in held]
    values = np.quantile(scores, [0.5, 0.9, 0.99, 1]).round(4).tolist()
    return {"notes": len(held), **dict(zip(("median", "p90", "p99", "max"), values, strict=True))}


def pairs(checker: Checker, rows: Sequence[dict[str, Any]], most: int = 200) -> dict[str, Any]:
    def concepts(text: str, spoken: bool) -> frozenset[str]:
        return frozenset(e.code for e in mentions(checker, text, spoken) if e.code)

    chosen = sorted(rows, key=lambda r: derive_seed("pairs", str(r["id"])))[:most]
    inward, outward = coverage_of_notes(
        (concepts(r["note"], False), concepts(r["dialogue"], True)) for r in chosen
    )
    return {
        "pairs": len(chosen),
        "note_in_dialogue": asdict(inward),
        "dialogue_in_note": asdict(outward),
    }


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "outputs/report/reference.yaml")
    args = parser.parse_args()
    checker = Checker(load_graph())
    made = []
    for name, file, field, group, source in CORPORA:
        rows = [r for r in rows_of(args.corpora, file) if r[field].strip()]
        measured = measure_sample(group, list(sampled(checker, rows, field, group == "dialogues")))
        entry: dict[str, Any] = {
            "name": name,
            "source": source,
            "of": len(rows),
            "measures": asdict(measured),
        }
        # Sections of a line or two ("None.") are whole copies of each other.
        whole = measured.words is not None and measured.words.median > 50
        if group == "notes" and whole and len(rows) >= FEWEST:
            entry["closeness"] = closeness(rows, field)
        if field == "note" and "dialogue" in rows[0]:
            entry["pairs"] = pairs(checker, rows)
        made.append(rounded(entry))
    head = (
        "# Public corpora of real or acted visits, measured by tests/bench/reference_bands.py\n"
        "# with the functions that measure a run. Figures only: no text of a corpus is here.\n"
    )
    body = yaml.safe_dump({"corpora": made}, sort_keys=False, allow_unicode=True, width=100)
    args.out.write_text(head + body, encoding="utf-8")


if __name__ == "__main__":
    main()
