"""The shared assertion cases (filters/ledger/assertion_set.yaml), read by us and by others."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from casewright.filters.ledger.check import Checker
from casewright.records import Span, Turn


def _bench() -> ModuleType:
    path = Path(__file__).parents[2] / "bench" / "assertions.py"
    spec = importlib.util.spec_from_file_location("assertions_bench", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["assertions_bench"] = module
    spec.loader.exec_module(module)
    return module


BENCH = _bench()


def _read(checker: Checker):  # type: ignore[no-untyped-def]
    def read(item):  # type: ignore[no-untyped-def]
        turns = [Turn(r, item.text[a:b], a, b) for r, a, b in item.turns]
        return checker.assertions(item.text, [Span(a, b) for a, b, _ in item.spans], turns)

    return read


def test_the_set_is_large_and_of_every_kind() -> None:
    items = BENCH.load_items()
    spans = [(i, s) for i in items for s in i.spans]
    assert len(spans) >= 500
    assert sum(bool(i.turns) for i in items) >= 50
    assert set(Counter(s[2] for _, s in spans)) == {
        "present", "denied", "historical", "family", "hypothetical",
    }  # fmt: skip


def test_assertions_are_read_rightly(checker: Checker) -> None:
    score = BENCH.score("casewright", _read(checker), BENCH.load_items())
    assert score.accuracy >= 0.97, score.wrong
    assert score.f1 >= 0.97, score.wrong
    assert all(share >= 0.75 for share in score.groups.values()), score.groups


@pytest.mark.parametrize("reader", ["negspacy_reader", "medspacy_reader"])
def test_ahead_of_other_readers(checker: Checker, reader: str) -> None:
    try:
        name, read = getattr(BENCH, reader)()
    except ImportError:
        pytest.skip(f"{reader.partition('_')[0]} is not installed (it needs its own environment)")
    items = BENCH.load_items()
    other = BENCH.score(name, read, items)
    own = BENCH.score("casewright", _read(checker), items)
    assert own.f1 > other.f1
    assert own.accuracy > other.accuracy
