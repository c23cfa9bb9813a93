"""Compares texts with the documents of an index, a batch of texts at a time.

Every step is taken for the whole batch: what is shared byte by byte, the documents worth a look,
the likeness of the words, and of those that are alike the shingles. What is said of a text is the
same whatever else is in its batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.bags import Bag, Bags, Floats, Places, ranks, shared_weight
from casewright.filters.near_copies.batch import Batch, pieces
from casewright.filters.near_copies.document import (
    READINGS,
    ReadingName,
    shingles_of,
    vectors_of,
)
from casewright.filters.near_copies.found import Found, Shared
from casewright.filters.near_copies.frequency import Frequencies
from casewright.filters.near_copies.grams import GramTable
from casewright.filters.near_copies.likeness import Likeness, Match, SharedSpan
from casewright.filters.near_copies.matching import best_matches
from casewright.filters.near_copies.remembered import Remembered
from casewright.filters.near_copies.runs import STRIDE
from casewright.filters.near_copies.sources import Texts
from casewright.filters.near_copies.spans import read_spans
from casewright.filters.near_copies.terms import TermTable, candidates, enough_words

__all__ = ["Comparer"]

_CANDIDATES = 3
_ALIKE, _LONG = 0.10, 160
# So many bytes word for word bring a document into the choice: three runs. Fewer are boilerplate,
# or count by themselves, whatever the document.
_SHARES = 96
_COUNTERS = 16  # for each find: more are not worth their memory
_REMEMBERED = 64_000_000  # bytes of documents kept to be compared with the next text
_REMEMBERED_DOCUMENTS = 4096


@dataclass(frozen=True, slots=True)
class _Lengths:
    """About how many bytes texts share with documents, pair by pair, in order."""

    texts: Places
    documents: Places
    lengths: Places

    @classmethod
    def of(cls, batch: Batch, found: Found) -> _Lengths:
        """Sum what was found: each run stands for `STRIDE` bytes."""
        texts = np.searchsorted(batch.normal_bounds[0], found.starts, "right") - 1
        # Numbers of those documents alone, so that most often each pair can have a counter.
        there = np.zeros(int(found.documents.max(initial=-1)) + 1, dtype=bool)
        there[found.documents] = True
        documents = np.flatnonzero(there)
        pairs = texts * len(documents) + (np.cumsum(there) - 1)[found.documents]
        if len(batch) * len(documents) <= _COUNTERS * len(pairs):
            counted = np.bincount(pairs)
            pairs = np.flatnonzero(counted)
            times = counted[pairs]
        else:
            pairs, times = np.unique(pairs, return_counts=True)
        text, document = np.divmod(pairs, max(len(documents), 1))
        return cls(text, documents[document], times * STRIDE)

    def of_pairs(self, texts: Places, documents: Places) -> Places:
        """The length of each pair; 0 where none was found."""
        if not len(self.lengths):
            return np.zeros(len(texts), dtype=np.int64)
        known, wanted = (self.texts << 32) | self.documents, (texts << 32) | documents
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.where(known[at] == wanted, self.lengths[at], 0)

    def longest(self) -> Iterable[tuple[int, int]]:
        """Of each text the two documents with the most, from `_SHARES` on."""
        enough = np.flatnonzero(self.lengths >= _SHARES)
        order = enough[np.lexsort((-self.lengths[enough], self.texts[enough]))]
        texts = self.texts[order]
        first = order[ranks(texts) < 2]
        return zip(self.texts[first].tolist(), self.documents[first].tolist(), strict=True)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document of the index made ready: its words, and its shingles in both readings."""

    vector: Bag
    plain: Bag
    masked: Bag

    def reading(self, name: ReadingName) -> Bag:
        return self.plain if name == "plain" else self.masked


