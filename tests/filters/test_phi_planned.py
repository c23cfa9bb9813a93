"""Planned identifiers are labelled wherever they stand; every other one is a leak."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.filters.phi import find_planned, phi_verdict, screen_identifiers
from casewright.records import Identifier, Identity

IDENTITY = Identity(
    given="Maria",
    family="Lindqvist",
    origin="nordic",
    title="Ms.",
    birth_date=date(1961, 5, 2),
    encounter_date=date(2024, 3, 14),
    discharge_date=date(2024, 3, 18),
    mrn="00481923",
    phone="(555) 010-0142",
    address="412 Alder Street, Linden, OH 43081",
    facility="Linden Valley Medical Center",
    clinician="Dr. Amara Okafor",
    identifiers=(
        Identifier(
            "name",
            "Maria Lindqvist",
            ("Maria Lindqvist", "Ms. Lindqvist", "Lindqvist", "Maria"),
        ),
        Identifier("date", "03/14/2024", ("03/14/2024", "March 14, 2024")),
        Identifier("mrn", "MRN 00481923", ("MRN 00481923", "00481923")),
        Identifier("phone", "(555) 010-0142", ("(555) 010-0142",)),
        Identifier("clinician", "Dr. Amara Okafor", ("Dr. Amara Okafor", "Dr. Okafor")),
        Identifier("facility", "Linden Valley Medical Center", ("Linden Valley Medical Center",)),
        Identifier(
            "address",
            "412 Alder Street, Linden, OH 43081",
            ("412 Alder Street, Linden, OH 43081", "412 Alder Street"),
        ),
    ),
)

PLANNED = [
    ("name", "Maria Lindqvist"),
    ("name", "Ms. Lindqvist"),
    ("name", "LINDQVIST"),
    ("clinician", "Dr. Amara Okafor"),
    ("clinician", "Dr. Okafor"),
    ("clinician", "OKAFOR, AMARA"),
    ("date", "03/14/2024"),
    ("date", "3/14/24"),
    ("date", "14 March 2024"),
    ("date", "2024-03-14"),
    ("date", "March 18"),
    ("date", "5/2/1961"),
    ("mrn", "MRN 00481923"),
    ("phone", "555-010-0142"),
    ("phone", "555.010.0142"),
    ("facility", "Linden Valley Medical Center"),
    ("address", "412 Alder Street, Linden, OH 43081"),
    ("address", "412 Alder Street"),
]


@pytest.mark.parametrize(("kind", "mention"), PLANNED)
def test_planned_identifiers_are_labelled_in_any_notation(kind: str, mention: str) -> None:
    text = f"The record mentions {mention} here."
    spans, leaks = screen_identifiers(text, IDENTITY)
    assert leaks == []
    assert {s.type for s in spans} == {kind}
    assert text[spans[0].start : spans[-1].end] == mention
    assert phi_verdict(text, IDENTITY).keep


LEAKS = [
    ("name", "Maria Gonzalez"),  # the planned given name, another family name
    ("name", "Dr. Whitfield"),
    ("date", "03/15/2024"),
    ("date", "March 14, 2023"),
    ("mrn", "MRN 00481924"),
    ("phone", "(555) 010-0143"),
    ("facility", "Cedar Valley Medical Center"),
    ("street", "413 Alder Street"),
    ("email", "maria.lindqvist@example.com"),
    ("ssn", "219-09-9999"),
    ("age", "91-year-old"),
]


@pytest.mark.parametrize(("kind", "mention"), LEAKS)
def test_every_other_identifier_is_a_leak(kind: str, mention: str) -> None:
    text = f"Ms. Lindqvist was seen. The record mentions {mention} here."
    verdict = phi_verdict(text, IDENTITY)
    assert not verdict.keep
    assert kind in {r.label for r in verdict.reasons}
    for reason in verdict.reasons:
        assert reason.filter == "phi"
        for evidence in reason.evidence:
            assert text[evidence.start : evidence.end] == evidence.text
            # The reason names the class; the identifier itself stands in the evidence only.
            assert evidence.text not in reason.message


def test_without_an_identity_every_identifier_is_a_leak() -> None:
    spans, leaks = screen_identifiers("Maria Lindqvist was seen on 03/14/2024.", None)
    assert spans == []
    assert [h.type for h in leaks] == ["name", "date"]


def test_an_age_over_89_that_the_birth_date_gives_is_planned() -> None:
    old = Identity(
        "Maria", "Lindqvist", "nordic", "Ms.", date(1931, 5, 2), date(2024, 3, 14), None,
        "", "", "", "", "", (),
    )  # fmt: skip
    assert phi_verdict("A 92-year-old woman with a cough.", old).keep
    assert not phi_verdict("A 95-year-old woman with a cough.", old).keep


def test_a_form_that_reads_as_a_word_is_marked_only_as_a_name() -> None:
    young = Identity(
        "Grace", "Young", "english", "Ms.", date(1961, 5, 2), date(2024, 3, 14), None,
        "", "", "", "", "", (Identifier("name", "Grace Young", ("Grace Young", "Young", "Grace")),),
    )  # fmt: skip
    text = "Ms. Young has a young son. Grace Young is well."
    assert [s.text for s in find_planned(text, young)] == ["Young", "Grace Young"]


@given(
    st.lists(
        st.sampled_from(
            [*(m for _, m in PLANNED), *(m for _, m in LEAKS), "\u200b", ". ", "\n", " and ", "x"]
        ),
        max_size=12,
    )
)
def test_planned_spans_are_disjoint_ordered_and_exact(pieces: list[str]) -> None:
    text = " ".join(pieces)
    spans, leaks = screen_identifiers(text, IDENTITY)
    position = 0
    for span in spans:
        assert position <= span.start < span.end
        assert text[span.start : span.end] == span.text
        position = span.end
    for leak in leaks:
        assert text[leak.start : leak.end] == leak.text


def test_screening_twice_gives_the_same() -> None:
    text = "Ms. Lindqvist saw Dr. Whitfield on 03/15/2024 at Linden Valley Medical Center."
    assert screen_identifiers(text, IDENTITY) == screen_identifiers(text, IDENTITY)


def test_a_planned_name_that_a_real_patient_has_is_a_leak() -> None:
    text = f"{IDENTITY.full_name} reports a cough. The MRN is {IDENTITY.mrn}."
    assert phi_verdict(text, IDENTITY).keep
    assert phi_verdict(text, IDENTITY, elsewhere=lambda found: False).keep
    verdict = phi_verdict(text, IDENTITY, elsewhere=lambda found: found == IDENTITY.full_name)
    assert [(r.label, [e.text for e in r.evidence]) for r in verdict.reasons] == [
        ("name", [IDENTITY.full_name])
    ]


def test_the_line_after_a_letterhead_is_no_part_of_its_name() -> None:
    for text in ("Linden Valley Medical Center\nClinic note\n\nShe has a cough.",):
        assert not screen_identifiers(text, IDENTITY)[1]
    other = screen_identifiers("Linden Valley Medical Center\nOak Ridge Clinic\n", IDENTITY)[1]
    assert [h.type for h in other] == ["facility"]
