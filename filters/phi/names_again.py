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
_CAPITAL = re.compile(r"(?<![\w'-])[A-Z][A-Za-z'-]{2,30}")


def named_again(text: str, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Further places of the names found, in capitals or not; none of a word of the language."""
    names: set[str] = set()
    for found in candidates:
        if found.type != "name" or found.score < _SURE:
            continue
        for match in _WORD.finditer(text, found.start, found.end):
            name = match[0].removesuffix("'s")
            kind = kind_of(name)
            if kind.word < 2 and not kind.eponym and name.lower() not in PARTICLES:
                names.add(name.lower())
    if not names:
        return
    for match in _CAPITAL.finditer(text):
        name = match[0].removesuffix("'s")
        if name.lower() in names and (len(name) > 3 or not name.isupper()):
            yield Candidate("name", match.start(), match.start() + len(name), 0.55, "named before")
