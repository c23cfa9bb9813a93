# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Words of names of facilities: which make one a particular one, and what stands before."""

from __future__ import annotations

import re
from collections.abc import Iterable

from casewright.filters.phi.lexicon import Lexicon, word_set
from casewright.filters.phi.name_words import is_camel_case

__all__ = ["LANDSCAPE", "PREPOSITION", "SOURCE", "bare", "proper_words"]

PREPOSITION = re.compile(
    r"(?:\b(?:at|to|from|in|by|our|of|with|near|visited|via|through|behind|outside|per)|@)\s(?:the\s|our\s|old\s|a\s|an\s){0,2}\Z",
    re.I,
)


def bare(word: str) -> str:
    """The word in small letters, without what is around it and without a final 's."""
    return word.strip(".,'").lower().removesuffix("'s")


# Words of landscapes and of faith are words of names here, whatever they are elsewhere.
LANDSCAPE = word_set(
    """
river lake bay creek hill hills valley mountain ridge oak oaks pine pines cedar maple elm birch willow aspen spruce
spring springs stone bridge harbor harbour cove island ocean beach shore shores sun sunrise sunset moon star light rose
lily ivy meadow meadows garden prairie canyon mesa summit peak rock cliff forest woods grove park field fields brook
falls water waters coral pearl golden silver crystal blue green red white angel trinity cross grace mercy faith hope
shepherd eagle hawk falcon heron dove swan robin bear wolf deer fox horizon heritage liberty pioneer cornerstone
rivers lakes valleys bluffs brooks ridges peaks ponds pond orchard orchards lighthouse gateway crossroads evergreen magnolia juniper laurel hawthorn sage
"""
)


def proper_words(words: Iterable[str], lex: Lexicon, *, capitals: bool = False) -> list[str]:
    """Words of a facility's name that make it a particular one; `capitals`: all of it is in them."""
    proper = []
    for word in words:
        low = bare(word)
        if not low or not word[0].isupper():
            continue
        if low in lex.facility_generic or f"{low}'s" in lex.facility_generic:
            continue
        if low.rstrip("s") in lex.facility_generic or low in lex.placeholders:
            continue
        if (low in lex.medical or low in lex.brands or low in lex.not_names) and (
            low not in LANDSCAPE
        ):
            continue
        if low in lex.products and is_camel_case(word):
            continue  # "KerraMax Care"
        least = 2 if capitals and low not in lex.abbreviations else 5
        if word.isupper() and len(word) <= least and word not in lex.place_codes:
            continue
        proper.append(word)
    return proper


SOURCE = re.compile(
    r"\b(?:recommendations?|guidelines?|study|studies|research|data|according|published|trial|criteria|protocols?|website|advice|information)\s(?:from|by|to|at|of)\s(?:the\s)?\Z",
    re.I,
)
