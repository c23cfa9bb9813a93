"""Fictional private notes for self-tests: names, numbers and phrases that every note has.

What stands between these is words at random, so that no two notes are alike by chance.
"""

from __future__ import annotations

import random

from casewright.filters.phi.lexicon import load_lexicon
from casewright.kg.identity import load_name_pools

__all__ = ["made_up_notes"]

_BOILERPLATE = (
    "Lungs are clear to auscultation bilaterally. Abdomen is soft, nontender and nondistended.",
    "Regular rate and rhythm. No murmurs, rubs or gallops.",
    "No known drug allergies. A complete review of systems was negative.",
    "The patient is alert and oriented and in no acute distress.",
    "All other systems are reviewed and are negative.",
)
_OPENINGS = (
    "The patient reports", "On further questioning there was", "Examination shows",
    "The family describes", "In the past there was", "It was discussed that",
)  # fmt: skip


def _note(rng: random.Random, words: tuple[str, ...]) -> str:
    pool = rng.choice(load_name_pools())
    sex = rng.choice(("female", "male"))
    given = rng.choice(pool.female if sex == "female" else pool.male)
    title = "Ms." if sex == "female" else "Mr."
    # Double names: a note has its name to itself.
    family = "-".join(rng.sample(pool.family, 2))
    lines = [
        f"{title} {given} {family}, record number {rng.randrange(10**7, 10**8)}, is "
        f"{rng.randrange(19, 88)} years old and was seen today.",
        rng.choice(_BOILERPLATE),
    ]
    for _ in range(7):
        body = " ".join(rng.choice(words) for _ in range(rng.randrange(8, 15)))
        lines.append(f"{rng.choice(_OPENINGS)} {body}.")
    lines.insert(5, rng.choice(_BOILERPLATE))
    return " ".join(lines)


def made_up_notes(count: int, seed: int) -> list[tuple[str, str]]:
    """Notes as (id, text), a function of the seed."""
    lex = load_lexicon()
    names = lex.given_known | lex.family_known
    words = tuple(sorted(w for w in lex.common_words - names if len(w) > 2 and w.isalpha()))
    rng = random.Random(f"notes{seed}")
    return [(f"note{seed}-{i}", _note(rng, words)) for i in range(count)]
