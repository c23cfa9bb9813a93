"""Sentences, sections and turns, as ranges of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from casewright.filters.ledger.normalise import Tokens
from casewright.records import Turn

__all__ = ["Sentence", "split_sentences"]

_ENDERS = frozenset(".?!;")
_BULLETS = frozenset("-•*#")
_ABBREVIATED = frozenset(
    {"dr", "mr", "mrs", "ms", "vs", "approx", "st", "prof", "pt", "temp", "resp", "wt"}
)
_LIST_OPENERS = frozenset({",", "and", "or", "no", "of", "the", "with", "a", "for", "to", "nor"})
_WRAP_WIDTH = 50
_MAX_HEADING_WORDS = 6
# Nobody writes such a sentence; cutting it keeps the time linear in hostile text.
_MAX_SENTENCE_WORDS = 300
# Sections that any other heading ends, even one that goes on in the same line.
_SHORT_SECTIONS = frozenset({"allergies", "medications", "instructions"})
_DENIALS = frozenset({"denies", "denied", "negative", "negatives", "not", "no", "absent"})


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words `first` to `last`, inclusive.

    Attributes:
        section: the kind of section it stands in ("family", "past" ...), or None.
        turn: index of its turn in a dialogue; None outside of turns (speaker tags, notes).
        body: first word after an inline heading ("PMH: asthma" -> the word "asthma").
        question: the sentence ends in a question mark.
    """

    first: int
    last: int
    section: str | None = None
    turn: int | None = None
    body: int = 0
    question: bool = False


def split_sentences(
    tokens: Tokens, headings: Mapping[str, str], turns: Sequence[Turn] = ()
) -> list[Sentence]:
    """Cut a text into sentences; a semicolon and a list line end one too.

    Args:
        tokens: the whole text.
        headings: section kind by folded heading ("past medical history" -> "past").
        turns: of a dialogue; no sentence spans two of them.
    """
    turn_of = _turn_of_words(tokens, turns)
    ranges = _ranges(tokens, turn_of)
    if turns:
        return [
            Sentence(a, b, None, turn_of[a], a, tokens.words[b] == "?")
            for a, b in ranges
            if turn_of[a] is not None
        ]
    return _with_sections(tokens, ranges, headings)


def _turn_of_words(tokens: Tokens, turns: Sequence[Turn]) -> list[int | None]:
    owner: list[int | None] = [None] * len(tokens)
    number = 0
    for index, start in enumerate(tokens.starts):
        while number < len(turns) and start >= turns[number].end:
            number += 1
        if number < len(turns) and start >= turns[number].start:
            owner[index] = number
    return owner


def _ranges(tokens: Tokens, turn_of: Sequence[int | None]) -> list[tuple[int, int]]:
    """Word ranges of the sentences, without the line ends around them."""
    ranges: list[tuple[int, int]] = []
    words = tokens.words
    begin = 0
    listing = False
    for i in _possible_ends(words, turn_of):
        while i - begin > _MAX_SENTENCE_WORDS:
            ranges.append((begin, begin + _MAX_SENTENCE_WORDS - 1))
            begin += _MAX_SENTENCE_WORDS
        if i < len(words) and not _ends_before(tokens, turn_of, begin, i):
            continue
        listing = i < len(words) and _denied_list(words, begin, i, listing)
        if listing:
            continue
        first, last = begin, i - 1
        while first <= last and words[first] == "\n":
            first += 1
        while last >= first and words[last] == "\n":
            last -= 1
        if first <= last:
            ranges.append((first, last))
        begin = i
    return ranges


def _possible_ends(words: Sequence[str], turn_of: Sequence[int | None]) -> list[int]:
    """Words before which a sentence may be over, and the end of the text."""
    ends = {i + 1 for i, w in enumerate(words) if w in _ENDERS or w == "\n"}
    ends.update(i for i, (a, b) in enumerate(pairwise(turn_of), start=1) if a != b)
    ends.add(len(words))
    return sorted(ends)


def _denied_list(words: Sequence[str], begin: int, i: int, listing: bool) -> bool:
    """Whether bullet lines go on with "Denies:" before them, so that all are one sentence."""
    if words[i] not in _BULLETS or words[i - 1] != "\n":
        return False
    return listing or (words[i - 2] == ":" and not _DENIALS.isdisjoint(words[begin:i]))


def _ends_before(tokens: Tokens, turn_of: Sequence[int | None], begin: int, i: int) -> bool:
    """Whether a sentence that began at `begin` is over before word `i`."""
    if i in (0, begin):
        return False
    if turn_of[i] != turn_of[i - 1]:
        return True
    previous = tokens.words[i - 1]
    if previous == "\n":
        return _line_ends(tokens, begin, i - 1)
    if previous not in _ENDERS:
        return False
    if tokens.words[i] in (".", "?", "!", '"', ")"):
        return False
    if previous == ".":
        return not _dot_within(tokens, begin, i - 1)
    if previous == "?":
        # "?UTI": a query before a word, after a space
        attached = tokens.starts[i] == tokens.ends[i - 1]
        spaced = i >= 2 and tokens.starts[i - 1] > tokens.ends[i - 2]
        listed = i - 2 >= begin and tokens.words[i - 2] in (":", ",") and spaced
        return not (listed or (attached and (spaced or i - 1 == begin)))
    return True


