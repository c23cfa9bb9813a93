"""Allergies, social and family history, disposition and follow-up: history.yaml, sampled.

The rules of the shares (p, p_by_age, raised, weight, rest) are explained at the head of
kg/curated/history.yaml.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from casewright.kg.compile.schema import (
    FamilyEntry,
    HistoryFile,
    PlanEntry,
    RiskEntry,
    Statement,
)
from casewright.kg.curated import folder
from casewright.kg.draws import Cumulative, pick_weighted
from casewright.kg.graph import Concept, Condition, Graph
from casewright.records import Demographics, Setting

__all__ = [
    "FamilyMember",
    "Habit",
    "Next",
    "kept_in_hospital",
    "prepare",
    "sample_allergies",
    "sample_disposition",
    "sample_family",
    "sample_follow_up",
    "sample_social",
]

ANY_ALLERGY = 0.35
"""Share of patients with a recorded drug allergy (Zhou L et al., Allergy 2016;71:1305-13:
35.5% of 1.77 million)."""

_TOPICS = ("tobacco", "alcohol", "living", "work")
_TOPIC_SHARE = {"tobacco": 0.8, "alcohol": 0.5, "living": 0.4, "work": 0.5}
"""How often a case says something of a topic: a choice of ours for variety."""


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
    """What comes next. `concept` is "disposition:n" or "follow_up:n", or has the code before n."""

    concept: str
    text: str


@lru_cache(maxsize=1)
def _history() -> HistoryFile:
    path = folder() / "history.yaml"
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return HistoryFile.model_validate(yaml.load(path.read_text("utf-8"), Loader=loader))


_Said = tuple[int, str, float]


def _in(ages: tuple[float, float] | None, age: int) -> bool:
    return ages is None or ages[0] <= age <= ages[1]


class _ByPrefix:
    """Things said of code prefixes, looked up by a code: the longest codes have eight signs."""

    def __init__(self, said: Iterable[tuple[str, _Said]]) -> None:
        self._said: dict[str, list[_Said]] = {}
        for prefix, thing in said:
            self._said.setdefault(prefix, []).append(thing)

    def of(self, code: str) -> Iterator[_Said]:
        for size in range(1, len(code) + 1):
            yield from self._said.get(code[:size], ())


@lru_cache(maxsize=1)
def _bars() -> _ByPrefix:
    return _ByPrefix(
        (prefix, (0, e.id, 0.0)) for e in _history().risk_factors for prefix in e.avoid_codes
    )


@lru_cache(maxsize=1)
def _raises() -> _ByPrefix:
    """(place among the entry's own, entry, share), by prefix."""
    history = _history()
    entries: tuple[RiskEntry | FamilyEntry, ...] = (*history.risk_factors, *history.family_history)
    return _ByPrefix(
        (prefix, (place, e.id, r.p))
        for e in entries
        for place, r in enumerate(e.raised)
        for prefix in r.codes
    )


@lru_cache(maxsize=16384)
def _barred(code: str) -> frozenset[str]:
    """Ids of the statements that a patient with the code does not make."""
    return frozenset(name for _, name, _ in _bars().of(code))


@lru_cache(maxsize=16384)
def _raised_by(code: str) -> Mapping[str, float]:
    """Shares of statements and relatives' diseases in patients with the code, by id."""
    # What stands first in an entry goes before the rest: it is written last here.
    said = sorted(_raises().of(code), key=lambda s: -s[0])
    return {name: p for _, name, p in said}


def _raised_for(conditions: Sequence[Condition]) -> dict[str, float]:
    """The shares that any of the conditions raises; the first condition's go before others'."""
    found: dict[str, float] = {}
    for condition in reversed(conditions):
        raised = _raised_by(condition.code)
        if raised:
            found.update(raised)
    return found


@lru_cache(maxsize=512)
def _risks_at(age: int, sex: str) -> dict[str, tuple[tuple[RiskEntry, float | None], ...]]:
    """Statements that such a patient can make, with their measured share, by topic."""
    found: dict[str, list[tuple[RiskEntry, float | None]]] = {topic: [] for topic in _TOPICS}
    for entry in _history().risk_factors:
        if entry.topic in found and _in(entry.ages, age) and entry.sex in (None, sex):
            p = next((s.p for s in entry.p_by_age if _in(s.ages, age)), entry.p)
            found[entry.topic].append((entry, p))
    return {topic: tuple(entries) for topic, entries in found.items()}


@lru_cache(maxsize=512)
def _relatives_at(age: int, sex: str) -> tuple[tuple[FamilyEntry, float], ...]:
    """Diseases of the relatives of such a patient, with their share."""
    return tuple(
        (e, e.p or 0.02)
        for e in _history().family_history
        if _in(e.ages, age) and e.sex in (None, sex)
    )


@lru_cache(maxsize=1)
def _allergens() -> Cumulative[str]:
    return Cumulative((e.id, e.p if e.p is not None else 0.01) for e in _history().allergens)


def sample_allergies(graph: Graph, rng: random.Random) -> list[Concept]:
    """Draw no allergy (most patients) or one, by prevalence."""
    if rng.random() >= ANY_ALLERGY:
        return []
    return [graph.concept(_allergens().at(rng.random()))]


@lru_cache(maxsize=1024)
def _usual_shares(age: int, sex: str, topic: str) -> Cumulative[RiskEntry]:
    """What such patients say of a topic when no illness raises or bars any of it."""
    return Cumulative(_shares(_risks_at(age, sex)[topic], {}))


@lru_cache(maxsize=512)
def _relatives_by_id(age: int, sex: str) -> Mapping[str, tuple[FamilyEntry, float]]:
    return {e.id: (e, p) for e, p in _relatives_at(age, sex)}


@lru_cache(maxsize=512)
def _usual_relatives(age: int, sex: str) -> Cumulative[FamilyEntry]:
    return Cumulative(_relatives_at(age, sex))


def sample_social(
    demographics: Demographics, conditions: Sequence[Condition], rng: random.Random
) -> list[Habit]:
    """Draw at most two statements of the social history, of different topics."""
    raised = _raised_for(conditions)
    barred = [b for b in (_barred(c.code) for c in conditions) if b]
    habits: list[Habit] = []
    for topic, known in _risks_at(demographics.age_years, demographics.sex).items():
        entries = [e for e in known if not any(e[0].id in b for b in barred)] if barred else known
        if not entries:
            continue
        here = [e.id for e, _ in entries if e.id in raised] if raised else ()
        forced = any(raised[name] >= 0.3 for name in here)
        if not forced and rng.random() >= _TOPIC_SHARE[topic]:
            continue
        if here or len(entries) < len(known):
            entry = Cumulative(_shares(entries, raised)).at(rng.random())
        else:
            usual = _usual_shares(demographics.age_years, demographics.sex, topic)
            entry = usual.at(rng.random())
        habit = _state(entry, demographics, rng)
        if habit is not None:
            habits.append(habit)
            if len(habits) == 2:
                break
    return habits


def _shares(
    entries: Sequence[tuple[RiskEntry, float | None]], raised: Mapping[str, float]
) -> list[tuple[RiskEntry, float]]:
    """Entries with a measured share take it; those with a weight divide what is left."""
    shares = [(e, raised.get(e.id, p)) for e, p in entries]
    left = max(1.0 - sum(p for _, p in shares if p is not None), 0.02)
    total = sum(e.weight or 1.0 for e, p in shares if p is None) or 1.0
    return [(e, p if p is not None else left * (e.weight or 1.0) / total) for e, p in shares]


def _state(entry: RiskEntry, demographics: Demographics, rng: random.Random) -> Habit | None:
    usable = [
        s
        for s in entry.statements
        if _in(s.ages, demographics.age_years) and s.sex in (None, demographics.sex)
    ]
    if not usable:
        return None
    statement = pick_weighted(usable, lambda s: s.weight, rng)
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
    if rng.random() >= 0.6:  # many notes say nothing of the family: a choice of ours
        return []
    age, sex = demographics.age_years, demographics.sex
    raised = _raised_for(conditions)
    usual = _usual_relatives(age, sex)
    if not usual:
        return []
    entry = usual.at(rng.random())
    if raised:
        known = _relatives_by_id(age, sex)
        own = [name for name in raised if name in known]
        if own:
            more = sum(raised[name] for name in own)
            rest = usual.total - sum(known[name][1] for name in own)
            # Theirs first, by how much of all they are; the others are as they were.
            if rng.random() * (more + rest) < more:
                entry = known[pick_weighted(own, lambda name: raised[name], rng)][0]
            else:
                while entry.id in own:
                    entry = usual.at(rng.random())
    if any(c.name == entry.name for c in conditions):
        return []
    relative = pick_weighted(list(entry.relatives.items()), lambda r: r[1], rng)[0]
    return [FamilyMember(entry.id, entry.name, relative, entry.code)]


_KEPT = {"mild": 0.3, "moderate": 0.85, "severe": 1.0}
"""How often an emergency visit for what wards see too ends with an admission: a choice of ours."""

_OWN_PLAN = 0.7
"""How often a condition's own disposition or follow-up goes before those of history.yaml."""


def sample_disposition(
    principal: Condition,
    held: Callable[[], set[str]],
    setting: Setting,
    severity: str,
    demographics: Demographics,
    rng: random.Random,
    *,
    dispositions: Sequence[str] = (),
) -> tuple[list[Next], str]:
    """Draw where the patient goes after a stay or an emergency visit.

    Args:
        held: ids of the case's concepts and "class:<name>" of its drugs.
        dispositions: the condition's own phrases.

    Returns:
        The disposition, none after a visit to the clinic, and how severe the case counts as for
        what follows.
    """
    out: list[Next] = []
    if setting in ("inpatient", "emergency"):
        own = dispositions
        if setting == "emergency" and "inpatient" in principal.values("setting"):
            # What is written for such a condition ends a stay; here it begins with one.
            own = ()
            if rng.random() < _KEPT[severity]:
                severity = "severe"
        fitting = [(n, t) for n, t in enumerate(own) if _placed(t, setting, severity)]
        # Nobody with a heart attack goes home from there, however well: it says "admitted".
        kept = [(n, t) for n, t in enumerate(dispositions) if t.startswith("admitted")]
        always = setting == "emergency" and bool(kept)
        if always:
            fitting = kept
        if fitting and (always or rng.random() < _OWN_PLAN):
            n, text = fitting[int(rng.random() * len(fitting))]
            out.append(Next(f"disposition:{principal.code}-{n}", text))
        else:
            out.extend(_one("disposition", principal, held, setting, severity, demographics, rng))
    return out, severity


def sample_follow_up(
    principal: Condition,
    held: Callable[[], set[str]],
    setting: Setting,
    severity: str,
    demographics: Demographics,
    rng: random.Random,
    *,
    follow_ups: Sequence[str] = (),
) -> list[Next]:
    """Draw one follow-up; `held` as for `sample_disposition`, `follow_ups` the condition's own."""
    out: list[Next] = []
    if follow_ups and rng.random() < _OWN_PLAN:
        n = int(rng.random() * len(follow_ups))
        text = follow_ups[n].replace("{possessive}", _possessive(demographics))
        out.append(Next(f"follow_up:{principal.code}-{n}", text))
    else:
        out.extend(_one("follow_up", principal, held, setting, severity, demographics, rng))
    return out


_TO_A_WARD = re.compile(
    r"\b(?:admitted|transferred|taken to|intensive care|operating|observation|ward|unit)\b"
)
_WITH_HELP = re.compile(
    r"\b(?:facility|rehabilitation|hospice|home health|nursing|intensive|long-term)\b"
)


def kept_in_hospital(text: str) -> bool:
    """Whether a disposition from an emergency department leads to a ward."""
    return bool(_TO_A_WARD.search(text))


def _placed(text: str, setting: Setting, severity: str) -> bool:
    """Whether a disposition ends such an encounter: no stay ends with an admission, say."""
    if setting == "inpatient":
        leaves = "admitted" not in text and "from the emergency" not in text
        return leaves and (severity != "mild" or not _WITH_HELP.search(text))
    # From an emergency department the severe go to a ward, and the mild do not.
    to_a_ward = kept_in_hospital(text)
    return {"mild": not to_a_ward, "severe": to_a_ward}.get(severity, not _WITH_HELP.search(text))


@lru_cache(maxsize=1)
def _plans_by_prefix() -> _ByPrefix:
    history = _history()
    return _ByPrefix(
        (prefix, (number, kind, 0.0))
        for kind, entries in (
            ("disposition", history.dispositions),
            ("follow_up", history.follow_up),
        )
        for number, entry in enumerate(entries)
        for prefix in entry.codes
    )


_Weighed = tuple[int, PlanEntry, float]


def _fits_place(entry: PlanEntry, setting: str, severity: str) -> bool:
    return (not entry.settings or setting in entry.settings) and (
        not entry.severity or severity in entry.severity
    )


def _plan_entries(kind: str) -> Sequence[PlanEntry]:
    history = _history()
    return history.dispositions if kind == "disposition" else history.follow_up


@lru_cache(maxsize=64)
def _common(kind: str, setting: str, severity: str) -> tuple[_Weighed, ...]:
    """Entries for any code that fit setting and severity."""
    return tuple(
        (number, entry, entry.weight)
        for number, entry in enumerate(_plan_entries(kind))
        if not entry.codes and _fits_place(entry, setting, severity)
    )


@lru_cache(maxsize=16384)
def _entries(kind: str, code: str, setting: str, severity: str) -> tuple[_Weighed, ...]:
    """Numbers, entries and weights that fit code, setting and severity."""
    entries = _plan_entries(kind)
    own = {n for n, k, _ in _plans_by_prefix().of(code) if k == kind}
    # What is written for this very diagnosis goes before what fits anyone.
    return _common(kind, setting, severity) + tuple(
        (n, entries[n], entries[n].weight * 4)
        for n in sorted(own)
        if _fits_place(entries[n], setting, severity)
    )


def prepare() -> None:
    """Read history.yaml now rather than at the first draw."""
    _history()
    _raises()
    _bars()
    _plans_by_prefix()


def _one(
    kind: str,
    principal: Condition,
    held: Callable[[], set[str]],
    setting: str,
    severity: str,
    demographics: Demographics,
    rng: random.Random,
) -> Iterator[Next]:
    age, sex = demographics.age_years, demographics.sex
    fitting = [
        e
        for e in _entries(kind, principal.code, setting, severity)
        if (e[1].ages is None or e[1].ages[0] <= age <= e[1].ages[1])
        and e[1].sex in (None, sex)
        and (not e[1].requires or held() & set(e[1].requires))
    ]
    if fitting:
        number, entry, _ = pick_weighted(fitting, lambda f: f[2], rng)
        text = entry.text.format(possessive=_possessive(demographics))
        yield Next(f"{kind}:{number:02d}", text)
