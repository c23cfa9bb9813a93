"""One fact against one reading: every place that states it, contradicts it or comes near."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from casewright.filters.ledger.bindings import Bindings
from casewright.filters.ledger.lexicon import Entry
from casewright.filters.ledger.numbers import Quantity
from casewright.filters.ledger.phrases import (
    Hit,
    Phrase,
    content_words,
    count_separators,
    find_phrase,
    load_phrase_rules,
)
from casewright.filters.ledger.reading import Mention, Reading
from casewright.filters.ledger.relation import relate
from casewright.filters.ledger.scores import score_sightings
from casewright.filters.ledger.sides import side_near
from casewright.filters.ledger.values import is_aim, judge_dose, judge_value, stopped
from casewright.filters.ledger.wants import Want
from casewright.kg.graph import NodeType
from casewright.records import Fact, FactStatus, FactType, Status

__all__ = ["LOOSE", "Sighting", "judge", "sightings_of"]

_DISEASES: frozenset[FactType] = frozenset({"diagnosis", "comorbidity", "family_history"})
LOOSE: frozenset[FactType] = frozenset({"course", "disposition", "follow_up"})
_LOOSE_COVERAGE = 0.6
_LOOSE_SLACK = 6
_RESULT_COVERAGE = 0.8
_NAME_SLACK = 2
_SOCIAL_COVERAGE = 0.75


@dataclass(frozen=True, slots=True)
class Sighting:
    """Words `first` to `last` bear on the fact; `mention` where a concept's name is among them."""

    kind: Literal["states", "contradicts", "apart"]
    first: int
    last: int
    why: str
    mention: Mention | None = None


def judge(want: Want, reading: Reading, sightings: Sequence[Sighting]) -> FactStatus:
    """Fold the sightings of a fact into its status."""
    fact = want.fact
    contradicting = [s for s in sightings if s.kind == "contradicts"]
    stating = [s for s in sightings if s.kind == "states"]
    status: Status
    if fact.duty == "must_not":
        shown, status = stating, "forbidden" if stating else "missing"
    elif contradicting:
        shown, status = contradicting, "contradicted"
    elif stating:
        shown, status = stating, "stated"
    else:
        shown, status = [], "missing"
    spans = tuple(dict.fromkeys(reading.span(s.first, s.last) for s in shown))
    return FactStatus(fact.fact_id, status, spans, _why(want, status, shown, sightings, reading))


def _why(
    want: Want,
    status: Status,
    shown: Sequence[Sighting],
    sightings: Sequence[Sighting],
    reading: Reading,
) -> str:
    fact = want.fact
    if shown:
        place = shown[0]
        quoted = reading.tokens.surface(place.first, place.last)
        lead = "must not be mentioned, but " if status == "forbidden" else ""
        more = f", and {len(shown) - 1} more" if len(shown) > 1 else ""
        return f'{lead}"{quoted}": {place.why}{more}'
    near = next((s for s in sightings if s.kind == "apart"), None)
    if near is not None:
        return f'"{reading.tokens.surface(near.first, near.last)}": {near.why}'
    return f"no wording of {_describe(fact)} found"


def _describe(fact: Fact) -> str:
    value = f" {fact.value} {fact.unit or ''}".rstrip() if fact.value else ""
    polarity = "" if fact.polarity == "present" else f" ({fact.polarity})"
    return f'"{fact.name}{value}"{polarity}'


def sightings_of(want: Want, reading: Reading, bindings: Bindings) -> list[Sighting]:
    """Everything in the text that bears on the fact, in text order."""
    fact = want.fact
    if fact.type == "score":
        found = [Sighting(*seen) for seen in score_sightings(fact, reading)]
    elif fact.type in LOOSE:
        found = list(_loose(want, reading, _LOOSE_COVERAGE))
    elif fact.type in ("vital", "lab"):
        found = list(_measured(want, reading, bindings))
    elif fact.type == "medication":
        found = list(_medicated(want, reading, bindings))
    elif want.result is not None and fact.type in ("test", "procedure", "lab"):
        found = list(_tested(want, reading))
    else:
        found = list(_social(want, reading) if fact.type == "social" else _named(want, reading))
    return _outermost(found)


