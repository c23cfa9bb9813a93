"""The corpus filter: documents of the corpus that are near-copies of earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.batch import batches
from casewright.filters.near_copies.document import READINGS, ReadingName, distinct_shingles, weigh

__all__ = ["CopyPair", "SelfCopyResult", "find_self_copies"]

# Pairs below this are not recorded: the threshold can be examined down to here.
FLOOR = 0.30
# A shingle in more documents than this (and than this share of them) does not bring a pair
# together; it still counts once the pair is compared.
_MAX_FREQUENCY = 200
_MAX_SHARE = 0.05
_SHORT = 6.0


@dataclass(frozen=True, slots=True)
class CopyPair:
    """Two documents and the rarity-weighted share of the shorter one that both have."""

    index: int
    document: str
    of_index: int
    of_document: str
    score: float


@dataclass(frozen=True, slots=True)
class SelfCopyResult:
    """All pairs that are alike, to be examined at any threshold from `FLOOR` up.

    Attributes:
        threshold: the one asked for. pairs: sorted by (index, of_index); index > of_index.
    """

    threshold: float
    pairs: tuple[CopyPair, ...]

    def copies(self, threshold: float | None = None) -> dict[str, CopyPair]:
        """Ids of the copies, each with the strongest pair that makes it one.

        Documents are taken in order of index: one that is like a document already
        dropped, but like none that is kept, is kept. So the result does not depend on
        the order in which the documents came.

        Raises:
            ValueError: threshold below `FLOOR`: such pairs were not recorded.
        """
        limit = self.threshold if threshold is None else threshold
        if limit < FLOOR:
            raise ValueError(f"pairs below {FLOOR} were not recorded, asked for {limit}")
        dropped: dict[str, CopyPair] = {}
        for pair in self.pairs:
            if pair.score < limit or pair.of_document in dropped:
                continue
            known = dropped.get(pair.document)
            if known is None or pair.score > known.score:
                dropped[pair.document] = pair
        return dropped


def find_self_copies(
    docs: Iterable[tuple[int, str, str]], threshold: float = 0.70
) -> SelfCopyResult:
    """Find documents that are near-copies of a document with a lower index.

    Args:
        docs: (index, id, text) in any order; indices and ids are distinct.
        threshold: share of the shorter document's shingles, weighted by rarity in the
            corpus, from which on a pair counts as copies. Read as is and with names and
            numbers masked; the larger share counts.

    Returns:
        A result that can be examined at other thresholds.
    """
    items = sorted(docs)
    scores: dict[tuple[int, int], float] = {}
    for reading in READINGS:
        hashes = [
            h
            for batch in batches(t for _, _, t in items)
            for h in distinct_shingles(batch, reading)
        ]
        for a, b, score in _alike(hashes, reading):
            scores[a, b] = max(score, scores.get((a, b), 0.0))
    pairs = tuple(
        CopyPair(items[b][0], items[b][1], items[a][0], items[a][1], score)
        for (a, b), score in sorted(scores.items(), key=lambda s: (s[0][1], s[0][0]))
    )
    return SelfCopyResult(threshold, pairs)


@dataclass(frozen=True, slots=True)
class Postings:
    """Shingle `keys[i]` is in documents `documents[offsets[i]:offsets[i + 1]]`.

    `mass[d]` is the sum of the weights of document d's shingles.
    """

    keys: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    documents: NDArray[np.uint32]
    mass: NDArray[np.float64]

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Index of each hash in `keys`, or -1."""
        if not len(self.keys):
            return np.full(len(hashes), -1, dtype=np.int64)
        at = np.searchsorted(self.keys, hashes)
        at[at == len(self.keys)] = 0
        return np.where(self.keys[at] == hashes, at, -1).astype(np.int64)

    def gather(self, at: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The documents of the keys at these places, one after the other."""
        begin = self.offsets[at]
        counts = self.offsets[at + 1] - begin
        flat = np.repeat(begin - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        documents: NDArray[np.uint32] = self.documents[flat + np.arange(int(counts.sum()))]
        return documents


def post_hashes(hashes: Sequence[NDArray[np.uint64]], reading: ReadingName) -> Postings:
    """Postings of documents given as arrays of distinct hashes."""
    if not hashes:
        empty = np.zeros(0, dtype=np.uint64)
        return Postings(
            empty, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.uint32), np.zeros(0)
        )
    every = np.concatenate(hashes)
    documents = np.repeat(np.arange(len(hashes), dtype=np.uint32), [len(h) for h in hashes])
    order = np.argsort(every, kind="stable")
    every, documents = every[order], documents[order]
    new = np.empty(len(every), dtype=bool)
    new[:1] = True
    np.not_equal(every[1:], every[:-1], out=new[1:])
    first = np.flatnonzero(new)
    offsets = np.append(first, len(every)).astype(np.int64)
    keys, frequency = every[first], np.diff(offsets)
    weights = weigh(frequency, len(hashes), keys, reading)
    mass = np.bincount(documents, np.repeat(weights, frequency), minlength=len(hashes))
    return Postings(keys, offsets, documents, mass.astype(np.float64))


def _alike(
    hashes: list[NDArray[np.uint64]], reading: ReadingName
) -> Iterator[tuple[int, int, float]]:
    """Pairs (earlier, later, score) of documents given as arrays of distinct hashes."""
    postings: Postings = post_hashes(hashes, reading)
    frequency = np.diff(postings.offsets)
    weights = weigh(frequency, len(hashes), postings.keys, reading)
    limit = max(_MAX_FREQUENCY, int(_MAX_SHARE * len(hashes)))
    mass = postings.mass
    for later, own in enumerate(hashes):
        at = postings.find(own)
        at = at[(frequency[at] > 1)]
        rare = at[frequency[at] <= limit]
        if not len(rare):
            continue
        partners = np.unique(postings.gather(rare))
        earlier = partners[partners < later]
        if not len(earlier):
            continue
        # All that is shared counts, common shingles too; only the partners' share is summed.
        documents = postings.gather(at)
        place = np.searchsorted(earlier, documents)
        place[place == len(earlier)] = 0
        own_weights = np.repeat(weights[at], frequency[at])
        mine = earlier[place] == documents
        shared = np.bincount(place[mine], weights=own_weights[mine], minlength=len(earlier))
        smaller = np.minimum(mass[earlier], mass[later])
        larger = np.maximum(mass[earlier], mass[later])
        # A text of a few words is in many longer ones: it is a copy only of its like.
        smaller = np.where(smaller < _SHORT, larger, smaller)
        score = np.divide(shared, smaller, out=np.zeros(len(earlier)), where=smaller > 0)
        for i in np.flatnonzero(score >= FLOOR):
            yield int(earlier[i]), later, round(min(float(score[i]), 1.0), 6)
