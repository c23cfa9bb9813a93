"""Who the patient is: principal diagnosis, age, sex and comorbidities, from the graph's numbers."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from casewright.errors import CasewrightError
from casewright.kg.graph import AGE_BANDS, Condition, Graph
from casewright.records import Demographics, Setting, Sex

__all__ = ["ConditionSampler", "Sampling", "fits", "sample_comorbidities", "sample_demographics"]

_GENERAL_ADULT = (0, 0, 0, 0, 0.08, 0.14, 0.15, 0.17, 0.17, 0.15, 0.10, 0.04)
_PERINATAL = 16
"""Chapter of conditions that begin before the 28th day of life: told of a one-month-old, the
youngest patient that a case can have."""
_WITHOUT_VISITS = 1e-7
"""Visit share of a condition that the survey never saw: well below its smallest cell, which is
30 of 279,219 records, since thousands of codes share what is left."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How cases are sampled.

    Attributes:
        conditions: prevalence weighs a condition by its share of visits, tempered by the
            square root of it (the default: common things stay common, rare ones are seen),
            uniform not at all.
        codes: ICD-10-CM codes or prefixes that the principal diagnosis is limited to.
        settings: weights of the settings.
        max_comorbidities, max_symptoms, max_denied, max_labs: upper bounds per case.
    """

    conditions: Literal["prevalence", "tempered", "uniform"] = "tempered"
    codes: tuple[str, ...] = ()
    settings: tuple[tuple[Setting, float], ...] = (("outpatient", 0.7), ("inpatient", 0.3))
    max_comorbidities: int = 3
    max_symptoms: int = 4
    max_denied: int = 3
    max_labs: int = 3


class ConditionSampler:
    """Draws principal diagnoses for each setting.

    Raises:
        CasewrightError: when `codes` matches no condition that can be a principal diagnosis
            in a setting that is asked for.
    """

    def __init__(self, graph: Graph, sampling: Sampling) -> None:
        self._tables: dict[Setting, tuple[Sequence[Condition], list[float]]] = {}
        chosen = [c for c in graph.principals if _wanted(c.code, sampling.codes)]
        for code in sampling.codes:
            if not any(_wanted(c.code, (code,)) for c in chosen):
                self._explain(graph, code)
        empty: list[Setting] = []
        for setting, weight in sampling.settings:
            pool = [c for c in chosen if fits_setting(c, setting) and _likely_in(c, setting) > 0]
            if weight > 0 and not pool:
                empty.append(setting)
            weights = [_weight(c, sampling.conditions) * _likely_in(c, setting) for c in pool]
            self._tables[setting] = (pool, list(accumulate(weights)))
        usable = [(s, w) for s, w in sampling.settings if w > 0 and s not in empty]
        if not usable:
            raise CasewrightError(
                "no condition of sampling.codes is seen in a setting of sampling.settings",
                valid="outpatient, emergency, inpatient",
                fix="widen sampling.codes or give another setting a weight",
            )
        self._settings = [s for s, _ in usable]
        self._setting_weights = list(accumulate(w for _, w in usable))

    @staticmethod
    def _explain(graph: Graph, code: str) -> None:
        condition = graph.condition(code)  # raises with near matches for a code that is none
        raise CasewrightError(
            f"{condition.code} ({condition.title}) cannot be a principal diagnosis",
            valid="codes with symptoms, treatment and a test: see `casewright kg stats`",
            fix=f"see `casewright kg show {condition.code}`, or choose a neighbouring code",
        )

    def setting(self, rng: random.Random) -> Setting:
        """Draw a setting by weight."""
        return self._settings[
            bisect(self._setting_weights, rng.random() * self._setting_weights[-1])
        ]

    def condition(self, setting: Setting, rng: random.Random) -> Condition:
        """Draw a principal diagnosis that is seen in the setting."""
        pool, cumulative = self._tables[setting]
        return pool[min(bisect(cumulative, rng.random() * cumulative[-1]), len(pool) - 1)]


def _wanted(code: str, prefixes: Sequence[str]) -> bool:
    plain = code.replace(".", "")
    return not prefixes or any(plain.startswith(p.upper().replace(".", "")) for p in prefixes)


def _weight(condition: Condition, how: str) -> float:
    share = max(condition.visit_share, _WITHOUT_VISITS)
    if condition.visit_share == 0 and _is_residual(condition.title):
        share *= 0.1  # what coders reach for last: "other specified ...", "unspecified ..."
    if how == "prevalence":
        return share
    return share**0.5 if how == "tempered" else 1.0


def _is_residual(title: str) -> bool:
    lowered = title.lower()
    return any(word in lowered for word in ("other ", "unspecified", "elsewhere classified"))


# How readily a condition that may be seen anywhere brings someone to a ward, by chapter: a
# choice of ours, so that nobody is admitted for a stye. Curated acuity goes before it.
_ADMITTED = {
    1: 0.6, 2: 0.4, 3: 0.4, 4: 0.3, 5: 0.2, 6: 0.3, 7: 0.0, 8: 0.0, 9: 0.6, 10: 0.6, 11: 0.6,
    12: 0.1, 13: 0.1, 14: 0.3, 15: 0.6, 16: 0.9, 17: 0.3, 18: 0.2, 19: 0.15, 20: 0.0, 21: 0.0,
    22: 0.6,
}  # fmt: skip
_SELDOM_ADMITTED = (
    "J0", "J30", "J31", "D1", "D2", "D3", "K0", "K1", "L7", "N6", "N7", "E78", "B0", "B35",
    "B36", "S0", "S9", "S60", "S61", "S63", "S80", "S81", "S83", "M2",
)  # fmt: skip


def _likely_in(condition: Condition, setting: Setting) -> float:
    if setting != "inpatient" or condition.acuity == "inpatient":
        return 1.0
    if condition.code.startswith(_SELDOM_ADMITTED):
        return 0.02 * _ADMITTED.get(condition.chapter, 0.1)
    return _ADMITTED.get(condition.chapter, 0.1)


def fits_setting(condition: Condition, setting: Setting) -> bool:
    """Whether a condition of that acuity is seen in the setting."""
    if condition.acuity == "either":
        return True
    return (condition.acuity == "inpatient") == (setting == "inpatient")


def fits(condition: Condition, demographics: Demographics) -> bool:
    """Whether sex and age fit the condition's gates."""
    age = demographics.age_years + (demographics.age_months or 0) % 12 / 12
    return (
        (condition.sex is None or condition.sex == demographics.sex)
        and (condition.min_age is None or age >= condition.min_age)
        and (condition.max_age is None or demographics.age_years <= condition.max_age)
    )


