"""llama.cpp inside this process: xllamacpp's own OpenAI-compatible server on loopback.

A small model is served by one single-threaded server for each core rather than by one
server with a thread for each. Threads that share a model meet at a barrier after every
layer, where they spin: whatever else wants a core (our own checks among it) stalls them
all. Measured on 2 cores with SmolLM2-135M Q4_1, prompts of 254 tokens with one common
beginning of about 235, answers of 13, requests a second over all servers:

                                  nothing else runs   load average 8
    1 server of 2 threads, 4 slots      4.8 - 5.8          0.16
    2 servers of 1 thread               6.2                1.8

A common beginning matters as much: with 8 different sets of worked examples instead of one,
a core answers 1.8 requests a second instead of 3.3.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casewright.errors import CasewrightError
from casewright.generators.engines.base import Engine, EngineSpec
from casewright.generators.engines.hardware import usable_cores
from casewright.gguf_header import read_gguf_header
from casewright.models import DEFAULT_MODEL, check_default_model, check_model, get_model, sha256_of

__all__ = ["ServerPlan", "open_llamacpp", "plan_servers"]

_SMALL_MODEL_BYTES = 1 << 30
# More slots than requests in flight: each slot keeps the prompt it read last, and a request
# goes to the one whose prompt begins like its own, if that much of it is the same.
_LEAST_SLOTS = 8
_SAME_PREFIX = 0.6
_PROMPT_CACHE_MIB = 256
_MOST_SERVERS = 8  # each takes about 0.6 GB with the default model and context


async def open_llamacpp(spec: EngineSpec) -> Engine:
    """Load the model and serve it on a free loopback port.

    Raises:
        CasewrightError: xllamacpp is not installed, or the model is missing or damaged.
    """
    try:
        import xllamacpp  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise CasewrightError(
            f"the embedded engine is not installed ({exc})",
            fix="pip install 'casewright[llamacpp]'",
        ) from exc
    path = _find_model(spec)
    header = read_gguf_header(path)
    digest = await asyncio.to_thread(sha256_of, path)
    context = min(spec.context, header.context_length or spec.context)
    key = secrets.token_hex(16)
    size = None if _has_gpu(xllamacpp) else path.stat().st_size
    plan = plan_servers(size, usable_cores(), spec.slots, spec.threads)
    servers: list[Any] = []
    try:
        # xllamacpp holds the GIL here, so a thread would not keep the loop alive either.
        for _ in range(plan.servers):
            servers.append(xllamacpp.Server(_params(xllamacpp, plan, path, context, key)))
    except RuntimeError as exc:
        raise CasewrightError(
            f"llama.cpp could not load the model ({exc})",
            where=path,
            valid="a GGUF model that this llama.cpp knows and that fits the memory",
            fix=f"architecture {header.architecture or 'unknown'}: try a newer xllamacpp, a "
            "smaller model, a smaller context or less concurrency",
        ) from exc
    urls = [f"{server.listening_address}/v1" for server in servers]

    async def shut_down() -> None:
        # The destructor waits for the server's loop to end, and nothing else stops it.
        servers.clear()

    return Engine(
        "llamacpp",
        urls[0],
        path.stem,
        replicas=tuple(urls[1:]),
        model_hash=digest,
        concurrency=spec.slots,
        max_model_len=context,
        server="llama.cpp",
        request_timeout=spec.request_timeout,
        api_key=key,
        shut_down=shut_down,
    )


def gguf_identity(spec: EngineSpec) -> tuple[str, str]:
    """Name and hash of the model as `open_llamacpp` gives them, without loading it.

    Raises:
        CasewrightError: the model is missing or damaged.
    """
    path = _find_model(spec)
    return path.stem, sha256_of(path)


def _find_model(spec: EngineSpec) -> Path:
    name = spec.model or DEFAULT_MODEL.name
    # Building never downloads: the default must have been asked for before.
    path = (
        check_default_model(spec.models_dir)
        if name == DEFAULT_MODEL.name
        else get_model(name, spec.models_dir)
    )
    if check_model(path) != "gguf":
        raise CasewrightError(
            "llama.cpp wants a GGUF file, this is a Hugging Face folder",
            where=path,
            fix="use --engine vllm, or name a .gguf file",
        )
    return path


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """How many servers, of how many threads and slots each."""

    servers: int
    threads: int
    slots: int


def plan_servers(
    model_bytes: int | None, cores: int, in_flight: int, threads: int | None
) -> ServerPlan:
    """Divide the cores between servers. `threads` set by the user means one server with them.

    Args:
        model_bytes: size of the GGUF file; None when a GPU does the work.
        cores: cores that may be used. in_flight: requests in flight, over all servers.
    """
    if threads is not None or model_bytes is None or model_bytes > _SMALL_MODEL_BYTES:
        servers, each = 1, threads or cores
    else:
        servers = min(cores, in_flight, _MOST_SERVERS)
        each = cores // servers
    return ServerPlan(servers, each, max(_LEAST_SLOTS, -(-in_flight // servers)))


def _has_gpu(xllamacpp: Any) -> bool:
    """Whether this build of llama.cpp computes on a GPU that is here."""
    return any("GPU" in device["type"].name for device in xllamacpp.get_device_info())


def _params(xllamacpp: Any, plan: ServerPlan, path: Path, context: int, key: str) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.stem}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]  # other users of this machine reach loopback too
    params.n_parallel = plan.slots
    params.n_ctx = context * plan.slots  # shared evenly between the slots
    params.slot_prompt_similarity = _SAME_PREFIX
    params.cache_ram_mib = _PROMPT_CACHE_MIB  # its own default is 8 GiB for each server
    params.cpuparams.n_threads = plan.threads
    params.cpuparams_batch.n_threads = plan.threads
    params.verbosity = -1  # llama.cpp prints hundreds of lines to stderr otherwise
    params.ui = False
    params.endpoint_slots = False  # it shows other requests' prompts
    return params
