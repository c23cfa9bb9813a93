"""Planned fictional identities: the only ones that a document may carry.

Telephone numbers are in the 555-0100 to 555-0199 block, which is kept for fiction; places,
facilities and record numbers are made up. Names come from pools of many origins (names.yaml).
"""

from __future__ import annotations

import random
from bisect import bisect
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import yaml

from casewright.kg.draws import pick
from casewright.records import Demographics, Identifier, Identity, Setting
from casewright.seeds import derive_seed

__all__ = [
    "NamePool",
    "RecordNumbers",
    "age_on",
    "at_another_encounter",
    "load_name_pools",
    "sample_identity",
]


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
    cumulative: tuple[float, ...]
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
        cumulative=tuple(accumulate(p.weight for p in names)),
        facility_first=tuple(facilities["first"]),
        facility_last={k: tuple(v) for k, v in facilities.items() if k != "first"},
        streets=tuple(raw["streets"]),
        places=tuple((p["city"], p["state"], p["zip"]) for p in raw["places"]),
    )


def load_name_pools() -> Sequence[NamePool]:
    """The name pools, in file order."""
    return _pools().names


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@lru_cache(maxsize=4096)
def _kept(kind: str, text: str) -> Identifier:
    """An identifier with one form, of those that come again and again."""
    return Identifier(kind, text, (text,))


@lru_cache(maxsize=4096)
def _date(day: date) -> Identifier:
    """Every way in which a document may write a date; the first is the one that templates use."""
    year, month, number = day.year, day.month, day.day
    name = _MONTHS[month - 1]
    forms = (
        f"{month:02d}/{number:02d}/{year}", f"{month}/{number}/{year}",
        f"{month:02d}/{number:02d}/{year % 100:02d}", f"{year}-{month:02d}-{number:02d}",
        f"{name} {number}, {year}", f"{number} {name} {year}", f"{name[:3]} {number}, {year}",
        f"{name} {number}", f"{number:02d}/{month:02d}/{year}",
    )  # fmt: skip
    return Identifier("date", forms[0], forms)


@lru_cache(maxsize=64)
def _days_of(first_year: int, last_year: int) -> tuple[date, int]:
    first = date(first_year, 1, 1)
    return first, (date(last_year, 12, 1) - first).days


def _birth_date(demographics: Demographics, encounter: date, rng: random.Random) -> date:
    """A birth date on which the patient has just that age at the encounter."""
    months = demographics.age_years * 12
    step = 12
    if demographics.age_years < 2 and demographics.age_months is not None:
        months, step = demographics.age_months, 1
    latest = _months_before(encounter, months)
    earliest = _months_before(encounter, months + step) + timedelta(days=1)
    return earliest + timedelta(days=int(rng.random() * ((latest - earliest).days + 1)))


