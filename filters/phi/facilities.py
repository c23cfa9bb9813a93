# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Facilities where care was given: hospitals, clinics, practices, homes, schools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from casewright.filters.phi.facilities_known import known_by_name, named_for_saints
from casewright.filters.phi.facilities_placed import bracketed, find_placed_facilities
from casewright.filters.phi.facility_patterns import facility_patterns
from casewright.filters.phi.facility_words import LANDSCAPE, PREPOSITION, SOURCE, bare, proper_words
from casewright.filters.phi.gates import Gate, matches
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.keywords import Keywords
from casewright.filters.phi.lexicon import Lexicon, load_lexicon, word_set
from casewright.filters.phi.patterns import ending_near

__all__ = ["find_facilities"]

# Words in front of a facility word that can belong to its name, read backwards from it. A full
# stop only after "St", "Mt", "Ft" or an initial.
_NAME_BEFORE = re.compile(
    r"(?:(?:(?:St|Mt|Ft|Dr|[A-Z])\.|[A-Z][A-Za-z'&]{0,24}(?:-[A-Za-z]{1,20})?|of|the|and|&|for|de|del|la|los|las|san)"
    r"[ -]){1,6}\Z"
)

_WINDOW = 96

_NOT_FIRST = word_set(
    """
the a an our at in to from of for and with seen admitted discharged transferred referred patient
he she they was is visit visited called call contact follow followup i we via per by on & de la
please see at: location facility hospital hospitals clinic name dr mr mrs ms his her their this that
presented presents went goes return returned came comes continue
"""
)


def find_facilities(text: str, keywords: Keywords) -> Iterator[Candidate]:
    """Candidates of type `facility`; `keywords` are those of the text."""
    yield from bracketed(text, _facilities(text, keywords))
    yield from find_placed_facilities(text)


def _facilities(text: str, keywords: Keywords) -> Iterator[Candidate]:
    lex = load_lexicon()
    p = facility_patterns()
    yield from _by_head(text, keywords["head"], p["head"], lex)
    yield from _by_head(text, keywords["firm"], p["firm_head"], lex, firm=True)
    found = dict(zip(_GATED, _GATE.find(text), strict=True))
    yield from named_for_saints(text, found["saint"])
    yield from known_by_name(text, keywords["facility"], p["known"], lex)
    yield from _in_context(text, found["care"], lex)
    yield from _announced(text, found, lex)


_LINE_START = re.compile(r"(?:\A|\n)\Z")

_LINE_END = re.compile(r"\Z|\n|[ ]{2}|[ ]#|\t|,[ ][A-Z]")

_ADJECTIVE = re.compile(r"(?:ive|al|ar|ic|ary|ory|ent|ant|ous|ed|ing|ly|tion)\Z")

_STOP = re.compile(r"\Z|[ ]?[\n,.;()|\t]|[ ]{2}")

_INSIDE = re.compile(r"[a-z)][ ]\Z|[,:][ ]\Z")

_AFTER = re.compile(r"(?:\s[A-Z][a-z]+){0,2}\s([A-Z]?[a-z]+)")


def _of_a_term(text: str, end: int, lex: Lexicon) -> bool:
    """Whether a scale or a rule is named: "National Institutes of Health Stroke Scale"."""
    after = _AFTER.match(text, end)
    return after is not None and after[1].lower() in lex.eponym_heads


