"""Pushing to a hub, through the real huggingface_hub, against a hub on loopback."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Done, call
from hub_server import Fault, Hub, Repo, serve
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.errors import CasewrightError
from casewright.outputs import hub as pushing
from casewright.outputs.card import CardInfo
from casewright.outputs.hf import export_hf
from casewright.outputs.hub import plan_push, read_export, send
from casewright.outputs.rundir import RunDir

pytest.importorskip("huggingface_hub")

NAME = "owner/notes"
PARQUETS = 3  # of the export below: one a split


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("push") / "run"
    with RunDir.open(path, FINGERPRINT, 150, about=ABOUT) as made:
        for index in range(150):
            made.add(make_row(index))
        made.seal()
    return path


@pytest.fixture(scope="module")
def export(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    info = CardInfo("Notes", "cc-by-4.0")
    return export_hf(run, tmp_path_factory.mktemp("push") / "hf", info=info, configs=())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub, its owner's token in the environment, and no other address to be reached."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        if address[0] not in ("127.0.0.1", "localhost"):
            raise AssertionError(f"{address} was contacted")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", _only_loopback(socket.getaddrinfo))
    monkeypatch.setenv("HF_TOKEN", "hf_owner")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve() as server:
        yield server


def _only_loopback(real: object) -> object:
    def look_up(host: object, *args: object, **kwargs: object) -> object:
        if host not in ("127.0.0.1", "localhost", None, b"127.0.0.1"):
            raise AssertionError(f"{host} was looked up")
        return real(host, *args, **kwargs)  # type: ignore[operator]

    return look_up


def content(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def held(hub: Hub, name: str = NAME) -> dict[str, bytes]:
    return {p: b for p, b in hub.repos[name].files.items() if p != ".gitattributes"}


def push(source: Path, hub: Hub, *options: object, name: str = NAME) -> Done:
    return call("push", source, name, "--endpoint", hub.url, *options)


# ------------------------------------------------------------------ what is sent


def test_push_makes_a_private_repository_with_all_files(export: Path, hub: Hub) -> None:
    done = push(export, hub)
    assert done.code == 0, done.err
    assert done.out == f"{hub.url}/datasets/{NAME}\n"
    assert hub.repos[NAME].private
    assert held(hub) == content(export)
    count, size = len(content(export)), sum(map(len, content(export).values()))
    for words in ("(new; to be private)", "cc-by-4.0", f"{count} files, {size:,} bytes"):
        assert words in done.err, words


@pytest.mark.parametrize("off", [False, True], ids=["with hf-xet", "without"])
def test_files_go_to_the_hub_itself_whether_hf_xet_is_there_or_not(
    export: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, off: bool
) -> None:
    import huggingface_hub._commit_api as client

    def elsewhere(**_: object) -> None:
        raise AssertionError("a file went by xet")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", off)
    monkeypatch.setattr(client, "_upload_xet_files", elsewhere)
    monkeypatch.setattr(client, "is_xet_available", lambda: not off)
    assert push(export, hub).code == 0
    assert held(hub) == content(export)


def test_second_push_sends_nothing_and_says_so(export: Path, hub: Hub) -> None:
    push(export, hub)
    before, commits = hub.received, len(hub.repos[NAME].commits)
    hub.asked.clear()
    done = push(export, hub)
    assert done.code == 0, done.err
    assert "all of it is there already: nothing was sent" in done.err
    assert (hub.received, len(hub.repos[NAME].commits)) == (before, commits)
    assert all(line.startswith("GET ") for line in hub.asked)


def test_the_card_comes_last(export: Path, hub: Hub) -> None:
    push(export, hub)
    commits = hub.repos[NAME].commits
    assert set(commits[-1]) == {"README.md", "SHA256SUMS"}
    assert len(commits) > 1


def test_commits_are_bounded(export: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "COMMIT_FILES", 2)
    assert push(export, hub).code == 0
    assert all(len(commit) <= 2 for commit in hub.repos[NAME].commits)
    assert held(hub) == content(export)


def test_dry_run_sends_nothing(export: Path, hub: Hub) -> None:
    done = push(export, hub, "--dry-run")
    assert done.code == 0
    assert "nothing was sent (--dry-run)" in done.err
    assert not hub.repos
    assert all(line.startswith("GET ") for line in hub.asked)


def test_run_is_exported_and_pushed_and_nothing_stays_behind(run: Path, hub: Hub) -> None:
    done = push(run, hub, "--licence", "cc-by-4.0", "--title", "Notes of nobody")
    assert done.code == 0, done.err
    assert b"Notes of nobody" in held(hub)["README.md"]
    assert any(path.startswith("ner/") for path in held(hub))
    assert not (run / ".push").exists()
    again = push(run, hub, "--licence", "cc-by-4.0", "--title", "Notes of nobody")
    assert "nothing was sent" in again.err


def test_endpoint_may_come_from_the_environment(export: Path, hub: Hub, tmp_path: Path) -> None:
    env = {**os.environ, "HF_ENDPOINT": hub.url}
    code = "import sys; from casewright.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "push", str(export), NAME],
        env=env, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert held(hub) == content(export)


# ------------------------------------------------------------------ broken off, and resumed


@pytest.mark.parametrize(
    "fault",
    [
        Fault(r"POST .*/commit/main", 500, skip=1),
        Fault(r"POST .*/commit/main", 0, skip=1),
        Fault(r"POST .*/preupload/", 400, skip=4),
        Fault(r"POST .*/batch", 403, skip=1),
    ],
    ids=["status 500", "cut", "refused", "forbidden"],
)
def test_push_that_broke_off_goes_on_where_it_was(export: Path, hub: Hub, fault: Fault) -> None:
    monkey = pytest.MonkeyPatch()
    monkey.setattr(pushing, "COMMIT_FILES", 2)
    hub.faults = [fault]
    done = push(export, hub)
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    assert held(hub) != content(export)
    assert "README.md" not in held(hub), "the dataset looks whole and is not"
    before = hub.received
    hub.asked.clear()
    again = push(export, hub)
    monkey.undo()
    assert again.code == 0, again.err
    assert held(hub) == content(export)
    whole = sum(map(len, content(export).values()))
    assert hub.received == whole, "something was sent twice"
    assert hub.received - before < whole
    assert not any("create" in line for line in hub.asked)


@pytest.mark.parametrize("status", [0, 503])
def test_file_that_did_not_get_through_is_sent_again_at_once(
    export: Path, hub: Hub, status: int
) -> None:
    hub.faults = [Fault(r"PUT /lfs/", status)]
    done = push(export, hub)
    assert done.code == 0, done.err
    assert held(hub) == content(export)


def test_killed_push_is_resumed(export: Path, hub: Hub, tmp_path: Path) -> None:
    """Killed with SIGKILL when the second file is up."""
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from casewright.outputs import hub\n"
        "hub.COMMIT_FILES = 1\n"
        "plan = hub.plan_push(Path(sys.argv[1]), sys.argv[2], endpoint=sys.argv[3])\n"
        "seen = []\n"
        "def progress(file, left):\n"
        "    seen.append(file)\n"
        "    if len(seen) == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "hub.send(plan, progress=progress)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(export), NAME, hub.url], timeout=120, check=False,
        capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    assert len(held(hub)) == 2
    assert push(export, hub).code == 0
    assert held(hub) == content(export)
    assert hub.received == sum(map(len, content(export).values()))


def test_hub_that_asks_for_a_pause_is_given_one(export: Path, hub: Hub) -> None:
    hub.faults = [
        Fault(r"POST .*/commit/main", 429, headers={"Retry-After": "7"}),
        Fault(r"POST /api/repos/create", 429, headers={"RateLimit": '"api";r=0;t=9'}),
        Fault(r"POST .*/commit/main", 503, skip=1),
    ]
    pauses: list[float] = []
    send(plan_push(export, NAME, endpoint=hub.url), wait=pauses.append)
    assert sorted(pauses) == [2, 7, 9]
    assert held(hub) == content(export)
    assert len({path for commit in hub.repos[NAME].commits for path in commit}) == sum(
        len(commit) for commit in hub.repos[NAME].commits
    )


def test_hub_that_asks_for_too_long_a_pause_is_told(export: Path, hub: Hub) -> None:
    hub.faults = [Fault(r"/commit/main", 429, times=99, headers={"Retry-After": "3600"})]
    done = push(export, hub)
    assert done.code == 2
    assert "asks to be called less often" in done.err
    assert "start the same command again" in done.err


# ------------------------------------------------------------------ who may, and what is there


@pytest.mark.parametrize(
    ("token", "name", "told"),
    [
        ("hf_wrong", NAME, "does not accept the token"),
        ("hf_other", NAME, "the token does not allow writing to owner"),
        ("hf_owner", "other/notes", "the token does not allow writing to other"),
    ],
)
def test_token_that_may_not_is_told(
    token: str, name: str, told: str, export: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    done = push(export, hub, name=name)
    assert done.code == 2
    assert told in done.err, done.err
    assert token not in done.err
    assert not hub.repos


def test_no_token_is_told(export: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    done = push(export, hub)
    assert done.code == 2
    assert "set HF_TOKEN, or log in" in done.err


def test_name_that_is_taken_is_told(export: Path, hub: Hub) -> None:
    hub.faults = [Fault(r"POST /api/repos/create", 409)]
    done = push(export, hub)
    assert done.code == 2
    assert "the name is taken" in done.err


def test_repository_with_something_else_is_left_alone(export: Path, hub: Hub) -> None:
    mine = {"mine.txt": b"mine", "README.md": b"# mine"}
    hub.repos[NAME] = Repo(True, dict(mine))
    done = push(export, hub)
    assert done.code == 2
    assert "holds 2 files that are not of this export: README.md, mine.txt" in done.err
    assert hub.repos[NAME].files == mine


def test_replacing_is_done_when_asked_for(export: Path, hub: Hub) -> None:
    mine = {"mine.txt": b"mine", "README.md": b"# mine", ".gitattributes": b"x"}
    hub.repos[NAME] = Repo(True, dict(mine))
    done = push(export, hub, "--replace")
    assert done.code == 0, done.err
    assert "to overwrite README.md" in done.err
    assert "to delete    mine.txt" in done.err
    assert held(hub) == content(export)
    assert hub.repos[NAME].files[".gitattributes"] == b"x"


def test_shards_of_an_earlier_export_do_not_stay_beside_the_new_ones(
    export: Path, run: Path, hub: Hub, tmp_path: Path
) -> None:
    push(export, hub)
    info = CardInfo("Notes", "cc-by-4.0")
    other = export_hf(run, tmp_path / "other", info=info, configs=(), shard_bytes=40_000)
    assert push(other, hub).code == 2
    assert push(other, hub, "--replace").code == 0
    assert held(hub) == content(other)


def test_hub_that_is_not_there_is_told(export: Path, hub: Hub) -> None:
    done = call("push", export, NAME, "--endpoint", "http://127.0.0.1:9")
    assert done.code == 2
    assert "could not be reached" in done.err


# ------------------------------------------------------------------ public


def test_making_public_asks_first_and_without_a_terminal_refuses(export: Path, hub: Hub) -> None:
    done = push(export, hub, "--public")
    assert done.code == 2
    assert "it would become public, and nobody is here to be asked" in done.err
    assert not hub.repos
    done = push(export, hub, "--public", "--yes")
    assert done.code == 0, done.err
    assert not hub.repos[NAME].private


@pytest.mark.parametrize(("answer", "sent"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_answer_on_a_terminal_decides(
    answer: str, sent: bool, export: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    done = push(export, hub, "--public")
    assert (done.code == 0) is sent, done.err
    assert "Everybody will be able to see" in done.err
    assert (NAME in hub.repos) is sent


def test_private_repository_is_opened_when_all_is_up(export: Path, hub: Hub) -> None:
    push(export, hub)
    hub.asked.clear()
    assert push(export, hub, "--public").code == 2
    assert hub.repos[NAME].private
    done = push(export, hub, "--public", "--yes")
    assert done.code == 0, done.err
    assert not hub.repos[NAME].private
    assert hub.asked[-1].startswith("PUT ")


def test_nothing_goes_into_a_public_repository_unasked(export: Path, hub: Hub) -> None:
    hub.repos[NAME] = Repo(False)
    done = push(export, hub)
    assert done.code == 2
    assert "the repository is public" in done.err
    assert not hub.repos[NAME].files


def test_dataset_without_a_licence_is_not_made_public(run: Path, hub: Hub) -> None:
    done = push(run, hub, "--public", "--yes")
    assert done.code == 2
    assert "without a licence cannot be made public" in done.err
    shutil.rmtree(run / ".push", ignore_errors=True)


# ------------------------------------------------------------------ what is refused here


def test_folder_that_changed_since_its_export_is_refused(
    export: Path, hub: Hub, tmp_path: Path
) -> None:
    folder = tmp_path / "hf"
    shutil.copytree(export, folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\nother")
    (folder / "secret.txt").write_text("secret")
    (folder / "report.json").unlink()
    with pytest.raises(CasewrightError) as told:
        read_export(folder)
    assert {p.what for p in told.value.problems} == {
        "README.md has changed since the export",
        "secret.txt was not written by the export",
        "report.json is gone",
    }
    assert push(folder, hub).code == 2
    assert not hub.asked


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/hostname", "link", "folder/x"])
def test_checksums_lead_nowhere_outside_the_folder(path: str, export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hf"
    shutil.copytree(export, folder)
    (tmp_path / "outside.txt").write_text("outside")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_text("outside")
    (folder / "link").symlink_to(tmp_path / "outside.txt")
    (folder / "folder").symlink_to(tmp_path / "elsewhere")
    digest = hashlib.sha256((folder / path).read_bytes()).hexdigest()
    with (folder / "SHA256SUMS").open("a") as file:
        file.write(f"{digest}  {path}\n")
    with pytest.raises(CasewrightError, match="not a line of checksums of this folder"):
        read_export(folder)


@pytest.mark.parametrize("name", ["notes", "owner/", "/notes", "a/b/c", "owner/no tes", "o/../n"])
def test_name_that_is_none_is_told(name: str, export: Path, hub: Hub) -> None:
    done = push(export, hub, name=name)
    assert done.code == 2
    assert "not a repository's name" in done.err
    assert not hub.asked


def test_what_export_refuses_is_not_pushed(hub: Hub, tmp_path: Path) -> None:
    with RunDir.open(tmp_path / "run", FINGERPRINT, 9, about=ABOUT) as made:
        made.add(make_row(0))
    done = push(tmp_path / "run", hub)
    assert done.code == 2
    assert "the run is not finished" in done.err
    assert not hub.asked


def test_folder_that_is_no_export_is_refused(hub: Hub, tmp_path: Path) -> None:
    done = push(tmp_path, hub)
    assert done.code == 2
    assert "this is no exported folder" in done.err


# ------------------------------------------------------------------ and back


@pytest.mark.parametrize("streaming", [False, True])
def test_pushed_dataset_loads_from_the_hub(
    export: Path, hub: Hub, tmp_path: Path, streaming: bool
) -> None:
    pytest.importorskip("datasets")
    push(export, hub)
    code = (
        "import socket, sys\n"
        "real = socket.socket.connect\n"
        "def connect(self, address):\n"
        "    assert address[0] == '127.0.0.1', address\n"
        "    real(self, address)\n"
        "socket.socket.connect = connect\n"
        "from datasets import load_dataset\n"
        "d = load_dataset(sys.argv[1], streaming=bool(int(sys.argv[2])))\n"
        "for split, rows in d.items():\n"
        "    for row in rows: print(split, row['document_id'], len(row['text']))\n"
    )
    env = {
        **os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"),
        "HF_DATASETS_CACHE": str(tmp_path / "cache"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, NAME, str(int(streaming))],
        env=env, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    import pyarrow.parquet as pq

    wanted = {
        f"{path.name.split('-')[0]} {row['document_id']} {len(row['text'])}"
        for path in (export / "documents").glob("*.parquet")
        for row in pq.read_table(path, columns=["document_id", "text"]).to_pylist()
    }
    assert set(done.stdout.splitlines()) == wanted
