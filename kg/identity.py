"""Planned fictional identities: the only ones that a document may carry.

Telephone numbers are in the 555-0100 to 555-0199 block, which is kept for fiction; places,
facilities and record numbers are made up. Names come from pools of many origins (names.yaml).
"""

from __future__ import annotations

import random
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import yaml

from casewright.records import Demographics, Identifier, Identity, Setting

__all__ = ["NamePool", "load_name_pools", "sample_identity"]


@dataclass(frozen=True, slots=True)
class NamePool:
    """Given and family names of one origin."""

    origin: str
    weight: float
    female: tuple[str, ...]
    male: tuple[str, ...]
    family: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pools:
    names: tuple[NamePool, ...]
    weights: tuple[float, ...]
    facility_first: tuple[str, ...]
    facility_last: Mapping[str, tuple[str, ...]]
    streets: tuple[str, ...]
    places: tuple[tuple[str, str, str], ...]


@lru_cache(maxsize=1)
def _pools() -> _Pools:
    raw = yaml.safe_load(Path(__file__).with_name("names.yaml").read_text("utf-8"))
    names = tuple(
        NamePool(
            origin, float(p["weight"]), tuple(p["female"]), tuple(p["male"]), tuple(p["family"])
        )
        for origin, p in raw["origins"].items()
    )
    facilities = raw["facilities"]
    return _Pools(
        names=names,
        weights=tuple(p.weight for p in names),
        facility_first=tuple(facilities["first"]),
        facility_last={k: tuple(v) for k, v in facilities.items() if k != "first"},
        streets=tuple(raw["streets"]),
        places=tuple((p["city"], p["state"], p["zip"]) for p in raw["places"]),
    )


def load_name_pools() -> Sequence[NamePool]:
    """The name pools, in file order."""
    return _pools().names


def _date_forms(day: date) -> tuple[str, ...]:
    """Every way in which a document may write a date."""
    month = f"{day:%B}"
    return (
        f"{day:%m/%d/%Y}", f"{day.month}/{day.day}/{day.year}", f"{day:%m/%d/%y}",
        day.isoformat(), f"{month} {day.day}, {day.year}", f"{day.day} {month} {day.year}",
        f"{day:%b} {day.day}, {day.year}", f"{month} {day.day}", f"{day:%d/%m/%Y}",
    )  # fmt: skip


def _birth_date(demographics: Demographics, encounter: date, rng: random.Random) -> date:
    """A birth date on which the patient has just that age at the encounter."""
    months = demographics.age_years * 12
    step = 12
    if demographics.age_years < 2 and demographics.age_months is not None:
        months, step = demographics.age_months, 1
    latest = _months_before(encounter, months)
    earliest = _months_before(encounter, months + step) + timedelta(days=1)
    return earliest + timedelta(days=rng.randrange((latest - earliest).days + 1))


def _months_before(day: date, months: int) -> date:
    """The last day on which one had to be born to have completed the months."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _title(demographics: Demographics, rng: random.Random) -> str:
    if demographics.is_child:
        return ""
    if demographics.sex == "male":
        return "Mr."
    return rng.choice(("Ms.", "Ms.", "Mrs."))


def sample_identity(
    demographics: Demographics,
    setting: Setting,
    rng: random.Random,
    *,
    stay_days: int = 0,
    years: tuple[int, int] = (2023, 2025),
) -> Identity:
    """Draw an identity that agrees with age, sex and length of stay.

    Args:
        stay_days: days from admission to discharge, for inpatients.
        years: first and last calendar year of the encounter.
    """
    pools = _pools()
    pool = rng.choices(pools.names, pools.weights)[0]
    given = rng.choice(pool.female if demographics.sex == "female" else pool.male)
    family = rng.choice(pool.family)
    title = _title(demographics, rng)
    first = date(years[0], 1, 1)
    encounter = first + timedelta(days=rng.randrange((date(years[1], 12, 1) - first).days))
    discharge = encounter + timedelta(days=max(stay_days, 1)) if setting == "inpatient" else None
    birth = _birth_date(demographics, encounter, rng)
    mrn = f"{rng.randrange(10**8):08d}"
    area = rng.choice((201, 216, 303, 312, 404, 509, 617, 704, 808, 919))
    phone = f"({area}) 555-01{rng.randrange(100):02d}"
    city, state, zip3 = rng.choice(pools.places)
    zip_code = f"{zip3}{rng.randrange(100):02d}"
    street = f"{rng.randrange(10, 9990)} {rng.choice(pools.streets)}"
    kind = "inpatient" if setting == "inpatient" else "outpatient"
    facility = f"{rng.choice(pools.facility_first)} {rng.choice(pools.facility_last[kind])}"
    doctor_pool = rng.choices(pools.names, pools.weights)[0]
    doctor_given = rng.choice(doctor_pool.female + doctor_pool.male)
    doctor_family = rng.choice([n for n in doctor_pool.family if n != family] or ["Marsh"])
    clinician = f"Dr. {doctor_given} {doctor_family}"
    full = f"{given} {family}"
    names = [full, f"{family}, {given}", given, family]
    if title:
        names += [f"{title} {family}", f"{title} {full}"]
    dates = [("birth_date", birth), ("encounter_date", encounter)]
    if discharge is not None:
        dates.append(("discharge_date", discharge))
    identifiers = [
        Identifier("name", full, tuple(names)),
        Identifier(
            "clinician", clinician,
            (clinician, f"Dr. {doctor_family}", f"{doctor_given} {doctor_family}", doctor_family),
        ),
        *(Identifier("date", f"{day:%m/%d/%Y}", _date_forms(day)) for _, day in dates),
        Identifier("mrn", mrn, (mrn, f"MRN {mrn}", f"MRN: {mrn}")),
        Identifier("phone", phone, (phone, phone.replace("(", "").replace(") ", "-"))),
        Identifier("address", f"{street}, {city}, {state} {zip_code}", (street,)),
        Identifier("city", city, (city,)),
        Identifier("zip", zip_code, (zip_code,)),
        Identifier("facility", facility, (facility,)),
    ]  # fmt: skip
    return Identity(
        given=given, family=family, origin=pool.origin, title=title, birth_date=birth,
        encounter_date=encounter, discharge_date=discharge, mrn=mrn, phone=phone,
        address=f"{street}, {city}, {state} {zip_code}", facility=facility, clinician=clinician,
        identifiers=tuple(identifiers),
    )  # fmt: skip
