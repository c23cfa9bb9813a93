"""Identifiers measured on the development corpora beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from casewright.filters.phi import scan

SHARED = Path(__file__).parents[2].parent / "shared" / "corpora"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not SHARED.is_dir(), reason="development corpora are not beside the checkout"
    ),
]


def rows(name: str) -> list[dict[str, Any]]:
    with (SHARED / name).open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def test_recall_and_hard_negatives_on_synthetic_queries() -> None:
    """Any-overlap recall at least .97, at most 3% of the hard negatives flagged."""
    found = total = flagged = negatives = 0
    for row in rows("asq_phi.jsonl"):
        hits = scan(row["text"])
        if not row["phi"]:
            negatives += 1
            flagged += bool(hits)
        for phi in row["phi"]:
            total += 1
            start = row["text"].find(phi["value"])
            while start >= 0:
                end = start + len(phi["value"])
                if any(h.start < end and start < h.end for h in hits):
                    found += 1
                    break
                start = row["text"].find(phi["value"], start + 1)
    assert found / total >= 0.97, found / total
    assert flagged / negatives <= 0.03, flagged / negatives


def test_notes_with_hardly_an_identifier_are_left_alone() -> None:
    """UK primary-care notes: at most .3 spurious spans in 1,000 words."""
    notes = [row["note"] for row in rows("primock57.jsonl")]
    words = sum(len(note.split()) for note in notes)
    hits = [hit for note in notes for hit in scan(note)]
    assert 1000 * len(hits) / words <= 0.3, [(h.type, h.why) for h in hits]
