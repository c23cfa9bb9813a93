"""`casewright bench checker`: the fact checker measured like an instrument."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from casewright.cli.display import stdout
from casewright.config import load_config
from casewright.errors import CasewrightError
from casewright.filters.ledger.assertion_cases import AssertionScore
from casewright.filters.ledger.benchmark import (
    Measured,
    Rate,
    Speed,
    is_clean,
    measure_edits,
    measure_speed,
    sample_of,
)
from casewright.filters.ledger.hand_written import hand_written
from casewright.filters.ledger.human_scores import HumanScores, score_summaries
from casewright.filters.ledger.planting import Pool, Sample
from casewright.filters.ledger.readers import read_assertions
from casewright.generators.writer import EngineName
from casewright.outputs.row import demographics_of, facts_of, turns_of
from casewright.outputs.rows import read_rows
from casewright.setup import Parts, load_parts

__all__ = ["checker"]

_HAND_ROUNDS = 6
_SPEED_NOTES = 24
_LENGTHS = (2, 4, 8)
_LIMITS = {"sensitivity": 0.97, "class": 0.93, "specificity": 0.98, "documents_per_second": 200.0}


@dataclass(frozen=True, slots=True)
class _Result:
    """All figures of one run. `people` is None without --mts."""

    edits: Measured
    hand: Measured
    unedited: Rate  # facts of the hand-written documents that are stated
    assertions: AssertionScore
    speed: Speed
    people: HumanScores | None


@click.command()
@click.option("-n", "documents", default=120, show_default=True, help="Documents to edit.")
@click.option("--seed", default=0, show_default=True, help="Of the cases and the edits.")
@click.option("--run", type=click.Path(path_type=Path), help="Edit this run's kept documents.")
@click.option("--mts", type=click.Path(path_type=Path), help="Folder of the scored summaries.")
@click.option("--wrong", is_flag=True, help="List what was judged wrongly.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def checker(
    documents: int, seed: int, run: Path | None, mts: Path | None, wrong: bool, as_json: bool
) -> None:
    """Measure the fact checker.

    Errors of every class are planted in documents that state their case, and harmless edits
    made; the checker should see the former and let the latter pass. The documents are written
    by the realiser from sampled cases, or are the kept ones of a run; a second set was written
    by hand. The rest: cases of assertion, speed on one core, and (with --mts) how the checker
    agrees with people who scored machine summaries of MTS-Dialog.
    """
    parts = load_parts(
        load_config(
            None,
            {
                "documents": documents,
                "seed": seed,
                "engine.kind": "realiser",
                "sampling.settings": {"outpatient": 0.5, "emergency": 0.2, "inpatient": 0.3},
            },
        )
    )
    samples = list(_of_run(parts, run, documents) if run else _realised(parts, documents))
    clean = [s for s in samples if is_clean(s[1])]
    if not clean:
        raise CasewrightError(
            "no document of the run is clean", where=run, fix="give a run with kept documents"
        )
    pool = Pool.of(parts.graph)
    hand = list(_by_hand(parts))
    result = _Result(
        measure_edits(parts.checker, clean, pool, seed=seed),
        measure_edits(parts.checker, _clean_facts(hand), pool, seed=seed, per_class=_HAND_ROUNDS),
        _stated(hand),
        read_assertions(parts.checker),
        measure_speed(parts.checker, [s for _, s in clean if not s.turns][:_SPEED_NOTES], _LENGTHS),
        score_summaries(parts.checker, mts) if mts is not None else None,
    )
    if as_json:
        click.echo(json.dumps(_plain(result, len(samples)), indent=1))
    else:
        _show(stdout(), result, len(samples), wrong)


def _realised(parts: Parts, documents: int) -> Iterator[tuple[str, Sample]]:
    """Documents of every kind that is written in the setting, case after case."""
    writer = parts.writer(None, EngineName("realiser", "realiser"))
    made, index = 0, 0
    while made < documents:
        case = parts.sampler.case(index)
        index += 1
        for kind, rules in parts.library.kinds.items():
            if case.setting not in rules.settings or made >= documents:
                continue
            draft = asyncio.run(writer.draft(case, kind))
            made += 1
            who = draft.case.demographics
            yield kind, sample_of(parts.checker, draft.text, draft.facts, who, draft.turns)


def _of_run(parts: Parts, run: Path, documents: int) -> Iterator[tuple[str, Sample]]:
    for number, row in enumerate(read_rows(run)):
        if number >= documents:
            return
        who = demographics_of(row)
        if who is not None:
            sample = sample_of(parts.checker, row.text, facts_of(row), who, turns_of(row))
            yield row.kind, sample


def _by_hand(parts: Parts) -> Iterator[tuple[str, Sample]]:
    for w in hand_written():
        yield w.kind, sample_of(parts.checker, w.text, w.facts, w.demographics, w.turns)


def _clean_facts(samples: Sequence[tuple[str, Sample]]) -> list[tuple[str, Sample]]:
    return [s for s in samples if is_clean(s[1])]


def _stated(samples: Sequence[tuple[str, Sample]]) -> Rate:
    statuses = [s.status for _, sample in samples for s in sample.ledger.facts]
    return Rate(statuses.count("stated"), len(statuses))


# -- output


def _rate(rate: Rate) -> dict[str, float | int]:
    ends = rate.interval
    return {
        "right": rate.right,
        "total": rate.total,
        "share": round(rate.share, 5),
        "low": round(ends.low, 5),
        "high": round(ends.high, 5),
    }


def _measured(measured: Measured) -> dict[str, object]:
    return {
        "documents": measured.documents,
        "by_kind": measured.by_kind,
        "sensitivity": _rate(measured.sensitivity),
        "by_class": {k: _rate(r) for k, r in measured.found.items()},
        "specificity": _rate(measured.specificity),
        "by_edit": {k: _rate(r) for k, r in measured.passed.items()},
        "wrong": list(measured.wrong),
    }


def _plain(result: _Result, checked: int) -> dict[str, object]:
    said = asdict(result.assertions)
    return {
        "limits": _LIMITS,
        "checked": checked,
        "edits": _measured(result.edits),
        "hand_written": {**_measured(result.hand), "facts_stated": _rate(result.unedited)},
        "assertions": said,
        "speed": asdict(result.speed),
        "people": asdict(result.people) if result.people is not None else None,
    }


def _show(console: Console, result: _Result, checked: int, wrong: bool) -> None:
    kept = result.edits.documents
    console.print(f"{kept} documents of {len(result.edits.by_kind)} kinds ({checked} written)")
    console.print(_table(result.edits))
    stated = result.unedited
    console.print(
        f"\n{result.hand.documents} hand-written documents are clean; "
        f"{stated.share:.1%} of their {stated.total} facts are stated"
    )
    console.print(_table(result.hand))
    said = result.assertions
    console.print(
        f"\n{said.cases} assertion cases: {said.accuracy:.1%} right; "
        f"denied: precision {said.precision:.3f}, recall {said.recall:.3f}, F1 {said.f1:.3f}"
    )
    speed = result.speed
    growth = ", ".join(f"{share:.2f} at {times}x" for times, share in speed.growth.items())
    console.print(
        f"{speed.documents_per_second:.0f} notes of 500 words a second on one core; "
        f"time per word against the short note: {growth}"
    )
    if result.people is not None:
        _show_people(console, result.people)
    if wrong:
        for line in (*result.edits.wrong, *result.hand.wrong, *said.wrong):
            console.print(f"  {line}", markup=False)


def _table(measured: Measured) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="dim")
    for column in ("", "right", "of", "share", "95% interval"):
        table.add_column(column, justify="left" if not column else "right")
    rows = [("planted errors found", measured.sensitivity, True)]
    rows += [(f"  {k}", r, False) for k, r in measured.found.items()]
    rows += [("harmless edits passed", measured.specificity, True)]
    rows += [(f"  {k}", r, False) for k, r in measured.passed.items()]
    for name, rate, bold in rows:
        ends = rate.interval
        table.add_row(
            name, str(rate.right), str(rate.total), f"{rate.share:.4f}",
            f"{ends.low:.4f} to {ends.high:.4f}", style="bold" if bold else None,
        )  # fmt: skip
    return table


def _show_people(console: Console, people: HumanScores) -> None:
    console.print(f"\nagainst people's scores of {people.summaries} summaries (Pearson's r)")
    for name, value in people.correlations.items():
        console.print(f"  {name:<24}{value:+.3f}")
