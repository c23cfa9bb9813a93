# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Names without a capital, as transcripts have them, initials of typists, and fields of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import load_lexicon
from casewright.filters.phi.name_words import NO_NAME, PARTICLES, WORD, kind_of

__all__ = ["find_small_names"]

_GREETING = r"hi|hello|hey|dear|thanks|thank you|bye|goodbye|welcome|good morning|good afternoon|alright|okay|all right"

_LOWER = re.compile(
    rf"\b(?:(?P<g>{_GREETING})|my name is|name is|named|this is|is it|go by|goes by|calls? (?:me|him|her)|i'm|call me|(?P<k>(?:my|her|his|your|their) )?(?:son|daughter|"
    r"wife|husband|brother|sister|partner|friend),?)[\s,]{1,3}(?P<n>[a-z][a-z'-]{2,20})(?P<a>,|\.|\s(?:how|nice|good|what|i'm|it's|thanks|so|can|let's|let|drove|came|said|is|was|told|and|or|who|here|will))?(?![\w-])"
)

_AGED = r"is\s(?:an?|the)\s\d{1,2}[\s-]year"

_LOWER_WORDS = r"(?P<n>[a-z][a-z'-]{1,20}(?:\s[a-z][a-z'-]{1,20}){1,2})"

_LOWER_MET = re.compile(
    r"\b(?:(?:discussed|spoke|spoken|seen|met|reviewed|talked|accompanied|referred)\s(?:with|to|by)|(?:next\s)?patient(?:'s\sname)?\sis|dictating\s(?:on|for)|(?:note|letter|report|summary)\s(?:on|for|regarding)|name\sis)\s"
    rf"{_LOWER_WORDS}\s(?:{_AGED}|(?:from|in|at|today|about|regarding|on|new\sparagraph|comma|period|full\sstop|date\sof\sbirth|medical\srecord|mrn)\b)"
)

_LOWER_FULL = re.compile(rf"\b(?:(?:so|and|okay|hi|hey|meet|is|with)\s)?{_LOWER_WORDS}\s{_AGED}")

_LOWER_AGE = re.compile(rf"\b(?P<n>[a-z]{{3,16}})\s{_AGED}")

_IS_AGED = re.compile(rf"\b{_AGED}")

_AGED_WIDTH = 72  # of three words and what may stand before them


def find_small_names(text: str) -> Iterator[Candidate]:
    """Names without a capital, as transcripts have them, where one is addressed or introduced."""
    addressed, met, aged, typed = _GATE.find(text)
    for m in addressed:
        kind = kind_of(m["n"])
        heard = m["g"] is not None or m["k"] is not None
        known = kind.given and kind.word <= (1 if kind.given == 2 else 0)
        if m["g"] in ("alright", "okay", "all right"):
            known = known and m["a"] is not None
        word = heard and kind.given == 2 and kind.word <= 3 and m["a"] is not None
        if known or word or (heard and kind.unknown and len(m["n"]) > 4 and m["a"] is not None):
            yield Candidate("name", m.start("n"), m.end("n"), 0.65, "given name, addressed")
    for m in met:
        yield from _introduced(text, m, aged=" is " in m[0][m.end("n") - m.start() :])
    for place in aged:
        first = max(0, place.start() - _AGED_WIDTH)
        for m in _LOWER_AGE.finditer(text, first, place.end()):
            kind = kind_of(m["n"])
            if kind.given and kind.word <= (1 if kind.given == 2 else 0):
                yield Candidate("name", m.start("n"), m.end("n"), 0.65, "given name, introduced")
        for m in _LOWER_FULL.finditer(text, first, place.end()):
            yield from _introduced(text, m, aged=True)
    yield from _initials_and_codes(text, typed)


def _introduced(text: str, m: re.Match[str], *, aged: bool) -> Iterator[Candidate]:
    """A full name without capitals: the words that can be none are what stands before it."""
    words = [w for w in m["n"].split() if w not in PARTICLES]
    start = m.start("n")
    while words and (kind_of(words[0]).word == 4 or words[0] in NO_NAME):
        start = text.index(words[0], start) + len(words.pop(0)) + 1
    kinds = [kind_of(w) for w in words]
    if len(kinds) < 2:
        return
    plain = all(not k.word for k in kinds) and any(k.given or k.family for k in kinds)
    common = kinds[0].given == 2 and kinds[-1].family == 3 and aged
    if plain or common or (kinds[0].given and not kinds[0].word and kinds[-1].family and aged):
        yield Candidate("name", start, m.end("n"), 0.65, "full name, introduced")


_TYPED = re.compile(
    r"\b(?:typed|transcribed|dictated|initials?|signed|t|d|typist)(?:(?:\sby)?[ ]?:[ ]{0,3}|\sby[ ])(?P<n>[A-Z]-[A-Z](?:-[A-Z])?|[A-Z]{2,3}(?:[/:][A-Za-z]{2,3})?|(?:[A-Z]\.){2,3})(?![\w./-])",
    re.I,
)

_CODED = re.compile(rf"(?<=[|^])(?P<n>(?:{WORD})\^(?:{WORD})(?:\^(?:{WORD}|[A-Z]))?)(?=[|^\n]|\Z)")

_GATE = Gate(lambda: (_LOWER, _LOWER_MET, _IS_AGED, _TYPED))


def _initials_and_codes(text: str, typed: Iterator[re.Match[str]]) -> Iterator[Candidate]:
    """Who typed it ("Typed by: GL") and names in messages between systems ("Okafor^Amara")."""
    for m in typed:
        short = m["n"].lower() in load_lexicon().abbreviations
        if (
            m["n"].replace(".", "")[:2].isupper()
            and m["n"] not in load_lexicon().credentials
            and not short
        ):
            yield Candidate("name", m.start("n"), m.end("n"), 0.55, "initials of a typist")
    if "^" in text:
        for m in _CODED.finditer(text):
            yield Candidate("name", m.start("n"), m.end("n"), 0.8, "name in a message's field")
