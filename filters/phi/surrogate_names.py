"""Other names for names: of the same origin and gender as far as these can be told."""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import lru_cache
from typing import Literal, TypeAlias

from casewright.filters.phi.lexicon import word_set
from casewright.filters.phi.name_words import PARTICLES, kind_of
from casewright.kg.identity import NamePool, load_name_pools

__all__ = ["NameSurrogates", "likely_origin"]

_Sex: TypeAlias = Literal["female", "male", ""]
_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")
_FEMALE = re.compile(
    r"\b(?:mrs|ms|miss|she|her|hers|woman|mother|wife|daughter|sister|female)\b", re.I
)
_MALE = re.compile(r"\b(?:mr|mister|he|him|his|man|father|husband|son|brother|male)\b", re.I)
# What stands as it is beside a name: titles, "Jr.", credentials.
_TITLES = word_set(
    """
mr mrs ms miss mister mx dr doctor prof professor jr sr ii iii iv md do rn np pa phd fob hca
"""
)


def _parts(name: str) -> Counter[str]:
    padded = f"^{name.lower()}$"
    return Counter(padded[i : i + 3] for i in range(len(padded) - 2))


@lru_cache(maxsize=1)
def _profiles() -> tuple[tuple[NamePool, dict[str, float]], ...]:
    """How often groups of three letters are in the names of each origin."""
    made = []
    for pool in load_name_pools():
        counts: Counter[str] = Counter()
        for name in (*pool.female, *pool.male, *pool.family):
            counts.update(_parts(name))
        total = sum(counts.values())
        made.append((pool, {k: v / total for k, v in counts.items()}))
    return tuple(made)


def likely_origin(names: list[str]) -> NamePool:
    """The pool whose names look most like these: the one that has them, else by letters."""
    low = {n.lower() for n in names}

    def closeness(item: tuple[NamePool, dict[str, float]]) -> tuple[int, float, str]:
        pool, profile = item
        own = {n.lower() for n in (*pool.female, *pool.male, *pool.family)}
        likeness = sum(profile.get(p, 0.0) * n for name in names for p, n in _parts(name).items())
        return len(low & own), likeness, pool.origin

    return max(_profiles(), key=closeness)[0]


def _sex_of(name: str, text: str, start: int) -> _Sex:
    low = name.lower()
    for pool in load_name_pools():
        if low in (n.lower() for n in pool.female):
            return "female"
        if low in (n.lower() for n in pool.male):
            return "male"
    before, after = text[max(0, start - 12) : start], text[start : start + 160]
    # The nearest word before decides: "her husband Chidi".
    her = max((m.end() for m in _FEMALE.finditer(before)), default=-1)
    his = max((m.end() for m in _MALE.finditer(before)), default=-1)
    if her != his:
        return "female" if her > his else "male"
    she, he = _FEMALE.search(after), _MALE.search(after)
    if she and (he is None or she.start() < he.start()):
        return "female"
    return "male" if he else ""


class NameSurrogates:
    """The surrogates of one document's names: a word of a name has one surrogate throughout."""

    def __init__(self, text: str, rng: random.Random) -> None:
        self._text = text
        self._low = text.lower()
        self._rng = rng
        self._given: dict[str, str] = {}
        self._family: dict[str, str] = {}

    def __call__(self, name: str, start: int) -> str:
        """The surrogate of a name as it stands at `start`; case and punctuation are kept."""
        words = [m for m in _WORD.finditer(name) if m[0].lower() not in _TITLES]
        whole = [m for m in words if len(m[0]) > 1 and m[0].lower() not in PARTICLES]
        if not whole:
            return self._shape(name, words)
        pool = likely_origin([m[0] for m in whole])
        reversed_ = "," in name
        new: dict[int, str] = {}
        for number, match in enumerate(whole):
            word = match[0]
            last = number == (0 if reversed_ else len(whole) - 1)
            alone = len(whole) == 1
            if alone:
                family = word.lower() in self._family or (
                    word.lower() not in self._given and self._reads_as_family(word, start)
                )
            else:
                family = last
            new[match.start()] = self._word(word, pool, start, family=family)
        for match in words:
            if match.start() not in new and len(match[0]) == 1:
                new[match.start()] = self._rng.choice("ABCDEFGHJKLMNPRST")
        return self._join(name, words, new)

    def _reads_as_family(self, word: str, start: int) -> bool:
        titled = re.search(
            r"(?:mr|mrs|ms|dr|doctor|nurse|prof)\.?\s\Z", self._low[max(0, start - 10) : start]
        )
        kind = kind_of(word)
        return bool(titled) or (not kind.given and kind.family > 0)

    def _word(self, word: str, pool: NamePool, start: int, *, family: bool) -> str:
        key = word.lower().removesuffix("'s")
        held = self._family if family else self._given
        if key not in held:
            if family:
                names = pool.family
            else:
                sex = _sex_of(key, self._text, start)
                names = (
                    pool.female
                    if sex == "female"
                    else pool.male
                    if sex == "male"
                    else (*pool.female, *pool.male)
                )
            # None that the document has already, nor one that another name became.
            taken = {n.lower() for n in (*self._given.values(), *self._family.values())}
            free = [n for n in names if n.lower() not in taken and n.lower() not in self._low]
            held[key] = self._rng.choice(free or list(names))
        new = held[key]
        if word.isupper() and len(word) > 1:
            return new.upper()
        return new.lower() if word.islower() else new

    def _join(self, name: str, words: list[re.Match[str]], new: dict[int, str]) -> str:
        pieces, position = [], 0
        for match in words:
            pieces += [name[position : match.start()], new.get(match.start(), match[0])]
            position = match.end()
        return "".join([*pieces, name[position:]])

    def _shape(self, name: str, words: list[re.Match[str]]) -> str:
        return self._join(
            name, words, {m.start(): self._rng.choice("ABCDEFGHJKLMNPRST") for m in words}
        )
