"""Surface forms: nothing in them is read in any text that does not mean the concept."""

from __future__ import annotations

import re

from casewright.kg.graph import Graph

# What stands in every note: a form that equals one of them would be found everywhere.
COMMON = frozenset(
    {
        *("way", "may", "can", "will", "day", "week", "month", "year", "hand", "head", "back"),
        *("arm", "leg", "drop", "eye", "ear", "note", "plan", "home", "call", "visit", "care"),
        *("help", "line", "one", "two", "three", "first", "once", "out", "off", "set", "rest"),
        "past",
    }
)


def test_no_form_is_a_number_a_letter_or_a_common_word(graph: Graph) -> None:
    """An unquoted `[45,X]` in YAML is the two forms "45" and "X"."""
    wrong = [
        (concept.id, form.text)
        for concept in graph.concepts()
        for form in concept.forms
        if not re.search(r"[^\W\d]", form.text)
        or len(form.text) < 2
        or (form.kind != "preferred" and form.text.islower() and form.text in COMMON)
    ]
    assert wrong == []