class Comparer:
    """The tables of an index, and the documents that were looked at lately.

    Args:
        size: bytes of the documents' text.
    """

    def __init__(
        self, texts: Texts, frequencies: Frequencies, terms: TermTable, grams: GramTable, size: int
    ) -> None:
        self._texts, self._frequencies = texts, frequencies
        self._terms, self._grams = terms, grams
        mean = size // max(len(texts), 1) + 1
        self._remembered = Remembered(lambda number: texts.get(number)[1], len(texts), _REMEMBERED)
        self._enough = enough_words(grams.sizes(np.arange(len(texts))))
        self._ready: dict[int, _Ready] = {}
        self._ready_limit = max(64, min(_REMEMBERED_DOCUMENTS, _REMEMBERED // (8 * mean)))

    def verbatim(self, batch: Batch) -> list[tuple[SharedSpan, ...]]:
        """What the texts share byte by byte."""
        shared, _ = self._shared(batch)
        wanted = _owning(batch, shared)
        return read_spans(batch, shared, shingles_of(batch, "plain", self._frequencies, wanted))

    def _shared(self, batch: Batch) -> tuple[list[Shared], Found]:
        return self._grams.find(batch.normal[0], self._remembered.rows, batch.normal_bounds[0])

    def compare(self, batch: Batch, max_passages: int) -> list[Likeness]:
        """Compare the texts of a batch with the documents of the index."""
        shared, found = self._shared(batch)
        lengths = _Lengths.of(batch, found)
        texts, documents = self._chosen(batch, lengths)
        numbers, places = np.unique(documents, return_inverse=True)
        ready = self._made_ready(numbers.tolist())
        alike = self._alike(batch, texts, [r.vector for r in ready], places)
        near = np.zeros(len(batch))
        np.maximum.at(near, texts, alike)
        # A copy of a tenth of either is more alike than this: the rest need no closer look.
        close = np.flatnonzero((alike >= _ALIKE) | (lengths.of_pairs(texts, documents) >= _LONG))
        texts, places = texts[close], places[close]
        closer = _marked(len(batch), texts)
        plain = shingles_of(batch, "plain", self._frequencies, closer | _owning(batch, shared))
        spans = read_spans(batch, shared, plain)
        best = {name: [Match(name, None, 0.0, 0.0, 0.0, 0.0)] * len(batch) for name in READINGS}
        for name in READINGS if len(texts) else ():
            own = plain
            if name == "masked":
                own = shingles_of(batch, name, self._frequencies, closer)
            bags = Bags.joined([r.reading(name) for r in ready])
            found_best = best_matches(batch, name, own, bags, texts, places, max_passages)
            for text, place, match in found_best:
                document = self._texts.get(int(numbers[place]))[0]
                best[name][text] = replace(match, document=document)
        return [
            Likeness(best["plain"][t], best["masked"][t], float(near[t]), spans[t])
            for t in range(len(batch))
        ]

    def _alike(self, batch: Batch, texts: Places, vectors: list[Bag], places: Places) -> Floats:
        """Cosines of the words of texts and documents, pair by pair."""
        if not len(texts):
            return np.zeros(0)
        own = vectors_of(batch, self._frequencies, _marked(len(batch), texts))
        cosines = shared_weight(own, Bags.joined(vectors), texts, places, product=True)
        return np.minimum(cosines, 1.0)

    def _chosen(self, batch: Batch, lengths: _Lengths) -> tuple[Places, Places]:
        """Pairs of a text and a document worth a look: text by text, likeliest first."""
        rare = ~(batch.kinds.name | batch.kinds.number)
        chosen = candidates(
            self._terms,
            self._frequencies,
            batch.words.stems[rare],
            batch.owners[rare],
            self._grams.sizes,
            self._enough,
            _CANDIDATES,
        )
        for text, document in lengths.longest():
            chosen.setdefault(text, []).append(document)
        pairs = [(t, d) for t in sorted(chosen) for d in dict.fromkeys(chosen[t])]
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def _made_ready(self, numbers: list[int]) -> list[_Ready]:
        missing = [n for n in numbers if n not in self._ready]
        got = {n: self._ready[n] for n in numbers if n in self._ready}
        read = iter(missing)
        for part in pieces(self._texts.get(n)[1] for n in missing):
            batch = Batch.of(part)
            vectors = vectors_of(batch, self._frequencies)
            plain, masked = (shingles_of(batch, r, self._frequencies).bags for r in READINGS)
            for i in range(len(batch)):
                got[next(read)] = _Ready(vectors.one(i), plain.one(i), masked.one(i))
        # The oldest go first; what was used now is the youngest.
        for n in numbers:
            self._ready.pop(n, None)
            self._ready[n] = got[n]
        while len(self._ready) > self._ready_limit:
            del self._ready[next(iter(self._ready))]
        return [got[n] for n in numbers]


def _marked(count: int, numbers: Places) -> NDArray[np.bool_]:
    marked = np.zeros(count, dtype=bool)
    marked[numbers] = True
    return marked


def _owning(batch: Batch, shared: list[Shared]) -> NDArray[np.bool_]:
    """The texts that share anything."""
    at = np.array([s.start for s in shared], dtype=np.int64)
    return _marked(len(batch), np.searchsorted(batch.normal_bounds[0], at, "right") - 1)
