"""Which hand-written condition speaks of a code: its own, or that of a near relative."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from casewright.kg.compile.curated import Curated
from casewright.kg.compile.likeness import says_more, says_the_same, subject_words
from casewright.kg.compile.matching import PrefixIndex
from casewright.kg.compile.schema import ConditionEntry
from casewright.kg.compile.spine import Code, Spine

__all__ = ["Told", "Written"]


@dataclass(frozen=True, slots=True)
class Told:
    """A hand-written entry that speaks of a code, and how surely.

    `same` is whether it is about this very condition; else it is about a wider one. `vague`
    is a wider one in a single word ("anemia"): its treatment may be wrong for the kind.
    """

    entry: ConditionEntry
    confidence: float
    same: bool
    vague: bool = False


def _common(a: str, b: str) -> int:
    """Length of the common beginning."""
    size = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        size += 1
    return size


class Written:
    """Looks up conditions.yaml by code.

    Args:
        spine: the codes. curated: the hand-written layer.
    """

    def __init__(self, spine: Spine, curated: Curated) -> None:
        self._spine = spine
        self._conditions = PrefixIndex((entry.codes, entry) for entry in curated.conditions)
        self._told: dict[str, Told | None] = {}
        self._by_category: defaultdict[str, list[tuple[Code, ConditionEntry]]] = defaultdict(list)
        for entry in curated.conditions:
            for known in entry.codes:
                if known in spine.codes:
                    self._by_category[known[:3]].append((spine.codes[known], entry))

    def told(self, code: Code) -> Told | None:
        """What the hand-written layer says of a code: by a prefix, or by a near relative.

        Entries are mostly written for one leaf of a category. A sibling that differs only in
        side or encounter is the same condition; one that says more is a kind of it.
        """
        if code.code not in self._told:
            self._told[code.code] = self._look_up(code)
        return self._told[code.code]

    def _look_up(self, code: Code) -> Told | None:
        for prefix, entry in self._conditions.matches(code.code):
            title = self._spine.codes[prefix].title if prefix in self._spine.codes else ""
            same = not entry.group and (prefix == code.code or says_the_same(code.title, title))
            return Told(entry, 0.95 if prefix == code.code else 0.85, same=same)
        near = [
            (says_the_same(code.title, other.title), _common(code.code, other.code), other, entry)
            for other, entry in self._by_category.get(code.category, ())
            if says_the_same(code.title, other.title) or says_more(code.title, other.title)
        ]
        if not near:
            return None
        same, _, other, entry = max(near, key=lambda item: (item[0], item[1], item[2].code))
        vague = not same and len(subject_words(other.title)) < 2
        confidence = 0.85 if same else 0.6
        return Told(entry, confidence, same=same and not entry.group, vague=vague)
