"""Write the golden document of every kind anew. Not a test.

    python tests/generators/write_goldens.py

Read the difference as a clinician would before you commit it (`git diff tests/generators/golden`).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from golden_documents import GOLDEN, golden_documents

from casewright.filters.ledger.check import Checker
from casewright.kg.graph import load_graph
from casewright.prompts.library import load_library


def main() -> None:
    """Write what changed, and name it."""
    graph = load_graph()
    written = dict(golden_documents(graph, Checker(graph), load_library()))
    for old in GOLDEN.glob("*.txt"):
        if old.stem not in written:
            old.unlink()
    for kind, text in written.items():
        path = GOLDEN / f"{kind}.txt"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
