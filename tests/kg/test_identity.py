"""Planned identities: of many origins, consistent, and of nobody who exists."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.kg.identity import (
    RecordNumbers,
    age_on,
    at_another_encounter,
    load_name_pools,
    sample_identity,
)
from casewright.records import Demographics, Identity, Setting
from casewright.seeds import derive_rng

ADULT = Demographics(54, "female")
SETTINGS: tuple[Setting, ...] = ("outpatient", "emergency", "inpatient")


@st.composite
def people(draw: st.DrawFn) -> Demographics:
    years = draw(st.integers(0, 99))
    months = draw(st.integers(max(years * 12, 1), years * 12 + 11)) if years < 2 else None
    return Demographics(years, draw(st.sampled_from(("female", "male"))), months)


def drawn(
    who: Demographics = ADULT, setting: Setting = "inpatient", seed: int = 0, stay: int = 4
) -> Identity:
    return sample_identity(
        who, setting, derive_rng("identity", seed), mrn=RecordNumbers(seed).of(0), stay_days=stay
    )


@given(who=people(), setting=st.sampled_from(SETTINGS), seed=st.integers(), stay=st.integers(0, 20))
def test_dates_agree_with_age_and_stay(
    who: Demographics, setting: Setting, seed: int, stay: int
) -> None:
    identity = drawn(who, setting, seed, stay)
    born, seen = identity.birth_date, identity.encounter_date
    months = (seen.year - born.year) * 12 + seen.month - born.month
    months -= seen.day < born.day
    assert months // 12 == who.age_years
    if who.age_months is not None:
        assert months == who.age_months
    assert 2023 <= seen.year <= 2025
    if setting == "inpatient":
        assert identity.discharge_date == seen + timedelta(days=max(stay, 1))
    else:
        assert identity.discharge_date is None


@given(who=people(), seed=st.integers())
def test_phone_numbers_are_in_the_block_kept_for_fiction(who: Demographics, seed: int) -> None:
    identity = drawn(who, "outpatient", seed)
    assert re.fullmatch(r"\(\d{3}\) 555-01\d\d", identity.phone)
    numbers = [i for i in identity.identifiers if i.type == "phone"]
    assert all("555-01" in form for i in numbers for form in i.forms)


@given(who=people(), setting=st.sampled_from(SETTINGS), seed=st.integers())
def test_every_part_of_an_identity_is_among_its_identifiers(
    who: Demographics, setting: Setting, seed: int
) -> None:
    identity = drawn(who, setting, seed)
    forms = {form for i in identity.identifiers for form in i.forms}
    assert {
        identity.given, identity.family, identity.full_name, identity.mrn, identity.phone,
        identity.facility, identity.clinician, f"{identity.encounter_date:%m/%d/%Y}",
        f"{identity.birth_date:%m/%d/%Y}",
    } <= forms  # fmt: skip
    if identity.title:
        assert f"{identity.title} {identity.family}" in forms
    for identifier in identity.identifiers:
        assert identifier.forms
        assert all(form.strip() == form != "" for form in identifier.forms)
        assert identifier.text in identifier.forms or identifier.type == "address"
    street = identity.address.split(",")[0]
    assert street in forms


@given(who=people(), seed=st.integers())
def test_titles_fit_sex_and_age_and_doctors_have_another_name(who: Demographics, seed: int) -> None:
    identity = drawn(who, "outpatient", seed)
    if who.is_child:
        assert identity.title == ""
    else:
        assert identity.title in ({"Ms.", "Mrs."} if who.sex == "female" else {"Mr."})
    assert identity.clinician.startswith("Dr. ")
    assert not identity.clinician.endswith(f" {identity.family}")


def test_an_identity_is_a_function_of_its_generator() -> None:
    assert drawn(seed=3) == drawn(seed=3)
    assert drawn(seed=3) != drawn(seed=4)


def test_names_of_many_origins_are_drawn_by_weight() -> None:
    pools = {p.origin: p for p in load_name_pools()}
    assert len(pools) >= 12
    total = sum(p.weight for p in pools.values())
    identities = [drawn(seed=n) for n in range(3000)]
    origins = Counter(i.origin for i in identities)
    assert set(origins) == set(pools)
    for origin, pool in pools.items():
        assert abs(origins[origin] / 3000 - pool.weight / total) < 0.03, origin
    for identity in identities[:200]:
        assert identity.given in pools[identity.origin].female
        assert identity.family in pools[identity.origin].family
    men = [drawn(Demographics(40, "male"), seed=n) for n in range(100)]
    assert all(i.given in pools[i.origin].male for i in men)


@pytest.mark.parametrize("pool", load_name_pools(), ids=lambda p: p.origin)
def test_name_pools_hold_enough_names_each_once(pool) -> None:  # type: ignore[no-untyped-def]
    for names in (pool.female, pool.male, pool.family):
        assert len(names) >= 5
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[^\W\d_][\w'’ -]+", n) for n in names)


def test_facilities_fit_the_setting() -> None:
    hospitals = {drawn(seed=n).facility for n in range(300)}
    clinics = {drawn(setting="outpatient", seed=n).facility for n in range(300)}
    assert not hospitals & clinics
    assert len(hospitals) > 50 and len(clinics) > 50


def test_record_numbers_are_of_eight_digits_and_never_alike() -> None:
    numbers = RecordNumbers(7)
    given_ = {numbers.of(patient) for patient in range(200_000)}
    assert len(given_) == 200_000
    assert all(re.fullmatch(r"\d{8}", number) for number in given_)
    first_digits = Counter(number[0] for number in given_)
    assert all(abs(n / 20_000 - 1) < 0.1 for n in first_digits.values()), "no pattern to be seen"
    assert numbers.of(3) == RecordNumbers(7).of(3) != RecordNumbers(8).of(3)


def test_a_later_encounter_is_the_same_person_on_another_day() -> None:
    first = drawn(seed=4)
    day = first.encounter_date + timedelta(days=30)
    later = at_another_encounter(first, day, "outpatient", derive_rng(1))
    assert (later.full_name, later.birth_date, later.mrn, later.phone, later.address) == (
        first.full_name, first.birth_date, first.mrn, first.phone, first.address,
    )  # fmt: skip
    assert later.encounter_date == day and later.discharge_date is None
    forms = {form for i in later.identifiers for form in i.forms}
    assert day.isoformat() in forms and later.clinician in forms and later.facility in forms
    assert first.encounter_date.isoformat() not in forms


@given(who=people(), seed=st.integers())
def test_age_on_the_day_is_the_age_drawn(who: Demographics, seed: int) -> None:
    identity = drawn(who, "outpatient", seed)
    assert age_on(identity.birth_date, identity.encounter_date) == (
        who.age_years, who.age_months,
    )  # fmt: skip
