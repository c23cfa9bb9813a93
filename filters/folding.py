"""Folds a text to plain characters for matching, and leads every offset back.

Zero-width characters, look-alike letters, full-width digits, accents, odd spaces,
dashes and quotes hide an identifier from a pattern but not from a reader. The
folded text has none of them; `Folded.span` gives the place in the text as it is.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Folded", "fold_text"]

_REMOVED = "\x00"
# Letters of other scripts that a reader takes for Latin ones.
_LOOKALIKES = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХѴԌԚԜаеѕіјорсухԁԛԝһӏкмтвнгпΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορτυχκⅼⅰⅴⅹɡɑıȷ",
        "ABESIJKMHOPCTYXVGQWaesijopcyxdqwhlkmtbhrnABEZHIKMNOPTYXaivoptuxklivxgaij",
        strict=True,
    )
)
_SPECIAL = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ħ": "h",
    "Ħ": "H", "ŋ": "n", "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "ʻ": "'", "′": "'",
    "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "″": '"', "\x0b": "\n", "\x0c": "\n",
    "\x85": "\n", "\u2028": "\n", "\u2029": "\n", "−": "-", "⁄": "/", "∕": "/", "＠": "@",
    "\u115f": _REMOVED, "\u1160": _REMOVED, "\u3164": _REMOVED, "\uffa0": _REMOVED,
    "\u034f": _REMOVED, "\ufffd": "?",
}  # fmt: skip


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    """One character to its plain form: usually one character, `_REMOVED` for invisible ones."""
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char in _LOOKALIKES:
        return _LOOKALIKES[char]
    category = unicodedata.category(char)
    if category in ("Cf", "Cc", "Mn", "Me", "Cs"):
        return _REMOVED
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    if category == "Nd":
        return str(unicodedata.digit(char))
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    # A sign such as the one for "½" becomes three characters; anything longer stays as it is.
    return plain.replace("⁄", "/") if 0 < len(plain) <= 3 else char


_AS_IT_IS = {
    ord(c): c for c in map(chr, range(128)) if c in "\t\n\r" or (" " <= c <= "~" and c != "`")
}


class _Table(dict[int, str]):
    """Filled as characters are met; the characters that change the length are noted."""

    def __init__(self) -> None:
        super().__init__(_AS_IT_IS)
        self.long: dict[str, str] = {}

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = _fold_char(char)
        if len(plain) != 1:
            self.long[char] = plain
            plain = char
        self[code] = plain
        return plain


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the way back.

    `_folded[i]` and `_original[i]` begin a stretch that was copied one to one.
    """

    text: str
    length: int
    _folded: list[int] = field(default_factory=list)
    _original: list[int] = field(default_factory=list)

    @property
    def shifted(self) -> bool:
        """Whether offsets of the folded text differ from those of the text as it is."""
        return bool(self._folded)

    def position(self, offset: int) -> int:
        """Where the folded character at `offset` stands in the text as it is."""
        if not self._folded:
            return offset
        i = bisect_right(self._folded, offset) - 1
        return min(self._original[i] + offset - self._folded[i], self.length)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place of `text[start:end]` in the text as it is."""
        if not self._folded:
            return start, end
        if end <= start:
            return self.position(start), self.position(start)
        return self.position(start), self.position(end - 1) + 1

    def spans(
        self, starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """`span` for many non-empty spans at once."""
        if not self._folded:
            return starts, ends
        folded = np.array(self._folded)
        shift = np.array(self._original) - folded

        def lead(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
            led: NDArray[np.int64] = offsets + shift[np.searchsorted(folded, offsets, "right") - 1]
            return led

        return lead(starts), lead(ends - 1) + 1


_PLAIN = re.compile(r"[\t\n\r -_a-~]*\Z")


def fold_text(text: str) -> Folded:
    """Fold a text; linear in its length, and nearly free for plain ASCII."""
    if text.isascii() and _PLAIN.match(text):
        return Folded(text, len(text))
    table = _Table()
    plain = text.translate(table)
    if _REMOVED not in plain and not table.long:
        return Folded(plain, len(text))
    pieces: list[str] = []
    folded: list[int] = []
    original: list[int] = []
    written = read = 0
    odd = "\x00" + "".join(table.long)
    for match in re.finditer("\x00+|[" + re.escape(odd[1:] or "\x00") + "]", plain):
        start, end = match.span()
        if start > read:
            pieces.append(plain[read:start])
            folded.append(written)
            original.append(read)
            written += start - read
        for i, char in enumerate(match[0]):
            for c in table.long.get(char, ""):
                pieces.append(c)
                folded.append(written)
                original.append(start + i)
                written += 1
        read = end
    if read < len(plain):
        pieces.append(plain[read:])
        folded.append(written)
        original.append(read)
    if not folded:
        # Nothing but invisible characters: every offset is the start.
        return Folded("", len(text), [0], [0])
    return Folded("".join(pieces), len(text), folded, original)
