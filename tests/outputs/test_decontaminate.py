"""Documents that stand in a benchmark are found, common phrases are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.errors import CasewrightError
from casewright.outputs.decontaminate import find_contaminated
from casewright.outputs.flat import export_csv, export_jsonl
from casewright.outputs.hf import export_hf
from casewright.outputs.rows import read_rows
from casewright.outputs.rundir import RunDir
from casewright.outputs.sft import export_sft

COMMON = (
    "the patient was seen and examined and all questions were answered and the plan was discussed"
)
LEAKED = "one two three four five six seven eight nine ten eleven twelve thirteen"
NEARLY = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu"  # twelve words


def text_of(index: int) -> str:
    # Each word is the document's own.
    own = " ".join("".join(chr(97 + int(d)) for d in str(index * 97 + w)) for w in range(40))
    extra = {3: f"{LEAKED}, 12 mg.", 8: LEAKED.upper().replace(" ", "\n"), 9: NEARLY}
    return f"{own} {extra.get(index, '')} {COMMON if index < 14 else ''} {own}x"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decontaminate") / "run"
    with RunDir.open(folder, FINGERPRINT, 30, about=ABOUT) as opened:
        for index in range(30):
            row = replace(
                make_row(index), text=text_of(index), entities=(), turns=(), phi=(), off_spec=(),
                facts=tuple(replace(f, spans=()) for f in make_row(index).facts),
            )  # fmt: skip
            opened.add(row)
        opened.seal()
    return folder


def jsonl(path: Path, texts: list[str]) -> Path:
    path = path.with_suffix(".jsonl")
    path.write_text("".join(json.dumps({"id": 1, "q": {"parts": [t]}}) + "\n" for t in texts))
    return path


def parquet(path: Path, texts: list[str]) -> Path:
    path = path.with_suffix(".parquet")
    pq.write_table(pa.table({"n": list(range(len(texts))), "question": texts}), path)
    return path


def plain(path: Path, texts: list[str]) -> Path:
    path = path.with_suffix(".txt")
    path.write_text("\n\n".join(texts))
    return path


@pytest.mark.parametrize("write", [jsonl, parquet, plain])
def test_shared_runs_are_found_in_every_form_of_file(
    write: Callable[[Path, list[str]], Path], run: Path, tmp_path: Path
) -> None:
    file = write(tmp_path / "bench", [f"So {LEAKED} done.", f"{NEARLY} other", COMMON])
    found = find_contaminated(run, [file])
    assert found.contaminated.nonzero()[0].tolist() == [3, 8]
    assert found.exempt == len(COMMON.split()) - 12
    assert found.files == (file.name,)


def test_a_phrase_that_few_documents_have_is_no_common_one(run: Path, tmp_path: Path) -> None:
    file = plain(tmp_path / "bench", [COMMON])
    assert find_contaminated(run, [file]).documents == 0
    assert find_contaminated(run, [file], common=14).documents == 14


@pytest.mark.parametrize("export", [export_hf, export_jsonl, export_csv, export_sft])
def test_exports_leave_them_out_and_say_so(
    export: Callable[..., Path], run: Path, tmp_path: Path
) -> None:
    file = jsonl(tmp_path / "bench", [LEAKED])
    dest = export(run, tmp_path / "out", benchmarks=[file])
    card = (dest / "README.md").read_text()
    assert "2 of 30 kept documents share a run of 13 words" in card
    assert "bench.jsonl" in card
    if export is not export_sft:
        for path in dest.rglob("*.csv"):
            assert LEAKED not in path.read_text()
    if export is export_hf:
        assert len(list(read_rows(dest))) == 28
        ids = {r["document_id"] for p in dest.rglob("pretrain/*.parquet")
               for r in pq.read_table(p).to_pylist()}  # fmt: skip
        assert len(ids) == 28
    clean = (export(run, tmp_path / "clean") / "README.md").read_text()
    assert "Not compared with any benchmark." in clean


def test_files_without_enough_words_are_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(CasewrightError, match="no 13 words in a row"):
        find_contaminated(run, [plain(tmp_path / "bench", [NEARLY])])
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{not json")
    with pytest.raises(CasewrightError, match="cannot be read"):
        find_contaminated(run, [bad])


def test_the_corpus_itself_is_no_benchmark(run: Path, tmp_path: Path) -> None:
    file = plain(tmp_path / "bench", [text_of(i) for i in range(30)])
    with pytest.raises(CasewrightError, match="every document"):
        export_jsonl(run, tmp_path / "out", benchmarks=[file])
