"""One golden document of every kind: the realiser's, of a case written by hand."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml
from case_maker import case_of
from writing import draft, writer_of

from casewright.filters.ledger.check import Checker
from casewright.kg.graph import Graph
from casewright.kg.questionnaires import with_scores
from casewright.prompts.library import PromptLibrary
from casewright.records import Case

__all__ = ["GOLDEN", "golden_documents"]

TESTS = Path(__file__).parent.parent
GOLDEN = TESTS / "generators" / "golden"
_CASES = TESTS / "generators" / "data" / "golden_cases.yaml"


def golden_documents(
    graph: Graph, checker: Checker, library: PromptLibrary
) -> Iterator[tuple[str, str]]:
    """Each kind with its document, and below it what the ledger says of every fact."""
    told = yaml.safe_load(_CASES.read_text("utf-8"))
    writer = writer_of(graph, checker, library)
    for kind, spec in sorted(library.kinds.items()):
        name = "mood" if "score" in spec.requires else "acute"
        case = _with_scores(case_of(graph, {**told[name], "setting": spec.settings[0]}))
        drafted = draft(writer, case, kind)
        duties = {f.fact_id: f for f in drafted.facts}
        lines = [
            f"{s.fact_id} {duties[s.fact_id].duty} {s.status}: {duties[s.fact_id].name}"
            for s in drafted.ledger.facts
        ]
        counted = Counter(s.status for s in drafted.ledger.facts)
        head = ", ".join(f"{status} {n}" for status, n in sorted(counted.items()))
        yield kind, "\n".join([drafted.text, "", f"-- ledger: {head}", *lines, ""])


def _with_scores(case: Case) -> Case:
    """The case with what a questionnaire adds to it, and whom its documents name."""
    facts = with_scores(
        case.facts, case.icd10, case.demographics, case.setting, "moderate", random.Random(4)
    )
    who = replace(case.identity, clinician="Dr. Mara Quill", facility="Larch Hill Clinic")
    return replace(case, facts=facts, identity=who)
