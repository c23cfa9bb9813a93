"""Questionnaires: item scores of PHQ-9 and GAD-7 as facts of a case.

A case of depression, anxiety or the like, first or beside another illness, carries a score for
each item (0 to 3) and a total. The total lies where the diagnosis and its severity put it
(`questionnaires.yaml`); the items add up to it and agree with the symptoms that the case has or
denies. The last item of PHQ-9 asks of thoughts of death: it is 0 in most cases, 2 at most, and
whoever has such thoughts is asked for a plan, has none, and is told what to do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from casewright.kg.plans import SEVERITIES, Severity
from casewright.records import CodedDiagnosis, Demographics, Fact, Polarity, Setting

__all__ = [
    "Instrument",
    "Item",
    "Questionnaires",
    "ScoredItem",
    "load_questionnaires",
    "with_scores",
]

YOUNGEST = 18
"""Both papers are of adults."""

_PLAN = "finding:si_active"
_PLAN_NAME = "active suicidal thoughts with a plan"
_WHAT_TO_DO = "go to the emergency department or call the crisis line if the thoughts get stronger"
_WHAT_TO_DO_ID = "follow_up:crisis_line"


_SAFETY = (("asks", "safety"),)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Item(_Strict):
    """One question. See questionnaires.yaml."""

    name: str
    wordings: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    weight: float = Field(ge=0)
    most: int = Field(default=3, ge=1, le=3)
    safety: bool = False


class Instrument(_Strict):
    """A questionnaire: its items and the first total of each band.

    `test` is the graph's node of the screening.
    """

    name: str
    slug: str
    test: str
    bands: tuple[tuple[int, str], ...]
    items: tuple[Item, ...]

    @property
    def highest(self) -> int:
        """The highest total."""
        return 3 * len(self.items)

    def band(self, total: int) -> str:
        """The published name of the severity that a total stands for."""
        return [name for first, name in self.bands if total >= first][-1]

    def concept(self, number: int | None = None) -> str:
        """The id of an item's fact by its number from 1; of the total without one."""
        return f"score:{self.slug}_{'total' if number is None else number}"


class Answer(_Strict):
    """How often, in words: the place among the answers is the score."""

    often: str
    wordings: tuple[str, ...] = ()


class Profile(_Strict):
    """Where totals lie with a diagnosis, in a mild, a moderate and a severe illness."""

    codes: tuple[str, ...]
    phq9: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    gad7: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

    def range_of(self, slug: str, severity: Severity) -> tuple[int, int]:
        """Lowest and highest total."""
        ranges = self.phq9 if slug == "phq9" else self.gad7
        return ranges[SEVERITIES.index(severity)]


class Questionnaires(_Strict):
    """questionnaires.yaml in memory."""

    answers: tuple[Answer, Answer, Answer, Answer]
    instruments: tuple[Instrument, ...]
    profiles: tuple[Profile, ...]

    def profile_of(self, code: str) -> Profile | None:
        """The profile with the longest prefix that fits the code."""
        fitting = [(p, c) for p in self.profiles for c in p.codes if code.startswith(c)]
        return max(fitting, key=lambda f: len(f[1]))[0] if fitting else None

    def scored(self) -> Mapping[str, ScoredItem]:
        """Items and totals by the concept of their fact."""
        return _scored(self)


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """What a score fact is of: an item of an instrument, or its total (`item` is None)."""

    instrument: Instrument
    item: Item | None


@lru_cache(maxsize=1)
def load_questionnaires() -> Questionnaires:
    """Read questionnaires.yaml, which is part of the package."""
    path = Path(__file__).with_name("questionnaires.yaml")
    return Questionnaires.model_validate(yaml.safe_load(path.read_text("utf-8")))


@lru_cache(maxsize=4)
def _scored(known: Questionnaires) -> Mapping[str, ScoredItem]:
    found: dict[str, ScoredItem] = {}
    for instrument in known.instruments:
        found[instrument.concept()] = ScoredItem(instrument, None)
        for number, item in enumerate(instrument.items, 1):
            found[instrument.concept(number)] = ScoredItem(instrument, item)
    return found


