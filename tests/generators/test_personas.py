"""Personas: every dimension moves what is measured in the text, and no phrase says a fact."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from writing import draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.lay import lay_sentence, shape_of
from casewright.generators.wording import Subject
from casewright.kg.graph import Graph
from casewright.prompts.library import Persona, PromptLibrary
from casewright.records import Case, Demographics, Draft, Turn

SEEN = (("outpatient", 1.0),)
DIMENSIONS = ("personality", "language", "recall", "confusion", "literacy", "company")
PERSONALITIES = {
    "plain", "verbose", "terse", "pleasing", "impatient", "distrustful", "overanxious",
}  # fmt: skip

Measure = Callable[[Draft], float]


@pytest.fixture(scope="module")
def cases(graph: Graph, library: PromptLibrary) -> Sequence[Case]:
    sampler = sampler_of(graph, library, 81, settings=SEEN)
    grown = [c for c in sampler.cases(range(60)) if c.demographics.age_years >= 18]
    return grown[:18]


# ------------------------------------------------------------------ what is measured


def words_a_turn(drafted: Draft) -> float:
    """Mean words in a turn of the patient's side."""
    said = [len(t.text.split()) for t in drafted.turns if t.role not in ("doctor", "nurse")]
    return sum(said) / len(said)


def share_of(outcome: str) -> Measure:
    return lambda drafted: (
        sum(d.outcome == outcome for d in drafted.disclosure) / len(drafted.disclosure)
    )


def own_words(drafted: Draft) -> float:
    """Share of the present symptoms that are told in another word than the doctor's."""
    names = {f.fact_id: f.name for f in drafted.facts if f.type == "symptom"}
    told = [d for d in drafted.disclosure if d.fact_id in names and not d.said.startswith("no ")]
    return sum(d.said != names[d.fact_id] for d in told) / max(len(told), 1)


def turns_with(*phrases: str) -> Measure:
    """How many turns hold one of the phrases of talk.yaml."""

    def count(drafted: Draft, said: Sequence[str] = ()) -> float:
        return float(sum(any(p in t.text for p in said) for t in drafted.turns))

    count.names = phrases  # type: ignore[attr-defined]
    return count


def turns_of(role: str) -> Measure:
    return lambda drafted: float(sum(t.role == role for t in drafted.turns))


def broken_off(drafted: Draft) -> float:
    """Turns that are cut off."""
    return float(sum(t.text.endswith("\u2014") for t in drafted.turns))


def mean_of(
    measure: Measure,
    changes: dict[str, object],
    cases: Sequence[Case],
    graph: Graph,
    checker: Checker,
    library: PromptLibrary,
) -> float:
    base = library.personas["plain"].model_copy(update=changes)
    changed = replace(library, personas={**library.personas, "plain": base})
    writer = replace(writer_of(graph, checker, changed), disclosing=frozenset({"outpatient"}))
    names = getattr(measure, "names", ())
    said = [p for n in names for p in library.says(n)]
    found = []
    for case in cases:
        drafted = draft(writer, replace(case, persona="plain"), "dialogue")
        found.append(measure(drafted, said) if names else measure(drafted))  # type: ignore[call-arg]
    return sum(found) / len(found)


@pytest.mark.parametrize(
    ("measure", "less", "more"),
    [
        (words_a_turn, {"personality": "terse", "lay": 0.0}, {"lay": 0.0}),
        (words_a_turn, {}, {"personality": "verbose"}),
        (turns_with("aside.pleasing"), {}, {"personality": "pleasing"}),
        (share_of("minimised"), {}, {"personality": "pleasing"}),
        (broken_off, {}, {"personality": "impatient"}),
        (share_of("not_asked"), {}, {"personality": "impatient"}),
        (turns_with("push"), {}, {"personality": "distrustful"}),
        (share_of("withheld"), {}, {"personality": "distrustful"}),
        (turns_with("worry"), {}, {"personality": "overanxious"}),
        (turns_with("again"), {"language": 0.9}, {"language": 0.3}),
        (words_a_turn, {"language": 0.4, "lay": 0.0}, {"language": 1.0, "lay": 0.0}),
        (share_of("forgotten"), {}, {"recall": 0.0}),
        (turns_with("forgotten"), {}, {"recall": 0.0}),
        (turns_with("lost"), {}, {"confusion": 0.8}),
        (turns_with("plain_words"), {"literacy": 1.0}, {"literacy": 0.0}),
        (own_words, {"lay": 0.0}, {"lay": 1.0}),
        (turns_of("interpreter"), {}, {"company": "interpreter"}),
        (turns_of("caregiver"), {"recall": 0.0}, {"recall": 0.0, "company": "caregiver"}),
    ],
)
def test_each_dimension_moves_its_measure(
    measure: Measure,
    less: dict[str, object],
    more: dict[str, object],
    cases: Sequence[Case],
    graph: Graph,
    checker: Checker,
    library: PromptLibrary,
) -> None:
    low = mean_of(measure, less, cases, graph, checker, library)
    high = mean_of(measure, more, cases, graph, checker, library)
    assert high > 1.1 * low + 0.01, (low, high)


