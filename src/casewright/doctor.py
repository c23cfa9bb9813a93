"""Is this machine ready? Every check says what it found and what to do about it.

No check asks the network for anything, except an endpoint that the user names.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from casewright._version import __version__
from casewright.errors import CasewrightError
from casewright.generators.engines import EngineSpec, open_engine
from casewright.generators.engines.hardware import usable_cores
from casewright.generators.engines.vllm import PYTHON_VARIABLE, find_vllm
from casewright.models import (
    DEFAULT_MODEL,
    check_default_model,
    default_hf_folder,
    models_home,
)

__all__ = ["CheckResult", "run_doctor"]

State = Literal["ok", "warn", "fail"]

_LEAST_PYTHON = (3, 11)
_LEAST_FREE_MB = 500  # the default model, a wheel beside it, and a small run
_LEAST_MEMORY_MB = 2000  # default model, graph and Python, with room for the system
# Import name, distribution, and what it is for: the core cannot do without.
_CORE = (
    ("ahocorasick", "pyahocorasick"),
    ("click", "click"),
    ("httpx", "httpx"),
    ("jinja2", "jinja2"),
    ("networkx", "networkx"),
    ("numpy", "numpy"),
    ("pyarrow", "pyarrow"),
    ("pydantic", "pydantic"),
    ("rich", "rich"),
    ("tenacity", "tenacity"),
    ("yaml", "PyYAML"),
)
_EXTRAS = (
    ("xllamacpp", "xllamacpp", "llamacpp", "the embedded engine"),
    ("datasets", "datasets", "hf", "Hugging Face exports"),
    ("huggingface_hub", "huggingface_hub", "hf", "models and data sets on a hub"),
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One finding.

    Attributes:
        name: what was looked at. status: ok, warn (something optional lacks) or fail.
        detail: what was found. fix: what to do, empty where nothing need be done.
    """

    name: str
    status: State
    detail: str
    fix: str = ""


def run_doctor(engine: str | None = None, *, model: str = "") -> list[CheckResult]:
    """Look at everything that a build needs.

    Args:
        engine: also try this endpoint (a URL). model: the name that it shall serve.
    """
    checks: list[Callable[[], Iterator[CheckResult]]] = [
        _check_python,
        _check_packages,
        _check_extras,
        _check_graph,
        _check_default_model,
        _check_vllm,
        _check_machine,
        _check_gpu,
    ]
    if engine is not None:
        checks.append(lambda: _check_endpoint(engine, model))
    return [result for check in checks for result in check()]


def _check_python() -> Iterator[CheckResult]:
    version = platform.python_version()
    where = f"Python {version} at {sys.executable}, casewright {__version__}"
    if sys.version_info[:2] < _LEAST_PYTHON:  # an installer would have refused
        need = ".".join(map(str, _LEAST_PYTHON))
        yield CheckResult("python", "fail", where, f"use Python {need} or newer")
    else:
        yield CheckResult("python", "ok", where)


def _check_packages() -> Iterator[CheckResult]:
    broken = [f"{dist} ({why})" for name, dist in _CORE if (why := _import_fault(name))]
    if broken:
        yield CheckResult(
            "packages", "fail", "cannot be imported: " + ", ".join(broken), "pip install casewright"
        )
    else:
        yield CheckResult("packages", "ok", f"{len(_CORE)} core packages import")


def _check_extras() -> Iterator[CheckResult]:
    for name, dist, extra, use in _EXTRAS:
        why = _import_fault(name)
        if why is None:
            yield CheckResult(name, "ok", f"{_version(dist)}: {use}")
        else:
            yield CheckResult(
                name, "warn", f"{use}: {why}", f"pip install 'casewright[{extra}]' if you need it"
            )


def _check_graph() -> Iterator[CheckResult]:
    from casewright.kg.graph import load_graph  # noqa: PLC0415 - its fault must be a finding

    started = time.perf_counter()
    try:
        graph = load_graph()
    except CasewrightError as exc:
        yield CheckResult("graph", "fail", str(exc), "reinstall casewright")
        return
    seconds = time.perf_counter() - started
    yield CheckResult("graph", "ok", f"version {graph.version}, loaded in {seconds:.1f} s")


