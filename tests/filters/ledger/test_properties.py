"""Whatever the text: spans are true, nothing crashes, time stays linear."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright.filters.ledger.normalise import fold, tokenise
from casewright.records import Demographics, Fact, Ledger, Turn

from .support import DATA, checker, dialogue_of

FACTS = (
    Fact("f01", "symptom", "symptom:fever", "fever", duty="must"),
    Fact("f02", "symptom", "symptom:chest_pain", "chest pain", polarity="denied", duty="must"),
    Fact("f03", "medication", "drug:lisinopril", "lisinopril", value="10", unit="mg", duty="must"),
    Fact("f04", "vital", "vital:blood_pressure", "blood pressure", value="148/92", unit="mmHg"),
    Fact("f05", "diagnosis", "icd:J18.9", "pneumonia", duty="must_not", code="J18.9"),
    Fact("f07", "course", "course:1", "improved on antibiotics and was weaned to room air"),
    Fact(
        "f08",
        "test",
        "proc:chest_xray",
        "chest X-ray",
        attributes=(("result", "right lower lobe consolidation"),),
    ),
    Fact(
        "f09",
        "symptom",
        "symptom:cough",
        "cough",
        attributes=(("onset", "three days ago"), ("site", "in the chest")),
    ),
    Fact("f10", "allergy", "allergen:penicillin", "penicillin", attributes=(("reaction", "rash"),)),
    Fact("f06", "follow_up", "follow_up:1", "see the primary care physician in two weeks"),
)
PIECES = st.sampled_from(yaml.safe_load((DATA / "pieces.yaml").read_text()))
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map(" ".join))


HOSTILE = {
    "one word": "fever ",
    "denials": "no fever, ",
    "digits": "1",
    "digits and dots": "1.",
    "digits and slashes": "12/",
    "commas": ",",
    "newlines": "\n",
    "brackets": "(",
    "question marks": "Any fever? ",
    "number words": "one hundred and ",
    "a hundred": "a hundred ",
    "relatives": "her mother had ",
    "triggers": "if no history of ",
    "slashes": "f/c/",
    "spaces": " ",
    "long word": "pneumonia",
    "units": "mg/dL ",
    "drugs": "lisinopril 10 mg daily ",
    "bullets": "- ",
    "colons": "PMH: ",
    "phrase words": "see physician two weeks primary care ",
    "hyphens": "54-year-",
    "sides": "left knee pain right ",
    "invisible": "\u200bfe\u00adver ",
    "no": "no ",
    "no known": "NKDA ",
    "signs": "+cough -rash (-) ",
    "dashes": "fever - cough - ",
    "list lines": "- no fever\n",
    "deep lists": "- " * 30 + "no fever, ",
    "open brackets": "no (fever [",
    "onsets": "cough for three days ago since ",
    "ages": "54M 12F ",
    "ions": "K+ Na+ ",
    "allergies": "penicillin allergy ",
    "results": "chest x-ray right lower lobe consolidation ",
    "courses": "improved antibiotics weaned room air ",
    "dates": "born 01/01/1950 admitted 02/30/2024 ",
    "emoji": "\U0001f912 fever \U0001f44d\U0001f3fd ",
    "combining": "fe\u0301ver\u0308 ",
    "right to left": "\u202efever\u202c \u05d0\u05d1 ",
    "wide": "\uff46\uff45\uff56\uff45\uff52\u3000",
    "dotted capital": "\u0130 ",
    "corrections": "no wait yes i mean no ",
    "semicolons": "denies fever; ",
}


def _assert_true_spans(text: str, ledger: Ledger, facts: tuple[Fact, ...]) -> None:
    assert [s.fact_id for s in ledger.facts] == [f.fact_id for f in facts]
    for status in ledger.facts:
        assert status.why
        assert all(0 <= s.start < s.end <= len(text) for s in status.spans)
        assert bool(status.spans) == (status.status != "missing")
    for item in (*ledger.off_spec, *ledger.entities):
        assert text[item.start : item.end] == item.text != ""
    ends = [(e.start, e.end) for e in ledger.entities]
    assert ends == sorted(ends)
    assert all(b[0] >= a[0] for a, b in pairwise(ends))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_gives_true_spans(text: str) -> None:
    _assert_true_spans(text, checker()(text, FACTS, None, ()), FACTS)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("DPCNI"), TEXTS), max_size=8))
def test_any_dialogue_gives_true_spans(said: list[tuple[str, str]]) -> None:
    text, turns = dialogue_of([f"{role}: {words}" for role, words in said])
    _assert_true_spans(text, checker()(text, FACTS, None, turns), FACTS)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(HOSTILE.values())), max_size=40).map("".join))
def test_any_mixture_of_hostile_pieces_gives_true_spans(text: str) -> None:
    ledger = checker()(text, FACTS, Demographics(54, "female"), ())
    _assert_true_spans(text, ledger, FACTS)
    for relation in ledger.relations:
        assert text[relation.start : relation.end] == relation.text != ""
        assert 0 <= relation.of_start < relation.of_end <= len(text)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_checking_twice_gives_the_same(text: str) -> None:
    assert checker()(text, FACTS, None, ()) == checker()(text, FACTS, None, ())


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    assert len(fold(text)) == len(text)
    tokens = tokenise(text)
    assert all(a < b <= len(text) for a, b in zip(tokens.starts, tokens.ends, strict=True))
    assert all(b <= a for b, a in zip(tokens.ends, tokens.starts[1:], strict=False))


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_time_is_linear_in_hostile_text(name: str) -> None:
    piece = HOSTILE[name]
    short, long = _seconds(piece, 20_000), _seconds(piece, 80_000)
    # Four times the text: a quadratic step would take sixteen times as long.
    assert long < 8 * short + 0.1, (short, long)


def _seconds(piece: str, length: int) -> float:
    return _best_seconds(piece * (length // len(piece)), ())


def _best_seconds(text: str, turns: Sequence[Turn]) -> float:
    """Least of three: a collection of all that other tests left behind costs half a second."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        checker()(text, FACTS, None, turns)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("name", ["question marks", "denials", "relatives", "digits"])
def test_time_is_linear_in_long_dialogues(name: str) -> None:
    def seconds(count: int) -> float:
        lines = ["D: " + HOSTILE[name] * 10, "P: No, " + HOSTILE[name] * 10] * count
        text, turns = dialogue_of(lines)
        return _best_seconds(text, turns)

    assert seconds(160) < 8 * seconds(40) + 0.1


def test_turns_need_not_cover_the_text() -> None:
    text = "Fever. No fever."
    ledger = checker()(text, FACTS[:1], None, (Turn("patient", "Fever.", 0, 6),))
    assert ledger.facts[0].status == "stated"


def test_empty_text_misses_every_fact() -> None:
    ledger = checker()("", FACTS, None, ())
    assert {s.status for s in ledger.facts} == {"missing"}
    assert not ledger.off_spec
    assert not ledger.entities
