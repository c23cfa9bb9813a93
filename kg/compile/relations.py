"""Edges that follow from the classification: groups, and what comes together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from casewright.kg.compile.crosswalk import Crosswalk
from casewright.kg.compile.gates import Gates
from casewright.kg.compile.likeness import about
from casewright.kg.compile.link import Link
from casewright.kg.compile.notes import Notes
from casewright.kg.compile.packages import Elixhauser
from casewright.kg.compile.provenance import Register
from casewright.kg.compile.sources import Sources
from casewright.kg.compile.spine import Code, Spine

__all__ = ["Comorbidity", "group_nodes", "groups_of"]


def group_nodes(spine: Spine, elixhauser: Elixhauser) -> Iterator[tuple[str, str]]:
    """(id, name) of every chapter, block, category, CCSR and Elixhauser group."""
    for short, name in elixhauser.names.items():
        yield f"group:elixhauser-{short}", name
    for number, title in spine.chapters.items():
        yield f"group:chapter-{number}", title
    for block, title in spine.blocks.items():
        yield f"group:block-{block}", title
    for code in spine.codes.values():
        if code.parent is None:
            yield f"group:category-{code.code}", code.title
    for category in sorted(set(spine.ccsr.values())):
        yield f"group:ccsr-{category}", f"CCSR {category}"


def groups_of(
    spine: Spine, elixhauser: Elixhauser, register: Register, code: Code
) -> Iterator[Link]:
    """The groups of a billable code."""
    yield from elixhauser.links(code, register)
    number = register.number("icd10cm")
    for group in (f"category-{code.category}", f"block-{code.block}", f"chapter-{code.chapter}"):
        yield Link(f"group:{group}", "in_group", number, 1.0)
    ccsr = spine.ccsr.get(code.code)
    if ccsr:
        yield Link(f"group:ccsr-{ccsr}", "in_group", register.number("ccsr"), 0.95)


# The leaf that a doctor's list of problems means by a whole ICD-9-CM category; "" is none
# (combination codes, and residues that nobody lists).
_COMMON_LEAF: Mapping[str, str] = {
    "401": "I10", "272": "E78.5", "250": "E11.9", "414": "I25.10", "530": "K21.9",
    "311": "F32.A", "300": "F41.9", "493": "J45.909", "496": "J44.9", "427": "I48.91",
    "428": "I50.9", "244": "E03.9", "715": "M19.90", "278": "E66.9", "477": "J30.9",
    "733": "M81.0", "585": "N18.9", "600": "N40.0", "724": "M54.50", "280": "D50.9",
    "285": "D64.9", "274": "M10.9", "332": "G20.A1", "340": "G35.D", "346": "G43.909",
    "564": "K58.9", "296": "F33.9", "714": "M06.9", "696": "L40.9", "690": "L21.9",
    "691": "L20.9", "692": "L30.9", "443": "I73.9", "440": "I70.90", "413": "I20.9",
    "305": "F17.200", "290": "F03.90", "294": "F03.90", "331": "G30.9", "366": "H26.9",
    "365": "H40.9", "362": "H35.30", "403": "", "402": "", "709": "",
    "345": "G40.909", "410": "I25.2",
    "435": "Z86.73", "438": "I69.30", "491": "J42", "492": "J43.9",
    "571": "K74.60", "582": "N18.9", "593": "", "599": "N39.0", "607": "N52.9",
    "627": "N95.1", "706": "L70.9", "721": "M47.819", "722": "M51.369", "729": "M79.7",
}  # fmt: skip


_MIN_PART, _MOST = 0.05, 0.4
"""Least share of the visits of an ICD-9-CM category for which a sub-category of today speaks with
it, and for which a whole category does."""
_MIXED = frozenset(
    {"388", "447", "459", "478", "519", "537", "569", "573", "593", "701", "709", "719", "727",
     "728", "729", "733", "738", "780", "782", "784", "785", "786", "788", "789", "790", "799"}
)  # fmt: skip
"""ICD-9-CM categories of other disorders and of symptoms: what is listed with one kind says
nothing of the next."""
_MIN_P, _MIN_RATIO, _MIN_RATIO_OFTEN, _OFTEN = 0.02, 2.0, 1.5, 0.1
"""Rarer pairs, and pairs hardly more frequent than chance, tell a reader nothing."""


class Comorbidity:
    """Diagnoses listed together more often than chance on NAMCS visits, as today's leaves."""

    def __init__(
        self,
        spine: Spine,
        sources: Sources,
        crosswalk: Crosswalk,
        gates: Gates,
        notes: Notes,
        register: Register,
    ) -> None:
        self._spine, self._crosswalk = spine, crosswalk
        self._gates, self._notes, self._register = gates, notes, register
        self._whole, self._parts = self._visits()
        self._pairs: defaultdict[str, list[tuple[str, float, float]]] = defaultdict(list)
        leaves = {icd9: self._leaf(icd9, sources) for pair in sources.comorbidity
                  for icd9 in pair[:2]}  # fmt: skip
        for a, b, ratio, b_given_a, a_given_b in sources.comorbidity:
            for here, there, p in ((a, b, b_given_a), (b, a, a_given_b)):
                leaf = leaves[there]
                if leaf:
                    self._pairs[here].append((leaf, ratio, p))

    def links(self, code: Code) -> list[Link]:
        """What a billable code is found with, at most 12."""
        if not self._register.allowed("namcs"):
            return []
        number = self._register.number("namcs")
        gate = self._gates.gate(code)
        found: dict[str, Link] = {}
        for icd9 in sorted(self._crosswalk.icd9_categories(code.code)):
            if not self._stands_for(icd9, code):
                continue
            for leaf, ratio, p in self._pairs.get(icd9, ()):
                if ratio < (_MIN_RATIO if p < _OFTEN else _MIN_RATIO_OFTEN) or p < _MIN_P:
                    continue
                other = self._spine.codes[leaf]
                sex = self._gates.gate(other).sex
                if (
                    other.category == code.category
                    or (sex and gate.sex and sex != gate.sex)
                    or self._notes.excludes1(code.code, leaf)
                ):
                    continue
                known = found.get(leaf)
                if known is None or (known.p or 0.0) < p:
                    found[leaf] = Link(
                        f"icd:{leaf}", "comorbid_with", number, 0.6, round(p, 4), round(ratio, 2)
                    )
        return sorted(found.values(), key=lambda link: (-(link.p or 0.0), link.target))[:12]

    def _visits(self) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
        """Shares of visits by ICD-9-CM category, and by it and the beginning of today's code."""
        whole: defaultdict[str, float] = defaultdict(float)
        parts: defaultdict[tuple[str, str], float] = defaultdict(float)
        for code in self._spine.billable():
            share = self._crosswalk.visit_share(code.code)
            for icd9 in self._crosswalk.icd9_categories(code.code) if share else ():
                whole[icd9] += share
                parts[icd9, code.category] += share
                parts[icd9, code.code[:5]] += share
        return whole, parts

    def _stands_for(self, icd9: str, code: Code) -> bool:
        """Whether the visits of an ICD-9-CM category are of patients with such a code.

        The survey counts pairs by category, and a category holds osteoporosis and bone cysts:
        the patients are nearly all of the first kind.
        """
        whole = self._whole.get(icd9, 0.0)
        if not whole or icd9 in _MIXED:
            return False
        if self._parts.get((icd9, code.code[:5]), 0.0) >= _MIN_PART * whole:
            return True
        title = self._spine.codes[code.category].title
        return self._parts.get((icd9, code.category), 0.0) >= _MOST * whole and bool(
            about(code.title) & about(title)
        )

    def _leaf(self, icd9: str, sources: Sources) -> str | None:
        """The leaf for an ICD-9-CM category; none for symptoms, injuries and status codes."""
        if icd9 in _COMMON_LEAF:
            return self._crosswalk.default_leaf(_COMMON_LEAF[icd9]) if _COMMON_LEAF[icd9] else None
        if not icd9[0].isdigit() or icd9 >= "780":
            return None
        inside = [p for key, p in sources.profiles.items() if key.startswith(icd9)]
        for profile in sorted(inside, key=lambda p: (-p.visit_share, p.icd9)):
            leaf = self._crosswalk.leaf_of_icd9(profile.icd9)
            if leaf and self._is_lasting(self._spine.codes[leaf]):
                return leaf
        return None

    def _is_lasting(self, code: Code) -> bool:
        """Whether a code can stand in a list of problems: chronic, and named by itself."""
        return (
            code.code in self._spine.chronic
            and code.chapter not in (15, 16, 17)
            and not _VAGUE.search(code.title)
        )


_VAGUE = re.compile(r"\b(?:right|left|bilateral|other|specified|classified)\b", re.IGNORECASE)


def iter_unique(links: Iterable[Link]) -> Iterator[Link]:
    """Links without repeats of (target, relation, text, details), the first one kept."""
    seen = set()
    for link in links:
        key = (link.target, link.relation, link.text, link.details)
        if key not in seen:
            seen.add(key)
            yield link
