"""Sections and documents in one go: drafted, checked, mended, written in smaller pieces last."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from scripted_model import GoodModel, Script
from writing import document_kinds, draft, plain_styles, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.client import ChatRequest
from casewright.generators.faults import ContextTooSmall
from casewright.generators.probe import PROBE_STYLE, probe_model, with_probe_style
from casewright.generators.structured import Structured
from casewright.generators.writer import Writer
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary, load_library
from casewright.records import Case, Draft

BOUND = Structured("schema", grammar=False)


@pytest.fixture(scope="module")
def library() -> PromptLibrary:
    return plain_styles(load_library())


@pytest.fixture(scope="module")
def notes(graph: Graph, library: PromptLibrary) -> Sequence[tuple[Case, str]]:
    """Notes and messages; dialogues go by exchanges."""
    cases = [replace(c, style="formal") for c in sampler_of(graph, library, 41).cases(range(4))]
    return [
        (case, kind)
        for case in cases
        for kind in document_kinds(library, case, graph)[:4]
        if not library.kinds[kind].dialogue
    ]


@pytest.fixture(scope="module")
def make(graph: Graph, checker: Checker, library: PromptLibrary) -> Callable[..., Writer]:
    def made(answer: Any = None, **options: Any) -> Writer:
        return writer_of(graph, checker, library, answer or (lambda _: ""), **options)

    return made


@pytest.fixture(scope="module")
def good(make: Callable[..., Writer], notes: Any) -> GoodModel:
    model = GoodModel()
    for granularity in ("group", "section"):
        model.learn(make(granularity=granularity), notes)
    return model


def stated(drafted: Draft) -> bool:
    duties = {f.fact_id: f.duty for f in drafted.facts}
    return not drafted.ledger.off_spec and all(
        s.status == "stated" for s in drafted.ledger.facts if duties[s.fact_id] == "must"
    )


@pytest.mark.parametrize("granularity", ["section", "document"])
@pytest.mark.parametrize("structured", [Structured(), BOUND])
def test_a_good_model_writes_it_in_few_requests(
    granularity: str, structured: Structured, make: Any, good: GoodModel, notes: Any
) -> None:
    options = {"granularity": granularity, "structured": structured, "vocabulary": "open"}
    asked = {"small": 0, "large": 0}
    for case, kind in notes:
        drafted = draft(make(lambda r: good(r.messages), best_of=1, **options), case, kind)
        small = draft(make(lambda r: good(r.messages), vocabulary="open"), case, kind)
        assert stated(drafted), drafted.text
        assert drafted.provenance.granularity == granularity
        assert drafted.provenance.model_written > 0
        asked["large"] += drafted.provenance.attempts
        asked["small"] += small.provenance.attempts
    assert asked["large"] < asked["small"]
    if granularity == "document":
        assert asked["large"] == len(notes)


def test_a_document_is_bound_to_a_schema_of_its_sections_where_the_server_has_it(
    make: Any, good: GoodModel, notes: Any
) -> None:
    seen: list[ChatRequest] = []

    def answer(request: ChatRequest) -> str:
        seen.append(request)
        return good(request.messages)

    case, kind = notes[0]
    draft(make(answer, granularity="document", structured=BOUND, best_of=2), case, kind)
    whole = [r for r in seen if r.messages[-1][1].startswith("## ")]
    assert len(whole) == 2
    assert len({r.seed for r in whole}) == 2
    names = re.findall(r"^## (.+)$", whole[0].messages[-1][1], re.M)
    for request in whole:
        assert request.json_schema is not None
        assert json.loads(request.json_schema)["required"] == names
        assert json.loads(request.messages[-2][1]).keys() == set(names)  # the worked example
        assert 100 < request.max_tokens < 1600, "what is asked for has to fit beside the prompt"


def test_a_dialogue_goes_by_exchanges_and_the_realiser_by_groups(
    make: Any, graph: Graph, checker: Checker, library: PromptLibrary, notes: Any
) -> None:
    case, kind = notes[0]
    assert not any(t.section for t in make(granularity="document").prompts(case, "dialogue"))
    realiser = writer_of(graph, checker, library, None, granularity="document")
    assert not any(t.section for t in realiser.prompts(case, kind))
    drafted = draft(realiser, case, kind)
    assert (drafted.provenance.granularity, drafted.first_draft) == ("group", "")


# ------------------------------------------------------------------ mending


def spoil(text: str) -> str:
    """The draft with a finding that no case of these holds."""
    first, dot, rest = text.partition(". ")
    return f"{first} and hiccups{dot}{rest}" if dot else text.replace(".", " and hiccups.", 1)


def test_a_sentence_at_fault_is_rewritten_alone(make: Any, good: GoodModel, notes: Any) -> None:
    mended: list[str] = []

    def answer(request: ChatRequest) -> str:
        last = request.messages[-1][1]
        if last.startswith("Sentence: "):
            assert "hiccups" in last
            mended.append(last)
            return last.split("\n")[0].removeprefix("Sentence: ").replace(" and hiccups", "")
        text = good(request.messages)
        return spoil(text) if last.count("\n- ") > 2 else text

    case, kind = notes[0]
    options = {"granularity": "section", "vocabulary": "open", "best_of": 1, "draws": 1}
    drafted = draft(make(answer, repairs=1, **options), case, kind)
    assert mended
    assert "hiccups" not in drafted.text
    assert stated(drafted)
    assert all(m.split("\n")[0].count(".") <= 2 for m in mended), "one sentence is shown"
    # What the model wrote first is kept beside it, with the fault.
    assert "hiccups" in drafted.first_draft
    assert {r.error_class for r in drafted.rejected_drafts} == {"off_case"}
    assert all("hiccups" in r.text and "hiccups" not in r.kept for r in drafted.rejected_drafts)
    # As long as sections are mended, none is written group by group.
    without = draft(make(answer, repairs=0, **options), case, kind)
    assert without.provenance.attempts > drafted.provenance.attempts
    assert stated(without)


def test_a_rewriting_that_breaks_something_else_is_not_taken(
    make: Any, good: GoodModel, notes: Any
) -> None:
    def answer(request: ChatRequest) -> str:
        last = request.messages[-1][1]
        if last.startswith("Sentence: "):
            return "She has a fractured femur and anuria."
        text = good(request.messages)
        return spoil(text) if last.count("\n- ") > 2 else text

    for case, kind in notes[:3]:
        drafted = draft(
            make(answer, granularity="section", vocabulary="open", best_of=1, repairs=1),
            case, kind,
        )  # fmt: skip
        assert "femur" not in drafted.text
        assert "hiccups" not in drafted.text
        assert stated(drafted)


def test_of_several_drafts_the_one_with_the_fewest_faults_is_taken(
    make: Any, good: GoodModel, notes: Any
) -> None:
    turns: dict[Any, int] = {}

    def answer(request: ChatRequest) -> str:
        text = good(request.messages)
        key = request.messages
        turns[key] = turns.get(key, -1) + 1
        return text if turns[key] == 2 else spoil(text)

    case, kind = notes[0]
    drafted = draft(
        make(answer, granularity="section", vocabulary="open", best_of=3, repairs=0), case, kind
    )
    sections = [k for k in turns if "section" in k[0][1] or "paragraph" in k[0][1]]
    assert sections
    assert all(turns[k] == 2 for k in sections)
    assert stated(drafted)


def test_what_does_not_fit_the_context_is_written_in_smaller_pieces(
    make: Any, good: GoodModel, notes: Any
) -> None:
    def answer(request: ChatRequest) -> str:
        if request.messages[-1][1].startswith("## ") or "\n- " in request.messages[-1][1]:
            raise ContextTooSmall("too long")
        return good(request.messages)

    for granularity in ("section", "document"):
        for case, kind in notes[:3]:
            drafted = draft(make(answer, granularity=granularity), case, kind)
            assert stated(drafted)


def test_a_model_that_answers_nonsense_leaves_a_true_document(make: Any, notes: Any) -> None:
    for granularity in ("section", "document"):
        for case, kind in notes[:4]:
            drafted = draft(
                make(lambda _: "Nonsense happened.", granularity=granularity, draws=1), case, kind
            )
            assert stated(drafted)
            assert "Nonsense" not in drafted.text
            assert drafted.provenance.model_written == 0


def test_requests_are_named_by_document_piece_and_draft(
    graph: Graph, checker: Checker, library: PromptLibrary, notes: Any
) -> None:
    case, kind = notes[0]
    asked = []
    for _ in range(2):
        script = Script(lambda _: "Nonsense happened.")
        writer = writer_of(graph, checker, library, granularity="document", repairs=1, draws=2)
        draft(replace(writer, complete=script.complete), case, kind)
        asked.append(sorted((r.seed, r.messages) for r in script.asked))
    assert asked[0] == asked[1]
    assert len({seed for seed, _ in asked[0]}) == len(asked[0])


# ------------------------------------------------------------------ the probe


@pytest.fixture(scope="module")
def patients(graph: Graph, library: PromptLibrary) -> list[Case]:
    cases = sampler_of(graph, library, 5, settings=(("outpatient", 1.0),)).cases(range(10))
    return [replace(c, style=PROBE_STYLE) for c in cases]


@pytest.fixture(scope="module")
def able(make: Any, patients: list[Case], library: PromptLibrary) -> GoodModel:
    """A model that does all of the probe well."""
    model = GoodModel()
    for density in (1.0, 1.5):
        styled = with_probe_style(library, density)
        for granularity in ("group", "section"):
            writer = replace(make(granularity=granularity, vocabulary="auto"), library=styled)
            writer = replace(writer, seed=20_240_607)
            model.learn(writer, [(case, "clinic_note") for case in patients])
    return model


@pytest.mark.parametrize(
    ("most", "choice", "units"),
    [
        (99, "document", ["1 fact", "2 facts", "3 facts", "section", "document"]),
        (20, "section", ["1 fact", "2 facts", "3 facts", "section", "document"]),
        (3, "group", ["1 fact", "2 facts", "3 facts", "section"]),
        (0, "group", ["1 fact", "2 facts", "3 facts", "section"]),
    ],
)
def test_the_probe_gives_a_model_what_it_can_write(
    most: int, choice: str, units: list[str], make: Any, able: GoodModel, patients: list[Case]
) -> None:
    """A model that writes well up to so many facts at a time, and nonsense beyond."""

    def answer(request: ChatRequest) -> str:
        last = request.messages[-1][1]
        facts = last.count("; ") + 1
        if last.startswith("## "):
            facts = 21 if most < 99 else 0
        elif "\n- " in last:
            facts = 4
        return able(request.messages) if facts <= most else "Nonsense happened."

    writer = make(answer, vocabulary="auto")
    probe = asyncio.run(probe_model(writer, patients, "clinic_note"))
    again = asyncio.run(
        probe_model(make(answer, vocabulary="auto", seed=99), patients, "clinic_note")
    )
    assert probe == again, "the probe does not depend on the run's seed"
    assert probe.choice == choice
    assert [r.unit for r in probe.rows] == units
    assert probe.requests <= 27
    shares = {r.unit: r.share for r in probe.rows}
    assert shares["1 fact"] == (most >= 1)
    assert shares["3 facts"] == (most >= 3)
