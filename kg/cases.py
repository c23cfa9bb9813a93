"""Sampling cases: one coherent fictional patient at one encounter, or at several.

Case i is a pure function of (graph, sampling, seed, i): every draw comes from a generator
named by seed and index, so shards and order do not matter.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from casewright.errors import CasewrightError
from casewright.kg import history
from casewright.kg.chart import Carried, Chart
from casewright.kg.conditions import ConditionSampler
from casewright.kg.contrast import Contrasts
from casewright.kg.draws import pick_weighted
from casewright.kg.graph import Condition, Graph
from casewright.kg.identity import RecordNumbers, load_name_pools, sample_identity
from casewright.kg.patient import Sampling, draw_age_sex, fits
from casewright.kg.plans import SEVERITIES, ConditionPlan, Plans, Severity
from casewright.kg.questionnaires import with_scores
from casewright.kg.symptoms import Negatives
from casewright.kg.timeline import Timelines
from casewright.records import Case, CodedDiagnosis, Demographics, Identity, Setting
from casewright.seeds import derive_rng, derive_seed

__all__ = ["CaseSampler"]

_STAY_DAYS: dict[Severity, tuple[int, int]] = {
    "mild": (1, 3),
    "moderate": (2, 6),
    "severe": (4, 12),
}
_MOST_COMPLICATIONS = 2


class CaseSampler:
    """Samples cases from a graph.

    Args:
        styles, personas: names with their weights. A style goes to each case and a persona to
            each patient by turns, so that any stretch of a run has its share of each.

    Raises:
        CasewrightError: codes or quotas that no case can meet, or timelines and contrast
            pairs at once.
    """

    def __init__(
        self,
        graph: Graph,
        sampling: Sampling,
        seed: int,
        *,
        styles: Sequence[tuple[str, float]] = (("narrative", 1.0),),
        personas: Sequence[tuple[str, float]] = (("plain", 1.0),),
    ) -> None:
        if sampling.encounters > 1 and sampling.contrast:
            raise CasewrightError(
                "sampling.contrast pairs single encounters, but sampling.encounters is "
                f"{sampling.encounters}",
                fix="set one of the two back",
            )
        self.plans = Plans(graph)
        self.negatives = Negatives(graph)
        self.sampling = sampling
        self._seed = seed
        self.conditions = ConditionSampler(graph, sampling)
        self._numbers = RecordNumbers(seed)
        # Read the pools now: the first case shall not wait for them.
        history.prepare()
        load_name_pools()
        self._styles = _Table.of(styles)
        self._personas = _Table.of(personas)
        self._timelines = Timelines(self) if sampling.encounters > 1 else None
        self._contrasts = Contrasts(self) if sampling.contrast else None

    def setting(self, index: int) -> Setting:
        """The setting of case `index`; where patients have one encounter, without sampling it."""
        if self._timelines is not None:
            return self.case(index).setting
        if self._contrasts is not None:
            index //= 2
        return self._setting(index)

    def _setting(self, patient: int) -> Setting:
        u = derive_seed(self._seed, "setting", patient) / 2**63
        return self.conditions.setting(patient, u)

    def case(self, index: int) -> Case:
        """Case `index`."""
        if self._timelines is not None:
            return self._timelines.case(index)
        if self._contrasts is not None:
            return self._contrasts.case(index)
        return self.first(index, index)[0]

    def cases(self, indices: Iterable[int]) -> Iterator[Case]:
        """Cases by index, lazily."""
        return map(self.case, indices)

    # ------------------------------------------------------------------ for timelines and pairs

    def first(self, patient: int, index: int, attempt: int = 0) -> tuple[Case, Chart]:
        """A patient's first encounter as case `index`, with the chart that it was taken from.

        Another `attempt` is another illness in the same setting.
        """
        rng = derive_rng(self._seed, "case", patient, *([attempt] if attempt else ()))
        setting = self._setting(patient)
        principal = self.conditions.condition(patient, setting, rng.random())
        cell = self.conditions.cell(patient)
        who = draw_age_sex(principal, self.plans.ages(principal, cell), rng)
        plan = self.plans.of(principal)
        comorbid = self._comorbidities(plan, who, rng)
        severity = pick_severity(plan, setting, rng)
        return self.encounter(
            patient=patient, index=index, plan=plan, who=who, comorbid=comorbid,
            setting=setting, severity=severity, rng=rng,
        )  # fmt: skip

    def encounter(
        self,
        *,
        patient: int,
        index: int,
        plan: ConditionPlan,
        who: Demographics,
        comorbid: Sequence[Condition],
        setting: Setting,
        severity: Severity,
        rng: random.Random,
        coded: Condition | None = None,
        carried: Carried | None = None,
        identity: Identity | None = None,
    ) -> tuple[Case, Chart]:
        """Write the chart of one encounter and make a case of it.

        Args:
            coded: the principal diagnosis where its code is not the plan's own.
            carried: what is known of the patient already.
            identity: the patient's at this very encounter; drawn without one.
        """
        complications: list[Condition] = []
        if setting != "outpatient" and (carried is None or carried.abating == 1.0):
            complications = self._complications(plan, who, comorbid, severity, rng)
        chart = Chart(
            self.plans, self.negatives, self.sampling, rng, setting, plan, who, comorbid,
            severity, complications, carried, coded,
        )  # fmt: skip
        facts = chart.write()
        codes = (
            CodedDiagnosis((coded or plan.condition).code, "", "principal"),
            *map(_secondary, comorbid),
        )
        scores = self.rng("scores", patient, index)
        facts = with_scores(facts, codes, who, setting, severity, scores)
        principal = coded or plan.condition
        if identity is None:
            stay = self.stay(plan, setting, severity, rng)
            mrn = self._numbers.of(patient)
            identity = sample_identity(who, setting, rng, mrn=mrn, stay_days=stay)
        case = Case(
            case_id=f"c{index:06d}",
            index=index,
            demographics=who,
            setting=setting,
            icd10=(
                CodedDiagnosis(principal.code, principal.title, "principal"),
                *map(_secondary, comorbid),
                *map(_secondary, complications),
            ),
            facts=facts,
            identity=identity,
            style=self._styles.at(_even(self._seed, "style", index)),
            persona=self._personas.at(_even(self._seed, "persona", patient)),
            severity=severity,
            patient_id=f"p{patient:06d}",
        )
        return case, chart

    def stay(
        self, plan: ConditionPlan, setting: Setting, severity: Severity, rng: random.Random
    ) -> int:
        """Days of a stay: the condition's own span, longer for the severe; 0 outside a ward."""
        if setting != "inpatient":
            return 0
        if plan.stay is None:
            first, last = _STAY_DAYS[severity]
        else:
            first, last = plan.stay
            third = (last - first) / 3
            place = SEVERITIES.index(severity)
            first, last = round(first + place * third), round(first + (place + 1) * third)
        return max(first + int((last - first + 1) * rng.random()), 1)

    def rng(self, *keys: str | int) -> random.Random:
        """A generator named by the seed and the keys."""
        return derive_rng(self._seed, *keys)

    def _comorbidities(
        self, plan: ConditionPlan, who: Demographics, rng: random.Random
    ) -> list[Condition]:
        """Draw chronic conditions that go with the principal one, by observed over expected.

        Excludes1 is respected against the principal diagnosis and each other, and no two come
        from one category.
        """
        chosen: list[Condition] = []
        if self.sampling.max_comorbidities == 0:
            return chosen
        for other, p in plan.comorbid:
            if (
                rng.random() < p
                and fits(other, who)
                and self.plans.beside(plan.condition, chosen, other)
            ):
                chosen.append(other)
                if len(chosen) == self.sampling.max_comorbidities:
                    break
        return chosen

    def _complications(
        self,
        plan: ConditionPlan,
        who: Demographics,
        comorbid: Sequence[Condition],
        severity: Severity,
        rng: random.Random,
    ) -> list[Condition]:
        chosen: list[Condition] = []
        for other, p, severities in plan.complications:
            if severities and severity not in severities:
                continue
            if (
                rng.random() < p
                and fits(other, who)
                and self.plans.beside(plan.condition, [*comorbid, *chosen], other)
            ):
                chosen.append(other)
                if len(chosen) == _MOST_COMPLICATIONS:
                    break
        return chosen


