"""Compares texts with the documents of an index, a batch of texts at a time.

Every step is taken for the whole batch: what is shared byte by byte, the documents worth a look,
the likeness of the words, and of those that are alike the shingles. What is said of a text is the
same whatever else is in its batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.batch import Batch, pieces
from casewright.filters.near_copies.document import (
    READINGS,
    Bags,
    ReadingName,
    Shingles,
    shared_weight,
    shingles_of,
    vectors_of,
)
from casewright.filters.near_copies.frequency import Frequencies
from casewright.filters.near_copies.grams import STRIDE, GramTable, Shared, pad
from casewright.filters.near_copies.likeness import Likeness, Match, Passage, SharedSpan
from casewright.filters.near_copies.normal import normalise
from casewright.filters.near_copies.shingles import SHINGLE_WORDS
from casewright.filters.near_copies.sources import Texts
from casewright.filters.near_copies.terms import TermTable, candidates

__all__ = ["Comparer"]

# Two matched shingles with no more unmatched words between them than this are one passage.
_GAP_WORDS = 3
# A document with less novelty than this is too short to be covered by a text.
_MIN_MASS = 16.0
_CANDIDATES = 3
_ALIKE, _LONG = 0.10, 160
# With fewer rare shingles in common no passage is worth a look.
_FEW = 5.0
# Weight of a shingle that one document has.
_RARE = 0.99
_REMEMBERED = 64_000_000  # bytes of documents kept to be compared with the next text
_REMEMBERED_DOCUMENTS = 4096

Floats: TypeAlias = "NDArray[np.float64]"
Places: TypeAlias = "NDArray[np.int64]"
Bag: TypeAlias = "tuple[NDArray[np.uint64], Floats]"


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
        # Documents that many texts are compared with are not read again for each.
        self._bytes = lru_cache(_REMEMBERED // mean)(self._read_bytes)
        self._ready: dict[int, _Ready] = {}
        self._ready_limit = max(64, min(_REMEMBERED_DOCUMENTS, _REMEMBERED // (8 * mean)))

    def _read_bytes(self, number: int) -> NDArray[np.uint8]:
        return pad(normalise(self._texts.get(number)[1]).data)

    def verbatim(self, batch: Batch) -> list[tuple[SharedSpan, ...]]:
        """What the texts share byte by byte."""
        shared, _ = self._shared(batch)
        return self._spans(batch, shared, self._plain(batch))

    def _plain(self, batch: Batch) -> Shingles:
        return shingles_of(batch, "plain", self._frequencies)

    def _shared(self, batch: Batch) -> tuple[list[Shared], list[tuple[int, int]]]:
        return self._grams.find(batch.normal[0], self._bytes, batch.normal_bounds[0])

    def compare(self, batch: Batch, max_passages: int) -> list[Likeness]:
        """Compare the texts of a batch with the documents of the index."""
        shared, found = self._shared(batch)
        plain = self._plain(batch)
        spans = self._spans(batch, shared, plain)
        lengths = _lengths(batch, found)
        texts, documents = self._chosen(batch, lengths)
        near = np.zeros(len(batch))
        best = {name: [Match(name, None, 0.0, 0.0, 0.0, 0.0)] * len(batch) for name in READINGS}
        if len(texts):
            numbers, place = np.unique(documents, return_inverse=True)
            ready = self._made_ready(numbers.tolist())
            theirs = Bags.joined([r.vector for r in ready])
            vectors = vectors_of(batch, self._frequencies)
            alike = np.minimum(shared_weight(vectors, theirs, texts, place, product=True), 1.0)
            np.maximum.at(near, texts, alike)
            # A copy of a tenth of either is more alike than this: the rest need no closer look.
            long = np.array(
                [lengths.get((t, d), 0) >= _LONG for t, d in _pairs(texts, documents)], dtype=bool
            )
            close = np.flatnonzero((alike >= _ALIKE) | long)
            for name in READINGS if len(close) else ():
                own = plain if name == "plain" else shingles_of(batch, name, self._frequencies)
                bags = [r.reading(name) for r in ready]
                matching = _Matching(name, own, bags, max_passages)
                for text, at, match in matching.best(texts[close], place[close]):
                    span = [
                        Passage(*batch.span(p.start, p.end), p.words, p.novelty)
                        for p in match.passages
                    ]
                    document = self._texts.get(int(numbers[at]))[0]
                    best[name][text] = Match(
                        name,
                        document,
                        match.containment,
                        match.coverage,
                        match.shared,
                        match.longest,
                        tuple(span),
                    )
        return [
            Likeness(best["plain"][t], best["masked"][t], float(near[t]), spans[t])
            for t in range(len(batch))
        ]

    def _chosen(self, batch: Batch, lengths: dict[tuple[int, int], int]) -> tuple[Places, Places]:
        """Pairs of a text and a document worth a look: text by text, likeliest first."""
        name, number = batch.named
        rare = ~(name | number)
        chosen = candidates(
            self._terms,
            self._frequencies,
            batch.words.stems[rare],
            batch.owners[rare],
            self._grams.sizes,
            _CANDIDATES,
        )
        by_text: dict[int, list[tuple[int, int]]] = {}
        for (text, document), length in lengths.items():
            by_text.setdefault(text, []).append((-length, document))
        for text, found in by_text.items():
            found.sort()
            chosen.setdefault(text, []).extend(d for _, d in found[:2])
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

    def _spans(
        self, batch: Batch, shared: list[Shared], plain: Shingles
    ) -> list[tuple[SharedSpan, ...]]:
        spans: list[list[SharedSpan]] = [[] for _ in batch.texts]
        reader = _SpanReader(batch, plain)
        places = batch.normal[1]
        for stretch in shared:
            start, last = stretch.start, stretch.end - 1
            if places is not None:
                start, last = int(places[start]), int(places[last])
            number, span = reader.read(start, last + 1, stretch.count)
            spans[number].append(span)
        return [tuple(own) for own in spans]


def _pairs(texts: Places, documents: Places) -> Iterable[tuple[int, int]]:
    return zip(texts.tolist(), documents.tolist(), strict=True)


def _lengths(batch: Batch, found: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """About how many bytes of a text each document was found to share."""
    lengths: dict[tuple[int, int], int] = {}
    if found:
        at = np.array([offset for offset, _ in found])
        texts = np.searchsorted(batch.normal_bounds[0], at, "right") - 1
        for text, (_, document) in zip(texts.tolist(), found, strict=True):
            lengths[text, document] = lengths.get((text, document), 0) + STRIDE
    return lengths


class _SpanReader:
    """Says of a shared stretch how rare it is, and whether it may identify."""

    def __init__(self, batch: Batch, plain: Shingles) -> None:
        self._batch, self._plain = batch, plain
        self._names, self._numbers = batch.named
        words = batch.words
        self._long = words.digit & (words.ends - words.starts >= 4)
        self._of = -1
        self._weights = np.zeros(0)

    def read(self, start: int, end: int, count: int) -> tuple[int, SharedSpan]:
        """The text that has bytes `start` to `end` of the batch, and the stretch in it."""
        batch, plain = self._batch, self._plain
        number = batch.owner(start)
        if number != self._of:
            self._of, self._weights = number, plain.weights(number)
        low, high = int(plain.bounds[number]), int(plain.bounds[number + 1])
        first = int(np.searchsorted(plain.starts[low:high], start))
        last = int(np.searchsorted(plain.ends[low:high], end, "right"))
        weights = self._weights[first:last]
        novelty, rarest = 0.0, 1.0
        if last > first:
            keys = plain.keys[low + first : low + last]
            novelty = float(weights[np.unique(keys, return_index=True)[1]].sum())
            rarest = float(weights.max())
        # The words of the stretch: a shingle has the number of its first word.
        base = int(np.searchsorted(batch.owners, number))
        stop = int(np.searchsorted(batch.owners, number, "right"))
        words = slice(base + first, min(base + last + SHINGLE_WORDS - 1, stop))
        rare = []
        for w in (np.flatnonzero(batch.words.digit[words]) + first).tolist():
            around = self._weights[max(first, w - SHINGLE_WORDS + 1) : min(w + 1, last)]
            if around.min(initial=1) >= _RARE:
                place = base + w
                rare.append(
                    batch.span(int(batch.words.starts[place]), int(batch.words.ends[place]))
                )
        words = slice(base + first, min(base + last + SHINGLE_WORDS, stop))
        identifies = bool(
            self._names[words].any()
            or self._numbers[words].sum() >= 2
            or self._long[words].any()
            or b"@" in batch.raw[start:end]
        )
        span = SharedSpan(*batch.span(start, end), count, novelty, tuple(rare), rarest, identifies)
        return number, span


class _Matching:
    """Finds the best documents of some texts under one reading."""

    def __init__(
        self, name: ReadingName, own: Shingles, documents: list[Bag], max_passages: int
    ) -> None:
        self._name, self._own, self._documents = name, own, documents
        self._theirs = Bags.joined(documents)
        self._max_passages = max_passages

    def best(self, texts: Places, places: Places) -> Iterable[tuple[int, int, Match]]:
        """For each text (text, document, match), passages as places in the batch's bytes.

        Args:
            texts, places: pairs of a text and a document, text by text, likeliest first.
        """
        mass, whole = self._theirs.mass, self._own.bags.mass
        shared = shared_weight(self._own.bags, self._theirs, texts, places, product=False)
        any_shared = shared > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            contained = np.where(whole[texts] > 0, shared / whole[texts], 0.0)
            covered = np.where(mass[places] >= _MIN_MASS, shared / mass[places], 0.0)
        score = np.where(any_shared, np.maximum(contained, covered), -1.0)
        first = np.flatnonzero(np.concatenate(([True], texts[1:] != texts[:-1])))
        for start, stop in zip(first, np.append(first[1:], len(texts)), strict=True):
            at = int(start + np.argmax(score[start:stop]))
            if any_shared[at]:
                text, place = int(texts[at]), int(places[at])
                passages = self._passages(text, place) if shared[at] >= _FEW else ()
                yield (
                    text,
                    place,
                    Match(
                        self._name,
                        None,
                        min(float(contained[at]), 1.0),
                        min(float(covered[at]), 1.0),
                        float(shared[at]),
                        passages[0].novelty if passages else 0.0,
                        passages[: self._max_passages],
                    ),
                )

    def _passages(self, text: int, place: int) -> tuple[Passage, ...]:
        """Runs of shared shingles, richest first; a loop counts once."""
        own = self._own
        shared = np.flatnonzero(own.shared_with(text, self._documents[place][0]))
        if not len(shared):
            return ()
        base, stop = int(own.bounds[text]), int(own.bounds[text + 1])
        keys, weights = own.keys[base:stop], own.weights(text)
        run = np.concatenate(([0], np.cumsum(np.diff(shared) > _GAP_WORDS)))
        # Each shingle once in a run: the first of those that are the same.
        order = np.lexsort((keys[shared], run))
        new = np.ones(len(order), dtype=bool)
        new[1:] = (run[order][1:] != run[order][:-1]) | (
            keys[shared][order][1:] != keys[shared][order][:-1]
        )
        novelty = np.bincount(run[order[new]], weights[shared[order[new]]])
        first = np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1])))
        last = np.append(first[1:] - 1, len(run) - 1)
        starts, ends = own.starts[base + shared[first]], own.ends[base + shared[last]]
        words = shared[last] - shared[first] + SHINGLE_WORDS
        richest = np.lexsort((starts, -novelty))
        return tuple(
            Passage(int(starts[i]), int(ends[i]), int(words[i]), float(novelty[i]))
            for i in richest[: self._max_passages]
        )
