"""`casewright bench privacy`: what texts give away, and how good the detectors are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from casewright.cli.display import stderr
from casewright.errors import CasewrightError
from casewright.filters.disclosure.comparison import compare_copies, compare_identifiers
from casewright.filters.disclosure.experiment import (
    SelfTest,
    endpoint,
    run_experiment,
    self_test,
)
from casewright.filters.disclosure.leaks import Disclosure, Share, measure_disclosure
from casewright.filters.disclosure.notes import made_up_notes
from casewright.filters.disclosure.plain_words import (
    NO_GUARANTEE,
    tell_copies,
    tell_disclosure,
    tell_identifiers,
    tell_self_test,
)
from casewright.filters.near_copies.calibration import held_out
from casewright.filters.reference import read_reference
from casewright.generators.engines import EngineSpec, open_engine

__all__ = ["privacy"]

_PATIENCE_S = 1200.0  # a small machine that has other work
_CONTEXT = 4096  # two notes of some thousand characters, and the answer


def _share(share: Share) -> dict[str, object]:
    low, high = share.interval
    return {"count": share.count, "of": share.of, "share": share.value, "interval": [low, high]}


def _plain(found: Disclosure) -> dict[str, object]:
    member = found.member
    return {
        "outputs": found.outputs,
        "copies": _share(found.copies),
        "leaks": _share(found.leaks),
        "identifiers_caught": _share(found.caught),
        "verbatim": found.verbatim,
        "verbatim_rare": found.verbatim_rare,
        "eidetic": {str(k): n for k, n in found.eidetic.items()},
        "canaries": _share(found.canaries) if found.canaries else None,
        "membership": {
            "members": member.members,
            "others": member.others,
            "auc": member.auc,
            "found": {str(rate): _share(s) for rate, s in member.found.items()},
        }
        if member
        else None,
    }


def _tested(results: Sequence[SelfTest]) -> list[dict[str, object]]:
    return [{"planted": r.planted, "found": _share(r.found), "within": r.within} for r in results]


async def _experiment(
    spec: EngineSpec, notes: Sequence[tuple[str, str]], count: int, max_tokens: int
) -> tuple[str, Disclosure]:
    """Open the engine, show it the notes and measure: (name of the model, what was found)."""
    if spec.kind == "realiser":
        raise CasewrightError(
            "the realiser is shown no examples", where="--engine", valid="a URL, llamacpp, vllm"
        )
    stderr().print("asking the model ...")
    async with open_engine(spec) as opened:
        complete = endpoint(
            opened.base_url,
            opened.model,
            key=opened.api_key,
            timeout_s=_PATIENCE_S,
            max_tokens=max_tokens,
        )
        found = await asyncio.to_thread(run_experiment, notes, complete, outputs=count)
    return opened.model, found


@click.command()
@click.option("--texts", type=click.Path(path_type=Path), help="Texts to search for disclosure.")
@click.option("--reference", type=click.Path(path_type=Path), help="The private notes.")
@click.option(
    "--held-out", "others", type=click.Path(path_type=Path), help="Notes that were never shown."
)
@click.option("--text-field", default="text", show_default=True, help="Column of the text.")
@click.option("--engine", help="Show the notes to this one as examples: a URL, llamacpp or vllm.")
@click.option("--model", default="", help="Its name (URL), or the model to load.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of llamacpp.")
@click.option(
    "--max-tokens", type=click.IntRange(min=1), default=400, show_default=True, help="Of a text."
)
@click.option("-n", "count", default=200, show_default=True, help="Texts in an experiment.")
@click.option(
    "--baselines-python",
    type=click.Path(path_type=Path),
    help="Interpreter that has presidio-analyzer and philter-lite.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def privacy(
    texts: Path | None,
    reference: Path | None,
    others: Path | None,
    text_field: str,
    engine: str | None,
    model: str,
    threads: int | None,
    max_tokens: int,
    count: int,
    baselines_python: Path | None,
    as_json: bool,
) -> None:
    """Measure disclosure: canaries, membership, verbatim text, identifiers.

    With --texts and --reference: what the texts give away of the private notes. With --engine:
    an experiment in which the notes are examples. Without either: the self-test, and the
    detectors beside others on planted texts.
    """
    notes = list(read_reference(reference, text_field)) if reference else None
    data: dict[str, object] = {}
    lines: list[str] = []
    if texts is not None:
        if notes is None:
            raise click.UsageError("--texts needs --reference")
        outside = list(read_reference(others, text_field)) if others else []
        outputs = list(read_reference(texts, text_field))
        found = measure_disclosure(notes, outputs, others=outside)
        data["disclosure"] = _plain(found)
        lines += tell_disclosure(found, f"of {texts.name} against {len(notes)} private notes")
    if engine is not None:
        spec = EngineSpec.parse(engine, model, threads=threads, concurrency=1, context=_CONTEXT)
        name, found = asyncio.run(
            _experiment(spec, notes or made_up_notes(200, 1), count, max_tokens)
        )
        data["experiment"] = {"model": name, **_plain(found)}
        lines += tell_disclosure(found, f"written by {name} with private notes as its examples")
    if texts is None and engine is None:
        tested = self_test(outputs=count)
        data["self_test"] = _tested(tested)
        lines += tell_self_test(tested)
        known, unrelated = held_out(notes or made_up_notes(240, 2), one_in=2)
        copies = compare_copies(known, unrelated)
        data["near_copies"] = [asdict(row) for row in copies]
        lines += ["", *tell_copies(copies)]
        identifiers = compare_identifiers(python=baselines_python)
        data["identifiers"] = [asdict(row) for row in identifiers]
        lines += ["", *tell_identifiers(identifiers)]
    data["note"] = NO_GUARANTEE
    if as_json:
        click.echo(json.dumps(data, indent=1))
    else:
        click.echo("\n".join([*lines, "", NO_GUARANTEE]))