def _outermost(found: list[Sighting]) -> list[Sighting]:
    """In text order, without a sighting that lies inside another of the same kind."""
    kept: list[Sighting] = []
    for sighting in sorted(found, key=lambda s: (s.first, -s.last)):
        if not any(k.kind == sighting.kind and k.last >= sighting.last for k in kept[-2:]):
            kept.append(sighting)
    return kept


# -- concepts by name


def _mentions_of(want: Want, reading: Reading) -> Iterator[Mention]:
    """Mentions by the lexicon, then of wordings that only the fact knows."""
    seen: set[int] = set()
    for mention in reading.mentions_of(want.ids):
        if _means_something_else(want, mention, reading):
            continue
        seen.update(range(mention.first, mention.last + 1))
        yield mention
    for mention in _literal_mentions(want, reading):
        if mention.first not in seen:
            seen.update(range(mention.first, mention.last + 1))
            yield mention
    for mention in _phrase_mentions(want, reading, seen):
        if mention.first not in seen and mention.last not in seen:
            yield mention


def named_measures(want: Want, reading: Reading) -> Iterator[Mention]:
    """Where a lab, vital sign or drug is named by words that the lexicon does not hold."""
    node = _MEASURED.get(want.fact.type)
    if node is None or reading.mentions_of(want.ids):
        return
    entry = Entry(want.fact.concept, node, "preferred", tuple(want.fact.name.split()))
    for mention in _mentions_of(want, reading):
        yield replace(mention, entries=(entry,))


_MEASURED: dict[FactType, NodeType] = {
    "lab": "LabTest", "vital": "VitalSign", "medication": "Medication",
}  # fmt: skip


def _means_something_else(want: Want, mention: Mention, reading: Reading) -> bool:
    """A nested name may be part of a longer one that means another condition."""
    if mention.maximal:
        return False
    longer = reading.longer.get((mention.first, mention.last))
    if longer is None:
        return False
    if any(e.type == "Medication" for e in longer.entries):
        return not any(e.concept in want.ids for e in longer.entries)
    conditions = any(e.type == "Condition" for e in longer.entries)
    if conditions and want.fact.type in _DISEASES:
        return not _qualified(want, longer)
    if any(e.negated for e in longer.entries):
        return False
    if not _JOINING.isdisjoint(reading.tokens.words[longer.first : longer.last]):
        return False  # "no nausea and vomiting" denies both
    # "denies productive cough" does not deny a cough
    return mention.assertion.polarity == "denied"


# "Vision screening found reduced acuity" names no reduced vision.
_RESULT_VERBS = frozenset(
    {"found", "showed", "shows", "revealed", "reveals", "demonstrated", "demonstrates", "was", "is"}
)
_MOST, _LONG_NAME = 0.75, 4
_JOINING = frozenset({"and", "or"})


def _qualified(want: Want, longer: Mention) -> bool:
    """Whether the longer name is the same category of disease, only told in more detail."""
    own = {i.removeprefix("icd:").partition(".")[0] for i in want.ids if i.startswith("icd:")}
    other = {e.concept.removeprefix("icd:").partition(".")[0] for e in longer.entries}
    return bool(own & other)


def _literal_mentions(want: Want, reading: Reading) -> Iterator[Mention]:
    if not want.literals:
        return
    stems, kept = reading.plain_stems()
    for literal in want.literals:
        size = len(literal)
        for word in reading.stem_places.get(literal[0], ()):
            i = bisect_left(kept, word)
            if tuple(stems[i : i + size]) == literal:
                yield _mention_at(reading, kept[i], kept[i + size - 1])


def _phrase_mentions(want: Want, reading: Reading, seen: set[int]) -> Iterator[Mention]:
    for phrase in want.phrases:
        if len(phrase.keys) < 2:
            continue
        least = _MOST if want.fact.type == "finding" and len(phrase.keys) >= _LONG_NAME else 1.0
        for hit in find_phrase(phrase, reading, least=least, slack=_NAME_SLACK, seen=seen):
            # Spread over more commas than it has, a name is put together from other names.
            between = reading.tokens.words[hit.first : hit.last]
            said = count_separators(between)
            told = len(phrase.keys) == 2 and not _RESULT_VERBS.isdisjoint(between)
            if said <= phrase.separators and not told:
                yield _mention_at(reading, hit.first, hit.last)


def _mention_at(reading: Reading, first: int, last: int) -> Mention:
    assertion = reading.assertion_at(first, last)
    return Mention(first, last, (), True, reading.sentence_at(first), assertion)


