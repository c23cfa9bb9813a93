"""Near-copies: of the user's reference texts, of the prompts' examples, of the corpus itself.

Four measures: stretches of bytes that the reference has verbatim (every one, by an exact index);
containment of three-word shingles in the best single document, weighted by rarity, once as is
and once with names and numbers masked; and the cosine of words and pairs of words with the
nearest document, for paraphrase.
"""

from casewright.filters.near_copies.corpus import CopyPair, SelfCopyResult, find_self_copies
from casewright.filters.near_copies.index import ReferenceIndex
from casewright.filters.near_copies.likeness import Likeness, Match, Passage, SharedSpan
from casewright.filters.near_copies.screen import CopyLimits, NearCopies, memorised_texts

__all__ = [
    "CopyLimits",
    "CopyPair",
    "Likeness",
    "Match",
    "NearCopies",
    "Passage",
    "ReferenceIndex",
    "SelfCopyResult",
    "SharedSpan",
    "find_self_copies",
    "memorised_texts",
]
