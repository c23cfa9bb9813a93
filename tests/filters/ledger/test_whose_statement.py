"""Whose illness a line of a consultation tells: the patient's, whoever speaks for them."""

from __future__ import annotations

import pytest

from casewright.filters.ledger.check import Checker
from casewright.records import Demographics, Fact, Role, Turn

HYPERTENSION = Fact(
    "f1", "comorbidity", "icd:I10", "hypertension", "present", "must",
    attributes=(("role", "secondary"),),
)  # fmt: skip
NAUSEA = Fact("f1", "symptom", "symptom:nausea", "nausea", "present", "must")
NO_NAUSEA = Fact("f1", "symptom", "symptom:nausea", "nausea", "denied", "must")
FAMILY = Fact(
    "f1", "family_history", "icd:I10", "hypertension", "family", "must",
    attributes=(("relative", "father"),),
)  # fmt: skip
ROLES: dict[str, Role] = {
    "Doctor": "doctor", "Patient": "patient", "Nurse": "nurse", "Interpreter": "interpreter",
    "Daughter": "caregiver", "Mother": "caregiver", "Partner": "caregiver",
    "Caregiver": "caregiver",
}  # fmt: skip
ASKED = "Doctor: Do you have any other conditions?"
WOMAN = Demographics(70, "female")


def transcript(lines: tuple[str, ...]) -> tuple[str, tuple[Turn, ...]]:
    text, turns = "\n".join(lines), []
    start = 0
    for line in lines:
        tag, said = line.split(": ", 1)
        at = start + len(tag) + 2
        turns.append(Turn(ROLES[tag], said, at, at + len(said)))
        start += len(line) + 1
    return text, tuple(turns)


@pytest.mark.parametrize(
    ("fact", "lines", "status"),
    [
        (HYPERTENSION, (ASKED, "Daughter: My mother has hypertension."), "stated"),
        (HYPERTENSION, (ASKED, "Daughter: My husband has hypertension."), "missing"),
        (HYPERTENSION, (ASKED, "Mother: My son has hypertension."), "stated"),
        (HYPERTENSION, (ASKED, "Mother: My father has hypertension."), "missing"),
        (HYPERTENSION, (ASKED, "Partner: My wife has hypertension."), "stated"),
        (HYPERTENSION, (ASKED, "Partner: My mother has hypertension."), "missing"),
        (HYPERTENSION, (ASKED, "Caregiver: My aunt has hypertension."), "stated"),
        (HYPERTENSION, (ASKED, "Interpreter: She has hypertension."), "stated"),
        (HYPERTENSION, (ASKED, "Interpreter: My father has hypertension."), "missing"),
        (HYPERTENSION, (ASKED, "Patient: My daughter has hypertension."), "missing"),
        (FAMILY, (ASKED, "Interpreter: Her father had hypertension."), "stated"),
        (NAUSEA, ("Doctor: Any nausea?", "Interpreter: She says yes, a lot."), "stated"),
        (NO_NAUSEA, ("Doctor: Any nausea?", "Interpreter: She says no."), "stated"),
        (NO_NAUSEA, ("Nurse: Any nausea?", "Patient: No."), "stated"),
        (
            NAUSEA,
            ("Doctor: Any nausea?", "Patient: I can't remember.", "Daughter: Yes, nausea."),
            "stated",
        ),
        (NAUSEA, ("Doctor: Any nausea?", "Patient: I can't remember."), "missing"),
        (NAUSEA, ("Doctor: Any nausea?", "Patient: I'd rather not talk about that."), "missing"),
    ],
)  # fmt: skip
def test_a_line_tells_of_the_patient(
    fact: Fact, lines: tuple[str, ...], status: str, checker: Checker
) -> None:
    text, turns = transcript(lines)
    assert checker(text, [fact], None, turns).facts[0].status == status


@pytest.mark.parametrize(
    ("lines", "clashes"),
    [
        (("Doctor: What is it?", "Interpreter: She has a cough."), 0),
        (("Doctor: What is it?", "Interpreter: He has a cough."), 1),
        (("Doctor: What is it?", "Daughter: He has a cough."), 1),
        (("Nurse: Her temperature is fine.", "Doctor: Thank you."), 0),
    ],
)
def test_who_speaks_for_the_patient_gets_the_sex_right(
    lines: tuple[str, ...], clashes: int, checker: Checker
) -> None:
    text, turns = transcript(lines)
    ledger = checker(text, [], WOMAN, turns)
    assert sum(o.kind == "sex" for o in ledger.off_spec) == clashes


@pytest.mark.parametrize(
    ("dates", "clashes"),
    [
        ("Admitted: 01/11/2025. Discharged: 18/11/2025. DOB: 08/02/2012", 0),  # the day first
        ("Admitted: 11/01/2025. Discharged: 11/18/2025. DOB: 02/08/2012", 0),  # the month first
        ("Date: 01/11/2025. DOB: 08/02/2012", 0),  # either, and one of them agrees
        ("Date: 01/11/2025. DOB: 08/02/2002", 1),  # neither agrees
        ("Admitted: 2025-11-01. Discharged: 2025-10-18. DOB: 2012-02-08", 1),
    ],
)
def test_dates_are_read_as_the_documents_other_dates_tell(
    dates: str, clashes: int, checker: Checker
) -> None:
    ledger = checker(dates, (), Demographics(13, "male"), ())
    assert sum(o.kind == "date" for o in ledger.off_spec) == clashes
