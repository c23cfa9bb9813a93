"""The plan of a run: which kinds of document of which cases, in order.

Without `coverage` each case gives the kinds of its setting. With it, cases are looked at in
order and their documents are taken where every axis that has shares still wants one of that
value; what cannot be found is put on record with the reason, and the plan is filled all the
same. The first pass is a function of configuration and seed alone.

A top-up is a later pass, made when a run is complete: it plans documents of further cases in
place of those that were rejected or failed, by the same rule. It depends on what the run has
kept, so it is put on record in the run directory (`plan.json`) and read from there ever after.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import floor
from pathlib import Path

from casewright.config import Config
from casewright.errors import CasewrightError
from casewright.generators.plan import suits
from casewright.outputs.chapters import chapter_of
from casewright.outputs.coverage import (
    AGE_BANDS,
    AXES,
    Axis,
    CellTally,
    PlanRecord,
    Shortfall,
    TopUp,
    age_band,
)
from casewright.outputs.stored import stored_tables
from casewright.records import Case
from casewright.seeds import derive_seed
from casewright.setup import Parts

__all__ = ["Planned", "RunPlan", "extended", "plan_documents", "plan_run", "plan_top_up"]

_BARREN = 2000
"""Cases in a row that suit no kind before a plan is given up."""
_LEAST_CASES = 200
"""Cases that are looked at even for the smallest plan."""
_Document = tuple[int, str, str]
"""Case, kind and variant."""
_REST = ""
"""The value that stands for all that have no share of their own."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A place in the plan: which kind of document of which case, or a variant of it."""

    index: int
    case_index: int
    kind: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The places of a plan, and how they came to be."""

    places: tuple[Planned, ...]
    record: PlanRecord


def plan_run(parts: Parts, config: Config) -> list[Planned]:
    """The places of the first pass, in order: see `plan_documents`."""
    return list(plan_documents(parts, config).places)


def plan_documents(parts: Parts, config: Config) -> RunPlan:
    """Plan the documents of a run: the first pass.

    A kind that does not suit a case (a procedure note without a procedure) is left out of it.
    A pure function of seed and configuration; the last case is cut to fit the number.

    Raises:
        CasewrightError: hardly any case suits the kinds.
    """
    wanted = _wanted(parts, config)
    if not wanted:
        places = _places(_in_order(parts, config))
        return RunPlan(places, PlanRecord(len(places)))
    found = _fill(parts, config, wanted, config.documents, start=0)
    record = PlanRecord(
        len(found.documents),
        wanted={axis: dict(sorted(_explicit(n).items())) for axis, n in wanted.items()},
        cases_seen=found.cases_seen,
        short=found.short,
    )
    return RunPlan(_places(found.documents), record)


def plan_top_up(parts: Parts, config: Config, run: Path, plan: RunPlan) -> TopUp | None:
    """Plan documents in place of those that a complete run has not kept.

    The same kind is asked for, and where `coverage` gives shares of other axes, the values of
    which documents were lost. Cases are taken after the last that the plan has looked at.

    Args:
        plan: all that was planned so far.

    Returns:
        None when every planned document has its replacement, or when `run.top_up` is used up.
    """
    tally = CellTally()
    for _, table in stored_tables(run, _COLUMNS):
        tally.count(table)
    lost = plan.record.documents - sum(tally.kept("kind").values())
    room = floor(plan.record.documents * (1 + config.run.top_up) + 1e-9) - len(plan.places)
    number = min(lost, room)
    if number <= 0:
        return None
    wanted = _lost(parts, config, tally, plan)
    start = max((p.case_index for p in plan.places), default=-1) + 1
    start = max(start, plan.record.cases_seen, *(t.cases_seen for t in plan.record.top_ups), 0)
    found = _fill(parts, config, wanted, number, start=start)
    return TopUp(tuple(found.documents), start + found.cases_seen, found.short)


def extended(plan: RunPlan, top_up: TopUp) -> RunPlan:
    """The plan with a later pass at its end."""
    first = len(plan.places)
    more = (Planned(first + n, *document) for n, document in enumerate(top_up.documents))
    record = replace(plan.record, top_ups=(*plan.record.top_ups, top_up))
    return RunPlan((*plan.places, *more), record)


# ------------------------------------------------------------------ what is wanted

_COLUMNS = ["kind", "style", "persona", "icd10.code", "demographics", "outcome",
            "reasons.filter", "reasons.label"]  # fmt: skip


def _wanted(parts: Parts, config: Config) -> dict[Axis, Counter[str]]:
    """Documents wanted of each value, by axis; what has no share of its own as the rest."""
    shares: dict[Axis, Mapping[str, float]] = {}
    for axis in AXES:
        told = config.coverage.shares(axis)
        if told == "even":
            values = _values_of(parts, config, axis)
            shares[axis] = dict.fromkeys(values, 1 / len(values))
        elif told is not None:
            shares[axis] = told
    return {axis: _numbers(told, config.documents) for axis, told in shares.items()}


def _numbers(shares: Mapping[str, float], total: int) -> Counter[str]:
    """Shares of a number in whole documents, the largest remainders first."""
    rest = max(1 - sum(shares.values()), 0.0)
    every = {**shares, **({_REST: rest} if rest > 1e-9 else {})}
    exact = {value: share * total for value, share in every.items()}
    counted = Counter({value: floor(n) for value, n in exact.items()})
    by_remainder = sorted(exact, key=lambda v: (floor(exact[v]) - exact[v], v))
    for value in by_remainder[: max(round(sum(exact.values())) - counted.total(), 0)]:
        counted[value] += 1
    return counted


def _values_of(parts: Parts, config: Config, axis: Axis) -> list[str]:
    """All values that an axis can take in this run."""
    settings = [s for s, weight in config.sampling.settings.items() if weight > 0]
    if axis == "kind":
        return sorted({kind for s in settings for kind in config.kinds.get(s, ())})
    if axis == "style":
        return sorted(config.text.styles or parts.library.styles)
    if axis == "persona":
        return sorted(config.text.personas or parts.library.personas)
    if axis == "age":
        return [name for _, name in AGE_BANDS]
    if axis == "sex":
        return ["female", "male"]
    return [str(c) for c in parts.sampler.conditions.chapters]


def _lost(
    parts: Parts, config: Config, tally: CellTally, plan: RunPlan
) -> dict[Axis, Counter[str]]:
    """Documents to make up for, by axis: kinds always, others where the plan has shares."""
    first = Counter(p.kind for p in plan.places[: plan.record.documents])
    lost: dict[Axis, Counter[str]] = {"kind": first - tally.kept("kind")}
    for axis, wanted in _wanted(parts, config).items():
        if axis != "kind":
            kept = tally.kept(axis)
            named = Counter({v: n - kept[v] for v, n in wanted.items() if v != _REST})
            others = sum(n for v, n in kept.items() if v not in wanted)
            named[_REST] = wanted[_REST] - others
            lost[axis] = +named
    return lost


def _explicit(numbers: Mapping[str, int]) -> dict[str, int]:
    return {value: n for value, n in numbers.items() if value != _REST}


# ------------------------------------------------------------------ filling


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A document that a case could give, with its value on each axis that has shares."""

    case_index: int
    kind: str
    variant: str
    values: Mapping[Axis, str]


