"""Towns that no list has, by one of their words: "Stockton Falls", "East Wanskuck"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import Lexicon, word_set
from casewright.filters.phi.town_terms import is_town_of_a_term

__all__ = ["OF_TOWNS_ONLY", "towns_by_word"]

OF_TOWNS_ONLY = word_set(
    """
falls heights hollow prairie forks fork junction springs creek crossing corners landing mills bluff
ferry rapids shores mesa flats township grove harbor harbour
"""
)


def towns_by_word(found: Iterator[re.Match[str]], lex: Lexicon) -> Iterator[Candidate]:
    """Candidates among matches of the pattern `city_end`."""
    for m in found:
        if m["caps"] or m["caps2"]:
            caps = "caps" if m["caps"] else "caps2"
            low = m[caps].lower()
            if caps == "caps2":
                low = low.replace(" hts", " heights")
                known = low in lex.home_cities or low in lex.world_cities
                if not known or low in lex.common_words or low in lex.abbreviations:
                    continue
            if caps == "caps2" or not lex.is_word(low.split()[0]):
                yield Candidate("city", m.start(caps), m.end(caps), 0.7, "name in capitals")
            continue
        if m["irish"]:
            yield Candidate("city", m.start("irish"), m.end("irish"), 0.8, "county")
            continue
        group = "city" if m["city"] else "side" if m["side"] else "alone"
        name = m[group]
        telling = [m["last"]] if m["side"] else [m["first"]] if m["alone"] else name.split()[:-1]
        sure = m["city"] and name.split()[-1].lower() in OF_TOWNS_ONLY
        if any(_can_name_a_town(w.lower(), lex, sure=bool(sure)) for w in telling) and not (
            name.lower() in lex.states
            or is_town_of_a_term(name, m.string[m.end(group) : m.end(group) + 48], lex)
        ):
            yield Candidate("city", m.start(group), m.end(group), 0.76, "town by one of its words")


def _can_name_a_town(low: str, lex: Lexicon, *, sure: bool = False) -> bool:
    """Whether a word beside "Falls" or "East" can be a town's: no part of a body, no term.

    `sure`: the other word stands in names of towns and hardly elsewhere.
    """
    if low in lex.home_cities and low not in lex.common_words:
        return True
    frequent = low in lex.frequent_words and not sure
    return not (frequent or low in lex.not_names or lex.is_term(low))
