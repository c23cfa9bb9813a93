"""Values and drugs: results on their side of the range, vital signs by age, what can be taken."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import exp, log, sqrt
from typing import Literal, Protocol

from casewright.kg.graph import Concept, Dosing, Lab, Medication
from casewright.records import Demographics, Setting

__all__ = [
    "Effect",
    "child_rate",
    "choose_dosing",
    "clashes",
    "draw_value",
    "far_from_child_range",
    "flag_of",
    "normal_vitals",
    "reference_range",
    "repeats",
    "suitable",
    "taken_by_patient",
    "treatment_weight",
    "words_of",
]

SELF_REPORT_AGE = 4
"""Below it only what an observer sees is reported: a convention of ours, since no younger
child's complaint is written down as its own."""


class Effect(Protocol):
    """What a condition does to a result: which way, and how far."""

    @property
    def direction(self) -> Literal["high", "low"] | None:
        """Above or below the reference range."""

    @property
    def mean(self) -> float | None:
        """Where the results lie, in the test's unit; the median where there are quartiles."""

    @property
    def sd(self) -> float | None:
        """How far they spread."""

    @property
    def quartiles(self) -> tuple[float, float] | None:
        """The first and the third, where known."""


def suitable(concept: Concept, demographics: Demographics) -> bool:
    """Whether the patient can have and report the concept, by sex and age."""
    age = demographics.age_years
    if concept.sex is not None and concept.sex != demographics.sex:
        return False
    if concept.max_age is not None and age > concept.max_age:
        return False
    if concept.min_age is not None and age < concept.min_age:
        return False
    if concept.type == "Symptom" and age < SELF_REPORT_AGE:
        return "true" in concept.values("observable")
    return True


def draw_value(
    lab: Lab,
    effect: Effect | None,
    demographics: Demographics,
    rng: random.Random,
    *,
    factor: float = 1.0,
) -> tuple[str, str]:
    """Draw a value and its flag ("high", "low", "normal"); the value is on the edge's side.

    How far the value lies beyond the reference limit is drawn from a log-normal distribution
    with the edge's mean and spread, so that no value is on the wrong side and none piles up at
    the limit; where quartiles are known, two halves of a normal one are fitted to them.
    Without an edge a value inside the reference range is drawn; without numbers, or where the
    mean is not beyond the patient's own limit, one beyond it by a tenth to a half of the
    range's width.

    Args:
        factor: how much further beyond the limit than the edge's mean, for severity.
    """
    low, high = reference_range(lab, demographics)
    floor, ceiling = lab.plausible or (0.0, max(high * 4, high + 1))
    width = max(high - low, 10**-lab.decimals)
    if effect is None or effect.direction is None:
        value = rng.gauss((low + high) / 2, width / 6)
        return _written(min(max(value, low), high), lab.decimals), "normal"
    least = max(10**-lab.decimals, width * 0.02)
    up = effect.direction == "high"
    limit = high if up else low
    beyond = 0.0
    if effect.mean is not None:
        beyond = effect.mean - limit if up else limit - effect.mean
    if beyond > least and effect.quartiles is not None:
        excess = _split_normal(effect, limit, rng) * factor
    elif beyond > least:
        spread = effect.sd if effect.sd else abs(effect.mean or 0.0) * 0.1
        # Wider than its mean the tail would run to values that nobody lives with.
        excess = _log_normal(beyond, min(spread, beyond), rng) * factor
    else:
        excess = width * (0.1 + 0.4 * rng.random()) * factor
    excess = max(excess, least)
    value = min(limit + excess, ceiling) if up else max(limit - excess, floor)
    return _written(value, lab.decimals), effect.direction


_TO_QUARTILE = 0.6745
"""Standard deviations from the median of a normal distribution to its quartiles."""
_REDRAWS = 12


