"""Plus and minus signs as shorthand: "+cough, -rash", "dysuria (-)", "(+) nausea"."""

from __future__ import annotations

from collections.abc import Iterator

from casewright.filters.ledger.normalise import Tokens
from casewright.filters.ledger.scopes import Scope
from casewright.filters.ledger.structure import Sentence

__all__ = ["sign_scopes"]

_ENDS = frozenset({",", ";", ".", "and", "or", "(", ")", "+", "-", "\n"})


def sign_scopes(tokens: Tokens, sentence: Sentence) -> Iterator[Scope]:
    """What a minus sign denies, in a sentence that uses signs for present and absent.

    A hyphen is no sign: one counts in brackets, or beside a plus sign with a space on the
    one side and a word on the other.
    """
    words = tokens.words
    first, last = sentence.body, sentence.last
    minus = [i for i in range(first, last + 1) if words[i] == "-"]
    if not minus:
        return
    plus = any(words[i] == "+" for i in range(first, last + 1))
    for i in minus:
        bracketed = first < i < last and words[i - 1] == "(" and words[i + 1] == ")"
        if not (bracketed or (plus and _stands_alone(tokens, i, first, last))):
            continue
        begin, end = (i - 1, i + 1) if bracketed else (i, i)
        if end < last and words[end + 1] not in _ENDS:
            stop = end + 1
            while stop < last and words[stop + 1] not in _ENDS:
                stop += 1
            yield Scope(end + 1, stop, "negated", "-")
        elif begin > first:
            start = begin - 1
            while start > first and words[start - 1] not in _ENDS:
                start -= 1
            yield Scope(start, begin - 1, "negated", "-", backward=True)


def _stands_alone(tokens: Tokens, i: int, first: int, last: int) -> bool:
    """A space or separator before it, or after it, but not letters on both sides."""
    joined_left = i > first and tokens.ends[i - 1] == tokens.starts[i]
    joined_right = i < last and tokens.ends[i] == tokens.starts[i + 1]
    if joined_left and tokens.words[i - 1][0].isalnum():
        return not joined_right
    return True
