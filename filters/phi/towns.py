# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Towns and counties."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import Lexicon, load_lexicon
from casewright.filters.phi.name_words import kind_of
from casewright.filters.phi.patterns import ending_near
from casewright.filters.phi.town_patterns import BIG_CITIES, COUNTRIES, town_patterns
from casewright.filters.phi.town_terms import is_town_of_a_term
from casewright.filters.phi.towns_by_word import OF_TOWNS_ONLY, towns_by_word

__all__ = ["find_towns"]

_WORD_CODES = frozenset(
    ("OR", "IN", "ME", "HI", "OK", "PA", "MD", "CO", "MA", "LA", "DE", "ID", "AL", "MS")
)

_IN = re.compile(
    r"(?:\b(?:in|from|at|to|of|near|lives|outside|around)\s|\d\s?|[,\n]\s?|[ ]{2}|[\t|][ ]?)\Z",
    re.I,
)

# As wide as what can stand before a state: three words with what joins them.
_CITY_WIDTH = 120


def _before_state(
    text: str, states: Iterable[re.Match[str]], p: dict[str, re.Pattern[str]]
) -> Iterator[re.Match[str]]:
    """Towns before a state: looked for where a comma and a state are."""
    done = 0
    for state in states:
        if state.start() < done:
            continue
        start = max(done, state.start() - _CITY_WIDTH)
        for m in p["city_state"].finditer(text, start, state.end() + 1):
            done = m.end()
            yield m


def find_towns(text: str) -> Iterator[Candidate]:
    """Candidates of type city."""
    p, lex = town_patterns(), load_lexicon()
    in_cue, states, counties, post, phone, country, zips, au, *told = _CITY_GATE.find(text)
    yield from _towns_before(
        text,
        {"city_zip": zips, "city_post": post, "city_phone": phone, "city_country": country},
        p,
        lex,
    )
    for m in ending_near(p["city_au"], text, [place.start() for place in au]):
        yield Candidate("city", m.start("city"), m.end("city"), 0.8, "town before a state")
    yield from _towns_of_a_state(text, states, p, lex)
    for m in ending_near(p["county"], text, [place.start() for place in counties]):
        words = m["c"].split()
        if any(
            w.lower() not in lex.frequent_words and w.lower() not in lex.not_names
            for w in words[:-1]
        ):
            yield Candidate("city", m.start("c"), m.end("c"), 0.7, "county")
    for m in in_cue:
        city = _longest_city(m["city"].rstrip("."))
        if city is None or m["city"].rstrip(".").lower() in lex.states:
            continue
        length, word_like = city
        name = m["city"][:length]
        if name.rstrip(".") in _COUNTRY_NAMES:
            continue
        if name.lower().rstrip(".") in lex.states and name.lower() not in (
            "new york",
            "washington",
        ):
            continue
        after = text[m.start("city") + length : m.start("city") + length + 48]
        if is_town_of_a_term(name, after, lex) or _NUMBERED.match(after):
            continue  # "transferred to Ward 6"
        word_like = word_like and not _either(text, m.start("city"), name.lower(), lex)
        if word_like and not _lives(text, m.start("city"), name, after, lex):
            continue
        if name.lower() == "new york" and not re.match(r"\s(?:City|clinic|hospital|office)", after):
            # The state has the same name.
            yield Candidate("city", m.start("city"), m.start("city") + length, 0.5, "city or state")
            continue
        yield Candidate(
            "city", m.start("city"), m.start("city") + length, 0.75, "city after a preposition"
        )
    yield from _towns_told(text, told, lex)
    for m in p["capital_run"].finditer(text):
        city = _longest_city(m[0])
        if city is None or city[1]:
            continue
        name = m[0][: city[0]]
        low = name.lower()
        # Single words need to be large and unlike a person's name; more words speak for themselves.
        if low in lex.states or ("-" not in low and " " not in low and low not in BIG_CITIES):
            continue
        if low in lex.scale_places and (
            _SCALED.match(text, m.start() + city[0])
            or _SCORED.search(text, max(0, m.start() - 4), m.start())
        ):
            continue  # "Edinburgh 6", "Ottawa positive", "2/5 Vancouver"
        if " " in low and low.split()[0] in lex.given_known and low not in BIG_CITIES:
            continue
        if " " in low and all(w in lex.common_words for w in low.split()) and low not in BIG_CITIES:
            continue
        if is_town_of_a_term(name, text[m.start() + city[0] : m.start() + city[0] + 48], lex):
            continue
        yield Candidate("city", m.start(), m.start() + city[0], 0.6, "city")