def _months_before(day: date, months: int) -> date:
    """The last day on which one had to be born to have completed the months."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if day.day > 28:
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return date(year, month + 1, day.day)


def age_on(birth: date, day: date) -> tuple[int, int | None]:
    """Completed years, and completed months (one at least) below two years."""
    months = (day.year - birth.year) * 12 + day.month - birth.month - (day.day < birth.day)
    years = months // 12
    return years, max(months, 1) if years < 2 else None


def _title(demographics: Demographics, rng: random.Random) -> str:
    if demographics.is_child:
        return ""
    if demographics.sex == "male":
        return "Mr."
    return pick(("Ms.", "Ms.", "Mrs."), rng)


_RECORDS = 10**8
_HALF = 10**4
_ROUNDS = 6
_MASK = (1 << 64) - 1


class RecordNumbers:
    """Medical record numbers of eight digits: one for each patient of a run, never two alike.

    A Feistel network over two halves of four digits permutes all numbers below 10**8, keyed by
    the seed (J. Black and P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
    """

    def __init__(self, seed: int) -> None:
        self._keys = tuple(derive_seed(seed, "record number", n) for n in range(_ROUNDS))

    def of(self, patient: int) -> str:
        """The number of a patient by index; all differ below 10**8."""
        left, right = divmod(patient % _RECORDS, _HALF)
        for key in self._keys:
            mixed = (right + key) * 0x9E3779B97F4A7C15 & _MASK
            mixed = (mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9 & _MASK
            left, right = right, (left + (mixed >> 32)) % _HALF
        return f"{left * _HALF + right:08d}"


def sample_identity(
    demographics: Demographics,
    setting: Setting,
    rng: random.Random,
    *,
    mrn: str,
    stay_days: int = 0,
    years: tuple[int, int] = (2023, 2025),
) -> Identity:
    """Draw an identity that agrees with age, sex and length of stay.

    Args:
        mrn: the medical record number (see RecordNumbers).
        stay_days: days from admission to discharge, for inpatients.
        years: first and last calendar year of the encounter.
    """
    pools = _pools()
    pool = _pool(pools, rng)
    given = pick(pool.female if demographics.sex == "female" else pool.male, rng)
    family = pick(pool.family, rng)
    title = _title(demographics, rng)
    first, days = _days_of(*years)
    encounter = first + timedelta(days=int(rng.random() * days))
    birth = _birth_date(demographics, encounter, rng)
    area = pick((201, 216, 303, 312, 404, 509, 617, 704, 808, 919), rng)
    phone = f"({area}) 555-01{int(rng.random() * 100):02d}"
    city, state, zip3 = pick(pools.places, rng)
    zip_code = f"{zip3}{int(rng.random() * 100):02d}"
    street = f"{10 + int(rng.random() * 9980)} {pick(pools.streets, rng)}"
    doctor, place = _encounter(pools, family, setting, rng)
    return _identity(
        (given, family, pool.origin, title), birth, encounter, setting, stay_days, mrn, phone,
        (street, city, state, zip_code), doctor, place,
    )  # fmt: skip


def at_another_encounter(
    identity: Identity, day: date, setting: Setting, rng: random.Random, *, stay_days: int = 0
) -> Identity:
    """The same person at an encounter on that day, with a facility and clinician of its own."""
    doctor, place = _encounter(_pools(), identity.family, setting, rng)
    street, city, rest = identity.address.rsplit(", ", 2)
    state, zip_code = rest.split(" ")
    return _identity(
        (identity.given, identity.family, identity.origin, identity.title), identity.birth_date,
        day, setting, stay_days, identity.mrn, identity.phone, (street, city, state, zip_code),
        doctor, place,
    )  # fmt: skip


def _pool(pools: _Pools, rng: random.Random) -> NamePool:
    return pools.names[bisect(pools.cumulative, rng.random() * pools.cumulative[-1])]


def _encounter(
    pools: _Pools, family: str, setting: Setting, rng: random.Random
) -> tuple[tuple[str, str], str]:
    """A clinician with another family name than the patient's, and a facility."""
    doctors = _pool(pools, rng)
    given = pick(pick((doctors.female, doctors.male), rng), rng)
    name = pick(doctors.family, rng)
    if name == family:
        name = next((n for n in doctors.family if n != family), "Marsh")
    kind = "outpatient" if setting == "outpatient" else "inpatient"  # a department is a hospital's
    place = f"{pick(pools.facility_first, rng)} {pick(pools.facility_last[kind], rng)}"
    return (given, name), place


def _identity(
    names: tuple[str, str, str, str],
    birth: date,
    encounter: date,
    setting: Setting,
    stay_days: int,
    mrn: str,
    phone: str,
    home: tuple[str, str, str, str],
    doctor: tuple[str, str],
    facility: str,
) -> Identity:
    given, family, origin, title = names
    street, city, state, zip_code = home
    full = f"{given} {family}"
    known = [full, f"{family}, {given}", given, family]
    if title:
        known += [f"{title} {family}", f"{title} {full}"]
    discharge = None
    dates = [birth, encounter]
    if setting == "inpatient":
        discharge = encounter + timedelta(days=max(stay_days, 1))
        dates.append(discharge)
    clinician, address = f"Dr. {doctor[0]} {doctor[1]}", f"{street}, {city}, {state} {zip_code}"
    identifiers = (
        Identifier("name", full, tuple(known)),
        Identifier(
            "clinician", clinician,
            (clinician, f"Dr. {doctor[1]}", f"{doctor[0]} {doctor[1]}", doctor[1]),
        ),
        *map(_date, dates),
        Identifier("mrn", mrn, (mrn, f"MRN {mrn}", f"MRN: {mrn}")),
        Identifier("phone", phone, (phone, f"{phone[1:4]}-{phone[6:]}")),
        Identifier("address", address, (street,)),
        _kept("city", city),
        Identifier("zip", zip_code, (zip_code,)),
        _kept("facility", facility),
    )  # fmt: skip
    return Identity(
        given, family, origin, title, birth, encounter, discharge, mrn, phone, address, facility,
        clinician, identifiers,
    )  # fmt: skip
