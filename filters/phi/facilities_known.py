# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Facilities that are known by name, or named for a saint."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casewright.filters.phi.facility_words import PREPOSITION, SOURCE, bare
from casewright.filters.phi.gates import matches
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import Lexicon, word_set

__all__ = ["known_by_name", "named_for_saints"]

# Known names that are words or surnames, too: only after a preposition.
_AMBIGUOUS = word_set(
    """
addenbrooke's addenbrookes rush providence ascension swedish christie elmhurst bellevue piedmont essentia emory barts
hammersmith chop methodist presbyterian duke vanderbilt columbia cornell yale georgetown tulane
tufts mercy unc ucl hca tenet sutter dignity banner baptist cedars carle sparrow grady sibley stanford
northwestern hopkins loyola beaumont sanford avera bwh msk shands madigan kaiser
"""
)


def named_for_saints(text: str, found: Iterator[re.Match[str]]) -> Iterator[Candidate]:
    """Candidates among matches of the pattern `saint`: "St. Brendan's Hospital"."""
    for m in found:
        after = text[m.end() : m.end() + 8].lower()
        if "wort" not in after and "fire" not in after:
            yield Candidate("facility", m.start(), m.end(), 0.85, "named for a saint")


def known_by_name(
    text: str, starts: list[int], known: re.Pattern[str], lex: Lexicon
) -> Iterator[Candidate]:
    """Candidates of the lists, where one of their words begins (`starts`)."""
    for m in matches(known, text, starts):
        follows = re.match(r"\W{0,2}([a-z]+)", text[m.end() : m.end() + 24])
        if follows and follows[1] in lex.heads:
            continue
        maker = m[0].lower() in _MAKERS and _MODEL.match(text, m.end()) is not None
        if maker or (m[0] == "CVS" and text[m.end() : m.end() + 1] == ":"):
            continue  # "Fresenius 5008", "CVS: HTN"
        if not m[0][0].isupper() and " " not in m[0]:
            continue
        words = m[0].split()
        if all(bare(w) in lex.common_words for w in words) and not m[0].istitle():
            continue  # "white stuff" is no shop
        if SOURCE.search(text, max(0, m.start() - 40), m.start()):
            continue
        if m[0] == "HCA" and _GIVEN.match(text, m.end()):
            continue  # a health care assistant
        if m[0].lower() in _AMBIGUOUS and not PREPOSITION.search(
            text, max(0, m.start() - 12), m.start()
        ):
            continue
        end = m.end()
        while (more := _MORE_OF_NAME.match(text, end)) is not None and (
            more[0].strip().lower() in lex.home_cities or not lex.is_word(more[1].lower())
        ):
            end = more.end()  # "Kaiser Permanente Elk Grove"
        yield Candidate("facility", m.start(), end, 0.85, "known hospital")


_MORE_OF_NAME = re.compile(
    r"[ ]([A-Z][a-z]{2,15})(?![\w'])(?:[ ](?:Grove|Hills?|Park|Valley|Beach|City|Springs|Falls|Heights|Creek|Bay|Rapids)\b)?"
)

_GIVEN = re.compile(r"[ ](?!Health|Hospital|Medical|Florida|Houston)[A-Z][a-z]+\b")

_MAKERS = ("fresenius", "boston scientific", "medtronic", "abbott", "baxter", "philips", "stryker")

# The model of a device of a firm that has clinics, too.
_MODEL = re.compile(
    r"[ ](?:\d|[A-Z]{1,3}\d|[A-Z][a-z]+[ ](?:DR|VR|SR|MRI|CRT|XT|XL)\b|(?:pump|pacemaker|ICD|stent|valve|lead|meter|sensor|machine|dialy[sz]er|generator|catheter|CPAP|device)\b)"
)