def _towns_before(
    text: str,
    found: Mapping[str, Iterable[re.Match[str]]],
    p: dict[str, re.Pattern[str]],
    lex: Lexicon,
) -> Iterator[Candidate]:
    """Towns before a code of the post, a telephone number or a country."""
    for m in ending_near(
        p["city_zip"], text, [place.start() for place in found["city_zip"]], before=72
    ):
        if _is_town(m["city"], lex, known=False):
            yield Candidate("city", m.start("city"), m.end("city"), 0.9, "town before a ZIP code")
    for m in ending_near(
        p["city_post"], text, [place.start() for place in found["city_post"]], before=72
    ):
        place = _after_street(m["city"], lex)
        if _is_town(m["city"][place:], lex, known=False):
            start = m.start("city") + place
            yield Candidate("city", start, m.end("city"), 0.86, "town before a postcode")
    for m in found["city_phone"]:
        if _is_town(m["city"], lex, known=True):
            yield Candidate("city", m.start("city"), m.end("city"), 0.86, "town after a firm")
    for m in ending_near(
        p["city_country"], text, [place.start() for place in found["city_country"]], before=72
    ):
        if _is_town(m["city"], lex, known=False):
            yield Candidate("city", m.start("city"), m.end("city"), 0.7, "town before a country")


def _after_street(words: str, lex: Lexicon) -> int:
    """Where the town begins in "Manor Road Huddersfield"."""
    start = 0
    for m in re.finditer(r"[A-Za-z'-]+[ ]", words):
        if m[0].strip().lower() in lex.street_suffixes:
            start = m.end()
    return start


def _is_town(name: str, lex: Lexicon, *, known: bool) -> bool:
    """Whether words where a town stands can be one; `known`: they have to be one that is known."""
    low = name.lower()
    if low in lex.home_cities or low in lex.world_cities:
        return True
    last = low.split()[-1]
    return not known and not (
        last in lex.street_suffixes
        or last in lex.facility_generic
        or any(
            w in lex.medical or w in lex.not_names or w in lex.facility_heads for w in low.split()
        )
    )


_SCALED = re.compile(
    r"'?s?[ ]?(?:(?:\(\w{2,12}\)[ ])?[:=]?[ ]?\d|[ ]I[a-z]{0,2}\b|positive|negative|pos\b|neg\b|score|scale|criteria|rules?|grade|class|types?\b|\.[ ]*\n)"
)

_SCORED = re.compile(r"\d[ ]\Z")

_NUMBERED = re.compile(r"[ ]\d{1,2}\b")


def _either(text: str, start: int, low: str, lex: Lexicon) -> bool:
    """Whether a word after "in" is a town or a person, "in Madison": either one identifies."""
    word = low in lex.common_words or low in lex.medical or low in lex.brands or low in lex.eponyms
    return (
        not word
        and low not in lex.not_names
        and _IN_FROM.search(text, max(0, start - 6), start) is not None
    )


_IN_FROM = re.compile(r"\b(?:in|from|near)\s\Z")

_LIVES_BETWEEN = re.compile(
    r"\b(?:[Ll]ives?|[Ll]iving|[Cc]ommutes|[Tt]ravels|[Dd]rives|time|[Dd]rove|[Ff]lew)\sbetween\s(?P<a>[A-Z][a-z'-]{2,20}(?:\s[A-Z][a-z'-]{2,20})?)\sand\s(?P<b>[A-Z][a-z'-]{2,20}(?:\s[A-Z][a-z'-]{2,20})?)"
)

