"""Planted errors and harmless edits: how the checker is measured.

From a document that states its facts, each function makes edited copies. An error is found
when the checker sees it at the fact or the words that were touched; a harmless edit is let
pass when every must-mention fact is still stated and nothing is off the case.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from casewright.filters.ledger.lexicon import ConceptSource
from casewright.filters.ledger.verdict import off_spec_faults
from casewright.kg.graph import Condition
from casewright.records import Demographics, Fact, FactType, Ledger, Span, Turn

__all__ = [
    "CONCEPTS",
    "Edited",
    "Planter",
    "Pool",
    "Sample",
    "edit",
    "is_found",
    "is_passed",
    "sentence_around",
    "stated",
    "within_turn",
]


@dataclass(frozen=True, slots=True)
class Sample:
    """A document with what the checker found in it unedited."""

    text: str
    facts: tuple[Fact, ...]
    demographics: Demographics
    turns: tuple[Turn, ...]
    ledger: Ledger

    def spans(self, fact: Fact) -> tuple[Span, ...]:
        """Where a fact is stated."""
        status = self.ledger.status_of(fact.fact_id)
        return status.spans if status.status == "stated" else ()


@dataclass(frozen=True, slots=True)
class Edited:
    """An edited copy. `fact_id` names the touched fact, `start` and `end` the new words."""

    kind: str
    text: str
    facts: tuple[Fact, ...]
    turns: tuple[Turn, ...]
    fact_id: str | None
    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class Pool:
    """What edits are drawn from.

    Attributes:
        drugs: one-word drug names. symptoms: symptom names.
        conditions: (name, code) of illnesses that visits are made for, of up to three words.
        forms: clinicians' wordings by concept. owners: concepts by folded wording.
        short: abbreviations by concept that no other concept has.
    """

    drugs: tuple[str, ...]
    symptoms: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...]
    forms: dict[str, list[str]]
    owners: dict[str, set[str]]
    short: dict[str, list[str]]

    @classmethod
    def of(cls, source: ConceptSource) -> Pool:
        """Gather the pool from a graph."""
        forms: dict[str, list[str]] = {}
        owners: dict[str, set[str]] = {}
        for concept in source.concepts("Symptom", "Finding", "Medication"):
            for form in concept.forms:
                owners.setdefault(form.text.lower(), set()).add(concept.id)
                if form.kind in ("preferred", "synonym", "brand"):
                    forms.setdefault(concept.id, []).append(form.text)
        drugs = (c.name for c in source.concepts("Medication"))
        return cls(
            tuple(sorted(d for d in drugs if " " not in d)),
            tuple(sorted(c.name for c in source.concepts("Symptom"))),
            tuple(sorted(_illnesses(source))),
            forms,
            owners,
            _abbreviations(source),
        )


def _illnesses(source: ConceptSource) -> Iterator[tuple[str, str]]:
    for concept in source.concepts("Condition"):
        if (
            isinstance(concept, Condition)
            and concept.billable
            and concept.visit_share > 0
            and concept.code[0] not in "RSTVWXYZ"
            and len(concept.name.split()) <= _FEW_WORDS
        ):
            yield concept.name, concept.code


def _abbreviations(source: ConceptSource) -> dict[str, list[str]]:
    """Abbreviations of one concept only, by concept (a condition has one of its codes)."""
    meant: dict[str, set[str]] = {}
    found: dict[str, list[str]] = {}
    for concept in source.concepts():
        for form in concept.forms:
            if form.kind == "abbreviation":
                meant.setdefault(form.text.lower(), set()).add(concept.name)
                found.setdefault(concept.id, []).append(form.text)
    return {
        concept: kept
        for concept, forms in found.items()
        if (kept := [f for f in forms if len(meant[f.lower()]) == 1 and len(f) > 1 and f.isalnum()])
    }


_FEW_WORDS = 3

Planter = Callable[[Sample, random.Random, Pool], Iterator[Edited]]

CONCEPTS: frozenset[FactType] = frozenset({"symptom", "finding", "diagnosis", "comorbidity"})


def is_found(edited: Edited, ledger: Ledger) -> bool:
    """Whether the checker sees a planted error."""
    if edited.kind in ("sex", "extra_diagnosis"):
        return any(o.start < edited.end and edited.start < o.end for o in off_spec_faults(ledger))
    assert edited.fact_id is not None
    status = ledger.status_of(edited.fact_id).status
    if edited.kind == "must_not":
        return status == "forbidden"
    if edited.kind in ("negated", "dose", "value", "unit", "side", "onset"):
        return status == "contradicted"
    return status in ("missing", "contradicted")


def is_passed(edited: Edited, ledger: Ledger) -> bool:
    """Whether the checker lets a harmless edit pass."""
    duties = {f.fact_id: f.duty for f in edited.facts}
    stated = all(
        s.status == "stated"
        for s in ledger.facts
        if duties[s.fact_id] == "must" or s.status == "contradicted"
    )
    return stated and not off_spec_faults(ledger)


# -- editing


def edit(sample: Sample, kind: str, fact: Fact | None, span: Span, new: str, what: str) -> Edited:
    """Replace the words of a span, moving the turns that follow."""
    shift = len(new) - (span.end - span.start)
    text = sample.text[: span.start] + new + sample.text[span.end :]
    turns = []
    for turn in sample.turns:
        start = turn.start + (shift if turn.start >= span.end else 0)
        end = turn.end + (shift if turn.end >= span.end else 0)
        turns.append(replace(turn, start=start, end=end, text=text[start:end]))
    fact_id = fact.fact_id if fact else None
    return Edited(
        kind, text, sample.facts, tuple(turns), fact_id, span.start, span.start + len(new), what
    )


_SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n")


def sentence_around(text: str, span: Span) -> Span:
    """The sentence around a span."""
    start = 0
    for match in _SENTENCE_END.finditer(text, 0, span.start):
        start = match.end()
    after = _SENTENCE_END.search(text, span.end)
    return Span(start, after.start() if after else len(text))


def _only_span(sample: Sample, fact: Fact) -> Span | None:
    """Where a fact is stated, if that is in one place only."""
    spans = sample.spans(fact)
    return spans[0] if len(spans) == 1 else None


def stated(sample: Sample, *types: FactType) -> Iterator[tuple[Fact, Span]]:
    """Must-mention facts that are stated in one place, with that place."""
    for fact in sample.facts:
        span = _only_span(sample, fact)
        if fact.duty == "must" and span is not None and (not types or fact.type in types):
            yield fact, span


def within_turn(sample: Sample, span: Span) -> bool:
    """Whether a span lies inside one turn of a dialogue."""
    return any(t.start <= span.start and span.end <= t.end for t in sample.turns)