def _named(want: Want, reading: Reading) -> Iterator[Sighting]:
    for mention in _mentions_of(want, reading):
        yield _by_assertion(want, mention, reading)


def _by_assertion(want: Want, mention: Mention, reading: Reading) -> Sighting:
    kind, why = relate(want.fact, mention.assertion)
    if kind == "states" and want.side is not None:
        said = side_near(reading, mention)
        if said is not None and said != want.side and "both" not in (said, want.side):
            kind, why = "contradicts", f"{said} instead of {want.side}"
    return Sighting(kind, mention.first, mention.last, why, mention)


def _social(want: Want, reading: Reading) -> Iterator[Sighting]:
    """A habit: by name, by another habit of its topic, or by most of its words."""
    stated = False
    for sighting in _named(want, reading):
        mention = sighting.mention
        turn = want.denying and mention is not None and not mention.entries
        seen = _turned(sighting, mention) if turn and mention else sighting
        stated = stated or seen.kind == "states"
        yield seen
    for mention in reading.mentions_of(want.rivals):
        if any(words.issubset(want.words[0]) for words in _content(mention)):
            continue  # "is a recovering heavy drinker": part of the fact's own wording
        sighting = _by_rival(want, mention, reading)
        stated = stated or sighting.kind == "states"
        yield sighting
    if not stated:
        yield from _loose(want, reading, _SOCIAL_COVERAGE)


def _content(mention: Mention) -> Iterator[frozenset[str]]:
    for entry in mention.entries:
        yield content_words(" ".join(entry.words), load_phrase_rules())


def _turned(sighting: Sighting, mention: Mention) -> Sighting:
    """The words of "does not smoke", found without their "not"."""
    match mention.assertion.polarity:
        case "denied":
            return replace(sighting, kind="states", why="denied, as the case has it")
        case "historical" if mention.assertion.trigger.startswith("section"):
            return replace(sighting, kind="states", why="stated, under a heading of the past")
        case "present" if not _holds_negation(sighting.why):
            return sighting
        case _:
            return replace(sighting, kind="apart", why="said otherwise")


_ADVISING = frozenset({"to", "should", "will", "please", "must"})


def _by_rival(want: Want, mention: Mention, reading: Reading) -> Sighting:
    """ "A current smoker" against a patient who never smoked, and the other way round."""
    denied_habit = all(e.words[0] in ("no", "never", "non") for e in mention.entries)
    place = (mention.first, mention.last)
    if not mention.maximal:
        return Sighting("apart", *place, "part of another wording", mention)
    if mention.first > 0 and reading.tokens.words[mention.first - 1] in _ADVISING:
        return Sighting("apart", *place, "what the patient is to do", mention)
    if mention.assertion.polarity == "denied" and want.denying and not denied_habit:
        return Sighting("states", *place, "denied, as the case has it", mention)
    if mention.assertion.polarity == "present":
        return Sighting("contradicts", *place, "another habit than the case has", mention)
    return Sighting("apart", *place, "another habit", mention)


def _holds_negation(why: str) -> bool:
    return why.startswith("denied")


def _loose(want: Want, reading: Reading, least: float) -> Iterator[Sighting]:
    if want.fact.duty == "must_not":
        # Most of the words of an advice stand in many a sentence: only all of them tell it.
        least = 1.0
    for phrase in want.phrases[: 2 if want.fact.attribute("first") else 1]:
        for found in find_phrase(phrase, reading, least=least, slack=_LOOSE_SLACK):
            hit = _whole(found, phrase, reading)
            mention = _mention_at(reading, hit.first, hit.last)
            denied = mention.assertion.polarity == "denied"
            if want.denying and not denied and not _says_not(reading, hit.first, hit.last):
                continue
            clash = denied and want.fact.polarity == "present" and not want.denying
            clash = clash and _NEGATIONS.isdisjoint(phrase.text.lower().split())
            if clash and want.fact.type != "course":
                yield Sighting("contradicts", hit.first, hit.last, "denied", None)
            else:
                yield Sighting(
                    "states", hit.first, hit.last, f"{hit.coverage:.0%} of the wording", None
                )


