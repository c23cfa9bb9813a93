"""One golden document of every kind: a change of wording, structure or ledger is seen."""

from __future__ import annotations

import difflib

import pytest
from golden_documents import GOLDEN, golden_documents

from casewright.filters.ledger.check import Checker
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary, load_library


@pytest.fixture(scope="module")
def written(graph: Graph, checker: Checker, library: PromptLibrary) -> dict[str, str]:
    return dict(golden_documents(graph, checker, library))


@pytest.mark.parametrize("kind", sorted(load_library().kinds))
def test_every_kind_is_written_as_its_golden_document(kind: str, written: dict[str, str]) -> None:
    path = GOLDEN / f"{kind}.txt"
    held = path.read_text("utf-8") if path.exists() else ""
    change = difflib.unified_diff(
        held.splitlines(), written[kind].splitlines(), "golden", "now", lineterm="", n=1
    )
    told = "\n".join(change)
    assert held == written[kind], (
        f"{kind} reads otherwise than its golden document; if that is meant, "
        f"run python tests/generators/write_goldens.py\n{told}"
    )


def test_no_golden_document_outlives_its_kind() -> None:
    assert {p.stem for p in GOLDEN.glob("*.txt")} == set(load_library().kinds)


def test_golden_documents_are_true_to_their_case(written: dict[str, str]) -> None:
    for kind, text in written.items():
        ledger = text.split("-- ledger: ")[1]
        assert "contradicted" not in ledger and "forbidden" not in ledger, kind
        assert " must missing" not in ledger, kind
