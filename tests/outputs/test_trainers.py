"""The files for trainers name what is there, with lengths that a real tokenizer counted."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.errors import CasewrightError
from casewright.outputs.lengths import PairLengths, load_counter
from casewright.outputs.rows import Row
from casewright.outputs.rundir import RunDir
from casewright.outputs.sft import TASKS, export_sft
from casewright.outputs.trainers import PREFERENCES
from casewright.records import RejectedDraft

ALL = (*TASKS, PREFERENCES)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trainers") / "run"
    with RunDir.open(folder, FINGERPRINT, 150, about=ABOUT) as opened:
        for index in range(150):
            opened.add(mended(index) if index % 2 else make_row(index))
        opened.seal()
    return folder


def mended(index: int) -> Row:
    """A document that was drawn again where it named another drug."""
    row = make_row(index)
    fault = RejectedDraft("s1p2", "off_case", "off case 'warfarin'", "Warfarin.", "Nothing else.")
    return replace(row, first_draft=f"Warfarin. {row.text}", rejected_drafts=(fault,))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lib = pytest.importorskip("tokenizers")
    from tokenizers import models, pre_tokenizers, trainers

    made = lib.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel()
    texts = [make_row(i).text for i in range(30)]
    made.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=400))
    folder = tmp_path_factory.mktemp("trainers")
    made.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def feed(run: Path, tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_sft(run, tmp_path_factory.mktemp("trainers") / "feed", tokenizer=tokenizer)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_lengths_are_those_of_the_tokenizer(feed: Path, tokenizer: Path) -> None:
    from tokenizers import Tokenizer

    real = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    told = {task["task"]: task for task in json.loads((feed / "lengths.json").read_text())}
    assert list(told) == list(ALL)
    for name, task in told.items():
        pairs = [p for path in (feed / name).glob("*.jsonl") for p in lines(path)]
        sizes = sorted(
            len(real.encode(pair["prompt"][0]["content"]).ids)
            + max(
                len(real.encode(pair[side][0]["content"]).ids)
                for side in ("completion", "chosen", "rejected")
                if side in pair
            )
            for pair in pairs
        )
        assert task["pairs"] == len(sizes)
        assert task["measured"] is True
        assert dict(map(tuple, task["quantiles"]))[1.0] == sizes[-1] + 16
        assert task["max_length"] % 256 == 0
        assert sum(size + 16 > task["max_length"] for size in sizes) <= 0.005 * len(sizes)
        for limit, share in task["cut"]:
            cut = sum(size + 16 > limit for size in sizes) / len(sizes)
            assert share == pytest.approx(cut, abs=1e-4)


def test_every_table_has_a_file_for_every_trainer(feed: Path) -> None:
    names = {p.name for p in (feed / "configs").iterdir()}
    trainers = ("trl.yaml", "axolotl.yaml", "llamafactory.yaml", "unsloth.py")
    assert names == {f"{task}.{trainer}" for task in ALL for trainer in trainers}
    length = {t["task"]: t["max_length"] for t in json.loads((feed / "lengths.json").read_text())}
    for task in ALL:
        trl, axolotl, factory = (
            yaml.safe_load((feed / "configs" / f"{task}.{name}").read_text())
            for name in trainers[:3]
        )
        assert trl["dataset_config"] == task
        assert {trl["max_length"], axolotl["sequence_len"], factory["cutoff_len"]} == {length[task]}
        ast.parse((feed / "configs" / f"{task}.unsloth.py").read_text())


def test_trl_s_data_loads_as_its_file_says(
    feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(feed)
    for task in ALL:
        config = yaml.safe_load((feed / "configs" / f"{task}.trl.yaml").read_text())
        data = datasets.load_dataset(config["dataset_name"], config["dataset_config"])
        answers = ("chosen", "rejected") if task == PREFERENCES else ("completion",)
        for split in (config["dataset_train_split"], config["dataset_test_split"]):
            row = data[split][0]
            for answer in answers:
                assert [m["role"] for m in row["prompt"] + row[answer]] == ["user", "assistant"]


def test_preferences_are_the_mended_document_beside_its_first_draft(feed: Path) -> None:
    pairs = [p for path in (feed / "dpo").glob("*.jsonl") for p in lines(path)]
    assert len(pairs) == 75
    for pair in pairs:
        (better,), (worse,) = pair["chosen"], pair["rejected"]
        assert worse["content"] == f"Warfarin. {better['content']}"
        assert pair["error_class"] == "off_case"
        assert pair["error_message"] == "off case 'warfarin'"
        assert "states these facts" in pair["prompt"][0]["content"]


def test_preference_files_name_both_sides(feed: Path) -> None:
    axolotl, factory = (
        yaml.safe_load((feed / "configs" / f"dpo.{name}.yaml").read_text())
        for name in ("axolotl", "llamafactory")
    )
    entry = json.loads((feed / "dataset_info.json").read_text())[factory["dataset"]]
    assert (axolotl["rl"], factory["stage"], entry["ranking"]) == ("dpo", "dpo", True)
    for data in axolotl["datasets"] + axolotl["test_datasets"]:
        for row in lines(feed / data["path"]):
            assert [m["role"] for m in row[data["field_messages"]]] == ["user"]
            for side in (data["field_chosen"], data["field_rejected"]):
                assert row[side]["role"] == "assistant"
    for row in lines(feed / entry["file_name"]):
        assert row[entry["columns"]["chosen"]] != row[entry["columns"]["rejected"]]


def test_axolotl_s_and_llama_factory_s_files_and_fields_are_there(feed: Path) -> None:
    info = json.loads((feed / "dataset_info.json").read_text())
    for task in TASKS:
        axolotl = yaml.safe_load((feed / "configs" / f"{task}.axolotl.yaml").read_text())
        for data in axolotl["datasets"] + axolotl["test_datasets"]:
            mapping = data["message_property_mappings"]
            for row in lines(feed / data["path"]):
                for message in row[data["field_messages"]]:
                    assert message[mapping["role"]] in ("user", "assistant")
                    assert message[mapping["content"]]
        factory = yaml.safe_load((feed / "configs" / f"{task}.llamafactory.yaml").read_text())
        for key in ("dataset", "eval_dataset"):
            entry = info[factory[key]]
            for row in lines(feed / factory["dataset_dir"] / entry["file_name"]):
                roles = [m[entry["tags"]["role_tag"]] for m in row[entry["columns"]["messages"]]]
                assert roles == [entry["tags"]["user_tag"], entry["tags"]["assistant_tag"]]


def test_without_a_tokenizer_the_card_says_that_lengths_are_estimates(
    run: Path, feed: Path, tmp_path: Path
) -> None:
    card = (export_sft(run, tmp_path / "feed") / "README.md").read_text()
    assert "estimated at three characters a token" in card
    assert "estimated at" not in (feed / "README.md").read_text()


def test_recommended_length_holds_all_but_a_few() -> None:
    lengths = PairLengths(len)
    for size in [100] * 995 + [9000] * 5:
        lengths.add("x", "a" * size, "")
    (result,) = lengths.results()
    assert result.max_length == 256
    assert result.cut == ((1024, 0.005), (2048, 0.005), (4096, 0.005))


def test_place_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    with pytest.raises(CasewrightError, match="no tokenizer in that place"):
        load_counter(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(CasewrightError, match="cannot be read"):
        load_counter(tmp_path)
