"""Getting models: the packaged one, local ones, and what is told when it cannot be had."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from gguf_writer import gguf_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright import models
from casewright.errors import CasewrightError
from casewright.gguf_header import read_gguf_header
from casewright.models import (
    DEFAULT_MODEL,
    PackagedModel,
    check_default_model,
    check_model,
    default_hf_folder,
    export_hf_folder,
    get_model,
    list_models,
    models_home,
    sha256_of,
)

SMALL = gguf_bytes()


def small_package(**changes: object) -> PackagedModel:
    """A packaged model whose one file is SMALL."""
    import hashlib

    fields: dict[str, object] = {
        "name": "default",
        "title": "Tiny",
        "requirement": "casewright-tiny-model==1.0",
        "member": "tiny/model.gguf",
        "sha256": hashlib.sha256(SMALL).hexdigest(),
        "size": len(SMALL),
        "licence": "CC0-1.0",
        "source": "test",
    }
    return PackagedModel(**{**fields, **changes})


def write_wheel(folder: Path, member: str = "tiny/model.gguf", content: bytes = SMALL) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "casewright_tiny_model-1.0-py3-none-any.whl"
    info = "casewright_tiny_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(member, content)
        wheel.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: casewright-tiny-model\nVersion: 1.0\n"
            "Requires-Dist: no-such-package-that-would-compile-llama\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip's only source is this folder of wheels: no network, the real pip."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(models, "DEFAULT_MODEL", small_package())
    return folder


# -- where models live ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"CASEWRIGHT_HOME": "/data/cw"}, "/data/cw/models"),
        ({"XDG_DATA_HOME": "/x"}, "/x/casewright/models"),
        ({"CASEWRIGHT_HOME": "/data/cw", "XDG_DATA_HOME": "/x"}, "/data/cw/models"),
        ({"XDG_DATA_HOME": "relative"}, "/home/u/.local/share/casewright/models"),
        ({}, "/home/u/.local/share/casewright/models"),
    ],
)
def test_models_live_in_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], expected: str
) -> None:
    for name in ("CASEWRIGHT_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/u")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert models_home() == Path(expected)


# -- the packaged model ---------------------------------------------------------------------


def test_the_file_is_taken_out_of_the_wheel_and_nothing_is_installed(
    index: Path, tmp_path: Path
) -> None:
    write_wheel(index)
    home = tmp_path / "home"
    path = get_model("default", home)
    assert path == home / "model.gguf"
    assert path.read_bytes() == SMALL
    assert [p.name for p in home.iterdir()] == ["model.gguf"]  # no wheel, no leftovers


def test_the_second_time_nothing_is_asked_of_pip(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(index)
    first = get_model("default", tmp_path / "home")
    shutil.rmtree(index)
    monkeypatch.setattr(sys, "executable", "/no/python/here")
    assert get_model("default", tmp_path / "home") == first


def test_a_wheel_with_another_content_is_refused_and_not_left_there(
    index: Path, tmp_path: Path
) -> None:
    write_wheel(index, content=SMALL[:-1] + b"\x02")
    with pytest.raises(CasewrightError, match="sha256 differs"):
        get_model("default", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_a_wheel_without_the_file_is_refused(index: Path, tmp_path: Path) -> None:
    write_wheel(index, member="tiny/other.gguf")
    with pytest.raises(CasewrightError, match=r"does not hold tiny/model\.gguf"):
        get_model("default", tmp_path / "home")


def test_a_file_that_was_changed_since_is_noticed(index: Path, tmp_path: Path) -> None:
    write_wheel(index)
    path = get_model("default", tmp_path / "home")
    path.write_bytes(SMALL[:-1])
    for use in (get_model, lambda _, home: check_default_model(home)):
        with pytest.raises(CasewrightError, match="not Tiny as published") as caught:
            use("default", tmp_path / "home")
        assert "delete the file" in str(caught.value)


def test_no_such_package_is_told_in_pips_own_words(index: Path, tmp_path: Path) -> None:
    with pytest.raises(CasewrightError, match="pip could not download") as caught:
        get_model("default", tmp_path / "home")
    assert "casewright-tiny-model" in str(caught.value)
    assert "network" in str(caught.value)


def test_a_python_without_pip_is_told(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(CasewrightError, match="no pip") as caught:
        get_model("default", tmp_path / "home")
    assert "ensurepip" in str(caught.value)


def test_too_little_room_is_told_before_anything_is_downloaded(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "DEFAULT_MODEL", small_package(size=1 << 60))
    with pytest.raises(CasewrightError, match="not enough room"):
        get_model("default", tmp_path / "home")


def test_a_disk_that_fills_up_is_told(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(index)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(CasewrightError, match="No space left on device") as caught:
        get_model("default", tmp_path / "home")
    assert "CASEWRIGHT_HOME" in str(caught.value)
    assert list((tmp_path / "home").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(index: Path, tmp_path: Path) -> None:
    write_wheel(index)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CasewrightError, match="cannot write there"):
        get_model("default", tmp_path / "file" / "home")


@pytest.mark.model
def test_the_default_model_comes_from_its_package_and_is_the_one_pinned(tmp_path: Path) -> None:
    path = get_model("default", tmp_path)  # afresh, whatever this machine has
    assert check_default_model(tmp_path) == path
    assert sha256_of(path) == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    header = read_gguf_header(path)
    assert (header.architecture, header.context_length) == ("llama", 8192)
    assert header.least_bytes == path.stat().st_size  # to the byte


# -- local models ---------------------------------------------------------------------------


def test_a_local_file_and_a_local_folder_are_taken_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(SMALL)
    folder = tmp_path / "hf"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"x")
    assert (get_model(str(file)), check_model(file)) == (file, "gguf")
    assert (get_model(str(folder)), check_model(folder)) == (folder, "hf")


def test_a_name_that_means_nothing_is_told_with_what_is_valid() -> None:
    with pytest.raises(CasewrightError, match="hf://owner/name") as caught:
        get_model("smollm2")
    assert "default" in str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no model"),
        ({"a.gguf": SMALL}, "name the file itself: .*a.gguf"),
        ({"config.json": b"{}"}, "no weights"),
    ],
)
def test_a_folder_that_is_no_model_is_told(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CasewrightError, match=message):
        get_model(str(tmp_path))


# -- what is there --------------------------------------------------------------------------


def test_the_list_shows_what_is_known_and_what_is_there(tmp_path: Path) -> None:
    (default,) = list_models(tmp_path)
    assert (default.name, default.kind, default.present) == ("default", "gguf", False)
    assert (default.licence, default.size) == ("Apache-2.0", 98_362_432)

    folder = default_hf_folder(tmp_path)
    folder.mkdir()
    (folder / "config.json").write_bytes(b"12")
    repo = tmp_path / "hub" / "owner--some--name"
    repo.mkdir(parents=True)
    (repo / "q4.gguf").write_bytes(SMALL)
    (tmp_path / "hub" / ".part-owner--half").mkdir()
    found = {m.name: m for m in list_models(tmp_path)}
    assert set(found) == {"default", "default-hf", "hf://owner/some--name/q4.gguf"}
    assert found["default-hf"].size == 2
    assert found["hf://owner/some--name/q4.gguf"].size == len(SMALL)


# -- GGUF headers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values", "need"),
    [
        (0, 64, 256),
        (1, 64, 128),
        (2, 64, 36),
        (3, 64, 40),
        (8, 64, 68),
        (12, 512, 288),
        (99, 64, 0),
    ],
)
def test_a_header_tells_how_long_its_file_must_be(
    tmp_path: Path, kind: int, values: int, need: int
) -> None:
    path = tmp_path / "m.gguf"
    whole = gguf_bytes(kind=kind, values=values, data_bytes=need)
    path.write_bytes(whole)
    header = read_gguf_header(path)
    assert (header.name, header.architecture, header.context_length) == ("tiny", "llama", 512)
    assert header.least_bytes == len(whole)
    if need:
        path.write_bytes(whole[:-1])
        with pytest.raises(CasewrightError, match="cut short"):
            read_gguf_header(path)


def test_the_files_own_alignment_counts(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    whole = gguf_bytes(alignment=4096)
    path.write_bytes(whole)
    assert read_gguf_header(path).least_bytes == len(whole)


@settings(max_examples=300)
@given(cut=st.integers(0, len(SMALL) - 1))
def test_any_cut_is_noticed(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.gguf"
    path.write_bytes(SMALL[:cut])
    with pytest.raises(CasewrightError):
        read_gguf_header(path)


@settings(max_examples=300)
@given(at=st.integers(4, len(SMALL) - 257), byte=st.integers(0, 255))
def test_any_damage_is_read_or_told_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(SMALL[:at] + bytes([byte]) + SMALL[at + 1 :])
    try:
        read_gguf_header(path)
    except CasewrightError as exc:
        assert str(path) in str(exc)


# -- a folder for vLLM ----------------------------------------------------------------------


def test_an_interpreter_without_torch_is_told(tmp_path: Path) -> None:
    gguf = tmp_path / "m.gguf"
    gguf.write_bytes(SMALL)
    venv.create(tmp_path / "bare", with_pip=False)
    bare = str(tmp_path / "bare" / "bin" / "python")
    with pytest.raises(CasewrightError, match=r"could not turn m\.gguf") as caught:
        export_hf_folder(gguf, tmp_path / "out", python=bare)
    assert f"{bare} -m pip install torch transformers accelerate gguf" in str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bare", "m.gguf"]


def test_an_interpreter_that_is_not_there_is_told(tmp_path: Path) -> None:
    gguf = tmp_path / "m.gguf"
    gguf.write_bytes(SMALL)
    with pytest.raises(CasewrightError, match="/no/such/python"):
        export_hf_folder(gguf, tmp_path / "out", python="/no/such/python")


def test_the_export_script_needs_nothing_of_casewright() -> None:
    script = Path(models.__file__).with_name("_export_hf.py")
    done = subprocess.run(
        [sys.executable, "-I", str(script)], capture_output=True, text=True, check=False
    )
    # It gets as far as its missing arguments, in whatever interpreter.
    assert "IndexError" in done.stderr
    assert "casewright" not in script.read_text().replace("must not import casewright", "")


def test_the_pinned_model_is_described_in_full() -> None:
    assert DEFAULT_MODEL.file_name == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert len(DEFAULT_MODEL.sha256) == 64
    assert "==" in DEFAULT_MODEL.requirement
