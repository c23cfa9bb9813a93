"""Reading the user's reference texts, and saying what is broken in them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casewright.errors import CasewrightError
from casewright.filters.reference import read_reference


def read(path: Path, field: str = "text") -> list[tuple[str, str]]:
    return list(read_reference(path, field))


def test_a_folder_of_every_kind_is_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("a note\nof two lines")
    (tmp_path / "a.jsonl").write_text('{"id": "n1", "text": "one"}\n\n{"text": "two"}\n')
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.csv").write_text('note_id,text\n7,"three, with\na line break"\n')
    pq.write_table(pa.table({"text": ["four", None, " "]}), tmp_path / "d.parquet")
    (tmp_path / "ignored.docx").write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "e.txt").write_text("x")
    assert read(tmp_path) == [
        ("n1", "one"),
        ("a.jsonl:3", "two"),
        ("b.txt", "a note\nof two lines"),
        ("d.parquet:1", "four"),
        ("7", "three, with\na line break"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "cp1252"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    text = "Café – 38 °C"
    raw = (
        b"\xff\xfe" + text.encode("utf-16-le")
        if encoding == "utf-16-le-bom"
        else text.encode(encoding)
    )
    (tmp_path / "a.txt").write_bytes(raw)
    assert read(tmp_path / "a.txt") == [("a.txt", text)]


def test_another_text_field_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"note": "one"}))
    assert read(tmp_path / "a.jsonl", "note") == [("a.jsonl:1", "one")]


def test_every_broken_line_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"text": "SECRET good"}\n{"text": SECRET\n[1]\n{"note": "SECRET"}\n{"text": 5}\n'
    )
    (tmp_path / "b.csv").write_text('text,x\n"SECRET,1\n')
    with pytest.raises(CasewrightError) as caught:
        read(tmp_path)
    message = str(caught.value)
    for line in (2, 3, 4, 5):
        assert f"a.jsonl:{line}:" in message
    assert "b.csv:2:" in message
    assert message.count("valid:") == 5
    assert message.count("do:") == 5
    # The reference is private: its text is in no message.
    assert "SECRET" not in message


def test_only_the_first_twenty_broken_lines_are_shown(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{\n" * 50)
    with pytest.raises(CasewrightError) as caught:
        read(tmp_path)
    assert "50 broken lines" in str(caught.value)
    assert "and 30 more" in str(caught.value)
    assert str(caught.value).count("a.jsonl:") == 20


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "nothing", "no such file or folder"),
        (lambda p: p, "holds no reference texts"),
        (lambda p: _write(p / "a.docx", b"x"), "cannot read a file of kind"),
        (lambda p: _write(p / "a.txt", b" \n"), "holds no text"),
        (lambda p: _write(p / "a.parquet", b"not parquet"), "not a parquet file"),
        (lambda p: _write(p / "a.csv", b"note\nx\n"), "no column 'text'"),
        (lambda p: _write(p / "a.csv", b"text,b\nx\n"), "another number of fields"),
    ],
)
def test_mistakes_of_the_user_are_explained(tmp_path: Path, make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CasewrightError, match=message):
        read(make(tmp_path))


def _write(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def test_long_fields_and_nuls_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\n" + "word " * 60_000 + "\n\x00x\n")
    assert [len(t) for _, t in read(tmp_path / "a.csv")] == [300_000, 1]
