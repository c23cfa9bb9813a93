"""The main job with real models: one config through llama.cpp in process and through vLLM."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from casewright.errors import CasewrightError
from casewright.models import check_default_model, list_models
from casewright.outputs.manifest import read_manifest
from casewright.outputs.row import Row
from casewright.outputs.rows import read_rows

CONFIG = """\
documents: {documents}
seed: 5
sampling:
  settings: {{outpatient: 0.6, inpatient: 0.4}}
engine:
  kind: {kind}
  model: {model}
"""


def _build(out: Path, kind: str, model: str, documents: int, **env: str) -> dict[str, object]:
    config = out.parent / f"{kind}.yaml"
    config.write_text(CONFIG.format(kind=kind, model=model, documents=documents), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "casewright", "build", str(config), "--out", str(out), "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    summary: dict[str, object] = json.loads(done.stdout)
    return summary


def _rows(run: Path) -> list[Row]:
    folders = [run / "documents", run / "rejects"]  # a side without a document has no folder
    return [row for folder in folders if folder.is_dir() for row in read_rows(folder)]


def _assert_sound(run: Path, documents: int, kept_share: float) -> list[Row]:
    """What holds of every run, and what the default model is required to reach."""
    counts = read_manifest(run).counts
    assert counts.planned == documents == counts.kept + counts.rejected + counts.failed
    assert counts.failed == 0
    assert counts.kept >= kept_share * documents, f"kept {counts.kept} of {documents}"
    kept = list(read_rows(run / "documents"))
    for row in kept:
        must = [f for f in row.facts if f.duty == "must"]
        assert sum(f.status == "stated" for f in must) >= 0.95 * len(must), row.document_id
        assert all(f.status != "contradicted" for f in row.facts), row.document_id
        assert (run / "report.html").is_file()
    return kept


@pytest.fixture(scope="module")
def default_model() -> Path:
    try:
        return check_default_model()
    except CasewrightError as err:
        pytest.skip(f"the default model is not here ({err}); make test gets it")


@pytest.mark.model
@pytest.mark.slow
def test_default_model_writes_most_of_a_trustworthy_corpus(
    default_model: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    _build(run, "llamacpp", "default", 9)
    kept = _assert_sound(run, 9, kept_share=0.8)
    shares = [row.provenance.model_written for row in kept if row.provenance]
    assert statistics.median(shares) >= 0.5, shares
    assert {row.kind for row in kept} == {"clinic_note", "dialogue", "discharge_summary"}


@pytest.mark.vllm
@pytest.mark.slow
def test_same_config_builds_through_a_real_vllm_server(tmp_path: Path) -> None:
    python = os.environ.get("CASEWRIGHT_VLLM_PYTHON")
    if not python:
        pytest.skip("CASEWRIGHT_VLLM_PYTHON names no interpreter with vllm; make test-vllm does")
    present = {m.name for m in list_models() if m.present}
    assert "default-hf" in present, "make test-vllm makes this folder from the default model"
    run = tmp_path / "run"
    _build(run, "vllm", "default-hf", 6)
    kept = _assert_sound(run, 6, kept_share=0.8)
    engines = {row.provenance.engine for row in kept if row.provenance}
    assert engines == {"vllm"}
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert "vllm.entrypoints" not in listed.stdout, "the server outlived the build"


def test_rows_of_both_outcomes_are_read_back(tmp_path: Path) -> None:
    run = tmp_path / "run"
    _build(run, "realiser", "realiser", 12)
    ids = [row.document_id for row in _rows(run)]
    assert len(ids) == len(set(ids)) == 12
