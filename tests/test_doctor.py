"""The doctor: every check says what it found, and what to do where something lacks."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path

import pytest
from gguf_writer import gguf_bytes

from casewright import models
from casewright.doctor import CheckResult, run_doctor
from casewright.errors import CasewrightError
from casewright.generators.scripted import scripted_server
from casewright.models import DEFAULT_MODEL


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and no vLLM asked for."""
    monkeypatch.setenv("CASEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CASEWRIGHT_VLLM_PYTHON", raising=False)
    return tmp_path / "home" / "models"


def found(name: str, engine: str | None = None, model: str = "") -> CheckResult:
    (result,) = [r for r in run_doctor(engine, model=model) if r.name == name]
    return result


def test_a_machine_that_runs_these_tests_is_fit() -> None:
    results = run_doctor()
    assert [r for r in results if r.status == "fail"] == []
    assert {r.name for r in results} >= {
        "python", "packages", "xllamacpp", "datasets", "huggingface_hub", "graph",
        "default model", "vllm", "cores", "memory", "models folder", "this folder", "gpu",
    }  # fmt: skip
    assert all(r.fix for r in results if r.status != "ok")


def test_no_socket_is_opened_unless_an_endpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("the doctor used the network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    run_doctor()


def test_a_default_model_that_is_not_there_is_a_warning_with_the_command() -> None:
    result = found("default model")
    assert result.status == "warn"
    assert "casewright models get default" in result.fix


def test_a_default_model_with_another_content_fails(home: Path) -> None:
    home.mkdir(parents=True)
    (home / DEFAULT_MODEL.file_name).write_bytes(gguf_bytes())
    result = found("default model")
    assert result.status == "fail"
    assert "not SmolLM2-135M-Instruct as published" in result.detail


def test_a_default_model_as_pinned_is_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses
    import hashlib

    content = gguf_bytes()
    digest = hashlib.sha256(content).hexdigest()
    tiny = dataclasses.replace(DEFAULT_MODEL, sha256=digest, size=len(content))
    monkeypatch.setattr(models, "DEFAULT_MODEL", tiny)
    home.mkdir(parents=True)
    (home / tiny.file_name).write_bytes(content)
    assert found("default model").status == "ok"


def test_an_extra_that_is_not_installed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    result = found("xllamacpp")
    assert result.status == "warn"
    assert "casewright[llamacpp]" in result.fix


def test_a_core_package_that_cannot_be_imported_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ahocorasick", None)
    result = found("packages")
    assert result.status == "fail"
    assert "pyahocorasick" in result.detail


def test_a_graph_that_does_not_load_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise CasewrightError("the graph is damaged", where="nodes.csv", line=3)

    monkeypatch.setattr("casewright.kg.graph.load_graph", broken)
    result = found("graph")
    assert result.status == "fail"
    assert "nodes.csv:3" in result.detail


def test_a_vllm_that_was_asked_for_and_is_not_there_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert found("vllm").status == "ok"  # not installed, and nobody asked
    monkeypatch.setenv("CASEWRIGHT_VLLM_PYTHON", "/no/such/python")
    result = found("vllm")
    assert result.status == "fail"
    assert "CASEWRIGHT_VLLM_PYTHON" in result.fix


def test_a_full_disk_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(Path.cwd())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    assert found("models folder").status == "warn"
    assert found("this folder").status == "warn"


def test_a_models_folder_that_cannot_be_written_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    result = found("models folder")
    assert result.status == "fail"
    assert "CASEWRIGHT_HOME" in result.fix


@pytest.mark.parametrize(
    ("script", "status", "told"),
    [
        ("echo 'NVIDIA H100 80GB HBM3, 81559 MiB'", "ok", "NVIDIA H100 80GB HBM3, 81559 MiB"),
        ("echo 'No devices were found'; exit 6", "warn", "No devices were found"),
    ],
)
def test_a_gpu_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, status: str, told: str
) -> None:
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    result = found("gpu")
    assert (result.status, told in result.detail) == (status, True)


def test_no_gpu_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert found("gpu").status == "ok"


def test_an_endpoint_is_tried_when_it_is_named() -> None:
    with scripted_server(lambda _: "yes") as server:
        result = found("endpoint", server.base_url)
        assert result.status == "ok"
        assert "serves scripted, context 4096" in result.detail
        wrong = found("endpoint", server.base_url, "nope")
        assert wrong.status == "fail"
        assert "valid: scripted" in wrong.detail
    gone = found("endpoint", server.base_url)
    assert gone.status == "fail"
    assert "cannot be reached" in gone.detail
