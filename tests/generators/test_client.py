"""The client against a scripted server over real HTTP: what it sends, bears and reports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from casewright.errors import CasewrightError
from casewright.generators.client import (
    ChatClient,
    ChatRequest,
    ContextTooSmall,
    EndpointDown,
    RequestFailed,
    RetryPolicy,
    normalise_base_url,
    wire_seed,
)
from casewright.generators.faults import Transient, WrongModel, judge_answer
from casewright.generators.scripted import Answer, Asked, Reply, ScriptedServer, in_turn

ANSWERS = yaml.safe_load(
    (Path(__file__).parent.parent / "data" / "endpoint_answers.yaml").read_text()
)
QUICK = RetryPolicy(attempts=4, initial_s=0.01, maximum_s=0.05)
_T = TypeVar("_T")


def ask(text: str = "Name a symptom.", seed: int = 7) -> ChatRequest:
    return ChatRequest((("system", "Be brief."), ("user", text)), seed=seed, max_tokens=20)


def with_client(
    answer: Answer,
    work: Callable[[ChatClient, ScriptedServer], Awaitable[_T]],
    *,
    server: dict[str, object] | None = None,
    model: str = "scripted",
    **settings: object,
) -> _T:
    """Run `work` with a client on a scripted server."""

    async def run() -> _T:
        async with ScriptedServer(answer, **(server or {})) as scripted:
            settings.setdefault("retry", QUICK)
            async with ChatClient(scripted.base_url, model, **settings) as client:
                return await work(client, scripted)

    return asyncio.run(asyncio.wait_for(run(), 30))


async def failure(awaitable: Awaitable[object]) -> Exception:
    try:
        await awaitable
    except Exception as exc:
        return exc
    raise AssertionError("it did not fail")


# -- what goes out --------------------------------------------------------------------------


def test_everything_of_a_request_reaches_the_server() -> None:
    request = ChatRequest(
        (("system", "S"), ("user", "U — ü")),
        seed=11,
        temperature=0.25,
        top_p=0.5,
        max_tokens=33,
        stop=("\n\n", "END"),
        json_schema='{"type": "object"}',
    )

    async def work(client: ChatClient, server: ScriptedServer) -> dict[str, object]:
        await client.complete(request)
        return json.loads(server.asked[0].body)

    assert with_client(lambda _: "ok", work) == {
        "model": "scripted",
        "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U — ü"}],
        "seed": 11,
        "temperature": 0.25,
        "top_p": 0.5,
        "max_tokens": 33,
        "stop": ["\n\n", "END"],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}},
        },
    }


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("llamacpp", {"repeat_penalty": 1.1, "grammar": 'root ::= "a"'}),
        (
            "vllm",
            {"repetition_penalty": 1.1, "structured_outputs": {"grammar": 'root ::= "a"'}},
        ),
    ],
)
def test_penalty_and_grammar_are_sent_under_the_servers_own_names(
    owner: str, expected: dict[str, object]
) -> None:
    async def work(client: ChatClient, server: ScriptedServer) -> dict[str, object]:
        request = ChatRequest((("user", "x"),), seed=1, repeat_penalty=1.1, grammar='root ::= "a"')
        await client.complete(request)
        return json.loads(server.asked[0].body)

    body = with_client(lambda _: "a", work, server={"owned_by": owner})
    assert {k: body[k] for k in expected} == expected


def test_a_grammar_is_refused_where_the_server_may_not_know_it() -> None:
    async def work(client: ChatClient, server: ScriptedServer) -> Exception:
        exc = await failure(client.complete(ChatRequest((("user", "x"),), seed=1, grammar="g")))
        assert server.asked == []
        return exc

    exc = with_client(lambda _: "a", work)
    assert isinstance(exc, RequestFailed)
    assert "grammar" in str(exc)


@given(st.integers(min_value=0, max_value=2**64))
def test_a_wire_seed_fits_31_bits_and_never_means_random(seed: int) -> None:
    assert 0 <= wire_seed(seed) < 2**31 - 1
    assert wire_seed(wire_seed(seed)) == wire_seed(seed)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/", "http://h:8000/v1"),
        ("http://h:8000/v1/", "http://h:8000/v1"),
        ("https://h/v1/chat/completions", "https://h/v1"),
        ("https://h/api/openai", "https://h/api/openai/v1"),
        ("https://h/api/v3", "https://h/api/v3"),
        (" http://[::1]:9/v1?x=1 ", "http://[::1]:9/v1"),
    ],
)
def test_an_address_is_brought_to_its_version(given: str, expected: str) -> None:
    assert normalise_base_url(given) == expected
    assert normalise_base_url(expected) == expected


@pytest.mark.parametrize("bad", ["", "localhost:8000", "ftp://h/v1", "http://", "/v1"])
def test_what_is_no_url_is_refused_with_an_example(bad: str) -> None:
    with pytest.raises(CasewrightError, match="http://HOST:PORT/v1"):
        normalise_base_url(bad)


def test_a_proxy_from_the_environment_never_sees_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def work(client: ChatClient, _: ScriptedServer) -> str:
        return (await client.complete(ask())).text

    assert with_client(lambda _: "direct", work) == "direct"


# -- work in flight and the counters --------------------------------------------------------


def test_never_more_requests_in_flight_than_allowed() -> None:
    async def work(client: ChatClient, server: ScriptedServer) -> int:
        await asyncio.gather(*(client.complete(ask(seed=i)) for i in range(20)))
        return server.most_in_flight

    assert with_client(lambda _: Reply("x", delay=0.02), work, concurrency=3) == 3


def test_counters_tell_what_happened() -> None:
    replies = [Reply(status=503), Reply("one two three"), Reply(status=422), Reply("four five")]

    async def work(client: ChatClient, _: ScriptedServer) -> None:
        await client.complete(ask())
        assert isinstance(await failure(client.complete(ask())), RequestFailed)
        await client.complete(ask())
        stats = client.stats()
        assert (stats.requests, stats.completed, stats.failed, stats.retries) == (3, 2, 1, 1)
        assert stats.in_flight == 0
        assert stats.completion_tokens == 5
        assert stats.prompt_tokens == 2 * len(["Be", "brief.", "Name", "a", "symptom."])
        assert stats.tokens_per_second > 0

    with_client(in_turn(replies), work, concurrency=1)


def test_replicas_share_the_requests() -> None:
    async def run() -> tuple[int, int]:
        def slow(_: Asked) -> Reply:
            return Reply("x", delay=0.02)

        async with ScriptedServer(slow) as one, ScriptedServer(slow) as two:
            client = ChatClient(one.base_url, "scripted", replicas=[two.base_url], concurrency=4)
            async with client:
                await asyncio.gather(*(client.complete(ask(seed=i)) for i in range(20)))
            assert one.most_in_flight == two.most_in_flight == 2
            return len(one.asked), len(two.asked)

    first, second = asyncio.run(run())
    assert first + second == 20
    assert min(first, second) >= 8


def test_a_cancelled_request_gives_its_place_back() -> None:
    async def work(client: ChatClient, server: ScriptedServer) -> str:
        task = asyncio.create_task(client.complete(ask("slow")))
        while not server.asked:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        done = await client.complete(ask("quick"))
        assert client.stats().in_flight == 0
        return done.text

    def answer(asked: Asked) -> Reply:
        return Reply("late", delay=20) if asked.prompt == "slow" else Reply("here")

    assert with_client(answer, work, concurrency=1) == "here"


# -- how a text ended -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "seen", "finished"),
    [
        ("stop", "stop", True),
        ("length", "length", False),
        ("content_filter", "content_filter", False),
        ("tool_calls", "tool_calls", False),
        (None, "missing", False),
    ],
)
def test_the_reason_a_text_ended_is_passed_through(
    sent: str | None, seen: str, finished: bool
) -> None:
    async def work(client: ChatClient, _: ScriptedServer) -> None:
        done = await client.complete(ask())
        assert (done.finish_reason, done.finished) == (seen, finished)

    with_client(lambda _: Reply("half a sent", finish_reason=sent), work)


def test_a_null_content_is_an_empty_text() -> None:
    raw = '{"choices":[{"message":{"role":"assistant","content":null},"finish_reason":"stop"}]}'

    async def work(client: ChatClient, _: ScriptedServer) -> None:
        done = await client.complete(ask())
        assert (done.text, done.finish_reason, done.completion_tokens) == ("", "stop", 0)

    with_client(lambda _: Reply(raw=raw), work)


# -- faults that pass -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=408),
        Reply(status=409),
        Reply(status=429),
        Reply(status=500),
        Reply(status=502, raw="<html>Bad Gateway</html>"),
        Reply(status=503, error="Loading model"),
        Reply(status=504),
        Reply(disconnect=True),
        Reply(raw="<html>hello</html>"),
        Reply(raw='{"choices": []}'),
    ],
    ids=lambda r: f"{r.status}{'-disconnect' if r.disconnect else ''}{(r.raw or '')[:8]}",
)
def test_a_fault_that_passes_is_tried_again(fault: Reply) -> None:
    async def work(client: ChatClient, server: ScriptedServer) -> str:
        done = await client.complete(ask())
        assert client.stats().retries == 2
        assert len({a.body for a in server.asked}) == 1  # the same seed in every try
        return done.text

    assert with_client(in_turn([fault, fault, "at last"]), work) == "at last"


def test_the_servers_own_wish_to_wait_is_granted() -> None:
    async def work(client: ChatClient, _: ScriptedServer) -> float:
        started = time.monotonic()
        await client.complete(ask())
        return time.monotonic() - started

    busy = Reply(status=429, headers=(("Retry-After", "0.6"),))
    assert with_client(in_turn([busy, "ok"]), work) >= 0.6


def test_a_wish_to_wait_for_ever_is_not() -> None:
    async def work(client: ChatClient, _: ScriptedServer) -> float:
        started = time.monotonic()
        await client.complete(ask())
        return time.monotonic() - started

    busy = Reply(status=503, headers=(("Retry-After", "86400"),))
    patience = RetryPolicy(attempts=2, initial_s=0.01, maximum_s=0.02, retry_after_cap_s=0.2)
    assert with_client(in_turn([busy, "ok"]), work, retry=patience) < 5


# -- one request or the whole endpoint? -----------------------------------------------------


def test_a_request_that_always_breaks_fails_alone() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(status=500) if asked.prompt == "poison" else Reply("fine")

    async def work(client: ChatClient, _: ScriptedServer) -> None:
        exc = await failure(client.complete(ask("poison")))
        assert isinstance(exc, RequestFailed)
        assert not isinstance(exc, EndpointDown)
        assert (await client.complete(ask("good"))).text == "fine"

    with_client(answer, work)


def test_an_engine_that_died_stops_everything_at_once() -> None:
    def answer(asked: Asked) -> Reply:
        if asked.number < 3:
            return Reply("fine")
        return Reply(status=500, error="EngineCore encountered an issue")

    async def work(client: ChatClient, server: ScriptedServer) -> None:
        results = await asyncio.gather(
            *(client.complete(ask(seed=i)) for i in range(30)), return_exceptions=True
        )
        downs = [r for r in results if isinstance(r, EndpointDown)]
        assert len(downs) == 27
        assert {d.kind for d in downs} == {"engine_died"}
        assert "EngineCore encountered an issue" in str(downs[0])
        assert "resumes" in str(downs[0])
        # Two in flight used up their tries, one canary looked; the other 25 were not even sent.
        sent = len(server.asked)
        assert sent <= 3 + 2 * QUICK.attempts + 2
        assert isinstance(await failure(client.complete(ask())), EndpointDown)
        assert len(server.asked) == sent

    with_client(answer, work, concurrency=2)


def test_a_slow_request_fails_alone() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply("late", delay=5) if asked.prompt == "slow" else Reply("fine")

    async def work(client: ChatClient, _: ScriptedServer) -> None:
        exc = await failure(client.complete(ask("slow")))
        assert isinstance(exc, RequestFailed)
        assert "timed out" in str(exc)
        assert client.stats().retries == 1  # a timeout is dear: one more try, not all

    with_client(answer, work, request_timeout=0.3)


def test_a_server_that_never_answers_is_silent() -> None:
    async def work(client: ChatClient, _: ScriptedServer) -> EndpointDown:
        exc = await failure(client.complete(ask()))
        assert isinstance(exc, EndpointDown)
        return exc

    down = with_client(lambda _: Reply(delay=20), work, request_timeout=0.2)
    assert down.kind == "silent"
    assert "timeout" in str(down)


def test_a_dead_address_is_unreachable_and_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def run() -> Exception:
        async with ChatClient(f"http://127.0.0.1:{port}", "m", retry=QUICK) as client:
            return await failure(client.complete(ask()))

    exc = asyncio.run(run())
    assert isinstance(exc, EndpointDown)
    assert exc.kind == "unreachable"
    assert f"http://127.0.0.1:{port}/v1" in str(exc)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(status=429), "overloaded"),
        (Reply(status=401), "unauthorised"),
        (Reply(status=403, raw="<html>no</html>"), "unauthorised"),
        (Reply(status=500), "engine_died"),
        (Reply(disconnect=True), "unreachable"),
        (Reply(raw="<!doctype html>"), "not_openai"),
        (Reply(raw='{"hello": "world"}'), "not_openai"),
        (Reply(status=308, headers=(("Location", "https://elsewhere/"),)), "not_openai"),
        (Reply(status=404), "not_openai"),  # the model is listed, so the page is what lacks
    ],
)
def test_what_every_request_meets_is_the_endpoints_fault(reply: Reply, kind: str) -> None:
    async def work(client: ChatClient, _: ScriptedServer) -> None:
        exc = await failure(client.complete(ask()))
        assert isinstance(exc, EndpointDown)
        assert exc.kind == kind
        assert exc.problems[0].fix

    with_client(lambda _: reply, work)


def test_a_server_that_refuses_all_requests_stops_the_run() -> None:
    async def work(client: ChatClient, server: ScriptedServer) -> None:
        failed = [await failure(client.complete(ask(seed=i))) for i in range(25)]
        assert all(isinstance(e, RequestFailed) for e in failed[:19])
        assert all(isinstance(e, EndpointDown) and e.kind == "refuses" for e in failed[19:])
        assert len(server.asked) == 20

    with_client(lambda _: Reply(status=422, error="no such parameter: seed"), work)


def test_refusals_between_answers_never_stop_the_run() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply("ok") if asked.number % 15 == 14 else Reply(status=422)

    async def work(client: ChatClient, _: ScriptedServer) -> None:
        for i in range(60):
            try:
                await client.complete(ask(seed=i))
            except RequestFailed as exc:
                assert not isinstance(exc, EndpointDown)

    with_client(answer, work)


def test_too_small_a_context_fails_the_request_and_never_the_run() -> None:
    error = "This model's maximum context length is 4096 tokens."

    async def work(client: ChatClient, _: ScriptedServer) -> None:
        for i in range(30):
            exc = await failure(client.complete(ask(seed=i)))
            assert isinstance(exc, ContextTooSmall)
            assert "4096" in str(exc)
        assert client.stats().retries == 0

    with_client(lambda _: Reply(status=400, error=error), work)


def test_a_wrong_model_name_is_told_with_what_is_served() -> None:
    async def work(client: ChatClient, _: ScriptedServer) -> None:
        for exc in (await failure(client.probe()), await failure(client.complete(ask()))):
            assert isinstance(exc, EndpointDown)
            assert exc.kind == "wrong_model"
            assert "'nope'" in str(exc)
            assert "scripted" in (exc.problems[0].valid or "")

    with_client(lambda _: "x", work, model="nope")


def test_the_owner_of_the_endpoint_adds_what_it_knows() -> None:
    async def work(client: ChatClient, _: ScriptedServer) -> None:
        exc = await failure(client.complete(ask()))
        assert "its log ended with: Killed" in str(exc)

    with_client(lambda _: Reply(status=500), work, explain=lambda: "its log ended with: Killed")


def test_a_key_is_sent_and_never_shown() -> None:
    async def work(client: ChatClient, server: ScriptedServer) -> None:
        assert (await client.complete(ask())).text == "in"
        server.api_key = "another"
        exc = await failure(client.complete(ask()))
        assert isinstance(exc, EndpointDown)
        assert "MY_KEY" in str(exc)
        assert "s3cret" not in str(exc) + repr(exc) + repr(client)

    with_client(
        lambda _: "in",
        work,
        server={"api_key": "s3cret"},
        api_key="s3cret",
        api_key_env="MY_KEY",
    )


# -- probing --------------------------------------------------------------------------------


def test_a_probe_tells_model_context_and_server() -> None:
    async def work(client: ChatClient, server: ScriptedServer) -> None:
        info = await client.probe()
        assert (info.model, info.max_model_len, info.engine) == ("scripted", 8192, "vllm")
        assert server.asked == []

    with_client(lambda _: "x", work, server={"owned_by": "vllm", "max_model_len": 8192}, model="")


def test_a_probe_bears_a_list_of_models_that_is_not_there() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/models"):
            return httpx.Response(404, json={"detail": "Not Found"})
        message = {"role": "assistant", "content": "yes"}
        return httpx.Response(200, json={"choices": [{"message": message}]})

    async def run() -> None:
        transport = httpx.MockTransport(handler)
        async with ChatClient("http://h", "m", transport=transport, retry=QUICK) as client:
            assert (await client.probe()).engine == "unknown"
        async with ChatClient("http://h", transport=transport, retry=QUICK) as nameless:
            exc = await failure(nameless.probe())
            assert isinstance(exc, EndpointDown)
            assert "--model" in str(exc)

    asyncio.run(run())


def test_of_several_models_one_must_be_named() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": [{"id": "one"}, {"id": "two"}]})

    async def run() -> None:
        transport = httpx.MockTransport(handler)
        async with ChatClient("http://h", transport=transport) as client:
            exc = await failure(client.probe())
            assert isinstance(exc, EndpointDown)
            assert exc.problems[0].valid == "one, two"

    asyncio.run(run())


# -- answers of many servers ----------------------------------------------------------------


@pytest.mark.parametrize("case", ANSWERS, ids=[c["name"] for c in ANSWERS])
def test_answers_mean_what_they_mean(case: dict[str, object]) -> None:
    answer = httpx.Response(int(str(case["status"])), text=str(case["body"]))
    try:
        judge_answer(answer, "http://h/v1", None)
        meant = "ok"
    except ContextTooSmall:
        meant = "context"
    except RequestFailed:
        meant = "refused"
    except Transient:
        meant = "transient"
    except WrongModel:
        meant = "wrong_model"
    except EndpointDown as down:
        meant = down.kind
    assert meant == case["means"]


@given(st.integers(200, 599), st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_are_judged_and_never_crash(status: int, body: bytes, wish: str) -> None:
    headers = [(b"retry-after", wish.encode("utf-8", "replace"))]
    answer = httpx.Response(status, content=body, headers=headers)
    with contextlib.suppress(CasewrightError, Transient, WrongModel):
        judge_answer(answer, "http://h/v1", None)


def test_prompts_that_begin_alike_go_to_the_same_replica() -> None:
    async def run() -> list[set[str]]:
        async with ScriptedServer(lambda _: "x") as one, ScriptedServer(lambda _: "x") as two:
            client = ChatClient(one.base_url, "scripted", replicas=[two.base_url], concurrency=4)
            async with client:
                for i in range(40):
                    messages = (("system", f"rule {i % 8}"), ("user", f"case {i}"))
                    await client.complete(ChatRequest(messages, seed=i))
            return [{a.messages[0][1] for a in server.asked} for server in (one, two)]

    first, second = asyncio.run(run())
    assert first and second
    assert not first & second
