"""One asynchronous client for every OpenAI-compatible chat endpoint.

It bounds the work in flight, repeats what may pass (connection errors, timeouts,
429, 5xx) with jittered backoff, and tells two kinds of failure apart:

- `RequestFailed`: this request cannot be answered; its document fails, the run goes on.
- `EndpointDown`: no request can be answered; the run stops and can be resumed.

When a request has used up its tries, one small canary request decides which of the
two it is: an engine that has died behind a living HTTP server answers 500 to
everything, and looks just like one unlucky request until something else is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit, urlunsplit
from zlib import crc32

import httpx

from casewright.errors import CasewrightError
from casewright.generators.chat import (
    ChatRequest,
    Completion,
    EngineKind,
    ServedModel,
    ServerInfo,
    read_completion,
    read_served,
    request_body,
    wire_seed,
)
from casewright.generators.faults import (
    ContextTooSmall,
    EndpointDown,
    RequestFailed,
    Transient,
    WrongModel,
    judge_answer,
    transport_fault,
)
from casewright.generators.meter import ClientStats, Meter
from casewright.generators.retrying import RetryPolicy, with_retries

__all__ = [
    "ChatClient",
    "ChatRequest",
    "ClientStats",
    "Completion",
    "ContextTooSmall",
    "EndpointDown",
    "EngineKind",
    "RequestFailed",
    "RetryPolicy",
    "ServerInfo",
    "normalise_base_url",
    "wire_seed",
]

_T = TypeVar("_T")

_REFUSALS_IN_A_ROW = 20  # refusals with no success between: the endpoint, not the requests


@dataclass(slots=True)
class _Target:
    url: str
    in_flight: int = 0


def normalise_base_url(url: str) -> str:
    """Return the URL up to and including its version ("http://host:8000/v1").

    Raises:
        CasewrightError: not an http(s) URL with a host.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CasewrightError(
            "the endpoint is not a URL",
            where=url,
            valid="http://HOST:PORT/v1 or https://HOST/v1",
            fix="give the address of an OpenAI-compatible server",
        )
    path = parts.path.rstrip("/")
    path = path.removesuffix("/chat/completions")
    last = path.rsplit("/", 1)[-1]
    if not (last.startswith("v") and last[1:2].isdigit()):
        path += "/v1"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


