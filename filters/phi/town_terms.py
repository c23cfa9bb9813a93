"""Towns that are part of a term: "Boston criteria", "Glasgow Coma Scale"."""

from __future__ import annotations

import re

from casewright.filters.phi.lexicon import Lexicon

__all__ = ["is_town_of_a_term"]

_RULE_WORDS = frozenset(
    (
        "rule",
        "rules",
        "criteria",
        "score",
        "scale",
        "classification",
        "index",
        "guidelines",
        "protocol",
    )
)


def is_town_of_a_term(name: str, after: str, lex: Lexicon) -> bool:
    """Whether the place is part of a term: "Boston criteria", "Glasgow Coma Scale"."""
    words = re.findall(r"[A-Za-z]+", after)[:4]
    if words and after[:1] in (" ", "-", "'") and words[0].lower() in ("s",):
        words = words[1:]
    if any(w.lower() in lex.heads for w in words[:1]):
        return True
    # "Ottawa ankle rules"
    if any(w.lower() in _RULE_WORDS for w in words[1:3]) and after[:1] == " ":
        return True
    capitals = [w for w in words if w[0].isupper()]
    return any(w.lower() in lex.heads for w in capitals) and after[:1] == " "
