"""Recall of personal names by origin, on the name pools of the case generator.

The pools were written without the identifier filter's lexicons. The bounds are what was
measured, less a margin of one point: they hold the line, and the figures stand in the
assertion's message.
"""

from __future__ import annotations

import random

import pytest

from casewright.filters.phi import scan
from casewright.kg.identity import load_name_pools

TEMPLATES = (
    "{given} {family} is a 54-year-old patient with gout.",
    "The patient, {given} {family}, denies chest pain.",
    "Seen by Dr. {family} on rounds.",
    "Patient: {given} {family}\nAllergies: none",
    "Ms. {family} reports feeling better.",
    "I discussed this with {given} {family} at length.",
    "Her daughter {given} {family} was present.",
    "{given} reports three days of cough.",
    "Dictated by {given} {family}, MD",
    "He spoke to {given} about the plan.",
    "{given} {family} and her husband agree.",
    "We will update {given} {family}'s chart.",
)
POOLS = {pool.origin: pool for pool in load_name_pools()}


def missed(origin: str) -> tuple[list[str], int]:
    pool = POOLS[origin]
    rng = random.Random(origin)
    wrong, total = [], 0
    for _ in range(20):
        given = rng.choice(pool.female + pool.male)
        family = rng.choice(pool.family)
        for template in TEMPLATES:
            text = template.format(given=given, family=family)
            hits = scan(text)
            names = [
                n for n, slot in ((given, "{given}"), (family, "{family}")) if slot in template
            ]
            total += 1
            for name in names:
                at = text.index(name)
                if not any(h.start <= at and at + len(name) <= h.end for h in hits):
                    wrong.append(text)
                    break
    return wrong, total


@pytest.mark.parametrize("origin", sorted(POOLS))
def test_names_of_every_origin_are_found(origin: str) -> None:
    wrong, total = missed(origin)
    assert 1 - len(wrong) / total >= 0.95, wrong
