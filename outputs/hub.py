"""An exported folder to a dataset repository of a Hugging Face hub, in pieces that can be resumed.

What is up already is told by its hash and not sent again. Data goes first, in commits of bounded
size, and README.md last, which names the tables: a push that broke off leaves no dataset that
looks whole. Files travel by git LFS or within the commit, as the hub says, so that what is sent
goes to the hub and to where it tells to put large files, and nowhere else.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from casewright._version import __version__
from casewright.errors import CasewrightError, Problem
from casewright.outputs.licences import UNKNOWN

__all__ = ["HubFile", "Push", "plan_push", "read_export", "send"]

SUMS = "SHA256SUMS"
COMMIT_BYTES = 512 * 2**20
COMMIT_FILES = 50
TRIES = 4
LONGEST_WAIT = 120.0
"""Seconds; a hub that asks for a longer pause is told to the user instead."""

_LAST = ("README.md", SUMS)
# The hub makes it with the repository.
_OF_THE_HUB = {".gitattributes"}
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_AGAIN = "start the same command again: what is there stays there"


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of an export: `path` as the repository names it, and its SHA-256."""

    path: str
    local: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Push:
    """What is to be sent where.

    Attributes:
        repo, endpoint: "owner/name" and the address of the hub.
        licence: as the card says.
        visible: "public" or "private" as the repository is now; None where there is none yet.
        public: whether it is to be public.
        files: all of the export. missing: those that the hub has not. changed: paths among them
            that it has with another content. stale: its files that the export does not have.
    """

    repo: str
    endpoint: str
    licence: str
    visible: str | None
    public: bool
    files: tuple[HubFile, ...]
    missing: tuple[HubFile, ...]
    changed: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def url(self) -> str:
        """Where the dataset is to be seen."""
        return f"{self.endpoint}/datasets/{self.repo}"

    @property
    def bytes(self) -> int:
        """How much is to be sent."""
        return sum(file.size for file in self.missing)

    @property
    def publishes(self) -> bool:
        """Whether anything becomes public that was not."""
        return self.public and bool(self.missing or self.visible != "public")

    @property
    def done(self) -> bool:
        """Whether the hub has all of it already, as visible as asked."""
        return not self.missing and not self.stale and not self._opens and self.visible is not None

    @property
    def _opens(self) -> bool:
        return self.public and self.visible == "private"


def read_export(folder: Path) -> tuple[tuple[HubFile, ...], str]:
    """The files of an exported folder, each held against `SHA256SUMS`, and its licence.

    Raises:
        CasewrightError: it is no export, or not as the export left it: with every difference.
    """
    sums = folder / SUMS
    if not sums.is_file() or not (folder / "README.md").is_file():
        raise CasewrightError(
            "this is no exported folder (it has no README.md with SHA256SUMS)",
            where=folder,
            valid="what `casewright export` wrote, or a finished run",
        )
    files: list[HubFile] = []
    problems: list[Problem] = []
    for number, line in enumerate(sums.read_text("utf-8").splitlines(), start=1):
        digest, _, path = line.partition("  ")
        if not re.fullmatch(r"[0-9a-f]{64}", digest) or not _inside(folder, path):
            problems.append(Problem("not a line of checksums of this folder", sums, number))
            continue
        local = folder / path
        found = _sha256(local) if local.is_file() else None
        if found == digest:
            files.append(HubFile(path, local, local.stat().st_size, digest))
        else:
            what = "has changed since the export" if found else "is gone"
            problems.append(Problem(f"{path} {what}", folder, fix="export again"))
    listed = {file.path for file in files} | {SUMS}
    for extra in sorted(p for p in folder.rglob("*") if not p.is_dir()):
        name = extra.relative_to(folder).as_posix()
        if name not in listed and not any(name in problem.what for problem in problems):
            problems.append(
                Problem(f"{name} was not written by the export", folder, fix="remove it")
            )
    if problems:
        raise CasewrightError("the folder is not as it was exported", problems=problems)
    files.append(HubFile(SUMS, sums, sums.stat().st_size, _sha256(sums)))
    return tuple(files), _licence_of(folder / "README.md")


def _inside(folder: Path, path: str) -> bool:
    parts = PurePosixPath(path).parts
    plain = bool(parts) and ".." not in parts and not path.startswith("/")
    return plain and not any((folder / p).is_symlink() for p in _ancestors(path))


def _ancestors(path: str) -> Iterator[str]:
    whole = PurePosixPath(path)
    yield from (str(p) for p in (whole, *whole.parents) if str(p) != ".")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_hash(file: HubFile) -> str:
    data = file.local.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _licence_of(card: Path) -> str:
    parts = card.read_text("utf-8").split("---\n", 2)
    try:
        head = yaml.safe_load(parts[1]) if len(parts) == 3 else None
    except yaml.YAMLError as error:
        raise CasewrightError("the card's front matter is no YAML", where=card) from error
    return str((head or {}).get("license", UNKNOWN))


