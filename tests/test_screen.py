"""The screen: every filter has its say, with evidence; judging twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from writing import document_kinds, draft, sampler_of, writer_of

from casewright.filters.ledger.check import Checker
from casewright.filters.near_copies import ReferenceIndex
from casewright.filters.screen import FILTERS, LedgerLimits, Screen, self_copy_reasons
from casewright.kg.graph import Graph
from casewright.prompts.library import PromptLibrary
from casewright.records import Document, Draft
from casewright.seeds import derive_rng

Edit = Callable[[str], Draft]


@pytest.fixture(scope="module")
def drafts(graph: Graph, checker: Checker, library: PromptLibrary) -> Sequence[Draft]:
    """True documents of every kind, by the realiser."""
    writer = writer_of(graph, checker, library)
    cases = sampler_of(graph, library, 71).cases(range(12))
    found = [draft(writer, c, k) for c in cases for k in document_kinds(library, c, graph)]
    return [d for d in found if Screen()(d).verdict.keep]


@pytest.fixture(scope="module")
def note(drafts: Sequence[Draft]) -> Draft:
    """A clinic note of an adult."""
    return next(d for d in drafts if d.kind == "clinic_note" and not d.case.demographics.is_child)


@pytest.fixture(scope="module")
def edited(note: Draft, checker: Checker) -> Edit:
    """The note with another text, checked afresh."""

    def made(text: str) -> Draft:
        ledger = checker(text, note.facts, note.case.demographics, ())
        return replace(note, text=text, ledger=ledger)

    return made


def caught(document: Document) -> set[tuple[str, str]]:
    return {(r.filter, r.label) for r in document.verdict.reasons}


def first_symptom(note: Draft) -> str:
    return next(f.name for f in note.facts if f.type == "symptom" and f.polarity == "present")


def test_most_true_documents_are_kept(
    graph: Graph, checker: Checker, library: PromptLibrary, drafts: Sequence[Draft]
) -> None:
    assert len(drafts) >= 14


def test_screening_twice_changes_nothing(drafts: Sequence[Draft]) -> None:
    screen = Screen()
    for drafted in drafts:
        once = screen(drafted)
        assert screen(once.draft) == once
        assert screen(drafted) == once


def test_a_kept_document_has_its_identity_marked_and_a_score_of_every_filter(
    drafts: Sequence[Draft],
) -> None:
    for drafted in drafts:
        document = Screen()(drafted)
        assert document.verdict.reasons == ()
        assert document.draft.text == drafted.text
        for span in document.draft.phi:
            assert drafted.text[span.start : span.end] == span.text
        marked = {s.text for s in document.draft.phi}
        if drafted.kind != "dialogue":
            mrn = drafted.case.identity.mrn
            assert (mrn in " ".join(marked)) == (mrn in drafted.text)
        assert {"must_stated", "contradicted", "off_case"} <= {
            n for n, _ in document.verdict.scores
        }


@pytest.mark.parametrize(
    ("spoil", "wanted"),
    [
        (lambda t, s: t + f"\nThe patient denies any {s}.\n", ("ledger", "contradicted")),
        (lambda t, s: "\n".join(t.splitlines()[:8]) + "\n", ("ledger", "missing")),
        (lambda t, s: t + "\nThe patient has hemoptysis and jaundice.\n", ("ledger", "off_case")),
        (lambda t, s: t + "\nCall the daughter at (212) 867-5309.\n", ("phi", "phone")),
        (lambda t, s: t + "\nSeen together with Dr. Bartholomew Quimby.\n", ("phi", "name")),
        (lambda t, s: t + "\nAs an AI language model, I cannot add more.\n", ("quality", "*")),
        (lambda t, s: t + "\nThe plan is good. " * 12, ("quality", "*")),
        (lambda t, s: t + "\n**Plan** | `x` |\n| --- | --- |\n", ("quality", "*")),
    ],
    ids=["contradicts", "omits", "adds", "phone", "name", "refusal", "loop", "markup"],
)  # fmt: skip
def test_each_fault_is_caught_by_its_filter_with_evidence(
    spoil: Callable[[str, str], str], wanted: tuple[str, str], note: Draft, edited: Edit
) -> None:
    document = Screen()(edited(spoil(note.text, first_symptom(note))))
    assert not document.verdict.keep
    found = caught(document)
    assert wanted in found or (wanted[1] == "*" and wanted[0] in {f for f, _ in found}), found
    for reason in document.verdict.reasons:
        assert reason.message
        assert reason.filter in FILTERS
        for evidence in reason.evidence:
            quoted = document.draft.text[evidence.start : evidence.end]
            assert evidence.text in ("", quoted)


def test_every_filter_judges_even_after_another_has_rejected(note: Draft, edited: Edit) -> None:
    bad = note.text + (
        f"\nThe patient denies any {first_symptom(note)}. Call (212) 867-5309."
        "\nAs an AI language model, I cannot add more.\n"
    )
    reference = ReferenceIndex.build([("real", bad)])
    found = caught(Screen(reference=reference)(edited(bad)))
    assert {f for f, _ in found} == set(FILTERS)


def test_copies_of_a_reference_and_of_the_examples_are_told_apart(
    note: Draft, edited: Edit
) -> None:
    index = ReferenceIndex.build([("real", note.text)])
    assert ("near_copies", "reference") in {
        (f, label) for f, label in caught(Screen(reference=index)(note)) if f == "near_copies"
    } or any(f == "near_copies" for f, _ in caught(Screen(reference=index)(note)))
    labels = {
        which: {r.label for r in Screen(**{which: index})(note).verdict.reasons}
        for which in ("reference", "examples")
    }
    assert labels["reference"] and labels["examples"]
    assert labels["reference"] != labels["examples"]


@pytest.mark.parametrize("which", ["reference", "examples"])
def test_a_planned_name_that_a_private_text_has_too_is_a_leak(
    note: Draft, edited: Edit, which: str
) -> None:
    """Of the user's notes or of the prompts' own examples: it may be a real person's."""
    name = note.case.identity.full_name
    text = f"{name} was seen today."
    for private, leaks in ((f"Letter to {name}, as agreed.", True), ("Letter to Bo Ek.", False)):
        screen = Screen(**{which: ReferenceIndex.build([("a", private)])})
        assert (("phi", "name") in caught(screen(edited(text)))) is leaks


