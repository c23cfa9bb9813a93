"""What belongs to which mention, and which codes a text supports."""

from __future__ import annotations

import pytest

from casewright.filters.ledger.codes import support_codes
from casewright.records import CodedDiagnosis, Fact

from .support import checker

FACTS = (
    Fact("f01", "medication", "drug:lisinopril", "lisinopril", value="10", unit="mg"),
    Fact("f02", "medication", "drug:metformin", "metformin", value="500", unit="mg"),
    Fact("f03", "lab", "lab:creatinine", "creatinine", value="1.8", unit="mg/dL"),
    Fact("f04", "vital", "vital:blood_pressure", "blood pressure", value="148/92", unit="mmHg"),
    Fact(
        "f05", "finding", "finding:crackles", "crackles", attributes=(("site", "at the left base"),)
    ),
    Fact(
        "f06", "test", "proc:chest_xray", "chest X-ray",
        attributes=(("result", "right lower lobe consolidation"),),
    ),
    Fact("f07", "diagnosis", "icd:J18.9", "pneumonia", code="J18.9", duty="must"),
    Fact("f08", "comorbidity", "icd:I10", "hypertension", code="I10"),
)  # fmt: skip
CODES = (
    CodedDiagnosis("J18.9", "Pneumonia, unspecified organism", "principal"),
    CodedDiagnosis("I10", "Essential (primary) hypertension", "secondary"),
)


def _relations(text: str) -> list[tuple[str, str, str]]:
    ledger = checker()(text, FACTS, None, ())
    found = []
    for r in ledger.relations:
        assert text[r.start : r.end] == r.text
        assert any((e.start, e.end) == (r.of_start, r.of_end) for e in ledger.entities)
        found.append((text[r.of_start : r.of_end], r.type, r.text))
    return found


@pytest.mark.parametrize(
    ("text", "relations"),
    [
        (
            "She takes lisinopril 10 mg by mouth once daily and metformin 500 mg BID.",
            [
                ("lisinopril", "dose", "10 mg"),
                ("lisinopril", "route", "by mouth"),
                ("lisinopril", "frequency", "once daily"),
                ("metformin", "dose", "500 mg"),
                ("metformin", "frequency", "BID"),
            ],
        ),
        ("Start 10 mg lisinopril.", [("lisinopril", "dose", "10 mg")]),
        ("Creatinine was 1.8 mg/dL.", [("Creatinine", "value", "1.8 mg/dL")]),
        ("BP 148/92, fine.", [("BP", "value", "148/92")]),
        ("Crackles are heard at the left base.", [("Crackles", "site", "left base")]),
        ("Crackles are heard.", []),
        (
            "Chest X-ray: right lower lobe consolidation.",
            [("Chest X-ray", "result", "right lower lobe consolidation")],
        ),
        ("Lisinopril.", []),
    ],
)
def test_what_belongs_to_which_mention(text: str, relations: list[tuple[str, str, str]]) -> None:
    assert _relations(text) == relations


@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ("Pneumonia. History of hypertension.", {"J18.9": "Pneumonia", "I10": "hypertension"}),
        ("Pneumonia was ruled out. She has hypertension.", {"I10": "hypertension"}),
        ("Her mother had pneumonia.", {}),
        ("Possible pneumonia.", {}),
        ("Creatinine was 1.8 mg/dL.", {}),
    ],
)
def test_codes_are_supported_by_what_is_stated(text: str, supported: dict[str, str]) -> None:
    found = support_codes(CODES, FACTS, checker()(text, FACTS, None, ()))
    assert [s.code for s in found] == ["J18.9", "I10"]
    assert {s.code for s in found if s.supported} == set(supported)
    for s in found:
        assert bool(s.spans) == s.supported
        if s.supported:
            assert text[s.spans[0].start : s.spans[0].end] == supported[s.code]