# A place that no list has, where only a place can stand. Countries are in the list of states.
_UNKNOWN_TOWN = re.compile(
    r"\b(?:(?:[Ll]ives?|[Ll]iving|[Rr]esid(?:es?|ing)|[Bb]orn|[Rr]aised|[Gg]rew\sup|[Rr]etired|[Bb]ased|[Hh]omeless|[Hh]oliday|[Ss]tudying|[Mm]arried|[Ee]mployed)\s(?:and\s\w+\s)?(?:in|near|outside)|[Mm]oved\s(?:here\s|back\s)?(?:to|from)|[Oo]riginally\sfrom|[Rr]esident\sof|(?:town|village|city|suburb)\sof|[Cc]ommutes\s(?:to|from)|[Cc]ame\s(?:over\s|here\s)?from|[Ff]light\s(?:from|to)|[Ee]vacuated\sfrom|[Ff]led|[Dd]eported\sfrom|[Hh]ails\sfrom|[Vv]isiting\sfrom|[Tt]ravell?ed\s(?:to|from)|[Tt]rip\sto|[Ff]lew\s(?:back\s)?(?:to|from)|(?:[Ss]hop|[Tt]eaches|[Ww]orks|[Oo]ffice|[Ff]amily|[Ss]tudies)\sin)\s"
    r"(?P<city>[A-Z][a-z'-]{2,20}(?:[ -][A-Z][a-z'-]{2,20}){0,2})(?=[.,;\n]|\Z|\s(?:with|and|in|for|as|since|last|alone|on|by|where|as|when|until)\b)"
)


def _towns_of_a_state(
    text: str, states: Iterable[re.Match[str]], p: dict[str, re.Pattern[str]], lex: Lexicon
) -> Iterator[Candidate]:
    """Towns before a state or its code: "Columbus, Ohio"."""
    for m in _before_state(text, states, p):
        words = m["city"].lower().split()
        last = " ".join(words[-3:])
        known = any(" ".join(words[i:]) in lex.home_cities for i in range(len(words)))
        state = m["state"]
        if not known and state in _WORD_CODES:
            continue
        if m["city"] in lex.credentials or (
            ("-" in last and not known)
            or (last in lex.states and last != "new york")
            or words[0] in lex.not_names
            or (words[-1] in lex.eponyms and not known)
        ):
            continue
        # "Betty Ross, MD" is a person: a code that is a credential or a word needs a preposition.
        if state in _WORD_CODES and not _IN.search(text, max(0, m.start() - 12), m.start()):
            continue
        if known:
            start = m.start("city") + _known_start(m["city"], lex)
            yield Candidate("city", start, m.end("city"), 0.9, "city before a state")
        elif (
            not lex.is_word(words[-1])
            or len(state) > 2
            or (len(words) > 1 and words[-1] in OF_TOWNS_ONLY)
        ):
            yield Candidate("city", m.start("city"), m.end("city"), 0.65, "name before a state")


_POST = re.compile(r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}\b")

_COUNTRY_NAMES = frozenset(COUNTRIES.replace("\\s", " ").split("|"))

_AU = re.compile(r"\b(?:NSW|VIC|Vic|QLD|Qld|TAS|Tas|ACT|WA|SA|NT)[ ]\d{4}\b")

_COUNTRY = re.compile(rf",\s(?:{COUNTRIES})\b")

_COUNTY = re.compile(r"\b(?:County|Parish|Borough|Township)\b")

_CITY_GATE = Gate(
    lambda: (
        *(town_patterns()[name] for name in ("city_cue", "state")),
        _COUNTY,
        *(_POST, town_patterns()["city_phone"], _COUNTRY, town_patterns()["state_zip"], _AU),
        *(town_patterns()[name] for name in ("city_label", "city_lower")),
        *(_LIVES_BETWEEN, _UNKNOWN_TOWN, town_patterns()["city_end"]),
    )
)


