"""Configuration files of trainers, written beside the feed that they train on.

Paths in them are relative to the feed's folder: start the trainer there. What only the user can
know (the model) stands at the top of each file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from casewright.outputs.lengths import TaskLengths
from casewright.outputs.row import plain

__all__ = ["PREFERENCES", "write_trainers"]

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"

_UNSLOTH = '''"""Unsloth, by TRL's columns: `python {name}` in the feed's folder."""

{imports}

MODEL = "{model}"
MAX_LENGTH = {max_length}

model, tokenizer = FastLanguageModel.from_pretrained(MODEL, max_seq_length=MAX_LENGTH)
model = FastLanguageModel.get_peft_model(model, r=16, lora_alpha=32)
data = load_dataset("../{folder}", "{task}")
{trainer}Trainer(
    model=model,
    processing_class=tokenizer,
    train_dataset=data["train"],
    eval_dataset=data.get("validation"),
    args={trainer}Config(
        output_dir="trained",
        max_length=MAX_LENGTH,
        per_device_train_batch_size={batch},
        gradient_accumulation_steps={steps},
        learning_rate={rate},
        num_train_epochs=1,
    ),
).train()
'''

_SFT = {
    "trainer": "SFT",
    "imports": """from datasets import load_dataset
from trl import SFTConfig, SFTTrainer
from unsloth import FastLanguageModel""",
    "batch": 2,
    "steps": 8,
    "rate": "2e-4",
}
_DPO = {
    "trainer": "DPO",
    "imports": """from unsloth import FastLanguageModel, PatchDPOTrainer

PatchDPOTrainer()

