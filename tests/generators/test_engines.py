"""Engines: what a spec says, what is checked before anything starts, and how URLs open."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casewright.errors import CasewrightError
from casewright.generators.client import ChatRequest, EndpointDown
from casewright.generators.engines import Engine, EngineSpec, open_engine
from casewright.generators.engines.llamacpp import ServerPlan, plan_servers
from casewright.generators.engines.vllm import VllmInstall, find_vllm, vllm_arguments
from casewright.generators.scripted import ScriptedServer


def opened(spec: EngineSpec) -> Engine:
    async def run() -> Engine:
        async with open_engine(spec) as engine:
            return engine

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("http://127.0.0.1:8000/v1", "url"),
        ("https://models.example/v1", "url"),
        ("vllm", "vllm"),
        ("llamacpp", "llamacpp"),
        ("realiser", "realiser"),
    ],
)
def test_an_engine_is_read_from_the_command_line(text: str, kind: str) -> None:
    spec = EngineSpec.parse(text, "m", concurrency=3)
    assert (spec.kind, spec.model, spec.slots) == (kind, "m", 3)


@pytest.mark.parametrize("text", ["", "llama", "localhost:8000", "vLLM", "file:///m"])
def test_an_unknown_engine_is_told_with_what_is_valid(text: str) -> None:
    with pytest.raises(CasewrightError, match="llamacpp, realiser"):
        EngineSpec.parse(text)


@pytest.mark.parametrize(
    "settings", [{"concurrency": 0}, {"concurrency": -1}, {"context": 10}, {"url": ""}]
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(CasewrightError):
        EngineSpec(**{"kind": "url", "url": "http://h", **settings})


def test_the_realiser_has_no_model_to_ask() -> None:
    engine = opened(EngineSpec("realiser"))
    assert not engine.writes
    with pytest.raises(CasewrightError, match="no endpoint"):
        engine.client()


# -- a URL ----------------------------------------------------------------------------------


def test_a_url_opens_with_what_the_server_says() -> None:
    async def run() -> None:
        async with (
            ScriptedServer(lambda _: "Fine.", owned_by="vllm") as server,
            open_engine(EngineSpec.parse(server.base_url, concurrency=5)) as engine,
            engine.client() as client,
        ):
            assert (engine.name, engine.model) == ("url", "scripted")
            assert (engine.max_model_len, engine.server) == (4096, "vllm")
            assert client.concurrency == 5
            assert (await client.complete(ChatRequest((("user", "x"),), seed=1))).text == "Fine."

    asyncio.run(run())


def test_a_wrong_model_is_told_before_the_first_request() -> None:
    async def run() -> None:
        async with ScriptedServer(lambda _: "x") as server:
            with pytest.raises(EndpointDown, match="scripted") as caught:
                async with open_engine(EngineSpec.parse(server.base_url, "nope")):
                    pass
            assert caught.value.kind == "wrong_model"

    asyncio.run(run())


def test_an_unreachable_url_is_told_in_seconds() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(EndpointDown) as caught:
        opened(EngineSpec.parse(f"http://127.0.0.1:{port}/v1"))
    assert caught.value.kind == "unreachable"
    assert time.monotonic() - started < 10


def test_a_key_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with ScriptedServer(lambda _: "in", api_key="k3y") as server:
            spec = EngineSpec("url", url=server.base_url, api_key_env="TEST_ENGINE_KEY")
            monkeypatch.delenv("TEST_ENGINE_KEY", raising=False)
            with pytest.raises(CasewrightError, match="TEST_ENGINE_KEY"):
                async with open_engine(spec):
                    pass
            monkeypatch.setenv("TEST_ENGINE_KEY", "wrong")
            with pytest.raises(EndpointDown, match="TEST_ENGINE_KEY"):
                async with open_engine(spec):
                    pass
            monkeypatch.setenv("TEST_ENGINE_KEY", "k3y")
            async with open_engine(spec) as engine, engine.client() as client:
                assert (await client.complete(ChatRequest((("user", "x"),), seed=1))).text == "in"
                assert "k3y" not in repr(engine)

    asyncio.run(run())


# -- llama.cpp, before anything is loaded ---------------------------------------------------


def test_a_missing_extra_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(CasewrightError, match=r"casewright\[llamacpp\]"):
        opened(EngineSpec("llamacpp"))


def test_a_default_model_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    with pytest.raises(CasewrightError, match="casewright models get default"):
        opened(EngineSpec("llamacpp", models_dir=tmp_path))
    assert list(tmp_path.iterdir()) == []  # nothing was downloaded unasked


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a GGUF model"),
        (b"hello, this is no model", "not a GGUF model"),
        (b"GGUF" + b"\x03\0\0\0" + b"\xff" * 64, "damaged"),
        (b"GGUF" + b"\x03\0\0\0" + b"\0" * 4, "damaged"),
    ],
)
def test_a_damaged_model_is_told_before_it_is_loaded(
    tmp_path: Path, content: bytes, message: str
) -> None:
    pytest.importorskip("xllamacpp")
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(CasewrightError, match=message):
        opened(EngineSpec("llamacpp", str(path)))


def test_a_folder_is_not_for_llamacpp_nor_a_file_for_vllm(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(CasewrightError, match="--engine vllm"):
        opened(EngineSpec("llamacpp", str(tmp_path)))


@given(
    st.none() | st.integers(1, 1 << 36),
    st.integers(1, 256),
    st.integers(1, 256),
    st.none() | st.integers(1, 64),
)
def test_servers_use_the_cores_and_hold_what_is_in_flight(
    size: int | None, cores: int, in_flight: int, threads: int | None
) -> None:
    plan = plan_servers(size, cores, in_flight, threads)
    assert plan.servers * plan.slots >= in_flight
    assert plan.servers * plan.threads <= (threads or cores)
    assert plan.servers <= in_flight
    if threads is not None or size is None:
        assert (plan.servers, plan.threads) == (1, threads or cores)


def test_a_small_model_gets_a_server_for_each_core_and_a_large_one_all_cores() -> None:
    assert plan_servers(98_000_000, 2, 4, None) == ServerPlan(2, 1, 8)
    assert plan_servers(98_000_000, 64, 100, None) == ServerPlan(8, 8, 13)
    assert plan_servers(4_700_000_000, 16, 4, None) == ServerPlan(1, 16, 8)


# -- vLLM, before anything is started -------------------------------------------------------


def test_an_interpreter_that_is_not_there_is_told() -> None:
    with pytest.raises(CasewrightError, match="CASEWRIGHT_VLLM_PYTHON"):
        find_vllm("/no/such/python")


def test_an_interpreter_that_is_no_python_is_told() -> None:
    with pytest.raises(CasewrightError, match="does not run as Python"):
        find_vllm(shutil.which("true"))


def test_a_python_without_vllm_is_told_with_what_to_do() -> None:
    with pytest.raises(CasewrightError, match="vLLM is not installed there") as caught:
        find_vllm(sys.executable)
    assert "CASEWRIGHT_VLLM_PYTHON" in str(caught.value)
    assert "llamacpp" in str(caught.value)


def test_chunked_prefill_is_off_on_a_cpu_and_left_alone_on_a_gpu() -> None:
    spec = EngineSpec("vllm", context=16384, concurrency=9, extra_args=("--max-num-seqs", "2"))
    cpu = vllm_arguments(spec, VllmInstall("py", "0.32", cpu=True), Path("/m"), "m", 1234)
    gpu = vllm_arguments(spec, VllmInstall("py", "0.32", cpu=False), Path("/m"), "m", 1234)
    assert "--no-enable-chunked-prefill" in cpu
    # Without chunks a batch must hold the longest prompt.
    assert cpu[cpu.index("--max-num-batched-tokens") + 1] == "16384"
    assert not any("chunked" in a or a == "--dtype" for a in gpu)
    for command in (cpu, gpu):
        assert command[-2:] == ["--max-num-seqs", "2"]  # the user's own word comes last
        assert command[command.index("--host") + 1] == "127.0.0.1"
