"""What is taken on one day, and the most that may be, by age, weight and kidneys.

The limits of a drug stand in its attributes, as the compiler writes them; a combination has
a number for each part ("60/4000 mg"):

    max_daily        "4000 mg"          adults; "15 mg/kg" where the label goes by weight
    max_daily_child  "75 mg/kg"         children; "50 mg" where the label gives a number
    renal            "30 avoid"         eGFR below 30 mL/min/1.73 m2: not at all
    renal            "50 1000 mg"       eGFR below 50: at most so much in a day

`dose_fits` is for whoever draws drugs; the rules max-dose and renal-dose check them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from casewright.kg.graph import Dosing, Medication
from casewright.kg.validate.tables import drug_table

__all__ = ["Amount", "Limits", "daily_dose", "dose_fits", "egfr_at_most",
           "exceeds", "limits_of", "most"]  # fmt: skip

_STAGES = (("N18.6", 14.0), ("N18.5", 14.0), ("N18.4", 29.0), ("N18.32", 44.0), ("N18.3", 59.0),
           ("N18.2", 89.0), ("I12.0", 14.0), ("I13.11", 14.0), ("I13.2", 14.0))  # fmt: skip
"""The best kidney function that a stage leaves (KDIGO 2024), so that a rule never overstates."""

# 97th centile of weight in kg by completed years, the heavier sex: the most that a dose by
# weight may come to (CDC growth charts 2000; adults: NHANES 2021, 95th centile of men).
_HEAVY = (11.5, 14.5, 17.0, 20.0, 23.5, 27.5, 32.0, 37.0, 43.0, 49.5, 56.0, 63.0, 70.0, 77.0,
          84.0, 90.0, 95.0, 98.0)  # fmt: skip
_HEAVY_ADULT = 130.0


@dataclass(frozen=True, slots=True)
class Amount:
    """A number for each part, and their unit; `per_kg` where it goes by weight."""

    parts: tuple[float, ...]
    unit: str
    per_kg: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The most on one day. A renal step is (eGFR below, limit); None as limit: not at all."""

    adult: Amount | None
    child: Amount | None
    renal: tuple[tuple[float, Amount | None], ...]


def limits_of(drug: Medication) -> Limits | None:
    """The limits in a drug's attributes; None where there are none."""
    adult = _amount(next(iter(drug.values("max_daily")), ""))
    child = _amount(next(iter(drug.values("max_daily_child")), ""))
    steps = []
    for text in drug.values("renal"):
        below, _, rest = text.partition(" ")
        steps.append((float(below), None if rest == "avoid" else _amount(rest)))
    if adult is None and child is None and not steps:
        return None
    return Limits(adult, child, tuple(sorted(steps, key=lambda step: step[0])))


def _amount(text: str) -> Amount | None:
    number, _, unit = text.partition(" ")
    return _in_mg(number, unit) if number else None


_MILLIGRAMS = {"g": 1000.0, "mg": 1.0, "mcg": 0.001}
_NUMBERS = re.compile(r"^\d+(?:\.\d+)?(?:/\d+(?:\.\d+)?)*$")


def _in_mg(numbers: str, unit: str) -> Amount | None:
    """A mass in milligrams; any other unit as it is. None for what is no number."""
    if not _NUMBERS.match(numbers):
        return None
    bare = unit.removesuffix("/kg")
    factor = _MILLIGRAMS.get(bare, 1.0)
    return Amount(
        tuple(float(number) * factor for number in numbers.split("/")),
        "mg" if bare in _MILLIGRAMS else bare.removesuffix("s"),
        bare != unit,
    )


def daily_dose(dose: str, unit: str, frequency: str) -> Amount | None:
    """What one day of a regimen comes to; None where its frequency says no number.

    "As needed" counts in full: it is what the patient may take. Of a range the most counts.
    """
    single = _in_mg(dose.replace(",", "").split("-")[-1].strip(), unit)
    times = _times(frequency)
    if single is None or times is None:
        return None
    return Amount(tuple(part * times for part in single.parts), single.unit)


@lru_cache(maxsize=1024)
def _times(frequency: str) -> float | None:
    table = drug_table().per_day
    if frequency in table:
        return table[frequency]
    fitting = [key for key in table if frequency.startswith(f"{key} ")]
    return table[max(fitting, key=len)] if fitting else None


def egfr_at_most(codes: Sequence[str], values: Mapping[str, float]) -> float | None:
    """The best kidney function that a case allows: measured, or by the stage in its codes."""
    measured = values.get("lab:egfr")
    staged = [best for code in codes for prefix, best in _STAGES if code.startswith(prefix)]
    known = [*staged, *([measured] if measured is not None else [])]
    return min(known) if known else None


def most(
    limits: Limits, age: float, egfr: float | None, weight: float | None = None
) -> tuple[Amount | None, str]:
    """The most on one day for a patient, and the reason where it is the kidneys.

    An amount without parts means not at all; None, that nothing is said.
    """
    said = limits.adult if age >= 18 or limits.child is None else limits.child
    if egfr is not None:
        for below, smaller in limits.renal:
            if egfr < below:
                why = f"with an eGFR below {below:g}"
                if smaller is None:
                    return Amount((), ""), why
                return _by_weight(smaller, age, weight), why
    return (_by_weight(said, age, weight) if said is not None else None), ""


def _by_weight(limit: Amount, age: float, weight: float | None) -> Amount:
    if not limit.per_kg:
        return limit
    kilograms = weight or (_HEAVY_ADULT if age >= 18 else _HEAVY[min(int(age), 17)])
    return Amount(tuple(part * kilograms for part in limit.parts), limit.unit)


def exceeds(a_day: Amount, limit: Amount) -> bool:
    """Whether a day's dose is over a limit in the same unit, in any of its parts."""
    return (
        a_day.unit == limit.unit
        and len(a_day.parts) == len(limit.parts)
        and any(have > may * 1.001 for have, may in zip(a_day.parts, limit.parts, strict=True))
    )


def dose_fits(
    drug: Medication,
    dosing: Dosing,
    age: float,
    codes: Sequence[str],
    *,
    egfr: float | None = None,
) -> bool:
    """Whether a regimen stays inside the drug's limits for the patient's age and kidneys.

    Args:
        age: in years; codes: of the case, for the stage of a kidney disease.
        egfr: in mL/min/1.73 m2, where it was measured.
    """
    limits = limits_of(drug)
    if limits is None:
        return True
    best = egfr_at_most(codes, {"lab:egfr": egfr} if egfr is not None else {})
    limit, _ = most(limits, age, best)
    if limit is None:
        return True
    if not limit.parts:
        return False
    a_day = daily_dose(dosing.dose, dosing.unit, dosing.frequency)
    return a_day is None or not exceeds(a_day, limit)
