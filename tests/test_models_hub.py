"""hf:// names, through the real huggingface_hub, against a hub on loopback.

The stand-in answers what the client asks of a hub: the model's listing, HEAD and GET of its
files. Each test runs casewright in a process of its own, with HF_ENDPOINT as a user sets it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gguf_writer import gguf_bytes

pytest.importorskip("huggingface_hub")

COMMIT = "5" * 40
GGUF = gguf_bytes()
REPOS: dict[str, dict[str, bytes]] = {
    "maker/tiny-gguf": {"README.md": b"# tiny", "tiny-q4.gguf": GGUF, "sub/tiny-q8.gguf": GGUF},
    "maker/tiny": {
        "config.json": b'{"model_type": "llama"}',
        "model.safetensors": b"weights",
        "tokenizer.json": b"{}",
        "chat_template.jinja": b"{{ messages }}",
        "pytorch_model.bin": b"the same weights again",
        "photo.png": b"not wanted",
    },
}


class Hub(ThreadingHTTPServer):
    """Holds REPOS; `asked` is every request line so far."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        path = self.path.split("?")[0]
        if path.startswith("/api/models/"):
            self._api(path.removeprefix("/api/models/"))
            return
        repo, _, rest = path.removeprefix("/").partition("/resolve/")
        name = rest.partition("/")[2]
        if repo not in REPOS:
            self._send(401, b"{}", X_Error_Code="RepoNotFound")
        elif name not in REPOS[repo]:
            self._send(404, b"{}", X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)
        else:
            body = REPOS[repo][name]
            etag = hashlib.sha256(body).hexdigest()
            self._send(200, body, ETag=f'"{etag}"', X_Repo_Commit=COMMIT)

    do_HEAD = do_GET  # noqa: N815 - the server's protocol

    def _api(self, rest: str) -> None:
        repo = "/".join(rest.split("/")[:2])
        if repo not in REPOS:
            self._send(401, b"{}", X_Error_Code="RepoNotFound")
            return
        files = REPOS[repo]
        if "/tree/" in rest:
            answer: object = [
                {
                    "type": "file",
                    "path": name,
                    "size": len(body),
                    "oid": hashlib.sha1(body).hexdigest(),
                }
                for name, body in files.items()
            ]
        else:
            answer = {
                "id": repo,
                "sha": COMMIT,
                "siblings": [{"rfilename": name} for name in files],
            }
        self._send(200, json.dumps(answer).encode(), Content_Type="application/json")


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(name: str, home: Path, endpoint: str) -> subprocess.CompletedProcess[str]:
    """Get a model in a process of its own: its path on stdout, or what the user is told."""
    code = (
        "import sys; from pathlib import Path\n"
        "from casewright.errors import CasewrightError\n"
        "from casewright.models import get_model\n"
        "try: print(get_model(sys.argv[1], Path(sys.argv[2])))\n"
        "except CasewrightError as exc: sys.exit(f'told: {exc}')\n"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    env |= {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home / "hf-home"),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.run(
        [sys.executable, "-c", code, name, str(home)],
        capture_output=True,
        text=True,
        env=env,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("file", ["tiny-q4.gguf", "sub/tiny-q8.gguf"])
def test_one_file_is_got_and_the_second_time_nothing_is_asked(
    hub: Hub, tmp_path: Path, file: str
) -> None:
    name = f"hf://maker/tiny-gguf/{file}"
    done = get(name, tmp_path, hub.url)
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert path == tmp_path / "hub" / "maker--tiny-gguf" / file
    assert path.read_bytes() == GGUF
    assert not any("README" in line for line in hub.asked)

    asked = len(hub.asked)
    again = get(name, tmp_path, hub.url)
    assert again.stdout == done.stdout
    assert len(hub.asked) == asked


def test_a_folder_is_got_with_what_a_server_needs_and_no_more(hub: Hub, tmp_path: Path) -> None:
    done = get("hf://maker/tiny", tmp_path, hub.url)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    names = {p.name for p in folder.iterdir() if not p.name.startswith(".")}
    assert names == {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"}
    assert (folder / "model.safetensors").read_bytes() == b"weights"


def test_a_revision_is_asked_for_and_kept_apart(hub: Hub, tmp_path: Path) -> None:
    done = get("hf://maker/tiny-gguf/tiny-q4.gguf@v2", tmp_path, hub.url)
    assert done.returncode == 0, done.stderr
    assert "maker--tiny-gguf@v2" in done.stdout
    assert any("/resolve/v2/" in line for line in hub.asked)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("hf://nobody/nothing/x.gguf", "no such repository"),
        ("hf://nobody/nothing", "no such repository"),
        ("hf://maker/tiny-gguf/other.gguf", "no such file in the repository"),
        ("hf://maker/tiny-gguf", "hf://maker/tiny-gguf/tiny-q4.gguf"),
        ("hf://maker", "hf://owner/name/file.gguf"),
        ("hf://", "hf://owner/name/file.gguf"),
    ],
)
def test_what_cannot_be_got_is_told(hub: Hub, tmp_path: Path, name: str, told: str) -> None:
    done = get(name, tmp_path, hub.url)
    assert done.returncode == 1
    assert done.stderr.rsplit("told: ", 1)[-1].find(told) >= 0, done.stderr
    assert not list((tmp_path / "hub").glob("maker*"))


def test_a_hub_that_is_not_there_is_told_with_a_way_out(tmp_path: Path) -> None:
    done = get("hf://maker/tiny-gguf/tiny-q4.gguf", tmp_path, "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "could not be reached" in done.stderr, done.stderr
    assert "casewright models get default" in done.stderr
