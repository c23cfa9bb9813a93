"""Models from a Hugging Face hub, for users who have one: hf://owner/name[/file.gguf].

What the hub's client fetches goes to a folder of its own beside the target and is moved
there once it is whole, so a model that is present is complete. A broken download is
continued by asking again.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from casewright.errors import CasewrightError

__all__ = ["get_from_hub"]

_NAME = re.compile(
    r"hf://(?P<repo>[\w.-]+/[\w.-]+?)(?:/(?P<file>[^@]+\.gguf))?(?:@(?P<revision>[\w./-]+))?"
)
# What a server needs of a repository: weights in one format, tokenizer, configuration.
_WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "LICENSE*")


def get_from_hub(name: str, dest: Path) -> Path:
    """Make `name` present under `dest`; nothing is asked of the hub if it is there.

    Args:
        name: "hf://owner/name" (a folder for vLLM) or "hf://owner/name/file.gguf" (one file
            for llama.cpp), with "@revision" after it to pin one.

    Raises:
        CasewrightError: bad name, no huggingface_hub, no such repository or file, no network.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise CasewrightError(
            f"not a hub name: {name!r}",
            valid="hf://owner/name, hf://owner/name/file.gguf, either with @revision",
        )
    repo, file, revision = match["repo"], match["file"], match["revision"]
    home = dest / (repo.replace("/", "--") + (f"@{revision}" if revision else ""))
    target = home / file if file else home
    if (target if file else home / "config.json").is_file():
        return target
    hub = _import_hub()
    part = dest / f".part-{home.name}"
    try:
        if file:
            hub.hf_hub_download(repo, file, revision=revision, local_dir=part)
        else:
            _check_folder(hub, repo, revision)
            hub.snapshot_download(
                repo, revision=revision, local_dir=part, allow_patterns=list(_WANTED)
            )
    except CasewrightError:
        raise
    except Exception as exc:
        raise _explain(exc, name) from exc
    if file:
        target.parent.mkdir(parents=True, exist_ok=True)
        (part / file).replace(target)
    else:
        part.replace(home)
    return target


def _import_hub() -> Any:
    try:
        import huggingface_hub  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise CasewrightError(
            "models from a hub need huggingface_hub", fix="pip install 'casewright[hf]'"
        ) from exc
    return huggingface_hub


def _check_folder(hub: Any, repo: str, revision: str | None) -> None:
    """A repository of GGUF files only is no folder for vLLM: say which files there are."""
    files: list[str] = hub.HfApi().list_repo_files(repo, revision=revision)
    if "config.json" in files and any(f.endswith(".safetensors") for f in files):
        return
    ggufs = sorted(f for f in files if f.endswith(".gguf"))
    raise CasewrightError(
        "the repository holds no config.json with safetensors weights",
        where=f"hf://{repo}",
        valid=", ".join(f"hf://{repo}/{f}" for f in ggufs) or "a repository with both",
        fix="name one of its .gguf files" if ggufs else "choose another model",
    )


def _explain(exc: Exception, name: str) -> CasewrightError:
    """Say what a failure of the hub's client means to the user.

    By class name: the client's error classes have moved between its modules over the years.
    """
    kinds = {c.__name__ for c in type(exc).__mro__}
    said = " ".join(str(exc).split())[:300]
    if "GatedRepoError" in kinds:
        what, fix = "the repository wants its terms accepted first", "accept them on its page"
    elif "RepositoryNotFoundError" in kinds:
        what, fix = "no such repository, or it is private", "check the name; log in with: hf auth"
    elif "RevisionNotFoundError" in kinds:
        what, fix = "no such revision", "check what follows the @"
    # Offline, the client falls back on its cache and then says that a *local* entry lacks,
    # by a subclass of the error for a file that the hub does not have.
    elif "LocalEntryNotFoundError" not in kinds and kinds & {
        "EntryNotFoundError",
        "RemoteEntryNotFoundError",
    }:
        what, fix = "no such file in the repository", "check the file's name"
    elif kinds & {
        "LocalEntryNotFoundError",
        "OSError",
        "ConnectionError",
        "TransportError",
        "HfHubHTTPError",
    }:
        what = "the hub could not be reached"
        fix = "check the network and HF_ENDPOINT, or use: casewright models get default"
    else:
        what, fix = "the hub's client failed", "see the message"
    return CasewrightError(f"{what} ({said})", where=name, fix=fix)
