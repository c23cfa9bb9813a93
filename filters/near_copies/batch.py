"""Several texts as one: their bytes joined, so that numpy reads them all at once.

Between two texts stands a zero byte, which no folded text has: no word, no run of bytes and no
shingle reaches over it. What a text is found to share does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from casewright.filters.folding import Folded, fold_text
from casewright.filters.near_copies.masking import WordKinds, kinds_of
from casewright.filters.near_copies.normal import lower_bytes, squeeze
from casewright.filters.near_copies.shingles import Words, words_of_bytes

__all__ = ["MOST_TEXTS", "Batch", "batches", "pieces"]

MOST_TEXTS = 60_000  # a text's number has 16 bits where hashes carry it
_BYTES = 2_000_000


@dataclass(frozen=True)
class Batch:
    """Texts joined, and their words.

    Attributes:
        texts: as they are. folded: plain characters of each, and the way back.
        raw: UTF-8 of the folded texts with a zero byte between two.
        starts, sizes: of each text in `raw`.
        words: of all texts, with offsets into `raw`. owners: the text of each word.
    """

    texts: tuple[str, ...]
    folded: tuple[Folded, ...]
    raw: bytes
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    words: Words
    owners: NDArray[np.int64]
    _characters: dict[int, NDArray[np.int64]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Batch:
        """Join texts.

        Raises:
            ValueError: more than `MOST_TEXTS`.
        """
        if len(texts) > MOST_TEXTS:
            raise ValueError(f"{len(texts)} texts in one batch, at most {MOST_TEXTS}")
        folded = tuple(fold_text(text) for text in texts)
        parts = [f.text.encode("utf-8", "replace") for f in folded]
        raw = b"\x00".join(parts)
        sizes = np.array([len(p) for p in parts], dtype=np.int64)
        starts = np.concatenate(([0], np.cumsum(sizes + 1)[:-1])).astype(np.int64)
        words = words_of_bytes(np.frombuffer(raw, dtype=np.uint8))
        owners = np.searchsorted(starts, words.starts, "right") - 1
        return cls(tuple(texts), folded, raw, starts, sizes, words, owners)

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def kinds(self) -> WordKinds:
        """Which words read as a name, a number, a title, a pronoun."""
        return kinds_of(self.words)

    @cached_property
    def normal(self) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """Normalised bytes, and the place of each in `raw` (None where they are the same)."""
        lower = np.frombuffer(lower_bytes(self.raw), dtype=np.uint8)
        keep = squeeze(lower)
        return (lower, None) if keep.all() else (lower[keep], np.flatnonzero(keep))

    @cached_property
    def normal_bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where each text starts and ends among the normalised bytes."""
        places = self.normal[1]
        ends = self.starts + self.sizes
        if places is None:
            return self.starts, ends
        return np.searchsorted(places, self.starts), np.searchsorted(places, ends)

    def spans(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Stretches of `raw`, each of one text, as stretches of that text's characters."""
        owners = np.searchsorted(self.starts, starts, "right") - 1
        firsts, lasts = starts - self.starts[owners], ends - 1 - self.starts[owners]
        led = list(zip(firsts.tolist(), (lasts + 1).tolist(), strict=True))
        for at in np.flatnonzero(self._shifted[owners]).tolist():
            led[at] = self._span(int(owners[at]), int(firsts[at]), int(lasts[at]))
        return led

    @cached_property
    def _shifted(self) -> NDArray[np.bool_]:
        """The texts whose characters are not their bytes."""
        return np.array(
            [
                f.shifted or len(f.text) != size
                for f, size in zip(self.folded, self.sizes.tolist(), strict=True)
            ]
        )

    def _span(self, number: int, start: int, last: int) -> tuple[int, int]:
        base, size, folded = int(self.starts[number]), int(self.sizes[number]), self.folded[number]
        if size != len(folded.text):
            # Bytes to characters: count the bytes that begin a character.
            if number not in self._characters:
                own = np.frombuffer(self.raw, dtype=np.uint8, count=size, offset=base)
                self._characters[number] = np.cumsum((own & 0xC0) != 0x80) - 1
            characters = self._characters[number]
            start, last = int(characters[start]), int(characters[last])
        return folded.span(start, last + 1)


def pieces(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in lists of about two megabytes."""
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= _BYTES or len(held) >= MOST_TEXTS:
            yield held
            held, size = [], 0
    if held:
        yield held


def batches(texts: Iterable[str]) -> Iterator[Batch]:
    """Texts in batches of about two megabytes."""
    return map(Batch.of, pieces(texts))