def pick_severity(plan: ConditionPlan, setting: Setting, rng: random.Random) -> Severity:
    """Mild, moderate or severe, by the condition's mix."""
    mix = plan.mix(setting)
    return pick_weighted(SEVERITIES, lambda s: mix[SEVERITIES.index(s)], rng)


def _secondary(condition: Condition) -> CodedDiagnosis:
    return CodedDiagnosis(condition.code, condition.title, "secondary")


# Two irrational steps that keep out of each other's way: powers of 1/p, with p the plastic number
# (M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
_STEPS = {"style": 0.7548776662466927, "persona": 0.5698402909980532}


def _even(seed: int, what: str, number: int) -> float:
    """The place of a number from 0 to 1 on an even sequence that the seed sets off."""
    start = derive_seed(seed, what) / 2**63
    return (start + number * _STEPS[what]) % 1.0


@dataclass(frozen=True, slots=True)
class _Table:
    names: tuple[str, ...]
    cumulative: tuple[float, ...]

    @classmethod
    def of(cls, weighted: Sequence[tuple[str, float]]) -> _Table:
        return cls(tuple(n for n, _ in weighted), tuple(accumulate(w for _, w in weighted)))

    def at(self, u: float) -> str:
        return self.names[bisect(self.cumulative, u * self.cumulative[-1])]