@dataclass(frozen=True, slots=True)
class _Filled:
    documents: tuple[_Document, ...]
    cases_seen: int
    short: tuple[Shortfall, ...]


def _fill(
    parts: Parts,
    config: Config,
    wanted: Mapping[Axis, Counter[str]],
    number: int,
    *,
    start: int,
) -> _Filled:
    """Take documents of the cases from `start` on, until each value has as many as wanted.

    All documents that `coverage.candidates` cases for each wanted one could give are looked at.
    What is missing then is taken from the rest: first what is wanted by all axes but one.
    """
    remaining = {axis: Counter(numbers) for axis, numbers in wanted.items()}
    seen: dict[Axis, Counter[str]] = {axis: Counter() for axis in wanted}
    taken: list[_Document] = []
    passed: list[_Candidate] = []
    most = config.coverage.kinds_per_case or len(parts.library.kinds)
    kinds_of: defaultdict[int, set[str]] = defaultdict(set)

    def full(found: _Candidate) -> bool:
        kinds = kinds_of[found.case_index]
        return found.kind not in kinds and len(kinds) >= most

    def take(found: _Candidate) -> None:
        taken.append((found.case_index, found.kind, found.variant))
        kinds_of[found.case_index].add(found.kind)
        for axis, value in found.values.items():
            remaining[axis][value] -= 1

    def fitting(found: _Candidate) -> int:
        return sum(remaining[axis][value] > 0 for axis, value in found.values.items())

    cases_seen = max(config.coverage.candidates * number, _LEAST_CASES)
    for case_index in range(start, start + cases_seen):
        case = parts.sampler.case(case_index)
        for kind, variant in _with_variants(parts, config, _kinds_of(parts, config, case)):
            found = _Candidate(case_index, kind, variant, _values_in(case, kind, wanted))
            passed.append(found)
            for axis, value in found.values.items():
                seen[axis][value] += 1
    # What is hardest to find comes first, or its place would be taken by what is easy to find.
    passed.sort(
        key=lambda c: (-max(wanted[a][v] / seen[a][v] for a, v in c.values.items()), c.case_index)
    )
    for least in range(len(wanted), -1, -1):
        left: list[_Candidate] = []
        for found in passed:
            if len(taken) < number and fitting(found) >= least and not full(found):
                take(found)
            else:
                left.append(found)
        passed = left
    if len(taken) < number:
        taken += _in_order(parts, config, start + cases_seen, number - len(taken))
    short = tuple(_short(wanted, remaining, seen, cases_seen))
    return _Filled(tuple(sorted(taken, key=lambda t: t[0])), cases_seen, short)