def _whole(hit: Hit, phrase: Phrase, reading: Reading) -> Hit:
    """The hit with the "not" that the wording begins with, and the end of "follow-up"."""
    words, first, last = reading.tokens.words, hit.first, hit.last
    if phrase.text.lower().startswith("not ") and first > 0 and words[first - 1] == "not":
        first -= 1
    if words[last + 1 : last + 3] == ["-", "up"]:
        last += 2
    return replace(hit, first=first, last=last)


def _says_not(reading: Reading, first: int, last: int) -> bool:
    words = reading.tokens.words[max(0, first - 3) : last + 1]
    return not _NEGATIONS.isdisjoint(words)


_NEGATIONS = frozenset({"no", "not", "never", "n't", "don't", "doesn't", "without", "nor"})


# -- results


def _tested(want: Want, reading: Reading) -> Iterator[Sighting]:
    """A test with its result in the same sentence or the next one."""
    result = want.result
    if result is None:
        return
    hits = find_phrase(result, reading, least=_RESULT_COVERAGE)
    for mention in _mentions_of(want, reading):
        near = next((h for h in hits if 0 <= h.sentence - mention.sentence <= 1), None)
        before = next((h for h in hits if h.sentence == mention.sentence), None)
        hit = before or near
        if hit is None:
            yield Sighting(
                "apart", mention.first, mention.last, "named without its result", mention
            )
            continue
        first, last = min(mention.first, hit.first), max(mention.last, hit.last)
        if _result_denied(reading, hit.first, hit.last, result.text):
            yield Sighting("contradicts", first, last, "the result is denied", mention)
        elif (clash := _side_clash(reading, hit.first, hit.last, result.text)) is not None:
            yield Sighting("contradicts", first, last, clash, mention)
        else:
            why = f"named with its result ({hit.coverage:.0%} of its words)"
            yield Sighting("states", first, last, why, mention)


def _result_denied(reading: Reading, first: int, last: int, result: str) -> bool:
    denied = any(
        w in result.lower().split() for w in ("no", "not", "without", "negative", "normal")
    )
    return not denied and reading.assertion_at(first, last).polarity == "denied"


def _side_clash(reading: Reading, first: int, last: int, result: str) -> str | None:
    wanted = set(result.lower().replace("-", " ").split()) & {"left", "right"}
    said = set(reading.tokens.words[max(0, first - 2) : last + 3]) & {"left", "right"}
    if len(wanted) == 1 and said and not wanted & said:
        return f"{said.pop()} instead of {wanted.pop()}"
    return None


# -- values


def _measured(want: Want, reading: Reading, bindings: Bindings) -> Iterator[Sighting]:
    stated = False
    for mention in _mentions_of(want, reading):
        numbers = bindings.of(mention)
        kind, last, why = judge_value(want, mention, numbers, reading)
        stated = stated or kind == "states"
        first = (
            min([mention.first, *(q.first for q in numbers)]) if kind != "apart" else mention.first
        )
        yield Sighting(kind, first, max(mention.last, last), why, mention)
    for quantity in bindings.unnamed:
        said = bindings.says_value_of(quantity, want)
        place = (quantity.first, quantity.last)
        if said is False and stated and quantity.dimension == "rate":
            continue  # the heart rate of the fetus
        if said:
            yield Sighting("states", *place, "the value with its unit")
        elif said is False and not _is_hypothetical(reading, quantity):
            written = f"{want.fact.value} {want.fact.unit or ''}".rstrip()
            yield Sighting("contradicts", *place, f"instead of {written}")


def _is_hypothetical(reading: Reading, quantity: Quantity) -> bool:
    said = reading.assertion_at(quantity.first, quantity.last)
    return said.polarity in ("hypothetical", "family") or is_aim(quantity, reading)


def _medicated(want: Want, reading: Reading, bindings: Bindings) -> Iterator[Sighting]:
    for mention in _mentions_of(want, reading):
        sighting = _by_assertion(want, mention, reading)
        if sighting.kind != "states" or want.fact.polarity != "present":
            yield sighting
            continue
        if (stop := stopped(mention, reading)) is not None and not _stopping(want):
            first, last = min(stop, mention.first), max(stop, mention.last)
            yield Sighting("contradicts", first, last, "the drug was stopped", mention)
            continue
        kind, first, last, why = judge_dose(want, mention, bindings.of(mention), reading)
        yield Sighting(kind, first, last, why, mention)


def _stopping(want: Want) -> bool:
    return want.fact.attribute("course") in ("stopped", "held")