def _by_head(
    text: str, starts: list[int], head: re.Pattern[str], lex: Lexicon, *, firm: bool = False
) -> Iterator[Candidate]:
    """Names that end in a facility word: "Linden Valley Medical Center"; `firm`: in a firm's."""
    for m in matches(head, text, starts):
        from_ = max(0, m.start() - _WINDOW)
        before = _NAME_BEFORE.search(text, from_, m.start())
        # A window that begins inside a word must not make a name of the rest of it.
        start = before.start() if before else m.start()
        if start and text[start - 1].isalnum():
            cut = text.find(" ", start)
            start = cut + 1 if 0 <= cut < m.start() else m.start()
        words = text[start : m.start()].replace("-", " ").split()
        skipped = ""
        while (
            words[:2] != ["Our", "Lady"]
            and words
            and words[0] not in lex.place_codes
            and bare(words[0]) in _NOT_FIRST
        ):
            skipped = words.pop(0)
            start = text.index(skipped, start) + len(skipped) + 1
        named_the = start - 4 if skipped == "The" and text[start - 4 : start] == "The " else start
        end_word = m[0].lower()
        capital = m[0][0].isupper()
        if SOURCE.search(text, max(0, start - 40), start) or _of_a_term(text, m.end(), lex):
            continue
        if not words:
            # "admitted to General Hospital": a name, though of many hospitals.
            common = " " in end_word and end_word.split()[0] in lex.facility_common
            if capital and common and PREPOSITION.search(text, max(0, start - 12), start):
                yield Candidate("facility", start, m.end(), 0.6, "common name of a facility")
            continue
        if len(words[-1]) == 2 and words[-1][1] == ".":
            continue  # "Bay C. Theatre 3"
        weak = firm or end_word in lex.weak_heads
        proper = proper_words(words, lex, capitals=m[0].isupper())
        uncommon = [
            w
            for w in proper
            if bare(w) not in lex.frequent_words or (bare(w) in LANDSCAPE and len(words) > 1)
        ]
        led = PREPOSITION.search(text, max(0, start - 12), start) is not None
        # "Endoscopic Sinus Surgery", "Maternal Care": a weak word needs a name before it.
        named = any(
            not lex.is_word(bare(w)) or bare(w) in lex.family_common or bare(w) in lex.home_cities
            for w in uncommon
            if bare(w) not in lex.eponyms
        )
        # "Windward Imaging", where a place stands: a word that is no word of medicine.
        labelled = text[max(0, start - 2) : start] == ": " and (
            _STOP.match(text, m.end()) is not None
        )
        placed = (led or (labelled and not firm)) and any(
            bare(w) not in lex.eponyms for w in uncommon
        )
        # "Blue Heron Family Practice": two words of a name before it, where a facility stands.
        alone = _LINE_START.search(text, max(0, start - 1), start) is not None and (
            _LINE_END.match(text, m.end()) is not None
        )
        inside = _INSIDE.search(text, max(0, start - 3), start) is not None
        two = capital and len(proper) >= 2 and (led or alone or inside)
        # "through New Path Recovery": of a firm, all in capitals after a preposition.
        several = firm and led and bool(proper) and len(words) > 1
        # "Meadowlark Pediatrics" over a letter, and no "Developmental Pediatrics"; "The Limes Surgery"
        headed = (alone and any(not _ADJECTIVE.search(bare(w)) for w in uncommon)) or (
            skipped == "The" and bool(proper)
        )
        told = capital and (named or two or placed or several or headed)
        if proper and (uncommon or led or two or headed) and (told or not weak):
            yield Candidate("facility", named_the, m.end(), 0.85, "name before a facility word")
        elif (
            capital
            and (led or "at" in text[max(0, start - 14) : start].lower().split())
            and (not weak or end_word == "health")
            and len(words) <= 2
            and any(
                bare(w) in lex.facility_common or w.lower() in lex.facility_common for w in words
            )
            and all(w[0].isupper() for w in words)
        ):
            yield Candidate("facility", start, m.end(), 0.6, "common name of a facility")


# The last word of a firm's or a house's name, where one works, prays, learns or is cared for.
_FIRM = word_set(
    """
ltd limited inc llc plc corp corporation co company group holdings logistics foods steel motors industries airlines
airways insurance diagnostics laboratories labs systems solutions services technologies engineering construction
builders bakery farms foundry mills brothers bros partners enterprises international stores supermarket
house hall lodge court manor grange villa gardens place trust bank council department church mosque synagogue temple
chapel parish cathedral school nursery academy college university institute library museum theatre hotel inn cafe
restaurant diner market shipyard dock docks plant factory garage studio depot warehouse brewery distillery colliery mine quarry hangar
pharmacy chemist infirmary hospice unit care home general memorial regional mercy
"""
)