# ------------------------------------------------------------------ the packaged personas


def test_personas_are_points_on_every_dimension(library: PromptLibrary) -> None:
    personas = library.personas
    assert len(personas) >= 12
    assert {p.personality for p in personas.values()} == PERSONALITIES
    for dimension in DIMENSIONS:
        assert len({getattr(p, dimension) for p in personas.values()}) > 1, dimension
    points = [p.model_dump(exclude={"weight", "openers", "closers"}) for p in personas.values()]
    assert all(points.count(p) == 1 for p in points)


def test_every_personality_has_words_for_a_role(library: PromptLibrary) -> None:
    for personality in PERSONALITIES:
        assert library.says(f"role.{personality}")


def test_an_old_persona_of_a_user_is_a_plain_one() -> None:
    old = Persona.model_validate({"lay": 0.5, "closers": ["Bye."]})
    assert (old.personality, old.language, old.recall, old.company) == ("plain", 1, 1, "none")


# ------------------------------------------------------------------ no phrase says a fact

_ABOUT = re.compile(r"area\.|role\.|lay\.|first\.|ask\.")


def test_no_phrase_names_what_a_case_could_hold(checker: Checker, library: PromptLibrary) -> None:
    """Whatever is said beside the facts, a patient of either sex has nothing more for it."""
    phrases = [(n, p) for n in library.talk if not _ABOUT.match(n) for p in library.says(n)]
    phrases += [
        (name, p)
        for name, persona in library.personas.items()
        for p in (*persona.openers, *persona.closers)
    ]
    for sex in ("female", "male"):
        for name, phrase in phrases:
            role = "doctor" if name.endswith("reply") or name in ("exam", "explain") else "patient"
            text = re.sub(r"\{\w+\}", "Sam", phrase)
            turn = Turn(role, text, 0, len(text))  # type: ignore[arg-type]
            ledger = checker(text, [], Demographics(50, sex), (turn,))  # type: ignore[arg-type]
            assert not ledger.off_spec, (name, phrase, ledger.off_spec)
            assert not ledger.entities, (name, phrase, ledger.entities)


# ------------------------------------------------------------------ a patient's own words


@pytest.mark.parametrize(
    ("wording", "shape", "said"),
    [
        ("my chest hurts", "clause", {"My chest hurts.", "The thing is, my chest hurts."}),
        ("throwing up", "gerund", {"I've been throwing up.", "I keep throwing up."}),
        ("can't pee", "cannot", {"I can't pee.", "The thing is, I can't pee."}),
        ("a scratchy throat", "phrase", None),
        ("not themselves at all", None, None),
        ("woozy", None, None),
    ],
)
def test_own_words_make_a_sentence_by_their_build(
    wording: str, shape: str | None, said: set[str] | None, library: PromptLibrary
) -> None:
    assert shape_of(wording) == shape
    group = library.groups["say_complaint"]
    subject = Subject(Demographics(40, "female"), "self", "The patient")
    made = {
        lay_sentence(wording, group, subject, library, random.Random(n), asked=False)
        for n in range(40)
    }
    assert (made == {None}) == (shape is None)
    assert said is None or said <= made
    assert all(sentence is None or wording in sentence.lower() for sentence in made)
