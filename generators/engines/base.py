"""What an engine is to the rest of casewright, and what can be asked of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from casewright.errors import CasewrightError
from casewright.generators.client import ChatClient, EngineKind, RetryPolicy
from casewright.generators.engines.hardware import usable_cores

__all__ = ["Engine", "EngineName", "EngineSpec"]

EngineName = Literal["url", "vllm", "llamacpp", "realiser"]


def _default_concurrency(kind: EngineName) -> int:
    """Requests in flight where nothing was configured."""
    if kind == "llamacpp":
        # Two for each of its servers, so that none waits while an answer is checked.
        return min(16, max(4, 2 * usable_cores()))
    if kind == "vllm":
        # Its scheduler batches: on 2 cores 41 tokens/s at 64 in flight against 36 at 32 and 13
        # alone; a GPU wants more still.
        return 64
    return 8 if kind == "url" else 1  # a URL may be a server made for one person


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """How to get at an engine. None of it changes what the data is, `model` apart.

    Attributes:
        kind: url (a server that runs already), vllm (started and stopped here), llamacpp (in
            this process) or realiser (no model: facts are put into plain sentences).
        model: the name to send (url; empty takes the only one served), or the model to load:
            "default", a path, "hf://owner/name".
        url: address for kind url.
        api_key_env: variable that holds the key for kind url.
        concurrency: requests in flight; None takes the kind's default.
        context: tokens of prompt and answer that one request may use (vllm, llamacpp).
        request_timeout: seconds for one try. startup_timeout: seconds until a started server
            must be up.
        python: interpreter that has vllm; None takes $CASEWRIGHT_VLLM_PYTHON, then this one.
        threads: compute threads for llamacpp; None takes the cores this process may use.
        extra_args: further options for vLLM, after and so over our own.
        models_dir: where models live; None takes `casewright.models.models_home()`.
        log_dir: where a started server writes its log; None takes the temporary folder.
    """

    kind: EngineName
    model: str = ""
    url: str = ""
    api_key_env: str | None = None
    concurrency: int | None = None
    context: int = 2048
    request_timeout: float = 300.0
    startup_timeout: float = 600.0
    python: str | None = None
    threads: int | None = None
    extra_args: tuple[str, ...] = ()
    models_dir: Path | None = None
    log_dir: Path | None = None

    def __post_init__(self) -> None:
        if self.concurrency is not None and self.concurrency < 1:
            raise CasewrightError(f"concurrency is {self.concurrency}", valid="1 or more")
        if self.context < 256:
            raise CasewrightError(f"context is {self.context} tokens", valid="256 or more")
        if self.kind == "url" and not self.url:
            raise CasewrightError(
                "the engine is a URL, and none is given",
                valid="--engine http://HOST:PORT/v1, vllm, llamacpp or realiser",
            )

    @property
    def slots(self) -> int:
        """Requests in flight."""
        return self.concurrency or _default_concurrency(self.kind)

    @classmethod
    def parse(cls, engine: str, model: str = "", **settings: object) -> EngineSpec:
        """Read `--engine URL|vllm|llamacpp|realiser`."""
        kinds: Mapping[str, EngineName] = {
            "vllm": "vllm",
            "llamacpp": "llamacpp",
            "realiser": "realiser",
        }
        if engine in kinds:
            return cls(kinds[engine], model, **settings)  # type: ignore[arg-type]
        if engine.startswith(("http://", "https://")):
            return cls("url", model, url=engine, **settings)  # type: ignore[arg-type]
        raise CasewrightError(
            f"unknown engine {engine!r}",
            where="--engine",
            valid="http://HOST:PORT/v1 or https://..., vllm, llamacpp, realiser",
        )


async def _nothing() -> None:
    return None


@dataclass(slots=True)
class Engine:
    """An endpoint that is up. Made by `open_engine`, which also closes it.

    Attributes:
        name: url, vllm, llamacpp or realiser.
        base_url: where it answers ("http://127.0.0.1:41233/v1"); empty for the realiser.
        model: the name to send. model_hash: sha256 of the weights (of the GGUF file, or over
            the files of a folder); empty where the model is behind a URL.
        max_model_len: tokens of prompt and answer for one request, where known.
        server: what the server is, which decides the names of some parameters.
        replicas: further addresses that serve the same model; requests are spread over all.
        log: file that a started server writes to.
        explain: what is known once the endpoint is down (the log's tail), or None.
    """

    name: EngineName
    base_url: str
    model: str
    model_hash: str = ""
    concurrency: int = 1
    max_model_len: int | None = None
    server: EngineKind | None = None
    replicas: tuple[str, ...] = ()
    request_timeout: float = 300.0
    log: Path | None = None
    api_key: str | None = field(default=None, repr=False)
    api_key_env: str | None = None
    explain: Callable[[], str | None] | None = field(default=None, repr=False)
    shut_down: Callable[[], Awaitable[None]] = field(default=_nothing, repr=False)

    @property
    def writes(self) -> bool:
        """Whether there is a model to ask. False for the realiser."""
        return bool(self.base_url)

    def client(self, *, retry: RetryPolicy | None = None) -> ChatClient:
        """Return a client with this engine's address, key and concurrency.

        Raises:
            CasewrightError: the realiser has no endpoint.
        """
        if not self.writes:
            raise CasewrightError(f"the engine {self.name} has no endpoint to ask")
        return ChatClient(
            self.base_url,
            self.model,
            api_key=self.api_key,
            api_key_env=self.api_key_env,
            concurrency=self.concurrency,
            request_timeout=self.request_timeout,
            retry=retry,
            engine=self.server,
            replicas=self.replicas,
            explain=self.explain,
        )

    async def close(self) -> None:
        """Stop what was started. Calling it again does nothing."""
        stop, self.shut_down = self.shut_down, _nothing
        await stop()
