"""How alike two titles are: what a code says beyond another one."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["about", "says_more", "says_the_same", "subject_words"]

_FILLER_WORDS = """
    unspecified other of the in and or with without to by for not elsewhere classified initial
    encounter closed due a an specified right left bilateral unilateral side part site organism
    single uncomplicated complications complication mention
"""
_FILLER = frozenset(_FILLER_WORDS.split())

_GENERIC_WORDS = """
    acute and bacterial behavior benign by cell cells cause causes certain chronic classified
    complication complications condition conditions congenital defects deficiency diseases disease
    disorder disorders due elsewhere encounter entry external following for forms from hematoma
    hemorrhage in infection infections infectious initial injuries injury intraoperative involving
    left malignant neoplasm neoplasms not of on or organ organs origin other part parts
    postprocedural primary problems procedure procedures related right secondary seroma site sites
    specified state states structure symptoms syndrome syndromes system the to type types uncertain
    unspecified viral with without
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())


# "Of right hand, unspecified site" and "of unspecified part of lower limb" name no place more
# closely than their category does: such a title speaks for its neighbours.
_NO_SITE = (
    re.compile(r"\bof (?:right |left |unspecified )?[a-z]+(?: [a-z]+){0,2}, unspecified site\b"),
    re.compile(
        r"\bof unspecified (?:site|part)s? of (?:the )?(?:right |left |unspecified )?"
        r"(?:upper |lower )?(?:limb|arm|leg|extremity|head|face|trunk|thorax|abdomen|shoulder"
        r"(?: and upper limb)?)\b(?:, except [a-z ,]+)?"
    ),
)


@cache
def subject_words(title: str) -> frozenset[str]:
    """The words of a title but those of the classification, of sides and of encounters.

    What the title says to be absent is marked: "without symptoms" gives "no-symptoms".
    """
    found = set()
    absent = False
    text = title.lower()
    for pattern in _NO_SITE:
        text = pattern.sub(" ", text)
    for word in re.findall(r"[a-z]+[0-9]*|[0-9]+|,", text):
        if word == "without":
            absent = True
        elif word in (",", "with"):
            absent = False
        elif word not in _FILLER:
            found.add(f"no-{word}" if absent else word)
    return frozenset(found)


@cache
def about(title: str) -> frozenset[str]:
    """Stems of the words that say what a title is about, general words of medicine left out."""
    words = re.findall(r"[a-z]{3,}", title.lower())
    return frozenset(word[:6] for word in words if word not in _GENERIC)


def says_the_same(title: str, other: str) -> bool:
    """Whether two titles differ in side, encounter or "unspecified" at most."""
    return subject_words(title) == subject_words(other)


def says_more(title: str, other: str) -> bool:
    """Whether a title says all that another says, and something more: a kind of it."""
    said = frozenset(word for word in subject_words(other) if not word.startswith("no-"))
    return subject_words(title) > said
