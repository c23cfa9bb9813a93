"""llama.cpp inside this process: xllamacpp's own OpenAI-compatible server on loopback.

The right number of slots depends on how much of the prompts is
shared (see the note at `_params`).
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

from casewright.errors import CasewrightError
from casewright.generators.engines.base import Engine, EngineSpec
from casewright.generators.engines.hardware import usable_cores
from casewright.gguf_header import read_gguf_header
from casewright.models import DEFAULT_MODEL, check_default_model, check_model, get_model, sha256_of

__all__ = ["open_llamacpp"]


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
    params = _params(xllamacpp, spec, path, context, key)
    try:
        # xllamacpp holds the GIL here, so a thread would not keep the loop alive either.
        server = xllamacpp.Server(params)
    except RuntimeError as exc:
        raise CasewrightError(
            f"llama.cpp could not load the model ({exc})",
            where=path,
            valid="a GGUF model that this llama.cpp knows and that fits the memory",
            fix=f"architecture {header.architecture or 'unknown'}: try a newer xllamacpp, a "
            "smaller model, a smaller context or less concurrency",
        ) from exc
    holder = [server]
    del server

    async def shut_down() -> None:
        # The destructor waits for the server's loop to end, and nothing else stops it.
        holder.clear()

    return Engine(
        "llamacpp",
        f"{holder[0].listening_address}/v1",
        path.stem,
        model_hash=digest,
        concurrency=spec.slots,
        max_model_len=context,
        server="llama.cpp",
        request_timeout=spec.request_timeout,
        api_key=key,
        shut_down=shut_down,
    )


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


def _params(xllamacpp: Any, spec: EngineSpec, path: Path, context: int, key: str) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.stem}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]  # other users of this machine reach loopback too
    params.n_parallel = spec.slots
    params.n_ctx = context * spec.slots  # shared evenly between the slots
    params.cpuparams.n_threads = spec.threads or usable_cores()
    params.cpuparams_batch.n_threads = params.cpuparams.n_threads
    params.verbosity = -1  # llama.cpp prints hundreds of lines to stderr otherwise
    params.ui = False
    params.endpoint_slots = False  # it shows other requests' prompts
    return params
