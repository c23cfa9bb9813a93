"""Task tables: they load by name, and every label, answer and number is in the text."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.config import load_config
from casewright.errors import CasewrightError
from casewright.outputs.card import TABLE_NOTES, features_of
from casewright.outputs.hf import export_hf
from casewright.outputs.instruct import INSTRUCT_TASKS, is_abbreviation
from casewright.outputs.labels import CONTEXT
from casewright.outputs.row import Row
from casewright.outputs.rows import plain, read_rows
from casewright.outputs.rundir import RunDir
from casewright.outputs.splits import SPLITS
from casewright.outputs.tasks import TASK_SCHEMAS
from casewright.pipeline import build
from casewright.records import RejectedDraft

ABSENT = {"dpo", "error_detection", "compact"}
"""Tables of runs with a model, with noise, with compact variants."""

CONFIG = """
documents: 60
seed: 5
engine: {kind: realiser}
kinds: {outpatient: [clinic_note, dialogue], emergency: [clinic_note, dialogue]}
sampling: {encounters: 2, settings: {outpatient: 0.6, emergency: 0.4, inpatient: 0}}
"""


class Silent:
    def start(self, *_: object) -> None: ...
    def document(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run: sampled, realised and screened."""
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "config.yaml").write_text(CONFIG)
    return build(load_config(folder / "config.yaml"), folder / "run", watcher=Silent()).run


