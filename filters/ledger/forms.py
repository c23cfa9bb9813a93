"""Surface forms as words: what of a written form counts, and which forms are worth finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from casewright.filters.ledger.normalise import word_set, words_of
from casewright.kg.graph import Concept, Condition, FormKind

__all__ = [
    "DANGLING",
    "DETERMINERS",
    "capitals_matter",
    "form_variants",
    "form_words",
    "with_commas",
    "worth_finding",
]

DETERMINERS = word_set("the an his her my your their our any some")
"""Words that stand in a text but not in the encoded one."""

DANGLING = word_set("of in to with by for on at and or due from as involving without")
"""A form that begins or ends with one of these is a cut title."""


@lru_cache(maxsize=1 << 14)
def form_words(form: str) -> tuple[str, ...]:
    """The words of a surface form, without punctuation and determiners (a final one stays)."""
    words = [w for w in words_of(form) if w[0].isalnum()]
    last = len(words) - 1
    return tuple(w for i, w in enumerate(words) if w not in DETERMINERS and (w != "a" or i == last))


def with_commas(form: str) -> tuple[str, ...]:
    """The words of a form as `form_words`, with its commas."""
    kept = (w for w in words_of(form) if w == "," or w[0].isalnum())
    return tuple(w for w in kept if w not in DETERMINERS and w != "a")


_PARENTHESIS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_UNSPECIFIED = re.compile(r",?\s+(unspecified|not otherwise specified|nos)\b.*$", re.IGNORECASE)


def form_variants(form: str) -> Iterator[str]:
    """The form, without its parentheses, and without a trailing ", unspecified"."""
    yield form
    bare = _PARENTHESIS.sub("", form).strip()
    if bare and bare != form:
        yield bare
    plain = _UNSPECIFIED.sub("", bare).strip()
    if plain and plain != bare:
        yield plain


def capitals_matter(form: str, kind: FormKind) -> bool:
    """Abbreviations of up to five letters, and words written in capitals only."""
    bare = form.strip()
    if " " in bare or not any(c.isupper() for c in bare):
        return False
    return (kind == "abbreviation" and len(bare) <= 5) or (bare.isupper() and len(bare) <= 6)


_MAX_CONDITION_WORDS = 4
_ENCOUNTER_CODE_LENGTH = 8  # "S00.00XA"


def worth_finding(concept: Concept) -> list[tuple[str, FormKind]]:
    """The forms of a concept without the code titles that nobody writes.

    Of the forms of some 98,000 codes ("... of unspecified toe, sequela") these are four in
    five, and most of the time to build. A fact that holds such a code still finds its own
    name. "Family history of ..." is read as the illness, said of the family.
    """
    written: list[tuple[str, FormKind]] = [(concept.name, "preferred")]
    if not isinstance(concept, Condition):
        written += [(f.text, f.kind) for f in concept.forms]
        return written
    encounter = len(concept.code) == _ENCOUNTER_CODE_LENGTH and concept.code[-1] != "A"
    if encounter and not concept.visit_share:
        return []
    written += [(f.text, f.kind) for f in concept.forms]
    if concept.title:
        written.append((concept.title, "synonym"))
    if not concept.visit_share:
        written = [f for f in written if f[0].count(" ") < _MAX_CONDITION_WORDS]
    return [f for f in written if not f[0].lower().startswith(_HISTORIES)]


_HISTORIES = ("family history", "personal history", "history of")
