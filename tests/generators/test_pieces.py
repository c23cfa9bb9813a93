"""One piece: which draws are taken, and what happens when none is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted_model import Script

from casewright.filters.ledger.check import Checker
from casewright.generators.client import ChatRequest
from casewright.generators.pieces import PieceWriter, Task, TextSettings, Written, tidy
from casewright.kg.graph import Graph
from casewright.prompts.library import Message
from casewright.records import Demographics, Fact, Turn
from casewright.seeds import derive_seed

DRAWS = yaml.safe_load((Path(__file__).parent / "data" / "draws.yaml").read_text("utf-8"))
WOMAN = Demographics(54, "female")
COUGH = Fact("f01", "symptom", "symptom:cough", "cough", duty="must")
FEVER = Fact("f02", "symptom", "symptom:fever", "fever", duty="must")
GOOD = "She also reports cough and fever."


def fact_of(number: int, raw: Mapping[str, str]) -> Fact:
    known = {"type", "concept", "name", "polarity", "value", "unit"}
    return Fact(
        f"f{number:02d}", raw["type"], raw["concept"], raw["name"], duty="must",  # type: ignore[arg-type]
        polarity=raw.get("polarity", "present"), value=raw.get("value"), unit=raw.get("unit"),  # type: ignore[arg-type]
        attributes=tuple((k, v) for k, v in raw.items() if k not in known),
    )  # fmt: skip


def task_of(*facts: Fact, key: str = "p", **rest: Any) -> Task:
    request = Message("user", "Woman. Also has: " + "; ".join(f.name for f in facts))
    return Task(
        seed_keys=(7, "c000000-clinic_note", key),
        messages=(Message("system", "Turn the facts into a sentence."), request),
        facts=facts,
        fallback=rest.pop("fallback", lambda: f"She has {' and '.join(f.name for f in facts)}."),
        **rest,
    )


def pair() -> Task:
    """Cough and fever, whole and one by one."""
    parts = (task_of(COUGH, key="p.0"), task_of(FEVER, key="p.1"))
    return replace(task_of(COUGH, FEVER), parts=parts)


@pytest.fixture(scope="module")
def forms_of(graph: Graph) -> Callable[[str], list[str]]:
    return lambda concept: [f.text for f in graph.concept(concept).forms]


@pytest.fixture
def piece_writer(
    checker: Checker, forms_of: Callable[[str], list[str]]
) -> Callable[..., tuple[PieceWriter, Script]]:
    def make(answer: Callable[[ChatRequest], Any], **options: Any) -> tuple[PieceWriter, Script]:
        script = Script(answer)
        return PieceWriter(script.complete, checker, forms_of, TextSettings(**options)), script

    return make


def write(writer: PieceWriter, task: Task, who: Demographics = WOMAN) -> Written:
    return asyncio.run(writer.write(task, who))


def by_request(answers: Mapping[str, str]) -> Callable[[ChatRequest], str]:
    """Answer by what the request's last message names, else with nonsense."""

    def answer(request: ChatRequest) -> str:
        asked = request.messages[-1][1].split(": ", 1)[1]
        return answers.get(asked, "Nonsense happened yesterday.")

    return answer


# ------------------------------------------------------------------ draw by draw


def _draws() -> list[Any]:
    found = []
    for raw in DRAWS:
        for text in raw["taken"]:
            found.append(pytest.param(raw, text, None, "stop", id=f"taken: {text}"))
        for text, reason, *end in raw["refused"]:
            end_reason = end[0] if end else "stop"
            found.append(pytest.param(raw, text, reason, end_reason, id=f"refused: {text}"))
    return found


@pytest.mark.parametrize(("raw", "text", "reason", "finish"), _draws())
def test_draws(
    raw: Mapping[str, Any],
    text: str,
    reason: str | None,
    finish: str,
    checker: Checker,
    forms_of: Callable[[str], list[str]],
) -> None:
    facts = [fact_of(n, f) for n, f in enumerate(raw["facts"], 1)]
    sex = "female" if raw["patient"].endswith("F") else "male"
    who = Demographics(int(raw["patient"][:-1]), sex)  # type: ignore[arg-type]
    asked = raw.get("asked")
    task = task_of(
        *facts,
        speaker=raw.get("speaker"),
        context=(Turn("doctor", asked, 0, len(asked)),) if asked else (),
    )
    writer = PieceWriter(None, checker, forms_of, TextSettings())
    problem = writer.problem(tidy(text), finish, task, who)
    if reason is None:
        assert problem is None
    else:
        assert problem is not None, "this draw must not be taken"
        assert reason in problem


