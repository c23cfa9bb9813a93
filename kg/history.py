"""Allergies, social and family history, disposition and follow-up: history.yaml, sampled.

The rules of the shares (p, p_by_age, raised, weight, rest) are explained at the head of
kg/curated/history.yaml.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import yaml

from casewright.kg.compile.schema import (
    FamilyEntry,
    HistoryFile,
    PlanEntry,
    Raised,
    RiskEntry,
    Statement,
)
from casewright.kg.curated import folder
from casewright.kg.graph import Concept, Condition, Graph
from casewright.records import Demographics, Setting

__all__ = [
    "FamilyMember",
    "Habit",
    "Next",
    "sample_allergies",
    "sample_family",
    "sample_plan",
    "sample_social",
]

ANY_ALLERGY = 0.35
"""Share of patients with a recorded drug allergy (Zhou L et al., Allergy 2016;71:1305-13:
35.5% of 1.77 million)."""

_TOPICS = ("tobacco", "alcohol", "living", "work")
_TOPIC_SHARE = {"tobacco": 0.8, "alcohol": 0.5, "living": 0.4, "work": 0.5}
"""How often a case says something of a topic: a choice of ours for variety."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Habit:
    """A statement of the social history, in the third and the first person."""

    concept: str
    text: str
    first: str


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """A relative's disease."""

    concept: str
    name: str
    relative: str
    code: str


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next. `concept` is "disposition:n" or "follow_up:n"."""

    concept: str
    text: str


@lru_cache(maxsize=1)
def _history() -> HistoryFile:
    path = folder() / "history.yaml"
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return HistoryFile.model_validate(yaml.load(path.read_text("utf-8"), Loader=loader))


def _has(codes: Sequence[str], prefixes: Sequence[str]) -> bool:
    return any(code.startswith(tuple(prefixes)) for code in codes) if prefixes else False


def _in(ages: tuple[float, float] | None, age: int) -> bool:
    return ages is None or ages[0] <= age <= ages[1]


def _raised(raised: Iterable[Raised], codes: Sequence[str]) -> float | None:
    return next((r.p for r in raised if _has(codes, r.codes)), None)


def _weighted(items: Sequence[tuple[_T, float]], rng: random.Random) -> _T:
    return rng.choices([i for i, _ in items], [w for _, w in items])[0]


def sample_allergies(graph: Graph, demographics: Demographics, rng: random.Random) -> list[Concept]:
    """Draw no allergy (most patients) or one, by prevalence."""
    if rng.random() >= ANY_ALLERGY:
        return []
    entries = _history().allergens
    chosen = _weighted([(e, e.p if e.p is not None else 0.01) for e in entries], rng)
    return [graph.concept(chosen.id)]


def sample_social(
    demographics: Demographics, conditions: Sequence[Condition], rng: random.Random
) -> list[Habit]:
    """Draw at most two statements of the social history, of different topics."""
    codes = [c.code for c in conditions]
    habits: list[Habit] = []
    for topic in _TOPICS:
        entries = [
            e
            for e in _history().risk_factors
            if e.topic == topic
            and _in(e.ages, demographics.age_years)
            and e.sex in (None, demographics.sex)
            and not _has(codes, e.avoid_codes)
        ]
        forced = any((_raised(e.raised, codes) or 0) >= 0.3 for e in entries)
        if not entries or len(habits) >= 2:
            continue
        if not forced and rng.random() >= _TOPIC_SHARE[topic]:
            continue
        entry = _weighted(_shares(entries, demographics.age_years, codes), rng)
        habit = _state(entry, demographics, rng)
        if habit is not None:
            habits.append(habit)
    return habits


def _shares(
    entries: Sequence[RiskEntry], age: int, codes: Sequence[str]
) -> list[tuple[RiskEntry, float]]:
    """Entries with a measured share take it; those with a weight divide what is left."""
    measured: dict[str, float] = {}
    for entry in entries:
        p = _raised(entry.raised, codes)
        if p is None:
            p = next((s.p for s in entry.p_by_age if _in(s.ages, age)), entry.p)
        if p is not None:
            measured[entry.id] = p
    left = max(1.0 - sum(measured.values()), 0.02)
    open_entries = [e for e in entries if e.id not in measured]
    weights = {e.id: e.weight or 1.0 for e in open_entries}
    total = sum(weights.values()) or 1.0
    return [
        (e, measured[e.id] if e.id in measured else left * weights[e.id] / total) for e in entries
    ]


def _state(entry: RiskEntry, demographics: Demographics, rng: random.Random) -> Habit | None:
    usable = [
        s
        for s in entry.statements
        if _in(s.ages, demographics.age_years) and s.sex in (None, demographics.sex)
    ]
    if not usable:
        return None
    statement = _weighted([(s, s.weight) for s in usable], rng)
    slots = _slots(statement, demographics, rng)
    if slots is None:
        return None
    text = statement.text.format(possessive=_possessive(demographics), **slots)
    first = statement.first.format(possessive="my", **slots)
    return Habit(entry.id, text, first)


def _possessive(demographics: Demographics) -> str:
    return "her" if demographics.sex == "female" else "his"


def _slots(
    statement: Statement, demographics: Demographics, rng: random.Random
) -> dict[str, str] | None:
    slots: dict[str, str] = {}
    wanted = statement.text + statement.first
    room = demographics.age_years - 16
    years_ago = 0
    if statement.years_ago is not None:
        low, high = (int(v) for v in statement.years_ago)
        if room <= low:
            return None
        years_ago = rng.randint(low, min(high, room - 1))
        slots["years_ago"] = str(years_ago)
    if statement.years is not None:
        low, high = (int(v) for v in statement.years)
        if room - years_ago < low:
            return None
        years = rng.randint(low, max(min(high, room - years_ago), low))
        slots["pack_years"] = f"{max(round((statement.packs or 1.0) * years), 1)}"
    if "{occupation}" in wanted:
        jobs = [
            o
            for o in _history().occupations
            if _in(o.ages, demographics.age_years) and o.sex in (None, demographics.sex)
        ]
        if not jobs:
            return None
        job = rng.choice(jobs).name
        slots["occupation"] = job
        slots["a"] = "an" if job[0].lower() in "aeio" else "a"
    if "{grade}" in wanted:
        grade = _history().school_grades.get(demographics.age_years)
        if grade is None:
            return None
        slots["grade"] = grade
    return slots


def sample_family(
    demographics: Demographics, conditions: Sequence[Condition], rng: random.Random
) -> list[FamilyMember]:
    """Draw at most one disease of a relative; the patient's own diseases raise theirs."""
    codes = [c.code for c in conditions]
    if rng.random() >= 0.6:  # many notes say nothing of the family: a choice of ours
        return []
    held = {c.name for c in conditions}
    candidates: list[tuple[FamilyEntry, float]] = []
    for entry in _history().family_history:
        if not _in(entry.ages, demographics.age_years) or entry.name in held:
            continue
        if entry.sex not in (None, demographics.sex):
            continue
        p = _raised(entry.raised, codes)
        candidates.append((entry, p if p is not None else (entry.p or 0.02)))
    if not candidates:
        return []
    entry = _weighted(candidates, rng)
    relative = _weighted(list(entry.relatives.items()), rng)
    return [FamilyMember(entry.id, entry.name, relative, entry.code)]


