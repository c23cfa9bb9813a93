"""Near-copies: of the user's reference texts, of the prompts' examples, of the corpus itself.

Measured as containment of three-word shingles in the best single document, weighted
by rarity, once as is and once with names and numbers masked.
"""

from casewright.filters.near_copies.corpus import CopyPair, SelfCopyResult, find_self_copies
from casewright.filters.near_copies.index import Match, Passage, ReferenceIndex
from casewright.filters.near_copies.screen import CopyLimits, NearCopies

__all__ = [
    "CopyLimits",
    "CopyPair",
    "Match",
    "NearCopies",
    "Passage",
    "ReferenceIndex",
    "SelfCopyResult",
    "find_self_copies",
]
