"""Role-play: what each side sees, what the patient may say, and that it works over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from scripted_model import Script
from writing import draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.client import ChatClient, ChatRequest
from casewright.generators.disclosure import is_told_by_patients
from casewright.generators.roleplay import mode_for
from casewright.generators.scripted import ScriptedServer
from casewright.generators.writer import Writer
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary
from casewright.records import Case, Draft

SEEN = (("outpatient", 0.7), ("emergency", 0.3))
_OWN = re.compile(r"\((?:Your next line\.|Your answer\. What you know of this:) (.*)\)\Z", re.S)
_TOPIC = "Ask about: "

Play = Callable[[str, str, ChatRequest], str]


def request_of(messages: Sequence[tuple[str, str]]) -> str:
    """What the speaker of a turn is asked for, from the last message."""
    found = _OWN.search(messages[-1][1])
    assert found, messages[-1]
    return found.group(1)


class Actors:
    """Both roles by a model that knows the case's sentences; a test changes what it says."""

    def __init__(self, case: Case, plain: Writer, change: Play | None = None) -> None:
        self.known = {
            each.messages[-1].content: each.fallback()
            for task in plain.prompts(case, "dialogue")
            for each in (task, *task.parts)
        }
        self.change = change
        self.asked: list[tuple[str, ChatRequest]] = []

    def __call__(self, request: ChatRequest) -> str:
        wanted = request_of(request.messages)
        role = "doctor" if request.messages[0][1].startswith("You are a doctor") else "patient"
        self.asked.append((role, request))
        if wanted.startswith(_TOPIC):
            said = f"Any {wanted.removeprefix(_TOPIC).rstrip('.')}?"
        elif wanted.startswith("Ask "):
            said = "And what else is there to tell me?"
        else:
            said = self.known[wanted]
        return self.change(role, said, request) if self.change else said


@pytest.fixture(scope="module")
def cases(graph: Graph, library: PromptLibrary) -> Sequence[Case]:
    found = sampler_of(graph, library, 91, settings=SEEN).cases(range(40))
    names = sorted(library.personas)
    return [replace(c, persona=names[n % len(names)]) for n, c in enumerate(found)][:14]


@pytest.fixture(scope="module")
def plain(graph: Graph, checker: Checker, library: PromptLibrary) -> Writer:
    return replace(
        writer_of(graph, checker, library),
        disclosing=frozenset({"outpatient", "emergency"}),
        dialogue="script",
    )


def played(plain: Writer, case: Case, change: Play | None = None) -> tuple[Draft, Actors]:
    actors = Actors(case, plain, change)
    writer = replace(plain, complete=Script(actors).complete, dialogue="roleplay")
    return draft(writer, case, "dialogue"), actors


# ------------------------------------------------------------------ choosing the mode


@pytest.mark.parametrize(
    ("wanted", "granularity", "mode"),
    [
        ("script", "document", "script"), ("roleplay", "group", "roleplay"),
        ("auto", "group", "script"), ("auto", "section", "roleplay"),
        ("auto", "document", "roleplay"),
    ],
)  # fmt: skip
def test_auto_goes_by_what_the_model_is_good_for(wanted: str, granularity: str, mode: str) -> None:
    assert mode_for(wanted, granularity) == mode  # type: ignore[arg-type]


# ------------------------------------------------------------------ what each side sees


def test_the_doctor_sees_only_what_was_said(cases: Sequence[Case], plain: Writer) -> None:
    seen = 0
    for case in cases:
        _, actors = played(plain, case)
        secrets = [f for f in case.facts if f.type in ("symptom", "comorbidity", "medication")]
        secrets = [f for f in secrets if is_told_by_patients(f)]
        for role, request in actors.asked:
            if role != "doctor" or not request_of(request.messages).startswith("Ask "):
                continue
            seen += 1
            wanted = request_of(request.messages)
            heard = " ".join(c for r, c in request.messages[1:-1]).lower()
            own = request.messages[-1][1].lower().replace(wanted.lower(), "")
            everything = " ".join(c for _, c in request.messages).lower()
            for fact in secrets:
                told = fact.name.lower() in heard or fact.name.lower() in own
                topic = wanted.lower() == f"{_TOPIC}{fact.name}.".lower()
                assert told or topic or fact.name.lower() not in everything, (fact, request)
    assert seen > 50


def test_the_patient_sees_only_the_facts_that_are_asked_for(
    cases: Sequence[Case], plain: Writer
) -> None:
    for case in cases:
        _, actors = played(plain, case)
        answers = [r for role, r in actors.asked if role == "patient"]
        assert answers
        for request in answers:
            wanted = request_of(request.messages)
            heard = " ".join(c for _, c in request.messages[:-1]) + request.messages[-1][1].replace(
                wanted, ""
            )
            for fact in case.facts:
                hidden = fact.type in ("diagnosis", "lab", "test", "finding")
                if hidden and fact.name.lower() not in heard.lower():
                    names = {f.name.lower() for f in case.facts if is_told_by_patients(f)}
                    assert fact.name.lower() not in wanted.lower() or any(
                        fact.name.lower() in name for name in names
                    ), (fact, wanted)


