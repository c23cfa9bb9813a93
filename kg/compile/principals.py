"""Which codes can come first, and what the graph must know of one for a whole case.

The Medicare Code Editor bars codes from first place on the ward. In a clinic a check-up, a
vaccination or a prenatal visit is listed first: ICD-10-CM Official Guidelines FY2026, I.C.21.c.16
(codes that are first-listed only), I.C.21.c.3 to 13 (those that may be), I.C.15.b.2 (O09).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from casewright.kg.compile.gates import Gates
from casewright.kg.compile.link import Link
from casewright.kg.compile.results import Results
from casewright.kg.compile.spine import Code, Spine

__all__ = ["Principals", "is_visit"]

# Reasons for contact that are the first-listed diagnosis of a visit.
_VISITS = (
    "Z00", "Z01", "Z02", "Z03", "Z04", "Z05", "Z08", "Z09", "Z11", "Z12", "Z13", "Z20", "Z23",
    "Z29", "Z30", "Z31", "Z32", "Z33.2", "Z34", "Z36", "Z38", "Z39", "Z40", "Z41", "Z42", "Z43",
    "Z44", "Z45", "Z46", "Z47", "Z48", "Z49", "Z51", "Z52.0", "Z52.1", "Z52.3", "Z52.4", "Z52.5",
    "Z52.6", "Z52.8", "Z69", "Z70", "Z71", "Z76.0", "Z76.1", "Z76.2", "O09",
)  # fmt: skip
_NOT_VISITS = ("Z00.6", "Z71.2", "Z71.9", "Z03.89", "Z04.9", "Z41.9", "Z13.9", "Z02.9", "Z01.89")
"""Research participants, and codes that do not say what was done."""

# What the editor bars on the ward and clinics see as a disease of its own.
_CLINIC_DISEASES = (
    "F17", "F52.9", "F81.9", "H16.8", "H40.12", "H54.7", "H57.9", "H93.9", "N64.1", "R45.850",
    "R46.8", "O36.80", "O99.82",
)  # fmt: skip

# States, histories and risks: beside a diagnosis, not the reason for a visit. HIV without
# symptoms (Z21) is followed in clinics like a disease.
_STATUS = re.compile(r"Z(?!21)(?:1[4-9]|2[2-8]|3A|3[357]|5[3-9]|6[0-8]|7[2-9]|8\d|9\d)")

_SAYS_NOTHING = ("R69", "T14.9", "Z76.8", "Z76.9", "R68.89")
"""Codes from which no case can be told."""

_NO_PATIENT = ("P95", "Q00", "R99")
"""Stillbirth, anencephaly, death of unknown cause: nobody to take a history from."""

_SEQUELA = re.compile(r"\bsequelae?\b", re.IGNORECASE)
_SEVENTH = frozenset(["D", "E", "F", "G", "H", "J", "K", "M", "N", "P", "Q", "R", "S"])
"""Seventh characters of subsequent encounters and sequelae (chapters 13 and 19)."""

_SEEN_OR_FELT = frozenset({7, 8, 12, 13, 19})
"""Chapters whose diseases are seen where they are: one complaint and one sign tell them."""
_UNCOMPLAINING = frozenset({16, 17})
"""Newborns and malformations: what others see takes the place of complaints."""
_DELIVERY = ("O80", "O82", "O70", "O71")


_REMISSION = re.compile(r"\bin (?:full |complete |sustained |early )?remission\b", re.IGNORECASE)
_ABNORMAL_RESULT = re.compile(r"R(?:7|8|9[0-7])")


def is_visit(code: Code) -> bool:
    """Whether a code is a reason for contact rather than a disease: nobody need be ill."""
    return code.code.startswith(_VISITS) and not code.code.startswith(_NOT_VISITS)


class Principals:
    """Judges billable codes.

    Args:
        spine: the codes. gates: the edits. results: knows which edges are tests.
    """

    def __init__(self, spine: Spine, gates: Gates, results: Results) -> None:
        self._spine, self._gates, self._results = spine, gates, results

    def bars(self, code: Code) -> str | None:
        """Why a billable code never comes first; None when it can."""
        if code.chapter == 20 or code.code[0] in "VWXY":
            return "external cause"
        if self._gates.is_unacceptable(code) and not (
            is_visit(code) or code.code.startswith(_CLINIC_DISEASES)
        ):
            return "not acceptable first (code editor)"
        if code.chapter == 21 and (_STATUS.match(code.code) and not is_visit(code)):
            return "status, history or risk"
        if self.is_manifestation(code):
            return "manifestation: the underlying disease is coded first"
        if any(_SEQUELA.search(line) for line in self._line(code)) or (
            len(code.code) == 8 and code.code[7] == "S"
        ):
            return "sequela"
        if code.chapter in (13, 19) and len(code.code) == 8 and code.code[7] in _SEVENTH:
            return "not the initial encounter"
        if code.code.startswith(("R65", "B95", "B96", "B97", "O94", "Z3A", "J12.82")):
            return "status, agent or reason for contact"
        if code.code.startswith(_SAYS_NOTHING) or code.code.startswith(_NOT_VISITS):
            return "says nothing"
        if code.code.startswith(_NO_PATIENT):
            return "no living patient"
        if code.chapter in (2, 5) and _REMISSION.search(code.title):
            return "in remission: nothing of the disease is felt or seen"
        if code.chapter == 15 and re.search(r"fetus [2-9]|other fetus", code.title):
            return "a further fetus of a multiple pregnancy"
        return None

    def is_manifestation(self, code: Code) -> bool:
        """Whether the code stands for a disease that is classified elsewhere."""
        return any("classified elsewhere" in line.lower() for line in self._line(code))

    def _line(self, code: Code) -> list[str]:
        """The titles of a code and of all above it: a category speaks for its codes."""
        return [code.title, *(self._spine.codes[up].title for up in self._spine.above(code.code))]

    def missing(self, code: Code, links: Sequence[Link], *, seen: bool) -> str | None:
        """What a code lacks for a principal diagnosis; None when it has all.

        A visit needs something that is done: a test, a drug, a procedure. A disease needs
        complaints (or signs, where these tell it), something that shows it, and treatment:
        a drug, an intervention, or watching where a test was done and clinics do see it.

        Args:
            code: the code. links: its edges.
            seen: whether office visits with it are on record, or an entry is about it.
        """
        counts = Counter(link.relation for link in links)
        tested = any(self._results.is_test(link) for link in links)
        done = any(self._results.is_intervention(link) for link in links)
        if is_visit(code):
            return None if counts["treated_with"] or tested or done else "nothing done at the visit"
        symptoms, findings = counts["has_symptom"], counts["has_finding"]
        presents = symptoms >= 2
        if code.chapter in _SEEN_OR_FELT or code.code.startswith(_DELIVERY):
            presents |= symptoms >= 1 and findings >= 1
        if code.chapter in _UNCOMPLAINING:
            presents |= symptoms + findings >= 2
        if _ABNORMAL_RESULT.match(code.code):
            presents |= tested  # found on a test, whatever the patient feels
        if not presents:
            return "too few symptoms"
        if not tested and not findings:
            return "no test"
        if not (counts["treated_with"] or done or (tested and findings and seen)):
            return "no medication"
        return None
