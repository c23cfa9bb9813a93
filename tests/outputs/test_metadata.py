"""What describes a dataset for machines and reviewers is valid and agrees with its files."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.outputs.card import CardInfo
from casewright.outputs.hf import export_hf
from casewright.outputs.rundir import RunDir

INFO = CardInfo("A test set", "cc-by-4.0", "The testers", "https://example.org/set")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metadata")
    with RunDir.open(folder / "run", FINGERPRINT, 60, about=ABOUT) as run:
        for index in range(60):
            run.add(make_row(index, keep=index % 9 != 1))
        run.seal()
    return export_hf(folder / "run", folder / "hf", info=INFO)


@pytest.fixture(scope="module")
def described(dataset: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((dataset / "croissant.json").read_text("utf-8"))
    return value


def test_croissant_is_valid_without_a_warning(
    dataset: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mlc = pytest.importorskip("mlcroissant")
    loaded = mlc.Dataset(jsonld=dataset / "croissant.json")
    assert not loaded.metadata.issues.errors
    assert not loaded.metadata.issues.warnings
    assert [r for r in caplog.records if r.levelname in ("WARNING", "ERROR")] == []
    assert loaded.metadata.conforms_to[0] == "http://mlcommons.org/croissant/1.1" or (
        "http://mlcommons.org/croissant/1.1" in loaded.metadata.conforms_to
    )
    assert loaded.metadata.data_biases
    assert loaded.metadata.data_collection


def test_croissant_reads_the_rows_of_a_table(dataset: Path) -> None:
    mlc = pytest.importorskip("mlcroissant")
    loaded = mlc.Dataset(jsonld=dataset / "croissant.json")
    there = {
        row["document_id"]: row["text"]
        for path in (dataset / "pretrain").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    read = {
        r["pretrain/document_id"].decode(): r["pretrain/text"].decode()
        for r in loaded.records("pretrain")
    }
    assert read == there


def test_croissant_has_every_file_with_its_hash(dataset: Path, described: dict[str, Any]) -> None:
    files = {f["@id"]: f for f in described["distribution"] if f["@type"] == "cr:FileObject"}
    there = {str(p.relative_to(dataset)): p for p in dataset.rglob("*.parquet")}
    assert files.keys() == there.keys()
    for name, path in there.items():
        assert files[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert files[name]["contentSize"] == f"{path.stat().st_size} B"


def test_croissant_has_every_column_of_every_table(
    dataset: Path, described: dict[str, Any]
) -> None:
    sets = {r["name"]: r for r in described["recordSet"]}
    assert sets.keys() == {p.name for p in dataset.iterdir() if p.is_dir()}
    for name, record_set in sets.items():
        schema = pq.read_schema(next((dataset / name).glob("*.parquet")))
        assert [f["name"] for f in record_set["field"]] == schema.names


def test_croissant_says_what_responsible_use_asks(described: dict[str, Any]) -> None:
    keys = {key for key in described if key.startswith("rai:")}
    for name in (
        "dataCollection", "dataLimitations", "dataBiases", "dataUseCases", "dataSocialImpact",
        "personalSensitiveInformation", "dataAnnotationProtocol", "dataReleaseMaintenancePlan",
    ):  # fmt: skip
        assert f"rai:{name}" in keys


def test_card_passes_the_hub_s_own_check_of_its_metadata(dataset: Path) -> None:
    """The checks that huggingface_hub makes without a network; the Hub's form is checked below."""
    hub = pytest.importorskip("huggingface_hub")
    text = (dataset / "README.md").read_text("utf-8")
    card = hub.DatasetCard(text)
    assert isinstance(card.data, hub.DatasetCardData)
    assert yaml.safe_load(card.data.to_yaml()) == yaml.safe_load(text.split("---\n")[1])
    assert re.fullmatch(r"[a-z0-9.\-]+", card.data.license)
    names = [config["config_name"] for config in card.data.to_dict()["configs"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.\-]+", name) for name in names)
    assert sum(config.get("default", False) for config in card.data.to_dict()["configs"]) == 1


def test_card_metadata_is_sent_to_the_hub_s_validator_and_its_answer_heard(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    from huggingface_hub import repocard

    asked: list[dict[str, Any]] = []

    class Answer:
        text = ""

        def raise_for_status(self) -> None: ...

    class Session:
        def post(self, _url: str, json: dict[str, Any], **_: object) -> Answer:
            asked.append(json)
            return Answer()

    monkeypatch.setattr(repocard, "get_session", Session)
    hub.DatasetCard.load(dataset / "README.md").validate(repo_type="dataset")
    assert asked[0]["repoType"] == "dataset"
    assert asked[0]["content"].startswith("---\npretty_name: A test set\n")


def test_healthsheet_is_filled_in_from_the_run(dataset: Path) -> None:
    text = (dataset / "HEALTHSHEET.md").read_text("utf-8")
    assert "# Healthsheet: A test set" in text
    assert "53 synthetic clinical documents of 20 fictional" in text
    assert "7 rejected and 0 failed documents\n  of 60 planned" in text
    assert FINGERPRINT.digest in text
    assert "{{" not in text
