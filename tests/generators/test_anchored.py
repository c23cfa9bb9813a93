"""Anchored answers: a grammar that lets through what states the facts and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from writing import document_kinds, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.anchored import anchored_grammar
from casewright.generators.tasks import Task
from casewright.kg.graph import Graph
from casewright.prompts.library import Message, PromptLibrary, load_library
from casewright.records import Fact

_TOKEN = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.)*)"|(?P<chars>\[[^\]]*\])|(?P<name>[a-z][a-z0-9]*)'
    r"|(?P<sign>[()|?*+]|\{\d+,\d+\})|\s+"
)


def as_regex(grammar: str) -> re.Pattern[str]:
    """A grammar without recursion as a regular expression; KeyError for a rule that lacks."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines())

    def expand(body: str) -> Iterator[str]:
        place = 0
        while place < len(body):
            token = _TOKEN.match(body, place)
            assert token, body[place : place + 40]
            place = token.end()
            if token["text"] is not None:
                yield "(?:" + re.escape(re.sub(r"\\(.)", r"\1", token["text"])) + ")"
            elif token["name"]:
                yield f"(?:{''.join(expand(rules[token['name']]))})"
            else:
                yield (token["chars"] or token["sign"] or "").replace("(", "(?:")

    return re.compile("".join(expand(rules["root"])))


def forms(_: str) -> list[str]:
    return ["cough", "coughing", "COUGH", "cough (finding)"]


def task_of(*facts: Fact, **rest: object) -> Task:
    return Task(
        seed_keys=("t",),
        messages=(Message("user", "x"),),
        facts=facts,
        fallback=lambda: "",
        **rest,  # type: ignore[arg-type]
    )


COUGH = Fact("f1", "symptom", "symptom:cough", "cough")
NO_COUGH = replace(COUGH, polarity="denied")
FEVER = Fact("f2", "symptom", "symptom:fever", "fever")
PULSE = Fact("f3", "vital", "vital:heart_rate", "heart rate", value="62", unit="bpm")
DRUG = Fact(
    "f4", "medication", "drug:x", "trazodone", value="50", unit="mg",
    attributes=(("route", "by mouth"), ("frequency", "at bedtime")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "taken", "refused"),
    [
        ((COUGH,),
         ["She reports cough.", "He has been coughing."],
         ["She reports fever.", "She has no cough.", "She denies cough.", "She reports cough",
          "She has cough for 3 days.", "She reports a terrible cough.", "cough.", "Cough."]),
        ((NO_COUGH,),
         ["She denies cough.", "No cough.", "The patient does not have coughing."],
         ["She reports cough.", "She denies fever.", "No cough for 3 days."]),
        ((PULSE,),
         ["Heart rate was 62 bpm.", "His heart rate is at 62 bpm."],
         ["Heart rate 62 bpm.", "Heart rate was 26 bpm.", "Heart rate was 62.",
          "Heart rate was 62 bpm and 80 bpm."]),
        ((DRUG,),
         ["She takes trazodone 50 mg by mouth at bedtime."],
         ["She takes trazodone 5 mg by mouth at bedtime.", "She takes trazodone 50 mg.",
          "She takes trazodone 50 mg by mouth every day at bedtime."]),
    ],
)  # fmt: skip
def test_the_grammar_takes_what_states_the_fact_and_no_number_negation_or_finding_beside_it(
    facts: tuple[Fact, ...], taken: list[str], refused: list[str]
) -> None:
    only_cough: Callable[[str], list[str]] = lambda c: forms(c) if "cough" in c else []  # noqa: E731
    grammar = anchored_grammar(task_of(*facts, licensed=("His", "His heart")), only_cough)
    assert grammar is not None
    pattern = as_regex(grammar)
    for text in taken:
        assert pattern.fullmatch(text), text
    for text in refused:
        assert not pattern.fullmatch(text), text


def test_a_telegraphic_answer_needs_no_verb() -> None:
    grammar = anchored_grammar(task_of(COUGH, bare=True), lambda _: [])
    assert grammar is not None
    assert as_regex(grammar).fullmatch("Cough.")


def test_facts_stand_in_any_order() -> None:
    grammar = anchored_grammar(task_of(COUGH, FEVER), lambda _: [])
    assert grammar is not None
    pattern = as_regex(grammar)
    assert pattern.fullmatch("She reports cough and fever.")
    assert pattern.fullmatch("She reports fever, cough.")
    assert not pattern.fullmatch("She reports cough.")


@pytest.mark.parametrize(
    "task",
    [
        task_of(),
        task_of(COUGH, NO_COUGH),
        task_of(COUGH, must_end="?"),
        task_of(COUGH, section=True),
        task_of(Fact("f5", "social", "social:x", "smokes a pipe")),
        task_of(*(replace(COUGH, fact_id=f"f{n}") for n in range(5))),
    ],
)
def test_what_cannot_be_anchored_has_no_grammar(task: Task) -> None:
    assert anchored_grammar(task, forms) is None


def test_every_task_of_every_kind_has_a_grammar_that_is_whole(
    graph: Graph, checker: Checker
) -> None:
    library: PromptLibrary = load_library()
    writer = writer_of(graph, checker, library)
    met = 0
    for case in sampler_of(graph, library, 71).cases(range(6)):
        for kind in document_kinds(library, case, graph):
            for task in writer.prompts(case, kind):
                grammar = anchored_grammar(task, writer.forms_of)
                if grammar is None:
                    continue
                met += 1
                if met % 7 == 0:  # each is tens of kilobytes of regular expression
                    as_regex(grammar)
                names = {line.split(" ::= ")[0] for line in grammar.splitlines()}
                assert {"root", "subject", "word", "f0"} <= names
    assert met > 100
