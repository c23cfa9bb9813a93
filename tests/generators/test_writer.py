"""From a case to a draft, with a scripted model and the real checker."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from scripted_model import GoodModel, Script
from writing import document_kinds, draft, plain_styles, sampler_of, writer_of

from casewright.errors import CasewrightError
from casewright.filters.ledger.check import Checker
from casewright.generators.client import ChatRequest, Completion
from casewright.generators.compose import Composer
from casewright.generators.dialogue import answer_context
from casewright.generators.faults import EndpointDown, RequestFailed
from casewright.generators.pieces import PieceWriter, TextSettings, tidy
from casewright.generators.plan import plan_document
from casewright.generators.vocabulary import shown_words, strange_words
from casewright.generators.writer import Writer, document_id_of
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary, load_library
from casewright.records import Case
from casewright.seeds import derive_seed

Make = Callable[..., Writer]


@pytest.fixture(scope="module")
def library() -> PromptLibrary:
    """What the model wrote stands in the document as it wrote it."""
    return plain_styles(load_library())


@pytest.fixture(scope="module")
def documents(graph: Graph, library: PromptLibrary) -> Sequence[tuple[Case, str]]:
    """Cases with the kinds of their setting, a child among them."""
    cases = list(sampler_of(graph, library, 31).cases(range(9)))
    children = sampler_of(graph, library, 32, codes=("J21", "H66", "B08", "J05")).cases(
        range(100, 120)
    )
    cases += [c for c in children if c.demographics.age_years < 12][:2]
    assert sum(c.demographics.age_years < 12 for c in cases) >= 2
    return [(case, kind) for case in cases for kind in document_kinds(library, case, graph)]


@pytest.fixture(scope="module")
def make(graph: Graph, checker: Checker, library: PromptLibrary) -> Make:
    def made(answer: Callable[[ChatRequest], Any] | None = None, **options: Any) -> Writer:
        return writer_of(graph, checker, library, answer, **options)

    return made


@pytest.fixture(scope="module")
def good(make: Make, documents: Sequence[tuple[Case, str]]) -> Callable[[ChatRequest], str]:
    """A model that does every task of the documents well."""
    model = GoodModel().learn(make(), documents)
    return lambda request: model(request.messages)


def nonsense(_: ChatRequest) -> str:
    return "Nonsense happened yesterday."


# ------------------------------------------------------------------ prompts


def test_every_fact_that_must_be_mentioned_reaches_a_prompt(
    make: Make, documents: Sequence[tuple[Case, str]], library: PromptLibrary
) -> None:
    for case, kind in documents:
        plan = plan_document(case, kind, library.kind(kind))
        asked = make().prompts(case, kind)
        assert {f.fact_id for task in asked for f in task.facts} == {f.fact_id for f in plan.must}
        for task in asked:
            request = task.messages[-1].content
            for fact in task.facts:
                parts = [fact.value, *(v for k, v in fact.attributes if k in _WRITTEN[fact.type])]
                said = [fact.name, fact.attribute("first"), _YOURS.sub("your", fact.name)]
                if fact.type == "symptom" and task.speaker in ("patient", "caregiver"):
                    said += task.licensed  # a lay word for it
                if fact.concept == "allergen:none":
                    said = ["none known"]
                if fact.type == "test":  # an impression gives the result alone
                    said.append(fact.attribute("result"))
                assert any(s and s in request for s in said), (fact, request)
                assert all(p in request for p in parts if p), (fact, request)


# Which further parts of a fact are asked for; a vital sign's flag is for the sampler.
_WRITTEN = defaultdict(
    set,
    medication={"route", "frequency"},
    lab={"flag"},
    test={"result"},
    family_history={"relative"},
)


_YOURS = re.compile(r"\b(his|her)\b")


def test_no_identifier_reaches_a_prompt_but_the_name_of_an_opening(
    make: Make, documents: Sequence[tuple[Case, str]]
) -> None:
    """What is not asked for cannot leak from the model; headers are templates."""
    for case, kind in documents:
        who = case.identity
        hidden = [
            form
            for identifier in who.identifiers
            if identifier.type not in {"name", "city"}
            for form in identifier.forms
            if len(form) > 5 and identifier.type != "clinician"
        ] + [who.clinician]
        for task in make().prompts(case, kind):
            text = "\n".join(m.content for m in task.messages)
            assert not [h for h in hidden if h in text]


def test_examples_show_the_patients_own_sex(
    make: Make, documents: Sequence[tuple[Case, str]]
) -> None:
    for case, kind in documents:
        other = "his|him|he|man|boy" if case.demographics.sex == "female" else "she|her|woman|girl"
        for task in make().prompts(case, kind):
            for message in task.messages[1:-1]:
                assert not re.search(rf"\b({other})\b", message.content, re.I), message


def test_examples_hold_no_concept_of_the_case(
    make: Make, documents: Sequence[tuple[Case, str]]
) -> None:
    for case, kind in documents:
        named = {f.name.lower() for f in case.facts if f.type in ("symptom", "medication", "lab")}
        for task in make().prompts(case, kind):
            shown = [m.content.lower() for m in task.messages[1:-1]]
            hits = [n for n in named for s in shown if re.search(rf"\b{re.escape(n)}\b", s)]
            assert not hits, (task.messages, hits)


def test_prompts_are_a_function_of_seed_and_document(
    make: Make, documents: Sequence[tuple[Case, str]]
) -> None:
    for case, kind in documents[:6]:
        here, again = make().prompts(case, kind), make().prompts(case, kind)
        assert [t.messages for t in here] == [t.messages for t in again]
        other = make(seed=8).prompts(case, kind)
        assert [t.messages for t in here] != [t.messages for t in other]


# ------------------------------------------------------------------ a good model


def test_a_good_models_words_are_taken_and_counted(
    make: Make, documents: Sequence[tuple[Case, str]], good: Any, library: PromptLibrary
) -> None:
    for case, kind in documents:
        # Its sentences go by any frame; the examples show those of the closed vocabulary alone.
        writer = make(good, vocabulary="open")
        drafted = draft(writer, case, kind)
        # What it says of a piece, which is another frame where a draw may not have the realiser's.
        asked = [tuple((m.role, m.content) for m in t.messages) for t in writer.prompts(case, kind)]
        texts = [good(ChatRequest(messages, seed=0)) for messages in asked]
        taken = [t for t in texts if t[1:] in drafted.text]  # "Well, it's" where it was "It's"
        assert len(taken) >= 0.8 * len(texts), (drafted.document_id, drafted.text)
        if kind != "test_report":  # mostly its head, and what a small model is not asked for
            assert drafted.provenance.model_written > 0.2
        assert drafted.provenance.model_written > 0
        assert drafted.provenance.attempts >= len(taken) / 2


def test_model_written_counts_exactly_the_models_words(
    graph: Graph, checker: Checker, library: PromptLibrary, documents: Any, good: Any
) -> None:
    """Every accepted text is known, so its words can be counted by hand."""
    for case, kind in documents:
        answers: Counter[str] = Counter()

        def answer(request: ChatRequest, answers: Counter[str] = answers) -> str:
            text = good(request)
            answers[text] += 1
            return text

        writer = writer_of(graph, checker, library, answer, draws=1)
        job_text = draft(writer, case, kind)
        if job_text.provenance.repairs:
            continue  # what was put in the realiser's words is no longer the model's
        words = sum(n * len(text.split()) for text, n in answers.items())
        share = words / len(job_text.text.split())
        assert job_text.provenance.model_written == pytest.approx(share, abs=5e-5)


def test_a_silent_model_leaves_everything_to_the_realiser(
    make: Make, documents: Sequence[tuple[Case, str]], library: PromptLibrary
) -> None:
    for case, kind in documents:
        plan = plan_document(case, kind, library.kind(kind))
        realised = {p.piece_id for p in plan.pieces if library.groups[p.group].realise_only}
        drafted = draft(make(nonsense, draws=2), case, kind)
        assert drafted.provenance.model_written == 0.0
        assert drafted.provenance.request_seed == 0
        tasks = make().prompts(case, kind)
        for task in tasks:
            said = [p.fallback() for p in task.parts] or [task.fallback()]
            assert all(text[1:] in drafted.text for text in said)  # after "Well,": "it's"
        asked = 2 * sum(1 + len(t.parts) for t in tasks if realised.isdisjoint(t.seed_keys))
        unasked = sum(f.type == "social" for t in tasks if t.speaker for f in t.facts)
        assert drafted.provenance.attempts >= asked - 2 * unasked  # habits are told, not written
        assert draft(make(), case, kind).provenance.attempts == 0


def test_who_comes_in_is_said_once_however_often_a_piece_was_split(
    make: Make, documents: Sequence[tuple[Case, str]], library: PromptLibrary
) -> None:
    for case, kind in documents:
        groups = [r.group for s in library.kind(kind).sections for r in s.groups]
        if any(name.startswith("opening") for name in groups):
            text = draft(make(nonsense, draws=1), case, kind).text
            assert text.count(case.demographics.age_text) == 1, text


def test_what_the_examples_teach_would_be_taken(
    make: Make, graph: Graph, library: PromptLibrary, checker: Checker
) -> None:
    """The realiser draws from the same frames: a model that imitates them is not refused.

    Of the frames the examples show those alone that hold no word which a model may not use.
    """
    writer = make()
    gate = PieceWriter(None, checker, writer.forms_of, TextSettings(vocabulary="open"))
    opening = frozenset(["patient", "man", "woman", "boy", "girl", "year", "old", "month"])
    refused = []
    for case in sampler_of(graph, library, 33).cases(range(25)):
        for kind in document_kinds(library, case, graph):
            plan = plan_document(case, kind, library.kind(kind))
            realised = {p.piece_id for p in plan.pieces if library.groups[p.group].realise_only}
            for task in writer.prompts(case, kind):
                if not realised.isdisjoint(task.seed_keys):
                    continue  # no model is asked for it
                for each in (task, *task.parts):
                    first = (*each.facts, *each.about)[0]
                    symptom = first.type == "symptom"
                    asked = f"Have you had any {first.name}?" if symptom else "What else?"
                    if first.type == "allergy":
                        asked = "Are you allergic to anything?"
                    if each.speaker in ("patient", "caregiver"):
                        each = replace(each, context=answer_context(asked))  # noqa: PLW2901
                    text = tidy(each.fallback())
                    if first.type != "score":  # its answer is read with the item that is asked
                        problem = gate.problem(text, "stop", each, case.demographics)
                        if problem and (problem != "too short" or " " in text):  # "Fever."
                            refused.append((kind, text, problem))
                    for listed, answer in each.shown:
                        own = shown_words([listed, *each.licensed], denied=True)
                        said = re.sub(r"\bM[rs]\. \w+", "The patient", answer)
                        strange = strange_words(said, own | opening)
                        assert all(w.isdigit() for w in strange), (kind, listed, answer)  # an age
    assert not refused, "\n".join(map(str, refused))


# ------------------------------------------------------------------ faults of the model


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(" and ", " and and "),
        lambda text: text + " " + text,
        lambda text: text[: len(text) // 2],
        lambda text: (text, "length"),
        lambda text: text.replace(".", ", and also nausea and a rash for 17 days."),
        lambda text: "She and he. " + text,
        lambda text: "",
        lambda text: "I cannot help with that.",
        lambda text: "| fact | text |\n|---|---|",
    ],
    ids=["doubled word", "loop", "cut off", "truncated", "adds", "wrong sex", "empty", "refusal",
         "markup"],
)  # fmt: skip
def test_a_spoilt_draw_never_stands_in_a_document(
    spoil: Callable[[str], Any], make: Make, documents: Sequence[tuple[Case, str]], good: Any
) -> None:
    for case, kind in documents[::3]:

        def answer(request: ChatRequest) -> Any:
            text = good(request)
            made = spoil(text)
            return "" if made == text else made

        drafted = draft(make(answer, draws=1), case, kind)
        assert drafted.provenance.model_written == 0.0, drafted.text


def test_one_piece_that_fails_changes_no_other(
    make: Make, documents: Sequence[tuple[Case, str]], good: Any
) -> None:
    case, kind = next((c, k) for c, k in documents if k == "clinic_note")
    task = make().prompts(case, kind)[2]
    broken = {tuple((m.role, m.content) for m in t.messages) for t in (task, *task.parts)}

    def answer(request: ChatRequest) -> str:
        return nonsense(request) if request.messages in broken else good(request)

    whole, partly = draft(make(good), case, kind), draft(make(answer), case, kind)
    assert partly.provenance.model_written < whole.provenance.model_written
    assert partly.text.splitlines()[:8] == whole.text.splitlines()[:8]
    assert partly.provenance.repairs >= 1


# ------------------------------------------------------------------ seeds, provenance


def test_request_seeds_are_a_function_of_run_document_piece_and_attempt(
    graph: Graph, checker: Checker, library: PromptLibrary, documents: Any
) -> None:
    case, kind = next((c, k) for c, k in documents if k == "discharge_summary")
    plan = plan_document(case, kind, library.kind(kind))
    allowed = {
        derive_seed(7, document_id_of(case, kind), piece, n, bits=31): piece
        for p in plan.pieces
        for piece in (p.piece_id, *(f"{p.piece_id}.{i}" for i in range(len(p.facts))))
        for n in range(2)
    }
    scripts = []
    for _ in range(2):
        script = Script(nonsense)
        writer = replace(writer_of(graph, checker, library, draws=2), complete=script.complete)
        draft(writer, case, kind)
        scripts.append(sorted((r.seed, r.messages) for r in script.asked))
    assert scripts[0] == scripts[1]
    seeds = [seed for seed, _ in scripts[0]]
    assert len(set(seeds)) == len(seeds)
    assert set(seeds) <= set(allowed)


def test_provenance_says_how_a_document_came_to_be(
    make: Make, documents: Sequence[tuple[Case, str]], library: PromptLibrary, graph: Graph
) -> None:
    case, kind = documents[0]
    told = draft(make(nonsense, temperature=0.3, top_p=0.8, max_tokens=99), case, kind).provenance
    template = library.template(library.kind(kind).prompt)
    assert (told.prompt_name, told.prompt_version, told.prompt_hash) == (
        template.name, template.version, template.hash,
    )  # fmt: skip
    assert (told.temperature, told.top_p, told.max_tokens) == (0.3, 0.8, 99)
    assert (told.engine, told.model) == ("scripted", "scripted")
    assert told.graph_version == graph.version


def test_document_ids_name_case_and_kind(documents: Sequence[tuple[Case, str]], make: Make) -> None:
    case, kind = documents[0]
    assert draft(make(), case, kind).document_id == f"{case.case_id}-{kind}"
    ids = {document_id_of(c, k) for c, k in documents}
    assert len(ids) == len(documents)


# ------------------------------------------------------------------ pieces at any speed


def test_answers_that_come_in_any_order_make_the_same_document(
    graph: Graph, checker: Checker, library: PromptLibrary, documents: Any, good: Any
) -> None:
    case, kind = next((c, k) for c, k in documents if k == "dialogue")

    def timed(order: int) -> Writer:
        async def complete(request: ChatRequest) -> Completion:
            await asyncio.sleep(derive_seed(order, request.seed, bits=8) / 20000)
            return Completion(good(request), "stop", 1, 1)

        return replace(writer_of(graph, checker, library), complete=complete)

    assert draft(timed(1), case, kind) == draft(timed(2), case, kind)


@pytest.mark.parametrize(
    "error", [RequestFailed("no answer"), EndpointDown("gone", kind="unreachable")]
)
def test_a_fault_of_the_endpoint_is_passed_on(
    error: CasewrightError, graph: Graph, checker: Checker, library: PromptLibrary, documents: Any
) -> None:
    async def complete(request: ChatRequest) -> Completion:
        raise error

    writer = replace(writer_of(graph, checker, library), complete=complete)
    case, kind = documents[0]
    with pytest.raises(type(error)):
        draft(writer, case, kind)


# ------------------------------------------------------------------ composing


def test_an_opening_must_give_the_age_and_the_name_that_it_was_given(
    make: Make, documents: Sequence[tuple[Case, str]]
) -> None:
    met = 0
    for case, kind in documents:
        for task in make().prompts(case, kind):
            request = task.messages[-1].content
            told = "Comes in with" in request or "Brought to hospital" in request
            if not told or task.speaker:
                continue
            met += 1
            assert task.required[0] == case.demographics.age_text.split("-")[0]
            assert case.demographics.age_text in request
            text = task.fallback()
            assert task.required[0] in text
    assert met


def test_a_template_is_told_group_kind_style_voice_and_speaker(
    graph: Graph, checker: Checker, library: PromptLibrary, documents: Any, tmp_path: Any
) -> None:
    """Whatever PROMPT_FIELDS promises is filled in."""
    fields = "{{ kind }}/{{ group }}/{{ style }}/{{ voice }}/{{ speaker or '-' }}"
    for name in {spec.prompt for spec in library.kinds.values()}:
        (tmp_path / f"{name}.v9.j2").write_text(
            '{% message "system" %}' + fields + "{% endmessage %}"
            '{% message "user" %}{{ request }}{% for e in examples %}{% endfor %}{% endmessage %}'
        )
    ours = load_library(tmp_path)
    for case, kind in documents:
        for task in writer_of(graph, checker, ours).prompts(case, kind):
            told = task.messages[0].content.split("/")
            assert told[0] == kind
            assert told[1] in library.groups
            assert told[2] == case.style
            spec = library.kind(kind)
            spoken = spec.dialogue or spec.speaker is not None
            voices = {"self", "caregiver"} if spoken else {library.styles[case.style].voice}
            if spec.prose and voices == {"telegraphic"}:
                voices = {"pronoun"}
            assert told[3] in voices
            grammar = {"nurse": "doctor", "interpreter": "caregiver", "relative": "caregiver"}
            assert grammar.get(told[4], told[4]) == (task.speaker if spoken else "-")


def test_composer_names_every_choice_by_document_and_piece(library: PromptLibrary) -> None:
    def composer(document: str, seed: int = 7) -> Composer:
        return Composer(
            library=library, template=library.template("clinic_note"), case=None,  # type: ignore[arg-type]
            kind="clinic_note", style="brisk", document_id=document, seed=seed, shots=3,
            forms_of=lambda _: [], lay_forms=lambda _: [], short_forms=lambda _: [],
        )  # fmt: skip

    def numbers(made: Composer, *keys: str) -> list[float]:
        rng = made.rng(*keys)
        return [rng.random() for _ in range(3)]

    here = numbers(composer("a"), "p1", "examples")
    assert here == numbers(composer("a"), "p1", "examples")
    others = [
        numbers(composer("b"), "p1", "examples"), numbers(composer("a"), "p2", "examples"),
        numbers(composer("a"), "p1", "realise"), numbers(composer("a", 8), "p1", "examples"),
    ]  # fmt: skip
    assert here not in others
