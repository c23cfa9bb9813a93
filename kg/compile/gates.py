"""Who can have a condition.

Age and sex gates come from the Medicare Code Editor, clinosim's tables and the rules
below; the narrowest bound wins. They say who can plausibly *present* with a code, so they
are narrower than what the code editor lets pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from casewright.kg.compile.sources import Sources
from casewright.kg.compile.spine import Code, Spine
from casewright.records import Sex

__all__ = ["Gate", "Gates"]


@dataclass(frozen=True, slots=True)
class Gate:
    """Bounds in years, inclusive; None is no bound."""

    sex: Sex | None = None
    min_age: float | None = None
    max_age: float | None = None

    def narrowed(self, other: Gate) -> Gate:
        """Both gates together."""
        lows = [age for age in (self.min_age, other.min_age) if age is not None]
        highs = [age for age in (self.max_age, other.max_age) if age is not None]
        return Gate(
            self.sex or other.sex,
            max(lows) if lows else None,
            min(highs) if highs else None,
        )

    @property
    def empty(self) -> bool:
        """Whether nobody passes."""
        return self.min_age is not None and self.max_age is not None and self.min_age > self.max_age


_EDITS: Mapping[str, Gate] = {
    "Female_Only": Gate("female"),
    "Male_Only": Gate("male"),
    "Newborn_Only": Gate(None, 0, 0),
    "Pediatric_Only": Gate(None, 0, 17),
    "Maternity_Only": Gate("female", 12, 50),  # the editor lets 9 to 64 pass
    "Adult_Only": Gate(None, 15, None),
}
"""MCE edits; see CMS, Definitions of Medicare Code Edits v37."""

_PREFIXES: tuple[tuple[str, Gate], ...] = (
    # Sex and age by anatomy and definition (ICD-10-CM chapter and block notes).
    # From 50 on 0.03% of births (NCHS, National Vital Statistics Reports).
    ("O", Gate("female", 12, 50)),
    ("P", Gate(None, 0, 0)),
    ("Z33", Gate("female", 12, 50)), ("Z34", Gate("female", 12, 50)),
    ("Z36", Gate("female", 12, 50)), ("Z39", Gate("female", 12, 50)),
    ("Z3A", Gate("female", 12, 50)), ("Z32", Gate("female", 12, 50)),
    ("Z31", Gate(None, 16, 55)), ("Z30", Gate(None, 12, 55)),
    ("N40", Gate("male", 40, None)), ("N41", Gate("male", 16, None)),
    ("N42", Gate("male", 16, None)), ("N43", Gate("male")), ("N44", Gate("male")),
    ("N45", Gate("male", 10, None)), ("N46", Gate("male", 18, 65)), ("N47", Gate("male")),
    ("N48", Gate("male")), ("N49", Gate("male")), ("N50", Gate("male")), ("N51", Gate("male")),
    ("N52", Gate("male", 18, None)), ("N53", Gate("male", 16, None)),
    ("N70", Gate("female", 12, 60)), ("N71", Gate("female", 12, None)),
    ("N72", Gate("female", 12, None)), ("N73", Gate("female", 12, 60)),
    ("N75", Gate("female", 12, None)), ("N76", Gate("female")), ("N77", Gate("female")),
    ("N80", Gate("female", 12, 60)), ("N81", Gate("female", 20, None)),
    ("N83", Gate("female", 10, None)), ("N84", Gate("female", 18, None)),
    ("N85", Gate("female", 18, None)), ("N86", Gate("female", 15, None)),
    ("N87", Gate("female", 18, None)), ("N88", Gate("female", 15, None)),
    ("N89", Gate("female", 12, None)), ("N90", Gate("female")), ("N91", Gate("female", 12, 50)),
    ("N92", Gate("female", 10, 58)), ("N93", Gate("female", 10, None)),
    ("N94", Gate("female", 11, 58)), ("N95", Gate("female", 40, None)),
    ("N95.0", Gate("female", 45, None)), ("N96", Gate("female", 16, 50)),
    ("N97", Gate("female", 18, 50)), ("N98", Gate("female", 18, 50)),
    ("N60", Gate(None, 14, None)), ("E28", Gate("female", 12, 55)),
    ("C51", Gate("female", 30, None)), ("C52", Gate("female", 30, None)),
    ("C53", Gate("female", 20, None)), ("C54", Gate("female", 30, None)),
    ("C55", Gate("female", 30, None)), ("C56", Gate("female", 16, None)),
    ("C57", Gate("female", 20, None)), ("C58", Gate("female", 14, 55)),
    ("D25", Gate("female", 18, None)), ("D26", Gate("female", 16, None)),
    ("D27", Gate("female", 10, None)), ("D28", Gate("female")), ("D39", Gate("female", 12, None)),
    ("D06", Gate("female", 18, None)), ("D07.0", Gate("female", 20, None)),
    ("C60", Gate("male", 30, None)), ("C61", Gate("male", 40, None)),
    ("C62", Gate("male", 14, 70)), ("C63", Gate("male", 20, None)),
    ("D29", Gate("male", 12, None)), ("D40", Gate("male", 14, None)),
    ("Q50", Gate("female")), ("Q51", Gate("female")), ("Q52", Gate("female")),
      ("Q55", Gate("male")),
    ("R87", Gate("female", 15, None)), ("R86", Gate("male", 15, None)),
    # Congenital disease: told of children, but for what grown-ups live with or learn of late
    # (Nelson Textbook of Pediatrics 21e 2020; ESC guideline on congenital heart disease 2020).
    ("Q0", Gate(None, 0, 17)), ("Q10", Gate(None, 0, 17)), ("Q11", Gate(None, 0, 17)),
    ("Q12", Gate(None, 0, 17)), ("Q15.0", Gate(None, 0, 5)), ("Q16", Gate(None, 0, 17)),
    ("Q17", Gate(None, 0, 17)), ("Q18", Gate(None, 0, 25)), ("Q20", Gate(None, 0, 30)),
    ("Q21.3", Gate(None, 0, 30)), ("Q25.0", Gate(None, 0, 12)), ("Q30", Gate(None, 0, 17)),
    ("Q31", Gate(None, 0, 5)), ("Q32", Gate(None, 0, 5)), ("Q33", Gate(None, 0, 25)),
    ("Q35", Gate(None, 0, 17)), ("Q36", Gate(None, 0, 17)), ("Q37", Gate(None, 0, 17)),
    ("Q38.1", Gate(None, 0, 7)), ("Q39", Gate(None, 0, 3)), ("Q40.0", Gate(None, 0, 0)),
    ("Q41", Gate(None, 0, 1)), ("Q42", Gate(None, 0, 5)), ("Q43.0", Gate(None, 0, 40)),
    ("Q43.1", Gate(None, 0, 12)), ("Q43.3", Gate(None, 0, 12)), ("Q44.2", Gate(None, 0, 1)),
    ("Q44.3", Gate(None, 0, 5)), ("Q53", Gate("male", 0, 15)), ("Q54", Gate("male", 0, 17)),
    ("Q56", Gate(None, 0, 17)), ("Q60", Gate(None, 0, 40)), ("Q62", Gate(None, 0, 17)),
    ("Q64", Gate(None, 0, 17)), ("Q65", Gate(None, 0, 10)), ("Q66", Gate(None, 0, 12)),
    ("Q67", Gate(None, 0, 17)), ("Q68", Gate(None, 0, 10)), ("Q69", Gate(None, 0, 17)),
    ("Q70", Gate(None, 0, 17)), ("Q71", Gate(None, 0, 25)), ("Q72", Gate(None, 0, 25)),
    ("Q73", Gate(None, 0, 25)), ("Q74", Gate(None, 0, 25)), ("Q75", Gate(None, 0, 10)),
    ("Q77", Gate(None, 0, 30)), ("Q78.0", Gate(None, 0, 40)), ("Q79.0", Gate(None, 0, 1)),
    ("Q79.1", Gate(None, 0, 5)), ("Q79.2", Gate(None, 0, 1)), ("Q79.3", Gate(None, 0, 1)),
    ("Q80", Gate(None, 0, 40)), ("Q81", Gate(None, 0, 40)), ("Q91", Gate(None, 0, 5)),
    ("Q90", Gate(None, 0, 60)), ("Q93", Gate(None, 0, 30)), ("Q98.4", Gate("male", 10, 60)),
    ("A38", Gate(None, 2, 14)), ("H50", Gate(None, 1, 60)), ("K00", Gate(None, 0, 17)),
    ("L29.1", Gate("male")), ("L29.2", Gate("female")), ("F53", Gate("female", 12, 50)),
    ("B37.31", Gate("female", 10, None)), ("B37.32", Gate("female", 10, None)),
    ("B37.42", Gate("male")), ("I86.1", Gate("male", 10, None)), ("I86.3", Gate("female")),
    ("C50", Gate(None, 25, None)), ("D05", Gate(None, 30, None)), ("Z12.31", Gate("female", 35)),
    ("Z01.41", Gate("female", 16, None)), ("Z12.4", Gate("female", 20, None)),
    ("Z12.5", Gate("male", 40, None)), ("Z12.11", Gate(None, 40, None)),
    # Ages at which a disease is first seen as a rule (Harrison's Principles of Internal
    # Medicine 21e 2022; Nelson Textbook of Pediatrics 21e 2020).
    ("C15", Gate(None, 35)), ("C16", Gate(None, 30)), ("C17", Gate(None, 30)),
    ("C18", Gate(None, 25)), ("C19", Gate(None, 25)), ("C20", Gate(None, 25)),
    ("C21", Gate(None, 30)), ("C22.0", Gate(None, 30)), ("C23", Gate(None, 40)),
    ("C24", Gate(None, 40)), ("C25", Gate(None, 35)), ("C32", Gate(None, 35)),
    ("C34", Gate(None, 35)), ("C43", Gate(None, 18)), ("C44", Gate(None, 30)),
    ("C45", Gate(None, 40)), ("C64", Gate(None, 18)), ("C65", Gate(None, 35)),
    ("C66", Gate(None, 35)), ("C67", Gate(None, 35)), ("C73", Gate(None, 12)),
    ("C90", Gate(None, 40)), ("C91.1", Gate(None, 40)), ("C92.1", Gate(None, 20)),
    ("D46", Gate(None, 45)), ("D47.2", Gate(None, 45)), ("L57", Gate(None, 40)),
    ("L82", Gate(None, 30)), ("D45", Gate(None, 40)), ("D50", Gate(None, 0.5)),
    ("E04", Gate(None, 12)), ("E05", Gate(None, 10)), ("E10", Gate(None, 1)),
    ("E11", Gate(None, 18)), ("E30.0", Gate(None, 10, 20)),
    ("E30.1", Gate(None, 0, 9)), ("E66", Gate(None, 3)), ("E78", Gate(None, 18)),
    ("E29", Gate("male", 18, None)), ("E83.1", Gate(None, 18)), ("E87.1", Gate(None, 0.2)),
    ("F01", Gate(None, 55)), ("F02", Gate(None, 50)), ("F03", Gate(None, 55)),
    ("F05", Gate(None, 18)), ("F10", Gate(None, 15)), ("F11", Gate(None, 15)),
    ("F12", Gate(None, 14)), ("F13", Gate(None, 16)), ("F14", Gate(None, 16)),
    ("F15", Gate(None, 15)), ("F17", Gate(None, 16)), ("F19", Gate(None, 15)),
    ("F20", Gate(None, 15)), ("F25", Gate(None, 16)), ("F31", Gate(None, 13)),
    ("F32", Gate(None, 10)), ("F33", Gate(None, 12)), ("F34", Gate(None, 10)),
    ("F40", Gate(None, 6)), ("F41", Gate(None, 8)), ("F42", Gate(None, 6)),
    ("F43", Gate(None, 5)), ("F50", Gate(None, 10)), ("F60", Gate(None, 18)),
    ("F98.0", Gate(None, 4, 17)), ("F84", Gate(None, 1)),
    ("F80", Gate(None, 2, 17)), ("F81", Gate(None, 5, 25)),
    ("F82", Gate(None, 2, 17)), ("F94", Gate(None, 2, 17)), ("F95", Gate(None, 3, 40)),
    ("F90", Gate(None, 4)), ("F91", Gate(None, 4, 25)),
    ("F93", Gate(None, 3, 17)), ("F98", Gate(None, 2, 17)),
    ("G12.21", Gate(None, 35)), ("G20", Gate(None, 35)), ("G21", Gate(None, 30)),
    ("G25.0", Gate(None, 18)), ("G30", Gate(None, 50)), ("G31.0", Gate(None, 45)),
    ("G35", Gate(None, 15)), ("G43", Gate(None, 5)), ("G44", Gate(None, 6)),
    ("G45", Gate(None, 35)), ("G47.3", Gate(None, 2)), ("G50.0", Gate(None, 30)),
    ("G56", Gate(None, 16)), ("G57", Gate(None, 16)), ("G61.0", Gate(None, 2)),
    ("H25", Gate(None, 45)), ("H26", Gate(None, 18)), ("H35.3", Gate(None, 45)),
    ("H40.1", Gate(None, 35)), ("H40.2", Gate(None, 35)), ("H52.4", Gate(None, 40)),
    ("H91.1", Gate(None, 50)), ("H81.0", Gate(None, 20)), ("H81.1", Gate(None, 18)),
    ("I10", Gate(None, 18)), ("I11", Gate(None, 25)), ("I12", Gate(None, 25)),
    ("I13", Gate(None, 30)), ("I16", Gate(None, 20)), ("I20", Gate(None, 30)),
    ("I21", Gate(None, 28)), ("I22", Gate(None, 30)), ("I24", Gate(None, 30)),
    ("I25", Gate(None, 30)), ("I26", Gate(None, 16)), ("I35", Gate(None, 30)),
    ("I48", Gate(None, 25)), ("I50", Gate(None, 20)), ("I60", Gate(None, 18)),
    ("I61", Gate(None, 25)), ("I62", Gate(None, 18)), ("I63", Gate(None, 25)),
    ("I65", Gate(None, 40)), ("I66", Gate(None, 40)), ("I67.2", Gate(None, 40)),
    ("I70", Gate(None, 40)), ("I71", Gate(None, 35)), ("I72", Gate(None, 35)),
    ("I73.9", Gate(None, 35)), ("I80", Gate(None, 16)), ("I82", Gate(None, 16)),
    ("I83", Gate(None, 18)), ("I87", Gate(None, 25)), ("K64", Gate(None, 16)),
    ("J05.0", Gate(None, 0.25, 8)), ("J21", Gate(None, 0, 2)), ("J41", Gate(None, 30)),
    ("J42", Gate(None, 30)), ("J43", Gate(None, 30)), ("J44", Gate(None, 35)),
    ("J45", Gate(None, 2)), ("J84.1", Gate(None, 35)), ("J01", Gate(None, 3)),
    ("J32", Gate(None, 3)), ("J02", Gate(None, 1)), ("J03", Gate(None, 1)),
    ("K00.7", Gate(None, 0.25, 3)), ("K25", Gate(None, 12)),
    ("K26", Gate(None, 12)), ("K27", Gate(None, 12)),
    ("K29.2", Gate(None, 18)), ("K35", Gate(None, 3)), ("K50", Gate(None, 6)),
    ("K51", Gate(None, 6)), ("K57", Gate(None, 30)), ("K58", Gate(None, 10)),
    ("K70", Gate(None, 20)), ("K74", Gate(None, 20)), ("K76.0", Gate(None, 10)),
    ("K80", Gate(None, 14)), ("K81", Gate(None, 14)), ("K85", Gate(None, 10)),
    ("K86.0", Gate(None, 20)), ("L21.0", Gate(None, 0, 2)), ("L22", Gate(None, 0, 3)),
    ("L70", Gate(None, 10, 55)), ("L71", Gate(None, 20)), ("L40", Gate(None, 3)),
    ("L89", Gate(None, 18)), ("L97", Gate(None, 18)),
    ("M05", Gate(None, 16)), ("M06", Gate(None, 16)), ("M08", Gate(None, 1, 30)),
    ("M10", Gate(None, 25)), ("M1A", Gate(None, 25)), ("M15", Gate(None, 40)),
    ("M16", Gate(None, 35)), ("M17", Gate(None, 35)), ("M18", Gate(None, 35)),
    ("M19", Gate(None, 35)), ("M31.5", Gate(None, 50)), ("M31.6", Gate(None, 50)),
    ("M32", Gate(None, 8)), ("M34", Gate(None, 16)), ("M35.0", Gate(None, 20)),
    ("M35.3", Gate(None, 50)), ("M41.0", Gate(None, 0, 17)), ("M41.11", Gate(None, 3, 25)),
    ("M41.12", Gate(None, 10, 30)), ("M45", Gate(None, 15)), ("M47", Gate(None, 30)),
    ("M48.0", Gate(None, 40)), ("M50", Gate(None, 20)), ("M51", Gate(None, 18)),
    ("M54.5", Gate(None, 10)), ("M54.3", Gate(None, 18)), ("M54.4", Gate(None, 18)),
    ("M75.1", Gate(None, 30)), ("M79.7", Gate(None, 16)), ("M80", Gate(None, 50)),
    ("M81", Gate(None, 45)), ("M72.0", Gate(None, 35)),
    ("N18", Gate(None, 18)), ("N20", Gate(None, 12)),
    ("N23", Gate(None, 12)), ("N32.81", Gate(None, 18)), ("N39.3", Gate(None, 18)),
    ("R54", Gate(None, 65)), ("R97.2", Gate("male", 40, None)),
    ("Z00.0", Gate(None, 18)), ("Z00.12", Gate(None, 0, 17)), ("Z00.11", Gate(None, 0, 0)),
    ("A08.0", Gate(None, 0, 5)), ("B08.2", Gate(None, 0, 3)), ("B08.4", Gate(None, 0, 12)),
    ("B02", Gate(None, 15)), ("B27", Gate(None, 4)), ("A54", Gate(None, 14)),
    ("A56", Gate(None, 14)), ("A60", Gate(None, 14)), ("A63.0", Gate(None, 14)),
    ("A59", Gate(None, 14)), ("A51", Gate(None, 14)), ("A52", Gate(None, 16)),
    ("B20", Gate(None, 16)), ("R56.0", Gate(None, 0.5, 6)), ("R10.83", Gate(None, 0, 0)),
    ("C77", Gate(None, 25)), ("C78", Gate(None, 25)), ("C79", Gate(None, 25)),
    ("E21", Gate(None, 20)), ("G91.2", Gate(None, 55)), ("H33", Gate(None, 16)),
    ("H34", Gate(None, 40)), ("H43.8", Gate(None, 40)), ("I27", Gate(None, 18)),
    ("I44", Gate(None, 25)), ("I49.5", Gate(None, 40)), ("I95.1", Gate(None, 16)),
    ("J84", Gate(None, 18)), ("K22.7", Gate(None, 30)), ("K44", Gate(None, 25)),
    ("K55", Gate(None, 40)), ("M48.5", Gate(None, 45)), ("M65.3", Gate(None, 25)),
    ("M72.2", Gate(None, 16)), ("M75.0", Gate(None, 30)), ("N17", Gate(None, 1)),
    ("R06.03", Gate(None, 1)), ("R62.5", Gate(None, 0, 17)), ("R63.3", Gate(None, 0, 17)),
)  # fmt: skip

_BY_PREFIX: Mapping[str, Gate] = dict(_PREFIXES)

_TITLES: tuple[tuple[re.Pattern[str], Gate], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), gate)
    for pattern, gate in (
        (r"\bnewborn\b|\bneonatal\b|\bof prematurity\b", Gate(None, 0, 0)),
        (r"\binfantile\b(?! (?:idiopathic|and juvenile))", Gate(None, 0, 3)),
        (r"\bjuvenile\b|\bof childhood\b|\bin childhood\b", Gate(None, 1, 25)),
        (r"\bsenile\b|\bage-related\b|\bpresbyopia\b", Gate(None, 45)),
        (r"\badult\b", Gate(None, 18)),
        # Growth plates close by 18; bones that bend and do not break are children's.
        (r"\bphyseal\b", Gate(None, 1, 17)), (r"\bgreenstick\b|\btorus fract", Gate(None, 1, 15)),
        (r"\bmenopaus|\bclimacteric\b", Gate("female", 40)),
        (r"\bpostmenopausal\b", Gate("female", 45)),
        (r"\balcohol(?:ic|ism)?\b", Gate(None, 15)),
        (r"\bfemale breast\b", Gate("female")),
        (r"\bmale breast\b(?<!female breast)", Gate("male")),
        (r"\bpregnan|\bpuerper|\bpostpartum\b|\bpostprocedural ovar", Gate("female", 12, 50)),
        (r"\bovar(?:y|ian|ies)\b|\buter(?:us|ine)\b|\bvagina|\bvulva|\bcervix uteri\b",
         Gate("female")),
        (r"\bprostat|\btestis\b|\btesti|\bpenis\b|\bscrot|\bspermat", Gate("male")),
    )
)  # fmt: skip

_NEVER_FIRST = {"Principal_Unacceptable", "Principal_Manifestation"}


class Gates:
    """Looks up gates by code.

    Args:
        spine: the codes. sources: MCE edits and clinosim tables.
        clinosim: whether its tables may be used.
    """

    def __init__(self, spine: Spine, sources: Sources, *, clinosim: bool = True) -> None:
        self._spine = spine
        self._sources = sources
        self._clinosim = clinosim
        self._known: dict[str, Gate] = {}

    def gate(self, code: Code) -> Gate:
        """Who can have the code. A bound that would leave nobody is not applied."""
        known = self._known.get(code.code)
        if known is None:
            known = self._known[code.code] = self._worked_out(code)
        return known

    def _worked_out(self, code: Code) -> Gate:
        gate = Gate()
        for other in self._parts(code):
            both = gate.narrowed(other)
            if not both.empty:
                gate = both
        return gate

    def _parts(self, code: Code) -> list[Gate]:
        # The most specific statements come first: later ones yield to them.
        parts = [_EDITS[edit] for edit in sorted(self._edits(code)) if edit in _EDITS]
        for size in range(len(code.code), 0, -1):
            gate = _BY_PREFIX.get(code.code[:size])
            if gate is not None:
                parts.append(gate)
        parts += [gate for pattern, gate in _TITLES if pattern.search(code.title)]
        if self._clinosim:
            for known, sex in (
                (self._sources.male_only, "male"),
                (self._sources.female_only, "female"),
            ):
                if code.code in known or code.category in known:
                    parts.append(Gate("male" if sex == "male" else "female"))
            onset = self._sources.onset.get(code.category)
            if onset:
                parts.append(Gate(None, onset))
        return parts

    def _edits(self, code: Code) -> frozenset[str]:
        return self._sources.edits.get(code.code, frozenset())

    def is_unacceptable(self, code: Code) -> bool:
        """Whether the code editor bars a code from first place on the ward."""
        return bool(self._edits(code) & _NEVER_FIRST)
