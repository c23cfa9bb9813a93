"""Words, spellings, spoken numbers, frequencies and routes."""

from __future__ import annotations

import pytest

from casewright.filters.ledger.agreement import agrees, parse_value
from casewright.filters.ledger.dosing import frequency_of, routes_of
from casewright.filters.ledger.normalise import tokenise
from casewright.filters.ledger.numbers import find_quantities, load_units
from casewright.filters.ledger.stems import Speller, english_words, stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("vomiting", "vomited"), ("diarrhoea", "diarrhea"), ("allergies", "allergy"),
        ("swollen", "swelling"), ("diagnoses", "diagnosis"), ("threw", "throwing"),
        ("haemoptysis", "hemoptysis"), ("palpitation", "palpitations"), ("wheezes", "wheezing"),
        ("oesophagus", "esophagus"), ("metastases", "metastasis"), ("tumours", "tumor"),
        ("crohn's", "crohn"), ("coughs", "coughing"), ("anaemia", "anemia"),
    ],
)  # fmt: skip
def test_inflections_and_spellings_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hypertension", "hypotension"), ("dysphagia", "dysphasia"), ("ilium", "ileum"),
        ("this", "thi"), ("diabetes", "diabete"), ("aids", "aid"), ("gas", "ga"),
        ("morning", "morn"), ("was", "wa"),
    ],
)  # fmt: skip
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


KNOWN = ["pneumonia", "hypertension", "hypotension", "palpitations", "dysphagia", "dysphasia"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pnuemonia", "pneumonia"), ("pneumona", None), ("hypertenison", "hypertension"),
        ("palpitatoins", "palpitations"), ("hypertension", None), ("pneumonias", None),
        ("xpneumonia", None), ("dysphagai", None), ("dysphatia", None), ("fever", None),
        ("pneumonic", None), ("p" * 5000, None),
    ],
)  # fmt: skip
def test_only_an_unambiguous_slip_is_corrected(written: str, meant: str | None) -> None:
    assert Speller(KNOWN).correct(written) == meant


def test_no_known_word_is_corrected_into_another() -> None:
    speller = Speller([*KNOWN, "contusion", "pleurisy", "sprained", "migraine", "vertigo"])
    assert all(speller.correct(word) is None for word in english_words())
    assert all(speller.correct(word) is None for word in KNOWN)


@pytest.mark.parametrize(
    ("text", "value", "second", "unit"),
    [
        ("a hundred and one point two", 101.2, None, None),
        ("one hundred and four", 104, None, None),
        ("ninety-eight point six", 98.6, None, None),
        ("one forty-eight over ninety-two", 148, 92, None),
        ("one oh one", 101, None, None),
        ("two fifty milligrams", 250, None, "mg"),
        ("twenty-five milligrams", 25, None, "mg"),
        ("two and a half", 2.5, None, None),
        ("ninety-one percent", 91, None, "%"),
        ("148/92 mmHg", 148, 92, "mmHg"),
        ("5/325 mg", 5, 325, "mg"),
        ("38.6°C", 38.6, None, "C"),
        ("38,6 C", 38.6, None, "C"),
        ("14,500/uL", 14500, None, "/uL"),
        ("14.5 x10^9/L", 14.5, None, "10^9/L"),
        ("14.5 x10⁹/L", 14.5, None, "10^9/L"),
        ("50 µg", 50, None, "mcg"),
        (".5 mg", 0.5, None, "mg"),
        ("1,200 mL", 1200, None, "mL"),
    ],
)
def test_a_quantity_is_read(
    text: str, value: float, second: float | None, unit: str | None
) -> None:
    (quantity,) = find_quantities(tokenise(text), load_units())
    assert (quantity.value, quantity.second) == (value, second)
    assert (quantity.unit.name if quantity.unit else None) == unit


@pytest.mark.parametrize(
    "text",
    ["03/04/2024", "2024-03-04", "10:30", "555-010-1234", "March 4", "4 March 2024", "Mar. 4th"],
)
def test_dates_and_telephone_numbers_are_no_quantities(text: str) -> None:
    assert find_quantities(tokenise(text), load_units()) == []


def test_a_drug_whose_name_holds_a_month_keeps_its_dose() -> None:
    for text in ("enalapril 5 mg", "cyclobenzaprine 10 mg", "Jantoven 5 mg"):
        assert len(find_quantities(tokenise(text), load_units())) == 1


@pytest.mark.parametrize(
    ("said", "value", "unit", "agreed"),
    [
        ("101.5 F", "38.6", "C", True), ("101 F", "38.6", "C", True), ("100 F", "38.6", "C", False),
        ("38.6 C", "101.5", "F", True), ("39 C", "38.6", "C", True), ("38 C", "38.6", "C", False),
        ("176 lb", "80", "kg", True), ("180 lb", "80", "kg", False), ("0.5 g", "500", "mg", True),
        ("500 mcg", "500", "mg", False), ("10 units", "10", "mg", None), ("12", "12", "mg", True),
        ("5/325 mg", "5/325", "mg", True), ("5/325 mcg", "5/325", "mg", False),
        ("7 mg", "5-10", "mg", True), ("5-10 mg", "7", "mg", True), ("12 mg", "5-10", "mg", False),
    ],
)  # fmt: skip
def test_agreement_over_units_and_rounding(
    said: str, value: str, unit: str, agreed: bool | None
) -> None:
    units = load_units()
    (quantity,) = find_quantities(tokenise(said), units)
    meant = parse_value(value)
    assert meant is not None
    assert agrees(quantity, meant, units.named(unit)) is agreed


@pytest.mark.parametrize(
    "same",
    [
        ["once daily", "daily", "every day", "qd", "at bedtime", "nightly", "each morning"],
        ["twice daily", "bid", "every 12 hours", "q12h", "two times a day", "twice a day"],
        ["three times daily", "tid", "every 8 hours", "q8h", "3 times per day"],
        ["four times daily", "qid", "every six hours", "q 6 hours"],
        ["once weekly", "weekly", "every week", "once a week"],
        ["every 4 hours as needed", "q4h prn"],
        ["every other day", "every 2 days"],
    ],
)
def test_wordings_of_a_frequency_share_a_key(same: list[str]) -> None:
    assert len({frequency_of(text) for text in same}) == 1
    assert None not in {frequency_of(text) for text in same}


def test_wordings_of_a_route_share_a_key() -> None:
    assert routes_of("by mouth") == routes_of("po") == routes_of("orally") == {"oral"}
    assert routes_of("iv") == routes_of("intravenously") == {"intravenous"}
    assert routes_of("with meals") == frozenset()
