"""The summary: every number agrees with a plain recount over the rows."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from rich.console import Console
from row_factory import ABOUT, FINGERPRINT, KINDS, make_document, make_row

from casewright.errors import CasewrightError
from casewright.outputs import parts
from casewright.outputs.agreement import agreement_in
from casewright.outputs.chapters import CHAPTERS, chapter_of
from casewright.outputs.manifest import Counts, Usage
from casewright.outputs.rows import Row, failed_row
from casewright.outputs.rundir import RunDir
from casewright.outputs.stored import stored_tables
from casewright.outputs.summary import Share, summarise, write_summary
from casewright.outputs.terminal import render_summary
from casewright.records import Entity, Reason
from casewright.seeds import derive_seed

REJECTED = {1, 4, 7, 13}
FAILED = {5, 20}
PLANNED = 24
LOOP = Reason("quality", "loop", "a phrase runs in circles", 0.4)


def document(index: int) -> Row:
    if index in FAILED:
        draft = make_document(index).draft
        return failed_row(
            draft.case, document_id=draft.document_id, kind=draft.kind, index=index,
            reasons=[Reason("engine", "timeout", "no answer")],
        )  # fmt: skip
    row = make_row(index, keep=index not in REJECTED, contradict=index in (2, 8))
    if index == 4:
        return replace(row, reasons=(LOOP, *row.reasons))
    if index == 3:  # the same stray concept listed among the entities, and one more, denied
        stray = row.off_spec[0]
        entity = Entity(stray.start, stray.end, stray.text, "SYMPTOM", "present", stray.concept)
        other = replace(stray, start=0, end=5, text=row.text[:5], kind="number")
        return replace(row, entities=(*row.entities, entity), off_spec=(stray, other))
    return row


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("summary") / "run"
    with RunDir.open(path, FINGERPRINT, PLANNED, about=ABOUT) as out:
        for i in range(PLANNED):
            out.add(document(i), usage=Usage(1, 10, 200))
        out.seal()
    return path


def kept_rows() -> list[Row]:
    return [row for row in map(document, range(PLANNED)) if row.outcome == "kept"]


def test_outcomes_and_reasons_add_up(run: Path) -> None:
    summary = summarise(run)
    assert summary.counts == Counts(24, 18, 4, 2)
    assert summary.rejected_by_reason == {"ledger/contradicted": 3, "quality/loop": 1}
    assert summary.rejected_by_any_reason == {"ledger/contradicted": 4, "quality/loop": 1}
    assert summary.failed_by_reason == {"engine/timeout": 2}
    for name in ("kept", "rejected", "failed"):
        by_kind = sum(getattr(k, name) for k in summary.kinds)
        assert by_kind == getattr(summary.counts, name) == getattr(summary.total, name)
    assert [k.kind for k in summary.kinds] == sorted(KINDS)


def test_shares_agree_with_a_recount(run: Path) -> None:
    total = summarise(run).total
    facts = [f for row in kept_rows() for f in row.facts]
    must = [f for f in facts if f.duty == "must"]
    present = [f for f in must if f.polarity == "present"]
    denied = [f for f in must if f.polarity == "denied"]
    assert total.must_present == Share.of(sum(f.status == "stated" for f in present), len(present))
    assert total.must_denied == Share.of(sum(f.status == "stated" for f in denied), len(denied))
    assert total.must_denied.value is not None
    assert total.must_denied.value < 1
    assert total.contradicted == Share.of(2, len(facts))
    assert total.forbidden == Share.of(0, sum(f.duty == "must_not" for f in facts))


def test_off_case_counts_each_place_once_and_concepts_only(run: Path) -> None:
    total = summarise(run).total
    places = strays = 0
    for row in kept_rows():
        off = {(o.start, o.end) for o in row.off_spec if o.kind == "concept"}
        strays += len(off)
        places += len(off | {(e.start, e.end) for e in row.entities})
    assert total.off_case == Share.of(strays, places)
    assert 0 < strays < places


def test_words_and_model_share_agree_with_a_recount(run: Path) -> None:
    summary = summarise(run)
    words = [len(row.text.split()) for row in kept_rows()]
    written = [row.provenance.model_written for row in kept_rows() if row.provenance]
    assert summary.words == sum(words)
    assert summary.total.words.median == median(words)
    assert (summary.total.words.min, summary.total.words.max) == (min(words), max(words))
    assert summary.total.model_written.median == pytest.approx(median(written))
    assert sum(n for _, n in summary.words_histogram) == len(words)
    assert sum(n for _, n in summary.model_written_histogram) == len(words)
    notes = [len(r.text.split()) for r in kept_rows() if r.kind == "clinic_note"]
    assert next(k for k in summary.kinds if k.kind == "clinic_note").words.median == median(notes)


def test_chapters_and_ages_count_documents_and_patients(run: Path) -> None:
    summary = summarise(run)
    assert sum(c.count for c in summary.chapter_by_kind) == 18
    assert {c.row for c in summary.chapter_by_kind} == {"4", "9", "10", "11", "13", "14"}
    assert sum(c.count for c in summary.age_by_sex) == summary.cases == 8
    assert summary.codes == 6


def test_tokens_per_second_come_from_the_sessions(run: Path) -> None:
    summary = summarise(run)
    assert summary.manifest.usage == Usage(24, 240, 4800)
    assert summary.tokens_per_second == pytest.approx(4800 / summary.seconds)


def test_run_under_way_is_summed_up_as_far_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 10)
    with RunDir.open(tmp_path / "run", FINGERPRINT, PLANNED) as out:
        for i in range(15):
            out.add(document(i))
        out.reject_kept([make_row(0).document_id], LOOP)
        summary = summarise(tmp_path / "run")
    assert summary.counts == Counts(24, 9, 5, 1)
    assert summary.rejected_by_reason["quality/loop"] == 2
    assert not summary.manifest.complete


def test_empty_run_has_a_summary(tmp_path: Path) -> None:
    with RunDir.open(tmp_path / "run", FINGERPRINT, 0) as out:
        out.seal()
    summary = summarise(tmp_path / "run")
    assert summary.counts == Counts(0)
    assert summary.total.must_present == Share(0, 0, None)
    Console(width=120, file=open("/dev/null", "w")).print(render_summary(summary))  # noqa: PTH123, SIM115


def test_tables_cover_every_document_once_in_plan_order(run: Path) -> None:
    places: dict[str, list[int]] = {"kept": [], "rest": []}
    for side, table in stored_tables(run, ["document_index"]):
        assert table.column_names == ["document_index"]
        places[side] += table["document_index"].to_pylist()
    assert places["rest"] == sorted(REJECTED | FAILED)
    assert places["kept"] == sorted(set(range(PLANNED)) - REJECTED - FAILED)


def test_terminal_table_says_what_counts(run: Path) -> None:
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(render_summary(summarise(run)))
    text = console.export_text()
    assert "18 of 24 documents kept, 4 rejected, 2 failed" in text
    for words in ("discharge summary", "stated, denied", "ledger/contradicted", "engine/timeout"):
        assert words in text


def test_summary_is_written_as_versioned_json(run: Path, tmp_path: Path) -> None:
    write_summary(summarise(run), tmp_path / "report.json")
    raw = json.loads((tmp_path / "report.json").read_text())
    assert (raw["format"], raw["format_version"]) == ("casewright-report", 1)
    assert raw["counts"] == {"planned": 24, "kept": 18, "rejected": 4, "failed": 2}
    assert raw["total"]["must_present"]["value"] > 0.5


def test_damaged_part_is_named(run: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(run, tmp_path / "run")
    part = tmp_path / "run" / "documents" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(CasewrightError, match=r"part-00000\.parquet"):
        summarise(tmp_path / "run")


@pytest.mark.parametrize(
    ("code", "number"),
    [("J18.9", 10), ("a00", 1), ("D49.9", 2), ("D50.0", 3), ("H59.89", 7), ("H60.1", 8),
     ("O9A.211", 15), ("T88.7XXA", 19), ("Z99.89", 21), ("U07.1", 22), ("C7A.00", 2),
     ("K9A", None), ("", None), ("J1", None), ("777", None), ("D90", None)],
)  # fmt: skip
def test_chapter_of_a_code(code: str, number: int | None) -> None:
    chapter = chapter_of(code)
    assert (chapter.number if chapter else None) == number


def test_chapters_are_in_order_and_do_not_overlap() -> None:
    assert [c.number for c in CHAPTERS] == list(range(1, 23))
    ordered = sorted(CHAPTERS, key=lambda c: c.first)
    assert all(a.last < b.first for a, b in itertools.pairwise(ordered))


def test_agreement_of_a_large_run_looks_at_whole_cases_drawn_by_their_hash(run: Path) -> None:
    whole, half = agreement_in(run, 18), agreement_in(run, 18, most=9)
    assert (whole.share, half.share) == (1, 0.5)
    by_case = Counter(row.case_id for row in kept_rows())
    assert whole.cases == sum(count > 1 for count in by_case.values())
    drawn = {case for case in by_case if derive_seed("agreement", case) < 2**62}
    assert 0 < len(drawn) < len(by_case)
    assert half.cases == sum(by_case[case] > 1 for case in drawn)
    assert agreement_in(run, 18, most=9) == half
    assert not set(half.found) - set(whole.found)