def _split_normal(effect: Effect, limit: float, rng: random.Random) -> float:
    """How far beyond the limit: two halves of normal distributions that meet at the median.

    Each half has its own spread, so that what is skewed (troponin, BNP) is drawn so. What falls
    on the wrong side of the limit is drawn again.
    """
    median = effect.mean or 0.0
    first, third = effect.quartiles or (median, median)
    up = effect.direction == "high"
    # The half is kept when a value is drawn again, so that the median stays.
    above = rng.random() < 0.5
    spread = max(third - median if above else median - first, 0.0) / _TO_QUARTILE
    for _ in range(_REDRAWS):
        z = abs(rng.gauss(0.0, 1.0))
        value = median + z * spread if above else median - z * spread
        beyond = value - limit if up else limit - value
        if beyond > 0:
            return beyond
    return abs(median - limit) * rng.random()


def _log_normal(mean: float, sd: float, rng: random.Random) -> float:
    """A positive value with that mean and standard deviation."""
    variance = log(1 + (sd / mean) ** 2)
    return exp(rng.gauss(log(mean) - variance / 2, sqrt(variance)))


def flag_of(lab: Lab, value: float, demographics: Demographics) -> str:
    """Which side of the patient's reference range a value lies on."""
    low, high = reference_range(lab, demographics)
    return "high" if value > high else "low" if value < low else "normal"


def far_from_child_range(lab: Lab, effect: Effect, demographics: Demographics) -> bool:
    """Whether an adult effect lies well on the wrong side of a child's range, and says nothing."""
    if not demographics.is_child or effect.mean is None or lab.ref_child is None:
        return False
    low, high = lab.ref_child
    if effect.direction == "high":
        return effect.mean < high
    return effect.mean > low


def reference_range(lab: Lab, demographics: Demographics) -> tuple[float, float]:
    """The reference range for the patient, in the test's unit."""
    by_sex = lab.ref_female if demographics.sex == "female" else lab.ref_male
    chosen = lab.ref_child if demographics.is_child and lab.ref_child else by_sex
    return chosen or lab.ref_female or lab.ref_male or lab.ref_child or (0.0, 1.0)


