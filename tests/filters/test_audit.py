"""`audit`: any texts against identifiers, copies and quality, in the contract's form."""

from __future__ import annotations

import json

import pytest

from casewright.filters.audit import audit_texts
from casewright.filters.near_copies import ReferenceIndex

CLEAN = """HISTORY OF PRESENT ILLNESS:
The patient is a 54-year-old woman who reports a productive cough and fever for four days. She
denies chest pain and hemoptysis.

PLAN:
Amoxicillin 500 mg by mouth three times daily for seven days. Return if breathing gets worse."""
SECRET = """HISTORY OF PRESENT ILLNESS:
He slipped on a heap of wet seaweed beside the lighthouse while chasing a runaway goat, heard a
crack in his left wrist, and splinted it with two wooden spoons and a shoelace."""

KEYS = {"filter", "reason", "label", "start", "end", "text", "score"}


def audit(text: str) -> dict[str, object]:
    reference = ReferenceIndex.build([("private-17", SECRET)])
    (row,) = audit_texts([("a", text)], reference)
    record = dict(row.to_json())
    assert json.loads(json.dumps(record)) == record
    return record


def test_a_clean_text_is_kept_without_reasons() -> None:
    assert audit(CLEAN) == {"id": "a", "keep": True, "reasons": []}


@pytest.mark.parametrize(
    ("addition", "name", "label"),
    [
        ("Seen by Dr. Whitfield.", "phi", "name"),
        ("Call 614-555-0199.", "phi", "phone"),
        (SECRET, "near_copies", "reference_copy"),
    ],
)
def test_what_is_wrong_is_shown_in_the_audited_text(addition: str, name: str, label: str) -> None:
    text = f"{CLEAN}\n{addition}"
    record = audit(text)
    assert record["keep"] is False
    reasons = record["reasons"]
    assert isinstance(reasons, list)
    assert (name, label) in {(r["filter"], r["label"]) for r in reasons}
    for reason in reasons:
        assert set(reason) == KEYS
        assert text[reason["start"] : reason["end"]] == reason["text"]
    assert "private-17" not in json.dumps(record)


def test_a_short_text_is_no_fault_in_an_audit() -> None:
    assert audit("No known allergies.") == {"id": "a", "keep": True, "reasons": []}
    (row,) = audit_texts([("a", "No known allergies.")], None, filters=["quality"])
    assert row.keep


def test_only_the_chosen_filters_run() -> None:
    text = f"{CLEAN}\nCall 614-555-0199. As an AI language model, I am done."
    (row,) = audit_texts([("a", text)], None, filters=["quality"])
    assert {r.filter for r in row.verdict.reasons} == {"quality"}
    with pytest.raises(ValueError, match="no such filter"):
        list(audit_texts([("a", text)], None, filters=["nonsense"]))


@pytest.mark.parametrize(
    "text", ["", "\x00" * 1000, "\u200b" * 1000, "\ud800" * 20, "a" * 100_000, "é" * 5000]
)
def test_hostile_texts_get_a_row_and_no_crash(text: str) -> None:
    assert audit(text)["id"] == "a"
