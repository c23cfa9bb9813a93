"""Text to words, with the place of every word in the original.

The normalised text has exactly as many characters as the original (each character is
replaced by one), so the offset map is the identity and every span that the checker
reports can be cut from the original text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Tokens", "fold", "tokenise", "word_list", "word_set", "words_of"]

_SINGLES = {
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    **dict.fromkeys("‘’‚‛′`´ʼ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\t\r\f\v", " "),
    "\u2028": "\n",
    "\u2029": "\n",
    "\u0085": "\n",
    "µ": "u",
    "μ": "u",
    "º": "°",
    "˚": "°",
    "‹": "<",
    "›": ">",
    "×": "x",
    "•": "•",
    "◦": "•",
    "▪": "•",
    "●": "•",
    "·": "•",
    "∙": "•",
    "∅": "ø",
    "⁄": "/",
    "∕": "/",
}
# Invisible characters stand inside words without splitting them.
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"

TOKEN = re.compile(
    rf"""
      [^\W\d_][^\W_]+(?:[{_INVISIBLE}'][^\W\d_]+)*  # words, t2dm, patient's: most tokens
    | (?<![\w/])[a-z](?:/[a-z]){{1,7}}(?![\w/])      # r/o, s/p, f/c/n/v
    | (?<!\w)[+-]ve(?!\w)                           # -ve, +ve
    | (?<![\w.])(?:[a-z]\.){{2,6}}                  # b.i.d., p.o.
    | \d+(?:[.,]\d+)*                              # 38.6, 1,200
    | [^\W\d_](?:[{_INVISIBLE}'][^\W\d_]+)*         # a, i'm
    | [.,;:?!()\[\]\n/+\-=<>%°\#*•|&~^"]
    """,
    re.VERBOSE,
)
_DOTTED = re.compile(r"[a-z]\.[a-z]\.")
_DROP_INVISIBLE = dict.fromkeys(map(ord, _INVISIBLE))


def word_list(text: str) -> list[str]:
    """The words of a white-space separated list, in order."""
    return text.split()


def word_set(text: str) -> frozenset[str]:
    """The words of a white-space separated list."""
    return frozenset(text.split())


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    """One character for one character: the lower-case letter without its accent."""
    if char in _SINGLES:
        return _SINGLES[char]
    if char in _INVISIBLE:
        return char
    lowered = char.lower()
    base = unicodedata.normalize("NFKD", lowered)[:1] or char
    return base if len(base) == 1 and base.isprintable() else " "


def fold(text: str) -> str:
    """Lower-case, plain dashes, quotes, spaces and letters; as long as `text`."""
    if text.isascii():
        return text.lower().translate(_ASCII_SPACES)
    lowered = text.lower()
    if len(lowered) != len(text):  # "İ" lowers to two characters
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    table = {ord(c): _fold_char(c) for c in set(lowered) if not (c.isascii() and c >= " ")}
    table[10] = "\n"
    return lowered.translate(table)


_ASCII_SPACES = {ord(c): " " for c in "\t\r\f\v"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words and marks of a text, in order.

    Attributes:
        text: the original. folded: as long, see `fold`.
        words: folded words; "b.i.d." becomes "bid", invisible characters are gone.
        starts, ends: character offsets into `text`, one pair a word.
    """

    text: str
    folded: str
    words: list[str]
    starts: list[int]
    ends: list[int]

    def __len__(self) -> int:
        return len(self.words)

    def surface(self, first: int, last: int) -> str:
        """The original text from word `first` to word `last`, inclusive."""
        return self.text[self.starts[first] : self.ends[last]]


def words_of(text: str) -> list[str]:
    """The words and marks of a short text, without their places."""
    return [
        w.replace(".", "") if len(w) > 1 and w[0].isalpha() else w
        for w in TOKEN.findall(fold(text))
    ]


def tokenise(text: str) -> Tokens:
    """Split a text into words and punctuation marks; linear in its length."""
    folded = fold(text)
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in TOKEN.finditer(folded):
        start, end = match.span()
        words.append(folded[start:end])
        starts.append(start)
        ends.append(end)
    if _DOTTED.search(folded):
        words = [w.replace(".", "") if "." in w and w[0].isalpha() else w for w in words]
    if not folded.isascii():
        words = [w.translate(_DROP_INVISIBLE) for w in words]
    return Tokens(text, folded, words, starts, ends)
