"""Where a document can have a slip, and which: typos, mishearings, sides, units.

Every kind draws the same numbers for each place whatever its rate, so that a higher rate has the
slips of a lower one and more.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from casewright.filters.noise.tables import Tables, words_of_number
from casewright.records import Draft, Fact, Span

__all__ = ["SLIPS", "Found", "Page"]

_WORD = re.compile(r"[^\W\d_]{4,}(?:['’][a-z]+)?")
_NUMBER = re.compile(r"(?<![\w./-])\d+(?:\.\d+)?(?:/\d+)?(?![\w/]|[.,]\d|-\d)")
_MARK = re.compile(r"[.,;:?!](?=\s|$)")
_SIDE = re.compile(r"\b(?:left|right)\b", re.IGNORECASE)
_OTHER_SIDE = {"left": "right", "right": "left"}
_TEEN = re.compile(r"(?<![\w./-])(?:1[3-9]|[3-9]0)(?![\w./]|-\d)")
_LABEL = re.compile(r"^(?:[^\W\d][^\n:]{0,40}:)(?=\s|$)", re.MULTILINE)
_NEAR = 60
"""Characters within which a side belongs to the statement beside it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A slip that could be: characters `start` to `end` become `text`.

    `chance` is its draw in [0, 1): it is made where the rate is higher.
    """

    kind: str
    start: int
    end: int
    text: str
    chance: float
    fact_id: str | None = None
    untrue: bool = False


@dataclass(frozen=True)
class Page:
    """A document as noise sees it."""

    draft: Draft
    tables: Tables

    @property
    def text(self) -> str:
        """The clean text."""
        return self.draft.text

    def closed(self) -> list[Span]:
        """What no slip touches: identifiers, headings and labels, what stands outside of turns."""
        spans = [Span(p.start, p.end) for p in self.draft.phi]
        if self.draft.turns:
            at = 0
            for turn in self.draft.turns:
                spans.append(Span(at, turn.start))
                at = turn.end
            spans.append(Span(at, len(self.text)))
        else:
            spans += [Span(m.start(), m.end()) for m in _LABEL.finditer(self.text)]
        return spans

    def stating(self, start: int, end: int, *types: str) -> Fact | None:
        """The fact whose statement overlaps a stretch, of some types or of any."""
        for fact, status in self._stated():
            if types and fact.type not in types:
                continue
            if any(s.start < end and start < s.end for s in status):
                return fact
        return None

    def _stated(self) -> Iterator[tuple[Fact, Sequence[Span]]]:
        by_id = {f.fact_id: f for f in self.draft.facts}
        for status in self.draft.ledger.facts:
            if status.status in ("stated", "forbidden"):
                yield by_id[status.fact_id], status.spans

    def sided(self, start: int, end: int, side: str) -> Fact | None:
        """The fact of that side in whose sentence, close by, the word stands."""
        for fact, spans in self._stated():
            told = " ".join([fact.name, *(v for _, v in fact.attributes)]).lower()
            if not re.search(rf"\b{side}\b", told):
                continue
            for s in spans:
                first, last = min(s.start, start), max(s.end, end)
                between = self.text[min(s.end, end) : max(s.start, start)]
                apart = s.end <= start or end <= s.start
                if last - first <= _NEAR + (s.end - s.start) and not (
                    apart and re.search(r"[.?!\n]", between)
                ):
                    return fact
        return None


def _typos(page: Page, rng: random.Random) -> Iterator[Found]:
    """A key beside the right one, two letters exchanged, a letter lost; the first letter stays."""
    for match in _WORD.finditer(page.text):
        chance, how, where, which = (rng.random() for _ in range(4))
        word = match[0]
        if word.lower() in page.tables.kept or word.isupper():
            continue
        at = 1 + int(where * (len(word) - 2))
        if how < 1 / 3:
            near = page.tables.neighbours.get(word[at].lower(), "")
            new = word[:at] + (near[int(which * len(near))] if near else "") + word[at + 1 :]
        elif how < 2 / 3:
            new = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        else:
            new = word[:at] + word[at + 1 :]
        if new != word:
            fact = page.stating(match.start(), match.end())
            yield Found("typo", match.start(), match.end(), new, chance, _id(fact))


def _homophones(page: Page, rng: random.Random) -> Iterator[Found]:
    for match in page.tables.homophone.finditer(page.text):
        chance = rng.random()
        written, differs = page.tables.homophones[match[0].lower()]
        new = written[0].upper() + written[1:] if match[0][0].isupper() else written
        fact = page.stating(match.start(), match.end())
        untrue = differs and fact is not None
        yield Found("homophone", match.start(), match.end(), new, chance, _id(fact), untrue)


def _punctuation(page: Page, rng: random.Random) -> Iterator[Found]:
    """A mark lost, and the capital after it."""
    for match in _MARK.finditer(page.text):
        chance = rng.random()
        yield Found("punctuation", match.start(), match.end(), "", chance)
        capital = re.compile(r"\s+([A-Z])(?=[a-z])").match(page.text, match.end())
        if match[0] in ".?!" and capital and "\n" not in capital[0]:
            at = capital.start(1)
            yield Found("punctuation", at, at + 1, capital[1].lower(), chance)


def _misheard(page: Page, rng: random.Random) -> Iterator[Found]:
    """Another drug of like sound; fifteen for fifty."""
    for match in page.tables.drug.finditer(page.text):
        chance, which = rng.random(), rng.random()
        others = page.tables.drugs[match[0].lower()]
        new = others[int(which * len(others))]
        new = new.capitalize() if match[0][0].isupper() else new
        fact = page.stating(match.start(), match.end(), "medication", "allergy")
        if fact is not None:
            yield Found("misheard", match.start(), match.end(), new, chance, fact.fact_id, True)
    for match in _TEEN.finditer(page.text):
        chance = rng.random()
        value = int(match[0])
        new = str((value - 10) * 10 if value < 20 else value // 10 + 10)
        fact = page.stating(match.start(), match.end())
        if fact is not None and fact.value is not None and match[0] in fact.value:
            yield Found("misheard", match.start(), match.end(), new, chance, fact.fact_id, True)


def _spoken_numbers(page: Page, rng: random.Random) -> Iterator[Found]:
    n = page.tables.numbers
    for match in _NUMBER.finditer(page.text):
        chance = rng.random()
        said = [words_of_number(part, n) for part in match[0].split("/")]
        if None in said:
            continue
        new = f" {n.over} ".join(s for s in said if s)
        fact = page.stating(match.start(), match.end())
        yield Found("spoken_number", match.start(), match.end(), new, chance, _id(fact))


def _laterality(page: Page, rng: random.Random) -> Iterator[Found]:
    """The other side, only where a fact has a side: nobody "right the hospital"."""
    for match in _SIDE.finditer(page.text):
        chance = rng.random()
        side = match[0].lower()
        fact = page.sided(match.start(), match.end(), side)
        if fact is None:
            continue
        new = _OTHER_SIDE[side]
        new = new.capitalize() if match[0][0].isupper() else new
        yield Found("laterality", match.start(), match.end(), new, chance, fact.fact_id, True)


def _units(page: Page, rng: random.Random) -> Iterator[Found]:
    for match in page.tables.unit.finditer(page.text):
        chance, which = rng.random(), rng.random()
        others = page.tables.units[match["unit"]]
        start, end = match.span("unit")
        fact = page.stating(start, end, "medication", "lab", "vital")
        if fact is not None and fact.unit is not None and match["unit"] in fact.unit:
            new = others[int(which * len(others))]
            yield Found("unit", start, end, new, chance, fact.fact_id, True)


def _id(fact: Fact | None) -> str | None:
    return None if fact is None else fact.fact_id


SLIPS = {
    "laterality": _laterality,
    "units": _units,
    "misheard": _misheard,
    "spoken_numbers": _spoken_numbers,
    "homophones": _homophones,
    "typos": _typos,
    "punctuation": _punctuation,
}
"""By the name of the rate; where two would meet, the earlier one is made."""
