"""A real vLLM server, started and stopped by casewright.

Its environment is made by .ci/vllm.sh and named by CASEWRIGHT_VLLM_PYTHON. One server does
for all of it: it takes about a minute to come up on two cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from real_model import real_models  # noqa: F401 - a fixture

from casewright.generators.client import (
    ChatClient,
    ChatRequest,
    ContextTooSmall,
    EndpointDown,
)
from casewright.generators.engines import Engine, EngineSpec, open_engine
from casewright.generators.engines.vllm import PYTHON_VARIABLE, find_vllm
from casewright.models import default_hf_folder, export_hf_folder, get_model

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(
        PYTHON_VARIABLE not in os.environ, reason=f"{PYTHON_VARIABLE} names no environment"
    ),
]


def ask(text: str, seed: int, **changes: object) -> ChatRequest:
    settings: dict[str, object] = {"max_tokens": 24, **changes}
    return ChatRequest((("user", text),), seed=seed, **settings)


@pytest.fixture(scope="module")
def folder(real_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """The default model as a folder for vLLM: the one there is, or one made now."""
    there = default_hf_folder(real_models)
    if there.is_dir():
        return there
    made = tmp_path_factory.mktemp("hf") / there.name
    return export_hf_folder(get_model("default", real_models), made)


def processes_with(word: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):
            continue
        if word in command and entry.name != str(os.getpid()):
            found.append(command)
    return found


async def seeds_are_kept_under_load(client: ChatClient) -> None:
    """Prompts of many lengths and per-request seeds: what kills vLLM's CPU engine otherwise."""

    def one(i: int) -> ChatRequest:
        facts = "; ".join(f"symptom {j} for {i} days" for j in range(10 + 7 * (i % 9)))
        return ask(f"Facts: {facts}.", i, temperature=0.8, repeat_penalty=1.1)

    done = await asyncio.gather(*(client.complete(one(i)) for i in range(40)))
    assert all(d.completion_tokens > 0 for d in done)
    assert client.stats().retries == 0

    async def text(seed: int) -> str:
        return (await client.complete(ask("Name a symptom.", seed, temperature=1.0))).text

    assert await text(5) == await text(5)
    assert len({await text(seed) for seed in range(6)}) > 1


async def limits_are_told(engine: Engine, client: ChatClient) -> None:
    with pytest.raises(ContextTooSmall, match="1024"):
        await client.complete(ask("word " * 1500, 1))
    with pytest.raises(ContextTooSmall, match="1024"):
        await client.complete(ask("word", 1, max_tokens=2000))
    cut = await client.complete(ask("Tell a long story.", 3, max_tokens=4))
    assert (cut.finish_reason, cut.finished) == ("length", False)
    async with ChatClient(engine.base_url, "nope", api_key=engine.api_key) as wrong:
        with pytest.raises(EndpointDown, match=re.escape(engine.model)) as caught:
            await wrong.complete(ask("x", 1))
        assert caught.value.kind == "wrong_model"
    async with ChatClient(engine.base_url, engine.model) as keyless:
        with pytest.raises(EndpointDown) as caught:
            await keyless.complete(ask("x", 1))
        assert caught.value.kind == "unauthorised"


async def schema_and_grammar_bind(client: ChatClient) -> None:
    schema = json.dumps(
        {
            "type": "object",
            "properties": {"age": {"type": "integer", "minimum": 1, "maximum": 99}},
            "required": ["age"],
            "additionalProperties": False,
        }
    )
    bound = await client.complete(ask("Give an age.", 1, json_schema=schema, max_tokens=80))
    assert 1 <= json.loads(bound.text)["age"] <= 99
    grammar = 'root ::= "She reports " [a-z ]{3,20} "."'
    fixed = await client.complete(ask("Facts: cough.", 1, grammar=grammar))
    assert re.fullmatch(r"She reports [a-z ]{3,20}\.", fixed.text)


def test_a_real_server_starts_writes_and_is_gone(folder: Path, tmp_path: Path) -> None:
    async def run() -> None:
        spec = EngineSpec("vllm", str(folder), context=1024, concurrency=32, log_dir=tmp_path)
        async with open_engine(spec) as engine, engine.client() as client:
            assert processes_with(str(folder))
            info = await client.probe()
            assert (info.engine, info.max_model_len) == ("vllm", 1024)
            await seeds_are_kept_under_load(client)
            await limits_are_told(engine, client)
            await schema_and_grammar_bind(client)

    asyncio.run(run())
    assert processes_with(str(folder)) == []
    assert processes_with("VLLM::") == []


def test_an_engine_that_dies_is_told_with_its_cause(folder: Path, tmp_path: Path) -> None:
    """With chunked prefill on, vLLM's CPU engine dies of per-request seeds."""
    if not find_vllm().cpu:
        pytest.skip("this vLLM computes on a GPU, where the fault is not")

    async def run() -> list[object]:
        spec = EngineSpec(
            "vllm",
            str(folder),
            context=1024,
            concurrency=32,
            log_dir=tmp_path,
            extra_args=("--enable-chunked-prefill", "--max-num-batched-tokens", "1024"),
        )
        async with open_engine(spec) as engine, engine.client() as client:

            def one(i: int) -> ChatRequest:
                return ask(f"{i} " + "cough fever nausea " * (50 + 5 * (i % 9)), i, max_tokens=40)

            return await asyncio.gather(
                *(client.complete(one(i)) for i in range(64)), return_exceptions=True
            )

    results = asyncio.run(run())
    downs = [r for r in results if isinstance(r, EndpointDown)]
    assert downs
    told = str(downs[0])
    assert "RuntimeError: CPU Generator does not use offset" in told
    assert "--no-enable-chunked-prefill" in told
    assert processes_with(str(folder)) == []