# After a label these begin what is no name.
_NO_LABELLED = word_set(
    """
full part none unknown not no yes see as per same local to not currently still attends retired home n/a na pending
mainstream special private public high middle first second third fourth fifth sixth year grade left right upper lower
"""
)

_NO_EMPLOYER = word_set(
    """
emergency intensive acute critical medical surgical primary secondary outpatient inpatient radiology cardiology
physical occupational speech social human public private local national general family internal nursing night day
"""
)

_FIRM_WIDTH = 100

_GATED = (
    "care",
    "saint",
    "of",
    "prison",
    "label",
    "employer",
    "job",
    "led",
    "firm_end",
    "at_the",
    "the_royal",
)

_GATE = Gate(lambda: [facility_patterns()[name] for name in _GATED])


def _is_firm(word: str, lex: Lexicon) -> bool:
    """Whether the last word of a name says that it is a firm's or a house's."""
    low = bare(word)
    return low in _FIRM or low in lex.firm_ends or low in lex.facility_heads


def _employers(found: Iterable[re.Match[str]], lex: Lexicon) -> Iterator[Candidate]:
    """Where somebody works, learns or prays."""
    job = facility_patterns()["job"]
    for m in found:
        words = m["f"].split()
        while words and words[-1] in ("of", "and", "&"):
            words.pop()
        if not words or bare(words[0]) in _NO_EMPLOYER or bare(words[0]) in lex.states:
            continue
        proper = proper_words(words, lex)
        firm = len(words) > 1 and _is_firm(words[-1], lex)
        if not proper or (words[0].isupper() and len(words) == 1):
            continue
        employed = m[0][:4].lower() in ("work", "empl", "reti", "laid")
        works = m["p"] in ("at", "for", "by", "from") and (employed or m.re is job)
        several = len(proper) > 1 and len(proper) >= len(words) - 1 and not m["place"]
        unknown = all(bare(w) not in lex.common_words and bare(w) not in lex.eponyms for w in words)
        if works and not firm and (several or (unknown and employed)):
            end = m.start("f") + len(" ".join(words))
            yield Candidate("facility", m.start("f"), end, 0.6, "where somebody works")
        if firm and (len(proper) > 1 or bare(proper[0]) not in _FIRM):
            end = m.start("f") + len(" ".join(words))
            yield Candidate(
                "facility", m.start("f"), end, 0.7, "where somebody works or is cared for"
            )


def _led_to(found: Iterable[re.Match[str]], lex: Lexicon) -> Iterator[Candidate]:
    """Names after a preposition that end in a firm's or a house's word."""
    for m in found:
        words = m["f"].split()
        while words and not (words[-1][0].isupper() and _is_firm(words[-1], lex)):
            words.pop()
        proper = proper_words(words[:-1], lex)
        several = len(proper) > 1 or any(not lex.is_word(bare(w)) for w in proper)
        if len(words) > 1 and several and bare(words[0]) not in _NO_EMPLOYER:
            end = m.start("f") + len(" ".join(words))
            yield Candidate("facility", m.start("f"), end, 0.6, "firm by its last word")


