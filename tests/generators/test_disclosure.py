"""What patients tell: the log is a pure function, and notes and dialogues both go by it."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from writing import draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.generators.disclosure import (
    UNNAMED,
    as_noted,
    as_spoken,
    disclose,
    is_lost,
    is_told_by_patients,
)
from casewright.generators.plan import suits
from casewright.generators.writer import Writer
from casewright.kg.graph import Graph
from casewright.outputs.row import facts_of, plain, row_of
from casewright.outputs.rows import row_from_plain
from casewright.prompts.library import Persona, PromptLibrary
from casewright.records import Case, Disclosed, Document, Draft, Verdict

SEEN = (("outpatient", 0.6), ("emergency", 0.4))
HARD = {
    "recall": 0.0, "literacy": 0.0, "personality": "distrustful", "lay": 0.5,
    "closers": ("Bye.",),
}  # fmt: skip


def lay_forms(graph: Graph) -> object:
    return lambda concept: (
        [f.text for f in graph.concept(concept).forms if f.kind == "lay"]
        if concept in graph
        else []
    )


@pytest.fixture(scope="module")
def cases(graph: Graph, library: PromptLibrary) -> Sequence[Case]:
    return list(sampler_of(graph, library, 71, settings=SEEN).cases(range(40)))


def log_of(case: Case, graph: Graph, seed: int = 7, **changes: object) -> tuple[Disclosed, ...]:
    persona = Persona.model_validate({**HARD, **changes})
    return disclose(case, persona, lay_forms(graph), seed=seed)  # type: ignore[arg-type]


# ------------------------------------------------------------------ the log


def test_the_log_is_a_function_of_seed_and_case(cases: Sequence[Case], graph: Graph) -> None:
    logs = [log_of(case, graph) for case in cases]
    assert logs == [log_of(case, graph) for case in cases]
    assert logs != [log_of(case, graph, seed=8) for case in cases]
    # Each fact has a generator of its own: one more fact changes nothing for the others.
    for case, log in zip(cases, logs, strict=True):
        fewer = replace(case, facts=case.facts[:-1])
        kept = {f.fact_id for f in fewer.facts}
        assert log_of(fewer, graph) == tuple(d for d in log if d.fact_id in kept)


def test_the_log_holds_every_fact_that_only_a_patient_can_tell(
    cases: Sequence[Case], graph: Graph
) -> None:
    for case in cases:
        told = [f.fact_id for f in case.facts if is_told_by_patients(f)]
        assert [d.fact_id for d in log_of(case, graph)] == told
        assert not [f for f in case.facts if f.fact_id in told and f.type in ("vital", "lab")]


def test_complaint_and_allergies_are_always_told(cases: Sequence[Case], graph: Graph) -> None:
    for case in cases:
        of = {d.fact_id: d for d in log_of(case, graph)}
        present = [f for f in case.facts_of("symptom") if f.polarity == "present"]
        for fact in (*present[:1], *case.facts_of("allergy")):
            assert not is_lost(of[fact.fact_id]), fact


def test_what_tells_a_pair_apart_is_told(cases: Sequence[Case], graph: Graph) -> None:
    for case in cases:
        ids = tuple(f.fact_id for f in case.facts)
        log = log_of(replace(case, tells_apart=ids), graph)
        assert not any(map(is_lost, log))


@pytest.mark.parametrize(
    ("outcome", "changes"),
    [
        ("told", {"recall": 1, "literacy": 1, "personality": "plain"}),
        ("forgotten", {"personality": "plain"}),
        ("withheld", {"recall": 1}),
        ("not_asked", {"personality": "impatient"}),
        ("minimised", {"personality": "pleasing"}),
        ("misnamed", {"recall": 1, "personality": "plain"}),
    ],
)
def test_each_outcome_comes_of_its_dimension(
    outcome: str, changes: dict[str, object], graph: Graph, library: PromptLibrary
) -> None:
    many = list(sampler_of(graph, library, 73, settings=SEEN).cases(range(60)))
    easy = {"recall": 1, "literacy": 1, "personality": "overanxious"}
    with_it = Counter(d.outcome for c in many for d in log_of(c, graph, **changes))
    without = Counter(d.outcome for c in many for d in log_of(c, graph, **easy))
    assert with_it[outcome] > 0
    assert set(without) == {"told"}
    assert outcome == "told" or set(with_it) - {"told"} >= {outcome}


def test_most_patients_tell_what_they_are_asked(graph: Graph, library: PromptLibrary) -> None:
    sampler = sampler_of(graph, library, 72, settings=SEEN)
    counts: Counter[str] = Counter()
    for case in sampler.cases(range(150)):
        persona = library.personas[case.persona]
        log = disclose(case, persona, lay_forms(graph), seed=7)  # type: ignore[arg-type]
        counts.update(d.outcome for d in log)
    share = counts["told"] / sum(counts.values())
    assert 0.9 < share < 0.995, counts
    assert len(counts) == 6, counts


def test_a_caregiver_knows_what_was_forgotten(cases: Sequence[Case], graph: Graph) -> None:
    adults = [c for c in cases if c.demographics.age_years >= 18]
    alone = [log_of(c, graph, personality="plain") for c in adults]
    along = [log_of(c, graph, personality="plain", company="caregiver") for c in adults]
    lost = [sum(map(is_lost, (d for log in logs for d in log))) for logs in (alone, along)]
    helped = sum(d.by == "caregiver" for log in along for d in log)
    assert 0 < lost[1] < lost[0] == lost[1] + helped


# ------------------------------------------------------------------ how facts are known


def test_what_is_made_small_or_not_named_is_known_so(cases: Sequence[Case], graph: Graph) -> None:
    met: Counter[str] = Counter()
    for case in cases:
        log = log_of(case, graph, personality="pleasing")
        of = {d.fact_id: d for d in log}
        truth = {f.fact_id: f for f in case.facts}
        for noted in as_noted(case.facts, log):
            told = of.get(noted.fact_id)
            met[told.outcome if told else "seen"] += 1
            if told is None or told.outcome == "told":
                assert noted == truth[noted.fact_id]
            elif told.outcome == "minimised":
                assert noted.name == f"mild {truth[noted.fact_id].name}"
                assert "severe" not in dict(noted.attributes).values()
            else:
                assert told.outcome == "misnamed" and noted.concept == UNNAMED
                assert truth[noted.fact_id].name not in noted.name
        spoken = {f.fact_id for f in as_spoken(case.facts, log)}
        assert spoken == set(truth) - {d.fact_id for d in log if d.outcome == "not_asked"}
    assert met["minimised"] and met["misnamed"] and met["seen"]


# ------------------------------------------------------------------ notes and dialogues


@pytest.fixture(scope="module")
def writer(graph: Graph, checker: Checker, library: PromptLibrary) -> Writer:
    """A realiser whose patients all tell as little as they can, each in their own way."""
    hard = {
        name: p.model_copy(update={"recall": p.recall / 4, "literacy": p.literacy / 2})
        for name, p in library.personas.items()
    }
    made = writer_of(graph, checker, replace(library, personas=hard))
    return replace(made, disclosing=frozenset({"outpatient", "emergency"}))


@pytest.fixture(scope="module")
def visits(
    writer: Writer, cases: Sequence[Case], library: PromptLibrary
) -> Sequence[tuple[Case, Draft, list[Draft]]]:
    """Each case's dialogue, and its notes."""
    found = []
    personas = [*sorted(library.personas), *["pleasing"] * 8]
    for number, drawn in enumerate(cases):
        case = replace(drawn, persona=personas[number % len(personas)])
        names = ["clinic_note", "triage_note", "ed_note"]
        kinds = [
            k
            for k in names[: 1 + number % 3]
            if case.setting in library.kind(k).settings
            and suits(library.kind(k), case, writer.forms_of)
        ]
        dialogue = draft(writer, case, "dialogue")
        found.append((case, dialogue, [draft(writer, case, k) for k in kinds]))
    return found


