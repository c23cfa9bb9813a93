"""What a single word can be: given name, family name, word, eponym, or nothing known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from casewright.filters.phi.lexicon import Lexicon, load_lexicon, word_set
from casewright.filters.phi.name_shape import name_shape

__all__ = [
    "NO_NAME",
    "PARTICLES",
    "TITLE_CASE",
    "TOKEN",
    "WORD",
    "Kind",
    "is_camel_case",
    "kind_of",
]

# One word of a name in folded text: "Okafor", "O'Brien", "Smith-Jones", "McDonald", "OKAFOR".
# Every repeat begins with a character that the one before cannot take: no backtracking.
WORD = (
    r"(?:[dl]')?[A-Z][a-z]{0,30}(?:(?:['-][A-Za-z]|[A-Z])[a-z]{1,30}){0,4}"
    r"|[A-Z]{2,20}(?:['-][A-Z]{2,20}){0,2}"
)
TITLE_CASE = re.compile(r"[A-Z][a-z']")
TOKEN = re.compile(rf"(?<![\w'-])(?:{WORD})(?![\w])")
PARTICLES = word_set(
    """
de del della di da dos das do du van von der den ten ter la le el al bin ibn bint abu ben mac mc
st san y e ni nic zu dal dalla
ap ab af av zur vom della dello degli
"""
)

# A word after a title that shows the title is a word of the sentence: "Dr. will see you".
NO_NAME = word_set(
    """
the a an and or but if is was are were has have had will would can could should may might must
not no he she they we you i it his her their our my your this that who which what when where why
how of in on at to for from by with as per be been do did does said says told also then there
here visit appointment office orders order note notes states stated reports reported recommended
prescribed advised patient patients who's referral name signature date please thanks thank
"""
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a word can be."""

    given: int  # 0 no, 1 known, 2 common
    family: int  # 0 no, 1 rare, 2 known, 3 common
    word: int  # 0 no, 1 rare, 2 common, 3 frequent, 4 never a name without a title
    unknown: bool  # in no lexicon, or only in that of rare given names
    eponym: bool
    place: bool = False
    spelt: bool = False  # unknown, and spelt like a name


_CONTRACTIONS = ("'ve", "'ll", "'re", "'m", "'d", "n't")


# Of procedures and diseases.
_MEDICAL_ENDINGS = (
    *("scopy", "graphy", "ectomy", "otomy", "ostomy", "plasty", "itis", "osis", "aemia", "emia"),
    *(
        "ology",
        "health",
        "uria",
        "algia",
        "pathy",
        "oma",
        "iasis",
        "centesis",
        "desis",
        "pexy",
        "metry",
        "therapy",
    ),
)
_ROMAN = re.compile(r"[IVX]{2,5}(?:-[IVX]{1,5})?")  # "grade III-IV"
_ARTICLES = ("al", "el", "ben", "bin", "ibn", "abu", "ait", "ould", "bou")
_SHORT = 3
# Of organisms and drugs: whatever the letters say, "Neisseria" is nobody.
_ENDINGS = (
    *("coccus", "bacter", "bacterium", "bacillus", "monas", "virus", "plasma", "myces", "seria"),
    *("ella", "mab", "nib", "pril", "sartan", "statin", "cillin", "mycin", "azole", "triptan"),
    *("gliptin", "gliflozin", "parin", "xaban", "caine", "setron", "dronate", "afil", "olol"),
    *("azepam", "barbital", "cycline", "floxacin", "thiazide", "tidine", "profen", "coxib"),
    *("lukast", "terol", "solone", "phylline", "dipine", "pak", "kit", "gel", "strip"),
)


@lru_cache(maxsize=65536)
def kind_of(word: str) -> Kind:
    """Look a folded word up; hyphenated and apostrophed words by their parts."""
    lex = load_lexicon()
    low = word.lower().removesuffix("'s").strip("'")
    if low.endswith(_CONTRACTIONS) or _ROMAN.fullmatch(word):
        return Kind(0, 0, 4, False, False)
    parts = [p for p in re.split(r"[-']", low) if len(p) > 1] if not _known(low, lex) else [low]
    if len(parts) > 1 and parts[0] in _ARTICLES:
        parts = parts[1:]  # "Al-Qahtani"
    if len(parts) > 1:
        kinds = [kind_of(p) for p in parts]
        return Kind(
            max(k.given for k in kinds) if all(k.given or k.family for k in kinds) else 0,
            max(k.family for k in kinds)
            if all(k.given or k.family or k.unknown for k in kinds)
            else 0,
            # "Jae-won" is a name though "won" is a word.
            min(k.word for k in kinds)
            if all(k.given or k.family for k in kinds) or _compound(kinds)
            else max(k.word for k in kinds),
            all(k.unknown for k in kinds),
            any(k.eponym for k in kinds),
            any(k.place for k in kinds),
            all(k.unknown for k in kinds) and any(k.spelt for k in kinds),
        )
    low = parts[0] if parts else low
    given = 2 if low in lex.given_common else 1 if low in lex.given_known else 0
    family = (
        3
        if low in lex.family_common
        else 2
        if low in lex.family_known
        else 1
        if low in lex.family_rare
        else 0
    )
    if low in lex.not_names or low in lex.placeholders:
        level = 4
    elif (
        low in lex.frequent_words or low in lex.medical or low in lex.brands or low in lex.products
    ):
        level = 3
    elif low in lex.common_words:
        level = 2
    elif low in lex.words:
        level = 1
    elif (low.endswith("s") and low[:-1] in lex.common_words) or low in lex.states:
        level = 2
    else:
        level = 0
    place = low in lex.home_cities or low in lex.world_cities
    unknown = not (given or family or level or place or low in lex.eponyms)
    if unknown and is_camel_case(word):
        level, unknown = 3, False
    if unknown and low.endswith(_MEDICAL_ENDINGS):
        level, unknown = 3, False
    spelt = unknown and len(low) > _SHORT and not low.endswith(_ENDINGS) and name_shape(low) > 0
    return Kind(given, family, level, unknown, low in lex.eponyms, place, spelt)


# "HBsAg", "CrCl", "MyCareLink": a capital after a small letter is in a name after these only.
_INNER = re.compile(
    r"(?:Mc|Mac|Mc-|De|Di|Da|Du|Del|Des|La|Le|Lo|Van|Von|Fitz|O|D|St|San|El|Al|Ben|Bar|Vander|Ter|Ten|Ver|Mai|Jo|Mary|Anna|Ma|Ah|An|Dan|Jean|Lee|Mee|Ka|Ke|Sha|Ta|Te|Ty|Ra|Ro|Ja|Je|Me)['’]?[A-Z][a-z'’-]+\Z"
)
_CAPITAL_INSIDE = re.compile(r"[a-z][A-Z]")


def is_camel_case(word: str) -> bool:
    """Whether capitals stand in the word where no name has them."""
    return _CAPITAL_INSIDE.search(word) is not None and _INNER.match(word) is None


def _compound(kinds: list[Kind]) -> bool:
    """Whether the parts are names or unknown, and none of them more than a rare word."""
    return all(k.given or k.family or k.unknown for k in kinds) and max(k.word for k in kinds) < 2


def _known(low: str, lex: Lexicon) -> bool:
    return (
        lex.is_given(low)
        or lex.is_family(low)
        or lex.is_word(low)
        or low in lex.not_names
        or low in lex.eponyms
        or low in lex.products
    )
