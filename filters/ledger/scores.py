"""Scores of questionnaires: an item with how often, a total with its number and band.

An item is stated where its topic is named and the answer says how often: in the words after it,
in the reply to the question that names it, or before it in the same sentence. Another answer than
the score's contradicts it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from casewright.filters.ledger.dialogue import replies_to
from casewright.filters.ledger.phrases import find_phrase, load_phrase_rules, phrase_of
from casewright.filters.ledger.reading import Reading
from casewright.kg.questionnaires import Instrument, Item, load_questionnaires
from casewright.records import Fact

__all__ = ["ScoreSighting", "score_concepts", "score_sightings"]

_TOPIC_COVERAGE = 0.75
_NUMBER = re.compile(r"\b(\d{1,2})\b(?!\s*(?:questions?|items?|weeks?|days?|%))")
_OUT_OF = re.compile(r"(?:out of|/)\s*$")
_OF = re.compile(r"\bof\s*$")
_BEFORE = re.compile(r"\b(\d{1,2})(?: points)? on (?:the|her|his|your|a) $")
_REACH = 90
"""Characters after an instrument's name within which its total stands."""


class ScoreSighting(NamedTuple):
    """Words `first` to `last` say what the score is."""

    kind: Literal["states", "contradicts", "apart"]
    first: int
    last: int
    why: str


def score_concepts(fact: Fact) -> frozenset[str]:
    """Concepts that the fact holds: the screening of a total, symptoms of an item above 0."""
    scored = load_questionnaires().scored().get(fact.concept)
    if scored is None:
        return frozenset()
    if scored.item is None:
        return frozenset({scored.instrument.test})
    if fact.value in (None, "0"):
        return frozenset()
    return frozenset(scored.item.concepts)


def score_sightings(fact: Fact, reading: Reading) -> Iterator[ScoreSighting]:
    """Every place that says the item's frequency, or the total."""
    scored = load_questionnaires().scored().get(fact.concept)
    if scored is None or fact.value is None or not fact.value.isdigit():
        return
    if scored.item is None:
        yield from _totals(scored.instrument, int(fact.value), reading)
    else:
        yield from _answers(fact, scored.item, int(fact.value), reading)


# ------------------------------------------------------------------ items


def _answers(fact: Fact, item: Item, score: int, reading: Reading) -> Iterator[ScoreSighting]:
    rules = load_phrase_rules()
    seen: set[int] = set()
    for name in dict.fromkeys((fact.name, item.name, *item.wordings)):
        phrase = phrase_of(name, rules)
        if phrase is None:
            continue
        for hit in find_phrase(phrase, reading, least=_TOPIC_COVERAGE, slack=_SLACK):
            if hit.sentence in seen or _of_another(item, hit.sentence, hit.coverage, reading):
                continue
            seen.add(hit.sentence)
            said = _often_after(hit.first, hit.last, hit.sentence, reading)
            if said is None:
                yield ScoreSighting("apart", hit.first, hit.last, "asked without an answer")
                continue
            level, first, last = said
            often = load_questionnaires().answers[level].often
            if level == score:
                yield ScoreSighting("states", first, last, f"{often}: {level}, as the case has it")
            else:
                yield ScoreSighting(
                    "contradicts", first, last, f"{often} is {level}, and the score is {score}"
                )


_SLACK = 6


def _of_another(item: Item, sentence: int, coverage: float, reading: Reading) -> bool:
    """Whether the sentence names another item of a questionnaire better."""
    if coverage >= 1:
        return False
    rules = load_phrase_rules()
    for other in _items():
        if other is item or other.name == item.name:
            continue
        phrase = phrase_of(other.name, rules)
        hits = find_phrase(phrase, reading, least=coverage, slack=_SLACK) if phrase else []
        if any(h.sentence == sentence and h.coverage > coverage for h in hits):
            return True
    return False


@lru_cache(maxsize=1)
def _items() -> tuple[Item, ...]:
    return tuple(i for known in load_questionnaires().instruments for i in known.items)


def _often_after(
    first: int, last: int, sentence: int, reading: Reading
) -> tuple[int, int, int] | None:
    """The answer's score with its words: after the topic, in the reply, or before the topic."""
    place = reading.sentences[sentence]
    if place.turn is not None and reading.role_of(sentence) in _ASKERS:
        return _in_reply(place.turn, reading)
    after = _frequency(last + 1, place.last, reading)
    return after if after is not None else _frequency(place.first, first - 1, reading)


