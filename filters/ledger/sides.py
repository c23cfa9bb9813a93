"""Left, right or both: what is said of a mention."""

from __future__ import annotations

from typing import Literal

from casewright.filters.ledger.reading import Mention, Reading

__all__ = ["side_near"]

Side = Literal["left", "right", "both"]
_BEFORE, _AFTER = 3, 6
_BOTH = frozenset({"bilateral", "bilaterally", "both"})
_BREAKS = frozenset({",", ".", ";", ":", "and", "or", "but", "with", "(", "\n"})
_LINKS = frozenset({"in", "on", "of", "to", "at", "over", "along", "down", "side", "sided"})
# "right" is often no side.
_NOT_SIDE_AFTER = frozenset({"now", "away", "after", "before", "here", "there", "on", "when", "?"})


def side_near(reading: Reading, mention: Mention) -> Side | None:
    """The side named within, directly before, or in a phrase after the mention."""
    words = reading.tokens.words
    sentence = reading.sentences[mention.sentence]
    inside = _pick(words, mention.first, mention.last)
    if inside is not None:
        return inside
    start = mention.first
    while (
        start > sentence.first
        and mention.first - start < _BEFORE
        and words[start - 1] not in _BREAKS
    ):
        start -= 1
    before = _pick(words, start, mention.first - 1)
    if before is not None:
        return before
    end = mention.last
    while end < sentence.last and end - mention.last < _AFTER and words[end + 1] not in _BREAKS:
        end += 1
    tail = words[mention.last + 1 : end + 1]
    if reading.rules.language.sides_follow and tail and tail[0] in ("left", "right"):
        return _pick(words, mention.last + 1, mention.last + 1)
    return _pick(words, mention.last + 1, end) if _LINKS & set(tail) or "-" in tail else None


def _pick(words: list[str], first: int, last: int) -> Side | None:
    found: set[str] = set()
    for i in range(first, last + 1):
        word = words[i]
        if word in _BOTH:
            return "both"
        if word == "left" or (word == "right" and not _no_side(words, i)):
            found.add(word)
    if found == {"left"}:
        return "left"
    if found == {"right"}:
        return "right"
    return "both" if found else None


def _no_side(words: list[str], i: int) -> bool:
    following = words[i + 1] if i + 1 < len(words) else ""
    return following in _NOT_SIDE_AFTER