from datasets import load_dataset
from trl import DPOConfig, DPOTrainer""",
    "batch": 1,
    "steps": 16,
    "rate": "5e-6",
}

PREFERENCES = "dpo"
"""The task whose lines are preferences: a better and a worse answer."""

# A preference moves the model's choice among what it writes; at the rate of SFT it unlearns.
_GENTLY = {
    "learning_rate": 5e-6,
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 16,
}


def write_trainers(
    folder: Path,
    name_of_folder: str,
    splits: Mapping[str, Sequence[str]],
    lengths: Sequence[TaskLengths],
) -> None:
    """Write `configs/` and `dataset_info.json` into a feed's folder.

    Args:
        folder: the feed, with `<task>/<split>.jsonl` and `<task>_messages/<split>.jsonl`.
        name_of_folder: what it will be called.
        splits: the splits that each task has.
        lengths: lengths of the tasks' pairs; their order is that of the files.
    """
    configs = folder / "configs"
    configs.mkdir()
    for task in lengths:
        there = splits[task.task]
        if "train" not in there:
            continue
        for name, text in _files(task, there, name_of_folder):
            (configs / f"{task.task}.{name}").write_text(text, encoding="utf-8")
    info = dict(_dataset_info(splits))
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", "utf-8")
    told = json.dumps([plain(task) for task in lengths], indent=2)
    (folder / "lengths.json").write_text(told + "\n", "utf-8")


def _files(task: TaskLengths, splits: Sequence[str], folder: str) -> Iterator[tuple[str, str]]:
    name = task.task
    how = "dpo" if name == PREFERENCES else "sft"
    start = f"trl {how} --config configs/{name}.trl.yaml"
    yield "trl.yaml", _yaml(start, _trl(task, splits, folder))
    yield (
        "axolotl.yaml",
        _yaml(f"axolotl train configs/{name}.axolotl.yaml", _axolotl(task, splits)),
    )
    start = f"llamafactory-cli train configs/{name}.llamafactory.yaml"
    yield "llamafactory.yaml", _yaml(start, _llamafactory(task, splits))
    script = _UNSLOTH.format(
        **(_DPO if name == PREFERENCES else _SFT),
        name=f"configs/{name}.unsloth.py",
        model=MODEL,
        max_length=task.max_length,
        task=name,
        folder=folder,
    )
    yield "unsloth.py", script


def _trl(task: TaskLengths, splits: Sequence[str], folder: str) -> dict[str, Any]:
    # Prompt and completion in two columns: TRL then trains on the completion alone.
    value: dict[str, Any] = {
        "model_name_or_path": MODEL,
        # datasets takes no "." for a name
        "dataset_name": f"../{folder}",
        "dataset_config": task.task,
        "dataset_train_split": "train",
        "max_length": task.max_length,
        "output_dir": f"trained/{task.task}",
        "learning_rate": 2e-4,
        "num_train_epochs": 1,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 8,
        "logging_steps": 10,
        "use_peft": True,
        "lora_r": 16,
        "lora_alpha": 32,
        "report_to": "none",
    }
    if task.task == PREFERENCES:
        value |= _GENTLY
    if "validation" in splits:
        value |= {"dataset_test_split": "validation", "eval_strategy": "epoch"}
    return value


def _axolotl(task: TaskLengths, splits: Sequence[str]) -> dict[str, Any]:
    preferences = task.task == PREFERENCES

    def data(split: str) -> dict[str, Any]:
        file = {
            "path": f"{task.task}_messages/{split}.jsonl",
            "ds_type": "json",
            "type": "chat_template.default" if preferences else "chat_template",
            "field_messages": "messages",
            "message_property_mappings": {"role": "role", "content": "content"},
            "split": "train",  # what a lone file is called, whatever it holds
        }
        if preferences:
            return file | {"field_chosen": "chosen", "field_rejected": "rejected"}
        return file | {"roles_to_train": ["assistant"]}

    value: dict[str, Any] = {
        "base_model": MODEL,
        "datasets": [data("train")],
        "sequence_len": task.max_length,
        "adapter": "lora",
        "lora_r": 16,
        "lora_alpha": 32,
        "lora_target_linear": True,
        "micro_batch_size": 2,
        "gradient_accumulation_steps": 8,
        "num_epochs": 1,
        "learning_rate": 2e-4,
        "optimizer": "adamw_torch",
        "lr_scheduler": "cosine",
        "output_dir": f"trained/{task.task}",
    }
    if preferences:
        value |= {"rl": "dpo", "learning_rate": 5e-6, "micro_batch_size": 1}
    if "validation" in splits:
        value["test_datasets"] = [data("validation")]
    return value


def _llamafactory(task: TaskLengths, splits: Sequence[str]) -> dict[str, Any]:
    value: dict[str, Any] = {
        "model_name_or_path": MODEL,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": 16,
        "lora_alpha": 32,
        "dataset_dir": ".",
        "dataset": f"{task.task}_train",
        "template": "default",
        "cutoff_len": task.max_length,
        "output_dir": f"trained/{task.task}",
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 8,
        "learning_rate": 2e-4,
        "num_train_epochs": 1.0,
        "logging_steps": 10,
    }
    if task.task == PREFERENCES:
        value |= {"stage": "dpo", "pref_beta": 0.1, **_GENTLY}
    if "validation" in splits:
        value["eval_dataset"] = f"{task.task}_validation"
    return value


def _dataset_info(splits: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for task, there in splits.items():
        preferences = task == PREFERENCES
        columns = {"messages": "messages"}
        if preferences:
            columns |= {"chosen": "chosen", "rejected": "rejected"}
        for split in there:
            yield (
                f"{task}_{split}",
                {
                    "file_name": f"{task}_messages/{split}.jsonl",
                    "formatting": "sharegpt",
                    **({"ranking": True} if preferences else {}),
                    "columns": columns,
                    "tags": {
                        "role_tag": "role",
                        "content_tag": "content",
                        "user_tag": "user",
                        "assistant_tag": "assistant",
                    },
                },
            )


def _yaml(command: str, value: Mapping[str, Any]) -> str:
    return f"# {command}   (in the folder of the feed)\n" + yaml.safe_dump(
        dict(value), sort_keys=False
    )
