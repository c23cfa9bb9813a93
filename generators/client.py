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
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_exponential_jitter,
)

from casewright.errors import CasewrightError
from casewright.generators.faults import (
    ContextTooSmall,
    EndpointDown,
    RequestFailed,
    Transient,
    WrongModel,
    judge_answer,
    transport_fault,
)

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

EngineKind = Literal["llama.cpp", "vllm", "ollama", "unknown"]
_T = TypeVar("_T")

_RATE_WINDOW_S = 20.0
_REFUSALS_IN_A_ROW = 20  # refusals with no success between: the endpoint, not the requests


def wire_seed(seed: int) -> int:
    """Fold a seed to the 31 bits that every server takes.

    llama.cpp keeps 32 bits of a seed and reads the largest as "random"; other servers
    refuse what does not fit a signed 32-bit integer.
    """
    return seed % (2**31 - 1)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What to ask of the model.

    Attributes:
        messages: (role, content) pairs, role being system, user or assistant.
        seed: seed of this request's sampling; sent as `wire_seed(seed)`.
        max_tokens: upper bound of the answer in tokens.
        stop: texts that end the answer.
        repeat_penalty: 1.0 is none; sent under the name that the server knows.
        json_schema: a JSON schema, as JSON text, that the answer must obey.
        grammar: a GBNF grammar that the answer must obey (llama.cpp and vLLM).
    """

    messages: tuple[tuple[str, str], ...]
    seed: int
    temperature: float = 0.5
    top_p: float = 0.95
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    repeat_penalty: float | None = None
    json_schema: str | None = None
    grammar: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model answered.

    `finish_reason` is the server's own word ("stop", "length", "content_filter" ...) and
    "missing" where the server gave none. Only `finished` texts are whole.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether the model ended the text itself."""
        return self.finish_reason == "stop"


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What an endpoint says about itself.

    Attributes:
        model: the name to send. served: every name the server lists (empty if it lists none).
        max_model_len: tokens of prompt and answer together for one request; None if unknown.
        engine: what the server seems to be.
    """

    model: str
    served: tuple[str, ...]
    max_model_len: int | None
    engine: EngineKind


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to try again.

    `attempts` counts the first; a try that ran into the request timeout has cost so much
    that only `attempts_after_timeout` are made.
    Waits grow from `initial_s` by doubling, with as much random jitter again, up to
    `maximum_s`. A server's own Retry-After is honoured up to `retry_after_cap_s`.
    """

    attempts: int = 5
    attempts_after_timeout: int = 2
    initial_s: float = 0.5
    maximum_s: float = 20.0
    retry_after_cap_s: float = 120.0


@dataclass(frozen=True, slots=True)
class ClientStats:
    """A snapshot for a live display. `tokens_per_second` counts the last 20 s."""

    requests: int
    completed: int
    failed: int
    retries: int
    in_flight: int
    prompt_tokens: int
    completion_tokens: int
    tokens_per_second: float