def sample_plan(
    conditions: Sequence[Condition],
    held: Sequence[str],
    setting: Setting,
    severity: str,
    demographics: Demographics,
    rng: random.Random,
) -> list[Next]:
    """Draw a disposition (after a stay) and one follow-up that fit the case.

    Args:
        held: ids of the case's concepts and "class:<name>" of its drugs.
    """
    codes = [c.code for c in conditions]
    history = _history()
    out: list[Next] = []
    if setting in ("inpatient", "emergency"):
        out.extend(_one("disposition", history.dispositions, codes, held, setting, severity,
                        demographics, rng))  # fmt: skip
    out.extend(
        _one("follow_up", history.follow_up, codes, held, setting, severity, demographics, rng)
    )
    return out


def _one(
    kind: str,
    entries: Sequence[PlanEntry],
    codes: Sequence[str],
    held: Sequence[str],
    setting: str,
    severity: str,
    demographics: Demographics,
    rng: random.Random,
) -> Iterator[Next]:
    fitting: list[tuple[int, PlanEntry, float]] = []
    for number, entry in enumerate(entries):
        if entry.settings and setting not in entry.settings:
            continue
        if entry.severity and severity not in entry.severity:
            continue
        if not _in(entry.ages, demographics.age_years) or entry.sex not in (
            None, demographics.sex,
        ):  # fmt: skip
            continue
        if entry.codes and not _has(codes[:1], entry.codes):
            continue
        if entry.requires and not set(entry.requires) & set(held):
            continue
        # What is written for this very diagnosis goes before what fits anyone.
        fitting.append((number, entry, entry.weight * (4 if entry.codes else 1)))
    if not fitting:
        return
    number, entry, _ = _weighted([(f, f[2]) for f in fitting], rng)
    yield Next(f"{kind}:{number:02d}", entry.text.format(possessive=_possessive(demographics)))