def _dot_within(tokens: Tokens, begin: int, dot: int) -> bool:
    if dot == begin:
        return False
    word = tokens.words[dot - 1]
    if tokens.ends[dot - 1] != tokens.starts[dot]:
        return False
    if word.isdigit() and (dot - 1 == begin or tokens.words[dot - 2] == "\n"):
        return True  # "1. Pneumonia"
    if len(word) == 1 and dot - begin > 1 and tokens.words[dot - 2] in (".", *_ABBREVIATED):
        return True  # the initial in "Dr. A. Okafor"; "38.6 C." and "mmol/L." end a sentence
    return word in _ABBREVIATED and dot + 1 < len(tokens) and tokens.words[dot + 1] != "\n"


def _line_ends(tokens: Tokens, begin: int, newline: int) -> bool:
    """Whether a line end also ends the sentence, or the line was only wrapped."""
    words = tokens.words
    after = newline + 1
    if after >= len(words) or words[after] == "\n":
        return True
    before = newline - 1
    if before < begin or words[before] == "\n":
        return True
    if words[after] in _BULLETS or words[before] == ":":
        return True
    char = tokens.text[tokens.starts[after]]
    if words[before] in _LIST_OPENERS and not (char.isupper() and words[before] != ","):
        return False
    line_start = tokens.folded.rfind("\n", 0, tokens.starts[newline]) + 1
    short = tokens.starts[newline] - line_start < _WRAP_WIDTH
    return short or char.isupper() or char.isdigit()


def _with_sections(
    tokens: Tokens, ranges: Sequence[tuple[int, int]], headings: Mapping[str, str]
) -> list[Sentence]:
    sentences: list[Sentence] = []
    section: str | None = None
    inline = False
    previous_end = -1
    for first, last in ranges:
        line_start = first == 0 or tokens.words[first - 1] == "\n"
        found, body, colon = _heading(tokens, first, last, headings, line_start)
        if found is not None:
            section, inline = found, body <= last
        elif (inline and _inline_ends(tokens, section, previous_end, first, line_start)) or (
            colon and line_start and (tokens.words[last] == ":" or section in _SHORT_SECTIONS)
        ):
            section = None
        sentences.append(
            Sentence(first, last, section, None, min(body, last + 1), tokens.words[last] == "?")
        )
        previous_end = last
    return sentences


# What is written beside its heading, in one line: "FH: father - gout".
_ONE_LINE = frozenset({"family", "past", "allergies", "medications"})
_GOES_ON = frozenset("-•*#") | frozenset({"mother", "father", "sister", "brother", "mom", "dad"})


def _inline_ends(
    tokens: Tokens, section: str | None, previous_end: int, first: int, line_start: bool
) -> bool:
    """Whether a section that began beside its heading is over."""
    if _blank_line_between(tokens, previous_end, first):
        return True
    word = tokens.words[first]
    return line_start and section in _ONE_LINE and word not in _GOES_ON and not word.isdigit()


def _blank_line_between(tokens: Tokens, end: int, begin: int) -> bool:
    return tokens.words[end + 1 : begin].count("\n") > 1


def _heading(
    tokens: Tokens, first: int, last: int, headings: Mapping[str, str], line_start: bool
) -> tuple[str | None, int, bool]:
    """Section named at the start of a sentence, the word after it, and whether a colon is there."""
    words = tokens.words
    begin = first
    while begin <= last and not words[begin][0].isalnum():
        begin += 1
    stop = min(last + 1, begin + _MAX_HEADING_WORDS)
    for i in range(begin, stop):
        if words[i] == ":":
            kind = headings.get(_heading_name(tokens, begin, i - 1))
            return kind, i + 1 if kind else first, True
        if words[i] in (",", ".", "?", "\n"):
            break
    alone = last + 1 >= len(words) or words[last + 1] == "\n"
    if line_start and alone and last - begin < _MAX_HEADING_WORDS + 2:
        end = last
        while end > begin and not words[end][0].isalnum():
            end -= 1
        kind = headings.get(_heading_name(tokens, begin, end))
        if kind is not None:
            return kind, last + 1, False
    return None, first, False


def _heading_name(tokens: Tokens, first: int, last: int) -> str:
    if last < first:
        return ""
    raw = tokens.folded[tokens.starts[first] : tokens.ends[last]]
    return " ".join(raw.replace("*", " ").replace("_", " ").split())
