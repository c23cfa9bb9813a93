"""Samples to read: whole documents of every kind with their facts, and no Markdown broken."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.errors import CasewrightError
from casewright.outputs.rundir import RunDir
from casewright.outputs.samples import render_sample, write_samples


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "run"
    with RunDir.open(path, FINGERPRINT, 30, about=ABOUT) as held:
        for index in range(30):
            held.add(make_row(index))
    return path


def test_each_kind_has_a_file_with_whole_documents_at_even_distances(
    run: Path, tmp_path: Path
) -> None:
    index, *files = write_samples(run, tmp_path, each=3)
    rows = [make_row(i) for i in range(30)]
    kept = [r for r in rows if r.outcome == "kept"]
    assert {f.stem for f in files} == {r.kind for r in kept}
    for file in files:
        text = file.read_text("utf-8")
        of_kind = [r for r in kept if r.kind == file.stem]
        shown = [r for r in of_kind if f"## {r.document_id}\n" in text]
        assert shown == [of_kind[i * len(of_kind) // 3] for i in range(3)]
        for row in shown:
            assert f"text\n{row.text.rstrip()}\n```" in text
        assert f"({file.name})" in index.read_text("utf-8")


def test_the_table_quotes_the_words_that_state_each_fact() -> None:
    row = next(r for r in map(make_row, range(20)) if r.outcome == "kept")
    shown = render_sample(row)
    for fact in row.facts:
        for span in fact.spans:
            words = re.sub(r"([\\|`*_<>\[\]])", r"\\\1", row.text[span.start : span.end])
            assert f'"{" ".join(words.split())}"' in shown


def test_no_text_ends_its_block() -> None:
    row = next(r for r in map(make_row, range(20)) if r.outcome == "kept")
    text = row.text + "\n```\n# Not a heading\n````"
    shown = render_sample(replace(row, text=text))
    assert f"`````text\n{text}\n`````" in shown


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(CasewrightError, match="no run"):
        write_samples(tmp_path, tmp_path / "out")
