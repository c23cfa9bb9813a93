"""Parts of the body that a title, a symptom or a sign names, to keep knee pain out of the wrist.

Used where codes of many sites share a source profile: musculoskeletal disease and injury.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from casewright.kg.compile.spine import Code

__all__ = ["is_sited", "place_fits", "regions_agree", "regions_of"]

_WORDS: Mapping[str, str] = {
    r"head|headaches?|skull|scalp|cranial|brain|concussion": "head",
    r"face|facial|cheek|forehead|nose|nasal|maxill\w*|malar|zygoma\w*": "face",
    r"jaw|mandib\w*|temporomandibular|tooth|teeth|lip|tongue|mouth|oral": "mouth",
    r"eye\w*|orbit\w*|ocular|cornea\w*|conjunctiv\w*": "eye",
    r"ears?|auric\w*|tympan\w*": "ear",
    r"neck|cervical|cervicalgia|throat|larynx|pharynx": "neck",
    r"thora\w*|chest|ribs?|stern\w*|breast": "chest",
    r"upper back|thoracic|interscapular": "upper back",
    r"low back|lumb\w*|sacr\w*|coccy\w*|lumbago|sciatica|tailbone|buttock": "low back",
    r"back|spin\w*|spondyl\w*|vertebra\w*|dorsalgia|intervertebral|disc": "back",
    r"abdom\w*|stomach|flank|epigastric": "abdomen",
    r"pelvi\w*|groin|inguinal|anus|anal": "pelvis",
    r"genital\w*|perine\w*|penis|penile|scrot\w*|test[ei]s|vagina\w*|vulva\w*": "genitals",
    r"shoulder|clavic\w*|scapul\w*|acromioclavicular|rotator|acromial|glenohumeral": "shoulder",
    r"upper arm|humer\w*|biceps|triceps": "upper arm",
    r"elbow|olecranon|epicondyl\w*": "elbow",
    r"forearm|radius|radial|ulna\w*": "forearm",
    r"wrist|carp\w*|scaphoid|navicular \[?scaphoid\]?": "wrist",
    r"hand|palm\w*|metacarp\w*": "hand",
    r"fingers?|thumb|interphalangeal|phalan\w+ of (?:\w+ )*(?:finger|thumb)": "finger",
    r"arms?|upper limb|upper extremit\w*": "arm",
    r"hip|acetabul\w*|trochanter\w*|femoral neck|neck of (?:\w+ )?femur": "hip",
    r"thigh|femur|femoral|hamstring|quadriceps": "thigh",
    r"knee|patell\w*|menisc\w*|cruciate|popliteal": "knee",
    r"lower leg|calf|shin|tibia\w*|fibula\w*|achilles": "lower leg",
    r"ankle|malleol\w*|talus|talo\w*": "ankle",
    r"foot|feet|heel|calcane\w*|tars\w*|metatars\w*|plantar|hallux": "foot",
    r"toes?": "toe",
    r"legs?|lower limb|lower extremit\w*|limp\w*|gait|bear(?:ing)? weight|weight[- ]bearing": "leg",
}

_NEAR: Mapping[str, frozenset[str]] = {
    "head": frozenset({"face", "neck"}),
    "face": frozenset({"head", "mouth", "eye"}),
    "mouth": frozenset({"face"}),
    "eye": frozenset({"face"}),
    "neck": frozenset({"shoulder", "upper back", "back", "head"}),
    "chest": frozenset({"upper back"}),
    "upper back": frozenset({"back", "neck", "chest", "shoulder"}),
    "low back": frozenset({"back", "hip", "leg", "pelvis"}),
    "back": frozenset({"low back", "upper back", "neck", "leg"}),
    "abdomen": frozenset({"pelvis"}),
    "pelvis": frozenset({"abdomen", "hip", "low back", "genitals"}),
    "genitals": frozenset({"pelvis"}),
    "shoulder": frozenset({"upper arm", "arm", "neck"}),
    "upper arm": frozenset({"arm", "shoulder", "elbow"}),
    "elbow": frozenset({"arm", "forearm", "upper arm"}),
    "forearm": frozenset({"arm", "elbow", "wrist"}),
    "wrist": frozenset({"hand", "forearm", "arm"}),
    "hand": frozenset({"wrist", "finger", "arm"}),
    "finger": frozenset({"hand"}),
    "arm": frozenset({"shoulder", "upper arm", "elbow", "forearm", "wrist", "hand"}),
    "hip": frozenset({"thigh", "leg", "pelvis", "low back"}),
    "thigh": frozenset({"leg", "hip", "knee"}),
    "knee": frozenset({"leg", "thigh", "lower leg"}),
    "lower leg": frozenset({"leg", "knee", "ankle"}),
    "ankle": frozenset({"foot", "lower leg", "leg"}),
    "foot": frozenset({"ankle", "toe", "leg"}),
    "toe": frozenset({"foot"}),
    "leg": frozenset({"hip", "thigh", "knee", "lower leg", "ankle", "foot", "low back"}),
}

_PATTERNS = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), r) for words, r in _WORDS.items()
)


@cache
def regions_of(text: str) -> frozenset[str]:
    """Every region that a text names."""
    return frozenset(region for pattern, region in _PATTERNS if pattern.search(text))


def regions_agree(title: str, symptom: str) -> bool:
    """Whether a symptom can belong to a condition by place: same or neighbouring regions."""
    here, there = regions_of(title), regions_of(symptom)
    if not here or not there:
        return True
    return any(
        a == b or a in _NEAR.get(b, ()) or b in _NEAR.get(a, ()) for a in here for b in there
    )


_ELSEWHERE = re.compile(r"\bother (?:specified )?(?:site|part|joint)s?$", re.IGNORECASE)
_LIMBS = frozenset(_NEAR) - {
    "head", "face", "mouth", "eye", "neck", "chest", "upper back", "low back", "back", "abdomen",
    "pelvis", "genitals",
}  # fmt: skip
_SITED = ("C40", "C41", "I7", "I8", "Q6", "Q7")


def is_sited(code: Code) -> bool:
    """Whether a disease is where its title says: of skin, joints, bones, vessels, and injuries."""
    return code.chapter in (12, 13, 19) or code.code.startswith(_SITED)


def place_fits(code: Code, where: str) -> bool:
    """Whether what is felt or seen somewhere can belong to a code by place.

    "Other site" (or joint) in a list is none of the limbs, which have codes of their own.
    """
    if code.chapter == 13 and _ELSEWHERE.search(code.title):
        return not regions_of(where) & _LIMBS
    return regions_agree(code.title, where)