def _towns_told(
    text: str, found: list[Iterator[re.Match[str]]], lex: Lexicon
) -> Iterator[Candidate]:
    """Towns after their label, without a capital, or unknown, where somebody lives."""
    labelled, lower, between, unknown, ended = found
    yield from towns_by_word(ended, lex)
    for m in labelled:
        if (
            m["city"].lower() not in lex.states
            and m["city"].split()[0].lower() not in lex.not_names
        ):
            yield Candidate("city", m.start("city"), m.end("city"), 0.85, "town after its label")
    for m in lower:
        parts = m["city"].split()
        for count in range(len(parts), 0, -1):
            name = " ".join(parts[:count])
            known = name in BIG_CITIES or (
                name in lex.home_cities
                and (count > 1 or (m["in"] is not None and not lex.is_word(name)))
            )
            if (
                known
                and name not in lex.states
                and not all(w in lex.common_words for w in parts[:count])
            ):
                start = m.start("city")
                yield Candidate("city", start, start + len(name), 0.6, "town without a capital")
                break
    for m in between:
        yield Candidate("city", m.start("a"), m.end("a"), 0.7, "town where somebody lives")
        yield Candidate("city", m.start("b"), m.end("b"), 0.7, "town where somebody lives")
    for m in unknown:
        kind = kind_of(m["city"].split()[0])
        after = text[m.end() : m.end() + 48]
        if (
            (kind.unknown or (kind.family and not kind.word))
            and not kind.eponym
            and not is_town_of_a_term(m["city"], after, lex)
        ):
            yield Candidate(
                "city", m.start("city"), m.end("city"), 0.6, "unknown place where somebody lives"
            )


_LIVING = re.compile(
    r"\b(?:lives?|living|lived|resides?|residing|born|raised|grew up|moved|relocated|transferred|travell?ed|drove|flew|"
    r"family|home|driver|teacher|farmer|clerk|worker|works?|commutes?|commuting)\s(?:here\s|back\s)?(?:in|near|from|to|outside|around)\s\Z",
    re.I,
)


def _lives(text: str, start: int, name: str, after: str, lex: Lexicon) -> bool:
    """Whether a town whose name is a word stands where only a place can: "lives near Bend"."""
    low = name.lower()
    return (
        low not in lex.not_names
        and low not in lex.brands
        and not re.match(r"\s[A-Z]", after)
        and _LIVING.search(text, max(0, start - 32), start) is not None
    )


def _known_start(city: str, lex: Lexicon) -> int:
    """Offset of the longest known city at the end of the words."""
    offset = 0
    words = city.split(" ")
    for i, word in enumerate(words):
        if " ".join(words[i:]).lower() in lex.home_cities:
            return offset
        offset += len(word) + 1
    return 0


_PIECE = re.compile(r"[^\s]+")

_SAINT = re.compile(r"\bst\.?\s")


@lru_cache(maxsize=65536)
def _longest_city(words: str) -> tuple[int, bool] | None:
    """Length of the longest known city at the start of `words`, and whether it reads as a word."""
    lex = load_lexicon()
    low = words.lower()
    saint = "st" in low
    for end in reversed([m.end() for m in _PIECE.finditer(words)]):
        name = low[:end].rstrip(".")
        if saint:
            name = _SAINT.sub("saint ", name)
        if name in lex.states and name not in ("new york", "washington"):
            return None
        if name in lex.home_cities or name in lex.world_cities or name in BIG_CITIES:
            single = " " not in name
            word_like = single and (
                name in lex.common_words
                or name in lex.medical
                or name in lex.not_names
                or name in lex.brands
            )
            # A word that is also a name of a person is left to the name rules, unless it is a large city.
            if single and not word_like and name not in BIG_CITIES and name in lex.given_known:
                word_like = True
            return end, word_like
    return None
