"""Normalised bytes of a text: what the exact index compares.

Look-alikes and invisible characters are folded, letters are lower-case, and every run of white
space is one space. Offsets lead back to the characters of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.filters.folding import Folded, fold_text

__all__ = ["Normal", "lower_bytes", "normalise", "squeeze"]

_TABLE = bytearray(range(256))
_TABLE[65:91] = bytes(range(97, 123))
for _space in b"\t\n\r\x0b\x0c":
    _TABLE[_space] = 32
_LOWER = bytes(_TABLE)


def lower_bytes(folded: bytes) -> bytes:
    """A folded text's UTF-8 in lower case, white space as spaces; length is kept."""
    return folded.translate(_LOWER)


def squeeze(raw: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which bytes stay when every run of spaces is made one."""
    space = raw == 32
    keep: NDArray[np.bool_] = ~space
    keep[1:] |= ~space[:-1]
    if len(keep):
        keep[0] = True
    return keep


@dataclass(frozen=True, slots=True)
class Normal:
    """Normalised bytes and the way back.

    `places[i]` is the offset of byte i in the folded text's bytes; None where they are the same.
    """

    data: NDArray[np.uint8]
    places: NDArray[np.int64] | None
    folded: Folded
    _characters: NDArray[np.int64] | None

    def spans(self, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Stretches of the bytes as stretches of the text's characters."""
        led = []
        for start, end in spans:
            first, last = start, end - 1
            if self.places is not None:
                first, last = int(self.places[first]), int(self.places[last])
            if self._characters is not None:
                first, last = int(self._characters[first]), int(self._characters[last])
            led.append(self.folded.span(first, last + 1))
        return led


def normalise(text: str, folded: Folded | None = None) -> Normal:
    """Normalise one text."""
    folded = folded or fold_text(text)
    raw = np.frombuffer(lower_bytes(folded.text.encode("utf-8", "replace")), dtype=np.uint8)
    keep = squeeze(raw)
    characters = None
    if len(raw) != len(folded.text):
        # Bytes to characters: count the bytes that begin a character.
        characters = np.cumsum((raw & 0xC0) != 0x80) - 1
    if keep.all():
        return Normal(raw, None, folded, characters)
    return Normal(raw[keep], np.flatnonzero(keep), folded, characters)
