"""Where a pattern can match at all: slow patterns are tried there only.

A pattern that begins with one of thirty words compares all of them at every word of a text. What
many patterns can begin with is read from the patterns themselves, and one pass over a text finds
the few places where one of them can begin. What is found is the same: every place where a pattern
could match is tried, in order. A pattern that may begin with anything is tried everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["Gate", "first_letters", "line_starts", "matches", "sentence_starts"]

_LETTERS = 3
_DIGIT = "0"  # stands for any digit
_MANY = 12  # a set of more characters than this says nothing


def first_letters(pattern: re.Pattern[str]) -> frozenset[str] | None:
    """What every match begins with: up to three characters in lower case, "0" for any digit.

    Returns:
        None if a match may begin with something else, or inside a word.
    """
    tree = list(parser.parse(pattern.pattern, pattern.flags))
    borders = _borders(tree)
    if not all(borders):
        return None
    closed, still_open = _extend({""}, tree)
    letters = frozenset(closed | still_open)
    # A border of words before a sign would be the end of a word.
    signs = "border" in borders and not all(s[:1].isalnum() for s in letters)
    return None if "" in letters or signs else letters


def _borders(tree: Sequence[Any]) -> set[str]:
    """How it is said that no match begins inside a word; "" where it is not."""
    if not tree:
        return {""}
    kind, value = tree[0]
    if kind is code.AT and value is code.AT_BOUNDARY:
        return {"border"}
    if kind is code.ASSERT_NOT:
        direction, inner = value
        unwanted = inner[0][1] if len(inner) == 1 and inner[0][0] is code.IN else []
        return {"no letter" * (direction < 0 and (code.CATEGORY, code.CATEGORY_WORD) in unwanted)}
    if kind is code.SUBPATTERN:
        return _borders(list(value[3]))
    if kind is code.BRANCH:
        return set().union(*(_borders(list(branch)) for branch in value[1]))
    return {""}


def _extend(starts: set[str], tree: Iterable[Any]) -> tuple[set[str], set[str]]:
    """Continue some starts by what a part of a pattern says: (complete, may be continued)."""
    closed: set[str] = set()
    for kind, value in tree:
        if kind in (code.AT, code.ASSERT, code.ASSERT_NOT):
            continue  # takes no character
        after: set[str] = set()
        if kind is code.LITERAL:
            after = {s + _plain(value) for s in starts}
        elif kind is code.IN and (characters := _characters(value)):
            after = {s + c for s in starts for c in characters}
        elif kind is code.SUBPATTERN:
            done, after = _extend(starts, value[3])
            closed |= done
        elif kind is code.BRANCH:
            for branch in value[1]:
                done, more = _extend(starts, branch)
                closed |= done
                after |= more
        elif kind in (code.MAX_REPEAT, code.MIN_REPEAT):
            least, most, inner = value
            done, once = _extend(starts, inner)
            closed |= done
            after = set(starts) if least == 0 else set()
            if most == 1:
                after |= once
            else:
                closed |= once  # it may be repeated: what follows is not known
        else:
            closed |= starts
        closed |= {s[:_LETTERS] for s in after if len(s) >= _LETTERS}
        starts = {s for s in after if len(s) < _LETTERS}
        if not starts:
            break
    return closed, starts


def _plain(character: int) -> str:
    letter = chr(character)
    return _DIGIT if letter.isdigit() else letter.lower()


def _characters(items: Sequence[Any]) -> set[str]:
    """The few characters of a set, in lower case; none of a large one."""
    found: set[str] = set()
    for kind, value in items:
        if kind is code.LITERAL:
            found.add(_plain(value))
        elif (kind, value) == (code.CATEGORY, code.CATEGORY_DIGIT):
            found.add(_DIGIT)
        elif kind is code.RANGE and value[1] - value[0] < _MANY:
            found |= {_plain(c) for c in range(value[0], value[1] + 1)}
        else:
            return set()
    return found if len(found) <= _MANY else set()


class Gate:
    """Finds where patterns can begin, by their first letters.

    Args:
        patterns: in the order in which `starts` tells of them.
    """

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        letters = [first_letters(pattern) for pattern in patterns]
        self._everywhere = [own is None for own in letters]
        every = frozenset[str]().union(*(own or () for own in letters))
        # "pt" stands for "pts", too.
        shortest = {w for w in every if not any(w[:n] in every for n in range(1, len(w)))}
        self._numbers = {
            start: [
                i for i, own in enumerate(letters) if any(w.startswith(start) for w in own or ())
            ]
            for start in shortest
        }
        by_letter: dict[str, list[str]] = {}
        for start in sorted(shortest):
            by_letter.setdefault(start[0], []).append(_escaped(start[1:]))
        either = "|".join(f"{_escaped(a)}(?:{'|'.join(b)})" for a, b in by_letter.items())
        # Nothing is taken: "c" after "a/" may begin another word.
        pattern = rf"(?<!\w)(?=({either}))" if either else r"(?!)"
        self._lower = re.compile(pattern)  # half the time of the other
        self._any_case = re.compile(pattern, re.I)

    def starts(self, text: str, start: int = 0, end: int | None = None) -> list[list[int] | None]:
        """For each pattern the places where it may begin, ascending; None for anywhere."""
        found: list[list[int]] = [[] for _ in self._everywhere]
        stop = len(text) if end is None else end
        first = max(start - 1, 0)  # one more, to see whether a word begins
        part = text[first:stop]
        # Of other letters some have a lower case of another length.
        pattern, part = (self._lower, part.lower()) if part.isascii() else (self._any_case, part)
        for match in pattern.finditer(part, start - first):
            key = _DIGITS.sub(_DIGIT, match[1].casefold())
            for number in self._numbers[key]:
                found[number].append(first + match.start())
        return [None if all_ else own for all_, own in zip(self._everywhere, found, strict=True)]

    def find(
        self, patterns: Sequence[re.Pattern[str]], text: str, start: int = 0, end: int | None = None
    ) -> list[Iterator[re.Match[str]]]:
        """`finditer` of each of the patterns that the gate was made of."""
        stop = len(text) if end is None else end
        return [
            pattern.finditer(text, start, stop)
            if own is None
            else matches(pattern, text, own, stop)
            for pattern, own in zip(patterns, self.starts(text, start, end), strict=True)
        ]


_DIGITS = re.compile(r"\d")


def _escaped(letters: str) -> str:
    return "".join(r"\d" if c == _DIGIT else re.escape(c) for c in letters)


def matches(
    pattern: re.Pattern[str], text: str, starts: Iterable[int], end: int | None = None
) -> Iterator[re.Match[str]]:
    """What `finditer` gives, where a match can begin at some places only, given in order."""
    stop = len(text) if end is None else end
    done = 0
    for start in starts:
        if start >= done and (match := pattern.match(text, start, stop)) is not None:
            done = match.end()
            yield match


_END = re.compile(r"[.!?\n]")


def line_starts(text: str) -> list[int]:
    """Where lines begin."""
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def sentence_starts(text: str) -> list[int]:
    """Where lines begin, and what stands a space after the end of a sentence or of a line."""
    starts = [0]
    for match in _END.finditer(text):
        at = match.end()
        if text[at - 1] == "\n":
            starts.append(at)
        if text[at : at + 1] == " ":
            starts.append(at + 1)
    return starts