def test_limits_decide_what_is_let_pass(note: Draft, edited: Edit) -> None:
    adds = edited(note.text + "\nThe patient has hemoptysis.\n")
    assert not Screen()(adds).verdict.keep
    assert Screen(ledger=LedgerLimits(max_off_case=1))(adds).verdict.keep
    denies = edited(note.text + f"\nThe patient denies any {first_symptom(note)}.\n")
    assert not Screen()(denies).verdict.keep
    let = LedgerLimits(min_must_stated=0.9, max_contradicted=1)  # of 15 facts one is contradicted
    assert Screen(ledger=let)(denies).verdict.keep
    empty = edited("\n".join(note.text.splitlines()[:8]) + "\n")
    kept = Screen(ledger=LedgerLimits(min_must_stated=0.0))(empty)
    assert "ledger" not in {f for f, _ in caught(kept)}


# ------------------------------------------------------------------ the corpus against itself


def text_of(number: int, *, like: int | None = None) -> str:
    """A made-up note of 120 words, like that of another number but for its end."""
    dice = derive_rng("text", number if like is None else like)
    words = ["".join(dice.choices("abcdefghijklmnoprstuvwxyz", k=7)) for _ in range(120)]
    return " ".join([*words, "and so it ends", "".join(dice.choices("aeioubdg", k=9))])


def test_later_copies_of_another_case_are_rejected_and_the_first_is_kept() -> None:
    rows = [
        ("d0", "c0", text_of(0)), ("d1", "c1", text_of(1)), ("d2", "c2", text_of(2, like=0)),
        ("d3", "c3", text_of(3)), ("d4", "c4", text_of(4, like=1)),
    ]  # fmt: skip
    found = dict(self_copy_reasons(rows, 0.7))
    assert set(found) == {"d2", "d4"}
    assert "d0" in found["d2"].message and found["d2"].label == "self_copy"
    assert found["d2"].score > 0.9
    (evidence,) = found["d4"].evidence
    assert evidence.text == rows[4][2]


def test_documents_of_one_case_are_not_held_against_each_other() -> None:
    rows = [("d0", "c0", text_of(0)), ("d1", "c0", text_of(1, like=0))]
    assert dict(self_copy_reasons(rows, 0.7)) == {}


def mixed(*parts: tuple[int, int, int]) -> str:
    """Words from `first` to `last` of the made-up notes of the numbers given."""
    return " ".join(w for n, a, b in parts for w in text_of(n).split()[a:b])


# Wording is weighed by its rarity in the corpus: others make it rare.
OTHERS = [(f"x{n}", f"y{n}", mixed((20 + n, 0, 120))) for n in range(6)]


def test_a_document_that_is_like_its_own_cases_may_not_copy_another_cases() -> None:
    rows = [
        ("d0", "c0", mixed((0, 0, 120))), ("d1", "c1", mixed((0, 0, 60), (1, 0, 60))),
        ("d2", "c1", mixed((0, 0, 100), (1, 0, 55))),
    ]  # fmt: skip
    found = dict(self_copy_reasons([*rows, *OTHERS], 0.7))
    assert set(found) == {"d2"}
    assert "d0" in found["d2"].message


def test_a_document_kept_beside_its_own_cases_other_is_one_to_copy() -> None:
    rows = [
        ("d0", "c1", mixed((0, 0, 100), (1, 0, 20))), ("d1", "c1", mixed((0, 0, 100), (2, 0, 60))),
        ("d2", "c2", mixed((2, 0, 60), (0, 80, 100))),
    ]  # fmt: skip
    assert set(dict(self_copy_reasons([*rows, *OTHERS], 0.7))) == {"d2"}
