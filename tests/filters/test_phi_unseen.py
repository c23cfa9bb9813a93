"""Recall on planted sets that were written before the rules had seen them (see `unseen`).

The bounds hold what was reached after mending; the first readings stand in docs/privacy.md.
"""

from __future__ import annotations

import pytest

from casewright.filters.disclosure.planted import measure
from casewright.filters.phi import LEAK_SCORE, scan

from . import unseen

SETS = ("third", "fourth", "fifth")
NOTES = ("notes", "notes_second", "notes_third", "notes_fourth", "notes_fifth")


def find(text: str) -> list[tuple[int, int]]:
    return [(h.start, h.end) for h in scan(text) if h.score >= LEAK_SCORE]


@pytest.mark.parametrize("name", SETS)
def test_names_of_unseen_origins_and_places_are_found(name: str) -> None:
    groups, missed = measure(list(unseen.names(unseen.read(name), rounds=4)), find)
    found, total = sum(g.found for g in groups), sum(g.total for g in groups)
    assert found / total >= 0.92, [m.text for m in missed]


@pytest.mark.parametrize("name", SETS)
def test_other_identifiers_of_unseen_forms_are_found(name: str) -> None:
    groups, missed = measure(list(unseen.others(unseen.read(name))), find)
    found, total = sum(g.found for g in groups), sum(g.total for g in groups)
    assert found / total >= 0.95, [m.text for m in missed]


@pytest.mark.parametrize("name", SETS)
def test_unseen_lines_that_tempt_are_left_alone(name: str) -> None:
    lines = unseen.read(name)["clean"]
    assert sum(bool(find(line)) for line in lines) / len(lines) <= 0.1


@pytest.mark.parametrize("name", NOTES)
def test_identifiers_of_whole_notes_are_found(name: str) -> None:
    """Any part of it is found of 95 in 100, and nine in ten are found whole."""
    documents, _ = unseen.notes(name)
    whole = some = total = 0
    for note in documents:
        found = find(note.text)
        for start, end in note.spans:
            total += 1
            whole += any(a <= start and end <= b for a, b in found)
            some += any(a < end and start < b for a, b in found)
    assert total > 400
    assert whole / total >= 0.93
    assert some / total >= 0.95


