"""How a clinician writes a condition, worked out from its official ICD-10-CM title.

Official titles are made for indexing: "Unspecified fracture of the lower end of right
radius, initial encounter for closed fracture". A note says "fracture of the lower end of
the right radius". The rules here drop what only the classification needs, put adjectives
and sides where speech has them, and keep capitals of names. Curated names go before them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from casewright.kg.compile.regions import regions_of

__all__ = ["Namer", "NaturalName", "safe_synonyms"]


@dataclass(frozen=True, slots=True)
class NaturalName:
    """A name that fits in a sentence, and the abbreviations that its title gives."""

    text: str
    abbreviations: tuple[str, ...] = ()


_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’]*")

# Segments between commas that only the classification needs.
_DROPPED_SEGMENT = re.compile(
    r"""(?:
      unspecified(?:\s+(?!with\b)(?!.*\bof\b)[\w\s/()-]*)?      # also "unspecified eye"
    | (?:site|part|cause|type|stage|degree)\s+not\s+specified
    | (?:organism|site|cause|part|type|level|stage|degree|severity|depth|trimester|episode)\s+
      unspecified
    | (?:not\s+)?elsewhere\s+classified | in\s+diseases\s+classified\s+elsewhere
    | (?:initial|subsequent)\s+encounter(?:\s+for\s+.*)?
    | so\s+stated | not\s+specified(?:\s+as\s+.*)? | not\s+otherwise\s+specified
    | unspecified\s+whether\s+.* | with\s+or\s+without\s+.*
    | uncomplicated | without\s+(?:mention\s+of\s+)?complications? | not\s+intractable
    | without\s+status\s+(?:migrainosus|epilepticus) | without\s+tophus(?:\s+\(tophi\))?
    | not\s+applicable\s+or\s+unspecified | unilateral | current\s+injury
    | (?:other|unspecified)\s+(?:sites?|parts?|extremity|side|fetus)
    | implants\s+and\s+grafts
    )""",
    re.VERBOSE | re.IGNORECASE,
)

# Segments that are adjectives of the head and go before it.
_LEADING_SEGMENT = re.compile(
    r"""(?:acute|chronic|subacute|recurrent|bilateral|congenital|benign|malignant|mild|moderate
    |severe|primary|secondary|intractable|idiopathic|drug-induced|transient|persistent|
    paroxysmal|permanent|generalized|localized|diffuse|multiple|juvenile|right|left|adult|
    infectious|unstable|stable|hereditary|familial|simple|complex|postprocedural|accidental|
    (?:mild|moderate|severe|early|late)[ -]+stage|
    (?:moderate|mild)\ to\ severe|(?:mild|moderate|severe)\ persistent|mild\ intermittent)""",
    re.VERBOSE | re.IGNORECASE,
)

_SIDED_ORGAN = re.compile(
    r"(right|left|bilateral)\s+((?!side\b|dominant|non-?dominant)[\w\s-]+)", re.IGNORECASE
)
_REGION = re.compile(r"((?:[\w-]+\s)?(?:region|knee|hip|shoulder|wrist|elbow))", re.IGNORECASE)

# "unspecified shoulder" still says that it is the shoulder; an eye or ear goes without saying.
_UNSIDED_ORGAN = re.compile(
    r"unspecified ((?:(?:upper|lower|fore)[ -]?)?"
    r"(?:arm|leg|shoulder|elbow|forearm|wrist|hand|hip|thigh|knee|ankle|foot|femur|tibia|"
    r"fibula|humerus|radius|ulna|finger|toe|breast|ovary|kidney)"
    r"(?: and (?:foot|hand|fibula|forearm))?)",
    re.IGNORECASE,
)

_ENCOUNTER = re.compile(r",? (?:initial|subsequent) encounter\b.*$", re.IGNORECASE)
_NO_DISTURBANCE = re.compile(r",? without behavioral disturbance.*$", re.IGNORECASE)

_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"\s*\((?:un)?intentional\)", ""),
        (r"\baccidental \(unintentional\)", "accidental"),
        (r"\b(?:in|of|at|to|by|from|with|due to) (?:other (?:and|or) )?unspecified "
         r"(?:site|part|organism|cause|place|degree|depth|level|severity|stage|origin|type|"
         r"eye|ear|limb|side|lobe|quadrant)s? of\b", " of "),
        (r"\b(?:in|of|at|to|by|from|with|due to) (?:other (?:and|or) )?unspecified "
         r"(?:site|part|organism|cause|place|degree|depth|level|severity|stage|origin|type|"
         r"limb|side|lobe|quadrant)s?\b", " "),
        (r"\bunspecified (?:part|site|portion) of\b", ""),
        (r"\bof unspecified (eye|ear|eyelid)\b", r"of the \1"),
        (r"\bunspecified (?:eyes?|ears?|eyelids?|side)\b", ""),
        (r"\b(?:other|and|or)? ?unspecified\b(?! whether)", ""),
        (r"\bother and\b", ""),
        (r"^other(?: specified)?(?: forms? of| types? of| disorders? of (?=.*disorders?))?\b", ""),
        (r"^certain\b", ""),
        (r"\b(?:other )?specified\b(?! as)", ""),
        (r"\bin (?:other )?diseases classified elsewhere\b", ""),
        (r"\bnot elsewhere classified\b", ""),
        (r"\bnot specified as [\w\s-]+$", ""),
        (r"\bof other (?:parts?|sites?) of\b", "of"),
        (r"\bother part of\b", ""),
        (r"\b(?:with|by|due to) other (?=organisms?|agents?|types?|means)\w+", ""),
        (r"\bNOS\b|\bNEC\b", ""),
    )
)  # fmt: skip

_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"^(?:types?|forms?) of ", ""),
        (r"^pain in (?:the )?(right|left|bilateral) (.+)$", r"\1 \2 pain"),
        (r"^pain in (?:the )?(\w+)$", r"\1 pain"),
        (r"^effusion,? (?:of )?(?:the )?(right|left) (.+)$", r"\1 \2 effusion"),
        (r"\bof other (?=\w+ \w+$)", "of "),
        (r"\b(by) other (?=\w+s\b)", r"\1 "),
        (r"\b(sprain|strain) of (?:ligament|muscle|tendon)s? of\b", r"\1 of"),
        (r"^unilateral (primary|secondary|post-traumatic|osteoarthritis|inguinal)\b", r"\1"),
        (r"^secondary malignant neoplasm of (?:the )?", "metastatic cancer of the "),
        (r"^malignant neoplasm of (?:the )?", "cancer of the "),
        (r"^benign neoplasm of (?:the )?", "benign tumor of the "),
        (r"^neoplasm of uncertain behavior of (?:the )?", "tumor of uncertain behavior of the "),
        # What a patient does not have is for the classification, save where it names the disease.
        (r"(?:,? and)?,? without (?!aura\b|loss of consciousness|delivery|prematurity|prior)"
         r"(?:(?!\bwith\b|\bof (?:the|right|left|both|bilateral)\b|,).)*", " "),
        (r"\bwith(?: or)?\s*(?=$|,| of (?:the )?(?:right|left|both)\b)", ""),
        (r"\bwith other complications?\b", "with complications"),
        (r"\bdiabetes mellitus with diabetic\b", "diabetes mellitus with"),
        (r"\bdiabetes mellitus due to underlying condition\b", "secondary diabetes mellitus"),
        (r"\bcalculus of (?:the )?gallbladder\b", "gallstones"),
        (r"\bcalculus of (?:the )?(kidney|ureter|bile duct)\b", r"\1 stone"),
        (r"\bcerebral infarction\b", "ischemic stroke"),
        (r"\bcomplicating the puerperium$", "after childbirth"),
        (r"\bof (right|left) (?!and\b)", r"of the \1 "),
        (r"\b(in|at|to|from) (right|left) (?=\w)", r"\1 the \2 "),
        (r"\bthe the\b", "the"),
    )
)  # fmt: skip

# Not names, though every title begins with them.
_COMMON_POSSESSIVES_WORDS = """
    Swimmer's Writer's Farmer's Housemaid's Miner's Tailor's Pilot's Baker's Player's
    Athlete's Newborn's Cook's Mother's Woman's Man's Child's Hunter's Fuller's Aviator's
    Diver's Gamekeeper's Jumper's Runner's Nurse's Singer's
