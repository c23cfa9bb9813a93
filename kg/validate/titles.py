"""What the title of a code excludes: "without hematuria" and blood in the urine.

`says_otherwise` and `negative_by_title` are for whoever makes edges or draws facts; the rules
"title" and "result-diagnosis" check them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from re import Pattern

from casewright.kg.graph import Graph
from casewright.kg.validate.rules import Violation
from casewright.kg.validate.tables import TitleEntry, title_table, value_table
from casewright.kg.validate.view import View, condition_of
from casewright.records import Fact

__all__ = ["Titles", "negative_by_title", "says_nothing", "says_otherwise", "told_by_title"]


@dataclass(frozen=True, slots=True)
class _Said:
    """What one title excludes (words, reference), its limb, and the symptoms that it tells."""

    barred: tuple[tuple[Pattern[str], str], ...]
    own: Pattern[str] | None
    other: Pattern[str] | None
    there: frozenset[str]


_LITERAL = re.compile(r"\\b([a-z][a-z -]*[a-z])(?![a-z]*[*?{|])")


@lru_cache(maxsize=1)
def _entries() -> tuple[tuple[TitleEntry, str], ...]:
    """The table's entries, each with a text that its pattern begins with, "" if there is none.

    A pattern looks at every place of a title; most titles have none of the words at all.
    """
    found = []
    for entry in title_table().entries:
        pattern = entry.title.pattern
        match = _LITERAL.match(pattern) if _one_way(pattern) else None
        found.append((entry, match[1] if match else ""))
    return tuple(found)


def _one_way(pattern: str) -> bool:
    """Whether a pattern has no alternatives but those inside brackets."""
    depth = 0
    for sign in pattern:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            return False
    return True


@lru_cache(maxsize=100_000)
def _said(code: str, title: str) -> _Said:
    table, lowered = title_table(), title.lower()
    barred: list[tuple[Pattern[str], str]] = []
    there: set[str] = set()
    for entry, literal in _entries():
        if literal not in lowered or (entry.codes and not code.startswith(entry.codes)):
            continue
        if not entry.title.search(lowered) or (entry.unless and entry.unless.search(lowered)):
            continue
        if entry.not_ is not None:
            barred.append((entry.not_, entry.citation))
        there.update(entry.denied)
    own = other = None
    if code.startswith(table.regions.codes):
        arm, leg = table.regions.words["arm"], table.regions.words["leg"]
        if bool(arm.search(lowered)) != bool(leg.search(lowered)):
            own, other = (arm, leg) if arm.search(lowered) else (leg, arm)
    return _Said(tuple(barred), own, other, frozenset(there))


def says_otherwise(code: str, title: str, text: str) -> str | None:
    """The reference by which a phrase contradicts the title of a code; None where it does not.

    Args:
        text: the name of a symptom or sign with its site, or a test with its result.
    """
    said = _said(code, title)
    for words, citation in said.barred:
        if words.search(text):
            return citation
    if said.own is None or said.other is None:
        return None
    wrong = said.other.search(text) and not said.own.search(text)
    return title_table().regions.citation if wrong else None


def says_nothing(code: str, title: str) -> bool:
    """Whether no phrase at all can contradict the title of a code."""
    said = _said(code, title)
    return not said.barred and said.own is None


def negative_by_title(code: str, title: str, test: str, result: str) -> str | None:
    """The reference by which a test with that result rules the code out; None where not."""
    for rule in value_table().code_results:
        if (
            code.startswith(rule.codes)
            and rule.test in (None, test)
            and (rule.title is None or rule.title in title.lower())
            and rule.not_.search(result)
        ):
            return rule.citation
    return None


def told_by_title(code: str, title: str) -> frozenset[str]:
    """Symptoms that a title says to be there, and that nobody with it denies."""
    return _said(code, title).there


@dataclass(slots=True)
class Titles:
    """The rule "title", for the first code of a case."""

    graph: Graph
    _phrases: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def __call__(self, view: View) -> Iterator[Violation]:
        """Violations of a case."""
        code = view.codes[0]
        condition = condition_of(self.graph, code)
        if condition is None:
            return
        said = _said(code, condition.title)
        if not said.barred and said.other is None and not said.there:
            return
        others = [c for c in (condition_of(self.graph, o) for o in view.codes[1:]) if c is not None]
        for fact in view.of("symptom", "finding", "test", "procedure"):
            if fact.polarity == "denied" and fact.concept in said.there:
                yield Violation(
                    "title", f"{condition.title}; no {fact.name}", (fact.fact_id,), (code,)
                )
            if fact.polarity != "present":
                continue
            text = _text(fact)
            key = (code, text)
            if key not in self._phrases:
                self._phrases[key] = says_otherwise(code, condition.title, text)
            citation = self._phrases[key]
            if citation is None:
                continue
            region = citation == title_table().regions.citation
            if region and said.other and any(said.other.search(o.title.lower()) for o in others):
                continue  # the second injury is on the other limb
            yield Violation(
                "title", f"{condition.title}; {text}", (fact.fact_id,), (code,), citation
            )


def _text(fact: Fact) -> str:
    parts = (fact.name, fact.attribute("site"), fact.attribute("result"))
    return " ".join(part for part in parts if part)