def test_dialogue_and_notes_of_a_visit_carry_one_log(
    visits: Sequence[tuple[Case, Draft, list[Draft]]],
) -> None:
    outcomes: Counter[str] = Counter()
    for _, dialogue, notes in visits:
        assert dialogue.disclosure
        assert all(note.disclosure == dialogue.disclosure for note in notes)
        outcomes.update(d.outcome for d in dialogue.disclosure)
    assert {"forgotten", "withheld", "misnamed", "minimised"} <= set(outcomes)


def test_what_a_note_has_from_the_patient_was_said_in_the_dialogue(
    visits: Sequence[tuple[Case, Draft, list[Draft]]],
) -> None:
    for case, dialogue, notes in visits:
        said = {s.fact_id for s in dialogue.ledger.facts if s.status == "stated"}
        by_patients = {f.fact_id for f in case.facts if is_told_by_patients(f)}
        for note in notes:
            stated = {s.fact_id for s in note.ledger.facts if s.status == "stated"}
            assert stated & by_patients <= said, (case.case_id, note.kind)


def test_what_was_not_told_stands_in_no_note_and_is_no_must(
    visits: Sequence[tuple[Case, Draft, list[Draft]]],
) -> None:
    seen = 0
    for case, dialogue, notes in visits:
        untold = {d.fact_id for d in dialogue.disclosure if is_lost(d) or d.outcome == "misnamed"}
        seen += len(untold)
        for drafted in (dialogue, *notes):
            assert [f.fact_id for f in drafted.facts] == [f.fact_id for f in case.facts]
            for fact, status in zip(drafted.facts, drafted.ledger.facts, strict=True):
                if fact.fact_id in untold:
                    assert fact.duty == "may" and status.status == "missing", (case, fact, status)
                elif fact.duty == "must":
                    assert status.status == "stated", (case.case_id, drafted.kind, fact, status)
    assert seen > 20


