"""Names that are written to get past a filter: "A m a r a  O k a f o r", "0kaf0r", "M4ria".

Letters with a space or a sign between each are read together; digits and signs that look like
letters are read as them. Only a name that the lexicons have, and that is no word of the language,
counts: "S O A P", "H1N1" and "CA125" are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.name_words import Kind, kind_of

__all__ = ["find_disguised_names"]

# Single letters with the same sign between them, such runs with more space between.
_APART = re.compile(
    r"(?<![^\W_])[A-Za-z](?P<s>[ ._*|-])[A-Za-z](?:(?P=s)[A-Za-z]){1,30}(?![^\W_])"
    r"(?:[ ]{1,4}[A-Za-z](?P=s)[A-Za-z](?:(?P=s)[A-Za-z]){1,30}(?![^\W_])){0,3}"
)
_SINGLE = re.compile(r"[A-Za-z]")
_LEAST = 4  # letters of a name that is read out of what is not one

_LOOKS = str.maketrans("013457@$!", "oieastasi")
_LIKE_L = str.maketrans("1!", "ll")
_MIXED = re.compile(
    r"(?<![\w@$.#/:+-])(?=[\w@$!]{0,20}[a-z])[A-Za-z013457@$](?:[A-Za-z013457@$]|!(?=[a-z])){3,23}(?![\w@$])"
)
_DISGUISED = re.compile(r"[A-Za-z][013457@$]|[013457@$!][A-Za-z]")
_SOME_APART = re.compile(r"[A-Za-z][ ._*|-][A-Za-z][ ._*|-][A-Za-z](?![A-Za-z])")


def find_disguised_names(text: str) -> Iterator[Candidate]:
    """Candidates of type `name`."""
    for apart in _APART.finditer(text) if _SOME_APART.search(text) else ():
        yield from _read_together(apart)
    done = 0
    for sign in _DISGUISED.finditer(text):
        if sign.start() < done:
            continue
        start = sign.start()
        while start > 0 and text[start - 1].isalnum() and sign.start() - start < _WIDTH:
            start -= 1
        m = _MIXED.match(text, start)
        done = sign.end()
        if m is not None:
            done = m.end()
            if _is_name(m[0]):
                yield Candidate("name", m.start(), m.end(), 0.6, "name with digits for letters")


_WIDTH = 24


def _known(kind: Kind) -> bool:
    """Whether the lexicons have a name: a common one may be a word, since it hides."""
    if kind.word == 4:
        return False
    if not kind.word and not kind.eponym:
        return kind.given > 0 or kind.family >= 2
    return kind.given == 2 or kind.family == 3


def _read_together(m: re.Match[str]) -> Iterator[Candidate]:
    """The names among letters that stand apart, divided by wider spaces or by capitals."""
    letters = [(found.start(), found[0]) for found in _SINGLE.finditer(m[0])]
    words: list[list[tuple[int, str]]] = [[]]
    mixed = not m[0].isupper()
    for (place, letter), before in zip(letters, [(-2, ""), *letters], strict=False):
        if before[1] and (place - before[0] > 2 or (mixed and letter.isupper())):
            words.append([])
        words[-1].append((place, letter))
    kinds = [kind_of("".join(c for _, c in word)) for word in words]
    names = [w for w, k in zip(words, kinds, strict=True) if len(w) >= _LEAST and _known(k)]
    if not mixed and len(names) < 2:
        # "L I M A" and the like: letters that are short for something
        names = [
            w
            for w, k in zip(words, kinds, strict=True)
            if len(w) >= _LEAST and k.given == 2 and not k.word
        ] or _divided(words)
    if names:
        start, end = m.start() + names[0][0][0], m.start() + names[-1][-1][0] + 1
        yield Candidate("name", start, end, 0.7, "letters of a name, apart")


def _divided(words: list[list[tuple[int, str]]]) -> list[list[tuple[int, str]]]:
    """Capitals apart that are a given and a family name: "J O H N S M I T H"."""
    for word in words:
        letters = "".join(c for _, c in word)
        for cut in range(3, len(letters) - 2):
            given, family = kind_of(letters[:cut]), kind_of(letters[cut:])
            if given.given == 2 and family.family >= 2:
                return [word]
    return []


def _is_name(written: str) -> bool:
    """Whether a word with digits among its letters is a name that is written so."""
    letters = sum(c.isalpha() for c in written)
    if letters < 3 or letters * 2 < len(written) or not (written[0].isupper() or written.islower()):
        return False
    if sum(c.isupper() for c in written) > 1:
        return False
    return any(
        _known(kind_of(plain.capitalize()))
        for plain in {written.translate(_LOOKS), written.translate(_LIKE_L).translate(_LOOKS)}
        if plain.isalpha()
    )
