# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Names of houses and firms that say nothing of what they are, by where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import Lexicon, load_lexicon, word_set
from casewright.filters.phi.name_words import is_camel_case, kind_of

__all__ = ["bracketed", "find_placed_facilities"]

_WORDS = r"(?:(?:St|Mt|Ft)\.?[ ])?[A-Z][A-Za-z'’-]{1,20}(?:[ ](?:(?:of|&)[ ])?[A-Z][A-Za-z'’&-]{1,20}){0,4}"

# "respite at Hale Maluhia", "a forklift at Delmarco Paper"
_AT = re.compile(rf"(?<![\w-])(?:at|@)[ ](?:the[ ])?(?P<f>{_WORDS})")

# "the hospice liaison from Evensong", "First choice is Harbor Glen"
_SENT = re.compile(
    r"\b(?:(?:[Ll]iaison|[Nn]urse|RN|[Cc]oordinator|[Rr]ep|[Rr]epresentative|[Ii]ntake|[Aa]dmissions|[Ss]ocial[ ][Ww]orker|SW|CM|[Cc]ase[ ][Mm]anager|[Rr]ecords|[Rr]eport|[Tt]ransfer|[Tt]ransferred|[Aa]mbulance|EMS|[Ss]taff|[Cc]arers?|[Aa]ides?|[Dd]eliver(?:y|ies|ed)|[Oo]rdered|[Bb]orrowed|[Dd]ischarged)[ ]from"
    r"|(?:[Cc]hoices?|[Pp]reference|[Oo]ption|[Pp]lacement|[Ff]acility|[Bb]ed(?:[ ]offer)?|SNF|LTC|[Rr]ehab)[ ](?:is|are|at|from|to|was|in|with)"
    r"|(?:[Dd]eacon|[Uu]sher|[Mm]ember|[Cc]hoir|[Pp]astor|[Vv]olunteers?|[Cc]aptain|[Ee]lder)[ ](?:at|of)"
    r"|(?:[Rr]etired|[Ww]orks|[Ww]orked|[Ee]mployed|[Ee]mployer|[Jj]ob),"
    rf"|by[ ](?:air|ground|road|ambulance),)[ ](?:the[ ])?(?P<f>{_WORDS}(?:[ ]\d)?)"
)

# "Hotel Marchand": the first word says what it is.
_FIRST = re.compile(
    r"(?<![\w-])(?:Meddygfa|Feddygfa|Cartref|Hotel|Motel|Casa|Villa|Château|Chateau|Camp|Café|Cafe|Residencia|Clínica|Clinica|Hospital|Maison|Hacienda|Hale|Ysbyty|Ospedale|Klinik|Clinique|Convento|Colegio|Iglesia|Club)[ ](?:(?:de|del|la|las|los|el|du|des|di|San|Santa)[ ]){0,2}(?P<n>[A-Z][A-Za-z'-]{2,20})(?:[ ][A-Z][a-z'-]{2,20})?"
)

# Typed without capitals: "slid off the bed at magnolia place", "amputated at county general"
_LOWER = re.compile(
    r"\b(?:at|from|to|in|by|with)[ ](?:the[ ])?(?P<f>(?:(?:county|city|state)[ ](?:general|jail|memorial)|(?P<n>[a-z][a-z'-]{3,16})(?:[ ](?!from\b|with\b|near\b|for\b|the\b|and\b|her\b|his\b|their\b|this\b)[a-z]{3,12})?[ ](?:place|commons|manor|terrace|gardens|court|house|lodge|villa|village|hospice|general|memorial|regional|towers|pines|oaks|glen|grove|homecare|univ|hosp|unit|ward)))\b"
    r"|(?<![\w-])(?P<s>st\.?[ ](?P<w>[a-z]{3,12})(?:'s|s'|s))(?!\w)(?![ ](?:road|street|lane|avenue|wort))"
)

_GATE = Gate(lambda: (_AT, _SENT, _FIRST, _LOWER))

# Days, sides and whatever else "at" has a capital after it in headings and notes.
_NO_PLACE = word_set(
    """
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
october november december christmas easter thanksgiving ramadan diwali new last next time night day home rest risk
left right upper lower bedside present baseline birth discharge admission arrival triage follow followup level stage
dr mr mrs ms prof doctor nurse professor mister miss sister father i he she patient pt
medicaid medicare english spanish french german american african asian european hispanic latino native indian
"""
)
_THEN_TERM = re.compile(
    r"(?:'s|’s)?[ -](?:sign|point|node|test|line|scale|score|index|position|angle|level|syndrome|disease|catheter|tube|criteria|classification|time|a\.?m|p\.?m)\b",
    re.I,
)


