"""The real command line, called in this process or in a process of its own.

Both go through `casewright.cli.main`, exit status and all. A forked process starts in
milliseconds, since graph and checker are loaded already; it can be killed, interrupted and
bounded like any other.
"""

from __future__ import annotations

import io
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import casewright.cli.check
import casewright.cli.graph
import casewright.setup
from casewright.cli import main
from casewright.filters.ledger.check import Checker
from casewright.filters.near_copies import ReferenceIndex
from casewright.kg.graph import Graph, load_graph
from casewright.kg.language import NamedConcepts
from casewright.prompts.library import PromptLibrary

__all__ = ["Done", "Running", "call", "start", "warm"]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended. A process that a signal killed has minus its number as `code`."""

    code: int
    out: str
    err: str


def call(*args: object) -> Done:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = _main([str(a) for a in args])
    return Done(code, out.getvalue(), err.getvalue())


def _main(argv: Sequence[str]) -> int:
    try:
        main(list(argv))
    except SystemExit as err:
        return int(err.code or 0)
    except BaseException:  # what Python itself does with it
        traceback.print_exc()
        return 1
    return 0


@dataclass(slots=True)
class Running:
    """A command in a process of its own."""

    pid: int
    folder: Path

    def wait(self, seconds: float = 60.0) -> Done:
        """Wait for its end."""
        deadline = time.monotonic() + seconds
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return Done(code, self._read("out"), self._read("err"))
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise TimeoutError(self._read("err"))
            time.sleep(0.005)

    def ended(self) -> bool:
        """Whether it has ended; `wait` tells how."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def _read(self, name: str) -> str:
        path = self.folder / name
        # Killed in its first moment it has opened neither.
        return path.read_text("utf-8", errors="replace") if path.exists() else ""


def start(folder: Path, *args: object, limit: int = 0) -> Running:
    """Start a command.

    Args:
        folder: where its output goes; made here.
        limit: bytes to which each file that it writes is bounded (RLIMIT_FSIZE).
    """
    folder.mkdir(parents=True, exist_ok=True)
    argv = [str(a) for a in args]
    pid = os.fork()
    if pid:
        return Running(pid, folder)
    code = 70
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
        if limit:
            # The kernel's signal for it would kill; ignored, writing fails with EFBIG.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        code = _main(argv)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


_INDICES: dict[str, ReferenceIndex] = {}


@contextmanager
def warm(graph: Graph, checker: Checker) -> Iterator[None]:
    """Let commands use a graph, a checker and an index that are loaded already."""

    def graph_of(path: Path | None = None, *, overlay: Path | None = None) -> Graph:
        plain = path is None and overlay is None
        return graph if plain else load_graph(path, overlay=overlay)

    def checker_of(asked: Graph | NamedConcepts, *, language: str = "en") -> Checker:
        return checker if asked is graph else Checker(asked, language=language)

    build_index = casewright.setup._examples_index

    def index_of(library: PromptLibrary) -> ReferenceIndex:
        if library.hash not in _INDICES:
            _INDICES[library.hash] = build_index(library)
        return _INDICES[library.hash]

    kept: list[tuple[object, str, object]] = []
    swaps: Sequence[tuple[object, str, Callable[..., object]]] = (
        (casewright.setup, "load_graph", graph_of),
        (casewright.setup, "Checker", checker_of),
        (casewright.setup, "_examples_index", index_of),
        (casewright.cli.check, "load_graph", graph_of),
        (casewright.cli.graph, "load_graph", graph_of),
    )
    for module, name, new in swaps:
        kept.append((module, name, getattr(module, name)))
        setattr(module, name, new)
    try:
        yield
    finally:
        for module, name, old in kept:
            setattr(module, name, old)