@pytest.mark.parametrize("name", NOTES)
def test_little_is_found_in_notes_that_identify_nobody(name: str) -> None:
    """No more than one span in a thousand words, of notes full of eponyms, drugs and devices."""
    _, clean = unseen.notes(name)
    spans = [(text[a:b], text[max(0, a - 20) : b + 20]) for text in clean for a, b in find(text)]
    assert len(spans) / sum(len(text.split()) for text in clean) <= 0.001, spans


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DR. ISHIKAWA: Good afternoon.", "ISHIKAWA"),
        ("GMC 6104478\n\ncc: the practice", "6104478"),
        ("Seen by Yousef Al-Qahtani, who agrees.", "Yousef Al-Qahtani"),
        ("Typed: 15 May 2023\n\nDr Menna Llewellyn\nBridge Street Health Centre", "15 May 2023"),
        ("1. LEATHERBARROW, Colin   H0923371", "LEATHERBARROW, Colin"),
        ("OAK VALLEY COMMUNITY HOSPITAL\nOPERATIVE REPORT", "OAK VALLEY COMMUNITY HOSPITAL"),
        ("works as a barista at Copper Kettle Coffee now", "Copper Kettle Coffee"),
        ("Occupation: welder with Delta Marine Fabricators, LLC", "Delta Marine Fabricators, LLC"),
        ("Incident location: 15 Mill Brow, Clitheroe, BB7 2AN.", "15 Mill Brow"),
        ("Incident location: 15 Mill Brow, Clitheroe, BB7 2AN.", "Clitheroe"),
        ("Intubated 3/11-3/15.", "3/11"),
        ("weaned to room air by 2/5. Well.", "2/5"),
        ("Unit W0447 24 118832 checked", "W0447 24 118832"),
        ("Bishop denies chest pain.", "Bishop"),
        ("WR Page (SpR): continue", "Page"),
        ("Peds: Tidewater Pediatrics, first visit Tuesday.", "Tidewater Pediatrics"),
        ("behind the old Sattler Foundry.", "Sattler Foundry"),
        ("Respite offered at Hale Maluhia.", "Hale Maluhia"),
        ("hospice liaison from Evensong coming", "Evensong"),
        ("seen at county general last week", "county general"),
        ("Cascade Rehabilitation Institute (CRI)\nCRI will call.", "CRI"),
        ("driving in from Annandale Forks.", "Annandale Forks"),
        ("Harbour View Treatment Centre, Gosport\n\nUnit", "Gosport"),
        ("Goolwarra Base Hospital  Goolwarra NSW 2999", "2999"),
        ("Suite 2, Bracebridge, Ontario  P1L 9Z9", "P1L 9Z9"),
        ("hand off given to bukola rn at 0715", "bukola"),
        ("bed 14 ivy frost 91f hosp no k0447812", "ivy frost"),
        ("CARD SCANNED\n\nJ. STANISLAWSKI RN", "J. STANISLAWSKI"),
        ("prior to discharge.\n\nJosephine Hope, MD\nOB/GYN", "Josephine Hope"),
        ("OKONKWO Chidiebere (Mr)   Unit no. 3", "OKONKWO Chidiebere"),
        ("the note from Dr. um, Cutter. He says", "Cutter"),
        ("Dr Will Noble agreed.", "Will Noble"),
        ("Admitted 4/7/2024. foley out 4/10 at noon", "4/10"),
        ("Seen on Wed 26 March, well.", "Wed 26 March"),
        ("They kept me from the fourteenth to the eighteenth.", "eighteenth"),
        ("1. Violet Rice, 97. Off food 3 days.", "97"),
        ("celebrate her 102nd birthday early", "102nd"),
        ("WITNESS: D. OKORO, BADGE 4471", "4471"),
        ("Ph (02) 5550 0174", "(02) 5550 0174"),
    ],
)
def test_what_whole_notes_taught(text: str, found: str) -> None:
    assert any(text[a:b] == found or found in text[a:b] for a, b in find(text)), text


@pytest.mark.parametrize(
    "text",
    [
        "Power 4/5 in the left arm, Barthel 12/20, MMSE 12/30, VA 6/18, reflexes 2/4.",
        "review in 6/52, amoxicillin 5/7, off work 2/12",
        "Braden 15, Morse 45, Tanner I, Rutherford 5, Fontaine IV, ASA II",
        "FT4 0.6 ng/dL (0.8-1.8), guideline ASHP/IDSA 2020, night shift 1900-0730",
        "Sutured with 2/0 Vicryl Rapide under a Bair Hugger; Charles Bonnet and Marcus Gunn.",
        "Screening: Edinburgh 6. Scar 2/5 Vancouver. Ottawa positive.",
        "The 1st and 2nd metatarsal bases; weight on the 25th centile.",
        "Nystatin QDS 7/7, review in 6/52. Power 4/5, 12/40 pregnant.",
        "EF 60%, mild MR. Foley catheter removed. RV 0.75 V at 0.4 ms. Impedance stable.",
        "HBsAg reactive, est CrCl 40, via MyCareLink; grade III-IV tenderness.",
        "GCS\t15\t15\t15\nTime\t0900\t0915\t0930\nSBP\t108\t124\t116",
        "Machine alarm, Fresenius 5008. CVS: HTN. ASTHMA ACTION PLAN 2024-2025",
        "Some Braxton Hicks contractions. A walking stick, a cane.",
    ],
)
def test_what_whole_notes_have_and_nobody_is(text: str) -> None:
    assert not find(text)


def test_days_and_scores_near_a_date_are_no_dates() -> None:
    text = "Seen 7/7/2024. Nystatin QDS 7/7, review in 6/52. Pain L shoulder 7/10."
    assert [text[a:b] for a, b in find(text)] == ["7/7/2024"]