class ChatClient:
    """A pool of requests to one model behind one endpoint; use as `async with`.

    Args:
        base_url: the server's address; "/v1" is added where it lacks.
        model: the name to send. Empty: the one model that the server lists.
        api_key: sent as a bearer token. api_key_env: its variable's name, for messages.
        concurrency: requests in flight at once; the rest wait.
        request_timeout: seconds that one try may take.
        engine: what the server is, if known; else `probe` finds out when it matters.
        replicas: further addresses that serve the same model; requests are spread evenly,
            those that begin alike to the same one where possible.
        explain: asked, once the endpoint is down, for what its owner knows (a log's tail).
        transport: for tests only.
    """

    def __init__(
        self,
        base_url: str,
        model: str = "",
        *,
        api_key: str | None = None,
        api_key_env: str | None = None,
        concurrency: int = 4,
        request_timeout: float = 300.0,
        retry: RetryPolicy | None = None,
        engine: EngineKind | None = None,
        replicas: Sequence[str] = (),
        explain: Callable[[], str | None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if concurrency < 1:
            raise CasewrightError(f"concurrency is {concurrency}", valid="1 or more")
        self.base_url = normalise_base_url(base_url)
        self._targets = [_Target(u) for u in (self.base_url, *map(normalise_base_url, replicas))]
        self.model = model
        self.concurrency = concurrency
        self._api_key_env = api_key_env
        self._retry = retry or RetryPolicy()
        self._engine: EngineKind | None = engine
        self._explain = explain
        self._slots = asyncio.Semaphore(concurrency)
        self._diagnosing = asyncio.Lock()
        self._down: EndpointDown | None = None
        self._successes = 0
        self._refusals = 0
        self._meter = Meter()
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(request_timeout, connect=min(10.0, request_timeout), pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=concurrency + 1),
            # A proxy from the environment must never see what goes to this very machine.
            trust_env=not all(_is_loopback(t.url) for t in self._targets),
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # -- what a display reads ------------------------------------------------------------

    def stats(self) -> ClientStats:
        """Return the counters as they are now."""
        return self._meter.snapshot()

    # -- asking --------------------------------------------------------------------------

    async def complete(self, request: ChatRequest) -> Completion:
        """Ask once, trying again where that may help.

        Raises:
            RequestFailed: this request has no answer (`ContextTooSmall` among them).
            EndpointDown: no request will have one; all later calls raise it at once.
        """
        meter = self._meter
        meter.requests += 1
        async with self._slots:
            if self._down is not None:
                raise self._down
            meter.begin()
            try:
                done = await self._ask(request)
            except RequestFailed:
                meter.failed += 1
                raise
            finally:
                meter.in_flight -= 1
        self._successes += 1
        self._refusals = 0
        meter.note_answer(done.prompt_tokens, done.completion_tokens)
        return done

    async def _ask(self, request: ChatRequest) -> Completion:
        if not self.model or (
            self._engine is None and (request.repeat_penalty is not None or request.grammar)
        ):
            await self.probe()
        body = request_body(request, self.model, self._engine, self.base_url)
        before = self._successes

        async def one_try() -> Completion:
            nonlocal before
            before = self._successes
            return await self._post_chat(body)

        try:
            return await self._with_retries(one_try)
        except Transient as fault:
            raise await self._after_last_try(fault, before) from fault
        except WrongModel as fault:
            raise await self._wrong_model(fault) from fault
        except EndpointDown as down:
            raise self._mark_down(down) from down.__cause__
        except ContextTooSmall:
            raise
        except RequestFailed as refusal:
            self._refusals += 1
            if self._refusals < _REFUSALS_IN_A_ROW:
                raise
            useless = EndpointDown(
                f"the server refused {self._refusals} requests in a row; "
                f"the last: {refusal.detail}",
                kind="refuses",
                where=self.base_url,
                fix="check that the server takes chat completions with the configured parameters",
            )
            raise self._mark_down(useless) from refusal

    async def _post_chat(self, body: Mapping[str, object]) -> Completion:
        started = time.monotonic()
        target = self._choose_target(body)
        target.in_flight += 1
        try:
            answer = await self._http.post(f"{target.url}/chat/completions", json=body)
        except httpx.TransportError as exc:
            raise transport_fault(exc, target.url) from exc
        finally:
            target.in_flight -= 1
        data = judge_answer(answer, target.url, self._api_key_env)
        return read_completion(data, target.url, time.monotonic() - started)

    async def _with_retries(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        async def unless_down() -> _T:
            if self._down is not None:
                raise self._down
            return await attempt()

        def count() -> None:
            self._meter.retries += 1

        return await with_retries(unless_down, self._retry, on_retry=count)

    def _choose_target(self, body: Mapping[str, object]) -> _Target:
        """The replica that has read this prompt's beginning before, unless it is the busier one.

        A server keeps what it has computed for the prompts it read last; the last message
        is what differs between prompts with the same instructions and examples.
        """
        if len(self._targets) == 1:
            return self._targets[0]
        messages = body["messages"]
        beginning = repr(messages[:-1]) if isinstance(messages, list) else ""
        known = self._targets[crc32(beginning.encode()) % len(self._targets)]
        free = min(self._targets, key=lambda t: t.in_flight)
        fair_share = self.concurrency / len(self._targets)
        return known if known.in_flight < max(fair_share, free.in_flight + 1) else free

    # -- one request or the whole endpoint? ----------------------------------------------

    async def _after_last_try(self, fault: Transient, successes_before: int) -> CasewrightError:
        """Decide what a request that failed in every try means."""
        async with self._diagnosing:
            if self._down is not None:
                return self._down
            if self._successes > successes_before:
                return self._request_failed(fault)  # others were answered since its last try
            try:
                await self._post_chat(self._canary())
            except Transient as again:
                return self._mark_down(again.as_down(self.base_url))
            except EndpointDown as down:
                return self._mark_down(down)
            except WrongModel as wrong:
                return await self._wrong_model(wrong)
            except RequestFailed:
                pass  # it thinks and answers: only this request is beyond it
            return self._request_failed(fault)

    def _canary(self) -> dict[str, object]:
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": "Say yes."}],
            "seed": 1,
            "max_tokens": 1,
        }

    def _request_failed(self, fault: Transient) -> RequestFailed:
        return RequestFailed(
            f"no answer in any try: {fault.detail}",
            where=self.base_url,
            detail=fault.detail,
            fix="the server answers other requests; lower the concurrency or raise the "
            "request timeout if this happens often",
        )

    def _mark_down(self, down: EndpointDown) -> EndpointDown:
        if self._down is None:
            known = self._explain() if self._explain is not None else None
            self._down = down.with_detail(known) if known else down
        return self._down

    async def _wrong_model(self, fault: WrongModel) -> EndpointDown:
        """Turn "no such model" or "no such page" into what the user can do."""
        try:
            served = await self._list_models()
        except (CasewrightError, Transient):
            served = []
        names = [entry.name for entry in served]
        if not names or self.model in names:
            down = EndpointDown(
                f"no chat endpoint at this address ({fault.detail})",
                kind="not_openai",
                where=f"{self.base_url}/chat/completions",
                fix="check the address: an OpenAI-compatible server answers there",
            )
        else:
            down = _no_such_model(self.model, names, self.base_url)
        return self._mark_down(down)

    # -- what is there -------------------------------------------------------------------

    async def probe(self) -> ServerInfo:
        """Ask the endpoint what it serves, and check the model's name against it.

        Without a configured name the only model served is taken.

        Raises:
            EndpointDown: nothing usable there; says what is served for a wrong name.
        """
        try:
            served = await self._with_retries(self._list_models)
        except Transient as fault:
            raise self._mark_down(fault.as_down(self.base_url)) from fault
        except WrongModel as fault:
            # Some gateways answer chats and list nothing.
            return await self._probe_without_list(fault)
        except RequestFailed as refusal:
            raise EndpointDown(
                f"the server does not list its models: {refusal.detail}",
                kind="not_openai",
                where=f"{self.base_url}/models",
                fix="check the address",
            ) from refusal
        names = tuple(entry.name for entry in served)
        engine = served[0].engine if served else "unknown"
        if not self.model:
            if len(names) != 1:
                raise EndpointDown(
                    "the server does not serve exactly one model, and none was named",
                    kind="wrong_model",
                    where=self.base_url,
                    valid=", ".join(names) or None,
                    fix="name one with --model",
                )
            self.model = names[0]
        # llama.cpp answers with the model it has, whatever the name in the request.
        if self.model not in names and engine != "llama.cpp":
            raise _no_such_model(self.model, names, self.base_url)
        self._engine = engine
        entry = next((e for e in served if e.name == self.model), served[0])
        return ServerInfo(self.model, names, entry.max_len, engine)

    async def _probe_without_list(self, fault: WrongModel) -> ServerInfo:
        if not self.model:
            raise EndpointDown(
                f"nothing at this address lists models ({fault.detail})",
                kind="not_openai",
                where=f"{self.base_url}/models",
                fix="check the address, and name the model with --model",
            ) from fault
        try:
            await self._with_retries(lambda: self._post_chat(self._canary()))
        except WrongModel as again:
            raise await self._wrong_model(again) from again
        except Transient as again:
            raise self._mark_down(again.as_down(self.base_url)) from again
        self._engine = self._engine or "unknown"
        return ServerInfo(self.model, (), None, self._engine)

    async def _list_models(self) -> list[ServedModel]:
        try:
            answer = await self._http.get(f"{self.base_url}/models", timeout=30.0)
        except httpx.TransportError as exc:
            raise transport_fault(exc, self.base_url) from exc
        data = judge_answer(answer, self.base_url, self._api_key_env)
        listed = data.get("data")
        if not isinstance(listed, list):
            raise EndpointDown(
                "the answer is not a list of models",
                kind="not_openai",
                where=f"{self.base_url}/models",
                fix="check the address: an OpenAI-compatible server answers there",
            )
        return [read_served(e) for e in listed if isinstance(e, dict) and e.get("id")]


def _no_such_model(model: str, served: Sequence[str], url: str) -> EndpointDown:
    return EndpointDown(
        f"the server has no model {model!r}",
        kind="wrong_model",
        where=url,
        valid=", ".join(served),
        fix="name one of these with --model",
    )
