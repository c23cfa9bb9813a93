"""Names and addresses told by where they stand, words of the language though they be."""

from __future__ import annotations

import pytest

from casewright.filters.phi import LEAK_SCORE, scan

NAMES = (
    ("Venkatesh", "Subramaniam"),
    ("Siew Ling", "Teoh"),
    ("Chukwuemeka", "Nwachukwu"),
    ("Consuelo", "De la Cruz"),
    ("Caoimhe", "Ni Dhomhnaill"),
    ("Lance", "Pain"),
    ("Skip", "Strong"),
    ("Dawn", "Bishop"),
)
PLACES = (
    "{given} {family} attended the fracture clinic this morning.",
    "Re: {given} {family}\nDiagnosis: gout",
    "Name: {family}, {given}\nSex: F",
    "{family}, {given} - seen on ward round, stable.",
    "Verified by {family}, {given} MD",
    "Next of kin - {given} {family}, daughter",
    "Spoke with {given} {family} (son) about the results.",
    "Letter regarding {given} {family}.",
    "I, {given} {family}, RN, witnessed the consent.",
)


def found_whole(text: str, value: str) -> bool:
    start = text.index(value)
    hits = [(h.start, h.end) for h in scan(text) if h.score >= LEAK_SCORE]
    return all(
        any(a <= i < b for a, b in hits)
        for i in range(start, start + len(value))
        if text[i].isalnum()
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_full_name_is_found_where_only_a_name_can_stand(place: str) -> None:
    for given, family in NAMES:
        text = place.format(given=given, family=family)
        assert found_whole(text, given), text
        assert found_whole(text, family), text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Lives at 9 The Paddocks with her sister.", "9 The Paddocks"),
        ("He resides at 12 Heol y Deri.", "12 Heol y Deri"),
        ("Address: 1907 Avenida del Sol.", "1907 Avenida del Sol"),
        ("He lives by 340 County Road 12.", "340 County Road 12"),
        ("Lives at The Old Vicarage, 3 Church Lane.", "The Old Vicarage, 3 Church Lane"),
        ("Address: 14 Alder Way, Wolverhampton", "Wolverhampton"),
        ("Address: 14 Alder Way\nStoke-on-Trent ST4 7AB", "Stoke-on-Trent"),
        ("She moved here from Stoke-on-Trent last year.", "Stoke-on-Trent"),
        ("lives at 12 Oak Road, Leeds 62704", "62704"),
        ("Number plate KX07 RTB was noted.", "KX07 RTB"),
        ("According to Iolo, it began on Sunday.", "Iolo"),
        ("Admitted to Sunnybrook Dialysis Unit.", "Sunnybrook Dialysis Unit"),
    ],
)
def test_an_address_is_found_by_what_announces_it(text: str, value: str) -> None:
    assert found_whole(text, value)


@pytest.mark.parametrize(
    "text",
    [
        "Pain, chest - resolved. Nausea, vomiting - none.",
        "Hernia, Inguinal: repaired in childhood.\nSwelling, Ankle (bilateral)",
        "Blood Pressure was 128/76. Heart Rate is 82.",
        "Spoke with Social Services about placement.",
        "Re: Essential Hypertension\nName: Lasix",
        "Patient: My O B G Y N did. Doctor: I see.",
        "Next of kin - informed. Her daughter is present.",
        "Address: the cause of the fall. Lives at home with 2 Cats.",
        "According to Medicare, it is covered. Letter to Primary Care.",
        "Physical Therapy has seen her. National Institutes of Health Stroke Scale is 4.",
        "14 Day course, Doxycycline\n2 Puffs, Salbutamol",
        "Hardy Weinberg equilibrium was not assessed.",
        "Lives with both parents and an older sister. FHx: asthma in the mother.",
        "Thank you, doctor. Leave the results with me.",
        "Soc Hx: lives alone. Past Med Hx: none. Surg Hx: none.",
    ],
)
def test_what_stands_in_such_a_place_and_is_no_name_is_left_alone(text: str) -> None:
    assert [h.text for h in scan(text)] == []
