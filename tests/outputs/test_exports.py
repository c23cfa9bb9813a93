"""Exports: what comes out is what was kept, and the real loaders take it."""

from __future__ import annotations

import csv
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from row_factory import ABOUT, FINGERPRINT, make_document, make_row
from strategies import rows

from casewright.errors import CasewrightError
from casewright.outputs import shards
from casewright.outputs.card import CardInfo, features_of
from casewright.outputs.flat import export_csv, export_jsonl
from casewright.outputs.guard import new_folder
from casewright.outputs.hf import export_hf
from casewright.outputs.manifest import About, write_json
from casewright.outputs.prompting import fact_line
from casewright.outputs.rows import (
    Row,
    failed_row,
    plain,
    read_rows,
    row_from_plain,
)
from casewright.outputs.rundir import RunDir, read_manifest
from casewright.outputs.sft import export_sft, pairs_of_case
from casewright.outputs.shards import EXPORT_SCHEMA
from casewright.outputs.splits import SPLITS, SplitPlan
from casewright.records import Reason

PLANNED = 150
REJECTED = {1, 30, 40, 76}
EXPORTS = {"hf": export_hf, "jsonl": export_jsonl, "csv": export_csv, "sft": export_sft}


def make_run(path: Path, made: list[Row], about: About = ABOUT) -> Path:
    with RunDir.open(path, FINGERPRINT, len(made), about=about) as run:
        for row in made:
            run.add(row)
        run.seal()
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = [make_row(i, keep=i not in REJECTED) for i in range(PLANNED)]
    return make_run(tmp_path_factory.mktemp("exports") / "run", made)


@pytest.fixture(scope="module")
def kept(run: Path) -> dict[str, Row]:
    return {row.document_id: row for row in read_rows(run)}


