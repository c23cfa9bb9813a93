"""Documents of the reference that were read lately, side by side in one array of bytes.

What many texts are compared with is not read again for each, and places in different documents
are compared in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from casewright.filters.folding import fold_text
from casewright.filters.near_copies.extents import MARGIN, Around, around
from casewright.filters.near_copies.normal import lower_bytes, squeeze
from casewright.filters.near_copies.runs import Bytes, Places

__all__ = ["Remembered"]

_TOGETHER = 1_000_000  # bytes read before they are normalised
_OUTSIDE = b"\xff" * MARGIN  # no byte of any text


class Remembered:
    """Normalised bytes of documents, read when they are first asked for.

    Args:
        read: gives the text of a document. documents: how many there are.
        limit: about how many bytes are kept.
    """

    def __init__(self, read: Callable[[int], str], documents: int, limit: int) -> None:
        self._read, self._limit = read, limit
        self._room = np.zeros(0, dtype=np.uint8)
        self._end = 0
        self._places = np.full(documents, -1, dtype=np.int64)

    def rows(self, documents: Places, offsets: Places) -> Iterator[tuple[Places, Around]]:
        """The runs at some offsets of documents, and what is around them.

        What is outside a document is no byte of any text. They come in pieces: (which of
        those asked for, their rows).
        """
        left = np.arange(len(documents))
        while len(left):
            place = self._places[documents[left]]
            there = np.flatnonzero(place >= 0)
            now = left[there]
            yield now, around(self._room)[place[there] + offsets[now] - MARGIN]
            left = left[place < 0]
            if len(left):
                self._take(np.unique(documents[left]).tolist())

    def _take(self, documents: Sequence[int]) -> None:
        """Read the first of some documents: one at least."""
        parts: list[bytes] = []
        size = 0
        for document in documents:
            parts.append(fold_text(self._read(document)).text.encode("utf-8", "replace"))
            size += len(parts[-1])
            if size >= _TOGETHER:
                break
        # Between two, and after the last, as much that is no text.
        raw = np.frombuffer(lower_bytes(_OUTSIDE.join([*parts, b""])), dtype=np.uint8)
        sizes = np.array([len(part) + MARGIN for part in parts])
        starts = np.cumsum(sizes) - sizes
        dropped = np.flatnonzero(~squeeze(raw))
        if len(dropped):
            raw = np.delete(raw, dropped)
            starts -= np.searchsorted(dropped, starts)
        self._add(np.array(documents[: len(parts)]), raw, starts)

    def _add(self, documents: Places, raw: Bytes, starts: Places) -> None:
        if self._end + len(raw) > self._limit:
            self._places[:] = -1
            self._end = 0
        if MARGIN + self._end + len(raw) > len(self._room):
            # All that may ever be kept: it takes no memory before it is written to.
            self._room = np.empty(MARGIN + max(self._limit, len(raw)), dtype=np.uint8)
            self._room[:MARGIN] = 255
        # What is not text is after each document, and before the first.
        begin = MARGIN + self._end
        self._end += len(raw)
        self._room[begin : begin + len(raw)] = raw
        self._places[documents] = begin + starts
