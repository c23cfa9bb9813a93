"""What an index says of a text."""

from __future__ import annotations

from dataclasses import dataclass

from casewright.filters.near_copies.document import ReadingName

__all__ = ["Likeness", "Match", "Passage", "SharedSpan"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of shared words: characters `start` to `end` of the text that was looked up.

    `novelty` is the sum of the weights of its shingles: a long run of boilerplate
    has little of it.
    """

    start: int
    end: int
    words: int
    novelty: float


@dataclass(frozen=True, slots=True)
class Match:
    """The best single reference document for a text, under one reading.

    Attributes:
        reading: plain or masked.
        document: id of the reference document; None where nothing is shared.
        containment: share of the text's shingles, weighted by rarity, that the document has.
        coverage: share of the document's shingles, so weighted, that the text has; 0 for a
            document with too few rare shingles to be covered by anything.
        shared: sum of the weights of the shared shingles: how much there is to be a copy of.
        longest: novelty of the richest single passage.
        passages: shared passages, richest first.
    """

    reading: ReadingName
    document: str | None
    containment: float
    coverage: float
    shared: float
    longest: float
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedSpan:
    """Characters that the reference has verbatim (47 bytes and more, normalised).

    Attributes:
        count: about how often the reference has what is commonest in it.
        novelty: sum of the weights of its three-word shingles: boilerplate has little.
        rare_numbers: words with a digit whose every shingle is in at most one document.
        rarest: the largest weight of a shingle: below .8 many documents have every part of it.
        may_identify: whether it holds what reads as a name, a date or a long number.
    """

    start: int
    end: int
    count: int
    novelty: float
    rare_numbers: tuple[tuple[int, int], ...] = ()
    rarest: float = 1.0
    may_identify: bool = True


@dataclass(frozen=True, slots=True)
class Likeness:
    """All that an index says of a text.

    Attributes:
        plain, masked: the best documents by shingles.
        cosine: of words and pairs of words, weighted by rarity, with the nearest document.
        verbatim: what is shared byte by byte, in order.
    """

    plain: Match
    masked: Match
    cosine: float
    verbatim: tuple[SharedSpan, ...]
