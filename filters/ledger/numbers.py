"""Numbers with their units: found, spoken or written, and compared with a fact's value."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from casewright.filters.ledger.normalise import Tokens

__all__ = ["Quantity", "Units", "agrees", "find_quantities", "load_units", "parse_value"]


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


@lru_cache(maxsize=1)
def load_units() -> Units:
    """Read units.yaml, which is part of the package."""
    return Units(yaml.safe_load(files(__package__).joinpath("units.yaml").read_bytes()))


_NUMBER = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?|\d{1,3},\d{1,2}(?![\d,])|\d{1,9}(?:\.\d{1,6})?)(?!\d)|(?<![\w])\.\d{1,4}"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR = r"(?:,? (?:19|20)\d{2})?"
_DATE = re.compile(
    r"(?<![\w/])(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}-\d{1,2}-\d{1,2}"
    r"|\d{1,2}:\d{2}(?::\d{2})?|(?:\(?\d{3}\)?[ .-]?)\d{3}[.-]\d{4}|\d{3}-\d{2}-\d{4})(?![\w/])"
    rf"|(?<![a-z]){_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?{_YEAR}(?![\d/])"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}{_YEAR}(?!\d)"
)
_SECOND = re.compile(
    r"[ ]?(?:/|over)[ ]?(\d{1,4}(?:\.\d{1,4})?)(?:/(\d{1,4}(?:\.\d{1,4})?))?(?![\d/]|\.\d)"
)
_RANGE = re.compile(r"[ ]?(?:-|to)[ ]?(\d{1,4}(?:\.\d{1,3})?)(?![\d/])")


def find_quantities(tokens: Tokens, units: Units) -> list[Quantity]:
    """All numbers that are no dates, times or telephone numbers, in text order."""
    folded = tokens.folded
    dates = [m.span() for m in _DATE.finditer(folded)] if _has_digit(folded) else []
    found = list(_written(tokens, units, dates))
    found.extend(_spoken(tokens, units))
    found.sort(key=lambda q: q.first)
    return found


def _has_digit(text: str) -> bool:
    return any(d in text for d in "0123456789")


def _written(tokens: Tokens, units: Units, dates: Sequence[tuple[int, int]]) -> Iterator[Quantity]:
    folded = tokens.folded
    position, date_index = 0, 0
    while (match := _NUMBER.search(folded, position)) is not None:
        start, end = match.span()
        position = end
        while date_index < len(dates) and dates[date_index][1] <= start:
            date_index += 1
        if date_index < len(dates) and dates[date_index][0] <= start:
            continue
        quantity, position = _read_number(tokens, units, match.group(), start, end)
        yield quantity


def _read_number(
    tokens: Tokens, units: Units, raw: str, start: int, end: int
) -> tuple[Quantity, int]:
    folded = tokens.folded
    value, decimals = _to_number(raw)
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
    if unit is not None and unit[0].dimension == "mass":
        return True
    return value >= _LOWEST_SYSTOLIC and second >= _LOWEST_DIASTOLIC and second == int(second)


_LOWEST_SYSTOLIC, _LOWEST_DIASTOLIC = 30, 10


def _to_number(raw: str) -> tuple[float, int]:
    head, comma, tail = raw.partition(",")
    plain = f"{head}.{tail}" if comma and len(tail) <= 2 else raw.replace(",", "")
    _, _, fraction = plain.partition(".")
    return float(plain), len(fraction)


# -- numbers in words

_ONES = {
    w: i
    for i, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    w: 10 * (i + 2)
    for i, w in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    )
}
_NUMBER_WORDS = frozenset({*_ONES, *_TENS, "hundred", "thousand"})


def _spoken(tokens: Tokens, units: Units) -> Iterator[Quantity]:
    words = tokens.words
    i = 0
    while i < len(words):
        if words[i] not in _NUMBER_WORDS and not _is_a_hundred(words, i):
            i += 1
            continue
        value, decimals, after = _read_words(words, i)
        if value is None:
            i += 1
            continue
        second = None
        if after + 1 < len(words) and words[after] == "over":
            below, _, further = _read_words(words, after + 1)
            if below is not None and value >= 30:
                second, after = below, further
        unit = units.at(tokens.folded, tokens.ends[after - 1])
        last = after - 1
        if unit is not None:
            last = max(last, bisect_left(tokens.starts, unit[1]) - 1)
        yield Quantity(
            value, decimals, unit[0] if unit else None, i, last, second, None, spoken=True
        )
        i = max(after, last + 1)


def _is_a_hundred(words: Sequence[str], i: int) -> bool:
    return words[i] == "a" and i + 1 < len(words) and words[i + 1] in ("hundred", "thousand")


def _read_words(words: Sequence[str], i: int) -> tuple[float | None, int, int]:
    """Value, decimals and the index after the number that begins at word `i`."""
    whole, i = _read_whole(words, i)
    if whole is None:
        return None, 0, i
    decimals = ""
    if i + 1 < len(words) and words[i] == "point":
        j = i + 1
        while j < len(words) and (words[j] in _ONES or words[j] == "oh") and len(decimals) < 3:
            decimals += str(_ONES.get(words[j], 0))
            j += 1
        if decimals:
            i = j
    value = float(f"{whole}.{decimals}") if decimals else float(whole)
    if not decimals and tuple(words[i : i + 3]) == ("and", "a", "half"):
        return value + 0.5, 1, i + 3
    return value, len(decimals), i


def _read_whole(words: Sequence[str], i: int) -> tuple[int | None, int]:
    """ "one hundred and one", "a hundred one", "one forty-eight", "one oh one", "ninety-two"."""
    if _is_a_hundred(words, i):
        i, total = i + 1, 1
    else:
        total_or_none, i = _under_hundred(words, i)
        if total_or_none is None:
            return None, i
        total = total_or_none
    if i < len(words) and words[i] == "thousand":
        rest, j = _under_hundred(words, i + 1)
        return total * 1000 + (rest or 0), j if rest is not None else i + 1
    if i < len(words) and words[i] == "hundred":
        j = i + 1
        if j + 1 < len(words) and words[j] == "and":
            j += 1
        rest, k = _under_hundred(words, j)
        return (total * 100 + rest, k) if rest is not None else (total * 100, i + 1)
    return _digits_run_on(words, i, total)


def _digits_run_on(words: Sequence[str], i: int, total: int) -> tuple[int, int]:
    """ "one forty-eight" is 148, "one oh one" 101, "two fifty" 250."""
    if not 1 <= total <= 9 or i >= len(words):
        return total, i
    if words[i] in ("oh", "o") and i + 1 < len(words) and words[i + 1] in _ONES:
        return total * 100 + _ONES[words[i + 1]], i + 2
    rest, j = _under_hundred(words, i)
    if rest is not None and rest >= 10:
        return total * 100 + rest, j
    return total, i


def _under_hundred(words: Sequence[str], i: int) -> tuple[int | None, int]:
    if i >= len(words):
        return None, i
    if words[i] in _TENS:
        value, i = _TENS[words[i]], i + 1
        j = i + 1 if i < len(words) and words[i] == "-" else i
        if j < len(words) and 1 <= _ONES.get(words[j], 0) <= 9:
            return value + _ONES[words[j]], j + 1
        return value, i
    if words[i] in _ONES:
        return _ONES[words[i]], i + 1
    return None, i


# -- comparing


@dataclass(frozen=True, slots=True)
class Value:
    """A fact's value, read: number, decimals, second number (148/92) or end of a range."""

    value: float
    decimals: int
    second: float | None = None
    high: float | None = None
    third: float | None = None


