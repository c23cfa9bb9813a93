"""A scripted engine: an OpenAI-compatible server on loopback whose answers a test decides.

It speaks real HTTP over a real socket, so what is tested against it is the real client.
Standard library only.

    async with ScriptedServer(lambda asked: "She reports a cough.") as server:
        client = ChatClient(server.base_url, server.model)

    with scripted_server(answer) as server:  # for tests without an event loop
        run_command("--engine", server.base_url)
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeAlias

__all__ = ["Answer", "Asked", "Reply", "ScriptedServer", "in_turn", "scripted_server"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat request as it arrived.

    `number` counts the chat requests from 0. `body` is the request's JSON text.
    """

    number: int
    model: str
    messages: tuple[tuple[str, str], ...]
    seed: int | None
    max_tokens: int | None
    body: str
    headers: tuple[tuple[str, str], ...]

    @property
    def prompt(self) -> str:
        """Content of the last message."""
        return self.messages[-1][1] if self.messages else ""

    def header(self, name: str) -> str | None:
        """A header's value, by its name in any case."""
        return next((v for k, v in self.headers if k == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer.

    Attributes:
        text, finish_reason: the completion, where `status` is 200.
        status, error: an HTTP error with an OpenAI-shaped message.
        delay: seconds to wait first.
        headers: further headers, Retry-After say.
        raw: this body instead of JSON of ours.
        disconnect: break the connection instead of answering.
    """

    text: str = ""
    finish_reason: str | None = "stop"
    status: int = 200
    error: str = "scripted fault"
    delay: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    raw: str | None = None
    disconnect: bool = False


Answer: TypeAlias = Callable[[Asked], "Reply | str"]


def in_turn(replies: Sequence[Reply | str]) -> Answer:
    """Answer with each reply in turn, and with the last one for ever after."""

    def answer(asked: Asked) -> Reply | str:
        return replies[min(asked.number, len(replies) - 1)]

    return answer


@dataclass(slots=True)
class ScriptedServer:
    """The server; listens while entered.

    Attributes:
        answer: decides each reply. May be replaced while the server runs.
        model: the name served; another one gets a 404, as from vLLM, if `strict`.
        max_model_len, owned_by: what the list of models says.
        api_key: if set, requests without it get a 401.
        asked: every chat request so far. most_in_flight: the most at one time.
    """

    answer: Answer
    model: str = "scripted"
    max_model_len: int | None = 4096
    owned_by: str = "scripted"
    strict: bool = True
    api_key: str | None = None
    asked: list[Asked] = field(default_factory=list)
    most_in_flight: int = 0
    _in_flight: int = 0
    _port: int = 0
    _server: asyncio.Server | None = None
    _connections: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def base_url(self) -> str:
        """Address up to /v1."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._connections):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request of a connection. False once it is over."""
        line = (await reader.readline()).decode("latin-1").split()
        if len(line) < 2:
            return False
        headers: dict[str, str] = {}
        while (raw := (await reader.readline()).decode("latin-1").strip()) != "":
            name, _, value = raw.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        reply = await self._reply(line[0], line[1], headers, body.decode("utf-8", "replace"))
        if reply.disconnect:
            writer.transport.abort()
            return False
        content = (reply.raw if reply.raw is not None else "").encode()
        phrase = HTTPStatus(reply.status).phrase
        head = [f"HTTP/1.1 {reply.status} {phrase}", f"Content-Length: {len(content)}"]
        names = {k.lower() for k, _ in reply.headers}
        if "content-type" not in names:
            head.append("Content-Type: application/json")
        head += [f"{k}: {v}" for k, v in reply.headers]
        writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + content)
        await writer.drain()
        return True

    async def _reply(self, method: str, path: str, headers: Mapping[str, str], body: str) -> Reply:
        """Decide, wait, and return a reply whose `raw` is what to send."""
        if self.api_key is not None and headers.get("authorization") != f"Bearer {self.api_key}":
            return _error(Reply(status=401, error="Unauthorized"))
        if method == "GET" and path == "/health":
            return Reply(raw="{}")
        if method == "GET" and path == "/v1/models":
            return Reply(raw=json.dumps({"object": "list", "data": [self._entry()]}))
        if method != "POST" or path != "/v1/chat/completions":
            return _error(Reply(status=404, error="Not Found"))
        asked = _read_asked(len(self.asked), headers, body)
        if self.strict and asked.model != self.model:
            return _error(Reply(status=404, error=f"The model `{asked.model}` does not exist."))
        self.asked.append(asked)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            try:
                made = self.answer(asked)
            except Exception as exc:  # a bug in the script: show it where the test looks
                made = Reply(status=500, error=f"the scripted answer raised {exc!r}")
            reply = Reply(text=made) if isinstance(made, str) else made
            if reply.delay:
                await asyncio.sleep(reply.delay)
        finally:
            self._in_flight -= 1
        if reply.raw is not None or reply.disconnect:
            return reply
        if reply.status != 200:
            return _error(reply)
        return Reply(raw=_completion(asked, reply), headers=reply.headers)

    def _entry(self) -> dict[str, object]:
        entry: dict[str, object] = {"id": self.model, "object": "model", "owned_by": self.owned_by}
        if self.max_model_len is not None:
            entry["max_model_len"] = self.max_model_len
        return entry


def _read_asked(number: int, headers: Mapping[str, str], body: str) -> Asked:
    data = json.loads(body)
    return Asked(
        number=number,
        model=str(data.get("model")),
        messages=tuple((m["role"], m["content"]) for m in data.get("messages", ())),
        seed=data.get("seed"),
        max_tokens=data.get("max_tokens"),
        body=body,
        headers=tuple(headers.items()),
    )


def _completion(asked: Asked, reply: Reply) -> str:
    # Words stand in for tokens: the counts need only be plausible and exact to test.
    told = sum(len(content.split()) for _, content in asked.messages)
    written = len(reply.text.split())
    message = {"role": "assistant", "content": reply.text}
    return json.dumps(
        {
            "id": f"scripted-{asked.number}",
            "object": "chat.completion",
            "model": asked.model,
            "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}],
            "usage": {
                "prompt_tokens": told,
                "completion_tokens": written,
                "total_tokens": told + written,
            },
        }
    )


def _error(reply: Reply) -> Reply:
    error = {"message": reply.error, "type": "scripted", "code": reply.status}
    return Reply(status=reply.status, raw=json.dumps({"error": error}), headers=reply.headers)


@contextmanager
def scripted_server(answer: Answer, **settings: object) -> Iterator[ScriptedServer]:
    """Run a server in a thread of its own, for callers without an event loop.

    `settings` are the fields of `ScriptedServer`. `answer` runs in that thread.
    """
    server = ScriptedServer(answer, **settings)  # type: ignore[arg-type]
    up = threading.Event()
    done: asyncio.Event | None = None
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        nonlocal done
        done = asyncio.Event()
        async with server:
            up.set()
            await done.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            loop.close()
            up.set()

    thread = threading.Thread(target=run, name="scripted-server", daemon=True)
    thread.start()
    up.wait()
    try:
        yield server
    finally:
        if done is not None:
            loop.call_soon_threadsafe(done.set)
        thread.join()
