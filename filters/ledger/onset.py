"""Since when: does the time said with a symptom agree with its onset in the case?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from casewright.filters.ledger.judge import Sighting
from casewright.filters.ledger.normalise import word_list, word_set, words_of
from casewright.filters.ledger.reading import Reading
from casewright.filters.ledger.wants import Want

__all__ = ["Period", "periods", "with_onset"]

_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0, "week": 168.0, "month": 730.0, "year": 8766.0}
_UNITS = {
    **{form: unit for unit in _HOURS for form in (unit, f"{unit}s", f"{unit}s'")},
    **dict.fromkeys(("hr", "hrs", "h"), "hour"),
    **dict.fromkeys(("min", "mins"), "minute"),
    "d": "day",
    **dict.fromkeys(("wk", "wks"), "week"),
    **dict.fromkeys(("mo", "mos", "mth", "mths"), "month"),
    **dict.fromkeys(("yr", "yrs"), "year"),
}
_COUNTS: dict[str, tuple[float, float]] = {
    **{
        word: (float(n), float(n))
        for n, word in enumerate(
            word_list("one two three four five six seven eight nine ten eleven twelve"), start=1
        )
    },
    "a": (1, 1), "an": (1, 1), "fourteen": (14, 14), "couple": (2, 3), "few": (2, 5),
    "several": (3, 9), "half": (0.5, 0.5),
}  # fmt: skip
# "3/7" is three days in British notes, "/52" weeks, "/12" months.
_FRACTIONS = {"7": "day", "52": "week", "12": "month"}
_SPANNING = word_set("past last previous this")
_NAMED: dict[str, tuple[float, float]] = {"yesterday": (12, 40), "overnight": (4, 20)}
_BEFORE = word_set("for over past last previous since x began started of within about around")
_AFTER = word_set("ago history hx h/o duration earlier prior before now long")
# Such a time is no onset: a dose, an age, a spell, what is to come.
_OTHER = word_set(
    "every each per in lasting lasts lasted age aged after follow-up within until another next"
)
_SLACK = 1.4  # "five days" of a text is "about a week" of a case


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in words `first` to `last`: between `low` and `high` hours."""

    first: int
    last: int
    low: float
    high: float

    def agrees(self, other: Period) -> bool:
        """Whether both may mean the same onset."""
        return self.low <= other.high * _SLACK and other.low <= self.high * _SLACK


def periods(words: Sequence[str], first: int, last: int) -> Iterator[Period]:
    """The lengths of time among the words, written or spoken, with their place."""
    i = first
    while i <= last:
        found = _period_at(words, i, last)
        if found is None:
            i += 1
            continue
        yield found
        i = found.last + 1


def _period_at(words: Sequence[str], i: int, last: int) -> Period | None:
    word = words[i]
    if word in _NAMED:
        return Period(i, i, *_NAMED[word])
    if word in ("this", "last") and i < last and words[i + 1] in ("morning", "night", "evening"):
        return Period(i, i + 1, 0.5, 30)
    if word in _SPANNING and i < last and words[i + 1] in _UNITS and word != "this":
        hours = _HOURS[_UNITS[words[i + 1]]]
        return Period(i, i + 1, hours * 0.8, hours)
    count = _count(word)
    if count is None:
        return None
    if i + 2 <= last and words[i + 1] == "/" and words[i + 2] in _FRACTIONS and word.isdigit():
        hours = _HOURS[_FRACTIONS[words[i + 2]]]
        return Period(i, i + 2, count[0] * hours, count[1] * hours)
    j = i + 1
    if j < last and words[j] in ("to", "-", "or") and (high := _count(words[j + 1])) is not None:
        count, j = (count[0], high[1]), j + 2
    while j <= last and words[j] in ("-", "couple", "few", "of", "full", "or"):
        count = _COUNTS.get(words[j], count)
        j += 1
    if j > last or words[j] not in _UNITS:
        return None
    hours = _HOURS[_UNITS[words[j]]]
    return Period(i, j, count[0] * hours, count[1] * hours)


def _count(word: str) -> tuple[float, float] | None:
    if word in _COUNTS:
        return _COUNTS[word]
    return (float(word), float(word)) if word.isdigit() and len(word) < 4 else None


@lru_cache(maxsize=4096)
def _onset_of(text: str) -> Period | None:
    """The one length of time in an onset ("gradually over one week"); None without one."""
    words = words_of(text)
    found = list(periods(words, 0, len(words) - 1))
    return found[0] if len(found) == 1 else None


def with_onset(
    wants: Sequence[Want], sightings: Sequence[list[Sighting]], reading: Reading
) -> list[list[Sighting]]:
    """Turn a statement with another onset than the case's into a contradiction.

    A time counts where it stands as an onset ("for three days", "3-day history", "two weeks
    ago") in the sentence of the symptom, alone, and agrees with no fact's onset.
    """
    onsets = [_onset_of(want.fact.attribute("onset") or "") for want in wants]
    known = [o for o in onsets if o is not None]
    known += [d for w in wants if (d := _onset_of(w.fact.attribute("duration") or "")) is not None]
    if not known:
        return list(sightings)
    return [
        seen if onset is None else [_judged(s, onset, known, want, reading) for s in seen]
        for want, onset, seen in zip(wants, onsets, sightings, strict=True)
    ]


def _judged(
    sighting: Sighting, onset: Period, known: Sequence[Period], want: Want, reading: Reading
) -> Sighting:
    if sighting.kind != "states" or want.fact.type not in ("symptom", "finding"):
        return sighting
    said = _said_with(sighting, reading)
    if said is None or any(said.agrees(other) for other in (onset, *known)):
        return sighting
    written = reading.tokens.surface(said.first, said.last)
    first, last = min(sighting.first, said.first), max(sighting.last, said.last)
    why = f"began {written} in the text, {want.fact.attribute('onset')} in the case"
    return replace(sighting, kind="contradicts", first=first, last=last, why=why)


def _said_with(sighting: Sighting, reading: Reading) -> Period | None:
    """The onset in the sentence of a symptom, where there is one only."""
    index = reading.sentence_at(sighting.first)
    if index < 0:
        return None
    sentence = reading.sentences[index]
    words = reading.tokens.words
    if sentence.last - sentence.first > _LONG_SENTENCE:
        return None
    drugs = any(
        e.type == "Medication" for m in reading.by_sentence.get(index, ()) for e in m.entries
    )
    if drugs or sentence.section in ("instructions", "plan"):
        return None
    found = [
        p for p in periods(words, sentence.first, sentence.last)
        if _is_onset(words, p, sentence.first, sentence.last)
    ]  # fmt: skip
    if len(found) != 1:
        return None
    # "cough, with a ten-year history of smoking"
    told = {"history", "hx", "h/o"} & set(words[found[0].last + 1 : found[0].last + 3])
    return None if told and sighting.first < found[0].first else found[0]


_LONG_SENTENCE = 45


def _is_onset(words: Sequence[str], period: Period, first: int, last: int) -> bool:
    before = words[max(first, period.first - 3) : period.first]
    after = words[period.last + 1 : min(last + 1, period.last + 3)]
    aged = "old" in after or {"of", "age"} <= set(after)
    if aged or not _OTHER.isdisjoint(before[-2:]):
        return False
    named = words[period.first] in (*_NAMED, "this", "last")
    return named or not _BEFORE.isdisjoint(before) or not _AFTER.isdisjoint(after)