def sample_demographics(condition: Condition, rng: random.Random) -> Demographics:
    """Draw age and sex by the condition's profile, inside its gates."""
    low = condition.min_age or 0.0
    high = min(condition.max_age if condition.max_age is not None else 95.0, 95.0)
    weights = condition.age_weights or _GENERAL_ADULT
    bands = [
        (max(first, low), min(last, high), weight)
        for (first, last), weight in zip(AGE_BANDS, weights, strict=True)
        if weight > 0 and last >= low and first <= high
    ]
    if not bands:
        bands = [(low, high, 1.0)]
    first, last, _ = rng.choices(bands, [w for _, _, w in bands])[0]
    years = _age_in_band(int(first), max(int(last), int(first)), rng)
    months = None
    if years < 2:
        start = round(low * 12) if int(low) == years else years * 12
        months = rng.randint(max(start, years * 12, 1), years * 12 + 11)  # notes count from one
        if condition.chapter == _PERINATAL:
            months = 1
    sex: Sex
    if condition.sex is not None:
        sex = condition.sex
    else:
        share = 0.5 if condition.female_share is None else condition.female_share
        sex = "female" if rng.random() < share else "male"
    return Demographics(years, sex, months)


def _age_in_band(first: int, last: int, rng: random.Random) -> int:
    """Uniform, but thinning out in the open band of the oldest (85 and more)."""
    if first >= 80 and last > first:
        return first + int((last - first + 1) * rng.random() ** 2)
    return rng.randint(first, last)


def sample_comorbidities(
    graph: Graph,
    principal: Condition,
    demographics: Demographics,
    rng: random.Random,
    *,
    at_most: int,
) -> list[Condition]:
    """Draw chronic conditions that go with the principal one, by observed over expected.

    Excludes1 is respected against the principal diagnosis and each other, and no two come
    from one category.
    """
    chosen: list[Condition] = []
    for edge in graph.edges(principal.id, "comorbid_with"):
        if len(chosen) >= at_most:
            break
        if rng.random() >= min((edge.p or 0.05) * 1.5, 0.6):
            continue  # the survey lists three diagnoses at most, so its shares are lower bounds
        other = graph.concept(edge.target)
        if not isinstance(other, Condition) or not other.chronic or not fits(other, demographics):
            continue
        held = [principal, *chosen]
        if any(_same_category(other, h) or graph.excludes1(other.code, h.code) for h in held):
            continue
        chosen.append(other)
    return chosen


def _same_category(a: Condition, b: Condition) -> bool:
    return a.code[:3] == b.code[:3] or a.name == b.name
