"""Which reference documents could be what a text was made from: by the rare words they share.

Of every document its rarest words are kept (by the first letters; names and numbers apart, as a
copy may have others), one for `QUOTA` bytes of text, in 6 bytes each. The documents that share
most of them with a text, weighted by rarity, are read and compared in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.bags import changes
from casewright.filters.near_copies.frequency import Frequencies

__all__ = ["QUOTA", "TermBuilder", "TermTable", "candidates", "enough_words"]

U64 = np.uint64
QUOTA = 48
# So many places of the table are looked at for one text, those of its rarest words first.
_MOST = 8000
# A document is alike from these shares of the text's words or of its own kept words on.
_OF_TEXT, _OF_DOCUMENT, _LEAST = 0.08, 0.4, 2
# About so many terms are looked up at once: what they need stays in the processor's cache.
_TERMS, _SPREAD = 1 << 11, 0x9E3779B1


def _scale(hashes: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    return (((hashes >> U64(32)) * U64(size)) >> U64(32)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class TermTable:
    """Rare words and the documents that have them."""

    directory: NDArray[np.uint32]
    documents: NDArray[np.uint32]
    tags: NDArray[np.uint8]

    PARTS = ("directory", "documents", "tags")

    def find(
        self, terms: NDArray[np.uint64], texts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs (index of the term, document); `texts[i]`, ascending, is the text of term i."""
        none = np.zeros(0, dtype=np.int64)
        if not len(self.documents) or not len(terms):
            return none, none
        bucket = _scale(terms, len(self.directory) - 1)
        begin = self.directory[bucket].astype(np.int64)
        size = self.directory[bucket + 1].astype(np.int64) - begin
        first = np.flatnonzero(changes(texts))
        if np.add.reduceat(size, first).max() > _MOST:
            order = np.lexsort((size, texts))  # each text stays where it is
            total = np.cumsum(size[order])
            before = np.repeat((total - size[order])[first], np.diff(np.append(first, len(texts))))
            size[order[total - before > _MOST]] = 0
        entry = np.repeat(begin - (np.cumsum(size) - size), size)
        entry += np.arange(len(entry))
        tag = (terms & U64(0xFF)).astype(np.uint8)
        same = np.flatnonzero(self.tags[entry] == np.repeat(tag, size))
        owner = np.repeat(np.arange(len(terms)), size)[same]
        return owner, self.documents[entry[same]].astype(np.int64)


