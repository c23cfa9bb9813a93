"""Statements: what is there and denied, told twice, or of another severity or place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from re import Pattern

from casewright.kg.graph import Graph
from casewright.kg.validate.rules import Violation
from casewright.kg.validate.tables import combination_table, value_table
from casewright.kg.validate.view import View, known
from casewright.records import Fact

__all__ = ["Statements"]

_NEGATED = re.compile(r"^(?:no|without|absence of|absent|normal|negative for)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}")
_EMPTY = frozenset(
    ("and", "the", "with", "for", "from", "both", "left", "right", "lower", "upper", "over",
     "mild", "one", "her", "his", "not", "new", "about")
)  # fmt: skip
_AGO = re.compile(r"\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|several|many|a few)"
                  r"[ -](years?|months?|decades?)\b", re.IGNORECASE)  # fmt: skip
_COUNT = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
          "nine": 9, "ten": 10, "several": 3, "many": 5, "a few": 2}  # fmt: skip
_PER_YEAR = {"year": 1.0, "month": 1 / 12, "decade": 10.0}
_ONCE = frozenset({"symptom", "finding", "vital", "lab", "comorbidity", "allergy", "procedure"})
_RELATION = {"symptom": "has_symptom", "finding": "has_finding", "test": "tested_with",
             "procedure": "tested_with"}  # fmt: skip


@dataclass(slots=True)
class Statements:
    """Rules polarity, opposites, denied-diagnosis, repeated, severity, setting, duration."""

    graph: Graph
    _wider: dict[str, frozenset[str]] = field(default_factory=dict)
    _words: dict[str, frozenset[str]] = field(default_factory=dict)
    _opposite: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    _contrary: dict[str, tuple[Pattern[str], ...]] = field(default_factory=dict)
    _severities: dict[tuple[str, str, str], frozenset[str] | None] = field(default_factory=dict)

    def __call__(self, view: View) -> Iterator[Violation]:
        """Violations of a case."""
        yield from self._polarity(view)
        yield from self._denied_words(view)
        yield from self._opposites(view)
        yield from _denied_diagnosis(view)
        yield from _repeated(view)
        yield from self._severity(view)
        yield from _setting(view)
        yield from _duration(view)

    def _polarity(self, view: View) -> Iterator[Violation]:
        denied = {f.concept: f for f in view.case.facts if f.polarity == "denied"}
        if not denied:
            return
        for fact in view.case.facts:
            if fact.polarity != "present":
                continue
            other = denied.get(fact.concept)
            if other is not None:
                yield Violation(
                    "polarity", f"{fact.name} is there and denied", (fact.fact_id, other.fact_id)
                )
                continue
            if fact.type != "symptom":
                continue
            for wider in self._all_wider(fact.concept) & denied.keys():
                yield Violation(
                    "polarity", f"{fact.name} is there, {denied[wider].name} is denied",
                    (fact.fact_id, denied[wider].fact_id),
                )  # fmt: skip

    def _all_wider(self, concept_id: str) -> frozenset[str]:
        found = self._wider.get(concept_id)
        if found is None:
            seen: set[str] = set()
            open_ids = [concept_id]
            while open_ids:
                concept = known(self.graph, open_ids.pop())
                for wider in concept.values("broader") if concept else ():
                    if wider not in seen:
                        seen.add(wider)
                        open_ids.append(wider)
            found = self._wider[concept_id] = frozenset(seen)
        return found

    def _content(self, text: str) -> frozenset[str]:
        found = self._words.get(text)
        if found is None:
            words = {w.removesuffix("s") for w in _WORD.findall(text.lower())} - _EMPTY
            found = self._words[text] = frozenset(words)
        return found

    def _denied_words(self, view: View) -> Iterator[Violation]:
        """A denied symptom is not found, and a present one not found absent, word for word."""
        findings = [f for f in view.of("finding") if f.polarity == "present"]
        for symptom in view.of("symptom"):
            words = self._content(symptom.name)
            if not words:
                continue
            for finding in findings:
                if words <= self._content(finding.name):
                    absent = bool(_NEGATED.search(finding.name))
                    if absent == (symptom.polarity == "present"):
                        yield Violation(
                            "polarity", f"{symptom.name} is {symptom.polarity}; {finding.name}",
                            (symptom.fact_id, finding.fact_id),
                        )  # fmt: skip

    def _opposites(self, view: View) -> Iterator[Violation]:
        sides: dict[int, dict[int, Fact]] = {}
        for fact in view.of("finding"):
            if fact.polarity != "present":
                continue
            hits = self._opposite.get(fact.name)
            if hits is None:
                pairs = value_table().opposites
                hits = self._opposite[fact.name] = tuple(
                    (number, side)
                    for number, pair in enumerate(pairs)
                    for side in (0, 1)
                    if pair[side].search(fact.name)
                )
            for number, side in hits:
                sides.setdefault(number, {}).setdefault(side, fact)
        yield from self._contrary_results(view)
        for held in sides.values():
            if len(held) == 2 and held[0].fact_id != held[1].fact_id:
                yield Violation(
                    "opposites", f"{held[0].name}; {held[1].name}",
                    (held[0].fact_id, held[1].fact_id),
                )  # fmt: skip

    def _contrary_results(self, view: View) -> Iterator[Violation]:
        """What a test shows is not the contrary of what is complained of or found."""
        for test in view.of("test"):
            result = test.attribute("result")
            if not result or test.polarity != "present":
                continue
            pairs = self._contrary.get(result)
            if pairs is None:
                found = [p for p in value_table().contrary_results if p[1].search(result)]
                pairs = self._contrary[result] = tuple(pair[0] for pair in found)
            for words in pairs:
                for fact in view.of("symptom", "finding"):
                    if fact.polarity == "present" and words.search(fact.name):
                        yield Violation(
                            "opposites", f"{fact.name}; {test.name}: {result}",
                            (fact.fact_id, test.fact_id),
                        )  # fmt: skip

    def _severity(self, view: View) -> Iterator[Violation]:
        """A fact that the diagnosis has only at other severities."""
        principal, severity = view.codes[0], view.case.severity
        for kind, relation in _RELATION.items():
            for fact in view.of(kind):  # type: ignore[arg-type]
                if fact.polarity != "present":
                    continue
                text = fact.attribute("result") or ""
                key = (principal, fact.concept, text)
                if key not in self._severities:
                    self._severities[key] = self._severities_of(principal, relation, fact, text)
                allowed = self._severities[key]
                if allowed is not None and severity not in allowed:
                    yield Violation(
                        "severity", f"{fact.name} in a {severity} case", (fact.fact_id,),
                        (principal,),
                    )  # fmt: skip

    def _severities_of(
        self, code: str, relation: str, fact: Fact, text: str
    ) -> frozenset[str] | None:
        """The severities of the edges that can have made a fact; None where they do not say."""
        if f"icd:{code}" not in self.graph:
            return None
        edges = [
            e
            for e in self.graph.edges(f"icd:{code}", relation)  # type: ignore[arg-type]
            if e.target == fact.concept and (not text or (e.text or "") == text)
        ]
        said = [frozenset(e.values("severity")) for e in edges]
        if not said or not all(said):
            return None
        return frozenset().union(*said)


@lru_cache(maxsize=8192)
def _signs_of(code: str) -> tuple[str, ...]:
    """The symptoms that a code of chapter 18 is."""
    signs = combination_table().signs
    return tuple(symptom for prefix, symptom in signs.items() if code.startswith(prefix))


def _denied_diagnosis(view: View) -> Iterator[Violation]:
    """A sign that is the diagnosis itself is not denied."""
    denied = {f.concept: f for f in view.of("symptom") if f.polarity == "denied"}
    if not denied:
        return
    for code in view.codes:
        for symptom in _signs_of(code):
            if symptom in denied:
                yield Violation(
                    "denied-diagnosis", f"{code} and no {denied[symptom].name}",
                    (denied[symptom].fact_id,), (code,),
                )  # fmt: skip


def _repeated(view: View) -> Iterator[Violation]:
    seen: dict[tuple[str, str, str], Fact] = {}
    ids: set[str] = set()
    for fact in view.case.facts:
        if fact.fact_id in ids:
            yield Violation("repeated", f"two facts {fact.fact_id}", (fact.fact_id,))
        ids.add(fact.fact_id)
        if fact.type not in _ONCE:
            continue
        # One sign can stand at two sites.
        key = (fact.type, fact.concept, fact.name if fact.type == "finding" else "")
        other = seen.get(key)
        if other is not None and other.polarity == fact.polarity:
            yield Violation("repeated", f"{fact.name} is told twice", (other.fact_id, fact.fact_id))
        seen[key] = fact


def _setting(view: View) -> Iterator[Violation]:
    rule, case = value_table().ward_only, view.case
    for fact in view.of("medication", "procedure"):
        course = fact.attribute("course")
        if course == "inpatient" and case.setting == "outpatient":
            yield Violation("setting", f"{fact.name} given on a ward, seen in a clinic",
                            (fact.fact_id,))  # fmt: skip
        if case.setting == "outpatient" and fact.concept in (*rule.drugs, *rule.procedures):
            yield Violation(
                "setting", f"{fact.name} in a clinic", (fact.fact_id,), (), rule.citation
            )
    if case.setting == "outpatient":
        for fact in view.of("disposition", "course"):
            if fact.attribute("step") is None:
                yield Violation("setting", f"{fact.name} after a visit", (fact.fact_id,))


def _duration(view: View) -> Iterator[Violation]:
    for fact in view.case.facts:
        if fact.type not in ("symptom", "comorbidity", "diagnosis"):
            continue
        for name in ("onset", "duration"):
            text = fact.attribute(name)
            found = _AGO.search(text) if text else None
            if found is None:
                continue
            word = found[1].lower()
            count = _COUNT.get(word) or float(word)
            years = count * _PER_YEAR[found[2].lower().removesuffix("s")]
            if years > view.age:
                yield Violation(
                    "duration", f"{fact.name} {text} at {view.age:.1f} years", (fact.fact_id,),
                    (), value_table().duration.citation,
                )  # fmt: skip
