"""Numbers with their units, written or spoken, as they stand in a text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from casewright.filters.ledger.language import ENGLISH
from casewright.filters.ledger.normalise import Tokens
from casewright.filters.ledger.packaged import read_yaml
from casewright.filters.ledger.spoken import spoken_numbers

__all__ = ["Quantity", "Unit", "Units", "find_quantities", "load_units", "to_number"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A canonical unit, its dimension and its factor to the dimension's base."""

    name: str
    dimension: str
    factor: float


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of the text, words `first` to `last`, inclusive (its unit included).

    `second` is the number after a slash or "over" (148/92), `third` the one after that
    (25/100/200 mg), `high` the end of a range. `decimals` are the digits written after
    the point.
    """

    value: float
    decimals: int
    unit: Unit | None
    first: int
    last: int
    second: float | None = None
    high: float | None = None
    spoken: bool = False
    third: float | None = None

    @property
    def dimension(self) -> str | None:
        """Dimension of the unit, None without one."""
        return self.unit.dimension if self.unit else None


class Units:
    """units.yaml in memory."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.by_form: dict[str, Unit] = {}
        self.by_name: dict[str, Unit] = {}
        for dimension, units in raw["dimensions"].items():
            for name, spec in units.items():
                unit = Unit(str(name), str(dimension), float(spec["factor"]))
                self.by_name[unit.name.lower()] = unit
                for form in spec["forms"]:
                    self.by_form[str(form)] = unit
        self.clinical: frozenset[str] = frozenset(raw["clinical"])
        self.molar: dict[str, float] = {str(k): float(v) for k, v in raw["molar"].items()}
        forms = sorted(self.by_form, key=len, reverse=True)
        body = "|".join(re.escape(f).replace(r"\ ", r"[ ]+") for f in forms)
        self.pattern = re.compile(rf"[ ]?-?[ ]{{0,2}}({body})(?![a-z0-9])")

    def at(self, folded: str, position: int) -> tuple[Unit, int] | None:
        """The unit that follows `position`, and where it ends."""
        match = self.pattern.match(folded, position)
        if match is None:
            return None
        return self.by_form[re.sub(r" +", " ", match.group(1))], match.end()

    def named(self, name: str | None) -> Unit | None:
        """A unit as a fact writes it."""
        if not name:
            return None
        key = name.strip().lower().replace("µ", "u").replace("μ", "u")
        return self.by_name.get(key) or self.by_form.get(key)


@lru_cache(maxsize=8)
def load_units(language: str = ENGLISH) -> Units:
    """Read units.yaml, which is part of the package, and the language's spellings of them."""
    raw = read_yaml("units.yaml")
    if language != ENGLISH:
        for dimension, units in read_yaml(f"units.{language}.yaml").items():
            for name, forms in units.items():
                _add_forms(raw["dimensions"], dimension, name, forms)
    return Units(raw)


def _add_forms(
    dimensions: Mapping[str, Any], dimension: str, name: str, forms: Sequence[str]
) -> None:
    """Spellings of a language; what they meant in another ("lpm") they mean no more."""
    for units in dimensions.values():
        for spec in units.values():
            spec["forms"] = [f for f in spec["forms"] if f not in forms]
    dimensions[dimension][name]["forms"].extend(forms)


_NUMBER = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?|\d{1,3},\d{1,2}(?![\d,])|\d{1,9}(?:\.\d{1,6})?)(?!\d)|(?<![\w])\.\d{1,4}"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR = r"(?:,? (?:19|20)\d{2})?"
_DATE = re.compile(
    r"(?:\d{1,2}([/.-])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}-\d{1,2}-\d{1,2}"
    r"|\d{1,2}:\d{2}(?::\d{2})?|\d{3}[ .-]?\d{3}[.-]\d{4}|\d{3}\) ?\d{3}[.-]\d{4}"
    r"|\d{3}-\d{4}|\d{3}-\d{2}-\d{4})(?![\w/])"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}{_YEAR}(?!\d)"
)
_DAY_OF_MONTH = re.compile(rf"\d{{1,2}}(?:st|nd|rd|th)?{_YEAR}(?![\d/])")
_AFTER_MONTH = re.compile(rf"(?<![a-z]){_MONTH}\.? $")
_LONGEST_MONTH = 12
_SECOND = re.compile(
    r"[ ]?(?:/|over)[ ]?(\d{1,4}(?:\.\d{1,4})?)(?:/(\d{1,4}(?:\.\d{1,4})?))?(?![\d/]|\.\d)"
)
_RANGE = re.compile(r"[ ]?(?:-|to)[ ]?(\d{1,4}(?:\.\d{1,3})?)(?![\d/])")


