"""Rules that keep implausible edges of the measured sources out. The curated layer is not asked.

Visits carry the drugs and tests of every disease of a patient, and drugs that only belong to
what was done there (sedation for an endoscopy). A ratio to all visits does not tell them
apart; where a drug is put and what a title says does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from casewright.kg.compile.curated import DrugEntry
from casewright.kg.compile.spine import Code

__all__ = [
    "GENERIC_TESTS",
    "SYMPTOMLESS",
    "is_noise",
    "local_form",
    "route_fits",
    "stands_alone",
    "stands_out",
    "test_fits",
    "text_fits",
]

SYMPTOMLESS = re.compile(
    r"\b(?:asymptomatic|presymptomatic|pre-?diabetes|in (?:full |partial |early |sustained )*"
    r"remission|carrier|screening|latent)\b",
    re.IGNORECASE,
)
"""Titles of conditions that by definition are without complaints."""

_NOISE = ("obsolete", "miscellaneous", "uncategorized", "replacement", "vitamin")

# Given for what is done at the visit, not for the disease (sedation, anesthesia, wide pupils).
_AT_THE_VISIT = re.compile(
    r"^(?:midazolam|fentanyl|propofol|ketamine|lidocaine|bupivacaine|tetracaine|proparacaine|"
    r"tropicamide|cyclopentolate|phenylephrine)\b"
)


def is_noise(name: str) -> bool:
    """Whether a drug name is a residual class, or belongs to what is done at the visit."""
    return any(word in name for word in _NOISE) or bool(_AT_THE_VISIT.match(name))


def stands_out(p: float, lift: float, *, inherited: bool) -> bool:
    """Whether visits alone are enough for a drug that has no indication on record.

    Other diseases bring their drugs along, so the ratio must be high, or high enough in a
    drug that many of the patients take.
    """
    least, often = (8.0, 5.0) if inherited else (5.0, 3.0)
    return lift >= least or (p >= 0.1 and lift >= often)


def stands_alone(drug: DrugEntry, code: Code) -> bool:
    """Whether an indication on record is enough without a visit.

    Steroids are approved for nearly everything, and a tablet is seldom for an eye.
    """
    if "corticosteroid" in drug.drug_class:
        return False
    return code.chapter != 7 or any(
        re.search(r"\beyes?\b|intravitreal", regimen.route) for regimen in drug.dosing
    )


_PLACES: tuple[tuple[re.Pattern[str], frozenset[int]], ...] = tuple(
    (re.compile(pattern), frozenset(chapters))
    for pattern, chapters in (
        (r"affected eye|both eyes|intravitreal", (7,)),
        (r"affected ear|both ears", (8,)),
        (r"nostril|intranasal", (8, 10, 18)),
        (r"^inhaled$|nebulizer", (10, 18, 22)),
        (r"^vaginally$|uterus", (14, 15)),
        (r"intra-articular|intralesional", (12, 13, 19)),
        (r"scalp|affected nails|to the face", (1, 12)),
        (r"mouth rinse", (11,)),
        (r"bladder|intracavernosal", (2, 14)),
        (r"^topically$|transdermally", (1, 12, 13, 19)),
    )
)

_SITED_EXTRA: Mapping[str, re.Pattern[str]] = {
    "affected eye": re.compile(r"\b(?:eye|conjunctiv|ocular|uve|kerat|ophthalm)", re.IGNORECASE),
    "affected ear": re.compile(r"\b(?:ear|otitis)", re.IGNORECASE),
    "vaginally": re.compile(r"\b(?:vagin|vulv|candid)", re.IGNORECASE),
    "inhaled": re.compile(r"\b(?:asthma|bronch|lung|pulmon|cystic fibrosis)", re.IGNORECASE),
    "topically": re.compile(r"\b(?:skin|dermat|scab|lous|candid|tinea|herpes)", re.IGNORECASE),
}
_SKIN_ONLY = re.compile(r"cream|ointment|lotion|shampoo|topical", re.IGNORECASE)


def route_fits(drug: DrugEntry, code: Code) -> bool:
    """Whether some regimen of a drug goes where a disease of that chapter is treated."""
    if code.chapter == 13 and _SKIN_ONLY.search(drug.name) and "gel" not in drug.name:
        return False  # creams of the skin stand for injections of the same steroid there
    return any(_place_fits(regimen.route, code) for regimen in drug.dosing)


def local_form(name: str, code: Code) -> tuple[str, ...]:
    """Names to try for a drug of the sources at that place, the likeliest first.

    NAMCS writes "moxifloxacin" for the drops as well; in eye disease they are meant.
    """
    if code.chapter == 7:
        return (f"{name} eye drops", name)
    if code.code.startswith("H60"):
        return (f"{name} ear drops", name)
    return (name,)


def _place_fits(route: str, code: Code) -> bool:
    for pattern, chapters in _PLACES:
        if pattern.search(route):
            extra = _SITED_EXTRA.get(route.removeprefix("in the "))
            return code.chapter in chapters or bool(extra and extra.search(code.title))
    return True


GENERIC_TESTS = frozenset({"X-ray", "CT", "MRI", "ultrasound"})
"""NAMCS checkboxes for imaging of any part."""

_SIDELINES = frozenset(
    {
        "foot exam", "retinal exam", "mammography", "pelvic exam", "PSA", "depression screen",
        "wound care", "excision of tissue", "biopsy", "splint", "cast", "bone density",
        "sigmoidoscopy/colonoscopy", "chlamydia test", "HIV test", "pregnancy test",
        "physical therapy", "psychotherapy",
    }
)  # fmt: skip


def test_fits(name: str, lift: float, *, inherited: bool, curated: int) -> bool:
    """Whether a NAMCS test may stand beside what the curated layer has.

    Args:
        name: the checkbox. lift: ratio to all visits.
        inherited: the profile is that of relatives.
        curated: number of curated tests of the condition.
    """
    if name in GENERIC_TESTS:
        return curated == 0
    if name in _SIDELINES:
        return lift >= 4.0 and not inherited and curated < 3
    return lift >= (3.0 if inherited else 1.5)


_CONTRADICTED = (
    (re.compile(r"\bfracture", re.IGNORECASE), re.compile(r"\bno (?:acute )?fracture")),
    (re.compile(r"\bdislocation|subluxation", re.IGNORECASE), re.compile(r"\bno .*dislocation")),
    (re.compile(r"\bforeign body", re.IGNORECASE), re.compile(r"\bno .*foreign body")),
)


def text_fits(text: str | None, title: str) -> bool:
    """Whether a result in words does not deny the diagnosis itself."""
    if text is None:
        return True
    named = re.sub(r"without [\w\s]*foreign body", "", title)
    return not any(a.search(named) and b.search(text) for a, b in _CONTRADICTED)