def find_placed_facilities(text: str) -> Iterator[Candidate]:
    """Candidates of type `facility`."""
    lex = load_lexicon()
    at, sent, first, lower = _GATE.find(text)
    for found, single in ((at, False), (sent, True)):
        for m in found:
            taken = _name(m["f"], lex, single=single)
            if taken and not _THEN_TERM.match(text, m.start("f") + taken):
                start = m.start("f")
                score = 0.78 if " " in m["f"][:taken] else 0.58  # more than a town alone
                yield Candidate("facility", start, start + taken, score, "where a house stands")
    for m in first:
        low = m["n"].lower()
        term = low in lex.medical or low in lex.facility_generic
        if low not in lex.frequent_words and not term:
            yield Candidate("facility", m.start(), m.end(), 0.78, "house by its first word")
    for m in lower:
        word = m["n"] or m["w"]
        name = "f" if m["f"] else "s"
        if word is None or (word not in lex.frequent_words and _proper(word, lex)):
            yield Candidate("facility", m.start(name), m.end(name), 0.6, "house without a capital")


def _proper(word: str, lex: Lexicon) -> bool:
    low = word.lower().removesuffix("'s").removesuffix("’s")
    return not (lex.is_term(low) or low in _NO_PLACE or low in lex.titles)


def _name(found: str, lex: Lexicon, *, single: bool) -> int:
    """Length of the name at the start of some capitalised words; 0: there is none.

    Two words or more, one of them no frequent one; where `single`, one that nothing is known of.
    """
    words = found.split(" ")
    for i, word in enumerate(words[1:], 1):
        if word.lower() in _NO_PLACE or word.lower() in lex.states:
            words = words[:i]
            break
    while words and not words[-1][0].isupper() and not words[-1].isdigit():
        words.pop()
    capitals = [w for w in words if w[0].isupper()]
    if not capitals or not _proper(words[0].rstrip("."), lex):
        return 0
    if any(w.isupper() and len(w) > 1 and w.lower() in lex.abbreviations for w in words[:2]):
        return 0
    if sum(w.lower() in lex.medical for w in capitals) > 1:
        return 0  # "with Attention Deficit Hyperactivity Disorder"
    telling = [
        w
        for w in capitals
        if _proper(w, lex)
        and w.lower() not in lex.frequent_words
        and not (w.isupper() and len(w) < _ABBREVIATED)
    ]
    if not telling:
        return 0
    if len(capitals) == 1:
        kind = kind_of(words[0])
        unknown = kind.unknown or is_camel_case(words[0])  # "Evensong", "QuikCare"
        if not single or not (unknown or (kind.word == 1 and not kind.eponym)):
            return 0
    return len(" ".join(words))


_ABBREVIATED = 6

_BRACKETS = re.compile(r"[ ]\((?P<a>[A-Z]{2,6})\)")
# "Harbour View Treatment Centre, Gosport"
_TOWN = re.compile(
    r",[ ](?P<city>[A-Z][a-z'-]{2,18}(?:[ ][A-Z][a-z'-]{2,18})?)(?=[ ]*(?:\n|\Z|[.;|\t)]|[ ]{2}|[ ](?:office|clinic|branch|site|campus)\b|,[ ](?:[A-Z]{2}\b|[A-Z][a-z]+)))"
)


def _is_town(name: str, lex: Lexicon) -> bool:
    low = name.lower()
    if low in lex.home_cities or low in lex.world_cities:
        return True
    words = low.split()
    return low not in lex.states and not any(
        w in lex.medical
        or w in lex.not_names
        or w in lex.facility_generic
        or w in lex.frequent_words
        for w in words
    )


_SMALL = ("of", "and", "the", "for", "at", "&", "in")


def bracketed(text: str, found: Iterable[Candidate]) -> Iterator[Candidate]:
    """The same facilities, their initials in brackets after the name, and the town after it."""
    lex = load_lexicon()
    for candidate in found:
        yield candidate
        town = _TOWN.match(text, candidate.end)
        if town is not None and _is_town(town["city"], lex):
            yield Candidate(
                "city", town.start("city"), town.end("city"), 0.72, "town after a facility"
            )
        m = _BRACKETS.match(text, candidate.end)
        if m is None:
            continue
        words = re.split(r"[\s-]+", text[candidate.start : candidate.end])
        initials = "".join(w[0].upper() for w in words if w and w.lower() not in _SMALL)
        if len(initials) > 1 and (m["a"] in initials or initials in m["a"]):
            yield from (
                Candidate("facility", again.start(), again.end(), 0.7, "initials of a facility")
                for again in re.finditer(rf"(?<![\w-]){m['a']}(?![\w-])", text)
            )
