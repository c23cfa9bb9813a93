"""Which principal diagnosis: concepts by weight, then one of their codes."""

from __future__ import annotations

from array import array
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from casewright.errors import CasewrightError
from casewright.kg.graph import Condition, Graph
from casewright.kg.patient import Sampling, age_sex_weights
from casewright.kg.quotas import Quota, QuotaPlan
from casewright.records import Setting

__all__ = ["ConditionSampler", "fits_setting", "likely_in", "variant_weight"]

_WITHOUT_VISITS = 1e-7
"""Visit share of a condition that the survey never saw: well below its smallest cell, which is
30 of 279,219 records, since thousands of codes share what is left."""
_HOSPITAL_SHARE = 3e-4
"""Visit share that a condition of wards or emergency departments counts as having there at
least, when the survey of offices hardly saw it: about the median of those that it saw. A choice
of ours, so that wards are full of what brings people to them."""


@dataclass(frozen=True, slots=True)
class _Pool:
    """Conditions of one cell in one setting, ready to draw from."""

    conditions: Sequence[Condition]
    cumulative: array[float]

    def at(self, u: float) -> Condition:
        return self.conditions[
            min(bisect(self.cumulative, u * self.cumulative[-1]), len(self.conditions) - 1)
        ]


class ConditionSampler:
    """Draws setting and principal diagnosis, by the weights and the quotas.

    Raises:
        CasewrightError: when `codes` or a quota match no condition that can be a principal
            diagnosis in a setting that is asked for.
    """

    def __init__(self, graph: Graph, sampling: Sampling) -> None:
        self._sampling = sampling
        self.quotas = QuotaPlan(sampling.quotas)
        chosen = [c for c in graph.principals if _wanted(c.code, sampling.codes)]
        for code in sampling.codes:
            if not any(_wanted(c.code, (code,)) for c in chosen):
                self._explain(graph, code)
        self._pools: dict[tuple[int | None, Setting], _Pool] = {}
        self._settings: dict[int | None, tuple[Sequence[Setting], list[float]]] = {}
        cells = self.quotas.cells
        for number in range(len(cells)) if cells else (None,):
            cell = None if number is None else cells[number]
            self._prepare(number, cell, chosen)

    def _prepare(self, number: int | None, cell: Quota | None, chosen: list[Condition]) -> None:
        usable: list[tuple[Setting, float]] = []
        for setting, weight in self._sampling.settings:
            if cell is not None and cell.setting is not None:
                continue
            if weight > 0 and self._fill(number, cell, setting, chosen):
                usable.append((setting, weight))
        if cell is not None and cell.setting and self._fill(number, cell, cell.setting, chosen):
            usable.append((cell.setting, 1.0))
        if usable:
            self._settings[number] = [s for s, _ in usable], list(accumulate(w for _, w in usable))
        elif cell is None:
            raise CasewrightError(
                "no condition of sampling.codes is seen in a setting of sampling.settings",
                valid="outpatient, emergency, inpatient",
                fix="widen sampling.codes or give another setting a weight",
            )
        else:
            raise CasewrightError(
                f"the quota of sampling.quotas ({cell.describe()}) cannot be met: no condition "
                "of it is seen in such patients in a setting of sampling.settings",
                valid="codes, ages, sex and setting that go together",
                fix="widen the cell, sampling.codes or sampling.settings, or drop the cell",
            )

    def _fill(
        self, number: int | None, cell: Quota | None, setting: Setting, chosen: list[Condition]
    ) -> bool:
        pool = [c for c in chosen if fits_setting(c, setting) and likely_in(c, setting) > 0]
        if cell is not None:
            pool = [c for c in pool if _wanted(c.code, cell.codes)]
            pool = [c for c in pool if not cell.chapters or c.chapter in cell.chapters]
        weights = _weights(pool, self._sampling.conditions, setting)
        if cell is not None and (cell.ages or cell.sex):
            weights = [w * _part(c, cell) for c, w in zip(pool, weights, strict=True)]
        kept = [(c, w) for c, w in zip(pool, weights, strict=True) if w > 0]
        if kept:
            self._pools[number, setting] = _Pool(
                [c for c, _ in kept], array("d", accumulate(w for _, w in kept))
            )
        return bool(kept)

    @staticmethod
    def _explain(graph: Graph, code: str) -> None:
        condition = graph.condition(code)  # raises with near matches for a code that is none
        raise CasewrightError(
            f"{condition.code} ({condition.title}) cannot be a principal diagnosis",
            valid="codes with symptoms, treatment and a test: see `casewright kg stats`",
            fix=f"see `casewright kg show {condition.code}`, or choose a neighbouring code",
        )

    @property
    def chapters(self) -> list[int]:
        """Chapters of ICD-10-CM that a principal diagnosis can be of, ascending."""
        return sorted({c.chapter for pool in self._pools.values() for c in pool.conditions})

    def cell(self, index: int) -> Quota | None:
        """The quota cell of a case; None without quotas."""
        number = self.quotas.cell_of(index)
        return None if number is None else self.quotas.cells[number]

    def setting(self, index: int, u: float) -> Setting:
        """The setting of a case by weight, for `u` drawn evenly from 0 to 1."""
        names, cumulative = self._settings[self.quotas.cell_of(index)]
        return names[bisect(cumulative, u * cumulative[-1])]

    def condition(self, index: int, setting: Setting, u: float) -> Condition:
        """A principal diagnosis that is seen in the setting, for `u` drawn evenly."""
        return self._pools[self.quotas.cell_of(index), setting].at(u)

    def pool(self, setting: Setting) -> Sequence[Condition]:
        """Every condition that can be drawn in the setting without regard to quotas."""
        pools = [p for (_, s), p in self._pools.items() if s == setting]
        return max((p.conditions for p in pools), key=len, default=())


