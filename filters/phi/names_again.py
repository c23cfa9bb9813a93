"""Names that stand elsewhere in the text without anything that announces them.

"OKAFOR is 93 years old" says nothing by itself; after "Ms. Okafor was admitted" it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.name_words import PARTICLES, kind_of

__all__ = ["named_again"]

_SURE = 0.6
_WORD = re.compile(r"[A-Z][A-Za-z'-]{2,30}")
_ACTS = re.compile(
    r"[ ](?:is|was|has|had|will|does|did|can|says|said|reports|denies|remains|appears|agrees|"
    r"and[ ](?:her|his))\b|'s[ ]"
)
_SMALL = re.compile(r"(?<![\w'-])[a-z][a-z'-]{2,30}")
_CAPITAL = re.compile(r"(?<![\w'-])[A-Z][A-Za-z'-]{2,30}")


def named_again(text: str, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Further places of the names found, in capitals or not; none of a word of the language."""
    names: set[str] = set()
    given: set[str] = set()
    small: set[str] = set()
    for found in candidates:
        if found.type != "name" or found.score < _SURE:
            continue
        for match in _SMALL.finditer(text, found.start, found.end):
            kind = kind_of(match[0])
            named = kind.given or kind.family > 1 or found.why == "after a title"
            if named and not kind.word and not kind.eponym and match[0] not in PARTICLES:
                small.add(match[0])  # "kasia" of a ward list
        for match in _WORD.finditer(text, found.start, found.end):
            name = match[0].removesuffix("'s")
            kind = kind_of(name)
            if kind.word < 2 and not kind.eponym and name.lower() not in PARTICLES:
                names.add(name.lower())
            elif kind.given == 2 and " " in text[found.start : found.end] and kind.word < 4:
                given.add(name)  # "Grace" after "Grace Adomako", where it acts
    for match in _SMALL.finditer(text) if small else ():
        if match[0] in small:
            yield Candidate("name", match.start(), match.end(), 0.55, "named before")
    if not names and not given:
        return
    for match in _CAPITAL.finditer(text):
        name = match[0].removesuffix("'s")
        before = name.lower() in names and (len(name) > 3 or not name.isupper())
        if before or (name in given and _ACTS.match(text, match.end())):
            yield Candidate("name", match.start(), match.start() + len(name), 0.55, "named before")