_VALUE = re.compile(
    r"^[<>~≥≤ ]*(\d[\d,]*(?:\.\d+)?)"
    r"(?:\s*(/|-|–|to)\s*(\d+(?:\.\d+)?)(?:/(\d+(?:\.\d+)?))?)?\s*\S*$"
)


@lru_cache(maxsize=4096)
def parse_value(text: str | None) -> Value | None:
    """Read a fact's value; None where it is no number ("positive")."""
    match = _VALUE.match(text.strip()) if text else None
    if match is None:
        return None
    value, decimals = _to_number(match.group(1))
    other = float(match.group(3)) if match.group(3) else None
    if match.group(2) == "/":
        third = float(match.group(4)) if match.group(4) else None
        return Value(value, decimals, second=other, third=third)
    return Value(value, decimals, high=other)


def agrees(
    quantity: Quantity,
    value: Value,
    unit: Unit | None,
    *,
    molar: float | None = None,
    exact: bool = False,
) -> bool | None:
    """Whether a number of the text says the fact's value.

    Args:
        quantity: from the text.
        value, unit: of the fact.
        molar: mg/dL per mmol/L of the substance, where known.
        exact: no rounding (doses).

    Returns:
        None where the two cannot be compared (another dimension).
    """
    if value.second is not None:
        if quantity.second is None:
            return None
        factor = _conversion(quantity.unit, unit, None)
        if factor is None:
            return None
        said = (quantity.value, quantity.second, quantity.third)
        meant = tuple(
            None if v is None else v * factor[0] for v in (value.value, value.second, value.third)
        )
        return said == meant
    text_unit = quantity.unit
    if unit is not None and unit.dimension == "temperature":
        if text_unit is None or text_unit.name == "degrees":
            text_unit = _scale_of(quantity.value)
        unit = unit if unit.name != "degrees" else _scale_of(value.value)
    factor = _conversion(text_unit, unit, molar)
    if factor is None:
        return None
    scale, offset = factor
    target = value.value * scale + offset
    half_fact = 0.0 if exact or scale == 1 else _half_digit(value.decimals) * scale
    half_text = 0.0 if exact else _rounding(quantity, value, scale)
    slack = 1e-6 * max(1.0, abs(target))
    if quantity.high is not None:
        return quantity.value - slack <= target <= quantity.high + slack
    if value.high is not None:
        return value.value <= quantity.value <= value.high
    return abs(quantity.value - target) <= half_text + half_fact + slack


