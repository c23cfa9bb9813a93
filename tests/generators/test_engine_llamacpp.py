"""llama.cpp in this process with the real default model."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from real_model import real_models  # noqa: F401 - a fixture

from casewright.generators.anchored import anchored_grammar
from casewright.generators.client import ChatClient, ChatRequest, ContextTooSmall
from casewright.generators.engines import Engine, EngineSpec, open_engine
from casewright.generators.structured import (
    Structured,
    bind,
    detect_structured,
    object_schema,
    read_object,
)
from casewright.generators.tasks import Task
from casewright.models import DEFAULT_MODEL
from casewright.records import Fact

pytest.importorskip("xllamacpp")
pytestmark = pytest.mark.model
_T = TypeVar("_T")

SYSTEM = "Turn the facts into one sentence of a clinical note. Use every fact. Add nothing."


def ask(text: str, seed: int, **changes: object) -> ChatRequest:
    settings: dict[str, object] = {"max_tokens": 24, **changes}
    return ChatRequest((("system", SYSTEM), ("user", text)), seed=seed, **settings)


def with_engine(
    models: Path, work: Callable[[Engine, ChatClient], Awaitable[_T]], **settings: object
) -> _T:
    async def run() -> _T:
        spec = EngineSpec("llamacpp", models_dir=models, **{"context": 512, **settings})
        async with open_engine(spec) as engine, engine.client() as client:
            return await work(engine, client)

    return asyncio.run(asyncio.wait_for(run(), 300))


def test_it_writes_and_tells_what_it_is(real_models: Path) -> None:  # noqa: F811
    async def work(engine: Engine, client: ChatClient) -> None:
        assert engine.model_hash == DEFAULT_MODEL.sha256
        assert engine.base_url.startswith("http://127.0.0.1:")
        info = await client.probe()
        assert (info.model, info.engine, info.max_model_len) == (engine.model, "llama.cpp", 512)
        done = await client.complete(ask("Facts: cough; fever.", 1))
        assert done.text.strip()
        assert done.finish_reason in ("stop", "length")
        assert 0 < done.completion_tokens <= 24
        assert done.prompt_tokens > 20

    with_engine(real_models, work)


def test_the_same_seed_gives_the_same_text_and_another_seed_another(
    real_models: Path,  # noqa: F811
) -> None:
    async def work(_: Engine, client: ChatClient) -> None:
        async def text(seed: int) -> str:
            return (await client.complete(ask("Facts: cough; fever.", seed, temperature=1.0))).text

        first = await text(7)
        await text(8)  # the prompt is cached from here on, and what was sampled is not
        assert await text(7) == await text(7) == first
        assert len({await text(seed) for seed in range(10, 16)}) > 1

    with_engine(real_models, work, concurrency=1)


def test_many_at_once_are_all_answered_and_counted(real_models: Path) -> None:  # noqa: F811
    async def work(engine: Engine, client: ChatClient) -> None:
        done = await asyncio.gather(
            *(client.complete(ask(f"Facts: cough for {i} days.", i)) for i in range(2, 14))
        )
        stats = client.stats()
        assert stats.completed == len(done) == 12
        assert stats.completion_tokens == sum(d.completion_tokens for d in done)
        assert stats.retries == stats.failed == 0

    with_engine(real_models, work, concurrency=3)


def test_an_answer_that_is_cut_says_so(real_models: Path) -> None:  # noqa: F811
    async def work(_: Engine, client: ChatClient) -> None:
        cut = await client.complete(ask("Tell a long story of a patient.", 3, max_tokens=4))
        assert (cut.finish_reason, cut.finished) == ("length", False)

    with_engine(real_models, work)


def test_a_prompt_over_the_context_fails_alone(real_models: Path) -> None:  # noqa: F811
    async def work(_: Engine, client: ChatClient) -> None:
        with pytest.raises(ContextTooSmall, match="512"):
            await client.complete(ask("cough " * 900, 1))
        assert (await client.complete(ask("Facts: cough.", 1))).text

    with_engine(real_models, work)


def test_schema_and_grammar_bind_the_answer(real_models: Path) -> None:  # noqa: F811
    schema = json.dumps(
        {
            "type": "object",
            "properties": {"age": {"type": "integer", "minimum": 1, "maximum": 99}},
            "required": ["age"],
            "additionalProperties": False,
        }
    )

    async def work(_: Engine, client: ChatClient) -> None:
        bound = await client.complete(ask("Give an age.", 1, json_schema=schema, max_tokens=60))
        assert 1 <= json.loads(bound.text)["age"] <= 99
        grammar = 'root ::= "She reports " [a-z ]{3,20} "."'
        fixed = await client.complete(ask("Facts: cough.", 1, grammar=grammar))
        assert re.fullmatch(r"She reports [a-z ]{3,20}\.", fixed.text)

    with_engine(real_models, work)


def test_what_it_binds_is_found_and_an_anchored_answer_states_its_fact(
    real_models: Path,  # noqa: F811
) -> None:
    dose = Fact("f1", "medication", "drug:x", "trazodone", value="50", unit="mg")
    request = ask("Woman. Takes: trazodone 50 mg", 3)
    task = Task(("t",), (), (dose,), fallback=lambda: "")

    async def work(_: Engine, client: ChatClient) -> None:
        assert await detect_structured(client.complete) == Structured("schema", grammar=True)
        bound = bind(request, object_schema(["History", "Plan"]), "grammar")
        told = read_object((await client.complete(replace(bound, max_tokens=200))).text)
        assert told is None or list(told) == ["History", "Plan"]
        for seed in range(3):
            anchored = replace(request, grammar=anchored_grammar(task, lambda _: ()), seed=seed)
            done = await client.complete(anchored)
            assert "50 mg" in done.text
            assert "trazodone" in done.text.lower()
            assert done.finish_reason == "stop"

    with_engine(real_models, work)


def test_others_on_this_machine_are_not_let_in(real_models: Path) -> None:  # noqa: F811
    async def work(engine: Engine, _: ChatClient) -> None:
        async with httpx.AsyncClient(trust_env=False) as stranger:
            for url in (engine.base_url, *engine.replicas):
                answer = await stranger.post(f"{url}/chat/completions", json={"messages": []})
                assert answer.status_code == 401

    with_engine(real_models, work)


def test_nothing_answers_after_it_is_closed(real_models: Path) -> None:  # noqa: F811
    async def work(engine: Engine, _: ChatClient) -> tuple[str, ...]:
        assert len(engine.replicas) <= 1
        return (engine.base_url, *engine.replicas)

    for url in with_engine(real_models, work, concurrency=2):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)


def test_the_terminal_stays_clean(real_models: Path) -> None:  # noqa: F811
    code = (
        "import asyncio, sys; from pathlib import Path\n"
        "from casewright.generators.client import ChatRequest\n"
        "from casewright.generators.engines import EngineSpec, open_engine\n"
        "async def run():\n"
        "    spec = EngineSpec('llamacpp', models_dir=Path(sys.argv[1]), context=512)\n"
        "    async with open_engine(spec) as engine, engine.client() as client:\n"
        "        request = ChatRequest((('user', 'Say yes.'),), seed=1, max_tokens=4)\n"
        "        await client.complete(request)\n"
        "asyncio.run(run())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(real_models)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
