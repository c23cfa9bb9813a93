"""Onsets of symptoms in words, roughly placed in time, so that those of one case agree."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Onset", "agree", "draw_onset"]

_UNITS = (
    ("minute", 1 / 1440), ("hour", 1 / 24), ("night", 0.5), ("morning", 0.5), ("evening", 0.5),
    ("today", 0.5), ("yesterday", 1.0), ("day", 1.0), ("week", 7.0), ("month", 30.0),
    ("season", 90.0), ("year", 365.0), ("decade", 3650.0),
)  # fmt: skip
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "couple": 2, "few": 3, "several": 4,
    "past": 1, "last": 1, "half": 0.5,
}  # fmt: skip
_PHRASE = re.compile(
    r"(?:\b(\d+|" + "|".join(_NUMBERS) + r")\b[ -](?:of )?(?:to \w+ )?)?\b("
    + "|".join(unit for unit, _ in _UNITS) + r")s?\b"
)  # fmt: skip
_LONG = re.compile(r"\b(?:childhood|lifelong|since birth|long-?standing|chronic)", re.IGNORECASE)
_APART = 8.0
"""How many times longer one onset may lie back than another of one illness. Three days and
three weeks agree, this morning and last month do not: a choice of ours."""


@dataclass(frozen=True, slots=True)
class Onset:
    """A phrase ("over the past week"), and how many days it lies back; None if it does not say."""

    text: str
    days: float | None

    @classmethod
    def read(cls, text: str) -> Onset:
        """Place a phrase in time."""
        lowered = text.lower()
        if _LONG.search(lowered):
            return cls(text, 3650.0)
        match = _PHRASE.search(lowered)
        if match is None:
            return cls(text, None)
        count = match[1] or "one"
        number = float(count) if count.isdigit() else float(_NUMBERS[count])
        plural = match[1] is None and lowered[match.end(2) : match.end(2) + 1] == "s"
        return cls(text, (3.0 if plural else number) * dict(_UNITS)[match[2]])

    def within(self, lived: float) -> bool:
        """Whether it lies within a life of so many days."""
        return self.days is None or self.days <= lived or bool(_LONG.search(self.text))

    def told_with(self, symptoms: str) -> bool:
        """Whether an onset that leans on another symptom ("with the pain") can be told.

        Args:
            symptoms: the names of all that are told.
        """
        match = _LEANS.search(self.text)
        return match is None or match[1] in symptoms


_LEANS = re.compile(
    r"\bthe (pain|cough|fever|rash|headache|vomiting|nausea|diarrhea|swelling|bleeding|dyspnea)\b"
)


def agree(onset: Onset, days: float | None) -> bool:
    """Whether an onset can be told of an illness that began so many days ago."""
    if onset.days is None or days is None:
        return True
    longer, shorter = max(onset.days, days), min(onset.days, days)
    # What began within the last half day is all of one time.
    return longer <= max(shorter, 0.5) * _APART


def draw_onset(onsets: Sequence[Onset], days: float | None, rng: random.Random) -> Onset | None:
    """One of the onsets that agree with the illness's; None where none does."""
    fitting = [o for o in onsets if agree(o, days)]
    return fitting[int(rng.random() * len(fitting))] if fitting else None
