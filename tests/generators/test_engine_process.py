"""A server that casewright starts: it comes up, tells why it did not, and never stays behind.

The child is a stand-in for `vllm.entrypoints.openai.api_server`, found through PYTHONPATH: a
real process with a child of its own and a real /health, up in a fraction of a second.
The real vLLM is in test_engine_vllm.py.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from casewright.errors import CasewrightError
from casewright.generators.client import ChatRequest, EndpointDown, RetryPolicy
from casewright.generators.engines import EngineSpec, open_engine, supervise

STAND_IN = """
import http.server, os, pathlib, subprocess, sys, time
args = sys.argv
mode = os.environ["STAND_IN"]
if mode == "broken":
    print("RuntimeError: operator torchvision::nms does not exist", file=sys.stderr)
    sys.exit(1)
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(os.environ["PIDS"]).write_text(f"{os.getpid()} {helper.pid}")
if mode == "mute":
    print("still loading weights", flush=True)
    time.sleep(600)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def do_POST(self):
        print("EngineDeadError: the engine is gone", flush=True)
        os._exit(3)
    def log_message(self, *a): pass
port = int(args[args.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], EngineSpec]:
    package = tmp_path / "path" / "vllm" / "entrypoints" / "openai"
    package.mkdir(parents=True)
    (package / "api_server.py").write_text(STAND_IN)
    model = tmp_path / "tiny-model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))

    def spec(mode: str) -> EngineSpec:
        monkeypatch.setenv("STAND_IN", mode)
        return EngineSpec(
            "vllm",
            str(model),
            python=sys.executable,
            startup_timeout=20,
            log_dir=tmp_path / "logs",
        )

    return spec


def pids(tmp_path: Path) -> list[int]:
    return [int(p) for p in (tmp_path / "pids").read_text().split()]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(wanted: list[int], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while any(alive(p) for p in wanted):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_it_comes_up_and_leaves_nothing_behind(
    stand_in: Callable[[str], EngineSpec], tmp_path: Path
) -> None:
    async def run() -> list[int]:
        async with open_engine(stand_in("good")) as engine:
            started = pids(tmp_path)
            assert all(alive(p) for p in started)
            assert engine.model == "tiny-model"
            assert len(engine.model_hash) == 64
            assert engine.log is not None and engine.log.parent == tmp_path / "logs"
        return started

    assert gone(asyncio.run(run()), 0)  # gone when the context ends, not some time later


def test_the_hash_follows_the_weights(
    stand_in: Callable[[str], EngineSpec], tmp_path: Path
) -> None:
    async def run() -> str:
        async with open_engine(stand_in("good")) as engine:
            return engine.model_hash

    first = asyncio.run(run())
    assert asyncio.run(run()) == first
    (tmp_path / "tiny-model" / "model.safetensors").write_bytes(b"others")
    assert asyncio.run(run()) != first


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, asyncio.CancelledError])
def test_an_error_while_it_runs_stops_it(
    stand_in: Callable[[str], EngineSpec], tmp_path: Path, error: type[BaseException]
) -> None:
    async def run() -> None:
        async with open_engine(stand_in("good")):
            raise error

    with pytest.raises(error):
        asyncio.run(run())
    assert gone(pids(tmp_path), 0)


def test_a_cancelled_start_stops_it(stand_in: Callable[[str], EngineSpec], tmp_path: Path) -> None:
    async def enter(spec: EngineSpec) -> None:
        async with open_engine(spec):
            raise AssertionError("it never answers, so it cannot be up")

    async def run() -> None:
        task = asyncio.create_task(enter(stand_in("mute")))
        while not (tmp_path / "pids").exists():
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert gone(pids(tmp_path), 0)


def test_a_server_that_ends_at_once_says_why_and_what_to_do(
    stand_in: Callable[[str], EngineSpec],
) -> None:
    async def run() -> None:
        async with open_engine(stand_in("broken")):
            pass

    with pytest.raises(CasewrightError) as caught:
        asyncio.run(run())
    told = str(caught.value)
    assert "status 1" in told
    assert "torchvision::nms does not exist" in told
    assert f"{sys.executable} -m pip uninstall torchvision torchaudio torchcodec" in told
    assert ".log" in told


def test_a_server_that_is_never_up_is_stopped_and_its_log_shown(
    stand_in: Callable[[str], EngineSpec], tmp_path: Path
) -> None:
    async def run() -> None:
        spec = stand_in("mute")
        slow = EngineSpec("vllm", spec.model, python=sys.executable, startup_timeout=3)
        async with open_engine(slow):
            pass

    with pytest.raises(CasewrightError, match="not up after 3 s") as caught:
        asyncio.run(run())
    assert "still loading weights" in str(caught.value)
    assert gone(pids(tmp_path), 0)


def test_a_server_that_dies_under_way_is_told_with_its_log(
    stand_in: Callable[[str], EngineSpec], tmp_path: Path
) -> None:
    async def run() -> None:
        quick = RetryPolicy(attempts=3, initial_s=0.1, maximum_s=0.5)
        async with open_engine(stand_in("good")) as engine, engine.client(retry=quick) as client:
            with pytest.raises(EndpointDown) as caught:
                await client.complete(ChatRequest((("user", "x"),), seed=1))
            assert caught.value.kind == "unreachable"
            assert "vLLM has ended with status 3" in str(caught.value)
            assert "first error: EngineDeadError: the engine is gone" in str(caught.value)

    asyncio.run(run())
    assert gone(pids(tmp_path), 0)  # the dead server's own child too


def test_it_does_not_outlive_a_killed_parent(
    stand_in: Callable[[str], EngineSpec], tmp_path: Path
) -> None:
    spec = stand_in("good")
    script = (
        "import asyncio, sys\n"
        "from casewright.generators.engines import EngineSpec, open_engine\n"
        "async def run():\n"
        f"    spec = EngineSpec('vllm', {spec.model!r}, python=sys.executable)\n"
        "    async with open_engine(spec):\n"
        "        print('up', flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(run())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    started = pids(tmp_path)
    assert all(alive(p) for p in started)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(started)


# -- the supervisor by itself ---------------------------------------------------------------


def supervised(grace: float, code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", supervise.__file__, str(grace), sys.executable, "-c", code]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize("status", [0, 5])
def test_a_command_that_ends_passes_its_status_on(status: int) -> None:
    with supervised(5, f"import sys; sys.exit({status})") as process:
        assert process.wait(20) == status


STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(os.getpid(), flush=True); time.sleep(600)"
)


@pytest.mark.parametrize("how", ["pipe", "term"])
def test_a_stubborn_command_is_killed_after_its_grace(how: str) -> None:
    with supervised(0.3, STUBBORN) as process:
        assert process.stdout is not None and process.stdin is not None
        pid = int(process.stdout.readline())
        if how == "pipe":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGKILL
        assert gone([pid], 0)
