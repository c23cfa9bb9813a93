"""Copy-forward: a passage of an earlier note, or of the same one, carried on though stale.

The passage brings its labels along. A statement of it that the case at hand holds just so is
true; any other is what the reader would be misled by, and the slip says so.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from casewright.records import Draft, Entity, Fact, Relation, Span

__all__ = ["Passage", "carried_on"]

_SENTENCE = re.compile(r"[^\n]+?(?:[.!?](?=\s|$)|(?=\n)|$)")
_CARRIED = frozenset(
    {"symptom", "finding", "vital", "lab", "test", "medication", "comorbidity", "social"}
)
"""What is carried on in practice: Weis JM, Levy PC, Chest 2014;145(3):632."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Words to be inserted at `at` of the clean text, with what they state.

    Spans count from the start of `text`. `facts` are those of the case at hand that the words
    state as they are, each with where.
    """

    at: int
    text: str
    source: str
    untrue: bool
    fact_id: str | None
    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]
    facts: tuple[tuple[str, Span], ...]


def carried_on(draft: Draft, earlier: Draft | None, rng: random.Random) -> Passage | None:
    """A passage of the earlier document, of the same one without an earlier.

    None where nothing can be carried on: no sentence without an identifier states a fact, or
    there is no later place for it.
    """
    source = earlier or draft
    found = [(s, stated) for s in _sentences(source) if (stated := _stated_in(source, s))]
    rng.shuffle(found)
    if earlier is not None:  # a passage that is not stale misleads nobody
        found.sort(key=lambda f: all(_held(draft, fact) for fact, _ in f[1]))
    for sentence, stated in found:
        text = source.text[sentence.start : sentence.end]
        kinds: set[str] = {fact.type for fact, _ in stated}
        after = sentence.end if earlier is None else 0
        at = _place(draft, kinds, after, text, same=earlier is None, rng=rng)
        if at is None or (earlier is not None and text in draft.text):
            continue
        lead = "\n" if _is_list_line(text) else " "
        return _passage(draft, source, sentence, stated, at, lead)
    return None


def _sentences(draft: Draft) -> Iterator[Span]:
    """Sentences without an identifier; headings and labels are none."""
    for match in _SENTENCE.finditer(draft.text):
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        span = Span(start, match.end())
        if match[0].rstrip().endswith(":"):
            continue
        if not any(p.start < span.end and span.start < p.end for p in draft.phi):
            yield span


def _stated_in(draft: Draft, within: Span) -> list[tuple[Fact, Span]]:
    by_id = {f.fact_id: f for f in draft.facts}
    return [
        (by_id[status.fact_id], span)
        for status in draft.ledger.facts
        if status.status == "stated" and by_id[status.fact_id].type in _CARRIED
        for span in status.spans
        if within.start <= span.start and span.end <= within.end
    ]


def _held(draft: Draft, fact: Fact) -> Fact | None:
    """The fact of the draft's case that says the same, if there is one."""
    return next((f for f in draft.facts if _said(f) == _said(fact)), None)


def _said(fact: Fact) -> tuple[object, ...]:
    course = "" if fact.type == "medication" else fact.attribute("relative")
    return fact.concept, fact.polarity, fact.value, fact.unit, fact.attribute("result"), course


def _place(
    draft: Draft,
    kinds: set[str],
    after: int,
    text: str,
    *,
    same: bool,
    rng: random.Random,
) -> int | None:
    """The end of a line that states facts: of the passage's sort, or another in its own note."""
    ends: list[int] = []
    by_id = {f.fact_id: f for f in draft.facts}
    for match in re.finditer(r"[^\n]+", draft.text):
        line = Span(match.start(), match.end())
        there = {
            by_id[s.fact_id].type
            for s in draft.ledger.facts
            for span in s.spans
            if line.start <= span.start and span.end <= line.end
        }
        if not there or _is_list_line(match[0]) != _is_list_line(text) or line.start < after:
            continue
        if bool(there & kinds) != same:
            ends.append(line.end)
    return rng.choice(ends) if ends else None


def _is_list_line(text: str) -> bool:
    return text.lstrip().startswith("- ")


def _passage(
    draft: Draft,
    source: Draft,
    sentence: Span,
    stated: Sequence[tuple[Fact, Span]],
    at: int,
    lead: str,
) -> Passage:
    shift = len(lead) - sentence.start
    held = {fact.fact_id: _held(draft, fact) for fact in source.facts}
    wrong = [fact for fact, _ in stated if held[fact.fact_id] is None]
    against = [
        f.fact_id for w in wrong for f in draft.facts if f.concept == w.concept and f.type == w.type
    ]

    def inside(start: int, end: int) -> bool:
        return sentence.start <= start and end <= sentence.end

    def own(fact_id: str | None) -> str | None:
        fact = held.get(fact_id) if fact_id is not None else None
        return None if fact is None else fact.fact_id

    true = next((f.fact_id for fact, _ in stated if (f := held[fact.fact_id])), None)
    return Passage(
        at=at,
        text=lead + source.text[sentence.start : sentence.end],
        source=source.document_id,
        untrue=bool(wrong),
        fact_id=(against[0] if against else None) if wrong else true,
        entities=tuple(
            Entity(
                e.start + shift, e.end + shift, e.text, e.label, e.assertion, e.code, own(e.fact_id)
            )
            for e in source.ledger.entities
            if inside(e.start, e.end)
        ),
        relations=tuple(
            Relation(
                r.type, r.start + shift, r.end + shift, r.text, r.of_start + shift,
                r.of_end + shift,
            )
            for r in source.ledger.relations
            if inside(r.start, r.end) and inside(r.of_start, r.of_end)
        ),
        facts=tuple(
            (f.fact_id, Span(span.start + shift, span.end + shift))
            for fact, span in stated
            if (f := held[fact.fact_id])
        ),
    )  # fmt: skip