def _written(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"


# Normal vital signs by age in completed years: (up to age, heart rate, respiratory rate,
# systolic). Rounded from the interquartile ranges of Fleming et al., Lancet 2011;377:1011 for
# heart and respiratory rate; blood pressure around the 50th percentiles of the AAP 2017
# guideline (Pediatrics 2017;140:e20171904), adults normal by ACC/AHA 2017.
_VITALS_BY_AGE: tuple[tuple[int, tuple[int, int], tuple[int, int], tuple[int, int]], ...] = (
    (0, (120, 145), (32, 42), (80, 95)),
    (1, (108, 130), (26, 34), (86, 100)),
    (4, (92, 115), (21, 27), (90, 104)),
    (7, (82, 102), (19, 24), (94, 108)),
    (11, (74, 95), (17, 22), (98, 112)),
    (17, (66, 88), (14, 19), (104, 120)),
    (200, (62, 88), (12, 18), (110, 128)),
)


_RATES_AT = tuple(
    next(tuple(ranges) for up_to, *ranges in _VITALS_BY_AGE if age <= up_to) for age in range(19)
)


def _rates(demographics: Demographics) -> tuple[tuple[int, int], ...]:
    """Normal ranges for the age: heart rate, respiratory rate, systolic pressure."""
    return _RATES_AT[min(demographics.age_years, len(_RATES_AT) - 1)]


def child_rate(
    vital: Lab, direction: str, demographics: Demographics, rng: random.Random, factor: float = 1.0
) -> int:
    """A heart or respiratory rate beyond the normal range of the child's age.

    Curated means are those of adults; a tenth to a third beyond the range is fast (or slow)
    at any age. It is beyond the graph's one range for all children, too.
    """
    heart, breath, _ = _rates(demographics)
    low, high = heart if vital.id == "vital:heart_rate" else breath
    beyond = min((0.1 + 0.23 * rng.random()) * factor, 0.45)
    ref_low, ref_high = vital.ref_child or (low, high)
    if direction == "high":
        return max(round(high * (1 + beyond)), int(ref_high) + 1)
    return min(round(low * (1 - beyond)), int(ref_low) - 1)


def normal_vitals(demographics: Demographics, rng: random.Random) -> dict[str, float]:
    """Normal vital signs for the age: temperature in C, rates per minute, mmHg, percent."""
    heart, breath, systolic = _rates(demographics)
    top = _between(systolic, rng)
    return {
        "vital:temperature": min(max(round(rng.gauss(36.8, 0.2), 1), 36.2), 37.3),
        "vital:heart_rate": _between(heart, rng),
        "vital:respiratory_rate": _between(breath, rng),
        "vital:systolic_bp": top,
        "vital:diastolic_bp": round(top * (0.60 + 0.06 * rng.random())),
        "vital:oxygen_saturation": _between((96, 99), rng),
    }


def _between(ends: tuple[int, int], rng: random.Random) -> int:
    first, last = ends
    return first + int((last - first + 1) * rng.random())


def choose_dosing(
    drug: Medication,
    codes: Sequence[str],
    demographics: Demographics,
    setting: Setting,
    rng: random.Random,
) -> Dosing | None:
    """A regimen that fits diagnosis, age and setting, or None.

    Regimens limited to the diagnosis come first, then those without a limit.
    """
    age = demographics.age_years
    if (drug.min_age is not None and age < drug.min_age) or not suitable(drug, demographics):
        return None
    here = "inpatient" if setting == "inpatient" else "outpatient"
    fitting = [d for d in drug.dosing if d.setting in ("any", here)]
    audience = [d for d in fitting if _for_age(d, age)]
    if not audience and demographics.is_child:
        has_child = any(d.audience == "child" for d in drug.dosing)
        if drug.min_age is not None and (not has_child or age >= 12):
            audience = [d for d in fitting if d.audience == "adult"]
    named = [d for d in audience if d.codes and any(c.startswith(tuple(d.codes)) for c in codes)]
    free = [d for d in audience if not d.codes]
    # What is written for this place goes first: a ward gives morphine into the vein.
    for regimens in (named, free):
        here_only = [d for d in regimens if d.setting == here]
        chosen = here_only or regimens
        if chosen:
            return chosen[0] if rng.random() < 0.7 else rng.choice(chosen)
    return None


def _for_age(dosing: Dosing, age: int) -> bool:
    if dosing.audience == "child":
        if age >= 18:
            return False
        return dosing.ages is None or dosing.ages[0] <= age <= dosing.ages[1]
    return dosing.audience == "any" or age >= 18


_TREATS = 2.5
"""Lift below which a drug of the survey is company, not treatment: a choice of ours, above
the 1.5 at which the graph keeps the edge. Drugs of comorbid patients lie between the two."""


def treatment_weight(p: float | None, lift: float | None) -> float:
    """How much a drug is a treatment of the condition, rather than company to it.

    A survey lists every drug of the visit, so a statin stands beside every cardiac
    diagnosis: lift over the base rate tells treatment from company. Curated edges and
    labelled indications, which have no lift, need no such correction.
    """
    chance = p if p is not None else 0.05
    if lift is None:
        return chance * 20
    if lift < _TREATS:
        return 0.0
    return float(chance * min(lift, 30.0) ** 1.5 / 8)


_BY_OTHERS = ("intraven", "infiltration", "intravitreal", "intramuscular", "epidural", "articular",
              "intrathecal", "local ", "nerve block", "spinal")  # fmt: skip


def taken_by_patient(dosing: Dosing) -> bool:
    """Whether a patient takes it at home, rather than having it given."""
    return not any(part in dosing.route for part in _BY_OTHERS)


_WORD = re.compile(r"[a-z]{4,}?(?=s?\b)")


@lru_cache(maxsize=1 << 15)
def words_of(name: str) -> frozenset[str]:
    """The words of a name that tell it from others."""
    return frozenset(_WORD.findall(name.lower()))


def repeats(a: Concept, b: Concept) -> bool:
    """Whether one says the other: the same, or one the wider of the two."""
    return a.id == b.id or a.id in b.values("broader") or b.id in a.values("broader")


def clashes(concept: Concept, held: Iterable[Concept]) -> bool:
    """Whether a concept repeats, widens or narrows one that is held, or shares a word with it."""
    words = words_of(concept.name)
    return any(repeats(concept, other) or words & words_of(other.name) for other in held)
