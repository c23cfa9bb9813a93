"""What belongs to which mention: dose, frequency and route of a drug; value of a test; site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from casewright.filters.ledger.bindings import Bindings
from casewright.filters.ledger.dosing import frequency_place, route_place
from casewright.filters.ledger.judge import Sighting
from casewright.filters.ledger.phrases import Hit, find_phrase, load_phrase_rules, phrase_of
from casewright.filters.ledger.reading import Mention, Reading
from casewright.filters.ledger.values import sig_place
from casewright.filters.ledger.wants import Want
from casewright.records import Entity, Relation, Span

__all__ = ["collect_relations"]

_SITE_COVERAGE = 1.0
_RESULT_COVERAGE = 0.8


def collect_relations(
    reading: Reading,
    wants: Sequence[Want],
    sightings: Sequence[Sequence[Sighting]],
    bindings: Bindings,
    entities: Sequence[Entity],
) -> tuple[Relation, ...]:
    """Relations of the labelled entities, in text order.

    A drug has dose, frequency and route; a lab or vital sign its value; a sign or symptom the
    site that its fact names, where the text gives it; a test its result.
    """
    known = {(e.start, e.end): e for e in entities}
    found: dict[tuple[str, int, int, int], Relation] = {}
    for relation in (
        *_measured(reading, bindings, known),
        *_described(reading, wants, sightings, known),
    ):
        key = (relation.type, relation.start, relation.end, relation.of_start)
        found.setdefault(key, relation)
    return tuple(found[key] for key in sorted(found, key=lambda k: (k[1], k[2], k[0], k[3])))


def _measured(
    reading: Reading, bindings: Bindings, known: dict[tuple[int, int], Entity]
) -> Iterator[Relation]:
    for mention in reading.mentions:
        span = reading.span(mention.first, mention.last)
        entity = known.get((span.start, span.end))
        if entity is None:
            continue
        if entity.label == "MEDICATION":
            yield from _of_drug(reading, mention, bindings, entity)
        elif entity.label in ("LAB", "VITAL"):
            for q in bindings.of(mention):
                yield _relation("value", reading.span(q.first, q.last), entity, reading)


def _of_drug(
    reading: Reading, mention: Mention, bindings: Bindings, entity: Entity
) -> Iterator[Relation]:
    for q in bindings.of(mention):
        yield _relation("dose", reading.span(q.first, q.last), entity, reading)
    start, end = sig_place(mention, reading)
    text = reading.tokens.folded[start:end]
    if (place := frequency_place(text)) is not None:
        yield _relation("frequency", Span(start + place[0], start + place[1]), entity, reading)
    if (place := route_place(text)) is not None:
        yield _relation("route", Span(start + place[0], start + place[1]), entity, reading)


def _described(
    reading: Reading,
    wants: Sequence[Want],
    sightings: Sequence[Sequence[Sighting]],
    known: dict[tuple[int, int], Entity],
) -> Iterator[Relation]:
    """Sites and results, which the facts name."""
    for want, seen in zip(wants, sightings, strict=True):
        stating = [x for x in seen if x.kind == "states"]
        site = want.fact.attribute("site")
        if stating and site is not None:
            hits = _hits(reading, site, _SITE_COVERAGE)
            yield from _near(reading, stating, hits, known, "site")
        if stating and want.result is not None and want.fact.type in ("test", "procedure"):
            hits = _hits(reading, want.result.text, _RESULT_COVERAGE)
            yield from _near(reading, stating, hits, known, "result")


def _hits(reading: Reading, words: str, least: float) -> dict[int, Hit]:
    """Where the words are said, by sentence."""
    phrase = phrase_of(words, load_phrase_rules())
    if phrase is None:
        return {}
    return {h.sentence: h for h in find_phrase(phrase, reading, least=least, slack=3)}


def _near(
    reading: Reading,
    stating: Sequence[Sighting],
    hits: Mapping[int, Hit],
    known: Mapping[tuple[int, int], Entity],
    kind: str,
) -> Iterator[Relation]:
    """The words in the sentence of the mention, or in the next one."""
    for sighting in stating:
        sentence = reading.sentence_at(sighting.first)
        hit = hits.get(sentence) or hits.get(sentence + 1)
        entity = _entity_of(sighting, reading, known)
        if hit is not None and entity is not None:
            yield _relation(kind, reading.span(hit.first, hit.last), entity, reading)


def _entity_of(
    sighting: Sighting, reading: Reading, known: Mapping[tuple[int, int], Entity]
) -> Entity | None:
    mention = sighting.mention
    first, last = (mention.first, mention.last) if mention else (sighting.first, sighting.last)
    span = reading.span(first, last)
    return known.get((span.start, span.end))


def _relation(kind: str, span: Span, entity: Entity, reading: Reading) -> Relation:
    text = reading.tokens.text[span.start : span.end]
    return Relation(kind, span.start, span.end, text, entity.start, entity.end)