def _half_digit(decimals: int) -> float:
    """Half of the last written digit."""
    return 0.5 / float(10**decimals)


def _rounding(quantity: Quantity, value: Value, scale: float) -> float:
    if scale == 1 and quantity.decimals >= value.decimals:
        return 0.0
    if scale == 1 and value.value < 10:
        return 0.0 if quantity.decimals == 0 else _half_digit(quantity.decimals)
    return _half_digit(quantity.decimals)


_HOTTEST_CELSIUS = 45


def _scale_of(value: float) -> Unit:
    """The scale of a body temperature that names none."""
    return Unit("F" if value > _HOTTEST_CELSIUS else "C", "temperature", 1.0)


def _conversion(
    text: Unit | None, fact: Unit | None, molar: float | None
) -> tuple[float, float] | None:
    """Scale and offset from the fact's unit to the text's."""
    if text is None or fact is None or text.name == fact.name:
        return 1.0, 0.0
    if text.dimension == fact.dimension == "temperature":
        return (1.8, 32.0) if text.name == "F" else (1 / 1.8, -32.0 / 1.8)
    if text.dimension == fact.dimension:
        return fact.factor / text.factor, 0.0
    pair = {text.dimension, fact.dimension}
    if molar is not None and pair == {"mass concentration", "amount concentration"}:
        per = 1 / molar if fact.dimension == "mass concentration" else molar
        return fact.factor * per / text.factor, 0.0
    if pair == {"percent", "ratio of hemoglobin"}:
        # NGSP % and IFCC mmol/mol: IFCC = 10.93 NGSP - 23.5 (ngsp.org master equation)
        return (10.93, -23.5) if fact.dimension == "percent" else (1 / 10.93, 23.5 / 10.93)
    return None
