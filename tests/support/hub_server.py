"""A hub on loopback that answers what huggingface_hub asks of a hub for datasets. Not a test.

Repositories with commits, files in git or LFS as the hub decides by size, listings in pages,
ranges of files, tokens, and faults on request. What it does follows the client's own calls
(huggingface_hub 2.4: hf_api.py, _commit_api.py, lfs.py), not a real hub's code.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["Fault", "Hub", "Repo", "serve"]

REGULAR_BYTES = 20_000
"""Larger files go by LFS; the real hub's bound is larger."""

PAGE = 3
"""Entries in a page of a listing, few so that there are several pages."""


@dataclass
class Repo:
    """A dataset repository: content by path, how each is stored, and its commits."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    in_lfs: set[str] = field(default_factory=set)
    commits: list[list[str]] = field(default_factory=list)

    @property
    def sha(self) -> str:
        """The name of the newest commit."""
        return hashlib.sha1(repr((self.commits, sorted(self.files))).encode()).hexdigest()


@dataclass
class Fault:
    """What goes wrong: the requests whose line matches, after `skip` of them, `times` times.

    Attributes:
        status: the answer's status; 0 cuts the connection without one.
    """

    pattern: str
    status: int
    times: int = 1
    skip: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Hub(ThreadingHTTPServer):
    """The server. `asked` is every request line so far, `received` the bytes of files."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, Repo] = {}
        self.tokens = {"hf_owner": "owner", "hf_other": "other"}
        self.stored: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.faults: list[Fault] = []
        self.received = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self, line: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and re.search(fault.pattern, line):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None


