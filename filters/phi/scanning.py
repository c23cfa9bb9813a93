"""One scan: fold the text, run every rule, resolve overlaps, lead offsets back."""

from __future__ import annotations

import re

from casewright.filters.folding import fold_text
from casewright.filters.phi.ages import ages_after_names, find_ages
from casewright.filters.phi.dates import find_dates
from casewright.filters.phi.facilities import find_facilities
from casewright.filters.phi.hits import Candidate, Hit, merge_hits
from casewright.filters.phi.keywords import find_keywords
from casewright.filters.phi.labelled_codes import find_labelled_codes
from casewright.filters.phi.names import find_names
from casewright.filters.phi.names_again import named_again
from casewright.filters.phi.names_disguised import find_disguised_names
from casewright.filters.phi.numbers import find_numbers
from casewright.filters.phi.online import find_online
from casewright.filters.phi.phones import find_phones
from casewright.filters.phi.phrases import without_terms
from casewright.filters.phi.streets import find_addresses
from casewright.filters.phi.towns import find_towns

__all__ = ["scan"]


# "van der" of "van der Berg", when only "Berg" was found.
_PARTICLES = re.compile(
    r"(?<![\w'-])"
    r"((?:(?:de|del|della|van|von|der|den|zu|los|las|ibn|bin|bint|dos|das|ap)[ ]){1,2})\Z"
)


# The full stop of "Leroy Gaines Jr." and "Tiffany R.", ", T." after "WINSLOW", and "Walks-Ahead"
_REST = re.compile(
    r"(?:(?<= [A-Z])|(?<=[JS]r))\.(?=[ ]?[,;:)\n]|[ ][a-z(])"
    r"|,[ ][A-Z]\.(?:[ ]?[A-Z]\.)?(?=[ ]?[,;|\t\n)]|\Z)"
    r"|[ ](?:[A-Z]\.?[ ])?[A-Z][a-z]{2,12}-[A-Z][a-z]{2,12}(?![\w-])"
)


# "Oka-" and "for" on the next line.
_BROKEN = re.compile(r"-\n[ ]?[a-z]{2,20}\b")


def scan(text: str) -> list[Hit]:
    """Find every string shaped like a Safe Harbor identifier.

    Returns:
        Hits in text order that do not overlap; `text[hit.start:hit.end] == hit.text`.
        Linear in the length of the text.
    """
    folded = fold_text(text)
    keywords = find_keywords(folded.text)
    candidates: list[Candidate] = [
        *find_online(folded.text),
        *find_phones(folded.text),
        *find_labelled_codes(folded.text),
        *find_numbers(folded.text),
        *find_dates(folded.text),
        *find_ages(folded.text),
        *find_addresses(folded.text),
        *find_towns(folded.text),
        *find_facilities(folded.text, keywords),
        *find_names(folded.text, keywords),
        *find_disguised_names(folded.text),
    ]
    candidates = without_terms(folded.text, candidates)
    candidates += ages_after_names(folded.text, candidates)
    candidates += named_again(folded.text, candidates)
    hits: list[Hit] = []
    for candidate in merge_hits(candidates, folded.text):
        # What is left of a name after an overlap may begin or end in punctuation.
        body = folded.text[candidate.start : candidate.end]
        lead = len(body) - len(body.lstrip(" ,.;:'\n\t-"))
        trail = len(body) - len(body.rstrip(" ,;:'\n\t-"))
        if candidate.type == "name":
            led = _PARTICLES.search(folded.text, max(0, candidate.start - 12), candidate.start)
            lead -= len(led[1]) if led else 0
            broken = _BROKEN.match(folded.text, candidate.end)
            trail -= broken.end() - broken.start() if broken and not trail else 0
            more = _REST.match(folded.text, candidate.end)
            trail -= more.end() - more.start() if more and not trail else 0
        start, end = folded.span(candidate.start + lead, candidate.end - trail)
        # Two may share a character that is folded to several: "¼" is "1", a stroke and "4".
        start = max(start, hits[-1].end if hits else 0)
        if start >= end:
            continue
        hits.append(
            Hit(candidate.type, start, end, text[start:end], candidate.score, candidate.why)
        )
    return hits