"""
_COMMON_POSSESSIVES = frozenset(_COMMON_POSSESSIVES_WORDS.split())

# Names of people and places that occur only as the first word of titles.
_PROPER_WORDS = """
    Acanthamoeba Achilles Acinetobacter Addison Addisonian Alzheimer Anaplasma Ascaris
    Asperger Aspergillus Babesia Bacillus Baker Barrett Bartholin Barton Bartonella Behçet
    Bennett Bordetella Borrelia Bouchard Bowen Brill Brucella Campylobacter Candida Chagas
    Charcot Chlamydia Clostridioides Clostridium Colles Coxiella Creutzfeldt Crohn
    Cryptococcus Cushing Down Dupuytren Ebola Echinococcus Edwards Ehlers Ehrlichia
    Entamoeba Enterococcus Epstein Escherichia Eustachian Fabry Fallot Felty Galeazzi
    Gaucher German Giardia Goodpasture Graves Guillain Haemophilus Hansen Hashimoto Heberden
    Helicobacter Hirschsprung Histoplasma Hodgkin Huntington Hurthle Japanese Jones Kaposi
    Kaschin Kawasaki Klebsiella Klinefelter Korsakoff Langerhans Lassa Legionella
    Legionnaires Leigh Leishmania Lennox Leptospira Lewy Lisfranc Listeria Lyme Lynch
    Maisonneuve Mallory Marfan Meckel Merkel Mobitz Monteggia Morton Mycobacterium
    Mycoplasma Ménière Naegleria Neisseria Newcastle Niemann Osgood Paget Parkinson Peyronie
    Plasmodium Pneumocystis Pompe Pott Prader Prinzmetal Proteus Pseudomonas Queensland
    Raynaud Reiter Rett Reye Rh Rickettsia Rocky Rolando Salmonella Salter Schistosoma
    Serratia Shigella Sjögren Staphylococcus Streptococcus Strongyloides Sydenham Sézary
    Taenia Takayasu Tay Tourette Toxocara Treponema Trichinella Trypanosoma Turner
    Venezuelan Vibrio Waldenström Wernicke West Whipple Wilson Wolff Yersinia Zika Zollinger