def with_scores(
    facts: Sequence[Fact],
    diagnoses: Sequence[CodedDiagnosis],
    who: Demographics,
    setting: Setting,
    severity: Severity,
    rng: random.Random,
) -> tuple[Fact, ...]:
    """The facts of a case with those of questionnaires: item scores, totals, the safety plan.

    Args:
        facts: of the case so far; `diagnoses`: its codes, the principal one first.
        severity: of the principal diagnosis; one beside it counts as mild or moderate.

    Returns:
        All facts. None is added where nobody would be asked: children, wards and emergency
        departments, and cases without a diagnosis that the questionnaires are for.
    """
    known = load_questionnaires()
    if setting != "outpatient" or who.age_years < YOUNGEST:
        return tuple(facts)
    profile, how = None, severity
    for place, diagnosis in enumerate(diagnoses):
        profile = known.profile_of(diagnosis.code)
        if profile is not None:
            if place:
                how = "mild" if rng.random() < 0.5 else "moderate"
            break
    if profile is None:
        return tuple(facts)
    held: dict[str, Polarity] = {f.concept: f.polarity for f in facts}
    last = max((int(f.fact_id[1:]) for f in facts), default=0)
    added: list[Fact] = []
    replaced: dict[str, Fact] = {}

    def add(type_: str, concept: str, name: str, **more: object) -> None:
        added.append(Fact(f"f{last + 1 + len(added):02d}", type_, concept, name, **more))  # type: ignore[arg-type]

    for instrument in known.instruments:
        low, high = profile.range_of(instrument.slug, how)
        scores = _items(instrument, rng.randint(low, high), held, rng)
        for number, (item, score) in enumerate(zip(instrument.items, scores, strict=True), 1):
            attributes = [("instrument", instrument.name), ("item", str(number))]
            attributes.append(("often", known.answers[score].often))
            if item.safety:
                attributes.extend(_SAFETY)
            add("score", instrument.concept(number), item.name, value=str(score),
                attributes=tuple(attributes))  # fmt: skip
            if item.safety and score and _PLAN not in held:
                add("finding", _PLAN, _PLAN_NAME, polarity="denied", attributes=_SAFETY)
                add("follow_up", _WHAT_TO_DO_ID, _WHAT_TO_DO, attributes=_SAFETY)
        total = sum(scores)
        band = (("instrument", instrument.name), ("band", instrument.band(total)))
        add("score", instrument.concept(), instrument.name, value=str(total), attributes=band)
        screened = next((f for f in facts if f.concept == instrument.test), None)
        if screened is not None:  # the same questionnaire, as the chart has it: one result of both
            replaced[screened.fact_id] = replace(added.pop(), fact_id=screened.fact_id)
    return (*(replaced.get(f.fact_id, f) for f in facts), *added)


def _items(
    instrument: Instrument, total: int, held: Mapping[str, Polarity], rng: random.Random
) -> list[int]:
    """Scores that add up to the total, as near as the symptoms of the case allow."""
    scores, most = [], []
    for item in instrument.items:
        said = {held.get(concept) for concept in item.concepts}
        least = 1 if "present" in said else 0
        top = 0 if "denied" in said and not least else item.most
        if item.safety and not least:
            # Rare by design, and rarer the better the patient is.
            p = 0.0 if total < instrument.bands[2][0] else total / instrument.highest / 2
            least = int(top > 0 and rng.random() < p)
            top = least
        scores.append(least)
        most.append(top)
    for _ in range(total - sum(scores)):
        open_ = list(_open(instrument, scores, most))
        if not open_:
            break
        weights = [w for _, w in open_]
        ((place, _),) = rng.choices(open_, weights)
        scores[place] += 1
    return scores


def _open(
    instrument: Instrument, scores: Sequence[int], most: Sequence[int]
) -> Iterator[tuple[int, float]]:
    """Items that can take a point more, with how readily they do."""
    for place, item in enumerate(instrument.items):
        if scores[place] < most[place] and item.weight > 0:
            yield place, item.weight
