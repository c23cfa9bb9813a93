"""Open the engine that a spec describes, and close it whatever happens."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from casewright.errors import CasewrightError
from casewright.generators.client import ChatClient, RetryPolicy
from casewright.generators.engines.base import Engine, EngineSpec

__all__ = ["identity_of", "open_engine"]


@asynccontextmanager
async def open_engine(spec: EngineSpec) -> AsyncIterator[Engine]:
    """Bring the engine up, yield it, and shut it down on return, error or Ctrl-C.

    Raises:
        CasewrightError: it cannot be had: what is missing and what to do.
        EndpointDown: for a URL, nothing usable answers there.
    """
    engine = await _open(spec)
    try:
        yield engine
    finally:
        await engine.close()


def identity_of(spec: EngineSpec) -> tuple[str, str] | None:
    """Name and hash of a model, without bringing its engine up; None where only a server knows.

    Raises:
        CasewrightError: the model is not there.
    """
    if spec.kind == "realiser":
        return "realiser", ""
    if spec.kind == "llamacpp":
        from casewright.generators.engines.llamacpp import gguf_identity  # noqa: PLC0415

        return gguf_identity(spec)
    if spec.kind == "vllm":
        from casewright.generators.engines.vllm import folder_identity  # noqa: PLC0415

        return folder_identity(spec)
    return (spec.model, "") if spec.model else None


async def _open(spec: EngineSpec) -> Engine:
    if spec.kind == "realiser":
        return Engine("realiser", "", "realiser")
    if spec.kind == "url":
        return await _open_url(spec)
    if spec.kind == "llamacpp":
        from casewright.generators.engines.llamacpp import open_llamacpp  # noqa: PLC0415

        return await open_llamacpp(spec)
    from casewright.generators.engines.vllm import open_vllm  # noqa: PLC0415

    return await open_vllm(spec)


async def _open_url(spec: EngineSpec) -> Engine:
    key = None
    if spec.api_key_env is not None:
        key = os.environ.get(spec.api_key_env)
        if not key:
            raise CasewrightError(
                f"the variable {spec.api_key_env}, which shall hold the endpoint's key, is not set",
                where=spec.url,
                fix=f"export {spec.api_key_env}=..., or leave the setting out",
            )
    # One retry only: a wrong address shall be told in seconds, not after every backoff.
    patience = RetryPolicy(attempts=2, initial_s=0.3, maximum_s=1.0)
    async with ChatClient(
        spec.url,
        spec.model,
        api_key=key,
        api_key_env=spec.api_key_env,
        request_timeout=spec.request_timeout,
        retry=patience,
    ) as client:
        info = await client.probe()
        base_url = client.base_url
    return Engine(
        "url",
        base_url,
        info.model,
        concurrency=spec.slots,
        max_model_len=info.max_model_len,
        server=info.engine,
        request_timeout=spec.request_timeout,
        api_key=key,
        api_key_env=spec.api_key_env,
    )