def test_each_turn_hears_those_before_it(cases: Sequence[Case], plain: Writer) -> None:
    for case in cases[:5]:
        drafted, actors = played(plain, case)
        sizes = [sum(len(c) for _, c in r.messages[1:-1]) for _, r in actors.asked]
        assert sizes[-1] > sizes[0] == 0
        for _, request in actors.asked:
            roles = [r for r, _ in request.messages]
            assert roles[0] == "system" and roles[-1] == "user"
            assert all(a != b for a, b in pairwise(roles))
            assert roles[1] == "user"
        assert drafted.provenance.prompt_name == "dialogue_roleplay"


def test_the_personas_manner_reaches_the_patient_and_not_the_doctor(
    cases: Sequence[Case], plain: Writer, library: PromptLibrary
) -> None:
    case = next(c for c in cases if c.demographics.age_years >= 18)
    _, actors = played(plain, replace(case, persona="talkative"))
    manner = library.says("role.verbose")[0]
    for role, request in actors.asked:
        assert (manner in request.messages[0][1]) == (role == "patient")


# ------------------------------------------------------------------ what is taken


def test_good_actors_are_taken_at_their_word(cases: Sequence[Case], plain: Writer) -> None:
    shares = []
    for case in cases:
        drafted, _ = played(plain, case)
        musts = [f.fact_id for f in drafted.facts if f.duty == "must"]
        assert all(drafted.ledger.status_of(i).status == "stated" for i in musts)
        assert not drafted.ledger.off_spec
        shares.append(drafted.provenance.model_written)
    assert sum(shares) / len(shares) > 0.4


def test_a_patient_who_tells_too_much_is_not_heard(cases: Sequence[Case], plain: Writer) -> None:
    """One more fact of the case in an answer: the turn is written again without it."""
    for case in cases[:6]:
        more = [f for f in case.facts_of("symptom") if f.polarity == "present"]
        if len(more) < 2:
            continue
        extra = f"And I have {more[-1].name} as well, doctor."

        name = more[-1].name

        def gush(
            role: str, said: str, request: ChatRequest, extra: str = extra, name: str = name
        ) -> str:
            asked_for = name in request.messages[-1][1]
            return f"{said} {extra}" if role == "patient" and not asked_for else said

        drafted, _ = played(plain, case, gush)
        assert extra not in drafted.text
        assert drafted.provenance.repairs > 0


def test_a_patient_who_names_the_diagnosis_is_not_heard(
    cases: Sequence[Case], plain: Writer
) -> None:
    # Whose complaint is their diagnosis (anxiety) says its name as a complaint, and may.
    named = [(case, case.facts_of("diagnosis")[0].name) for case in cases]
    apart = [
        (case, name)
        for case, name in named
        if all(f.name != name for f in case.facts if is_told_by_patients(f))
    ]
    for case, name in apart[:6]:
        claim = f"I think it is {name}."

        def claims(role: str, said: str, _: ChatRequest, claim: str = claim) -> str:
            return f"{said} {claim}" if role == "patient" else said

        drafted, _ = played(plain, case, claims)
        assert claim not in drafted.text


def test_a_doctor_who_knows_too_much_asks_the_scripts_question(
    cases: Sequence[Case], plain: Writer
) -> None:
    for case in cases[:4]:
        name = case.facts_of("diagnosis")[0].name
        question = f"Is it your {name}?"

        def clairvoyant(role: str, said: str, request: ChatRequest, q: str = question) -> str:
            asks = request_of(request.messages).startswith("Ask ")
            return q if role == "doctor" and asks else said

        drafted, _ = played(plain, case, clairvoyant)
        assert question not in drafted.text


def test_silent_actors_leave_the_script(cases: Sequence[Case], plain: Writer) -> None:
    for case in cases[:3]:
        drafted, _ = played(plain, case, lambda *_: "...")
        assert drafted.provenance.model_written == 0.0
        assert drafted.turns


# ------------------------------------------------------------------ over HTTP


def test_a_role_play_over_http(cases: Sequence[Case], plain: Writer) -> None:
    case = cases[0]
    actors = Actors(case, plain)

    async def run() -> Draft:
        def answer(asked: object) -> str:
            return actors(ChatRequest(messages=asked.messages, seed=1))  # type: ignore[attr-defined]

        async with (
            ScriptedServer(answer) as server,
            ChatClient(server.base_url, server.model) as client,
        ):
            writer = replace(plain, complete=client.complete, dialogue="roleplay")
            drafted = await writer.draft(case, "dialogue")
            assert len(server.asked) > 5 and server.most_in_flight == 1
            return drafted

    overhttp = asyncio.run(run())
    here, _ = played(plain, case)
    assert overhttp.text == here.text