"""
_PROPER = frozenset(_PROPER_WORDS.split())


class Namer:
    """Turns titles into names. Learns from all titles which words carry a capital.

    Args:
        titles: all official titles and inclusion terms of the release.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        inner: Counter[str] = Counter()
        lower: Counter[str] = Counter()
        for title in titles:
            for number, match in enumerate(_WORD.finditer(title)):
                word = match.group()
                if word[0].islower():
                    lower[word] += 1
                elif number:
                    inner[word] += 1
        self._proper = {
            word
            for word, count in inner.items()
            if not lower[word.lower()] and (count > 1 or word.endswith(("'s", "’s")))
        } | _PROPER

    def name(self, title: str) -> NaturalName:
        """The name of a title; never empty."""
        text, abbreviations = _strip_brackets(title)
        text = _NO_DISTURBANCE.sub("", text)
        opened = "initial encounter for open fracture" in text.lower()
        text = _ENCOUNTER.sub("", text)
        head, *segments = [part.strip() for part in text.split(",")]
        head = re.sub(r"^(?:other|unspecified)(?: specified)? (?!disorders?\b)", "", head,
                      flags=re.IGNORECASE)  # fmt: skip
        leading: list[str] = []
        trailing: list[str] = []
        for part in _rejoin(segments):
            segment = re.sub(r"^unspecified (?=with\b|due\b)", "", part)
            unsided = _UNSIDED_ORGAN.fullmatch(segment)
            if unsided and not regions_of(unsided.group(1)) & regions_of(head):
                trailing.append(f"of the {unsided.group(1)}")
                continue
            if not segment or _DROPPED_SEGMENT.fullmatch(segment):
                continue
            sided = _SIDED_ORGAN.fullmatch(segment)
            if _LEADING_SEGMENT.fullmatch(segment):
                leading.append(re.sub(r" stage$", "-stage", segment.lower()))
            elif sided:
                side, organ = sided.group(1).lower(), sided.group(2)
                said = head.lower().endswith(f" {organ.lower()}")
                if said or (organ.endswith(" limb") and "syndrome" in head.lower()):
                    leading.append(side)  # "left swimmer's ear", "right carpal tunnel syndrome"
                    continue
                trailing.append(f"of {side} {organ}")
            elif re.fullmatch(r"(right|left) side", segment, re.IGNORECASE):
                leading.append(f"{segment.split()[0].lower()}-sided")
            elif _REGION.fullmatch(segment):
                trailing.append(f"of the {segment}")
            elif segment.split()[0].lower() in ("with", "without", "due", "in", "of", "involving"):
                trailing.append(segment)
            else:
                trailing.append(f", {segment}")
        words = " ".join([*leading, self._lower_first(head)])
        if opened:
            words = f"open {words}"
        name = " ".join([words, *trailing]).replace(" ,", ",")
        for pattern, replacement in _PHRASES:
            name = pattern.sub(replacement, name)
        name = _tidy(name)
        for pattern, replacement in _REWRITES:
            name = pattern.sub(replacement, name)
        name = _tidy(_BOTH.sub(_both, name))
        if len(name) < 3:
            name = self._lower_first(_tidy(title))
        return NaturalName(name, abbreviations)

    def sentence_case(self, text: str) -> str:
        """The text as it stands inside a sentence: the first word without its capital."""
        return self._lower_first(text)

    def _lower_first(self, text: str) -> str:
        match = _WORD.match(text)
        if match is None:
            return text
        word = match.group()
        bare = re.sub(r"['’]s?$", "", word)
        is_name = (
            word in self._proper
            or bare in self._proper
            or (word.endswith(("'s", "’s")) and word not in _COMMON_POSSESSIVES)
            or any(letter.isupper() for letter in word[1:])
            or (word not in _PREFIXES and re.match(r"-[A-Z][a-zäöü]", text[match.end() :]))
            or (len(word) == 1 and not text[1:2].isspace())
            or (len(word) == 1 and text[1:2] == "-")
            or (len(word) == 1 and word != "A")
        )
        return text if is_name else word[0].lower() + text[1:]