def find_quantities(tokens: Tokens, units: Units) -> list[Quantity]:
    """All numbers that are no dates, times or telephone numbers, in text order."""
    found = [*_written(tokens, units), *_spoken(tokens, units)]
    found.sort(key=lambda q: q.first)
    return found


def _written(tokens: Tokens, units: Units) -> Iterator[Quantity]:
    folded = tokens.folded
    position = 0
    while (match := _NUMBER.search(folded, position)) is not None:
        start, end = match.span()
        date = _date_end(folded, start)
        if date is not None:
            position = date
            continue
        age = _AGE_AND_SEX.match(tokens.text, start)
        if age is not None and _is_age(folded, start, int(age.group(1))):
            position = age.end()
            continue
        quantity, position = _read_number(tokens, units, match.group(), start, end)
        yield quantity


_AGE_AND_SEX = re.compile(r"(\d{1,3})[MF](?![\w/])")
_WARM = re.compile(r"(?:temp\w*|t|tmax|fever|febrile|of|to|at)[ :=]*$")


def _is_age(folded: str, start: int, number: int) -> bool:
    """ "54F": an age with the letter of the sex; "T 101F" is a temperature."""
    if number >= _FEVERISH:
        return False
    return _WARM.search(folded[max(0, start - 14) : start]) is None


_FEVERISH = 95


def _date_end(folded: str, start: int) -> int | None:
    """Where the date, time or telephone number that begins with this number ends."""
    date = _DATE.match(folded, start)
    if date is not None and folded[start - 1 : start] != "/":
        return date.end()
    day = _DAY_OF_MONTH.match(folded, start)
    before = folded[max(0, start - _LONGEST_MONTH) : start]
    return day.end() if day is not None and _AFTER_MONTH.search(before) else None


def _spoken(tokens: Tokens, units: Units) -> Iterator[Quantity]:
    folded = tokens.folded
    for number in spoken_numbers(tokens.words):
        unit = units.at(folded, tokens.ends[number.last])
        last = number.last
        if unit is not None:
            last = max(last, bisect_left(tokens.starts, unit[1]) - 1)
        yield Quantity(
            number.value, number.decimals, unit[0] if unit else None, number.first, last,
            number.second, spoken=True,
        )  # fmt: skip


def _read_number(
    tokens: Tokens, units: Units, raw: str, start: int, end: int
) -> tuple[Quantity, int]:
    folded = tokens.folded
    value, decimals = to_number(raw)
    second: float | None = None
    high: float | None = None
    third: float | None = None
    if (pair := _SECOND.match(folded, end)) is not None and _is_pair(
        value, float(pair.group(1)), units.at(folded, pair.end())
    ):
        second, end = float(pair.group(1)), pair.end()
        third = float(pair.group(2)) if pair.group(2) else None
    elif (span := _RANGE.match(folded, end)) is not None and float(span.group(1)) > value:
        high, end = float(span.group(1)), span.end()
    unit = units.at(folded, end)
    if unit is not None:
        end = unit[1]
    first = max(0, bisect_left(tokens.starts, start + 1) - 1)
    last = max(first, bisect_left(tokens.starts, end) - 1)
    return (
        Quantity(
            value, decimals, unit[0] if unit else None, first, last, second, high, third=third
        ),
        max(end, start + 1),
    )


def _is_pair(value: float, second: float, unit: tuple[Unit, int] | None) -> bool:
    """A blood pressure (148/92) or the strengths of two drugs in one tablet (5/325 mg)."""
    if unit is not None and unit[0].dimension in ("mass", "pressure"):
        return True
    return value >= _LOWEST_SYSTOLIC and second >= _LOWEST_DIASTOLIC and second == int(second)


_LOWEST_SYSTOLIC, _LOWEST_DIASTOLIC = 30, 10


def to_number(raw: str) -> tuple[float, int]:
    """Value and decimals of a number as written ("1,200", "38.6", "38,6")."""
    head, comma, tail = raw.partition(",")
    plain = f"{head}.{tail}" if comma and len(tail) <= 2 else raw.replace(",", "")
    _, _, fraction = plain.partition(".")
    return float(plain), len(fraction)