def _wanted(code: str, prefixes: Sequence[str]) -> bool:
    plain = code.replace(".", "")
    return not prefixes or any(plain.startswith(p.upper().replace(".", "")) for p in prefixes)


def _part(condition: Condition, cell: Quota) -> float:
    """The part of a condition's patients that are of the cell's ages and sex."""
    all_of_it = sum(age_sex_weights(condition))
    return sum(age_sex_weights(condition, cell=cell)) / all_of_it


def _weights(
    pool: Sequence[Condition],
    how: Literal["prevalence", "tempered", "uniform"],
    setting: Setting,
) -> list[float]:
    """Weights of codes: their concept's, divided among the codes of it that are in the pool."""
    concepts: dict[str, float] = defaultdict(float)
    variants: dict[str, float] = defaultdict(float)
    likely: dict[str, float] = {}
    for condition in pool:
        concepts[condition.concept] += _share(condition, setting)
        variants[condition.concept] += variant_weight(condition)
        weight = likely_in(condition, setting)
        likely[condition.concept] = max(likely.get(condition.concept, 0.0), weight)
    found = []
    for condition in pool:
        name = condition.concept
        weight = concepts[name] ** _POWER[how]
        # Over concepts, whatever is seen there at all counts alike; a stye on a ward is not.
        place = likely[name] if how != "uniform" or likely[name] < _HARDLY else 1.0
        found.append(weight * place * variant_weight(condition) / variants[name])
    return found


_POWER = {"prevalence": 1.0, "tempered": 0.5, "uniform": 0.0}
_HARDLY = 0.05


def variant_weight(condition: Condition) -> float:
    """How often a code is chosen among the codes of its concept.

    A side is documented whenever there is one, and right is as common as left: choices of
    ours, since no survey under ICD-9-CM recorded sides.
    """
    side = {"unspecified": 0.1, "bilateral": 0.3}.get(condition.laterality or "", 1.0)
    if condition.encounter == "subsequent":
        return side * 0.2
    return side * 0.01 if condition.encounter == "sequela" else side


def _share(condition: Condition, setting: Setting) -> float:
    share = max(condition.visit_share, _WITHOUT_VISITS)
    if condition.visit_share == 0 and _is_residual(condition.title):
        share *= 0.1  # what coders reach for last: "other specified ...", "unspecified ..."
    if setting != "outpatient" and setting in condition.values("setting"):
        share = max(share, _HOSPITAL_SHARE)
    return share


def _is_residual(title: str) -> bool:
    lowered = title.lower()
    return any(word in lowered for word in ("other ", "unspecified", "elsewhere classified"))


# How readily a condition that may be seen anywhere brings someone to a ward, by chapter: a
# choice of ours, so that nobody is admitted for a stye. Curated settings go before it.
_ADMITTED = {
    1: 0.6, 2: 0.4, 3: 0.4, 4: 0.3, 5: 0.2, 6: 0.3, 7: 0.0, 8: 0.0, 9: 0.6, 10: 0.6, 11: 0.6,
    12: 0.1, 13: 0.1, 14: 0.3, 15: 0.6, 16: 0.9, 17: 0.3, 18: 0.2, 19: 0.15, 20: 0.0, 21: 0.0,
    22: 0.6,
}  # fmt: skip
_SELDOM_ADMITTED = (
    "J0", "J30", "J31", "D1", "D2", "D3", "K0", "K1", "L7", "N6", "N7", "E78", "B0", "B35",
    "B36", "S0", "S9", "S60", "S61", "S63", "S80", "S81", "S83", "M2",
)  # fmt: skip


def likely_in(condition: Condition, setting: Setting) -> float:
    """How readily a condition brings a patient to the setting, from 0 to 1."""
    settings = condition.values("setting")
    if settings:
        return 1.0 if setting in settings else 0.0
    if setting == "outpatient":
        return 1.0
    if setting == "emergency":
        return _to_emergency(condition)
    if condition.acuity == "inpatient":
        return 1.0
    if condition.code.startswith(_SELDOM_ADMITTED):
        return 0.02 * _ADMITTED.get(condition.chapter, 0.1)
    return _ADMITTED.get(condition.chapter, 0.1)


_INJURY, _HEALTH_SERVICES = 19, 21


def _to_emergency(condition: Condition) -> float:
    """A choice of ours: injuries and acute illness, seldom what is chronic or planned."""
    if condition.chapter == _HEALTH_SERVICES:
        return 0.02
    if condition.chapter == _INJURY:
        return 1.0
    return 0.15 if condition.chronic else 0.6


def fits_setting(condition: Condition, setting: Setting) -> bool:
    """Whether a condition is seen in the setting, by its curated settings or its acuity."""
    settings = condition.values("setting")
    if settings:
        return setting in settings
    if condition.acuity == "either":
        return True
    return (condition.acuity == "inpatient") == (setting == "inpatient")
