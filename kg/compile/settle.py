"""The symptoms of a principal made ready to draw from, so that sampling needs no repair.

No two of them repeat, widen or narrow each other; each has a probability; and together they
are as many as an ill person has. A sampler may then draw each by itself, and the symptoms
of its cases are as frequent as the graph says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from casewright.kg.compile.link import Link
from casewright.kg.compile.regions import regions_of
from casewright.kg.compile.schema import SymptomEntry

__all__ = [
    "CAP",
    "LEAST",
    "LEAST_CHRONIC",
    "LEAST_EACH",
    "MOST",
    "settled",
    "without_repeats",
]

LEAST, MOST = 2.0, 6.0
"""Bounds of the expected number of symptoms of a case."""
LEAST_CHRONIC = 1.0
"""The same for chronic disease, which many visits find without complaints."""
LEAST_EACH = 0.6
"""With few symptoms on record they are raised to this mean at most: who has one more has it
unrecorded."""
CAP = 0.95

_ASSUMED_SURE, _ASSUMED = 0.35, 0.25
"""Where no source says how often: of an ontology's assertion, and of a weaker source."""


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(w for w in name.lower().replace("-", " ").split() if len(w) > 3)


def _clash(a: SymptomEntry, b: SymptomEntry) -> bool:
    """Whether one says again, more widely or more narrowly what the other says."""
    if a.id == b.id or a.id in b.broader or b.id in a.broader:
        return True
    if not _words(a.name) & _words(b.name):
        return False
    # Chest pain and arm pain share a word and no part of the body: they are two complaints.
    here, there = regions_of(a.name), regions_of(b.name)
    return not (here and there and not here & there)


def without_repeats(links: Sequence[Link], symptoms: Mapping[str, SymptomEntry]) -> list[Link]:
    """Symptom edges of which no two clash; of two that do the likelier stays."""
    kept: list[Link] = []
    for link in sorted(links, key=lambda link: (-_p(link), -link.confidence, link.target)):
        mine = symptoms[link.target]
        if not any(_clash(mine, symptoms[other.target]) for other in kept):
            kept.append(link)
    return kept


def _p(link: Link) -> float:
    if link.p is not None:
        return link.p
    return _ASSUMED_SURE if link.confidence >= 0.55 else _ASSUMED


def settled(
    links: Sequence[Link], symptoms: Mapping[str, SymptomEntry], *, least: float
) -> list[Link]:
    """The edges of a principal with its symptoms settled; the others as they are.

    A probability that no source gives is assumed and marked so in the details
    ("p_from", "assumed"). Where the probabilities sum to less than an ill person has, all
    are raised by 1 - (1 - p)^k, which keeps their order; above the upper bound the least
    likely symptoms are left out.

    Args:
        links: all edges. symptoms: entries by id.
        least: the expected number of symptoms (LEAST, LEAST_CHRONIC; 0 for a visit).
    """
    others = [link for link in links if link.relation != "has_symptom"]
    kept = without_repeats([k for k in links if k.relation == "has_symptom"], symptoms)
    filled = [
        link
        if link.p is not None
        else replace(link, p=_p(link), details=(*link.details, ("p_from", "assumed")))
        for link in kept
    ]
    raised = _raised(filled, least)
    total = 0.0
    chosen: list[Link] = []
    for link in raised:
        total += link.p or 0.0
        if total > MOST and len(chosen) >= 2:
            break
        chosen.append(link)
    return [*chosen, *others]


def _raised(links: Sequence[Link], least: float) -> list[Link]:
    """Likeliest first, with probabilities that sum to `least` if the cap lets them."""
    shares = [min(link.p or 0.0, CAP) for link in links]
    least = min(least, LEAST_EACH * len(links))
    if sum(shares) >= least:
        return [replace(link, p=share) for link, share in zip(links, shares, strict=True)]
    low, high = 1.0, 1.0
    while sum(_scaled(shares, high)) < least and high < 1e6:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        if sum(_scaled(shares, middle)) < least:
            low = middle
        else:
            high = middle
    return [
        replace(link, p=round(share, 4))
        for link, share in zip(links, _scaled(shares, high), strict=True)
    ]


def _scaled(shares: Sequence[float], k: float) -> list[float]:
    missed = [(1.0 - share) ** k for share in shares]
    return [min(CAP, 1.0 - float(m)) for m in missed]
