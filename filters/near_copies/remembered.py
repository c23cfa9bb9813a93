"""Documents of the reference that were read lately, side by side in one array of bytes.

What many texts are compared with is not read again for each, and places in different documents
are compared in one step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from casewright.filters.near_copies.normal import normalise
from casewright.filters.near_copies.runs import GRAM, REACH, Bytes, Places

__all__ = ["Remembered", "around"]


def around(raw: Bytes) -> Bytes:
    """A row for every offset: `GRAM` + 2 * `REACH` bytes from there on. Nothing is copied."""
    width = GRAM + 2 * REACH
    return np.ndarray((max(len(raw) - width + 1, 0), width), np.uint8, raw, strides=(1, 1))


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

    def rows(self, documents: Places, offsets: Places) -> Bytes:
        """The runs at some offsets of documents, each with `REACH` bytes on both sides.

        What is outside a document is no byte of any text.
        """
        rows = np.empty((len(documents), GRAM + 2 * REACH), dtype=np.uint8)
        left = np.arange(len(documents))
        while len(left):
            place = self._places[documents[left]]
            there = place >= 0
            now = left[there]
            rows[now] = around(self._room)[place[there] + offsets[now]]
            left = left[~there]
            self._take(np.unique(documents[left]).tolist())
        return rows

    def _take(self, documents: list[int]) -> None:
        """Read documents: as many as there is room for at once, but one at least."""
        for count, document in enumerate(documents):
            raw = normalise(self._read(document)).data
            if self._end + len(raw) > self._limit:
                if count:
                    return
                self._places[:] = -1
                self._end = 0
            self._add(document, raw)

    def _add(self, document: int, raw: Bytes) -> None:
        size = len(raw) + 2 * REACH
        if self._end + size > len(self._room):
            room = np.empty(max(2 * len(self._room), self._end + size), dtype=np.uint8)
            room[: self._end] = self._room[: self._end]
            self._room = room
        place = self._places[document] = self._end
        self._room[place : place + size] = 255
        self._room[place + REACH : place + REACH + len(raw)] = raw
        self._end += size
