"""What is taken in a day, and the most that may be, by age, weight and kidneys.

The limits of a drug stand in its attributes, as the compiler writes them:

    max_daily        "4000 mg"          adults
    max_daily_child  "75 mg/kg"         children, by weight; "50 mg" where the label gives a number
    renal            "30 avoid"         eGFR below 30 mL/min/1.73 m2: not at all
    renal            "50 1000 mg"       eGFR below 50: at most so much in a day
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from casewright.kg.graph import Medication
from casewright.kg.validate.tables import drug_table
from casewright.kg.validate.view import View
from casewright.records import Fact

__all__ = ["Amount", "Limits", "daily_dose", "egfr_at_most", "limits_of", "most_in_a_day"]

_STAGES = (("N18.6", 14.0), ("N18.5", 14.0), ("N18.4", 29.0), ("N18.32", 44.0), ("N18.3", 59.0),
           ("N18.2", 89.0), ("I12.0", 14.0), ("I13.11", 14.0), ("I13.2", 14.0))  # fmt: skip
"""The best kidney function that a stage leaves (KDIGO 2024), so that a rule never overstates."""

# 97th centile of weight in kg by completed years, the heavier sex: the most that a dose by
# weight may come to (CDC growth charts 2000; adults are not dosed so here).
_HEAVY = (11.5, 14.5, 17.0, 20.0, 23.5, 27.5, 32.0, 37.0, 43.0, 49.5, 56.0, 63.0, 70.0, 77.0,
          84.0, 90.0, 95.0, 98.0)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and its unit."""

    amount: float
    unit: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The most in a day, in `unit`. A renal step of 0 means not at all."""

    unit: str
    adult: float | None
    child: float | None
    child_per_kg: float | None
    renal: tuple[tuple[float, float], ...]


def limits_of(drug: Medication) -> Limits | None:
    """The limits in a drug's attributes; None where there are none."""
    adult = _amount(next(iter(drug.values("max_daily")), ""))
    child = _amount(next(iter(drug.values("max_daily_child")), ""))
    steps: list[tuple[float, float]] = []
    unit = adult.unit if adult else (child.unit.removesuffix("/kg") if child else "")
    for text in drug.values("renal"):
        below, _, rest = text.partition(" ")
        limit = _amount(rest)
        steps.append((float(below), limit.amount if limit else 0.0))
        unit = unit or (limit.unit if limit else "")
    if adult is None and child is None and not steps:
        return None
    per_kg = child is not None and child.unit.endswith("/kg")
    return Limits(
        unit=unit,
        adult=adult.amount if adult else None,
        child=child.amount if child and not per_kg else None,
        child_per_kg=child.amount if child and per_kg else None,
        renal=tuple(sorted(steps)),
    )


def _amount(text: str) -> Amount | None:
    number, _, unit = text.partition(" ")
    try:
        return _in_mg(float(number), unit)
    except ValueError:
        return None


_MILLIGRAMS = {"g": 1000.0, "mg": 1.0, "mcg": 0.001}


def _in_mg(number: float, unit: str) -> Amount:
    """A mass in milligrams; any other unit as it is."""
    mass, slash, per = unit.partition("/")
    if mass in _MILLIGRAMS:
        return Amount(number * _MILLIGRAMS[mass], f"mg{slash}{per}")
    return Amount(number, unit)


_NUMBER = re.compile(r"^\d+(?:[.,]\d+)?$")


def daily_dose(fact: Fact) -> Amount | None:
    """What a day of the regimen comes to; None where the frequency says no number.

    "As needed" counts in full: it is what the patient may take.
    """
    value = (fact.value or "").split("-")[-1].strip()
    frequency = fact.attribute("frequency") or ""
    if not _NUMBER.match(value):
        return None
    times = _times(frequency)
    if times is None:
        return None
    return _in_mg(float(value.replace(",", "")) * times, fact.unit or "")


@lru_cache(maxsize=1024)
def _times(frequency: str) -> float | None:
    table = drug_table().per_day
    if frequency in table:
        return table[frequency]
    fitting = [key for key in table if frequency.startswith(f"{key} ")]
    return table[max(fitting, key=len)] if fitting else None


def egfr_at_most(view: View) -> float | None:
    """The best kidney function that the case allows: measured, or by the stage in its codes."""
    measured = view.values.get("lab:egfr")
    staged = [best for code in view.codes for prefix, best in _STAGES if code.startswith(prefix)]
    known = [*staged, *([measured] if measured is not None else [])]
    return min(known) if known else None


def most_in_a_day(limits: Limits, view: View) -> tuple[float | None, str]:
    """The most in a day for the patient, and why where it is for the kidneys. 0: not at all."""
    egfr = egfr_at_most(view)
    if egfr is not None:
        for below, most in limits.renal:
            if egfr < below:
                return most, f"with an eGFR below {below:g}"
    if view.age < 18 and (limits.child is not None or limits.child_per_kg is not None):
        if limits.child is not None:
            return limits.child, ""
        weight = view.values.get("vital:weight") or _HEAVY[min(int(view.age), 17)]
        most = (limits.child_per_kg or 0.0) * weight
        return (min(most, limits.adult) if limits.adult is not None else most), ""
    return limits.adult, ""