def _announced(
    text: str, found: Mapping[str, Iterator[re.Match[str]]], lex: Lexicon
) -> Iterator[Candidate]:
    """Facilities after their label, "University of ...", and where somebody works, learns or prays."""
    for m in found["of"]:
        words = m["n"].split()
        if (
            proper_words(words, lex)
            and not any(
                bare(w) in lex.medical
                or bare(w).endswith(("ologists", "icians", "eons", "ology"))
                or bare(w) in lex.frequent_words
                for w in words[:1]
            )
            and not SOURCE.search(text, max(0, m.start() - 40), m.start())
        ):
            yield Candidate("facility", m.start(), m.end(), 0.8, "institution of a place")
    yield from _led_to(found["led"], lex)
    firm_ends = [m.start() for m in found["firm_end"]]
    for m in ending_near(facility_patterns()["firm"], text, firm_ends, before=_FIRM_WIDTH):
        words = m[0].split()[:-1]
        # "Slight Limited", in a table of movements
        if proper_words(words, lex) and (len(words) > 1 or not m[0].endswith("Limited")):
            yield Candidate("facility", m.start(), m.end(), 0.8, "firm by its legal form")
    for m in found["at_the"]:
        proper = proper_words(m["f"].split(), lex)
        if (
            proper
            and bare(proper[0]) not in lex.common_words
            and bare(proper[0]) not in lex.eponyms
        ):
            yield Candidate("facility", m.start("f"), m.end("f"), 0.6, "where a department is")
    for m in found["the_royal"]:
        yield Candidate("facility", m.start("f"), m.end("f"), 0.6, "hospital as people call it")
    for m in found["prison"]:
        yield Candidate("facility", m.start(), m.end(), 0.85, "prison")
    for m in found["label"]:
        words = m["f"].split()
        proper = proper_words(words, lex)
        told = any(bare(w) not in lex.common_words for w in proper)
        # "Location: Right Lower Quadrant", "School: Full Time"
        firm = _is_firm(words[-1], lex)
        several = len(proper) > 1 and bare(words[0]) not in _NO_LABELLED
        if not proper or not (told or firm or several):
            continue
        # "COURSE IN HOSPITAL:" and below it "Preterm newborn"; "Laboratory: C-reactive protein"
        alone = len(words) == 1 and not text[m.end("f") : m.end("f") + 1].isalnum()
        below = "\n" in text[m.start() : m.start("f")]
        hyphened = "-" in words[0] and bare(words[0].rpartition("-")[2]) in lex.words
        if alone and (below or hyphened or lex.is_word(bare(words[0]))):
            continue
        # "Practice: Dr Hemsley and Partners" is no person.
        score = 0.96 if firm and words[0] in ("Dr", "Drs", "Doctors") else 0.75
        yield Candidate("facility", m.start("f"), m.end("f"), score, "facility after its label")
    yield from _employers(chain(found["employer"], found["job"]), lex)


_PLURAL = re.compile(r"[A-Z]{2,5}s")  # "at the MCPs"


def _in_context(text: str, matched: Iterator[re.Match[str]], lex: Lexicon) -> Iterator[Candidate]:
    """Proper names where a facility stands: "seen at Cedar Crest"."""
    for m in matched:
        found = m["f"]
        words = re.findall(r"[A-Za-z][\w'&.-]*", found)
        proper = proper_words(words, lex)
        if not proper or found.lower() in lex.states or _PLURAL.fullmatch(proper[0]):
            continue
        low = bare(proper[0])
        follows = re.match(r"\W{0,2}([A-Za-z]+)", text[m.end() : m.end() + 24])
        if (follows and follows[1].lower() in lex.heads) or any(
            w.lower() in lex.heads for w in words[1:]
        ):
            continue
        if low in lex.eponyms and len(proper) == 1:
            continue
        preposition = text[m.start() : m.start("f")].split()[-2:]
        place = low in lex.home_cities or low in lex.world_cities
        if not place and "at" not in preposition and "@" not in preposition:
            continue
        if len(proper) == 1 and lex.is_word(low) and not place:
            continue
        end = m.end("f")
        while found.split()[-1] in ("of", "and", "&"):
            found = found[: found.rstrip().rfind(" ")]
            end = m.start("f") + len(found)
        yield Candidate("facility", m.start("f"), end, 0.6, "proper name after 'seen at'")