class TermBuilder:
    """Collects the words of documents, batch by batch, and keeps the rarest of each."""

    def __init__(self) -> None:
        # A coarse table of frequencies: one look for each word of the whole reference.
        self._seen = np.zeros(1 << 20, dtype=np.int64)
        self._terms: list[NDArray[np.uint32]] = []
        self._tags: list[NDArray[np.uint8]] = []
        self._documents: list[NDArray[np.uint32]] = []
        self._count = 0

    def learn(self, terms: NDArray[np.uint64]) -> None:
        """Count the words of documents that show which words are rare; before any is added."""
        np.add.at(self._seen, (terms >> U64(44)).astype(np.int64), 1)

    def add(
        self, terms: NDArray[np.uint64], owners: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> None:
        """Add documents of `sizes` bytes; `owners[i]` < 65,536 is the document of `terms[i]`."""
        from_ = self._count
        self._count += len(sizes)
        if not len(terms):
            return
        seen = self._seen[(terms >> U64(44)).astype(np.int64)]
        level = np.minimum(np.log2(seen + 1.0) * 8, 255).astype(np.uint8)
        packed = (
            (owners.astype(U64) << U64(48)) | (level.astype(U64) << U64(40)) | (terms >> U64(24))
        )
        packed.sort()
        new = np.ones(len(packed), dtype=bool)
        new[1:] = packed[1:] != packed[:-1]
        packed = packed[new]
        document = (packed >> U64(48)).astype(np.int64)
        rank = np.arange(len(packed)) - np.searchsorted(document, document)
        packed = packed[rank < -(-sizes[document] // QUOTA)]
        self._terms.append(((packed >> U64(8)) & U64(0xFFFFFFFF)).astype(np.uint32))
        self._tags.append((packed & U64(0xFF)).astype(np.uint8))
        self._documents.append(((packed >> U64(48)) + U64(from_)).astype(np.uint32))

    def table(self) -> TermTable:
        """Sort what was added."""
        if not self._terms:
            none = np.zeros(0, dtype=np.uint32)
            return TermTable(np.zeros(2, dtype=np.uint32), none, np.zeros(0, dtype=np.uint8))
        top = np.concatenate(self._terms)
        order = np.argsort(top, kind="stable")
        top = top[order]
        documents = np.concatenate(self._documents)[order]
        tags = np.concatenate(self._tags)[order]
        size = max(len(top) // 4, 1)
        scaled = _scale(top.astype(U64) << U64(32), size)
        directory = np.searchsorted(scaled, np.arange(size + 1)).astype(np.uint32)
        return TermTable(directory, documents, tags)


def packed_term(stems: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Stems as the table has them: 32 bits for the order and 8 to tell them apart."""
    return ((stems >> U64(32)) << U64(32)) | ((stems >> U64(24)) & U64(0xFF))


def enough_words(sizes: NDArray[np.int64]) -> NDArray[np.int32]:
    """How many words of documents of these sizes a text has to have, whatever else it has."""
    return np.ceil(np.maximum(_OF_DOCUMENT * _kept(sizes), _LEAST)).astype(np.int32)


def _kept(sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """About how many words of documents of these sizes the table has."""
    return np.maximum(sizes / QUOTA, 1)


def _often(texts: NDArray[np.int64], documents: NDArray[np.int64]) -> NDArray[np.int64]:
    """About how often each pair of a text and a document occurs: never less than it does.

    Counted in a small table where two pairs may share a place: most pairs occur once, and need
    not be sorted to know that.
    """
    mask = (1 << (4 * len(texts)).bit_length()) - 1
    place = (texts * _SPREAD + documents) & mask
    often: NDArray[np.int64] = np.bincount(place, minlength=mask + 1)[place]
    return often


def _pieces(texts: NDArray[np.int64]) -> Iterator[slice]:
    """Whole texts with about `_TERMS` of the terms: what is looked at then stays in the cache."""
    first = np.flatnonzero(changes(texts))
    edges = first[np.searchsorted(first, np.arange(0, len(texts), _TERMS), "right") - 1]
    for begin, end in pairwise([*np.unique(edges).tolist(), len(texts)]):
        yield slice(begin, end)


def candidates(
    table: TermTable,
    frequencies: Frequencies,
    stems: NDArray[np.uint64],
    texts: NDArray[np.int64],
    sizes: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    enough: NDArray[np.int32],
    count: int,
) -> dict[int, list[int]]:
    """The documents most like each text by their rare words, about `count`, likeliest first.

    Only such as have 8% of the words of the text, or 40% of whose own kept words the text
    has: a document that was copied, in whole or in part, or paraphrased has far more.

    Args:
        stems: of the texts' words. texts: the text of each, below 65,536.
        sizes: about how many bytes documents have. enough: `enough_words` of every document.
    """
    packed = (texts.astype(U64) << U64(48)) | (stems >> U64(16))
    packed.sort()
    packed = packed[changes(packed)]
    if not len(packed):
        return {}
    text = (packed >> U64(48)).astype(np.int64)
    unique = packed << U64(16)
    term, both, times = _alike_enough(table, packed_term(unique), text, enough)
    if not len(term):
        return {}
    idf = frequencies.idf(unique, "stem")
    own = np.cumsum(times) - times
    of, names = both[own] >> 32, both[own] & 0xFFFFFFFF
    score = np.add.reduceat(idf[term], own)
    share = score / np.sqrt(_kept(sizes(names)))
    found: dict[int, list[int]] = {}
    best = np.lexsort((names, -share, of))
    starts = np.flatnonzero(changes(of))
    for start, end in zip(starts, np.append(starts[1:], len(of)), strict=True):
        alike = [int(names[i]) for i in best[start : min(start + count, end)]]
        richest = int(names[start + np.argmax(score[start:end])])
        found[int(of[start])] = alike if richest in alike else [*alike, richest]
    return found


def _alike_enough(
    table: TermTable,
    terms: NDArray[np.uint64],
    texts: NDArray[np.int64],
    enough: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Texts and documents with enough words in common.

    Returns:
        The place of each word that both have, pair by pair; the pair of each, as the text's
        number << 32 with the document's; and how many words each pair has.
    """
    of_text = np.ceil(np.maximum(_OF_TEXT * np.bincount(texts), _LEAST)).astype(np.int32)
    members, pairs = [], []
    for piece in _pieces(texts):
        term, document = table.find(terms[piece], texts[piece])
        text = texts[piece][term]
        needed = np.minimum(of_text[text], enough[document])
        some = np.flatnonzero(_often(text, document) >= needed)
        members.append(term[some] + piece.start)
        pairs.append((text[some] << 32) | document[some])
    member, pair = np.concatenate(members), np.concatenate(pairs)
    order = np.argsort(pair, kind="stable")
    member, pair = member[order], pair[order]
    first = np.flatnonzero(changes(pair))
    times = np.diff(np.append(first, len(pair)))
    text, document = pair[first] >> 32, pair[first] & 0xFFFFFFFF
    likely = times >= np.minimum(of_text[text], enough[document])
    kept = np.repeat(likely, times)
    return member[kept], pair[kept], times[likely]
