"""Rules that keep implausible edges of the measured sources out. The curated layer is not asked.

Visits carry the drugs and tests of every disease of a patient, and drugs that only belong to
what was done there (sedation for an endoscopy). A ratio to all visits does not tell them
apart; where a drug is put and what a title says does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from casewright.kg.compile.crosswalk import Joined
from casewright.kg.compile.schema import DrugEntry
from casewright.kg.compile.sources import Measured
from casewright.kg.compile.spine import Code

__all__ = [
    "GENERIC_TESTS",
    "MIXED_CATEGORIES",
    "SYMPTOMLESS",
    "is_noise",
    "local_form",
    "route_fits",
    "stands_alone",
    "stands_out",
    "symptom_fits",
    "test_fits",
    "text_fits",
    "text_for",
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
    r"\b(?:midazolam|fentanyl|propofol|ketamine|lidocaine|bupivacaine|tetracaine|proparacaine|"
    r"tropicamide|cyclopentolate|phenylephrine)\b"
)


def is_noise(name: str) -> bool:
    """Whether a drug name is a residual class, or belongs to what is done at the visit."""
    return any(word in name for word in _NOISE) or bool(_AT_THE_VISIT.search(name))


# Drugs that many people take for good, and the codes that they are taken for: at any other
# visit they tell of the patient, not of the diagnosis.
_LONG_TERM: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), prefixes)
    for pattern, prefixes in (
        (r"thyroid hormone", ("E0", "E89", "C73")),
        (r"statin|fibrate|cholesterol|omega-3|nicotinic acid", ("E78", "I", "E1", "G45", "H34")),
        (r"proton pump|H2 receptor", ("K", "R1", "B98", "J38")),
        (r"SSRI|SNRI|antidepressant|serotonin modulator",
         ("F", "G", "N95", "N94", "R45", "M79.7", "R52")),
        (r"benzodiazepine|hypnotic|anxiolytic",
         ("F", "G", "R45", "R56", "M62", "M54", "R42", "H81")),
        (r"biguanide|sulfonylurea|insulin|thiazolidinedione|DPP-4|GLP-1|SGLT2",
         ("E0", "E1", "O24", "R73", "E66", "E28")),
        (r"beta blocker(?! eye)|calcium channel|ACE inhibitor|angiotensin|ARB/|thiazide|"
         r"central alpha|direct vasodilator", ("I", "N0", "N1", "R03", "O1", "G43", "G25", "E05",
                                               "R00", "E1", "R07", "F43", "F90")),
        (r"loop diuretic|mineralocorticoid receptor|potassium supplement|cardiac glycoside|nitrate",
         ("I", "N0", "N1", "R60", "K7", "R07", "E87", "J81")),
        (r"salicylate antiplatelet|P2Y12|vitamin K antagonist|oral anticoagulant|heparin",
         ("I", "G4", "H34", "R07", "D6", "O22", "Z")),
        (r"bisphosphonate|calcium supplement|RANK ligand", ("M8", "E2", "C79", "E55", "N25")),
        (r"alpha blocker|5-alpha|bladder", ("N", "R3")),
        (r"PDE5", ("N5", "N4", "I27")),
        (r"estrogen|progestin|contraceptive", ("N", "E28", "E30", "O", "Z")),
        (r"xanthine oxidase|antigout|uricosuric", ("M10", "M1A", "E79", "N20")),
        (r"antipsychotic|mood stabilizer|stimulant", ("F", "R4", "G47")),
        (r"multivitamin|vitamin|supplement|iron\b",
         ("D5", "E5", "E6", "O", "D64", "K9", "M8", "N18", "G62")),
        (r"vaccine", ("Z",)),
    )
)  # fmt: skip
_PAIN_RELIEF = re.compile(
    r"NSAID|opioid|analgesic|muscle relaxant|gabapentinoid|systemic corticosteroid", re.IGNORECASE
)


_RESIDUAL = re.compile(r"\b(?:NEC|NOS|oth|other|unspec\w*)\b", re.IGNORECASE)


def is_residual(label: str) -> bool:
    """Whether an ICD-9-CM title is that of a rest, in which rare diseases hide."""
    return bool(_RESIDUAL.search(label))


_SMALL_WOUND = re.compile(
    r"^(?:blister|(?:other )?(?:superficial )?(?:insect )?bite|superficial foreign body)",
    re.IGNORECASE,
)
_NODES = re.compile(r"lymph nodes? of (?!multiple)|(?:thoracic|abdominal|pelvic) lymph nodes")
_NODE_PLACES: Mapping[str, str] = {
    "finding:axillary_nodes": "axilla",
    "finding:inguinal_nodes": "inguinal",
    "finding:firm_neck_node": "neck",
    "finding:generalized_nodes": "multiple",
}


_NOT_CLEAR = re.compile(r"intoxication|withdrawal|psychotic|delirium|dementia|amnes", re.IGNORECASE)


def sign_fits(finding: str, code: Code) -> bool:
    """Whether a sign of a category can be one of this code of it.

    A friction blister is no bruise; a lymphoma of one group of nodes is felt there.
    """
    if finding == "finding:bruise" and code.chapter == 19:
        return not _SMALL_WOUND.match(code.title)
    if finding == "finding:mse_normal" and _NOT_CLEAR.search(code.title):
        return False
    place = _NODE_PLACES.get(finding)
    if place and code.code.startswith(("C8", "C96")) and _NODES.search(code.title):
        return place in code.title
    return True


def stands_out(drug: DrugEntry, item: Measured, joined: Joined, code: Code) -> bool:
    """Whether visits alone are enough for a drug that has no indication on record.

    Other diseases bring their drugs along, so the ratio to all visits must be high; less so
    for what relieves pain where something hurts. A drug that is taken for good has to be one
    of the code's own kind.
    """
    for pattern, prefixes in _LONG_TERM:
        if pattern.search(drug.drug_class):
            if not code.code.startswith(prefixes):
                return False
            return item.lift >= (5.0 if joined.inherited else 3.0)
    if code.chapter in (13, 19) and _PAIN_RELIEF.search(drug.drug_class):
        return item.lift >= 2.5
    if joined.profile.drug_n < 100:
        return item.lift >= 12.0
    least, often = (12.0, 8.0) if joined.inherited else (8.0, 5.0)
    return item.lift >= least or (item.p >= 0.1 and item.lift >= often)


_ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "symptom:visible_leg_veins": ("I8", "O22"),
    "symptom:involuntary_movements": ("G", "F", "R25"),
    "symptom:brittle_nails": ("L", "B35", "E", "D50"),
}


# The survey files wounds and ganglia under complaints of the skin.
_NOT_IN_INJURY = frozenset(
    {"symptom:skin_lesion", "symptom:skin_discoloration", "symptom:skin_growth",
     "symptom:skin_lump", "symptom:nail_discoloration"}
)  # fmt: skip


def symptom_fits(symptom: str, code: Code) -> bool:
    """Whether a reason for visit that stands for several complaints can mean this one here."""
    if symptom == "symptom:skin_lesion" and code.code.startswith("I7"):
        return bool(re.search(r"ulcerat|gangrene", code.title))
    below_skin = code.chapter == 13 and not code.code.startswith("M67.4")  # a ganglion is seen
    if (code.chapter == 19 or below_skin) and symptom in _NOT_IN_INJURY:
        return False
    return code.code.startswith(_ONLY_IN.get(symptom, ("",)))


_SEPSIS = re.compile(r"\bseps[ie]s\b|\bseptic[ae]?mi[ac]|\bseptic\b|meningitis|endocarditis",
                     re.IGNORECASE)  # fmt: skip


def stands_alone(drug: DrugEntry, code: Code) -> bool:
    """Whether an indication on record is enough without a visit.

    Steroids are approved for nearly everything, and a tablet is seldom for an eye. A label
    names an organism; what is taken for it at home does not treat a sepsis.
    """
    if "corticosteroid" in drug.drug_class or _SEPSIS.search(code.title):
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


def test_fits(item: Measured, *, inherited: bool, curated: int) -> bool:
    """Whether a NAMCS test may stand beside what the curated layer has.

    Args:
        item: the checkbox, its share of visits and ratio to all visits.
        inherited: the profile is that of relatives.
        curated: number of curated tests of the condition.
    """
    if item.name in GENERIC_TESTS:
        return curated == 0
    if item.name in _SIDELINES:
        return item.lift >= 4.0 and item.p >= 0.1 and not inherited and curated < 3
    return item.p >= 0.05 and item.lift >= (3.0 if inherited or curated else 1.5)


_CONTRADICTED = (
    (re.compile(r"\bfracture", re.IGNORECASE), re.compile(r"\bno (?:acute )?fracture")),
    (re.compile(r"\bdislocation|subluxation", re.IGNORECASE), re.compile(r"\bno .*dislocation")),
    (re.compile(r"\bforeign body", re.IGNORECASE), re.compile(r"\bno .*foreign body")),
    (
        re.compile(
            r"infarction due to .*(?:vertebral|basilar|cerebellar|anterior cerebral"
            r"|posterior cerebral|venous)|small artery",
            re.IGNORECASE,
        ),
        re.compile(r"\bmiddle cerebral"),
    ),
)


def text_fits(text: str | None, title: str) -> bool:
    """Whether a result in words does not deny the diagnosis itself."""
    if text is None:
        return True
    named = re.sub(r"without [\w\s]*foreign body", "", title)
    return not any(a.search(named) and b.search(text) for a, b in _CONTRADICTED)


def text_for(text: str | None, title: str) -> str | None:
    """A result in words without what the title denies."""
    if text is not None and re.match(r"nondisplaced", title, re.IGNORECASE):
        return re.sub(r"\bdisplaced ", "", text)
    return text


MIXED_CATEGORIES = frozenset({"M26", "N99", "K91", "J95", "I97", "M96", "H59", "H95", "G97"})
"""Categories whose codes share a title and little else: nothing is inherited in them."""
