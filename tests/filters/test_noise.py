"""Noise: every slip is on record, every span is led along, and the clean text comes back."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from command_line import call
from hypothesis import given, settings
from hypothesis import strategies as st
from writing import draft, sampler_of, writer_of

from casewright.config import data_fields, fingerprint, load_config
from casewright.errors import CasewrightError
from casewright.filters.edits import Edit, apply_edits
from casewright.filters.ledger.check import Checker
from casewright.filters.noise.apply import NOISE, Noise, cleaned
from casewright.filters.noise.tables import tables, words_of_number
from casewright.filters.phi import find_planned
from casewright.filters.screen import Screen
from casewright.generators.writer import EngineName
from casewright.kg.graph import Graph
from casewright.outputs.labels import error_detection
from casewright.outputs.row import Row, row_of
from casewright.outputs.rows import plain, read_rows, row_from_plain
from casewright.outputs.stored import stored_tables
from casewright.prompts.library import PromptLibrary
from casewright.records import Document, Fact, FactStatus, Ledger, Span
from casewright.setup import load_parts

ALL = dict.fromkeys(NOISE, 1.0)
KINDS = ("clinic_note", "dialogue", "ed_note", "discharge_summary", "progress_note")


@pytest.fixture(scope="module")
def documents(graph: Graph, checker: Checker, library: PromptLibrary) -> Sequence[Document]:
    """Realised documents of five kinds, screened."""
    sampler = sampler_of(graph, library, 3)
    writer = writer_of(graph, checker, library)
    screen, made = Screen(), []
    for index in range(12):
        case = sampler.case(index)
        for kind in KINDS:
            if case.setting in library.kind(kind).settings:
                made.append(screen(draft(writer, case, kind)))
    kept = [d for d in made if d.verdict.keep]
    assert len(kept) > 20
    return kept


def noisy(document: Document, seed: int = 1, **rates: float) -> Document:
    return Noise(rates or ALL, seed)(document)


def spans_of(document: Document) -> list[tuple[int, int, str]]:
    """Everything recorded in a document, with the words that it stands for."""
    d = document.draft
    items = [*d.ledger.entities, *d.ledger.relations, *d.phi, *d.turns]
    return [(i.start, i.end, i.text) for i in items]


# --- edits ------------------------------------------------------------------------------


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, tuple[Edit, ...], list[tuple[int, int]]]:
    text = draw(st.text("abc .", min_size=1, max_size=40))
    marks = sorted(draw(st.lists(st.integers(0, len(text)), max_size=10)))
    pairs = zip(marks[::2], marks[1::2], strict=False)
    edits = tuple(Edit(a, b, draw(st.text("XYZ", max_size=4)), "t") for a, b in pairs)
    ends = st.integers(0, len(text))
    stretches = [tuple(sorted(p)) for p in draw(st.lists(st.tuples(ends, ends), max_size=8))]
    return text, edits, [(a, b) for a, b in stretches if a < b]


@given(edited_texts())
@settings(max_examples=300, deadline=None)
def test_a_stretch_keeps_what_the_edits_leave_of_it(
    made: tuple[str, tuple[Edit, ...], list[tuple[int, int]]],
) -> None:
    text, edits, stretches = made
    done = apply_edits(text, edits)
    for start, end in stretches:
        a, b = done.span(start, end)
        assert 0 <= a <= b <= len(done.text)
        taken = [e for e in edits if (e.start < end and start < e.end) or start < e.start < end]
        wide_start = min([start, *(e.start for e in taken)])
        wide_end = max([end, *(e.end for e in taken)])
        inner = [replace(e, start=e.start - wide_start, end=e.end - wide_start) for e in taken]
        assert done.text[a:b] == apply_edits(text[wide_start:wide_end], tuple(inner)).text


# --- spans ------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.05, 0.4, 1.0])
def test_every_span_of_a_noisy_document_holds_its_words(
    documents: Sequence[Document], rate: float
) -> None:
    touched = 0
    for document in documents:
        made = noisy(document, **dict.fromkeys(NOISE, rate))
        row = row_of(made, 0)  # raises on any span that does not hold
        for start, end, text in spans_of(made):
            assert made.draft.text[start:end] == text
        for fact, clean in zip(made.draft.ledger.facts, document.draft.ledger.facts, strict=True):
            assert len(fact.spans) >= len(clean.spans)
            assert all(s.start < s.end for s in fact.spans)
        for support in row.code_support:
            assert all(row.text[s.start : s.end] for s in support.spans)
        touched += bool(made.noise)
    assert touched > len(documents) / 2


def test_the_slips_lead_back_to_the_clean_text_and_its_spans(
    documents: Sequence[Document],
) -> None:
    for document in documents:
        made = noisy(document)
        assert made.clean_text == document.draft.text != made.draft.text
        back = cleaned(made.draft.text, made.clean_text, made.noise)
        assert back.text == document.draft.text
        for new, old in zip(made.draft.turns, document.draft.turns, strict=True):
            start, end = back.span(new.start, new.end)  # a mark lost at its end lies outside
            assert start == old.start and back.text[start:end].rstrip(".?!") == old.text.rstrip(
                ".?!"
            )


@given(seed=st.integers(0, 10_000), rates=st.lists(st.floats(0, 1), min_size=8, max_size=8))
@settings(max_examples=25, deadline=None)
def test_spans_hold_at_any_rates(
    documents: Sequence[Document], seed: int, rates: list[float]
) -> None:
    document = documents[seed % len(documents)]
    made = Noise(dict(zip(NOISE, rates, strict=True)), seed)(document)
    row_of(made, 0)
    assert row_from_plain(json.loads(json.dumps(plain(row_of(made, 0))))) == row_of(made, 0)


def test_identifiers_headings_tags_and_negations_are_left_alone(
    documents: Sequence[Document],
) -> None:
    for document in documents:
        made = noisy(document, typos=1.0, punctuation=1.0, homophones=1.0)
        assert [p.text for p in made.draft.phi] == [p.text for p in document.draft.phi]
        assert find_planned(made.draft.text, made.draft.case.identity)
        old = [line for line in document.draft.text.splitlines() if line.endswith(":")]
        new = made.draft.text.splitlines()
        assert all(line in new for line in old)
        if made.draft.turns:
            said = document.draft.text.splitlines()
            assert [t.partition(":")[0] for t in new] == [t.partition(":")[0] for t in said]
        for slip in made.noise:
            if slip.kind == "typo":
                assert slip.clean_text.lower() not in tables().kept


# --- what a slip says -------------------------------------------------------------------


def hand_made(base: Document, text: str, *stated: tuple[Fact, str]) -> Document:
    """A kept note that states facts in given words."""
    facts = tuple(f for f, _ in stated)
    statuses = tuple(
        FactStatus(f.fact_id, "stated", (Span(text.index(w), text.index(w) + len(w)),))
        for f, w in stated
    )
    ledger = Ledger(statuses)
    made = replace(base.draft, text=text, facts=facts, ledger=ledger, turns=(), phi=())
    return replace(base, draft=made)


PAIN = Fact("f1", "symptom", "symptom:knee_pain", "pain in the left knee")
DRUG = Fact("f2", "medication", "drug:tramadol", "tramadol", value="50", unit="mg")
LAB = Fact("f3", "lab", "lab:sodium", "sodium", value="138", unit="mmol/L")


def test_the_other_side_is_untrue_and_names_its_fact(documents: Sequence[Document]) -> None:
    text = "She has pain in the left knee. She left the hospital on the left bus."
    made = noisy(hand_made(documents[0], text, (PAIN, "pain in the left knee")), laterality=1.0)
    assert made.draft.text.startswith("She has pain in the right knee. She left the hospital")
    assert [(s.text, s.fact_id, s.untrue) for s in made.noise] == [("right", "f1", True)]


def test_a_drug_of_like_sound_and_another_unit_are_untrue(documents: Sequence[Document]) -> None:
    text = "Takes tramadol 50 mg. Sodium 138 mmol/L. Weighs 50 kg."
    stated = ((DRUG, "tramadol 50 mg"), (LAB, "138 mmol/L"))
    made = noisy(hand_made(documents[0], text, *stated), misheard=1.0, units=1.0)
    by_kind = Counter((s.kind, s.fact_id, s.untrue) for s in made.noise)
    assert by_kind == {
        ("misheard", "f2", True): 2,  # the name, and fifty for fifteen
        ("unit", "f2", True): 1,
        ("unit", "f3", True): 1,
    }
    assert "trazodone 15 " in made.draft.text and "50 kg" in made.draft.text


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("8", "eight"), ("15", "fifteen"), ("40", "forty"), ("128", "one hundred twenty-eight"),
        ("36.8", "thirty-six point eight"), ("1000", "one thousand"),
        ("0.25", "zero point two five"),
        ("2017", "two thousand seventeen"), ("007", None), ("12000", None),
    ],
)  # fmt: skip
def test_numbers_are_spelled_as_they_are_said(number: str, said: str | None) -> None:
    assert words_of_number(number, tables().numbers) == said


def test_a_blood_pressure_is_said_over_and_stays_stated(
    documents: Sequence[Document], checker: Checker
) -> None:
    bp = Fact("f1", "vital", "vital:blood_pressure", "blood pressure", value="128/76", unit="mmHg")
    text = "Her blood pressure was 128/76 mmHg."
    document = hand_made(documents[0], text, (bp, "blood pressure was 128/76 mmHg"))
    made = noisy(document, spoken_numbers=1.0)
    assert "one hundred twenty-eight over seventy-six mmHg" in made.draft.text
    assert checker(made.draft.text, [bp], None, ()).facts[0].status == "stated"


def test_typos_keep_the_first_letter_and_change_little(documents: Sequence[Document]) -> None:
    slips = [s for d in documents for s in noisy(d, typos=1.0).noise]
    assert len(slips) > 500
    for s in slips:
        assert s.text[0] == s.clean_text[0] and abs(len(s.text) - len(s.clean_text)) <= 1
        assert s.text != s.clean_text and not s.untrue


def test_most_slips_that_are_untrue_are_seen_by_the_checker(
    documents: Sequence[Document], checker: Checker
) -> None:
    """The ground truth is about the text: a changed side, drug or unit is no longer stated."""
    seen = missed = 0
    for document in documents:
        made = noisy(document, laterality=1.0, units=1.0, misheard=1.0)
        facts = {s.fact_id for s in made.noise if s.untrue}
        d = made.draft
        ledger = checker(d.text, d.facts, d.case.demographics, d.turns)
        off = {o.kind for o in ledger.off_spec}
        for fact_id in facts:
            assert fact_id is not None
            wrong = ledger.status_of(fact_id).status != "stated" or off
            seen, missed = seen + bool(wrong), missed + (not wrong)
    assert seen > 20 and seen / (seen + missed) >= 0.9, (seen, missed)


# --- copy-forward -----------------------------------------------------------------------


def test_a_passage_of_the_note_itself_brings_its_labels(documents: Sequence[Document]) -> None:
    carried = 0
    for document in documents:
        made = noisy(document, copy_forward=1.0)
        if document.draft.turns:
            assert not made.noise  # nobody carries a turn on
            continue
        for slip in made.noise:
            carried += 1
            assert slip.source == document.draft.document_id and not slip.untrue
            assert made.draft.text.count(slip.text.strip()) >= 2
            inside = [e for e in made.draft.ledger.entities if slip.start < e.start < slip.end]
            assert inside and slip.fact_id is not None
            assert not any(p.start < slip.end and slip.start < p.end for p in made.draft.phi)
    assert carried > 10


@pytest.mark.usefixtures("warm")
def test_a_passage_of_an_earlier_encounter_says_what_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "sampling: {encounters: 3}\nkinds: {outpatient: [clinic_note], inpatient: "
        "[progress_note], emergency: [ed_note]}\nnoise: {copy_forward: 1}\n"
        "engine: {kind: realiser}\n"
    )
    config = load_config(path)
    parts = load_parts(config)
    writer = parts.writer(None, EngineName("realiser", ""))
    untrue = true = 0
    for index in range(12):
        case = parts.sampler.case(index)
        kind = config.kinds[case.setting][0]
        document = parts.screen(asyncio.run(writer.draft(case, kind)))
        made = asyncio.run(parts.noisy(document))
        row_of(made, index)
        for slip in made.noise:
            if case.previous_case_id is None:
                continue
            assert slip.source is not None
            if not slip.source.startswith(case.previous_case_id):
                continue
            untrue, true = untrue + slip.untrue, true + (not slip.untrue)
            if not slip.untrue:
                again = parts.checker(
                    made.draft.text, made.draft.facts, case.demographics, made.draft.turns
                )
                assert not [o for o in again.off_spec if slip.start <= o.start < slip.end]
    assert untrue >= 3 and untrue > true


# --- rates, seeds, rows -----------------------------------------------------------------


def test_a_document_has_the_same_noise_whenever_it_is_made(documents: Sequence[Document]) -> None:
    for document in documents[:6]:
        assert noisy(document, 5, typos=0.2) == noisy(document, 5, typos=0.2)
    assert any(noisy(d, 5, typos=0.2) != noisy(d, 6, typos=0.2) for d in documents[:6])


def test_a_higher_rate_has_the_slips_of_a_lower_one(documents: Sequence[Document]) -> None:
    for name in ("typos", "homophones", "units", "spoken_numbers", "misheard"):
        sizes = []
        for rate in (0.1, 0.3, 0.9):
            sizes.append([
                {(s.clean_start, s.text) for s in noisy(d, **{name: rate}).noise}
                for d in documents
            ])  # fmt: skip
        for low, high in pairwise(sizes):
            assert all(a <= b for a, b in zip(low, high, strict=True))
            assert sum(map(len, low)) < sum(map(len, high))


def test_the_rate_is_the_share_of_places(documents: Sequence[Document]) -> None:
    every = sum(len(noisy(d, typos=1.0).noise) for d in documents)
    some = sum(len(noisy(d, typos=0.25).noise) for d in documents)
    assert 0.2 <= some / every <= 0.3


def test_without_rates_and_for_rejects_nothing_changes(documents: Sequence[Document]) -> None:
    document = documents[0]
    assert noisy(document, typos=0.0) is document
    rejected = replace(document, verdict=replace(document.verdict, keep=False))
    assert noisy(rejected) is rejected
    other = Noise(ALL, 1, frozenset({"referral_letter"}))
    assert other(document) is document


def test_noise_belongs_to_what_the_data_is(tmp_path: Path) -> None:
    plain_one = load_config(None)
    path = tmp_path / "c.yaml"
    path.write_text("noise: {typos: 0.01}\n")
    assert fingerprint(data_fields(load_config(path))) != fingerprint(data_fields(plain_one))
    path.write_text("noise: {typos: 1.5}\n")
    with pytest.raises(CasewrightError) as err:
        load_config(path)
    assert err.value.problems[0].line == 1
    path.write_text("noise:\n  kinds: [clinic_nte]\n")
    with pytest.raises(CasewrightError) as err:
        load_parts(load_config(path))
    assert err.value.problems[0].line == 2 and "clinic_note" in (err.value.problems[0].valid or "")


@pytest.mark.usefixtures("warm")
def test_a_build_keeps_the_clean_text_beside_and_verify_reads_either(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "documents: 4\nengine: {kind: realiser}\n"
        "noise: {typos: 0.3, units: 1, laterality: 1, misheard: 1}\n"
    )
    run = tmp_path / "run"
    assert call("build", path, "--out", run).code == 0
    rows: list[Row] = list(read_rows(run))
    assert len(rows) == 4 and all(r.noise and r.clean_text for r in rows)
    for options, kept in (([], 0), (["--clean"], 4)):
        out = tmp_path / "v.jsonl"
        assert call("verify", run, "--out", out, *options).code == 0
        verdicts = [json.loads(line) for line in out.read_text().splitlines()]
        assert sum(v["keep"] for v in verdicts) == kept
    table = [r for side, t in stored_tables(run) for r in t.to_pylist() if side == "kept"]
    for row, told in zip(rows, error_detection(table), strict=True):
        assert told["corrected"] == row.clean_text and len(told["errors"]) == len(row.noise)
        assert all(row.text[e["start"] : e["end"]] == e["text"] for e in told["errors"])
