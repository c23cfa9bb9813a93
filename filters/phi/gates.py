"""Where a pattern can match at all: slow patterns are tried there only.

A pattern that begins with one of thirty words compares all of them at every word of a text. How a
match can begin is read from the pattern itself, as far as it is one of a few thousand openings, and
one pass of an Aho-Corasick automaton over a text finds all of them for all patterns. What is found
is the same: every place where a pattern could match is tried, in order. A pattern that may begin
with anything is tried everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import ahocorasick

__all__ = ["Gate", "matches", "openings", "sentence_starts"]

# Characters of an opening at most. Shorter ones are tried where longer ones would be too many.
_LENGTHS = (10, 6, 4, 3, 2)
_SELDOM = 1e-4  # how often, by letters alone, an opening may stand in a text to look no further
_OFTEN = {" ": 0.15, "0": 0.03, "A": 0.04, "e": 0.1}  # of the characters of notes, roughly
_MOST = 1000  # openings by one part of a pattern: where there would be more, they end
_MOST_BRANCHES = 6 * _MOST

# In which form a text is looked at: every digit is "0", white space a space, what is outside of
# ASCII "a" or "?"; and the capitals are small letters (for patterns blind to case) or all "A".
_ASCII = [chr(i) for i in range(128)]
_BASE = {ord(c): "0" if c.isdigit() else " " if c.isspace() else c for c in _ASCII}
_SMALL = {**_BASE, **{ord(c): c.lower() for c in _ASCII if c.isupper()}}
_CAPITAL = {**_BASE, **{ord(c): "A" for c in _ASCII if c.isupper()}}


class _Form(dict[int, str]):
    """A table for `str.translate`, which learns the characters outside of ASCII as they come."""

    def __missing__(self, character: int) -> str:
        c = chr(character)
        self[character] = plain = (
            "0" if c.isdecimal() else "a" if c.isalnum() else " " if c.isspace() else "?"
        )
        return plain


_FORMS = (_Form(_CAPITAL), _Form(_SMALL))


@lru_cache(maxsize=1)
def _tree(pattern: re.Pattern[str]) -> list[Any]:
    return list(parser.parse(pattern.pattern, pattern.flags))


def openings(pattern: re.Pattern[str]) -> frozenset[str] | None:
    """What every match begins with, in one of the two forms; none begins with another.

    Returns:
        None if a match may begin with anything.
    """
    tree = _tree(pattern)
    form = _FORMS[bool(pattern.flags & re.I)]
    best, least = None, math.inf
    for length in _LENGTHS:
        closed, still_open = _extend({""}, tree, form, length)
        every = closed | still_open
        if "" in every:
            continue
        shortest = {w for w in every if not any(w[:n] in every for n in range(1, len(w)))}
        often = sum(math.prod(_OFTEN.get(c, 0.03) for c in w) for w in shortest)
        if often < least:
            best, least = frozenset(shortest), often
        if often < _SELDOM:
            break
    return best


def _begins_a_word(tree: Sequence[Any]) -> bool:
    """Whether no match begins inside a word."""
    if not tree:
        return False
    kind, value = tree[0]
    if kind is code.AT:
        return value is code.AT_BOUNDARY
    if kind is code.ASSERT_NOT:
        direction, inner = value
        unwanted = inner[0][1] if len(inner) == 1 and inner[0][0] is code.IN else []
        return direction < 0 and (code.CATEGORY, code.CATEGORY_WORD) in unwanted
    if kind is code.SUBPATTERN:
        return _begins_a_word(list(value[3]))
    if kind is code.BRANCH:
        return all(_begins_a_word(list(branch)) for branch in value[1])
    return False


def _extend(
    starts: set[str], tree: Iterable[Any], form: _Form, length: int
) -> tuple[set[str], set[str]]:
    """Continue some starts by what a part of a pattern says: (complete, may be continued)."""
    closed: set[str] = set()
    for kind, value in tree:
        if kind in (code.AT, code.ASSERT, code.ASSERT_NOT):
            continue  # takes no character
        try:
            done, after = _after(starts, kind, value, form, length)
        except _TooManyError:
            done, after = starts, set()
        closed |= done
        closed |= {s[:length] for s in after if len(s) >= length}
        starts = {s for s in after if len(s) < length}
        if not starts:
            break
    return closed, starts


class _TooManyError(Exception):
    pass


def _after(
    starts: set[str], kind: Any, value: Any, form: _Form, length: int
) -> tuple[set[str], set[str]]:
    """Continue some starts by one element of a pattern."""
    if kind is code.LITERAL:
        return set(), {s + form[value] for s in starts}
    if kind is code.IN and (characters := _characters(value, form)):
        if len(characters) * len(starts) > _MOST:
            raise _TooManyError
        return set(), {s + c for s in starts for c in characters}
    if kind is code.SUBPATTERN:
        if value[1] & re.I and form is _FORMS[0]:
            raise _TooManyError  # "(?i:...)": its letters are of the other form
        return _extend(starts, value[3], form, length)
    closed: set[str] = set()
    after: set[str] = set()
    if kind is code.BRANCH:
        for branch in value[1]:
            done, more = _extend(starts, branch, form, length)
            closed |= done
            after |= more
            if len(closed) + len(after) > max(_MOST_BRANCHES, len(starts)):
                raise _TooManyError
        return closed, after
    if kind not in (code.MAX_REPEAT, code.MIN_REPEAT):
        return starts, set()
    least, most, inner = value
    once = starts
    for count in range(min(int(most), length) + 1):
        if count:
            done, once = _extend(once, inner, form, length)
            closed |= done
        if count >= least:
            after |= once
        if len(closed) + len(after) > max(_MOST, len(starts)):
            raise _TooManyError
        if not once:
            return closed, after
    return (closed | once if int(most) > length else closed), after


def _characters(items: Sequence[Any], form: _Form) -> set[str]:
    """The characters of a set in a form; none where it names those that are not in it."""
    found: set[str] = set()
    for kind, value in items:
        if kind is code.LITERAL:
            found.add(form[value])
        elif kind is code.RANGE and value[1] < len(_ASCII):
            found |= {form[c] for c in range(value[0], value[1] + 1)}
        elif (kind, value) == (code.CATEGORY, code.CATEGORY_DIGIT):
            found.add("0")
        elif (kind, value) == (code.CATEGORY, code.CATEGORY_SPACE):
            found.add(" ")
        elif (kind, value) == (code.CATEGORY, code.CATEGORY_WORD):
            found |= {form[ord(c)] for c in _ASCII if c.isalnum() or c == "_"}
        else:
            return set()
    return found


class Gate:
    """Finds patterns where they can begin, by how their matches open.

    All gates share one pass over a text, which is made once and kept until the next text.

    Args:
        patterns: makes the patterns, in the order in which `find` tells of them; called when the
            first text is looked at.
    """

    def __init__(self, patterns: Callable[[], Sequence[re.Pattern[str]]]) -> None:
        self._make = patterns
        self.everywhere: list[int] = []  # numbers of the patterns that may begin with anything
        _GATES.append(self)
        _automata.cache_clear()

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """What is looked for."""
        return tuple(self._make())

    def starts(self, text: str) -> list[list[int] | None]:
        """For each pattern the places where it may begin, ascending; None for anywhere."""
        opened = _opened(text).get(self, {})
        return [
            None if number in self.everywhere else opened.get(number, [])
            for number in range(len(self.patterns))
        ]

    def find(
        self, text: str, windows: Sequence[tuple[int, int]] | None = None
    ) -> list[Iterator[re.Match[str]]]:
        """`finditer` of each of the patterns, in some stretches of the text if they are given.

        Args:
            windows: disjoint and ascending; no match reaches out of one.
        """
        opened = _opened(text).get(self)
        found: list[Iterator[re.Match[str]]] = [_NOTHING] * len(self.patterns)
        for number in self.everywhere:
            found[number] = _everywhere(self.patterns[number], text, windows)
        for number, starts in opened.items() if opened else ():
            found[number] = matches(self.patterns[number], text, starts, windows)
        return found


_GATES: list[Gate] = []
_NOTHING: Iterator[re.Match[str]] = iter(())


@lru_cache(maxsize=1)
def _automata() -> tuple[Any, Any]:
    """The openings of all patterns of all gates, of either form.

    Each tells how far back it began and whose it is: of patterns that may begin anywhere, and of
    those that begin a word.
    """
    keys: tuple[dict[str, tuple[list[Any], list[Any]]], ...] = ({}, {})
    for gate in _GATES:
        gate.everywhere.clear()
        for number, pattern in enumerate(gate.patterns):
            opening = openings(pattern)
            if opening is None:
                gate.everywhere.append(number)
                continue
            bordered = _begins_a_word(_tree(pattern))
            own = keys[bool(pattern.flags & re.I)]
            for key in opening:
                # A border of words before a sign is the end of a word.
                word = bordered and (key[0].isalnum() or key[0] == "_")
                own.setdefault(key, ([], []))[word].append((gate, number))
    automata = []
    for own in keys:
        automaton = ahocorasick.Automaton()
        for key, (inside, of_words) in own.items():
            automaton.add_word(key, (len(key) - 1, tuple(inside), tuple(of_words)))
        automaton.make_automaton()
        automata.append(automaton)
    return automata[0], automata[1]


@lru_cache(maxsize=1)
def _opened(text: str) -> dict[Gate, dict[int, list[int]]]:
    """Where each pattern may begin, by its gate and number, ascending; where none, it is not in."""
    places: dict[tuple[Gate, int], list[int]] = {}
    for automaton, form in zip(_automata(), _FORMS, strict=True):
        if not len(automaton):
            continue
        for end, (back, inside, word) in automaton.iter(text.translate(form)):
            start = end - back
            for rule in inside:
                places.setdefault(rule, []).append(start)
            if word and not (start and ((before := text[start - 1]).isalnum() or before == "_")):
                for rule in word:
                    places.setdefault(rule, []).append(start)
    found: dict[Gate, dict[int, list[int]]] = {}
    for (gate, number), own in places.items():
        # They come in the order in which openings end, which are of several lengths.
        found.setdefault(gate, {})[number] = sorted(set(own)) if len(own) > 1 else own
    return found


def _everywhere(
    pattern: re.Pattern[str], text: str, windows: Sequence[tuple[int, int]] | None
) -> Iterator[re.Match[str]]:
    for start, end in ((0, len(text)),) if windows is None else windows:
        yield from pattern.finditer(text, start, end)


def matches(
    pattern: re.Pattern[str],
    text: str,
    starts: Iterable[int],
    windows: Sequence[tuple[int, int]] | None = None,
) -> Iterator[re.Match[str]]:
    """What `finditer` gives, where a match can begin at some places only, given in order."""
    done = 0
    stop = len(text)
    following = iter(windows) if windows is not None else iter(())
    first, stop = next(following, (stop, stop)) if windows is not None else (0, stop)
    for start in starts:
        while start >= stop and (window := next(following, None)) is not None:
            first, stop = window
        if first <= start < stop and start >= done:
            match = pattern.match(text, start, stop)
            if match is not None:
                done = match.end()
                yield match


_END = re.compile(r"[.!?\n]")


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