@pytest.mark.parametrize("finish", ["length", "content_filter", "missing", "tool_calls", ""])
def test_only_what_the_model_ended_itself_is_taken(piece_writer: Any, finish: str) -> None:
    writer, _ = piece_writer(lambda _: (GOOD, finish), draws=2)
    assert {s.origin for s in write(writer, task_of(COUGH, FEVER)).segments} == {"realiser"}


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("She coughs.\n\nShe is a patient.", "She coughs."),
        ('"She coughs."', "She coughs."),
        ("Patient: I cough.", "I cough."),
        ("  She   coughs.  ", "She coughs."),
        ("\n\nShe coughs.", "She coughs."),
        ("Saturation is 97 %.", "Saturation is 97%."),
        ("", ""),
    ],
)
def test_answers_are_tidied_before_they_are_judged(raw: str, wanted: str) -> None:
    assert tidy(raw) == wanted
    assert tidy(wanted) == wanted


# ------------------------------------------------------------------ draws, parts, realiser


def test_first_good_draw_is_taken_as_it_is(piece_writer: Any) -> None:
    writer, script = piece_writer(lambda _: GOOD)
    written = write(writer, pair())
    assert [(s.text, s.origin) for s in written.segments] == [(GOOD, "model")]
    assert (written.attempts, written.repairs, written.problems) == (1, 0, ())
    assert len(script.asked) == 1
    assert written.seed == script.asked[0].seed


def test_draws_go_on_until_one_is_good_and_every_refusal_is_told(piece_writer: Any) -> None:
    texts = iter(["She has a cough.", "She has no fever and no cough.", GOOD])
    writer, script = piece_writer(lambda _: next(texts), draws=4)
    written = write(writer, pair())
    assert written.text == GOOD
    assert written.attempts == 3
    assert [p.split(":")[0] for p in written.problems] == ["missing f02", "contradicted f01"]
    assert written.seed == script.asked[2].seed


def test_after_the_last_draw_the_facts_are_tried_one_by_one(piece_writer: Any) -> None:
    writer, script = piece_writer(
        by_request({"cough": "She has a cough.", "fever": "She also has fever."}), draws=2
    )
    written = write(writer, pair())
    assert [(s.text, s.origin) for s in written.segments] == [
        ("She has a cough.", "model"),
        ("She also has fever.", "model"),
    ]
    assert written.attempts == 2 + 1 + 1 == len(script.asked)
    assert written.repairs == 1
    assert written.seed == script.asked[2].seed


def test_the_realiser_states_what_the_model_would_not(piece_writer: Any) -> None:
    writer, script = piece_writer(by_request({"cough": "She has a cough."}), draws=3)
    written = write(writer, pair())
    assert [(s.text, s.origin) for s in written.segments] == [
        ("She has a cough.", "model"),
        ("She has fever.", "realiser"),
    ]
    assert written.attempts == 3 + 1 + 3 == len(script.asked)
    assert written.repairs == 2


def test_a_piece_of_one_fact_goes_straight_to_the_realiser(piece_writer: Any) -> None:
    writer, script = piece_writer(by_request({}), draws=3)
    written = write(writer, task_of(COUGH))
    assert [(s.text, s.origin) for s in written.segments] == [("She has cough.", "realiser")]
    assert written.seed == 0
    assert len(script.asked) == 3


def test_without_a_model_nothing_is_asked(checker: Checker, forms_of: Any) -> None:
    writer = PieceWriter(None, checker, forms_of, TextSettings())
    written = write(writer, pair())
    assert written == Written(written.segments, 0, 0)
    assert [s.origin for s in written.segments] == ["realiser"]


