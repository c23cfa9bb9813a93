"""Slow patterns tried only where they can begin find what they find everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright.filters.phi import dates, names_in_place, places, structured
from casewright.filters.phi.gates import (
    Gate,
    first_letters,
    line_starts,
    matches,
    sentence_starts,
)


@pytest.mark.parametrize(
    ("expression", "letters"),
    [
        (r"\bmrn", {"mrn"}),
        (r"(?<![\w-])(?:medical\s+record|urn)", {"med", "urn"}),
        (r"\b(?:(?:health\s+)?plan|pts?\b)", {"hea", "pla", "pt", "pts"}),
        (r"(?<![\w/.-])(?:No\.?\s)?\d{1,6}", {"no", "no.", "0"}),
        (r"\b[Aa]ddress|\bADDRESS", {"add"}),
        (r"(?<!\w)#\d", {"#0"}),
        (r"\bx+y", {"x"}),
        # What may begin inside a word, with anything, or at the end of a word.
        ("mrn", None),
        (r"\b\w+ing", None),
        (r"\b[A-Z][a-z]+", None),
        (r"\b#\d", None),
        (r"\b(?:a|)", None),
        (r"(?<![.-])\d{3}", None),
    ],
)
def test_what_a_pattern_begins_with(expression: str, letters: set[str] | None) -> None:
    assert first_letters(re.compile(expression)) == letters


_PIECES = """
MRN mrn: Medical record no. 4471-22 patient ID Patient Re: Re RE a/c h&c 12345 12-34-5678 # +1
(614) 555-0142 555.0142 By: by Okafor, Amara John Smith Smith, her wife Ann, Hi Mary, Dear Mrs.
Good morning Jane, According to Tom, 14 Alder Way Apt 3 No. 7 Street Lives at Address: P.O. Box
Springfield, IL 62704 OH, New York 12/03/2024 2024-03-12 3rd March jan 12thJune 4th of July
Christmas Eve plan health plan member-id id. ID serial S/N x-12 Pt Pt. next of kin - Skip Strong
was denies on at near Main Street
"""
PIECES = tuple(_PIECES.split())

TEXTS = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from([" ", " ", "\n", ". ", ", ", "-", "/", ""])),
    max_size=30,
).map(lambda parts: "".join(a + b for a, b in parts))


def spans(found: Iterable[re.Match[str]]) -> list[tuple[int, int]]:
    return [m.span() for m in found]


def _numbers() -> Sequence[re.Pattern[str]]:
    return (*structured._NUMBERS, *structured._CUE_PATTERNS)


@given(TEXTS, st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=100, deadline=None)
def test_a_gate_finds_what_is_found_without_it(text: str, start: int, short: int) -> None:
    end = max(start, len(text) - short)
    for gate, patterns in (
        (structured._gate(), _numbers()),
        (dates._numeric_gate(), dates._NUMERIC),
        (places._gate(), [places._patterns()[name] for name in places._GATED]),
        (names_in_place._gate(), [p for _, p in names_in_place._patterns()]),
    ):
        found = gate.find(patterns, text, start, end)
        for pattern, own in zip(patterns, found, strict=True):
            assert spans(own) == spans(pattern.finditer(text, start, end)), pattern.pattern[:60]


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_what_begins_a_line_or_stands_near_a_sign_is_found_as_everywhere(text: str) -> None:
    patterns = dict(names_in_place._patterns())
    lines = line_starts(text)
    by = [m.start() for m in names_in_place._BEFORE_TURNED.finditer(text)]
    for name, starts in (
        ("label", lines),
        ("subject", sentence_starts(text)),
        ("turned", sorted({*lines, *by})),
    ):
        wanted = spans(patterns[name].finditer(text))
        assert spans(matches(patterns[name], text, starts)) == wanted, name
    city = places._patterns()["city_state"]
    assert spans(places._before_state(text, places._patterns())) == spans(city.finditer(text))
    assert spans(dates._months(text)) == spans(dates._MONTH_GATE.finditer(text))


def test_a_gate_tells_where_each_pattern_may_begin() -> None:
    patterns = [re.compile(rf"\b{p}") for p in ("(?:pts|chart)", "pt", "a/c", "c-re", r"\w+")]
    found = Gate(patterns).starts("Pts chart, apt a/c-reactive")
    assert found == [[0, 4], [0], [15], [17], None]
