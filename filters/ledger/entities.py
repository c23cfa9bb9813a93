"""Gold entity labels: the mentions with label, assertion, code and fact."""

from __future__ import annotations

from collections.abc import Sequence

from casewright.filters.ledger.judge import Sighting
from casewright.filters.ledger.reading import Mention, Reading
from casewright.filters.ledger.relation import NO_ALLERGY
from casewright.filters.ledger.wants import Want
from casewright.records import Entity, Fact, FactType, Polarity

__all__ = ["collect_entities"]

_BY_FACT: dict[FactType, str] = {
    "diagnosis": "CONDITION",
    "comorbidity": "CONDITION",
    "symptom": "SYMPTOM",
    "finding": "FINDING",
    "vital": "VITAL",
    "lab": "LAB",
    "test": "TEST",
    "procedure": "PROCEDURE",
    "medication": "MEDICATION",
    "allergy": "ALLERGEN",
    "social": "SOCIAL",
    "family_history": "CONDITION",
    "course": "COURSE",
    "disposition": "DISPOSITION",
    "follow_up": "FOLLOW_UP",
    "score": "SCORE",
}
_BY_NODE = {
    "Condition": "CONDITION",
    "Symptom": "SYMPTOM",
    "Finding": "FINDING",
    "LabTest": "LAB",
    "VitalSign": "VITAL",
    "Procedure": "PROCEDURE",
    "Medication": "MEDICATION",
    "Allergen": "ALLERGEN",
    "RiskFactor": "SOCIAL",
}


def collect_entities(
    reading: Reading,
    wants: Sequence[Want],
    sightings: Sequence[Sequence[Sighting]],
    strays: Sequence[tuple[int, int, str, str]],
) -> tuple[Entity, ...]:
    """Entities in text order, one for a range of words, longer ones before shorter."""
    chosen: dict[tuple[int, int], Entity] = {}
    rank: dict[tuple[int, int], int] = {}
    for want, seen in zip(wants, sightings, strict=True):
        for sighting in seen:
            if sighting.kind == "apart" and want.fact.concept == NO_ALLERGY:
                continue  # the word "allergies", a heading
            entity, place = _of_fact(reading, want.fact, sighting)
            quality = {"states": 0, "contradicts": 1, "apart": 2}[sighting.kind]
            if place not in chosen or quality < rank[place]:
                chosen[place], rank[place] = entity, quality
    by_place = {(m.first, m.last): m for m in reading.mentions}
    for first, last, concept, node in strays:
        mention = by_place.get((first, last))
        if concept == NO_ALLERGY and mention and mention.assertion.polarity != "denied":
            continue
        if mention is not None and (first, last) not in chosen:
            chosen[(first, last)] = _of_stray(reading, mention, concept, node)
    return tuple(sorted(_without_nested(chosen), key=lambda e: (e.start, e.end)))


def _of_fact(reading: Reading, fact: Fact, sighting: Sighting) -> tuple[Entity, tuple[int, int]]:
    mention = sighting.mention
    place = (mention.first, mention.last) if mention else (sighting.first, sighting.last)
    assertion: Polarity = fact.polarity
    if sighting.kind != "states" and mention is not None:
        assertion = mention.assertion.polarity
    span = reading.span(*place)
    entity = Entity(
        span.start, span.end, reading.tokens.text[span.start : span.end], _BY_FACT[fact.type],
        assertion, fact.code or _graph_code(fact.concept), fact.fact_id,
    )  # fmt: skip
    return entity, place


def _of_stray(reading: Reading, mention: Mention, concept: str, node: str) -> Entity:
    span = reading.span(mention.first, mention.last)
    return Entity(
        span.start, span.end, reading.tokens.text[span.start : span.end], _BY_NODE[node],
        mention.assertion.polarity, _graph_code(concept), None,
    )  # fmt: skip


def _graph_code(concept: str) -> str | None:
    """The ICD-10-CM code of a condition, the graph's id of anything else, None for words."""
    return concept.removeprefix("icd:") if ":" in concept else None


def _weight(entity: Entity) -> tuple[bool, int]:
    """A fact's mention before any other, the longer before the shorter."""
    return entity.fact_id is not None, entity.end - entity.start


def _without_nested(chosen: dict[tuple[int, int], Entity]) -> list[Entity]:
    """Drop an entity inside a longer one."""
    kept: list[Entity] = []
    reach = -1
    for (first, last), entity in sorted(chosen.items(), key=lambda kv: (kv[0][0], -kv[0][1])):
        if first > reach:
            kept.append(entity)
            reach = last
        elif last > reach and _weight(entity) > _weight(kept[-1]):
            kept[-1] = entity  # of two that share words
            reach = last
    return kept