@pytest.fixture(scope="module")
def hf(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_hf(run, tmp_path_factory.mktemp("exports") / "hf", info=CardInfo("Test", "mit"))


@pytest.fixture(scope="module")
def sft(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_sft(run, tmp_path_factory.mktemp("exports") / "sft")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The real `datasets`, with no hub and a cache of its own."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    yield


def load(path: Path, *args: Any, **kwargs: Any) -> Any:
    from datasets import load_dataset

    return load_dataset(str(path), *args, **kwargs)


# ------------------------------------------------------------------ Hugging Face


@pytest.mark.usefixtures("offline")
def test_datasets_loads_the_export_and_gives_back_the_same_rows(
    hf: Path, kept: dict[str, Row]
) -> None:
    loaded = load(hf, "documents")
    assert set(loaded) == set(SPLITS)
    back = [row_from_plain(value) for split in SPLITS for value in loaded[split]]
    assert {row.document_id: row for row in back} == kept
    assert len(back) == len(kept)
    assert loaded["train"].features._to_yaml_list() == features_of(EXPORT_SCHEMA)


@pytest.mark.usefixtures("offline")
def test_datasets_streams_the_export(hf: Path, kept: dict[str, Row]) -> None:
    streamed = load(hf, streaming=True)
    back = {v["document_id"]: row_from_plain(v) for s in SPLITS for v in streamed[s]}
    assert back == kept


def test_export_loads_in_a_process_that_never_saw_casewright(run: Path, tmp_path: Path) -> None:
    """Every table, plain, streamed and by node, without network: see the script."""
    pytest.importorskip("datasets")
    dest = export_hf(run, tmp_path / "hf", shard_bytes=60_000)
    train = sorted((dest / "documents").glob("train-*"))
    assert len(train) in (4, 8), "world sizes divide the shards"
    script = Path(__file__).parent.parent / "support" / "load_export.py"
    done = subprocess.run(
        [sys.executable, script, dest], capture_output=True, text=True, check=False,
        timeout=300, cwd=tmp_path, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    tables = {line.split(":")[0] for line in done.stdout.splitlines()}
    assert tables == {p.name for p in dest.iterdir() if p.is_dir()} >= {"documents", "ner"}


@settings(max_examples=25, deadline=None)
@given(made=st.lists(rows(), min_size=1, max_size=6, unique_by=lambda r: r.document_id))
def test_export_then_read_is_identity_for_any_rows(
    made: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("identity")
    made = [
        replace(row, document_index=i, case_id=f"c{i % 3}", outcome="kept", reasons=())
        for i, row in enumerate(made)
    ]
    make_run(folder / "run", made)
    export_hf(folder / "run", folder / "hf", configs=())
    export_jsonl(folder / "run", folder / "jsonl")
    wanted = {row.document_id: row for row in made}
    for name in ("hf", "jsonl"):
        assert {row.document_id: row for row in read_rows(folder / name)} == wanted


def test_shards_are_bounded_shuffled_and_complete(
    run: Path, tmp_path: Path, kept: dict[str, Row]
) -> None:
    export_hf(run, tmp_path / "hf", shard_bytes=40_000, configs=())
    files = sorted((tmp_path / "hf" / "documents").glob("*.parquet"))
    train = [f for f in files if f.name.startswith("train")]
    assert len(train) in (2, 4, 8, 16)
    assert train[0].name == f"train-00000-of-{len(train):05d}.parquet"
    assert {pq.ParquetFile(f).metadata.row_group(0).column(1).compression for f in files} == {
        "ZSTD"
    }
    order = [i for f in train for i in pq.read_table(f)["document_index"].to_pylist()]
    rises = sum(a < b for a, b in itertools.pairwise(order)) / (len(order) - 1)
    assert 0.3 < rises < 0.7, "documents stand in the order of the plan"
    assert {row.document_id for row in read_rows(tmp_path / "hf")} == kept.keys()


def test_same_run_gives_the_same_bytes(run: Path, hf: Path, tmp_path: Path) -> None:
    again = export_hf(run, tmp_path / "again", info=CardInfo("Test", "mit"))
    assert (again / "SHA256SUMS").read_text() == (hf / "SHA256SUMS").read_text()


@pytest.mark.parametrize("name", EXPORTS)
def test_checksums_cover_every_file(name: str, run: Path, tmp_path: Path) -> None:
    dest = EXPORTS[name](run, tmp_path / name)
    listed = {line.split("  ", 1)[1] for line in (dest / "SHA256SUMS").read_text().splitlines()}
    there = {str(p.relative_to(dest)) for p in dest.rglob("*") if p.is_file()}
    assert there == listed | {"SHA256SUMS"}
    done = subprocess.run(
        ["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=dest, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_files_are_marked_as_synthetic_for_machines(hf: Path) -> None:
    path = next((hf / "documents").glob("*.parquet"))
    metadata = pq.read_schema(path).metadata
    assert metadata[b"synthetic_content"] == b"true"
    assert metadata[b"run_fingerprint"].decode() == FINGERPRINT.digest


# ------------------------------------------------------------------ splits


@pytest.mark.parametrize("name", ["hf", "jsonl", "sft", "csv"])
def test_no_case_stands_on_two_sides(name: str, run: Path, tmp_path: Path) -> None:
    dest = EXPORTS[name](run, tmp_path / name)
    sides: defaultdict[str, set[str]] = defaultdict(set)
    if name == "csv":
        with (dest / "documents.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                sides[row["case_id"]].add(row["split"])
    elif name == "hf":
        for path in (dest / "documents").glob("*.parquet"):
            for case in pq.read_table(path)["case_id"].to_pylist():
                sides[case].add(path.name.split("-")[0])
    else:
        for path in dest.rglob("*.jsonl"):
            for line in path.read_text().splitlines():
                sides[json.loads(line)["case_id"]].add(path.stem)
    assert len(sides) == PLANNED // 3
    assert all(len(s) == 1 for s in sides.values())
    assert len(set().union(*sides.values())) == 3


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1))
def test_side_of_a_case_depends_on_its_id_alone(case: str) -> None:
    plan = SplitPlan()
    assert plan.side(case) == SplitPlan().side(case)
    assert plan.side(case) in SPLITS


def test_shares_of_the_splits_come_out() -> None:
    plan = SplitPlan(0.7, 0.1, 0.2)
    sides = [plan.side(f"case-{i}") for i in range(20_000)]
    for split, share in zip(SPLITS, (0.7, 0.1, 0.2), strict=True):
        assert sides.count(split) / 20_000 == pytest.approx(share, abs=0.01)
    assert {SplitPlan(1, 0, 0).side(case) for case in ("a", "b")} == {"train"}
    with pytest.raises(ValueError, match="add up to 1"):
        SplitPlan(0.5, 0.1, 0.1)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize("name", EXPORTS)
def test_directory_with_something_in_it_is_refused_and_untouched(
    name: str, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "dest").mkdir()
    (tmp_path / "dest" / "mine.txt").write_text("mine")
    with pytest.raises(CasewrightError, match="something in that place already"):
        EXPORTS[name](run, tmp_path / "dest")
    assert [p.name for p in tmp_path.rglob("*")] == ["dest", "mine.txt"]


@pytest.mark.parametrize("name", EXPORTS)
def test_empty_directory_is_taken(name: str, run: Path, tmp_path: Path) -> None:
    (tmp_path / "dest").mkdir()
    EXPORTS[name](run, tmp_path / "dest")
    assert (tmp_path / "dest" / "README.md").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["dest"], "scratch files were left"


def test_run_under_way_is_refused(tmp_path: Path) -> None:
    with RunDir.open(tmp_path / "run", FINGERPRINT, 9, about=ABOUT) as run:
        run.add(make_row(0))
    with pytest.raises(CasewrightError, match=r"not finished \(9 of 9 documents to do\)"):
        export_hf(tmp_path / "run", tmp_path / "hf")
    assert not (tmp_path / "hf").exists()


def test_run_that_was_not_screened_is_refused(tmp_path: Path) -> None:
    about = replace(ABOUT, filters=("ledger", "quality"))
    make_run(tmp_path / "run", [make_row(0)], about)
    with pytest.raises(CasewrightError, match="not screened by phi, near_copies"):
        export_hf(tmp_path / "run", tmp_path / "hf")


def test_run_whose_files_do_not_add_up_is_refused(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "lost")
    shutil.rmtree(tmp_path / "lost" / "rejects")
    with pytest.raises(CasewrightError, match=r"manifest counts .*'rejected': 4.*'rejected': 0"):
        export_hf(tmp_path / "lost", tmp_path / "hf")
    shutil.copytree(run, tmp_path / "wrong")
    manifest = read_manifest(run)
    counts = replace(manifest.counts, planned=999)
    write_json(tmp_path / "wrong" / "manifest.json", replace(manifest, counts=counts))
    with pytest.raises(CasewrightError, match="planned 999 is not kept"):
        export_hf(tmp_path / "wrong", tmp_path / "hf")
    shutil.copytree(run, tmp_path / "twice")
    part = tmp_path / "twice" / "documents" / "part-00000.parquet"
    table = pq.read_table(part)
    import pyarrow as pa

    doubled = pa.concat_tables([table.slice(0, 1), table.slice(0, len(table) - 1)])
    pq.write_table(doubled, part)
    with pytest.raises(CasewrightError, match="149 distinct documents of 150"):
        export_hf(tmp_path / "twice", tmp_path / "hf")


def test_run_that_kept_nothing_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "run", [make_row(0, keep=False)])
    with pytest.raises(CasewrightError, match="kept no document"):
        export_hf(tmp_path / "run", tmp_path / "hf")


def test_every_reason_is_given_at_once(tmp_path: Path) -> None:
    with RunDir.open(tmp_path / "run", FINGERPRINT, 3) as run:
        run.add(make_row(0))
    with pytest.raises(CasewrightError) as caught:
        export_hf(tmp_path / "run", tmp_path / "hf")
    assert len(caught.value.problems) == 2


def test_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CasewrightError, match="not a run directory"):
        export_hf(tmp_path, tmp_path / "hf")


def test_export_that_fails_half_way_leaves_nothing(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shards.pq.ParquetWriter, "write_table", full)
    with pytest.raises(CasewrightError, match="the disk is full"):
        export_hf(run, tmp_path / "hf")
    assert list(tmp_path.iterdir()) == []


def test_new_folder_vanishes_on_ctrl_c(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "dest") as folder:
        (folder / "x").write_text("x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------ card


def card_of(path: Path) -> tuple[dict[str, Any], str]:
    _, head, body = (path / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(head), body


def test_card_has_valid_front_matter(hf: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    card = hub.DatasetCard.load(hf / "README.md")
    assert card.data.pretty_name == "Test"
    assert card.data.license == "mit"
    assert card.data.size_categories == ["n<1K"]
    assert "synthetic" in card.data.tags
    head, _ = card_of(hf)
    sizes = {s["name"]: s["num_examples"] for s in head["dataset_info"][0]["splits"]}
    assert sum(sizes.values()) == PLANNED - len(REJECTED)
    assert hub.constants  # the Hub's own list of task names
    from huggingface_hub.repocard_data import DatasetCardData

    assert isinstance(card.data, DatasetCardData)


def test_card_tells_the_run_s_own_figures(hf: Path, kept: dict[str, Row]) -> None:
    _, body = card_of(hf)
    for words in (
        f"{len(kept)} documents of 50 cases",
        "| planned | 150 |",
        "| rejected | 4 |",
        "| &emsp;of these first for ledger/contradicted | 4 |",
        f"| **kept** | **{len(kept)}** |",
        "| ICD-10-CM | FY2026 | public domain (US government) |",
        "| 10 Respiratory |",
        FINGERPRINT.digest,
        "Article 50(2)",
        "a language model writes the text piece by piece",
        "| age of the patient | female | male |",
        "### Language",
        "- Identifiers that nobody planned were screened for; no score of that was recorded.",
        "- No private reference corpus was compared with.",
        "The model is under: Apache-2.0.",
        "Unfit for: any decision about a real person's care",
        "Nothing here is a claim that the data is anonymous, or that it complies",
    ):
        assert words in body, words


def test_card_s_text_stays_text_whatever_the_run_says(tmp_path: Path) -> None:
    about = replace(
        ABOUT,
        engine="</table><script>alert(1)</script>",
        model_licence="a | b\n| c",
        parameters={"x`y": "[z](http://evil.example)"},
    )
    make_run(tmp_path / "run", [make_row(i) for i in range(3)], about)
    title = "Ti\ntle: {{ 7 * 7 }} --- # ü"
    export_hf(tmp_path / "run", tmp_path / "hf", info=CardInfo(title))
    head, body = card_of(tmp_path / "hf")
    assert head["pretty_name"] == title
    assert r"{{ 7 \* 7 }}" in body
    assert "<script>" not in body
    assert "a &#124; b &#124; c" in body
    assert "\\[z\\]" in body


# ------------------------------------------------------------------ flat files


def test_jsonl_rows_are_the_kept_rows_in_plan_order(
    run: Path, tmp_path: Path, kept: dict[str, Row]
) -> None:
    dest = export_jsonl(run, tmp_path / "jsonl")
    found: dict[str, Row] = {}
    for split in SPLITS:
        made = list(read_rows(dest / f"{split}.jsonl"))
        assert [r.document_index for r in made] == sorted(r.document_index for r in made)
        found |= {r.document_id: r for r in made}
    assert found == kept
    first = json.loads((dest / "train.jsonl").read_text().splitlines()[0])
    assert first == plain(found[first["document_id"]])


@pytest.mark.usefixtures("offline")
def test_jsonl_export_loads_by_split(run: Path, tmp_path: Path, kept: dict[str, Row]) -> None:
    loaded = load(export_jsonl(run, tmp_path / "jsonl"))
    assert sum(len(loaded[s]) for s in SPLITS) == len(kept)


def test_csv_tables_agree_with_the_rows(run: Path, tmp_path: Path, kept: dict[str, Row]) -> None:
    dest = export_csv(run, tmp_path / "csv")

    def table(name: str) -> list[dict[str, str]]:
        with (dest / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    documents = {r["document_id"]: r for r in table("documents")}
    assert documents.keys() == kept.keys()
    for document_id, row in kept.items():
        value = documents[document_id]
        assert value["text"] == row.text
        assert value["principal_code"] == row.icd10[0].code
        assert int(value["age_years"]) == row.demographics.age_years  # type: ignore[union-attr]
    for name in ("facts", "entities", "phi"):
        for value in table(name):
            if value["start"]:
                text = kept[value["document_id"]].text
                assert text[int(value["start"]) : int(value["end"])] == value["text"]
    assert len(table("entities")) == sum(len(r.entities) for r in kept.values())
    assert {r["fact_id"] for r in table("facts")} == {f"f0{i}" for i in range(1, 7)}


# ------------------------------------------------------------------ training pairs


def sft_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_dialogue_and_note_of_a_pair_are_of_one_case(sft: Path, kept: dict[str, Row]) -> None:
    by_case: defaultdict[str, dict[str, Row]] = defaultdict(dict)
    for row in kept.values():
        by_case[row.case_id][row.kind] = row
    pairs = [p for s in SPLITS for p in sft_lines(sft / "dial2note" / f"{s}.jsonl")]
    expected = sum(
        len(docs) - 1 for docs in by_case.values() if "dialogue" in docs and len(docs) > 1
    )
    assert len(pairs) == expected > 50
    for pair in pairs:
        docs = by_case[pair["case_id"]]
        assert docs["dialogue"].text.strip() in pair["prompt"][0]["content"]
        assert pair["completion"][0]["content"] == docs[pair["kind"]].text.strip()
        assert [m["role"] for m in pair["prompt"] + pair["completion"]] == ["user", "assistant"]


def test_messages_hold_the_same_pairs(sft: Path) -> None:
    for task in ("dial2note", "note2icd", "facts2note"):
        pairs = sft_lines(sft / task / "train.jsonl")
        whole = sft_lines(sft / f"{task}_messages" / "train.jsonl")
        assert [p["prompt"] + p["completion"] for p in pairs] == [m["messages"] for m in whole]


def test_codes_are_asked_for_only_where_the_note_states_them() -> None:
    note = plain(make_row(0))
    (pair,) = [p for p in pairs_of_case([note]) if p.task == "note2icd"]
    assert pair.completion == f"{note['icd10'][0]['code']} {note['icd10'][0]['title']}"
    note["facts"][0]["status"] = "missing"
    assert not [p for p in pairs_of_case([note]) if p.task == "note2icd"]
    note["facts"][0].update(status="stated", polarity="hypothetical")
    assert not [p for p in pairs_of_case([note]) if p.task == "note2icd"]


def test_facts_asked_for_are_those_the_note_states(kept: dict[str, Row]) -> None:
    row = next(r for r in kept.values() if r.kind == "clinic_note")
    (pair,) = [p for p in pairs_of_case([plain(row)]) if p.task == "facts2note"]
    for fact in plain(row)["facts"]:
        assert (fact_line(fact) in pair.prompt) == (fact["status"] == "stated")
    for identifier in row.phi:
        assert f"- {identifier.type}: {identifier.text}" in pair.prompt


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "symptom: fever"),
        ({"polarity": "denied"}, "symptom: denied: fever"),
        ({"polarity": "family"}, "symptom: in the family: fever"),
        (
            {"type": "medication", "name": "lisinopril", "value": "10", "unit": "mg",
             "attributes": [{"name": "route", "value": "by mouth"},
                            {"name": "role", "value": "secondary"},
                            {"name": "first", "value": "I take lisinopril"}]},
            "medication: lisinopril 10 mg, by mouth",
        ),
        ({"type": "family_history", "name": "asthma"}, "family history: asthma"),
        (
            {"type": "score", "name": "PHQ-9", "value": "13",
             "attributes": [{"name": "instrument", "value": "PHQ-9"},
                            {"name": "severity", "value": "moderate"},
                            {"name": "asks", "value": "safety"}]},
            "score: PHQ-9 13, moderate",
        ),
    ],
)  # fmt: skip
def test_fact_reads_as_a_line(change: dict[str, Any], line: str) -> None:
    fact = {"name": "fever", "value": None, "unit": None, "type": "symptom",
            "polarity": "present", "attributes": []}  # fmt: skip
    assert fact_line({**fact, **change}) == line


@pytest.mark.usefixtures("offline")
def test_every_training_table_loads(sft: Path) -> None:
    head, _ = card_of(sft)
    names = [c["config_name"] for c in head["configs"]]
    assert len(names) == 6
    for name in names:
        loaded = load(sft, name)
        columns = set(loaded["train"].column_names)
        assert columns >= ({"messages"} if "messages" in name else {"prompt", "completion"})
        assert len(loaded["train"]) == len(sft_lines(sft / name / "train.jsonl"))


def test_run_of_dialogues_alone_gives_no_pairs_and_says_so(tmp_path: Path) -> None:
    row = replace(make_row(2), document_index=0)
    make_run(tmp_path / "run", [row])
    with pytest.raises(CasewrightError, match="no training pairs"):
        export_sft(tmp_path / "run", tmp_path / "sft")
    assert not (tmp_path / "sft").exists()


def test_run_with_failed_documents_exports_the_rest(tmp_path: Path) -> None:
    draft = make_document(1).draft
    failed = failed_row(
        draft.case, document_id="f", kind=draft.kind, index=1,
        reasons=[Reason("engine", "timeout", "no answer")],
    )  # fmt: skip
    make_run(tmp_path / "run", [make_row(0), failed])
    assert len(list(read_rows(export_hf(tmp_path / "run", tmp_path / "hf")))) == 1
