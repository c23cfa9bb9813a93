"""Builds of small corpora through the command line, with a model that a test scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scripted_model import GoodModel

from casewright.config import load_config
from casewright.generators.scripted import Asked, Reply, ScriptedServer, scripted_server
from casewright.generators.writer import EngineName
from casewright.outputs.row import Row
from casewright.outputs.rows import read_rows
from casewright.pipeline import plan_run
from casewright.setup import load_parts

__all__ = ["CONFIG", "good_server", "planned_ids", "sealed", "stored", "written"]

CONFIG = """\
documents: {documents}
seed: 5
sampling:
  settings: {{outpatient: 0.5, emergency: 0.2, inpatient: 0.3}}
text: {{draws: 2, granularity: group, decoding: free}}
"""


def written(folder: Path, documents: int, extra: str = "") -> Path:
    """A configuration file for so many documents."""
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(documents=documents) + extra, "utf-8")
    return path


def planned_ids(config: Path) -> list[str]:
    """Ids of the documents of the plan, in order."""
    settings = load_config(config)
    parts = load_parts(settings)
    return [
        f"{parts.sampler.case(p.case_index).case_id}-{p.kind}" for p in plan_run(parts, settings)
    ]


def model_of(config: Path) -> GoodModel:
    """A model that does every task of the plan well."""
    settings = load_config(config)
    parts = load_parts(settings)
    writer = parts.writer(None, EngineName("", ""))
    plan = plan_run(parts, settings)
    return GoodModel().learn(writer, [(parts.sampler.case(p.case_index), p.kind) for p in plan])


@contextmanager
def good_server(
    config: Path, but: Callable[[Asked, str], Reply | str] = lambda _, text: text
) -> Iterator[ScriptedServer]:
    """An endpoint whose model does the plan's tasks well, `but` for what a test changes."""
    model = model_of(config)
    with scripted_server(lambda asked: but(asked, model(asked.messages))) as server:
        yield server


def stored(run: Path) -> dict[str, Row]:
    """All rows of a finished run by id; an id that stands twice is an error."""
    found: dict[str, Row] = {}
    for folder in ("documents", "rejects"):
        for file in sorted((run / folder).glob("part-*.parquet")):
            for row in read_rows(file):
                assert row.document_id not in found, f"{row.document_id} is stored twice"
                found[row.document_id] = row
    return found


def sealed(run: Path) -> dict[str, bytes]:
    """The bytes of every sealed part."""
    return {
        p.relative_to(run).as_posix(): p.read_bytes()
        for folder in ("documents", "rejects")
        for p in (run / folder).glob("*")
    }
