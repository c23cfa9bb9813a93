"""Folds a text to plain characters for matching, and leads every offset back.

Zero-width characters, look-alike letters, full-width digits, accents, odd spaces,
dashes and quotes hide an identifier from a pattern but not from a reader. So do
letters that were read in the wrong encoding or are written as codes: "GarcÃ­a",
"Garc&iacute;a", or stand apart: "G a r c i a   w a s". The folded text has none of
that; `Folded.span` gives the place in the text as it is.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

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
    # Where a character stands for several of the text, by its offset: where these end.
    _wide: dict[int, int] = field(default_factory=dict)

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
        return self.position(start), self._wide.get(end - 1, self.position(end - 1) + 1)

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

        led = lead(ends - 1) + 1
        for offset, end in self._wide.items():
            led[ends - 1 == offset] = end
        return lead(starts), led


_PLAIN = re.compile(r"[\t\n\r -_a-~]*\Z")

# What the bytes 80 to BF become when they are read as Windows-1252, or as Latin-1.
_CONTINUED = "".join(
    sorted({*map(chr, range(0x80, 0xC0)), *bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")})
)
_MISREAD = rf"(?:[Â-ß][{_CONTINUED}]|[à-ï][{_CONTINUED}]{{2}}|[ð-ô][{_CONTINUED}]{{3}})"
# Misread once or twice; a character of HTML or of JSON; the bytes of a URL or a mail, of which a
# reading is left as it is where it gives nothing but ASCII or no text ("EF=55").
_CODED = re.compile(
    rf"(?:{_MISREAD})+"
    r"|&(?:\#\d{2,6}|\#[xX][0-9a-fA-F]{2,5}|[A-Za-z]{2,8}\d?);"
    r"|\\u[0-9a-fA-F]{4}"
    r"|(?<=\w)(?:%[0-9A-F]{2})+(?=\w)"
    r"|(?:=[C-F][0-9A-F](?:=[89AB][0-9A-F])+)+"
)
_SIGNS = re.compile(r"[&\\%=Â-ô]")  # one of these begins every one of them


def _decoded(coded: str) -> str | None:
    """What a reader would see for a match of `_CODED`; None for what is no such thing."""
    try:
        if coded[0] == "&":
            plain = html.unescape(coded)
        elif coded[0] == "\\":
            plain = chr(int(coded[2:], 16))
        elif coded[0] in "%=":
            plain = bytes.fromhex(coded.replace(coded[0], "")).decode("utf-8")
        else:
            plain = coded
            while _CODED.fullmatch(plain) and plain[0] > "~":
                plain = _bytes(plain).decode("utf-8")
    except ValueError:
        return None
    return plain if plain != coded else None


def _bytes(misread: str) -> bytes:
    """The bytes that were read as Windows-1252, or as Latin-1 where that has no character."""
    return b"".join(c.encode("latin-1" if ord(c) < 0x100 else "cp1252") for c in misread)


def _coded(text: str) -> Iterator[tuple[int, int, str]]:
    """Characters written as others: where they begin and end, and what they are, folded."""
    for match in _CODED.finditer(text):
        plain = _decoded(match[0])
        if plain is not None:
            folded = (
                _SPECIAL.get(c) or (c if c in _AS_IT_IS.values() else _fold_char(c)) for c in plain
            )
            yield match.start(), match.end(), "".join(folded).replace(_REMOVED, "")


# The same sign after each of eight characters and more, from the start of a word to an end.
_APART = re.compile(r"(?<![^\W_])[^\n](?P<s>[ ._*|~-])(?:[^\n](?P=s)){7,}[^\n](?![^\W_])")
_LETTER = re.compile(r"[^\W\d_]")
_FEWEST_DIGITS = 7  # of a number that is one


def _apart(text: str) -> Iterator[tuple[int, int, str]]:
    """The signs between characters that stand apart, which become nothing."""
    for match in _APART.finditer(text):
        characters = match[0][::2]
        digits = [int(c) for c in characters if c in "0123456789"]
        # Where words end must be told, or it may be a list of letters.
        text_apart = (
            2 * len(_LETTER.findall(characters))
            >= len(characters)
            > sum(map(str.isalnum, characters))
        )
        scale = all(b - a in (0, 1) for a, b in pairwise(digits))  # "0 1 2 3 4 5 6 7 8 9 10"
        if text_apart or (len(digits) >= _FEWEST_DIGITS and not scale):
            for place in range(match.start() + 1, match.end(), 2):
                yield place, place + 1, ""


def fold_text(text: str) -> Folded:
    """Fold a text; linear in its length, and nearly free for plain ASCII."""
    coded = list(_coded(text)) if _SIGNS.search(text) else []
    coded += _apart(text)
    if not coded and text.isascii() and _PLAIN.match(text):
        return Folded(text, len(text))
    table = _Table()
    plain = text.translate(table)
    if not coded and _REMOVED not in plain and not table.long:
        return Folded(plain, len(text))
    return _joined(text, plain, table.long, coded)


def _joined(
    text: str, plain: str, long: dict[str, str], coded: list[tuple[int, int, str]]
) -> Folded:
    """The folded text, with the way back, of pieces that were copied and of what took their place.

    Args:
        plain: the text, folded where one character became one.
        long: what became of the characters that did not.
        coded: what stands for several characters of the text.
    """
    pieces: list[str] = []
    folded: list[int] = []
    original: list[int] = []
    wide: dict[int, int] = {}
    written = read = 0
    odd = re.escape("".join(long)) or "\x00"
    changes = [(m.start(), m.end(), None) for m in re.finditer(f"\x00+|[{odd}]", plain)]
    following = iter(sorted([*changes, *coded], key=lambda change: change[:2]))
    for start, end, stands_for in following:
        if start < read:
            continue  # within what has been decoded
        if start > read:
            pieces.append(plain[read:start])
            folded.append(written)
            original.append(read)
            written += start - read
        if stands_for is None:
            chars = [
                (start + i, c) for i in range(end - start) for c in long.get(plain[start + i], "")
            ]
        else:
            chars = [(start, c) for c in stands_for]
        for place, c in chars:
            pieces.append(c)
            folded.append(written)
            original.append(place)
            written += 1
            if stands_for is not None:
                wide[written - 1] = end
        read = end
    if read < len(plain):
        pieces.append(plain[read:])
        folded.append(written)
        original.append(read)
    if not folded:
        # Nothing but invisible characters: every offset is the start.
        return Folded("", len(text), [0], [0])
    return Folded("".join(pieces), len(text), folded, original, wide)