_PREFIXES = frozenset({"Non", "Anti", "Post", "Pre", "Para", "Pseudo"})
"""What stands before a hyphen and a name without being one ("non-Hodgkin lymphoma")."""


def _strip_brackets(title: str) -> tuple[str, tuple[str, ...]]:
    """Drop (supplementary) and [bracketed] words; what looks like an abbreviation is returned."""
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        inner = match.group(1)
        # An abbreviation of the whole, not of a part ("COPD with exacerbation").
        rest = match.string[match.end() :].strip().lower()
        whole = not rest or rest.startswith((",", "disease", "syndrome", "infection"))
        if (
            whole
            and re.fullmatch(r"[A-Z][A-Za-z0-9/-]{1,7}", inner)
            and sum(letter.isupper() for letter in inner) > 1
        ):
            found.append(inner)
        return " "

    text = re.sub(r"\(([^()]*)\)", take, title)
    text = re.sub(r"\[([^\[\]]*)\]", take, text)
    text = re.sub(r"\b(\w+)\(s\)", r"\1", text)
    text = _SPACES.sub(" ", text).replace(" ,", ",").strip()
    return text, tuple(dict.fromkeys(found))


def _rejoin(segments: list[str]) -> list[str]:
    """Put lists such as "fascia and tendon" back together with what they continue."""
    joined: list[str] = []
    for segment in segments:
        if joined and segment.lower().startswith(("and ", "or ", "including ", "except ")):
            joined[-1] = f"{joined[-1]}, {segment}"
        else:
            joined.append(segment)
    return joined


_BOTH = re.compile(
    r"\bof bilateral ((?:(?:upper|lower|female|male|inner|outer|acoustic|middle|anterior|posterior|"
    r"internal|external|common|main|vertebral|carotid|coronary|cerebral|pulmonary|renal|femoral|"
    r"popliteal|iliac|cerebellar|retinal|lacrimal|optic|salivary|parotid) )*)(\w+)"
)
_PLURALS = {"foot": "feet", "ovary": "ovaries", "extremity": "extremities", "tibia": "tibiae"}


def _both(match: re.Match[str]) -> str:
    noun = match.group(2)
    plural = _PLURALS.get(noun, noun if noun.endswith("s") else f"{noun}s")
    return f"of both {match.group(1)}{plural}"


def _tidy(text: str) -> str:
    text = _SPACES.sub(" ", text)
    text = re.sub(r"\s+([,;])", r"\1", text)
    text = re.sub(r"([,;])(?:\s*[,;])+", r"\1", text)
    text = re.sub(r"\b(?:of|in|with|due to|and|or|to|by|at|from|the)\s*(?=,|$)", "", text)
    text = re.sub(r"\b(of|in|with|by|to|at|from) (?:of|in|with|by) ", r"\1 ", text)
    return _SPACES.sub(" ", text).strip(" ,;-")


_UNSAFE_SYNONYM = re.compile(
    r"[,\[;:]|\b(?:other|unspecified|any|such as|NEC|conditions? in|code|with|without|due|"
    r"classifiable|resulting|following|encounter|type|history|status|in remission)\b",
    re.IGNORECASE,
)


def safe_synonyms(
    namer: Namer, title: str, terms: Iterable[str], *, limit: int = 4
) -> tuple[str, ...]:
    """Inclusion terms that mean the code itself, in sentence case.

    Under a residual title ("Other specified ...") the terms are examples, not synonyms, so
    there are none; long or qualified terms are left out.
    """
    if re.match(r"other\b", title, re.IGNORECASE) or "elsewhere classified" in title.lower():
        return ()
    kept: dict[str, None] = {}
    for term in terms:
        text = re.sub(r"\s*\([^()]*\)", "", term)
        nos = text.endswith(" NOS")
        text = text.removesuffix(" NOS").strip()
        if not text or _UNSAFE_SYNONYM.search(text) or len(text.split()) > 5:
            continue
        if not nos and len(text.split()) > 4:
            continue
        kept[namer.sentence_case(text)] = None
    return tuple(kept)[:limit]
