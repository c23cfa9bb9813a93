"""Words that mean the same in another inflection or spelling, and misspelt long words.

A stem is only ever compared with another stem, never shown. What two words must not be
merged (burn and burning as single words, say) is the lexicon's business: it checks each
match of a one-word form against the words that were really written.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

__all__ = ["Speller", "english_words", "is_inflection", "stem"]

_IRREGULAR = {
    "bled": "bleed",
    "broke": "break",
    "broken": "break",
    "fell": "fall",
    "fallen": "fall",
    "felt": "feel",
    "feet": "foot",
    "teeth": "tooth",
    "threw": "throw",
    "thrown": "throw",
    "lost": "lose",
    "losing": "lose",
    "swollen": "swell",
    "swelled": "swell",
    "children": "child",
    "women": "woman",
    "men": "man",
    "woke": "wake",
    "waking": "wake",
    "ran": "run",
    "runny": "runny",
    "got": "get",
    "slept": "sleep",
    "lying": "lie",
    "burnt": "burn",
    "stung": "sting",
    "bitten": "bite",
    "bit": "bit",
    "vertebrae": "vertebra",
    "diverticula": "diverticulum",
    "nuclei": "nucleus",
    "shingles": "shingles",
    "measles": "measles",
    "mumps": "mumps",
    "rickets": "rickets",
    "aids": "aids",
    "does": "does",
    "this": "this",
    "species": "species",
    "diabetes": "diabetes",
    "herpes": "herpes",
    "rabies": "rabies",
    "scabies": "scabies",
    "caries": "caries",
    "pyloris": "pylori",
    "numb": "numb",
    "bed": "bed",
    "bedding": "bedding",
    "during": "during",
    "evening": "evening",
    "morning": "morning",
    "need": "need",
    "speed": "speed",
    "feed": "feed",
    "fed": "feed",
    "being": "being",
    "nothing": "nothing",
    "something": "something",
    "anything": "anything",
    "everything": "everything",
    "seed": "seed",
    "string": "string",
    "spring": "spring",
    "finger": "finger",
    "red": "red",
    "wing": "wing",
    "bleed": "bleed",
    "indeed": "indeed",
    "hundred": "hundred",
    "sacred": "sacred",
    "kindred": "kindred",
}
# British spelling to American, only inside words of five letters and more. Greek and
# Latin roots first; the result need not be a word, both sides go through the same mill.
_SPELLING = (
    ("haem", "hem"),
    ("anaem", "anem"),
    ("oedem", "edem"),
    ("oesoph", "esoph"),
    ("oestr", "estr"),
    ("diarrhoea", "diarrhea"),
    ("noea", "nea"),
    ("rrhoea", "rrhea"),
    ("paed", "ped"),
    ("gynaec", "gynec"),
    ("caec", "cec"),
    ("faec", "fec"),
    ("foet", "fet"),
    ("ischaem", "ischem"),
    ("aemia", "emia"),
    ("aemic", "emic"),
    ("anaesth", "anesth"),
    ("orthopaed", "orthoped"),
    ("leucocyt", "leukocyt"),
    ("sulph", "sulf"),
    ("tumour", "tumor"),
    ("labour", "labor"),
    ("colour", "color"),
    ("behaviour", "behavior"),
    ("odour", "odor"),
    ("humour", "humor"),
    ("favour", "favor"),
    ("vapour", "vapor"),
    ("litre", "liter"),
    ("metre", "meter"),
    ("centre", "center"),
    ("fibre", "fiber"),
    ("titre", "titer"),
    ("calibre", "caliber"),
    ("ageing", "aging"),
    ("grey", "gray"),
    ("aluminium", "aluminum"),
    ("coeliac", "celiac"),
    ("dysrrhythm", "dysrhythm"),
)
_SUFFIXES = (("isation", "ization"), ("ising", "izing"), ("ised", "ized"), ("ise", "ize"))
_KEEP_DOUBLE = frozenset("lsz")
_VOWELS = frozenset("aeiouy")


def _american(word: str) -> str:
    for british, american in _SPELLING:
        if british in word:
            word = word.replace(british, american)
    for british, american in _SUFFIXES:
        if word.endswith(british) and len(word) - len(british) >= 4:
            return word[: -len(british)] + american
    return word


def _undouble(word: str) -> str:
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in _KEEP_DOUBLE | _VOWELS:
        return word[:-1]
    return word


def _has_vowel(word: str) -> bool:
    return any(c in _VOWELS for c in word)


def _unplural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if word.endswith("ses") and len(word) > 5:
        return word[:-2]
    if word.endswith("sis") and len(word) > 6:
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _unverb(word: str) -> str:
    if word.endswith("ing") and len(word) > 5 and _has_vowel(word[:-3]):
        return _undouble(word[:-3])
    if word.endswith("ied") and len(word) > 5:
        return word[:-3] + "y"
    past = word.endswith("ed") and len(word) > 4 and not word.endswith("eed")
    return _undouble(word[:-2]) if past and _has_vowel(word[:-2]) else word


def _tidy(word: str) -> str:
    if word.endswith("e") and len(word) > 4:
        word = word[:-1]
    if word.endswith("y") and len(word) > 3 and word[-2] not in _VOWELS:
        word = word[:-1] + "i"
    return word


def base(word: str) -> str:
    """The word without possessive, in American spelling."""
    if "'" in word:
        word = word.removesuffix("'s").removesuffix("'")
    return _american(word) if len(word) >= 5 else word


@lru_cache(maxsize=1 << 17)
def stem(word: str) -> str:
    """A key shared by the inflections and spellings of a folded word.

    Words of up to three letters and words with digits are their own key.
    """
    word = base(word)
    if word in _IRREGULAR:
        return _tidy(_IRREGULAR[word])
    if len(word) <= 3 or not word.isalpha():
        return word
    singular = _unplural(word)
    return _tidy(_IRREGULAR.get(singular) or _unverb(singular))


@lru_cache(maxsize=1 << 15)
def is_inflection(written: str, form: str) -> str:
    """How `written` relates to `form`: "same", "number" (singular, plural) or "verb".

    Only meaningful for two words of one stem.
    """
    one, other = base(written), base(form)
    if one == other:
        return "same"
    return "number" if _tidy(_unplural(one)) == _tidy(_unplural(other)) else "verb"


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """Common English words (SCOWL, see english.LICENSE.txt), lower case."""
    data = files(__package__).joinpath("english.txt.gz").read_bytes()
    return frozenset(gzip.decompress(data).decode().split())


class Speller:
    """Finds the one known long word that a misspelt word stands for.

    An index of deletion variants (after SymSpell, W. Garbe 2012): two words within one
    edit share a variant with at most one letter deleted. Exact words, English words and
    short words are never touched, and an ambiguous correction is not made.
    """

    MIN_LENGTH = 7
    MAX_LENGTH = 40

    def __init__(self, vocabulary: Iterable[str]) -> None:
        words = {w for w in vocabulary if len(w) >= self.MIN_LENGTH and w.isalpha()}
        self._known = frozenset(words) | english_words()
        self._index: dict[str, list[str]] = {}
        for word in sorted(words):
            for variant in _deletions(word):
                self._index.setdefault(variant, []).append(word)

    def correct(self, word: str) -> str | None:
        """The known word meant by an unknown one, or None."""
        if not self.MIN_LENGTH <= len(word) <= self.MAX_LENGTH or not word.isalpha():
            return None
        if word in self._known:
            return None
        found: set[str] = set()
        for variant in _deletions(word):
            found.update(self._index.get(variant, ()))
        # Another ending is more often another word ("tachycardic") than a slip.
        near = {c for c in found if c[0] == word[0] and c[-2:] == word[-2:] and _one_edit(word, c)}
        stems = {stem(c) for c in near}
        return min(near) if len(stems) == 1 else None


def _deletions(word: str) -> set[str]:
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def _one_edit(a: str, b: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours turns a into b."""
    if abs(len(a) - len(b)) > 1:
        return False
    first = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    if first is None:
        return True
    if len(a) == len(b):
        swapped = a[first : first + 2] == b[first : first + 2][::-1]
        return a[first + 1 :] == b[first + 1 :] or (swapped and a[first + 2 :] == b[first + 2 :])
    short, long = (a, b) if len(a) < len(b) else (b, a)
    return short[first:] == long[first + 1 :]
