"""Which reference documents could be what a text was made from: by the rare words they share.

Of every document its rarest words are kept (by the first letters; names and numbers apart, as a
copy may have others), one for `QUOTA` bytes of text, in 6 bytes each. The documents that share
most of them with a text, weighted by rarity, are read and compared in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.frequency import Frequencies

__all__ = ["QUOTA", "TermBuilder", "TermTable", "candidates"]

U64 = np.uint64
QUOTA = 48
# So many places of the table are looked at for one text, those of its rarest words first.
_MOST = 8000


def _scale(hashes: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    return (((hashes >> U64(32)) * U64(size)) >> U64(32)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class TermTable:
    """Rare words and the documents that have them."""

    directory: NDArray[np.uint32]
    documents: NDArray[np.uint32]
    tags: NDArray[np.uint8]

    PARTS = ("directory", "documents", "tags")

    def find(self, terms: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs (index of the term, document)."""
        none = np.zeros(0, dtype=np.int64)
        if not len(self.documents) or not len(terms):
            return none, none
        bucket = _scale(terms, len(self.directory) - 1)
        begin = self.directory[bucket].astype(np.int64)
        size = self.directory[bucket + 1].astype(np.int64) - begin
        if int(size.sum()) > _MOST:
            order = np.argsort(size, kind="stable")
            size[order[np.cumsum(size[order]) > _MOST]] = 0
        owner = np.repeat(np.arange(len(terms)), size)
        entry = np.arange(len(owner)) + np.repeat(
            begin - np.concatenate(([0], np.cumsum(size)[:-1])), size
        )
        tag = (terms & U64(0xFF)).astype(np.uint8)
        same = self.tags[entry] == tag[owner]
        return owner[same], self.documents[entry[same]].astype(np.int64)


class TermBuilder:
    """Collects the words of documents, batch by batch, and keeps the rarest of each."""

    def __init__(self) -> None:
        # A coarse table of frequencies: one look for each word of the whole reference.
        self._seen = np.zeros(1 << 20, dtype=np.int64)
        self._levels = np.zeros(1 << 20, dtype=np.uint8)
        self._terms: list[NDArray[np.uint32]] = []
        self._tags: list[NDArray[np.uint8]] = []
        self._documents: list[NDArray[np.uint32]] = []
        self._count = 0

    def learn(self, terms: NDArray[np.uint64]) -> None:
        """Count the words of documents that show which words are rare; before any is added."""
        self._seen += np.bincount((terms >> U64(44)).astype(np.int64), minlength=1 << 20)
        self._levels = np.minimum(np.log2(self._seen + 1.0) * 8, 255).astype(np.uint8)

    def add(
        self, terms: NDArray[np.uint64], owners: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> None:
        """Add documents of `sizes` bytes; `owners[i]` < 65,536 is the document of `terms[i]`."""
        from_ = self._count
        self._count += len(sizes)
        if not len(terms):
            return
        level = self._levels[(terms >> U64(44)).astype(np.int64)]
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


def candidates(
    table: TermTable,
    frequencies: Frequencies,
    stems: NDArray[np.uint64],
    sizes: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    count: int,
) -> list[int]:
    """The documents most like a text by their rare words, at most `count`, likeliest first.

    Only such as have 8% of the words of the text, or 40% of whose own kept words the text
    has: a document that was copied, in whole or in part, or paraphrased has far more.

    Args:
        stems: of the text's words. sizes: about how many bytes documents have.
    """
    unique = np.unique(stems)
    owner, document = table.find(packed_term(unique))
    if not len(owner):
        return []
    names, place, times = np.unique(document, return_inverse=True, return_counts=True)
    kept = np.maximum(sizes(names) / QUOTA, 1)
    likely = np.flatnonzero((times >= 2) & ((times >= 0.4 * kept) | (times >= 0.08 * len(unique))))
    if not len(likely):
        return []
    idf = frequencies.idf(unique, "stem")
    score = np.bincount(place, weights=idf[owner])[likely]
    share = score / np.sqrt(kept[likely])
    order = np.concatenate((np.argsort(-share, kind="stable")[:count], [np.argmax(score)]))
    return [int(names[likely[i]]) for i in dict.fromkeys(order.tolist())]
