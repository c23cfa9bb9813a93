"""Allergies: where the text speaks of them, and "none" against some."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace

from casewright.filters.ledger.judge import Sighting
from casewright.filters.ledger.lexicon import Lexicon
from casewright.filters.ledger.normalise import word_set
from casewright.filters.ledger.reading import Mention, Reading
from casewright.filters.ledger.relation import NO_ALLERGY
from casewright.filters.ledger.stems import stem
from casewright.filters.ledger.wants import Want

__all__ = ["allergy_sightings", "in_allergy_context"]

_WORDS = word_set(
    "allergy allergies allergic allergen anaphylaxis anaphylactic hypersensitivity intolerance "
    "intolerant nkda reaction reacts"
)
_NONE = word_set("none nil no denies denied nkda nka negative")


def in_allergy_context(mention: Mention, reading: Reading) -> bool:
    """Whether the sentence, its section or the question before is about allergies."""
    sentence = reading.sentences[mention.sentence]
    if sentence.section == "allergies":
        return True
    if _dosed(mention, reading):
        return False
    if any(owner is None or owner is mention for _, owner in _said(reading, mention.sentence)):
        return True
    if sentence.turn is not None and mention.sentence > 0:
        previous = reading.sentences[mention.sentence - 1]
        asked = reading.tokens.words[previous.first : previous.last + 1]
        return previous.question and not _WORDS.isdisjoint(asked)
    return False


def _dosed(mention: Mention, reading: Reading) -> bool:
    """ "Amlodipine 5 mg once daily, no known drug allergies": a drug that is taken."""
    place = bisect_left(reading.quantities, mention.last + 1, key=lambda q: q.first)
    if place == len(reading.quantities):
        return False
    following = reading.quantities[place]
    measured = following.unit is not None and following.dimension != "time"
    return measured and following.first == mention.last + 1


def _said(reading: Reading, index: int) -> tuple[tuple[int, Mention | None], ...]:
    """Words of allergy in a sentence, each with the "no known drug allergies" around it.

    Such a mention is complete in itself and speaks of no other drug of its sentence.
    """
    found = reading.allergy_words.get(index)
    if found is None:
        sentence = reading.sentences[index]
        words = reading.tokens.words
        owner: dict[int, Mention] = {}
        for m in reading.by_sentence.get(index, ()):
            if _none_known(m, words):
                owner.update(dict.fromkeys(range(m.first, m.last + 1), m))
        places = (i for i in range(sentence.first, sentence.last + 1) if words[i] in _WORDS)
        found = reading.allergy_words[index] = tuple((i, owner.get(i)) for i in places)
    return found


def _none_known(mention: Mention, words: Sequence[str]) -> bool:
    return (
        (mention.last > mention.first or words[mention.first] in ("nkda", "nka"))
        and mention.assertion.polarity == "denied"
        and mention.names(NO_ALLERGY)
        and words[mention.last + 1 : mention.last + 2] not in (["to"], ["except"], ["other"])
    )


def allergy_sightings(
    want: Want, found: list[Sighting], reading: Reading, lexicon: Lexicon
) -> list[Sighting]:
    """Keep what is said of allergy, and set "none known" against a known one."""
    if want.fact.concept == NO_ALLERGY:
        return [*found, *_none_in_section(reading), *_some_against_none(want, reading)]
    kept = [
        _with_reaction(s, want, reading)
        for s in found
        if s.mention is None
        or in_allergy_context(s.mention, reading)
        or _reaction_said(s.mention, want, reading)
    ]
    return [*kept, *_none_against_drug(want, reading, lexicon)]


def _reaction_said(mention: Mention, want: Want, reading: Reading) -> bool:
    """ "Opioids make her itch": the substance and its reaction in one sentence."""
    reaction = want.fact.attribute("reaction")
    if reaction is None:
        return False
    sentence = reading.sentences[mention.sentence]
    words = reading.tokens.words[sentence.first : sentence.last + 1]
    return stem(reaction.split()[-1].lower()) in {stem(w) for w in words}


def _with_reaction(sighting: Sighting, want: Want, reading: Reading) -> Sighting:
    """Let the sighting reach over the reaction that follows: "penicillin (rash)"."""
    reaction = want.fact.attribute("reaction")
    mention = sighting.mention
    if reaction is None or mention is None or sighting.kind != "states":
        return sighting
    end = reading.sentences[mention.sentence].last
    said = stem(reaction.split()[-1].lower())
    places = [i for i in reading.stem_places.get(said, ()) if sighting.last < i <= end]
    return replace(sighting, last=places[0]) if places else sighting


def _none_in_section(reading: Reading) -> Iterator[Sighting]:
    """ "Allergies: none"."""
    for sentence in reading.sentences:
        body = sentence.body
        if sentence.section != "allergies" or body > sentence.last:
            continue
        if reading.tokens.words[body] in _NONE:
            yield Sighting("states", sentence.first, body, "none in the section on allergies")


def _some_against_none(want: Want, reading: Reading) -> Iterator[Sighting]:
    for mention in reading.mentions:
        named = any(
            e.type in ("Allergen", "Medication") and e.concept not in want.ids
            for e in mention.entries
        )
        if (
            named
            and mention.maximal
            and mention.assertion.polarity == "present"
            and in_allergy_context(mention, reading)
        ):
            yield Sighting(
                "contradicts", mention.first, mention.last, "an allergy is named", mention
            )


def _none_against_drug(want: Want, reading: Reading, lexicon: Lexicon) -> Iterator[Sighting]:
    """ "No known drug allergies" is untrue of somebody who is allergic to a drug."""
    if want.fact.polarity != "present" or not _is_drug(want, lexicon):
        return
    for mention in reading.mentions:
        if (
            mention.maximal
            and mention.assertion.polarity == "denied"
            and mention.names(NO_ALLERGY)
            and mention.last > mention.first
        ):
            yield Sighting(
                "contradicts", mention.first, mention.last, "allergies are denied", mention
            )


def _is_drug(want: Want, lexicon: Lexicon) -> bool:
    concept = lexicon.concepts.get(want.fact.concept)
    if concept is not None and concept.group is not None:
        return "drug" in concept.group or "medic" in concept.group
    return any(e.type == "Medication" for e in lexicon.lookup(want.fact.name))
