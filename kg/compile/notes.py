"""Instructional notes of ICD-10-CM: what excludes, comes before or goes with what.

Notes stay where the tabular has them: at a code, a block or a chapter. Whoever looks follows
the line of parents, so that a note of a category holds for everything below it. Excludes1 is
made mutual. Ranges ("J00-J06") are expanded, wildcards ("S82.-") mean everything below.
"""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from casewright.kg.compile.spine import Spine

__all__ = ["KINDS", "Notes", "references_in"]

KINDS = ("excludes1", "excludes2", "code_first", "use_additional", "code_also")

_CODE = r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?"
_REFERENCE = re.compile(rf"({_CODE})\.?-?(?:\s*(?:-|to)\s*({_CODE})\.?-?)?")


def references_in(note: str) -> list[str]:
    """The codes that a note names in brackets: "A05", or "J00~J06" for an inclusive range."""
    found: list[str] = []
    for inside in re.findall(r"\(([^()]*)\)", note):
        for part in re.split(r"[,;]| and | or ", inside):
            match = _REFERENCE.fullmatch(part.strip())
            if match:
                first, last = match.groups()
                found.append(f"{first}~{last}" if last else first)
    return found


class Notes:
    """All notes as pairs of nodes.

    Args:
        spine: the codes, with the notes of blocks and chapters.
        notes: (code, kind, target) of the codes; a target is as `references_in` gives it.
    """

    def __init__(self, spine: Spine, notes: Iterable[tuple[str, str, str]]) -> None:
        self._spine = spine
        self._ordered = sorted(spine.codes)
        self._categories = [code for code in self._ordered if len(code) == 3]
        pairs: dict[tuple[str, str, str], None] = {}
        for code, kind, target in notes:
            if kind in KINDS and code in spine.codes:
                for other in self.expand(target):
                    # A note never bars a code from itself.
                    if other == code or (other.startswith(code) and kind == "excludes1"):
                        continue
                    _add(pairs, f"icd:{code}", kind, f"icd:{other}")
        for group, kind, note in spine.group_notes:
            for target in references_in(note):
                for other in self.expand(target):
                    if group not in self._groups(other):
                        _add(pairs, group, kind, f"icd:{other}")
        self._pairs = sorted(pairs)
        self._barred: defaultdict[str, set[str]] = defaultdict(set)
        for source, kind, other in self._pairs:
            if kind == "excludes1":
                self._barred[source].add(other)

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        """(node, kind, node) of every note."""
        return iter(self._pairs)

    def excludes1(self, a: str, b: str) -> bool:
        """Whether the two codes may not be coded together."""
        line = set(self._line(b))
        return any(self._barred.get(node, set()) & line for node in self._line(a))

    def expand(self, target: str) -> list[str]:
        """A code, or the codes of an inclusive range at the depth of its ends."""
        if "~" not in target:
            code = re.sub(r"\.?-$", "", target)
            return [code] if code in self._spine.codes else []
        first, last = target.split("~")
        if len(first) == 3 and len(last) == 3:
            low = bisect.bisect_left(self._categories, first)
            high = bisect.bisect_right(self._categories, last)
            return self._categories[low:high]
        low = bisect.bisect_left(self._ordered, first)
        high = bisect.bisect_left(self._ordered, last + "~")
        kept: list[str] = []
        for code in self._ordered[low:high]:
            if not any(code.startswith(above) for above in kept[-1:]):
                kept.append(code)
        return kept

    def _groups(self, code: str) -> tuple[str, str]:
        known = self._spine.codes[code]
        return f"group:block-{known.block}", f"group:chapter-{known.chapter}"

    def _line(self, code: str) -> list[str]:
        """A code, the codes above it, its block and its chapter."""
        above = [f"icd:{up}" for up in self._spine.above(code)]
        return [f"icd:{code}", *above, *self._groups(code)]


def _add(pairs: dict[tuple[str, str, str], None], a: str, kind: str, b: str) -> None:
    pairs[(a, kind, b)] = None
    if kind == "excludes1":
        pairs[(b, kind, a)] = None
