# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Telephone and fax numbers, pagers and extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casewright.filters.phi.digit_windows import PUBLIC_BEFORE, before, digit_windows
from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate

__all__ = ["PHONE_CUE", "find_phones"]

_EXT = r"(?:\s{0,2}(?:x|ext\.?|extension)\s{0,2}\d{1,6})?"

PHONE_US = re.compile(
    r"(?<![\w.-])(?:\+?1[\s.-]{1,2}|\+1)?(?:\(\s?[2-9]\d{2}\s?\)[\s.-]{0,3}|[2-9]\d{2}\s?[./-]\s?|[2-9]\d{2} )"
    r"\d{3}\s?[\s.-]\s?\d{4}(?!\d|-\d)" + _EXT,
    re.I,
)

PHONE_US_SOLID = re.compile(r"(?<![\w.#-])\(?[2-9]\d{2}\)?\s?[2-9]\d{6}(?![\w-])")

PHONE_LOCAL = re.compile(r"(?<![\w.,/#-])(?:[2-9]\d{2})[-. ]\d{4}(?![\w/]|-\d|\.\d)" + _EXT, re.I)

PHONE_INTERNATIONAL = re.compile(
    r"(?<![\w+])(?:\+|00)(?:\s?\(?\d{1,4}\)?)(?:[\s.-]?\(?\d{1,5}\)?){2,5}(?![\d])" + _EXT, re.I
)

PHONE_UK = re.compile(
    r"(?<![\w.+-])(?:\(0[2378]\)[ ]?\d{4}[ ]?\d{4}|04\d{2}[ ]\d{3}[ ]\d{3})(?![\w])|"
    r"(?<![\w.+-])\(?0(?:1\d{2,4}|2\d{1,3}|3\d{2,3}|7\d{3}|8\d{2,3}|9\d{2,3})\)?[ \n-]?\d{3,4}[ \n-]?\d{3,4}(?![\w])"
)

# Digits with a letter word: spoken numbers of a dialogue ("five five five, oh one two three").
_DIGIT_WORD = "zero|oh|one|two|three|four|five|six|seven|eight|nine"

PHONE_SPOKEN = re.compile(
    rf"\b(?:{_DIGIT_WORD})(?:[\s,-]{{1,3}}(?:{_DIGIT_WORD}|double|triple|hundred)){{6,12}}\b", re.I
)

PHONE_CUE = re.compile(
    r"\b(?:phone|telephone|tel|cell|mobile|call|called|calling|contact|contacted|reach|reached|number|"
    r"pager|beeper|text|texted|landline|hotline|dial|extension|ext|ph|t|f|fax|facsimile|whatsapp|"
    r"sms|voicemail|office|clinic|switchboard|answering)\b\W{0,3}(?:\w{1,12}\W{1,3}){0,4}\Z",
    re.I,
)

FAX_CUE = re.compile(
    r"\b(?:fax|faxed|facsimile|fx|f)\b\W{0,3}(?:(?!phone|tel|cell|mobile)\w{1,12}\W{1,3}){0,4}\Z",
    re.I,
)

PAGER = re.compile(
    r"\b(?:pager|bleep|beeper|page|phone(?=\s\d-)|extension|extn?|ext|baton|bleeped|internal)\.?(?:\s(?:no\.?|number|is|on|#))?[\s:#]{1,3}(?P<n>\d-\d{4}|\d{3,6})(?![\w/%]|\.\d|-\d|\s?(?:mg|ml|units?))",
    re.I,
)

_SHAPES = (PHONE_US, PHONE_INTERNATIONAL, PHONE_UK, PHONE_US_SOLID, PHONE_LOCAL, PAGER)

_PHONE_GATE = Gate(lambda: _SHAPES)

_SPOKEN_GATE = Gate(lambda: (PHONE_SPOKEN,))


def find_phones(text: str) -> Iterator[Candidate]:
    """Candidates of types phone and fax."""
    for m in _SPOKEN_GATE.find(text)[0]:
        yield Candidate("phone", m.start(), m.end(), 0.7, "spoken digits")
    windows = digit_windows(text)
    if not windows:
        return
    numbers = dict(zip(_SHAPES, _PHONE_GATE.find(text, windows), strict=True))
    for m in numbers[PAGER]:
        yield Candidate("phone", m.start("n"), m.end("n"), 0.8, "pager or extension")
    for pattern, score in (
        (PHONE_US, 0.95),
        (PHONE_INTERNATIONAL, 0.9),
        (PHONE_UK, 0.85),
    ):
        for m in numbers[pattern]:
            digits = sum(c.isdigit() for c in m[0])
            if digits < 9 or PUBLIC_BEFORE.search(before(text, m.start(), 12)):
                continue
            fax = FAX_CUE.search(before(text, m.start()))
            yield Candidate(
                "fax" if fax else "phone", m.start(), m.end(), score, "telephone number"
            )
    for pattern in (PHONE_US_SOLID, PHONE_LOCAL):
        for m in numbers[pattern]:
            left = before(text, m.start())
            if PUBLIC_BEFORE.search(left[-12:]):
                continue
            cued = PHONE_CUE.search(left)
            # 555 is the exchange of made-up numbers; any other one needs a cue.
            if not cued and not (m[0].startswith("555") and pattern is PHONE_LOCAL):
                continue
            fax = FAX_CUE.search(left)
            yield Candidate(
                "fax" if fax else "phone", m.start(), m.end(), 0.85, "telephone number after a cue"
            )