@contextmanager
def serve() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(
        self, status: int, body: bytes | object = b"", headers: dict[str, str] | None = None
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if not isinstance(body, bytes):
            self.send_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, status: int, code: str = "", message: str = "") -> None:
        headers = {"X-Error-Code": code} if code else {}
        if message:
            headers["X-Error-Message"] = message
        self._send(status, {"error": message or code}, headers)

    def _handle(self) -> None:
        line = f"{self.command} {self.path}"
        self.server.asked.append(line)
        fault = self.server.fault(line)
        if fault and not fault.status:
            # Some of the body, then nothing: what a broken line looks like.
            self.rfile.read(min(100, int(self.headers.get("Content-Length", 0))))
            self.close_connection = True
            self.connection.shutdown(2)
            return
        body = self._body()
        if fault:
            self._send(fault.status, {"error": "asked to fail"}, fault.headers)
            return
        path = unquote(urlsplit(self.path).path)
        for pattern, method in ROUTES:
            match = re.fullmatch(pattern, line.split(maxsplit=1)[0] + " " + path)
            if match:
                getattr(self, method)(*match.groups(), body)
                return
        self._refuse(404, message=f"no such call: {line}")

    do_GET = do_HEAD = do_POST = do_PUT = _handle  # noqa: N815 - the server's protocol

    # ------------------------------------------------------------- who, and what is there

    def _user(self) -> str | None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        return self.server.tokens.get(token)

    def _repo(self, name: str, *, write: bool = False) -> Repo | None:
        """The repository, or None after a refusal in the hub's own manner."""
        token, user = self.headers.get("Authorization"), self._user()
        repo = self.server.repos.get(name)
        if token and user is None:
            self._refuse(401, message="Invalid credentials in Authorization header")
        elif repo is None or (repo.private and user != name.split("/", maxsplit=1)[0]):
            self._refuse(404 if user else 401, "RepoNotFound", "Repository not found")
        elif write and user != name.split("/", maxsplit=1)[0]:
            self._refuse(403, message="You have no write access")
        else:
            return repo
        return None

    def create(self, body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        user = self._user()
        if user is None:
            self._refuse(401, message="Invalid credentials in Authorization header")
        elif user != asked["organization"]:
            self._refuse(403, message="You don't have the rights to create under this namespace")
        elif name in self.server.repos:
            self._refuse(409, message="You already created this dataset repo")
        else:
            assert asked["type"] == "dataset"
            self.server.repos[name] = Repo(asked["visibility"] != "public")
            self.server.repos[name].files[".gitattributes"] = b"*.parquet filter=lfs\n"
            self._send(200, {"url": f"{self.server.url}/datasets/{name}", "name": name})

    def settings(self, name: str, body: bytes) -> None:
        if repo := self._repo(name, write=True):
            repo.private = json.loads(body)["visibility"] == "private"
            self._send(200, {})

    def info(self, name: str, _: bytes) -> None:
        if repo := self._repo(name):
            self._send(
                200,
                {
                    "id": name,
                    "sha": repo.sha,
                    "private": repo.private,
                    "siblings": [{"rfilename": path} for path in sorted(repo.files)],
                },
            )

    def _entry(self, repo: Repo, path: str) -> dict[str, object]:
        data = repo.files[path]
        git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        entry: dict[str, object] = {"type": "file", "path": path, "size": len(data), "oid": git}
        if path in repo.in_lfs:
            sha = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"oid": sha, "size": len(data), "pointerSize": 134}
            entry["oid"] = hashlib.sha1(sha.encode()).hexdigest()
        return entry

    def tree(self, name: str, under: str | None, _: bytes) -> None:
        repo = self._repo(name)
        if repo is None:
            return
        query = parse_qs(urlsplit(self.path).query)
        prefix = f"{under.strip('/')}/" if under and under.strip("/") else ""
        below = sorted(path for path in repo.files if path.startswith(prefix))
        if prefix and not below:
            self._refuse(404, "EntryNotFound")
            return
        folders = {
            prefix + "/".join(path.removeprefix(prefix).split("/")[:depth])
            for path in below
            for depth in range(1, path.removeprefix(prefix).count("/") + 1)
        }
        deep = query.get("recursive", ["False"])[0].lower() in ("true", "1")
        entries = [self._entry(repo, path) for path in below] + [
            {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
            for path in sorted(folders)
        ]
        if not deep:
            entries = [e for e in entries if "/" not in str(e["path"]).removeprefix(prefix)]
        start = int(query.get("cursor", ["0"])[0])
        headers = {}
        if start + PAGE < len(entries):
            after = f"{self.server.url}{urlsplit(self.path).path}?recursive={deep}"
            headers["Link"] = f'<{after}&cursor={start + PAGE}>; rel="next"'
        self._send(200, entries[start : start + PAGE], headers)

    def paths(self, name: str, body: bytes) -> None:
        if repo := self._repo(name):
            form = (
                json.loads(body)
                if body.startswith(b"{")
                else {"paths": parse_qs(body.decode()).get("paths", [])}
            )
            found = [self._entry(repo, p) for p in form["paths"] if p in repo.files]
            self._send(200, found)

    # ------------------------------------------------------------- writing

    def validate(self, _: bytes) -> None:
        self._send(200, {"errors": [], "warnings": []})

    def preupload(self, name: str, body: bytes) -> None:
        if repo := self._repo(name, write=True):
            answer = []
            for file in json.loads(body)["files"]:
                large = file["size"] > REGULAR_BYTES or file["path"].endswith(".parquet")
                there = self._entry(repo, file["path"]) if file["path"] in repo.files else {}
                lfs = there.get("lfs")
                answer.append(
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if large else "regular",
                        "shouldIgnore": False,
                        "oid": lfs["oid"] if isinstance(lfs, dict) else there.get("oid"),
                    }
                )
            self._send(200, {"files": answer})

    def batch(self, name: str, body: bytes) -> None:
        if self._repo(name, write=True) is None:
            return
        objects = []
        for item in json.loads(body)["objects"]:
            answer = {"oid": item["oid"], "size": item["size"]}
            if item["oid"] not in self.server.stored:
                place = f"{self.server.url}/lfs/{item['oid']}"
                answer["actions"] = {
                    "upload": {"href": place},
                    "verify": {"href": f"{place}/verify"},
                }
            objects.append(answer)
        self._send(200, {"transfer": "basic", "objects": objects})

    def put(self, oid: str, body: bytes) -> None:
        if hashlib.sha256(body).hexdigest() != oid:
            self._refuse(400, message="another content than was said")
            return
        self.server.stored[oid] = body
        self.server.received += len(body)
        self._send(200)

    def verify(self, oid: str, body: bytes) -> None:
        known = self.server.stored.get(oid)
        right = known is not None and len(known) == json.loads(body)["size"]
        self._send(200 if right else 404, {})

    def commit(self, name: str, body: bytes) -> None:
        repo = self._repo(name, write=True)
        if repo is None:
            return
        lines = [json.loads(line) for line in body.splitlines()]
        files, large, gone = {}, {}, []
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.server.stored:
                    self._refuse(400, message=f"no such LFS object: {value['oid']}")
                    return
                large[value["path"]] = self.server.stored[value["oid"]]
            elif line["key"] == "deletedFile":
                gone.append(value["path"])
        self.server.received += sum(map(len, files.values()))
        repo.files |= files | large
        repo.in_lfs = (repo.in_lfs - files.keys()) | large.keys()
        for path in gone:
            del repo.files[path]
        repo.commits.append([*files, *large])
        self._send(
            200,
            {
                "success": True,
                "commitOid": repo.sha,
                "commitUrl": f"{self.server.url}/datasets/{name}/commit/{repo.sha}",
                "hookOutput": "",
            },
        )

    # ------------------------------------------------------------- reading

    def resolve(self, name: str, path: str, _: bytes) -> None:
        repo = self._repo(name)
        if repo is None:
            return
        if path not in repo.files:
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": repo.sha}
            self._send(404, {}, headers)
            return
        data = repo.files[path]
        headers = {
            "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Repo-Commit": repo.sha,
            "Accept-Ranges": "bytes",
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            self._send(206, data[first : last + 1], headers)
        else:
            self._send(200, data, headers)


_REPO = r"([^/]+/[^/]+)"
ROUTES = (
    (r"POST /api/repos/create", "create"),
    (r"POST /api/validate-yaml", "validate"),
    (rf"PUT /api/datasets/{_REPO}/settings", "settings"),
    (rf"GET /api/datasets/{_REPO}(?:/revision/[^/]+)?", "info"),
    (rf"GET /api/datasets/{_REPO}/tree/[^/]+(/.*)?", "tree"),
    (rf"POST /api/datasets/{_REPO}/paths-info/[^/]+", "paths"),
    (rf"POST /api/datasets/{_REPO}/preupload/main", "preupload"),
    (rf"POST /datasets/{_REPO}\.git/info/lfs/objects/batch", "batch"),
    (r"PUT /lfs/([0-9a-f]{64})", "put"),
    (r"POST /lfs/([0-9a-f]{64})/verify", "verify"),
    (rf"POST /api/datasets/{_REPO}/commit/main", "commit"),
    (rf"(?:GET|HEAD) /datasets/{_REPO}/resolve/[^/]+/(.+)", "resolve"),
)
