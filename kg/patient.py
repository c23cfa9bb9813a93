"""Who the patient is: age and sex from the condition's profile, inside its gates.

The weights of a profile are laid out over single years and both sexes, so that gates, the age
at which a symptom can be told and the cells of a quota are all the same thing: weights set to
nothing. What is left is the *gated profile*, and draws follow it exactly.
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import ceil
from typing import Literal

from casewright.kg.graph import AGE_BANDS, Condition
from casewright.kg.quotas import Quota
from casewright.records import Demographics, Setting, Sex

__all__ = [
    "OLDEST",
    "AgeSex",
    "AgeSexTable",
    "Sampling",
    "age_sex_weights",
    "draw_age_sex",
    "fits",
    "over_bands",
    "profile_of",
]

OLDEST = 95
"""Completed years of the oldest patient of a case."""

_SEXES: tuple[Sex, Sex] = ("female", "male")
_GENERAL_ADULT = (0, 0, 0, 0, 0.08, 0.14, 0.15, 0.17, 0.17, 0.15, 0.10, 0.04)
"""Ages for a condition of which the survey has no profile: a choice of ours."""

_NOTHING = 1e-9
"""Sum of weights that is none: what rounding leaves."""

_PERINATAL = 16
"""Chapter of conditions that begin before the 28th day of life: told of a one-month-old, the
youngest patient that a case can have."""

AgeSex = tuple[float, ...]
"""Weights of female at 0 years, male at 0 years, female at 1 year ... up to `OLDEST`."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How cases are sampled.

    Attributes:
        conditions: over clinical concepts: prevalence weighs a concept by its share of visits,
            tempered by the square root of it (the default: common things stay common, rare
            ones are seen), uniform not at all. The code follows from the concept: one with a
            side before one without, right as often as left.
        codes: ICD-10-CM codes or prefixes that the principal diagnosis is limited to.
        settings: weights of the settings.
        quotas: cells of patients with the share of the run that falls to each.
        encounters: so many encounters for each patient, one case each, in order of time.
        contrast: cases come in pairs of one patient with two diagnoses that are easily
            confused, and what tells them apart.
        max_comorbidities, max_denied, max_labs: upper bounds per case. A result that nine in
            ten patients with the condition have is never left out for others.
        max_symptoms: upper bound of the present symptoms. Where a condition's probabilities
            add up to more, all are scaled down in proportion, so that its frequencies fall
            short of the graph's; the default binds for hardly any condition.
    """

    conditions: Literal["prevalence", "tempered", "uniform"] = "tempered"
    codes: tuple[str, ...] = ()
    settings: tuple[tuple[Setting, float], ...] = (("outpatient", 0.7), ("inpatient", 0.3))
    quotas: tuple[Quota, ...] = ()
    encounters: int = 1
    contrast: bool = False
    max_comorbidities: int = 3
    max_symptoms: int = 8
    max_denied: int = 3
    max_labs: int = 3


def fits(condition: Condition, demographics: Demographics) -> bool:
    """Whether sex and age fit the condition's gates."""
    age = demographics.age_years + (demographics.age_months or 0) % 12 / 12
    return (
        (condition.sex is None or condition.sex == demographics.sex)
        and (condition.min_age is None or age >= condition.min_age)
        and (condition.max_age is None or demographics.age_years <= condition.max_age)
    )


