"""The ledger check: what a text does with every fact of its case, and what it adds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from casewright.filters.ledger.allergies import allergy_sightings, in_allergy_context
from casewright.filters.ledger.bindings import Bindings, bind
from casewright.filters.ledger.blame import without_borrowed
from casewright.filters.ledger.demographics import demographic_clashes
from casewright.filters.ledger.entities import collect_entities
from casewright.filters.ledger.events import date_clashes
from casewright.filters.ledger.judge import Sighting, judge, named_measures, sightings_of
from casewright.filters.ledger.language import ENGLISH, load_language
from casewright.filters.ledger.lexicon import ConceptSource, Lexicon
from casewright.filters.ledger.numbers import load_units
from casewright.filters.ledger.off_case import (
    held_of,
    off_case_concepts,
    off_case_numbers,
)
from casewright.filters.ledger.onset import with_onset
from casewright.filters.ledger.phrases import load_phrase_rules
from casewright.filters.ledger.reading import Mention, Reading, read_text
from casewright.filters.ledger.relations import collect_relations
from casewright.filters.ledger.triggers import load_triggers
from casewright.filters.ledger.wants import Want, want_of
from casewright.records import Demographics, Fact, Ledger, OffSpec, Polarity, Span, Turn

__all__ = ["Checker"]

_MAX_WANTS = 50_000


class Checker:
    """Checks texts against facts. Build one and use it for many texts; it is a `records.Check`.

    Args:
        graph: a `kg.graph.Graph`, or anything with its `concepts` and `parents`.
        extra_forms: further surface forms by concept id.
        language: of the texts and of the graph's names.
    """

    def __init__(
        self,
        graph: ConceptSource,
        *,
        extra_forms: Mapping[str, Sequence[str]] | None = None,
        language: str = ENGLISH,
    ) -> None:
        self._graph = graph
        self._language = load_language(language)
        self._lexicon = Lexicon(graph, extra_forms=extra_forms, language=language)
        self._triggers = load_triggers(language)
        self._units = load_units(language)
        self._phrases = load_phrase_rules()
        self._wants: dict[Fact, Want] = {}

    def __call__(
        self,
        text: str,
        facts: Sequence[Fact],
        demographics: Demographics | None = None,
        turns: Sequence[Turn] = (),
    ) -> Ledger:
        """Follow every fact to the characters that state it.

        Args:
            text: the document, or a piece of one.
            facts: in case order, with the duties of the document's kind.
            demographics: to find another sex or age; None to leave that out.
            turns: of a dialogue, pointing into `text`.

        Returns:
            A status for every fact in the given order, what is off the case, and the
            labelled mentions.
        """
        reading = read_text(text, self._lexicon, self._triggers, self._units, turns)
        wants = [self._want(fact) for fact in facts]
        bindings = bind(reading, [m for want in wants for m in named_measures(want, reading)])
        sightings = without_borrowed(
            wants, [self._sightings(want, reading, bindings) for want in wants]
        )
        sightings = with_onset(wants, sightings, reading)
        statuses = tuple(
            judge(want, reading, seen) for want, seen in zip(wants, sightings, strict=True)
        )
        off, strays = self._off_case(reading, facts, wants, sightings, bindings)
        if demographics is not None:
            off.extend(demographic_clashes(reading, demographics))
            off.extend(date_clashes(reading.tokens.folded, text, demographics))
        entities = collect_entities(reading, wants, sightings, strays)
        relations = collect_relations(reading, wants, sightings, bindings, entities)
        off.sort(key=lambda o: (o.start, o.end))
        return Ledger(statuses, tuple(off), entities, relations)

    def read(self, text: str, turns: Sequence[Turn] = ()) -> Reading:
        """Read a text without any facts: its words, mentions, assertions and numbers."""
        return read_text(text, self._lexicon, self._triggers, self._units, turns)

    def assertions(
        self, text: str, spans: Sequence[Span], turns: Sequence[Turn] = ()
    ) -> list[Polarity]:
        """What the text says of each span, whether or not the graph knows its words.

        Args:
            text: a note or the transcript of a dialogue.
            spans: characters that name a concept each.
            turns: of a dialogue, pointing into `text`.

        Returns:
            A polarity for each span, in the given order.
        """
        reading = self.read(text, turns)
        return [reading.assertion_of_span(span).polarity for span in spans]

    def _want(self, fact: Fact) -> Want:
        want = self._wants.get(fact)
        if want is None:
            if len(self._wants) >= _MAX_WANTS:
                self._wants.clear()
            said = self._language.fact(fact)
            want = want_of(said, self._lexicon, self._units, self._phrases)
            self._wants[fact] = want
        return want

    def _sightings(self, want: Want, reading: Reading, bindings: Bindings) -> list[Sighting]:
        found = sightings_of(want, reading, bindings)
        if want.fact.type == "allergy":
            return allergy_sightings(want, found, reading, self._lexicon)
        if want.fact.type == "medication":
            return [
                s for s in found if s.mention is None or not in_allergy_context(s.mention, reading)
            ]
        return found

    def _off_case(
        self,
        reading: Reading,
        facts: Sequence[Fact],
        wants: Sequence[Want],
        sightings: Sequence[Sequence[Sighting]],
        bindings: Bindings,
    ) -> tuple[list[OffSpec], list[tuple[int, int, str, str]]]:
        facts = [self._language.fact(f) for f in facts]
        held = held_of(facts, wants, self._lexicon, self._graph)
        linked = {
            (s.mention.first, s.mention.last)
            for seen in sightings
            for s in seen
            if s.mention is not None and (s.kind != "apart" or not _of_family(s.mention))
        }
        firsts = [q.first for q in reading.quantities]
        used = {
            first
            for seen in sightings
            for s in seen
            if s.kind != "apart"
            for first in firsts[bisect_left(firsts, s.first) : bisect_right(firsts, s.last)]
        }
        off: list[OffSpec] = []
        strays: list[tuple[int, int, str, str]] = []
        concepts = off_case_concepts(reading, held, linked, self._lexicon, self._phrases, bindings)
        for mention, entry, finding in concepts:
            strays.append((mention.first, mention.last, entry.concept, entry.type))
            if finding is not None:
                off.append(finding)
        off.extend(off_case_numbers(reading, wants, bindings, used, self._units))
        return off, strays


def _of_family(mention: Mention) -> bool:
    return mention.assertion.polarity == "family"