def test_open_vocabulary_leaves_words_to_the_checker(piece_writer: Any) -> None:
    story = "Over breakfast she also reports cough and fever."
    closed, _ = piece_writer(lambda _: story)
    opened, _ = piece_writer(lambda _: story, vocabulary="open")
    assert "realiser" in {s.origin for s in write(closed, pair()).segments}
    assert write(opened, pair()).text == story
    adds, _ = piece_writer(lambda _: "She reports cough, fever and nausea.", vocabulary="open")
    assert "realiser" in {s.origin for s in write(adds, pair()).segments}


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("Have you had any cough?", True),
        ("Any cough?", True),
        ("Have you had any fever?", False),  # off topic
        ("Have you had any cough or fever?", False),
        ("You have a cough.", False),
        ("Any cough? Any more cough?", False),
        ("Have you had any cough since Monday?", False),
        ("Has cough?", False),  # asks nobody
        ("The cough?", False),
    ],
)
def test_questions_ask_about_their_topic_and_nothing_else(
    text: str, taken: bool, piece_writer: Any
) -> None:
    task = Task(
        seed_keys=(1, "d", "p", "ask"), messages=(Message("user", "Ask about: cough"),), facts=(),
        fallback=lambda: "What about cough?", must_end="?", speaker="doctor", topic=("cough",),
    )  # fmt: skip
    writer, _ = piece_writer(lambda _: text)
    written = write(writer, task)
    assert (written.segments[0].origin == "model") is taken


def test_required_words_must_stand_in_the_answer(piece_writer: Any) -> None:
    writer, _ = piece_writer(lambda _: "She has cough and fever.", draws=1)
    task = replace(task_of(COUGH, FEVER), required=("54",), licensed=("54-year-old",))
    written = write(writer, task)
    assert "without '54'" in written.problems[0]
    with_age, _ = piece_writer(lambda _: "This 54-year-old woman has cough and fever.")
    assert write(with_age, task).segments[0].origin == "model"


# ------------------------------------------------------------------ seeds and requests


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(run=st.integers(0, 2**40), document=st.text(min_size=1), draws=st.integers(1, 6))
def test_request_seeds_are_a_function_of_run_document_piece_and_attempt(
    run: int, document: str, draws: int, piece_writer: Any
) -> None:
    task = replace(task_of(COUGH), seed_keys=(run, document, "s0p1"))
    writer, script = piece_writer(lambda _: "No.", draws=draws)
    write(writer, task)
    wanted = [derive_seed(run, document, "s0p1", n, bits=31) for n in range(draws)]
    assert [r.seed for r in script.asked] == wanted
    assert len(set(wanted)) == draws
    assert all(0 <= s < 2**31 for s in wanted)


def test_each_draw_is_a_little_warmer_and_bounded(piece_writer: Any) -> None:
    writer, script = piece_writer(lambda _: "No.", draws=9, temperature=0.5, max_tokens=60)
    write(writer, task_of(COUGH))
    warmth = [r.temperature for r in script.asked]
    assert warmth == sorted(warmth)
    assert warmth[0] == 0.5 and warmth[1] == 0.6 and warmth[-1] <= 1.2
    assert all(r.max_tokens <= 60 for r in script.asked)
    assert all(r.messages == script.asked[0].messages for r in script.asked)


# ------------------------------------------------------------------ nothing wrong gets through

_WRONG: Sequence[str] = [
    GOOD.replace("cough and fever", "cough"), "She denies cough and fever.",
    GOOD.replace("She", "He"), GOOD.replace("fever", "fever and rash"), GOOD[:-9], GOOD * 4,
    "Cough. Fever.", "I'm sorry, I can't.", "She reports cough and fever of 39.4 C.",
]  # fmt: skip


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draws=st.lists(st.sampled_from(_WRONG) | st.text(max_size=60), min_size=1, max_size=5))
def test_whatever_a_model_says_the_piece_states_its_facts_and_no_more(
    draws: list[str], piece_writer: Any, checker: Checker
) -> None:
    texts = iter(draws * 20)
    writer, _ = piece_writer(lambda _: next(texts), draws=len(draws))
    written = write(writer, pair())
    ledger = checker(written.text, (COUGH, FEVER), WOMAN, ())
    assert [s.status for s in ledger.facts] == ["stated", "stated"]
    assert ledger.off_spec == ()


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ("Is there any numbness?", False),
        ("Are there any chills?", False),
        ("Are there any numbness?", True),
        ("Is there any chills?", True),
        ("Is that a numbness?", True),
    ],
)
def test_a_question_agrees_with_what_it_asks_for(
    asked: str, refused: bool, checker: Checker, forms_of: Callable[[str], list[str]]
) -> None:
    task = task_of(must_end="?", speaker="doctor", topic=("numbness", "chills"))
    gate = PieceWriter(None, checker, forms_of, TextSettings())
    assert (gate.problem(asked, "stop", task, WOMAN) is not None) == refused
