"""Rows: built from documents, stored, read back."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from row_factory import make_document, make_row
from strategies import rows

from casewright.errors import CasewrightError
from casewright.outputs.rows import (
    DOCUMENTS_SCHEMA,
    REJECTS_SCHEMA,
    Row,
    demographics_of,
    facts_of,
    failed_row,
    plain,
    read_rows,
    row_from_plain,
    row_of,
    table_of,
    turns_of,
)
from casewright.records import (
    Entity,
    Evidence,
    FactStatus,
    Ledger,
    PhiSpan,
    Reason,
    Span,
    Turn,
    Verdict,
)


def stored(row: Row, tmp: Path) -> Row:
    """The row after a trip through a Parquet file."""
    schema = DOCUMENTS_SCHEMA if row.outcome == "kept" else REJECTS_SCHEMA
    pq.write_table(table_of([plain(row)], schema), tmp / "rows.parquet")
    (back,) = read_rows(tmp / "rows.parquet")
    return back


@settings(max_examples=150, deadline=None)
@given(row=rows())
def test_any_row_is_the_same_after_parquet(
    row: Row, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert stored(row, tmp_path_factory.mktemp("rows")) == row


@settings(max_examples=150, deadline=None)
@given(row=rows())
def test_any_row_is_the_same_after_json(row: Row) -> None:
    assert row_from_plain(json.loads(json.dumps(plain(row)))) == row


@pytest.mark.parametrize("index", range(6))
def test_row_gives_back_what_verify_needs(index: int) -> None:
    document = make_document(index)
    row = row_of(document, index)
    assert facts_of(row) == document.draft.facts
    assert turns_of(row) == document.draft.turns
    assert demographics_of(row) == document.draft.case.demographics
    assert row.document_index == index


def test_row_carries_verdict_and_scores_of_draft_and_filters() -> None:
    row = make_row(1, keep=False)
    assert row.outcome == "rejected"
    assert [(r.filter, r.label) for r in row.reasons] == [("ledger", "contradicted")]
    assert row.provenance is not None
    assert {s.name: s.value for s in row.provenance.scores} == {"recall": 1.0, "loop": 0.0}


def test_kept_row_has_exactly_the_columns_of_the_documents() -> None:
    assert list(plain(make_row(0))) == DOCUMENTS_SCHEMA.names
    assert list(plain(make_row(0, keep=False))) == REJECTS_SCHEMA.names


def test_schema_names_every_field_of_the_nested_records() -> None:
    """Arrow drops what its schema does not name, so a forgotten field would be lost."""
    row = replace(make_row(2, keep=False), tags=("x",))
    table = table_of([plain(row)], REJECTS_SCHEMA)
    assert table.to_pylist() == [plain(row)]


def test_lone_surrogates_become_replacement_characters_and_spans_stay_true() -> None:
    document = make_document(0)
    cut = document.draft.text.replace("😷", "\ud83d")  # one character for one
    assert len(cut) == len(document.draft.text)
    row = row_of(replace(document, draft=replace(document.draft, text=cut)), 0)
    assert "\ufffd" in row.text
    row.text.encode()
    assert row.text[row.phi[0].start : row.phi[0].end] == row.phi[0].text


def test_surrogates_in_recorded_texts_change_with_the_text() -> None:
    document = make_document(2)
    draft = document.draft
    text = draft.text + "\nPATIENT: oh \ud83d\ude00\ud83d"
    start = len(text) - 6
    turn = Turn("patient", text[start:], start, len(text))
    row = row_of(replace(document, draft=replace(draft, text=text, turns=(turn,))), 2)
    assert row.turns[0].text == "oh \ufffd\ufffd\ufffd"


def broken_spans() -> list[tuple[str, dict[str, object], str]]:
    row = make_row(0)
    size = len(row.text)
    return [
        ("entity off by one", {"entities": (replace(row.entities[0], start=1),)}, "entity at"),
        ("fact past the end", {"facts": (replace(row.facts[0], spans=(Span(0, size + 1),)),),
                               "entities": ()}, "outside the text"),
        ("fact span empty", {"facts": (replace(row.facts[0], spans=(Span(4, 4),)),),
                             "entities": ()}, "outside the text"),
        ("negative", {"phi": (PhiSpan(-5, -1, "name", "abcd"),)}, "outside the text"),
        ("turn", {"turns": (Turn("doctor", "hello", 0, 5),)}, "turn at 0-5"),
        ("unknown fact", {"entities": (Entity(0, 1, row.text[0], "x", "present", None, "f99"),)},
         "no fact 'f99'"),
        ("fact twice", {"facts": (row.facts[0], row.facts[0]), "entities": ()}, "share an id"),
        ("kept with reasons", {"reasons": (Reason("phi", "name", "leak"),)}, "reasons against"),
        ("rejected without", {"outcome": "rejected"}, "without a reason"),
        ("evidence", {"outcome": "rejected", "reasons": (
            Reason("phi", "name", "leak", 1.0, (Evidence(0, 3, "???"),)),)},
         "evidence of phi/name"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"), [pytest.param(c, m, id=n) for n, c, m in broken_spans()]
)
def test_row_that_contradicts_itself_is_refused_when_written_and_when_read(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    from casewright.outputs.rows import check_row

    row = replace(make_row(0), **change)
    with pytest.raises(ValueError, match=message):
        check_row(row)
    if row.outcome == "kept" and not row.reasons:
        path = tmp_path / "rows.jsonl"
        path.write_text(json.dumps(plain(row)) + "\n")
        with pytest.raises(CasewrightError, match=message):
            list(read_rows(path))
        assert len(list(read_rows(path, check_spans=False))) == 1


def test_evidence_without_text_is_not_taken_for_a_span() -> None:
    reason = Reason("quality", "too_short", "12 words", 12, (Evidence(0, 0, "", "whole document"),))
    document = make_document(0)
    assert row_of(replace(document, verdict=Verdict(False, (reason,))), 0).reasons == (reason,)


def test_fact_that_no_checker_saw_is_refused() -> None:
    document = make_document(0)
    ledger = document.draft.ledger
    short = replace(document.draft, ledger=Ledger(ledger.facts[:-1]))
    with pytest.raises(ValueError, match="'f06' was never checked"):
        row_of(replace(document, draft=short), 0)
    long = replace(document.draft, ledger=Ledger((*ledger.facts, FactStatus("f77", "missing"))))
    with pytest.raises(ValueError, match="f77"):
        row_of(replace(document, draft=long), 0)


def test_failed_row_holds_the_case_and_what_happened() -> None:
    case = make_document(4).draft.case
    reason = Reason("engine", "timeout", "no answer in 60 s")
    row = failed_row(case, document_id="d", kind="clinic_note", index=4, reasons=[reason])
    assert (row.outcome, row.text, row.reasons) == ("failed", "", (reason,))
    assert facts_of(row) == case.facts


# ------------------------------------------------------------------ reading


def test_reads_jsonl_gzip_folder_and_parquet_alike(tmp_path: Path) -> None:
    made = [make_row(i) for i in range(4)]
    lines = "".join(json.dumps(plain(row)) + "\n" for row in made)
    (tmp_path / "a.jsonl").write_text(lines)
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write(lines)
    pq.write_table(table_of(map(plain, made), DOCUMENTS_SCHEMA), tmp_path / "c.parquet")
    (tmp_path / "folder" / "deeper").mkdir(parents=True)
    (tmp_path / "folder" / "deeper" / "a.jsonl").write_text(lines)
    for name in ("a.jsonl", "b.jsonl.gz", "c.parquet", "folder"):
        assert list(read_rows(tmp_path / name)) == made, name


def test_reads_a_minimal_row_with_unknown_columns_and_nulls(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    fact = {"fact_id": "f1", "type": "symptom", "concept": "c", "name": "cough", "code": None,
            "spans": None}  # fmt: skip
    value = {"document_id": "d", "text": "Cough.", "facts": [fact], "turns": None, "mine": 3}
    path.write_text(f"\n{json.dumps(value)}\n\n")
    (row,) = read_rows(path)
    assert (row.facts[0].name, row.facts[0].spans, row.turns) == ("cough", (), ())


def test_every_bad_line_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    good = json.dumps(plain(make_row(0)))
    other = json.dumps(plain(make_row(1)))
    bad_value = plain(make_row(2))
    bad_value["facts"][0]["polarity"] = "perhaps"
    del bad_value["text"]
    path = tmp_path / "docs.jsonl"
    path.write_bytes(
        b"\n".join([
            good.encode(), b'{"document_id": "x", ', b"\xff\xfe", b"[1, 2]",
            json.dumps(bad_value).encode(), good.encode(), other.encode(),
        ])
    )  # fmt: skip
    given_before = []
    with pytest.raises(CasewrightError) as caught:
        given_before.extend(read_rows(path))
    text = str(caught.value)
    for line, words in (
        (2, "not JSON"), (3, "not UTF-8"), (4, "not an object"), (5, "facts.0.polarity"),
        (5, "text: field required"), (6, "already used at docs.jsonl:1"),
    ):  # fmt: skip
        assert any(f"{path}:{line}: " in part and words in part for part in text.splitlines()), (
            line,
            text,
        )
    assert [p.line for p in caught.value.problems] == [2, 3, 4, 5, 5, 6]


def test_many_problems_are_counted_and_the_first_shown(tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_text("nonsense\n" * 300)
    with pytest.raises(CasewrightError, match="the first 20 of 300") as caught:
        list(read_rows(path))
    assert len(caught.value.problems) == 20


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda p: p / "no.jsonl", "no such file", id="absent"),
        pytest.param(lambda p: _write(p / "x.txt", b"hello"), "no known form", id="text file"),
        pytest.param(lambda p: _write(p / "x.parquet", b"PAR1junk"), "cannot be read", id="broken"),
        pytest.param(lambda p: _write(p / "x.jsonl.gz", b"junk"), "cannot be read", id="not gzip"),
        pytest.param(lambda p: p, "holds no rows", id="empty folder"),
    ],
)
def test_path_without_rows_is_explained(make, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CasewrightError, match=message):
        list(read_rows(make(tmp_path)))


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_deep_nesting_is_a_bad_line_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text("[" * 200_000 + "]" * 200_000)
    with pytest.raises(CasewrightError, match=r"deep\.jsonl:1"):
        list(read_rows(path))
