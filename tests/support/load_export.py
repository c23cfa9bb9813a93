"""Load an exported dataset as a stranger does: with `datasets` alone. Not a test by itself.

    python load_export.py FOLDER

Every table plain and streamed, the same rows both ways, the features that its card names, no case
on two sides, and streamed shards divided among the processes of a training without a row lost.
Runs in any environment that has `datasets`; nothing of casewright is imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

WORLDS = (1, 2, 4)


def refuse(*_: object, **__: object) -> None:
    raise OSError("no network here")


def digest(row: object) -> str:
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def main(folder: Path) -> None:
    import yaml
    from datasets import Features, get_dataset_config_names, load_dataset
    from datasets.distributed import split_dataset_by_node

    card = yaml.safe_load((folder / "README.md").read_text("utf-8").split("---\n", 2)[1])
    described = {info["config_name"]: info for info in card["dataset_info"]}
    names = get_dataset_config_names(str(folder))
    assert set(names) == set(described), (names, sorted(described))
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        plain = load_dataset(str(folder), name)
        streamed = load_dataset(str(folder), name, streaming=True)
        said = {s["name"]: s["num_examples"] for s in described[name]["splits"]}
        assert {split: len(data) for split, data in plain.items()} == said, name
        features = Features._from_yaml_list(described[name]["features"])
        for split, data in plain.items():
            assert data.features == features, (name, split)
            rows = [digest(row) for row in data]
            assert [digest(row) for row in streamed[split]] == rows, (name, split)
            for row in data:
                assert row["synthetic"] is True, name
                sides[row["case_id"]].add(split)
                if row.get("patient_id"):
                    sides["patient " + row["patient_id"]].add(split)
            shards = streamed[split].num_shards
            for world in WORLDS:
                parts = [split_dataset_by_node(streamed[split], n, world) for n in range(world)]
                if shards % world == 0:  # each process reads files of its own
                    assert sum(part.num_shards for part in parts) == shards, (name, world)
                found = sorted(digest(row) for part in parts for row in part)
                assert found == sorted(rows), (name, split, world)
        sys.stdout.write(f"{name}: {said}\n")
    leaks = {key: found for key, found in sides.items() if len(found) > 1}
    assert not leaks, leaks
    assert not any(module.startswith("casewright") for module in sys.modules)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    socket.socket.connect = refuse  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as home:
        os.environ["HF_HOME"] = home
        main(Path(sys.argv[1]))