def plan_push(
    folder: Path, repo: str, *, public: bool = False, endpoint: str | None = None
) -> Push:
    """Look at an exported folder and at the hub, and say what is to be sent. Sends nothing.

    Args:
        folder: what an export wrote.
        repo: "owner/name".
        public: whether everybody is to see it.
        endpoint: the hub's address; that of HF_ENDPOINT, or the Hub, without it.

    Raises:
        CasewrightError: the name is no name; the folder is no export or has changed; nothing may
            be public without a licence, or into a public repository unasked; the hub refuses.
    """
    if not _NAME.fullmatch(repo):
        raise CasewrightError(f"not a repository's name: {repo!r}", valid="owner/name")
    files, licence = read_export(folder)
    if public and licence == UNKNOWN:
        raise CasewrightError(
            "a dataset without a licence cannot be made public",
            where=folder,
            fix="export it with --licence (cc-by-4.0, say)",
        )
    api = _api(endpoint)
    with _explained(api, repo):
        visible, there = _remote(api, repo)
    if visible == "public" and not public:
        raise CasewrightError(
            "the repository is public, so that all that is sent is public at once",
            where=f"{api.endpoint}/datasets/{repo}",
            fix="say --public if that is meant, or name another repository",
        )
    missing = tuple(f for f in files if not _same(f, there.get(f.path)))
    named = {f.path for f in files}
    return Push(
        repo=repo,
        endpoint=api.endpoint,
        licence=licence,
        visible=visible,
        public=public,
        files=files,
        missing=missing,
        changed=tuple(f.path for f in missing if f.path in there),
        stale=tuple(sorted(path for path in there if path not in named | _OF_THE_HUB)),
    )