def _in_reply(turn: int, reading: Reading) -> tuple[int, int, int] | None:
    """How often, in what answers a clinician's turn."""
    for reply in replies_to(turn, reading.turns):
        said = [s for s in reading.sentences if s.turn == reply]
        if said:
            found = _frequency(said[0].first, said[-1].last, reading)
            found = found if found is not None else _plain_no(said[0].first, reading)
            if found is not None:
                return found
    return None


_ASKERS = frozenset({"doctor", "nurse"})


def _frequency(first: int, last: int, reading: Reading) -> tuple[int, int, int] | None:
    """The first wording of a frequency among the words, the longest where several begin."""
    words = reading.tokens.words
    for i in range(first, last + 1):
        for wording, level in _frequencies():
            size = len(wording)
            if i + size - 1 <= last and tuple(words[i : i + size]) == wording:
                if level and i > first and words[i - 1] == "not":
                    break  # "not every day" says neither
                return level, i, i + size - 1
    return None


@lru_cache(maxsize=1)
def _frequencies() -> tuple[tuple[tuple[str, ...], int], ...]:
    """Wordings as words with their score, longest first."""
    found = [
        (tuple(text.split()), level)
        for level, answer in enumerate(load_questionnaires().answers)
        for text in (answer.often, *answer.wordings)
    ]
    return tuple(sorted(found, key=lambda f: -len(f[0])))


def _plain_no(first: int, reading: Reading) -> tuple[int, int, int] | None:
    return (0, first, first) if reading.tokens.words[first] in ("no", "none") else None


# ------------------------------------------------------------------ totals


def _totals(instrument: Instrument, total: int, reading: Reading) -> Iterator[ScoreSighting]:
    text = reading.tokens.folded
    letters, _, digits = instrument.name.lower().partition("-")
    for named in re.finditer(rf"\b{letters}[- ]?{digits}\b", text):
        end = _sentence_end(named.end(), reading)
        another = _INSTRUMENT.search(text, named.end(), end)
        end = another.start() if another else end
        found = _number_after(instrument, text, named.end(), min(end, named.end() + _REACH))
        before = _BEFORE.search(text, max(0, named.start() - 24), named.start())
        if before is not None:
            number, start, stop = int(before.group(1)), before.start(1), named.end()
        elif found is not None:
            number, start, stop = found[0], named.start(), found[1]
        else:
            continue
        first, last = _words(start, stop, reading)
        if number != total:
            why = f"{number}, and the total is {total}"
            yield ScoreSighting("contradicts", first, last, why)
            continue
        band = _band(instrument, text[stop:end])
        if band is not None and band != instrument.band(total):
            why = f"{band}, and {total} is {instrument.band(total)}"
            yield ScoreSighting("contradicts", first, last, why)
        else:
            yield ScoreSighting("states", first, last, f"{total}, as the case has it")


_INSTRUMENT = re.compile(r"\b(?:phq|gad)\b")


def _number_after(
    instrument: Instrument, text: str, start: int, end: int
) -> tuple[int, int] | None:
    """The first number that is not the maximum ("out of 27"), and where it ends."""
    for match in _NUMBER.finditer(text, start, end):
        number, before = int(match.group(1)), text[max(start, match.start() - 8) : match.start()]
        highest = number == instrument.highest and _OF.search(before)
        if not highest and not _OUT_OF.search(before):
            return number, match.end()
    return None


def _band(instrument: Instrument, rest: str) -> str | None:
    """The first band that is named."""
    places = [
        (place, -len(name), name)
        for _, name in instrument.bands
        if (place := rest.find(name)) >= 0
    ]  # fmt: skip
    return min(places)[2] if places else None


def _sentence_end(place: int, reading: Reading) -> int:
    word = max(bisect_right(reading.tokens.starts, place) - 1, 0)
    index = reading.sentence_at(word)
    if index < 0:
        return place + _REACH
    return reading.tokens.ends[reading.sentences[index].last]


def _words(start: int, end: int, reading: Reading) -> tuple[int, int]:
    starts: Sequence[int] = reading.tokens.starts
    first = bisect_right(starts, start) - 1
    return first, max(first, bisect_left(starts, end) - 1)