@lru_cache(maxsize=4096)
def _by_year(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Shares of the bands over single years: even, but thinning out in the open last band."""
    years = [0.0] * (OLDEST + 1)
    for (first, last), weight in zip(AGE_BANDS, weights, strict=True):
        top = min(last, OLDEST)
        size = top - first + 1
        for k in range(size):
            # As the square of an even draw: half of those of 85 and more are under 88.
            share = ((k + 1) / size) ** 0.5 - (k / size) ** 0.5 if last > OLDEST else 1 / size
            years[first + k] += weight * share
    return tuple(years)


def profile_of(condition: Condition) -> AgeSex:
    """The condition's profile as the survey has it, before any gate."""
    share = 0.5 if condition.female_share is None else condition.female_share
    bands = condition.age_weights
    return _profile(tuple(bands) if bands else None, share)


@lru_cache(maxsize=16384)
def _profile(bands: tuple[float, ...] | None, female_share: float) -> AgeSex:
    weights = bands if bands and sum(bands) > _NOTHING else _GENERAL_ADULT
    return tuple(w for y in _by_year(weights) for w in (y * female_share, y * (1 - female_share)))


Gate = tuple[float, float, "Sex | None"]
"""Youngest and oldest in completed years, and the sex; None for both."""


@lru_cache(maxsize=4096)
def _admitted(gates: frozenset[Gate]) -> tuple[bool, ...]:
    """For each place of an `AgeSex`, whether any of the gates lets such a patient in."""
    admitted = [False] * (2 * (OLDEST + 1))
    for low, high, sex in gates:
        first, after = ceil(max(low, 0)), int(min(high, OLDEST)) + 1
        for side, each in enumerate(_SEXES):
            if sex in (None, each):
                admitted[2 * first + side : 2 * after : 2] = [True] * max(after - first, 0)
    return tuple(admitted)


def _inside(weights: AgeSex, gates: frozenset[Gate]) -> AgeSex:
    admitted = _admitted(gates)
    if all(admitted):
        return weights
    return tuple([w if ok else 0.0 for w, ok in zip(weights, admitted, strict=True)])


def age_sex_weights(
    condition: Condition,
    *,
    reports: frozenset[Gate] | None = None,
    rules: frozenset[Gate] = frozenset(),
    cell: Quota | None = None,
) -> AgeSex:
    """The gated profile: `profile_of` with nothing where the condition is not met.

    Args:
        reports: gates of the symptoms, at least one of which a patient must pass.
        rules: further gates of the condition, all of which a patient must pass.
        cell: a quota's limits of age and sex.

    Returns:
        Weights, which are all 0 when no patient of the cell can have the condition. Where
        the gates leave nothing of the profile they are even over the gates.
    """
    low = int(condition.min_age or 0)
    high = int(condition.max_age if condition.max_age is not None else OLDEST)
    share = 0.5 if condition.female_share is None else condition.female_share
    bands = condition.age_weights
    gate: Gate = (low, max(high, low), condition.sex)
    ages = cell.ages if cell is not None else None
    sex = cell.sex if cell is not None else None
    return _gated(
        tuple(bands) if bands else None, share, frozenset({gate, *rules}), reports, ages, sex
    )


_EVEN: AgeSex = (1.0,) * (2 * (OLDEST + 1))


@lru_cache(maxsize=16384)
def _gated(
    bands: tuple[float, ...] | None,
    female_share: float,
    gates: frozenset[Gate],
    reports: frozenset[Gate] | None,
    ages: tuple[int, int] | None,
    sex: Sex | None,
) -> AgeSex:
    found = _profile(bands, female_share)
    for gate in gates:
        found = _inside(found, frozenset([gate]))
    if sum(found) <= _NOTHING:
        found = _EVEN
        for gate in gates:
            found = _inside(found, frozenset([gate]))
    if reports is not None:
        telling = _inside(found, reports)
        if sum(telling) > _NOTHING:
            found = telling
    if ages is not None or sex is not None:
        first, last = ages or (0, OLDEST)
        found = _inside(found, frozenset([(first, last, sex)]))
    return found


@dataclass(frozen=True, slots=True)
class AgeSexTable:
    """Weights made ready to draw from."""

    cumulative: array[float]

    @staticmethod
    @lru_cache(maxsize=16384)
    def of(weights: AgeSex) -> AgeSexTable:
        """The table of these weights, shared by all conditions that have them."""
        return AgeSexTable(array("d", accumulate(weights)))

    def draw(self, rng: random.Random) -> tuple[int, Sex]:
        """Completed years and sex."""
        place = bisect(self.cumulative, rng.random() * self.cumulative[-1])
        return place >> 1, _SEXES[place & 1]


def draw_age_sex(condition: Condition, table: AgeSexTable, rng: random.Random) -> Demographics:
    """Draw age and sex; below two years, the months too."""
    years, sex = table.draw(rng)
    if years >= 2:
        return Demographics(years, sex, None)
    if condition.chapter == _PERINATAL:
        return Demographics(years, sex, years * 12 + 1)
    low = condition.min_age or 0.0
    start = round(low * 12) if int(low) == years else years * 12
    first = max(start, years * 12, 1)  # notes count from one month
    last = years * 12 + 11
    if condition.max_age is not None and condition.max_age < 1:
        last = max(int(condition.max_age * 12), 1)
    months = first + int((max(last, first) + 1 - first) * rng.random())
    return Demographics(years, sex, months)


def over_bands(weights: Sequence[float]) -> list[float]:
    """Sum single-year weights over the survey's bands, female and male in turn."""
    bands: list[float] = []
    for first, last in AGE_BANDS:
        for sex in (0, 1):
            bands.append(sum(weights[2 * first + sex : 2 * (min(last, OLDEST) + 1) : 2]))
    return bands