def _check_default_model() -> Iterator[CheckResult]:
    try:
        path = check_default_model()
    except CasewrightError as exc:
        problem = exc.problems[0]
        missing = not (models_home() / DEFAULT_MODEL.file_name).exists()
        yield CheckResult(
            "default model",
            "warn" if missing else "fail",
            f"{problem.where}: {problem.what}",
            problem.fix or "",
        )
        return
    yield CheckResult("default model", "ok", f"{DEFAULT_MODEL.title}, sha256 as pinned, at {path}")


def _check_vllm() -> Iterator[CheckResult]:
    asked_for = PYTHON_VARIABLE in os.environ
    try:
        install = find_vllm()
    except CasewrightError as exc:
        problem = exc.problems[0]
        if asked_for:
            yield CheckResult("vllm", "fail", str(problem.what), problem.fix or "")
        else:
            yield CheckResult("vllm", "ok", "not installed; only --engine vllm needs it")
        return
    where = f"{install.version} for {'CPU' if install.cpu else 'GPU'} at {install.python}"
    if default_hf_folder().is_dir():
        yield CheckResult("vllm", "ok", f"{where}; the default model is there as a folder")
    else:
        yield CheckResult(
            "vllm",
            "warn",
            f"{where}; the default model is not there as a folder",
            "casewright models get default-hf, or give --model FOLDER",
        )


def _check_machine() -> Iterator[CheckResult]:
    yield CheckResult("cores", "ok", f"{usable_cores()} usable, {platform.machine()}")
    memory = _available_memory_mb()
    if memory is None:
        yield CheckResult("memory", "ok", "cannot be told on this system")
    elif memory < _LEAST_MEMORY_MB:
        yield CheckResult(
            "memory",
            "warn",
            f"{memory} MB available, {_LEAST_MEMORY_MB} wanted",
            "close something, or lower engine concurrency and context",
        )
    else:
        yield CheckResult("memory", "ok", f"{memory} MB available")
    for name, folder in (("models folder", models_home()), ("this folder", Path.cwd())):
        yield _disk(name, folder)


def _disk(name: str, folder: Path) -> CheckResult:
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free // 1_000_000
    if not os.access(there, os.W_OK):
        return CheckResult(
            name,
            "fail" if name == "models folder" else "warn",
            f"{there} is not writable",
            "set CASEWRIGHT_HOME" if name == "models folder" else "give --out elsewhere",
        )
    if free < _LEAST_FREE_MB:
        return CheckResult(
            name, "warn", f"{free} MB free at {there}, {_LEAST_FREE_MB} wanted", "free some room"
        )
    return CheckResult(name, "ok", f"{free} MB free at {there}")


def _check_gpu() -> Iterator[CheckResult]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        yield CheckResult("gpu", "ok", "no NVIDIA tools here; the embedded engine uses the CPU")
        return
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        yield CheckResult("gpu", "warn", f"nvidia-smi does not answer ({exc})", "check the driver")
        return
    names = "; ".join(line.strip() for line in done.stdout.splitlines() if line.strip())
    if done.returncode != 0 or not names:
        said = (done.stderr or done.stdout).strip()[:200]
        yield CheckResult("gpu", "warn", f"nvidia-smi finds no GPU ({said})", "check the driver")
    else:
        yield CheckResult("gpu", "ok", names)


def _check_endpoint(url: str, model: str) -> Iterator[CheckResult]:
    async def look() -> str:
        async with open_engine(EngineSpec.parse(url, model)) as engine:
            length = engine.max_model_len or "unknown"
            return f"{engine.server} at {url} serves {engine.model}, context {length}"

    try:
        yield CheckResult("endpoint", "ok", asyncio.run(look()))
    except CasewrightError as exc:
        problem = exc.problems[0]
        valid = f" (valid: {problem.valid})" if problem.valid else ""
        yield CheckResult("endpoint", "fail", f"{url}: {problem.what}{valid}", problem.fix or "")


def _import_fault(name: str) -> str | None:
    """Why a package cannot be imported, or None. A broken binary counts, not only an absence."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as exc:
        return "not installed" if exc.name == name else f"needs {exc.name}"
    except Exception as exc:  # whatever a broken install raises is the finding
        return f"{type(exc).__name__}: {exc}"
    return None


def _version(dist: str) -> str:
    try:
        return importlib.metadata.version(dist)
    except importlib.metadata.PackageNotFoundError:
        return "unknown version"


def _available_memory_mb() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1000
    return None
