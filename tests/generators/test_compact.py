"""Compact variants: the same facts in fewer words and more short forms, on record as such."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from command_line import call
from writing import document_kinds, draft, sampler_of, writer_of

from casewright.config import load_config
from casewright.errors import CasewrightError
from casewright.filters.ledger.check import Checker
from casewright.filters.screen import Screen
from casewright.generators.compact import Tightener
from casewright.generators.writer import Writer
from casewright.kg.graph import Graph
from casewright.outputs.pairs import compact
from casewright.outputs.rows import read_rows
from casewright.outputs.stored import stored_tables
from casewright.pipeline import plan_run
from casewright.prompts.library import PromptLibrary, load_library
from casewright.records import Case, Demographics, Draft, Fact
from casewright.setup import load_parts


@dataclass(frozen=True)
class Pair:
    plain: Draft
    compact: Draft


@pytest.fixture(scope="module")
def pairs(graph: Graph, checker: Checker, library: PromptLibrary) -> Sequence[Pair]:
    """Realised notes of every clinician kind, each with its compact variant."""
    sampler = sampler_of(graph, library, 17)
    writer = writer_of(graph, checker, library)
    made: list[Pair] = []
    count: Counter[str] = Counter()
    for case in sampler.cases(range(18)):
        for kind in document_kinds(library, case, graph):
            count[kind] += 1
            if _by_clinicians(library, kind) and count[kind] <= 6:
                made.append(Pair(draft(writer, case, kind), _compact(writer, case, kind)))
    return made


def _by_clinicians(library: PromptLibrary, kind: str) -> bool:
    spec = library.kind(kind)
    return not spec.dialogue and spec.speaker is None


def _compact(writer: Writer, case: Case, kind: str) -> Draft:
    return asyncio.run(writer.draft(case, kind, "compact"))


def test_every_clinician_kind_is_there(pairs: Sequence[Pair], library: PromptLibrary) -> None:
    kinds = {k for k in library.kinds if _by_clinicians(library, k)}
    assert {p.plain.kind for p in pairs} == kinds


def test_what_the_plain_note_states_the_compact_one_states(pairs: Sequence[Pair]) -> None:
    stated = 0
    lost, by_the_way = [], []
    for pair in pairs:
        must = {f.fact_id for f in pair.plain.facts if f.duty == "must"}
        for status in pair.plain.ledger.facts:
            if status.status != "stated":
                continue
            stated += 1
            now = pair.compact.ledger.status_of(status.fact_id)
            if now.status != "stated":
                told = lost if status.fact_id in must else by_the_way
                told.append((pair.compact.document_id, status.fact_id, now.status, now.why))
    assert not lost
    # What no plan asks for may hang on a spelling: the name of a test that names an illness.
    assert len(by_the_way) <= stated / 1000, by_the_way


def test_a_compact_note_passes_the_screen_where_its_plain_one_does(pairs: Sequence[Pair]) -> None:
    screen = Screen()
    fallen = [
        screen(p.compact).verdict.reasons
        for p in pairs
        if screen(p.plain).verdict.keep and not screen(p.compact).verdict.keep
    ]
    assert not fallen


_CAPITALS = re.compile(r"\b[A-Z]{2,}[a-z]?\d?\b|\bq\d+h\b")


def _body(text: str) -> list[str]:
    return text.split("\n\n", 1)[-1].split()


def _short_forms(words: Sequence[str], library: PromptLibrary) -> float:
    """Short forms in 100 words: capitals, and what the compact hand writes."""
    short = {s.lower().strip(":") for s in library.variants["compact"].short.values()}
    short |= {"pt", "c/o", "h/o", "hx", "yo", "y/o"}
    found = [w for w in words if _CAPITALS.search(w) or w.lower().strip(".,;:()") in short]
    return 100 * len(found) / len(words)


def test_compact_notes_are_shorter_and_denser_in_every_kind(
    pairs: Sequence[Pair], library: PromptLibrary
) -> None:
    by_kind: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_kind[pair.plain.kind].append(pair)
    for kind, found in by_kind.items():
        plain = [w for p in found for w in _body(p.plain.text)]
        small = [w for p in found for w in _body(p.compact.text)]
        assert len(small) < 0.9 * len(plain), kind
        assert _short_forms(small, library) > 1.5 * _short_forms(plain, library), kind
    plain = [w for p in pairs for w in _body(p.plain.text)]
    small = [w for p in pairs for w in _body(p.compact.text)]
    assert len(small) < 0.72 * len(plain)
    assert _short_forms(small, library) > 2.5 * _short_forms(plain, library)


def test_a_compact_note_names_its_plain_one_and_is_written_the_same_each_time(
    pairs: Sequence[Pair], graph: Graph, checker: Checker, library: PromptLibrary
) -> None:
    writer = writer_of(graph, checker, library)
    for pair in pairs[:4]:
        plain, small = pair.plain, pair.compact
        assert small.variant_of == plain.document_id and plain.variant_of is None
        assert small.document_id == f"{plain.document_id}-compact"
        assert small.case == replace(plain.case, style="compact")
        assert _compact(writer, plain.case, plain.kind) == small


# --- tightening -------------------------------------------------------------------------

FEVER = Fact("f1", "symptom", "symptom:fever", "fever", polarity="denied")
WELL = Fact("f2", "course", "course:well", "ate with appetite and slept")


def tightener(checker: Checker, short: dict[str, str]) -> Tightener:
    return Tightener(short, [FEVER, WELL], checker, Demographics(40, "female"))


def test_a_phrase_that_would_hide_a_fact_stays(checker: Checker) -> None:
    hand = tightener(checker, {"denies": "zzq", "any": "ny", "fever": "xyzzy"})
    assert hand.write("She denies any fever.", [FEVER]) == "She denies ny fever."


def test_what_is_told_word_for_word_stays(checker: Checker) -> None:
    hand = tightener(checker, {"and": "&", "with": "w/", "she": "pt"})
    text = "She ate with appetite and slept, and denies fever."
    new = hand.write(text, [WELL, FEVER])
    assert "ate with appetite and slept" in new and new.endswith("& denies fever.")


# --- in a run ---------------------------------------------------------------------------


@pytest.mark.usefixtures("warm")
def test_variants_have_places_of_their_own_in_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("documents: 9\nengine: {kind: realiser}\ntext: {variants: [compact]}\n")
    config = load_config(path)
    plan = plan_run(load_parts(config), config)
    assert [p.index for p in plan] == list(range(9))
    for before, place in pairwise(plan):
        if place.variant:
            assert (place.case_index, place.kind) == (before.case_index, before.kind)
    assert not any(p.variant for p in plan if p.kind == "dialogue")
    assert sum(bool(p.variant) for p in plan) >= 3


@pytest.mark.usefixtures("warm")
def test_a_build_counts_variants_and_pairs_them(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("documents: 9\nengine: {kind: realiser}\ntext: {variants: [compact]}\n")
    run = tmp_path / "run"
    assert call("build", path, "--out", run).code == 0
    rows = {r.document_id: r for r in read_rows(run)}
    assert len(rows) == 9
    variants = [r for r in rows.values() if r.variant_of]
    assert variants and all(r.style == "compact" for r in variants)
    table = [r for side, t in stored_tables(run) for r in t.to_pylist() if side == "kept"]
    told = list(compact(table))
    assert {t["compact_id"] for t in told} == {r.document_id for r in variants}
    assert all(len(t["compact"]) < len(t["plain"]) for t in told)


@pytest.mark.usefixtures("warm")
def test_an_unknown_variant_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("text:\n  variants: [tiny]\n")
    with pytest.raises(CasewrightError) as err:
        load_parts(load_config(path))
    assert err.value.problems[0].line == 2 and err.value.problems[0].valid == "compact"


def test_a_variant_may_not_be_called_like_a_style_or_name_no_template(tmp_path: Path) -> None:
    knobs = "{voice: telegraphic, headings: short, heading_case: upper, abbreviate: 1"
    (tmp_path / "variants.yaml").write_text(
        f"variants:\n  narrative: {knobs}}}\n  tiny: {knobs}, headers: {{note: nothing}}}}\n"
    )
    with pytest.raises(CasewrightError) as err:
        load_library(tmp_path)
    told = " ".join(p.what for p in err.value.problems)
    assert "'narrative' is the name of a style" in told and "'nothing'" in told
