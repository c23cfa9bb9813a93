"""Codes that are one clinical concept: they differ in side, encounter or such detail only.

ICD-10-CM has a code for each side and each encounter of one fracture. A *concept* is what a
clinician would call the same condition; sampling draws the concept, then one of its codes.
An open fracture is a concept of its own: it is another disease than a closed one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from casewright.kg.compile.spine import Code, Spine

__all__ = ["Variant", "Variants"]


@dataclass(frozen=True, slots=True)
class Variant:
    """Which variant of its concept a code is.

    `concept` is the code that stands for all variants: its own where it has no others.
    """

    concept: str
    laterality: str | None = None
    encounter: str | None = None


_ENCOUNTER = re.compile(
    r",?\s*(?P<which>initial|subsequent) encounter(?P<rest>.*)$|,\s*(?P<sequela>sequela)$",
    re.IGNORECASE,
)
_STAGE = re.compile(
    r",?\s*(?:mild|moderate|severe|indeterminate) stage\b|,?\s*stage unspecified\b", re.IGNORECASE
)
_FETUS = re.compile(
    r",?\s*(?:not applicable or unspecified|fetus [1-5]|other fetus)$", re.IGNORECASE
)
_SIDE = re.compile(r"\b(right|left|bilateral|both)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9'’-]+", re.IGNORECASE)
# Words that come and go with the side: "right ear" but "bilateral", "non-dominant side".
_LOOSE = frozenset(
    ["of", "the", "in", "and", "or", "to", "a", "an", "side", "sided", "unilateral", "dominant",
     "non-dominant", "nondominant", "affecting", "at", "eye", "eyes", "ear", "ears"]
)  # fmt: skip
_IRREGULAR = {"feet": "foot", "teeth": "tooth", "ovaries": "ovary", "extremities": "extremity"}

_Skeleton = tuple[str, str, tuple[tuple[str, int], ...]]


class Variants:
    """Looks up the variant that a code is.

    Args:
        spine: the codes.
    """

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    def of(self, code: Code) -> Variant:
        """The variant of a code; a code that is not billable stands for itself."""
        return self._known.get(code.code) or Variant(code.code)

    @cached_property
    def _known(self) -> Mapping[str, Variant]:
        sided: dict[_Skeleton, set[str]] = defaultdict(set)
        parts: dict[str, tuple[_Skeleton, str | None, str | None]] = {}
        for code in self._spine.billable():
            skeleton, side, encounter = _taken_apart(code)
            parts[code.code] = (skeleton, side, encounter)
            if side:
                sided[skeleton].add(side)
        groups: dict[_Skeleton, list[tuple[str, str | None, str | None]]] = defaultdict(list)
        for code_, (apart, named, encounter) in parts.items():
            skeleton, side = _settled(apart, named, sided)
            groups[skeleton].append((code_, side, encounter))
        found: dict[str, Variant] = {}
        for members in groups.values():
            concept = min(members, key=_standing)[0]
            for code_, side, encounter in members:
                found[code_] = Variant(concept, side, encounter)
        return found


def _settled(
    skeleton: _Skeleton, side: str | None, sided: Mapping[_Skeleton, set[str]]
) -> tuple[_Skeleton, str | None]:
    """The skeleton that a code shares with its variants, and its side among them."""
    if side is None:
        plain = _less_unspecified(skeleton)
        if plain is not None and plain in sided:
            return plain, "unspecified"
        return skeleton, "unspecified" if sided.get(skeleton, set()) & {"right", "left"} else None
    # "Left ventricular failure" has no right-sided twin.
    alone = len(sided[skeleton]) == 1 and side != "bilateral"
    return skeleton, None if alone else side


def _standing(member: tuple[str, str | None, str | None]) -> tuple[bool, bool, str]:
    """The code that stands for a concept: of the first encounter, of no side, the first."""
    code, side, encounter = member
    return (encounter not in (None, "initial"), side in ("right", "left", "bilateral"), code)


def _taken_apart(code: Code) -> tuple[_Skeleton, str | None, str | None]:
    """What a code says but side and encounter, its side, and its encounter."""
    title, encounter, kind = code.title, None, ""
    if len(code.code) == 8:
        match = _ENCOUNTER.search(title)
        if match:
            encounter = "sequela" if match["sequela"] else str(match["which"]).lower()
            if re.search(r"\bopen\b", match["rest"] or "", re.IGNORECASE):
                kind = "open"
            title = title[: match.start()]
        title = _FETUS.sub("", _STAGE.sub("", title))
    sides = {word.lower() for word in _SIDE.findall(title)}
    side: str | None = None
    if len(sides) == 1:
        (side,) = sides
        side = "bilateral" if side == "both" else side
        title = _SIDE.sub(" ", title)
    words = Counter(_singular(word) for word in _WORD.findall(title.lower()) if word not in _LOOSE)
    return (code.category, kind, tuple(sorted(words.items()))), side, encounter


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


def _less_unspecified(skeleton: _Skeleton) -> _Skeleton | None:
    """The skeleton with one "unspecified" less: where others have a side."""
    category, kind, words = skeleton
    counts = Counter(dict(words))
    if not counts["unspecified"]:
        return None
    counts["unspecified"] -= 1
    return category, kind, tuple(sorted((word, n) for word, n in counts.items() if n))
