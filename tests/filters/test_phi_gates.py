"""Slow patterns tried only where they can begin find what they find everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright.filters.phi import gates, names_in_place, online, towns
from casewright.filters.phi.gates import Gate, matches, openings, sentence_starts


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"\bmrn", {"mrn"}),
        (r"(?<![\w-])(?:medical\s+record|urn)", {"medical re", "medical  r", "medical   ", "urn"}),
        (r"\b(?:(?:health )?plan|pts?\b)", {"health pla", "plan", "pt"}),
        (r"(?<![\w/.-])(?:No\.?\s)?\d{1,6}", {"0", "Ao 0", "Ao. 0"}),
        (r"\b[Aa]ddress|\bADDRESS", {"address", "Address", "AAAAAAA"}),
        (r"(?<!\w)#[0-9]", {"#0"}),
        (r"\bx+y", {"x" * n + "y" for n in range(1, 10)} | {"x" * 10}),
        (r"\b[A-Z][a-z]?,", {f"A{c}," for c in ("", *map(chr, range(97, 123)))}),
        (r"\bé\W", {"a"}),
        (r"\b.ing", None),
        (r"\b(?:a|)", None),
    ],
)
def test_what_a_pattern_begins_with(expression: str, expected: set[str] | None) -> None:
    assert openings(re.compile(expression)) == expected


def test_where_a_match_goes_on_in_too_many_ways_its_opening_ends() -> None:
    found = openings(re.compile(r"\bto \w+ing"))
    assert found is not None
    assert len(found) < 10_000
    assert all(any(f"to {word}ing"[: len(w)] == w for w in found) for word in ("go", "gather", "y"))


def test_an_opening_ends_where_a_part_is_blind_to_case() -> None:
    assert openings(re.compile(r"\bat (?i:seven|nine) (?:Elm|Oak)")) == {"at "}


def test_what_is_blind_to_case_is_told_in_small_letters() -> None:
    assert openings(re.compile(r"\bMRN \d", re.I)) == {"mrn 0"}


_PIECES = """
MRN mrn: Medical record no. 4471-22 patient ID Patient Re: Re RE a/c h&c 12345 12-34-5678 # +1
(614) 555-0142 555.0142 By: by Okafor, Amara John Smith Smith, her wife Ann, Hi Mary, Dear Mrs.
Good morning Jane, According to Tom, 14 Alder Way Apt 3 No. 7 Street Lives at Address: P.O. Box
Springfield, IL 62704 OH, New York 12/03/2024 2024-03-12 3rd March jan 12thJune 4th of July
Christmas Eve plan health plan member-id id. ID serial S/N x-12 Pt Pt. next of kin - Skip Strong
was denies on at near Main Street aged 94 ninety Mr. Dr her his husband Typed by: GL signed ~ MD RN
discussed with john smith is a 43 year old worked for Acme Ltd seen at Cedar Crest St. Mary's
HMP x.com nhs.uk 10:20:ab AB12 CDE plate: five six seven oh one two three nine the corner of Elm Ave
and Oak St by Smith, T. Hometown: University of Tarrant County
"""
PIECES = tuple(_PIECES.split())

TEXTS = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from([" ", " ", "\n", ". ", ", ", "-", "/", ""])),
    max_size=30,
).map(lambda parts: "".join(a + b for a, b in parts))


def spans(found: Iterable[re.Match[str]]) -> list[tuple[int, int]]:
    return [m.span() for m in found]


def _stretches(text: str, at: Sequence[int]) -> list[tuple[int, int]]:
    """Disjoint stretches between every two of some places of a text."""
    places = sorted({min(place, len(text)) for place in at})
    return list(zip(places[::2], places[1::2], strict=False))


@given(TEXTS, st.lists(st.integers(0, 200), max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_gate_finds_what_is_found_without_it(text: str, at: list[int]) -> None:
    windows = _stretches(text, at)
    for gate in gates._GATES:
        for pattern, own in zip(gate.patterns, gate.find(text), strict=True):
            assert spans(own) == spans(pattern.finditer(text)), pattern.pattern[:60]
        for pattern, own in zip(gate.patterns, gate.find(text, windows), strict=True):
            wanted = [
                s for start, end in windows for s in spans(pattern.finditer(text, start, end))
            ]
            assert spans(own) == wanted, pattern.pattern[:60]


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_what_begins_a_sentence_or_stands_near_a_sign_is_found_as_everywhere(text: str) -> None:
    patterns = names_in_place._patterns()
    for name, starts in (
        ("subject", sentence_starts(text)),
        ("turned", names_in_place._before_turned(text)),
    ):
        assert spans(matches(patterns[name], text, starts)) == spans(
            patterns[name].finditer(text)
        ), name
    p = towns.town_patterns()
    states = p["state"].finditer(text)
    assert spans(towns._before_state(text, states, p)) == spans(p["city_state"].finditer(text))
    assert spans(online._domains(text)) == spans(online.BARE_DOMAIN.finditer(text))


def test_a_gate_tells_where_each_pattern_may_begin() -> None:
    patterns = [re.compile(rf"\b{p}") for p in ("(?:pts|chart)", "pt", "a/c", "c-re", ".+", "x")]
    patterns.append(re.compile("rea"))
    gate = Gate(lambda: patterns)
    try:
        text = "pts chart, apt a/c-reactive chart"
        assert gate.starts(text) == [[0, 4, 28], [0], [15], [17], None, [], [19]]
        assert [spans(own) for own in gate.find("")] == [[]] * 7
    finally:
        gates._GATES.remove(gate)
        gates._automata.cache_clear()
        gates._opened.cache_clear()


def test_letters_of_other_scripts_count_as_letters() -> None:
    for pattern in (r"\b\w\w-\d", r"(?<!\w)no\W", r"\bMRN\s\d"):
        gate = Gate(lambda pattern=pattern: [re.compile(pattern), re.compile(pattern, re.I)])
        try:
            for text in ("漢字-4 no。 MRN\u20034", "xxno no", "é no 漢no mrn\u00a09", "٣٤-٥ 9x-1"):
                for own, compiled in zip(gate.find(text), gate.patterns, strict=True):
                    assert spans(own) == spans(compiled.finditer(text)), (pattern, text)
        finally:
            gates._GATES.remove(gate)
            gates._automata.cache_clear()
            gates._opened.cache_clear()