@dataclass(slots=True)
class _Counters:
    requests: int = 0
    completed: int = 0
    failed: int = 0
    retries: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    started: float | None = None
    recent: list[tuple[float, int]] = field(default_factory=list)

    def note_tokens(self, now: float, tokens: int) -> None:
        self.recent.append((now, tokens))
        if len(self.recent) > 256:
            self.recent = [r for r in self.recent if r[0] > now - _RATE_WINDOW_S]

    def rate(self, now: float) -> float:
        if self.started is None:
            return 0.0
        window = min(_RATE_WINDOW_S, max(now - self.started, 1e-3))
        return sum(n for at, n in self.recent if at > now - window) / window


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
        explain: Callable[[], str | None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if concurrency < 1:
            raise CasewrightError(f"concurrency is {concurrency}", valid="1 or more")
        self.base_url = normalise_base_url(base_url)
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
        self._counters = _Counters()
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(request_timeout, connect=min(10.0, request_timeout), pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=concurrency + 1),
            # A proxy from the environment must never see what goes to this very machine.
            trust_env=not _is_loopback(self.base_url),
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
        c = self._counters
        return ClientStats(
            requests=c.requests,
            completed=c.completed,
            failed=c.failed,
            retries=c.retries,
            in_flight=c.in_flight,
            prompt_tokens=c.prompt_tokens,
            completion_tokens=c.completion_tokens,
            tokens_per_second=c.rate(time.monotonic()),
        )

    # -- asking --------------------------------------------------------------------------

    async def complete(self, request: ChatRequest) -> Completion:
        """Ask once, trying again where that may help.

        Raises:
            RequestFailed: this request has no answer (`ContextTooSmall` among them).
            EndpointDown: no request will have one; all later calls raise it at once.
        """
        counters = self._counters
        counters.requests += 1
        async with self._slots:
            if self._down is not None:
                raise self._down
            counters.in_flight += 1
            if counters.started is None:
                counters.started = time.monotonic()
            try:
                done = await self._ask(request)
            except RequestFailed:
                counters.failed += 1
                raise
            finally:
                counters.in_flight -= 1
        self._successes += 1
        self._refusals = 0
        counters.completed += 1
        counters.prompt_tokens += done.prompt_tokens
        counters.completion_tokens += done.completion_tokens
        counters.note_tokens(time.monotonic(), done.completion_tokens)
        return done

    async def _ask(self, request: ChatRequest) -> Completion:
        if not self.model or (
            self._engine is None and (request.repeat_penalty is not None or request.grammar)
        ):
            await self.probe()
        body = self._body(request)
        before = self._successes
        try:
            return await self._with_retries(lambda: self._post_chat(body))
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

    def _body(self, request: ChatRequest) -> dict[str, object]:
        body: dict[str, object] = {
            "model": self.model,
            "messages": [{"role": r, "content": c} for r, c in request.messages],
            "seed": wire_seed(request.seed),
            "temperature": request.temperature,
            "top_p": request.top_p,
            "max_tokens": request.max_tokens,
        }
        if request.stop:
            body["stop"] = list(request.stop)
        if request.repeat_penalty is not None and self._engine in ("llama.cpp", "vllm"):
            # Servers that know neither name refuse or ignore it; the penalty is a nudge,
            # not a promise, so they are asked without it.
            name = "repeat_penalty" if self._engine == "llama.cpp" else "repetition_penalty"
            body[name] = request.repeat_penalty
        if request.json_schema is not None:
            schema = json.loads(request.json_schema)
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema},
            }
        if request.grammar is not None:
            if self._engine == "llama.cpp":
                body["grammar"] = request.grammar
            elif self._engine == "vllm":
                body["structured_outputs"] = {"grammar": request.grammar}
            else:
                # A grammar that is dropped in silence would look like a bad model.
                raise RequestFailed(
                    "this server is not known to take a grammar",
                    where=self.base_url,
                    valid="llama.cpp or vLLM",
                    fix="turn grammars off for this endpoint",
                )
        return body

    async def _post_chat(self, body: Mapping[str, object]) -> Completion:
        started = time.monotonic()
        try:
            answer = await self._http.post(f"{self.base_url}/chat/completions", json=body)
        except httpx.TransportError as exc:
            raise transport_fault(exc, self.base_url) from exc
        data = judge_answer(answer, self.base_url, self._api_key_env)
        return _read_completion(data, self.base_url, time.monotonic() - started)

    async def _with_retries(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        backoff = wait_exponential_jitter(
            initial=self._retry.initial_s,
            max=self._retry.maximum_s,
            jitter=self._retry.initial_s,
        )

        def wait(state: RetryCallState) -> float:
            fault = state.outcome.exception() if state.outcome else None
            asked = fault.retry_after if isinstance(fault, Transient) else None
            own = float(backoff(state))
            return own if asked is None else max(own, min(asked, self._retry.retry_after_cap_s))

        def enough(state: RetryCallState) -> bool:
            fault = state.outcome.exception() if state.outcome else None
            silent = isinstance(fault, Transient) and fault.kind == "silent"
            limit = self._retry.attempts_after_timeout if silent else self._retry.attempts
            return state.attempt_number >= min(limit, self._retry.attempts)

        def count(_: RetryCallState) -> None:
            self._counters.retries += 1

        async for turn in AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=enough,
            wait=wait,
            before_sleep=count,
            reraise=True,
        ):
            with turn:
                if self._down is not None:
                    raise self._down
                return await attempt()
        raise AssertionError("tenacity ended without a result")  # pragma: no cover

    # -- one request or the whole endpoint? ----------------------------------------------

    async def _after_last_try(self, fault: Transient, successes_before: int) -> CasewrightError:
        """Decide what a request that failed in every try means."""
        async with self._diagnosing:
            if self._down is not None:
                return self._down
            if self._successes > successes_before:
                return self._request_failed(fault)  # others were answered meanwhile
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
            f"no answer after {self._retry.attempts} tries: {fault.detail}",
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

    async def _list_models(self) -> list[_Served]:
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
        return [_read_served(e) for e in listed if isinstance(e, dict) and e.get("id")]


@dataclass(frozen=True, slots=True)
class _Served:
    name: str
    engine: EngineKind
    max_len: int | None


def _read_served(entry: Mapping[str, object]) -> _Served:
    owners: dict[str, EngineKind] = {
        "llamacpp": "llama.cpp",
        "vllm": "vllm",
        "library": "ollama",
    }
    meta = entry.get("meta")
    # vLLM gives max_model_len; llama.cpp gives meta.n_ctx, which is one slot's share.
    length = entry.get("max_model_len")
    if length is None and isinstance(meta, dict):
        length = meta.get("n_ctx")
    return _Served(
        name=str(entry["id"]),
        engine=owners.get(str(entry.get("owned_by")), "unknown"),
        max_len=length if isinstance(length, int) else None,
    )


def _read_completion(data: Mapping[str, object], url: str, seconds: float) -> Completion:
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise Transient("the answer holds no message", kind="not_openai", where=url)
    content = message.get("content")
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Completion(
        text=content if isinstance(content, str) else "",
        finish_reason=str(first.get("finish_reason") or "missing"),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        seconds=seconds,
    )


def _no_such_model(model: str, served: Sequence[str], url: str) -> EndpointDown:
    return EndpointDown(
        f"the server has no model {model!r}",
        kind="wrong_model",
        where=url,
        valid=", ".join(served),
        fix="name one of these with --model",
    )