def send(
    push: Push,
    *,
    replace: bool = False,
    progress: Callable[[HubFile, int], None] = lambda file, left: None,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Send what is missing.

    Args:
        push: what `plan_push` found.
        replace: overwrite what the repository has otherwise, and delete what is not of the export.
        progress: called after each file with the number of those left.
        wait: how to pause where the hub asks for it, in seconds.

    Raises:
        CasewrightError: the repository holds something else and `replace` is false; the hub
            refuses, cannot be reached or breaks off. What is up by then stays up.
    """
    other = (*push.changed, *push.stale)
    if other and not replace:
        named = ", ".join(other[:5]) + (" ..." if len(other) > 5 else "")
        raise CasewrightError(
            f"the repository holds {len(other)} files that are not of this export: {named}",
            where=push.url,
            fix="name another repository, or say --replace to have them overwritten or deleted",
        )
    api = _api(push.endpoint)
    with _explained(api, push.repo), _quiet():
        if push.visible is None:
            _retried(
                lambda: api.create_repo(push.repo, repo_type="dataset", private=not push.public),
                wait,
            )
        left = len(push.missing)
        batches = [*_batches(push.missing)]
        if push.stale and not batches:
            batches = [()]
        for number, batch in enumerate(batches):
            removed = push.stale if number == len(batches) - 1 else ()
            _commit(api, push.repo, batch, removed, wait)
            for file in batch:
                left -= 1
                progress(file, left)
        _, there = _remote(api, push.repo)
        lost = [f.path for f in push.files if not _same(f, there.get(f.path))]
        if lost:
            raise CasewrightError(
                f"the hub took the commits and lists not all of it: {', '.join(lost[:5])}",
                where=push.url,
                fix=_AGAIN,
            )
        if push._opens:
            _retried(
                lambda: api.update_repo_settings(push.repo, repo_type="dataset", private=False),
                wait,
            )


def _batches(files: Sequence[HubFile]) -> Iterator[tuple[HubFile, ...]]:
    """Files of a commit each: bounded in number and size, what describes the data at the end."""
    ordered = sorted(files, key=lambda f: (f.path in _LAST, f.path))
    batch: list[HubFile] = []
    for file in ordered:
        full = len(batch) == COMMIT_FILES or sum(f.size for f in batch) + file.size > COMMIT_BYTES
        describes = file.path in _LAST and batch and batch[-1].path not in _LAST
        if batch and (full or describes):
            yield tuple(batch)
            batch = []
        batch.append(file)
    if batch:
        yield tuple(batch)


def _commit(
    api: Any,
    repo: str,
    files: Sequence[HubFile],
    removed: Sequence[str],
    wait: Callable[[float], None],
) -> None:
    hub = _import_hub()
    with ExitStack() as stack:
        operations: list[Any] = [hub.CommitOperationDelete(path) for path in removed]
        for file in files:
            # A file object makes the client use LFS: the other way keeps its own connections to
            # servers beside the hub.
            source = stack.enter_context(file.local.open("rb"))
            added = hub.CommitOperationAdd(path_in_repo=file.path, path_or_fileobj=source)
            api.preupload_lfs_files(repo, [added], repo_type="dataset", free_memory=False)
            operations.append(added)
        summary = f"casewright {__version__}: {len(files)} files"
        _retried(
            lambda: api.create_commit(
                repo, operations, commit_message=summary, repo_type="dataset"
            ),
            wait,
        )


def _retried(call: Callable[[], object], wait: Callable[[float], None]) -> None:
    """Call again after a pause where the hub is busy or asks to be called less often.

    The client does so for uploads itself, not for what makes a repository or a commit. Both can
    be asked for twice: files that did not change make no second commit.
    """
    for number in range(1, TRIES + 1):
        try:
            call()
            return
        except Exception as error:  # the client's error classes move between its versions
            seconds = _pause(error, number)
            if seconds is None or seconds > LONGEST_WAIT or number == TRIES:
                raise
            wait(seconds)


def _pause(error: Exception, number: int) -> float | None:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status not in (429, 502, 503, 504):
        return None
    headers = response.headers if response is not None else {}
    asked = re.fullmatch(r"\d+", headers.get("Retry-After", ""))
    # The Hub's own: RateLimit: "api";r=0;t=55
    reset = re.search(r"\bt=(\d+)", headers.get("RateLimit", ""))
    if asked or reset:
        return float(asked[0] if asked else reset[1])  # type: ignore[index]
    return float(2**number)


def _remote(api: Any, repo: str) -> tuple[str | None, dict[str, Any]]:
    """How visible the repository is, None where there is none, and its files by path."""
    try:
        info = api.repo_info(repo, repo_type="dataset")
    except Exception as error:
        if "RepositoryNotFoundError" in _kinds(error) and "GatedRepoError" not in _kinds(error):
            return None, {}
        raise
    entries = api.list_repo_tree(repo, repo_type="dataset", recursive=True)
    files = {e.path: e for e in entries if hasattr(e, "blob_id")}
    return ("private" if info.private else "public"), files


def _same(file: HubFile, entry: Any) -> bool:
    if entry is None or entry.size != file.size:
        return False
    if entry.lfs is not None:
        return bool(entry.lfs.sha256 == file.sha256)
    return bool(entry.blob_id == _git_hash(file))


def _import_hub() -> Any:
    try:
        import huggingface_hub  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise CasewrightError(
            "pushing to a hub needs huggingface_hub", fix="pip install 'casewright[hf]'"
        ) from exc
    return huggingface_hub


def _api(endpoint: str | None) -> Any:
    hub = _import_hub()
    return hub.HfApi(
        endpoint=endpoint.rstrip("/") if endpoint else None,
        library_name="casewright",
        library_version=__version__,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the client's word that file objects go by LFS, which is meant."""
    logger = logging.getLogger("huggingface_hub._commit_api")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _kinds(error: BaseException) -> set[str]:
    return {c.__name__ for c in type(error).__mro__}


@contextmanager
def _explained(api: Any, repo: str) -> Iterator[None]:
    """Say what a failure of the hub's client means to the user."""
    try:
        yield
    except CasewrightError:
        raise
    except Exception as error:
        raise _told(error, f"{api.endpoint}/datasets/{repo}", repo) from error


def _told(error: Exception, where: str, repo: str) -> CasewrightError:
    # The client wraps what happens while a file is sent.
    cause = error.__cause__ if type(error) is RuntimeError and error.__cause__ else error
    kinds = _kinds(cause)
    status = getattr(getattr(cause, "response", None), "status_code", None)
    said = " ".join(str(cause).split())[:300]
    owner = repo.split("/", maxsplit=1)[0]
    if "OfflineModeIsEnabled" in kinds:
        what, fix = "the hub's client is offline", "unset HF_HUB_OFFLINE"
    elif status == 401:
        what = "the hub does not accept the token, or there is none"
        fix = "set HF_TOKEN, or log in with: hf auth login"
    elif status == 402:
        what, fix = "the hub asks for payment", "see the account's page"
    elif status == 403:
        what = f"the token does not allow writing to {owner}"
        fix = "use a token with write access, or a name of your own"
    elif status == 409:
        what = "the name is taken, or something else changed the repository meanwhile"
        fix = "name another repository, or start the same command again"
    elif status == 429:
        what, fix = "the hub asks to be called less often", f"wait a while, then {_AGAIN}"
    elif status == 404:
        what, fix = "there is no such repository", "check the name and the endpoint"
    elif status is not None and status >= 500:
        what, fix = f"the hub failed (status {status})", _AGAIN
    elif status is not None:
        what, fix = f"the hub refused it (status {status})", "see the message"
    elif kinds & {"TransportError", "ConnectionError", "TimeoutError", "OSError"}:
        what = "the hub could not be reached, or broke off"
        fix = f"check the network and the endpoint (HF_ENDPOINT), then {_AGAIN}"
    else:
        what, fix = "the hub's client failed", _AGAIN
    return CasewrightError(f"{what} ({said})", where=where, fix=fix)
