"""Dialogues and their notes: `python tests/bench/dialogue.py [RUN] [-n 200]`.

Over dialogues with the clinic notes of their cases, by the realiser or of a run:

- own_note: share of dialogues whose own note is the nearest of a pool of 40 notes by cosine of
  TF-IDF (words of two letters or more, log of counts, smoothed inverse document frequency).
  Measured with everything, and without the planned identity: names and dates find a note too.
- named_first: dialogues in which a turn of the patient's side names the principal diagnosis before
  a clinician does, by every form that the ledger knows.
- told: share of the facts that only patients can tell that were told in full; kept: share of the
  dialogues that the screen keeps. Turns and words in a dialogue, and who speaks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from casewright.config import load_config
from casewright.filters.ledger.check import Checker
from casewright.generators.writer import EngineName
from casewright.kg.graph import load_graph
from casewright.outputs.row import Row, row_of
from casewright.outputs.rows import read_rows
from casewright.setup import load_parts

POOL = 40
CLINICIANS = frozenset({"doctor", "nurse"})
_WORD = re.compile(r"[a-z0-9][a-z0-9.'-]*[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Visit:
    """A dialogue and the note of its case; `kept` is what the screen made of the dialogue."""

    dialogue: Row
    note: Row
    kept: bool


def realised(count: int, seed: int) -> Iterator[Visit]:
    """Visits by the realiser, as a build with default personas would write them."""
    config = load_config(
        None, {"seed": seed, "sampling.settings": {"outpatient": 0.7, "emergency": 0.3}}
    )
    parts = load_parts(config)
    writer = parts.writer(None, EngineName("realiser", ""))
    for index in range(count):
        case = parts.sampler.case(index)
        drafts = [asyncio.run(writer.draft(case, k)) for k in ("dialogue", "clinic_note")]
        documents = [parts.screen(d) for d in drafts]
        dialogue, note = (row_of(d, index) for d in documents)
        yield Visit(dialogue, note, documents[0].verdict.keep)


def stored(run: Path) -> Iterator[Visit]:
    """Visits of a run: kept dialogues with a kept note."""
    rows = list(read_rows(run))
    notes = {r.case_id: r for r in rows if not r.turns and r.kind.endswith("_note")}
    for row in rows:
        if row.kind == "dialogue" and row.case_id in notes:
            yield Visit(row, notes[row.case_id], True)


def without_identity(row: Row) -> str:
    """The text with every planned identifier blanked."""
    text = row.text
    for span in row.phi:
        text = text[: span.start] + " " * (span.end - span.start) + text[span.end :]
    return text


def vectors(texts: Sequence[str]) -> list[dict[str, float]]:
    """TF-IDF vectors of unit length."""
    counts = [Counter(_WORD.findall(t.lower())) for t in texts]
    seen = Counter(word for c in counts for word in c)
    found = []
    for count in counts:
        weights = {
            w: (1 + math.log(n)) * (1 + math.log((1 + len(texts)) / (1 + seen[w])))
            for w, n in count.items()
        }
        size = math.sqrt(sum(v * v for v in weights.values())) or 1.0
        found.append({w: v / size for w, v in weights.items()})
    return found


def own_note_first(dialogues: Sequence[str], notes: Sequence[str]) -> float:
    """Share of dialogues whose own note is the nearest of its pool."""
    right = total = 0
    for start in range(0, len(notes) - POOL + 1, POOL):
        pool = vectors([*dialogues[start : start + POOL], *notes[start : start + POOL]])
        spoken, written = pool[:POOL], pool[POOL:]
        for place, one in enumerate(spoken):
            near = [sum(v * other.get(w, 0.0) for w, v in one.items()) for other in written]
            right += max(range(POOL), key=near.__getitem__) == place
            total += 1
    return right / total if total else math.nan


def named_by_patient(row: Row, checker: Checker) -> str | None:
    """The patient's turn that names the principal diagnosis before a clinician does, or None."""
    concepts = {f.concept for f in row.facts if f.type == "diagnosis"}
    reading = checker.read(row.text, row.turns)
    turns = sorted(
        turn
        for m in reading.mentions_of(concepts)
        if (turn := reading.sentences[m.sentence].turn) is not None
    )
    if not turns or row.turns[turns[0]].role in CLINICIANS:
        return None
    return row.turns[turns[0]].text


def measure(visits: Sequence[Visit], checker: Checker) -> dict[str, object]:
    """All figures."""
    named = [
        (v.dialogue.document_id, said)
        for v in visits
        if (said := named_by_patient(v.dialogue, checker)) is not None
    ]
    told = Counter(d.outcome for v in visits for d in v.dialogue.disclosure)
    roles = Counter(r for v in visits for r in {t.role for t in v.dialogue.turns})
    whole = [(v.dialogue.text, v.note.text) for v in visits]
    bare = [(without_identity(v.dialogue), without_identity(v.note)) for v in visits]
    return {
        "visits": len(visits),
        "pools": len(visits) // POOL,
        "own_note": round(own_note_first(*zip(*whole, strict=True)), 4),
        "own_note_without_identity": round(own_note_first(*zip(*bare, strict=True)), 4),
        "named_first": len(named),
        "named": named[:5],
        "kept": round(sum(v.kept for v in visits) / len(visits), 4),
        "told": round(told["told"] / max(sum(told.values()), 1), 4),
        "outcomes": dict(told.most_common()),
        "turns": round(sum(len(v.dialogue.turns) for v in visits) / len(visits), 1),
        "words": round(sum(len(v.dialogue.text.split()) for v in visits) / len(visits), 1),
        "with": {role: round(n / len(visits), 3) for role, n in roles.most_common()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("-n", type=int, default=320)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    visits = list(stored(args.run)) if args.run else list(realised(args.n, args.seed))
    sys.stdout.write(json.dumps(measure(visits, Checker(load_graph()))) + "\n")


if __name__ == "__main__":
    main()