def test_the_truth_stays_in_the_facts(visits: Sequence[tuple[Case, Draft, list[Draft]]]) -> None:
    for case, dialogue, notes in visits:
        for drafted in (dialogue, *notes):
            for truth, fact in zip(case.facts, drafted.facts, strict=True):
                assert replace(fact, duty="may") == replace(truth, duty="may")


def test_what_was_seen_stands_in_the_note_whatever_was_told(
    visits: Sequence[tuple[Case, Draft, list[Draft]]],
) -> None:
    for _, _, notes in visits:
        for note in notes:
            if note.kind == "clinic_note":
                seen = [f for f in note.facts if f.type in ("vital", "finding", "lab", "test")]
                assert all(f.duty == "must" for f in seen)


def test_what_was_made_small_is_no_stronger_in_the_note(
    visits: Sequence[tuple[Case, Draft, list[Draft]]],
) -> None:
    met = 0
    for case, dialogue, notes in visits:
        names = {f.fact_id: f.name for f in case.facts}
        for told in dialogue.disclosure:
            if told.outcome != "minimised":
                continue
            name = names[told.fact_id]
            assert told.said in dialogue.text
            for note in notes:
                status = note.ledger.status_of(told.fact_id)
                short = not re.search(rf"\b{name}\b", note.text)  # an abbreviation
                assert short or re.search(rf"\bmild {name}\b", note.text, re.I), note.text
                assert not re.search(rf"severe {name}|{name} (?:is|was) severe", note.text)
                assert status.status == "stated"
                met += 1
    assert met > 2


def test_without_disclosure_documents_go_by_the_whole_truth(
    graph: Graph, checker: Checker, library: PromptLibrary, cases: Sequence[Case]
) -> None:
    writer = writer_of(graph, checker, library)
    for case in cases[:6]:
        for kind in ("dialogue", "clinic_note"):
            drafted = draft(writer, case, kind)
            assert drafted.disclosure == ()
            assert all(
                s.status == "stated"
                for f, s in zip(drafted.facts, drafted.ledger.facts, strict=True)
                if f.duty == "must"
            )
            assert {f.fact_id for f in drafted.facts if is_told_by_patients(f)} <= {
                f.fact_id for f in drafted.facts if f.duty == "must"
            }


def test_the_log_is_stored_in_the_row_and_read_back(
    visits: Sequence[tuple[Case, Draft, list[Draft]]],
) -> None:
    _, dialogue, _ = random.Random(1).choice(visits)
    row = row_of(Document(dialogue, Verdict(True)), 0)
    assert row.disclosure == dialogue.disclosure
    again = row_from_plain(plain(row))
    assert again.disclosure == row.disclosure and facts_of(again) == facts_of(row)
    unknown = replace(dialogue, disclosure=(Disclosed("f99", "told", "x"),))
    with pytest.raises(ValueError, match="there is no fact 'f99'"):
        row_of(Document(unknown, Verdict(True)), 0)
