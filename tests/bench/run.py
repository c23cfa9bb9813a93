"""`make bench`: how fast each stage is, in one run on one machine.

Figures of different machines do not compare; those of one run do. Every figure is a rate
over documents that the realiser writes from sampled cases.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from casewright.config import load_config
from casewright.filters.near_copies import NearCopies, ReferenceIndex
from casewright.filters.phi import scan
from casewright.generators.writer import EngineName
from casewright.kg.stats import timed_load
from casewright.outputs.hf import export_hf
from casewright.pipeline import build
from casewright.setup import load_parts

CASES = 1000
DOCUMENTS = 200


class _Silent:
    def start(self, total: int, done: int, engine: object) -> None: ...

    def document(self, outcome: str, reasons: object, tokens_per_second: float) -> None: ...


@contextmanager
def timed(what: str, unit: str, amount: Callable[[], float]) -> Iterator[None]:
    """Print the rate of a block."""
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    sys.stdout.write(f"{what:<44}{amount() / seconds:>12,.1f} {unit}/s  ({seconds:.2f} s)\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    _, seconds = timed_load()
    sys.stdout.write(f"{'load the graph':<44}{seconds:>12.2f} s\n")
    config = load_config(None, {"documents": DOCUMENTS, "engine.kind": "realiser"})
    with timed("load everything", "run", lambda: 1):
        parts = load_parts(config)
    parts.sampler.case(0)
    with timed("sample cases", "case", lambda: CASES):
        cases = [parts.sampler.case(i) for i in range(CASES)]
    writer = parts.writer(None, EngineName("realiser", "realiser"))
    chosen = [c for c in cases if c.setting != "inpatient"][:DOCUMENTS]
    with timed("write and check notes (realiser)", "document", lambda: len(chosen)):
        drafts = [asyncio.run(writer.draft(c, "clinic_note")) for c in chosen]
    size = sum(len(d.text.encode()) for d in drafts) / 1e6
    words = sum(len(d.text.split()) for d in drafts)
    with timed("check ledgers", "500-word document", lambda: words / 500):
        for d in drafts:
            parts.checker(d.text, d.facts, d.case.demographics, d.turns)
    with timed("scan for identifiers", "MB", lambda: size):
        for d in drafts:
            scan(d.text)
    with timed("index a reference", "MB", lambda: size):
        index = ReferenceIndex.build((d.document_id, d.text) for d in drafts)
    near = NearCopies(index)
    with timed("screen for near-copies", "MB", lambda: size):
        for d in drafts:
            near(d.text)
    with timed("screen with every filter", "document", lambda: len(drafts)):
        for d in drafts:
            parts.screen(d)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        with timed("build a corpus (realiser)", "document", lambda: DOCUMENTS):
            build(config, run, watcher=_Silent())
        with timed("export to Hugging Face", "document", lambda: DOCUMENTS):
            export_hf(run, Path(folder) / "export")


if __name__ == "__main__":
    main()