@pytest.fixture(scope="module")
def dataset(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_hf(run, tmp_path_factory.mktemp("tasks") / "hf")


@pytest.fixture(scope="module")
def documents(run: Path) -> dict[str, Row]:
    return {row.document_id: row for row in read_rows(run)}


def table(dataset: Path, name: str) -> list[dict[str, Any]]:
    files = sorted((dataset / name).glob("*.parquet"))
    assert files, f"no table {name}"
    return [row for path in files for row in pq.read_table(path).to_pylist()]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    yield


@pytest.mark.usefixtures("offline")
def test_every_table_loads_by_its_name_plain_and_streaming(dataset: Path) -> None:
    from datasets import get_dataset_config_names, load_dataset

    names = set(get_dataset_config_names(str(dataset)))
    assert names == {"documents", *TASK_SCHEMAS} - ABSENT
    for name in sorted(names - {"documents"}):
        loaded = load_dataset(str(dataset), name)
        streamed = load_dataset(str(dataset), name, streaming=True)
        for split, data in loaded.items():
            assert data.features._to_yaml_list() == features_of(TASK_SCHEMAS[name]), name
            assert list(streamed[split]) == data.to_list(), name
        assert sum(map(len, loaded.values())) == len(table(dataset, name))


@pytest.mark.usefixtures("offline")
def test_streams_are_divided_among_the_processes_of_a_training(run: Path, tmp_path: Path) -> None:
    from datasets import load_dataset
    from datasets.distributed import split_dataset_by_node

    folder = export_hf(run, tmp_path / "hf", shard_bytes=100_000, configs=["pretrain"])
    data = load_dataset(str(folder), "pretrain", split="train", streaming=True)
    assert data.num_shards in (2, 4, 8, 16)
    parts = [list(split_dataset_by_node(data, rank, 2)) for rank in range(2)]
    ids = [[row["document_id"] for row in part] for part in parts]
    assert all(ids)
    assert sorted(ids[0] + ids[1]) == sorted(row["document_id"] for row in data)


def test_every_row_says_that_it_is_synthetic(dataset: Path) -> None:
    for path in dataset.rglob("*.parquet"):
        assert set(pq.read_table(path)["synthetic"].to_pylist()) == {True}, path
        assert pq.read_schema(path).metadata[b"synthetic_content"] == b"true", path


def test_no_patient_or_case_stands_on_two_sides_of_any_table(
    dataset: Path, documents: dict[str, Row]
) -> None:
    patient = {row.case_id: row.patient_id for row in documents.values()}
    assert len(set(patient.values())) < len(patient)
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for path in dataset.rglob("*.parquet"):
        for case in pq.read_table(path)["case_id"].to_pylist():
            sides[patient[case]].add(path.name.split("-")[0])
    assert all(len(found) == 1 for found in sides.values())
    assert set().union(*sides.values()) == set(SPLITS)


def test_pairs_are_of_one_case(dataset: Path, documents: dict[str, Row]) -> None:
    for row in table(dataset, "dial2note"):
        note, dialogue = documents[row["document_id"]], documents[row["dialogue_id"]]
        assert note.case_id == dialogue.case_id == row["case_id"]
        assert (note.text, dialogue.text) == (row["note"], row["dialogue"])
        assert dialogue.turns
        assert not note.turns
    said = {d: {f.fact_id for f in r.facts if f.status == "stated"} for d, r in documents.items()}
    for row in table(dataset, "note2dial"):
        assert said[row["dialogue_id"]] <= said[row["document_id"]]


def test_codes_are_stated_and_begin_with_the_principal_one(
    dataset: Path, documents: dict[str, Row]
) -> None:
    for name in ("note2icd", "icd_classification"):
        for row in table(dataset, name):
            facts = [f for f in documents[row["document_id"]].facts if f.status == "stated"]
            assert set(row["codes"]) <= {f.code for f in facts}
            assert row["codes"][0] == documents[row["document_id"]].icd10[0].code
    for row in table(dataset, "icd_classification"):
        assert {code[:3] for code in row["codes"]} == set(row["categories"])
        assert row["chapters"] == sorted(set(row["chapters"]))
        assert 1 <= len(row["chapters"]) <= len(row["codes"])


def test_spans_hold_what_they_record(dataset: Path, documents: dict[str, Row]) -> None:
    for row in table(dataset, "ner"):
        assert row["entities"]
        assert all(row["text"][e["start"] : e["end"]] == e["text"] for e in row["entities"])
    seen = Counter()
    for row in table(dataset, "assertion"):
        text = documents[row["document_id"]].text
        first = row["document_start"]
        assert row["context"] == text[first : first + len(row["context"])]
        assert row["context"][row["start"] : row["end"]] == row["mention"]
        assert len(row["context"]) <= 2 * CONTEXT + len(row["mention"])
        seen[row["assertion"]] += 1
    assert {"present", "denied", "family"} <= seen.keys()


def test_masked_text_holds_no_planned_identifier(dataset: Path) -> None:
    found = 0
    for row in table(dataset, "deid"):
        for item in row["identifiers"]:
            assert row["text"][item["start"] : item["end"]] == item["text"]
            found += 1
        planned = {item["text"] for item in row["identifiers"]}
        pieces = re.split(r"\[[A-Z]+\]", row["masked"])
        assert all(piece in row["text"] for piece in pieces)
        for text in planned:
            assert not re.search(rf"(?<!\w){re.escape(text)}(?!\w)", row["masked"])
    assert found > len(table(dataset, "deid"))


def test_tabular_agrees_with_the_texts(dataset: Path, documents: dict[str, Row]) -> None:
    rows = table(dataset, "tabular")
    assert (
        len({row["case_id"] for row in rows})
        == len(rows)
        == len({row.case_id for row in documents.values()})
    )
    numbers = 0
    for row in rows:
        of_case = [documents[d] for d in row["document_ids"]]
        stated = {
            (f.concept, f.value): (document, f)
            for document in of_case
            for f in document.facts
            if f.status == "stated"
        }
        values = [(lab["test"], lab["value"]) for lab in row["labs"]]
        values += [
            (f"vital:{name}", row[column])
            for name, column in {
                "temperature": "temperature_c", "heart_rate": "heart_rate_bpm",
                "respiratory_rate": "respiratory_rate_bpm",
                "oxygen_saturation": "oxygen_saturation_percent",
            }.items()
            if row[column] is not None
        ]  # fmt: skip
        if row["systolic_mmhg"] is not None:
            pressure = f"{row['systolic_mmhg']:.0f}/{row['diastolic_mmhg']:.0f}"
            assert any(pressure in document.text for document in of_case)
        for concept, value in values:
            assert any(
                c == concept and v is not None and float(v.replace(",", "")) == value
                and v in document.text
                for (c, v), (document, _) in stated.items()
            ), (row["case_id"], concept, value)  # fmt: skip
            numbers += 1
        texts = "\n".join(document.text for document in of_case)
        for drug in row["medications"]:
            assert drug["dose"] is None or drug["dose"] in texts
        for polarity in ("present", "denied"):
            named = {f.name for _, f in stated.values() if f.polarity == polarity}
            assert set(row[f"symptoms_{polarity}"]) <= named
        demographics = of_case[0].demographics
        assert demographics is not None
        assert (row["age_years"], row["sex"]) == (demographics.age_years, demographics.sex)
        if demographics.age_years >= 2:
            ages = {m for d in of_case for m in re.findall(r"(\d+)[- ]year[- ]old", d.text)}
            assert ages <= {str(demographics.age_years)}
    assert numbers > 3 * len(rows)


def test_answers_are_what_the_ledger_holds(dataset: Path, documents: dict[str, Row]) -> None:
    tasks = Counter()
    for row in table(dataset, "instruct"):
        document = documents[row["document_id"]]
        facts = {f.fact_id: f for f in document.facts}
        chosen = [facts[fact_id] for fact_id in row["fact_ids"]]
        tasks[row["task"]] += 1
        assert row["input"] == document.text
        assert chosen
        assert all(f.status == "stated" and f.spans for f in chosen)
        answer, fact = row["output"], chosen[0]
        match row["task"]:
            case "entities":
                assert answer.splitlines() == list(dict.fromkeys(f.name for f in chosen))
            case "relations" | "time":
                assert answer in {a.value for a in fact.attributes} | {
                    f"{fact.value} {fact.unit}", fact.value,
                }  # fmt: skip
                assert answer.split()[0].lower() in document.text.lower()
            case "coreference" | "paraphrase":
                assert all(line in document.text for line in answer.splitlines())
            case "abbreviations":
                assert answer == fact.name
            case "questions" if answer in ("Yes.", "No."):
                assert {"Yes.": "present", "No.": "denied"}[answer] == fact.polarity
            case "questions":
                assert fact.name == answer or (fact.value and fact.value in document.text)
    assert {"entities", "relations", "questions", "summary", "paraphrase"} <= tasks.keys()
    assert tasks.keys() <= set(INSTRUCT_TASKS)


@pytest.mark.parametrize(
    ("short", "name", "does"),
    [
        ("SOB", "shortness of breath", True),
        ("HTN", "hypertension", True),
        ("Hgb", "hemoglobin", False),
        ("CAP", "pneumonia", False),
        ("AKI", "acute kidney injury", True),
        ("TTP", "localized tenderness to palpation", False),
        ("rash", "rash", False),
        ("DM", "diabetes mellitus", True),
    ],
)
def test_abbreviations_are_told_from_other_words(short: str, name: str, does: bool) -> None:
    assert is_abbreviation(short, name) is does


def test_the_simulated_patient_answers_and_knows_no_results(
    dataset: Path, documents: dict[str, Row]
) -> None:
    for row in table(dataset, "patient_sim"):
        roles = [message["role"] for message in row["messages"]]
        assert roles[0] == "system"
        assert roles[1:] == ["user", "assistant"] * (len(roles) // 2)
        document = documents[row["document_id"]]
        told = row["messages"][0]["content"]
        for fact in document.facts:
            unknown = fact.type in ("diagnosis", "lab", "vital", "finding", "test")
            if unknown or ("course", "new") in {(a.name, a.value) for a in fact.attributes}:
                assert f"- {fact.type}: {fact.name}" not in told
        said = "\n".join(t.text for t in document.turns if t.role == row["speaker"])
        for message in row["messages"][2::2]:
            assert message["content"].split(". ")[0] in said


def test_preference_pairs_are_of_one_case_and_kind(tmp_path: Path) -> None:
    good, bad = make_row(0), make_row(3, keep=False)
    bad = replace(bad, document_id="second", case_id=good.case_id, kind=good.kind, document_index=1)
    other = replace(make_row(7, keep=False), document_index=2, case_id=good.case_id)
    with RunDir.open(tmp_path / "run", FINGERPRINT, 3, about=ABOUT) as run:
        for row in (good, bad, other):
            run.add(row)
        run.seal()
    dataset = export_hf(tmp_path / "run", tmp_path / "hf", configs=["dpo"])
    (pair,) = table(dataset, "dpo")
    assert pair["chosen"] == [{"role": "assistant", "content": good.text}]
    assert pair["rejected"] == [{"role": "assistant", "content": bad.text}]
    assert pair["error_class"] == "ledger/contradicted"
    assert pair["rejected_id"] == "second"
    assert "cough" in str(plain(good)["facts"])


def test_sides_of_a_preference_pair_are_alike_in_length(tmp_path: Path) -> None:
    fault = RejectedDraft("s1p2", "missing", "missing f02", "Nothing.", "Something.")
    rows = [
        replace(make_row(0), first_draft=make_row(0).text + " Warfarin.", rejected_drafts=(fault,)),
        replace(make_row(1), first_draft="Nothing.", rejected_drafts=(fault,)),
    ]
    with RunDir.open(tmp_path / "run", FINGERPRINT, 2, about=ABOUT) as run:
        for row in rows:
            run.add(row)
        run.seal()
    (pair,) = table(export_hf(tmp_path / "run", tmp_path / "hf", configs=["dpo"]), "dpo")
    assert pair["document_id"] == rows[0].document_id
    assert pair["error_class"] == "missing"


def test_tables_can_be_chosen_and_unknown_ones_are_refused(run: Path, tmp_path: Path) -> None:
    folder = export_hf(run, tmp_path / "hf", configs=["ner"])
    assert {p.name for p in folder.iterdir() if p.is_dir()} == {"documents", "ner"}
    with pytest.raises(CasewrightError, match="no table nerr"):
        export_hf(run, tmp_path / "other", configs=["nerr"])
    assert not (tmp_path / "other").exists()


def test_every_table_is_explained_in_the_card(dataset: Path) -> None:
    assert TABLE_NOTES.keys() == {"documents", *TASK_SCHEMAS}
    card = (dataset / "README.md").read_text()
    for name in {*TABLE_NOTES} - ABSENT:
        assert f"| `{name}` | {TABLE_NOTES[name]} |" in card