def _short(
    wanted: Mapping[Axis, Counter[str]],
    remaining: Mapping[Axis, Counter[str]],
    seen: Mapping[Axis, Counter[str]],
    cases_seen: int,
) -> Iterator[Shortfall]:
    for axis, numbers in wanted.items():
        for value, number in sorted(_explicit(numbers).items()):
            missing = remaining[axis][value]
            if missing <= 0:
                continue
            found = seen[axis][value]
            why = f"none of {cases_seen:,} cases looked at gives one"
            if found:
                why = (
                    f"the {cases_seen:,} cases looked at give {found:,}, "
                    "and too few of these were wanted by the other axes as well"
                )
            yield Shortfall(axis, value, number, number - missing, why)


def _values_in(case: Case, kind: str, wanted: Mapping[Axis, Counter[str]]) -> dict[Axis, str]:
    """The document's value on each axis that has shares; the rest for one without a share."""
    chapter = chapter_of(case.principal.code)
    values: dict[Axis, str] = {
        "chapter": str(chapter.number) if chapter else _REST,
        "age": age_band(case.demographics.age_years),
        "sex": case.demographics.sex,
        "kind": kind,
        "style": case.style,
        "persona": case.persona,
    }
    return {
        axis: values[axis] if values[axis] in numbers else _REST for axis, numbers in wanted.items()
    }


# ------------------------------------------------------------------ without shares


def _in_order(
    parts: Parts, config: Config, start: int = 0, number: int | None = None
) -> list[_Document]:
    """The documents of the cases from `start` on, all that suit, cut to the number."""
    most = config.documents if number is None else number
    found: list[_Document] = []
    case_index, barren = start, 0
    while len(found) < most:
        kinds = _chosen(config, case_index, _kinds_at(parts, config, case_index))
        barren = 0 if kinds else barren + 1
        if barren == _BARREN:
            _refuse_barren(config)
        documents = [(case_index, *told) for told in _with_variants(parts, config, kinds)]
        found += documents[: most - len(found)]
        case_index += 1
    return found


def _chosen(config: Config, case_index: int, kinds: list[str]) -> list[str]:
    """As many of a case's kinds as are wanted of one, in their order."""
    most = config.coverage.kinds_per_case
    if most is None or len(kinds) <= most:
        return kinds
    drawn = sorted(kinds, key=lambda kind: derive_seed(config.seed, "kinds", case_index, kind))
    return [kind for kind in kinds if kind in drawn[:most]]


def _refuse_barren(config: Config) -> None:
    problem = config.problem(
        f"none of {_BARREN:,} cases in a row suits a kind of document that is asked for",
        "kinds",
        fix="ask for other kinds as well, or widen sampling.codes",
    )
    raise CasewrightError("the configuration has problems", problems=[problem])


def _places(documents: Iterable[_Document]) -> tuple[Planned, ...]:
    return tuple(Planned(n, *document) for n, document in enumerate(documents))


def _with_variants(parts: Parts, config: Config, kinds: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each kind, and after a clinician's note its variants."""
    for kind in kinds:
        yield kind, ""
        spec = parts.library.kind(kind)
        if not spec.dialogue and spec.speaker is None:
            yield from ((kind, variant) for variant in config.text.variants)


def _kinds_at(parts: Parts, config: Config, case_index: int) -> list[str]:
    """The kinds of document for a case; it is sampled only where a kind asks for something."""
    kinds = config.kinds[parts.sampler.setting(case_index)]
    specs = [parts.library.kind(kind) for kind in kinds]
    if not any(spec.requires or spec.barred for spec in specs):
        return list(kinds)
    return _kinds_of(parts, config, parts.sampler.case(case_index))


def _kinds_of(parts: Parts, config: Config, case: Case) -> list[str]:
    return [
        kind
        for kind in config.kinds[case.setting]
        if suits(parts.library.kind(kind), case, parts.forms_of)
    ]
