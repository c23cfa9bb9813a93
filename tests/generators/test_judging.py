"""The second model: it adds a reason where it quotes what the case lacks, and takes none away."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from scripted_model import Script
from writing import draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.judging import DocumentJudge
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary, load_library
from casewright.records import Document, Draft, Reason, Verdict


@pytest.fixture(scope="module")
def library() -> PromptLibrary:
    return load_library()


@pytest.fixture(scope="module")
def drafted(graph: Graph, checker: Checker, library: PromptLibrary) -> Draft:
    case = sampler_of(graph, library, 51, settings=(("outpatient", 1.0),)).case(0)
    return draft(writer_of(graph, checker, library), case, "clinic_note")


def judged(library: PromptLibrary, document: Document, answer: str) -> tuple[Document, Script]:
    script = Script(lambda _: answer)
    judge = DocumentJudge(script.complete, library.template("judge"), "second", 7, "schema")
    return asyncio.run(judge(document)), script


def told(verdict: str, *quotes: str) -> str:
    return json.dumps({"verdict": verdict, "quotes": quotes})


def test_what_it_quotes_from_the_document_is_a_reason_with_its_place(
    library: PromptLibrary, drafted: Draft
) -> None:
    start = drafted.text.index("\n", 60) + 1
    quote = drafted.text[start : start + 30].strip()
    document, script = judged(
        library, Document(drafted, Verdict(True)), told("unsupported", quote.upper())
    )
    assert not document.verdict.keep
    (reason,) = document.verdict.reasons
    assert (reason.filter, reason.label) == ("judge", "off_case")
    assert "second" in reason.message
    for evidence in reason.evidence:
        assert drafted.text[evidence.start : evidence.end] == evidence.text
    request = script.asked[0]
    assert drafted.text.strip() in request.messages[-1][1]
    assert request.json_schema is not None
    for fact in drafted.facts:
        assert fact.name in request.messages[-1][1]


@pytest.mark.parametrize(
    "answer",
    [
        told("supported"),
        told("supported", "Patient"),
        told("unsupported"),
        told("unsupported", "words that stand nowhere in it"),
        told("unsupported", "", "a"),
        "I think it is fine.",
        '{"verdict": "dunno", "quotes": []}',
        '{"verdict": "unsupported", "quotes": "Patient"}',
        "",
    ],
)
def test_it_rejects_nothing_without_words_of_the_document(
    library: PromptLibrary, drafted: Draft, answer: str
) -> None:
    document, _ = judged(library, Document(drafted, Verdict(True)), answer)
    assert document.verdict.keep
    assert not document.verdict.reasons
    assert {name for name, _ in document.verdict.scores} <= {"judge", "judge_unread"}
    assert document.verdict.scores


def test_it_is_not_asked_of_what_is_rejected_and_saves_nothing(
    library: PromptLibrary, drafted: Draft
) -> None:
    against = Verdict(False, (Reason("ledger", "contradicted", "x"),))
    document, script = judged(library, Document(drafted, against), told("supported"))
    assert document.verdict == against
    assert not script.asked


def test_the_same_document_is_asked_of_in_the_same_words(
    library: PromptLibrary, drafted: Draft
) -> None:
    requests: list[Any] = []
    for _ in range(2):
        _, script = judged(library, Document(drafted, Verdict(True)), told("supported"))
        requests += script.asked
    assert requests[0] == requests[1]
