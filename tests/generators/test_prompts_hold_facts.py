"""Every fact that a document must state reaches a prompt of it."""

from __future__ import annotations

import re

from writing import document_kinds, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.plan import plan_document
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary


def test_every_must_fact_of_sampled_cases_reaches_a_prompt(
    graph: Graph, checker: Checker, library: PromptLibrary
) -> None:
    writer = writer_of(graph, checker, library)
    kinds: set[str] = set()
    for case in sampler_of(graph, library, 515).cases(range(30)):
        for kind in document_kinds(library, case, graph):
            kinds.add(kind)
            asked = writer.prompts(case, kind)
            spec = library.kind(kind)
            for fact in plan_document(case, kind, spec).must:
                own = [
                    t for t in asked if any(f.fact_id == fact.fact_id for f in (*t.facts, *t.about))
                ]
                assert own, (case.case_id, kind, fact.name)
                shown = " ".join(task.messages[-1].content for task in own).lower()
                names = [fact.name, fact.value or "-", *(v for _, v in fact.attributes)]
                names += [f.text for f in graph.concept(fact.concept).forms
                          ] if fact.concept in graph else []  # fmt: skip
                if fact.type != "allergy" or fact.polarity != "denied":  # "none known"
                    assert any(_plain(n) in _plain(shown) for n in names), (kind, fact.name, shown)
    assert len(kinds) >= len(library.kinds) - 3


def _plain(text: str) -> str:
    """Without whose it is: a parent says "her knees hurt" for "my knees hurt"."""
    words = re.sub(r"\b(?:my|her|his|your|me|him|i|she|he)\b", "", text.lower())
    return " ".join(words.split())
