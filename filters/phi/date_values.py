# ruff: noqa: E501  (tables of patterns read worse when broken)
"""What a date says, and the same date so many days later."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from casewright.filters.phi.date_patterns import (
    COMPACT,
    DAY_MONTH,
    ISO,
    MONTH_DAY,
    MONTH_YEAR,
    MONTHS,
    NUMERIC_FULL,
    NUMERIC_MONTH_YEAR,
    NUMERIC_SHORT,
    NUMERIC_SPACED,
)

__all__ = [
    "DateParts",
    "as_month_and_day",
    "full_year",
    "parse_date",
    "shift_date",
    "written_day_first",
]


@dataclass(frozen=True, slots=True)
class DateParts:
    """What a date string says. `year` has four digits or is None; `ambiguous` allows day/month swap."""

    year: int | None
    month: int | None
    day: int | None
    ambiguous: bool = False


def full_year(text: str | None) -> int | None:
    """A year of four digits, of four or of two."""
    if not text:
        return None
    digits = text.strip("'")
    if len(digits) == 4:
        return int(digits)
    # POSIX rule of two-digit years: 69 to 99 are 19xx.
    return int(digits) + (1900 if int(digits) >= 69 else 2000)


def parse_date(text: str, *, day_first: bool = False) -> DateParts | None:
    """Read a date as `find_dates` finds it; None for anything else.

    Args:
        day_first: how two numbers are read that could be a day and a month in either order.
    """
    text = " ".join(text.split())
    for pattern in (MONTH_DAY, DAY_MONTH, MONTH_YEAR):
        m = pattern.search(text)
        if m:
            parts = m.groupdict()
            day = parts.get("d")
            month = MONTHS[parts["m"].lower()]
            return DateParts(full_year(parts.get("y")), month, int(day) if day else None)
    m = ISO.search(text)
    if m:
        return DateParts(int(m["y"]), int(m["m"]), int(m["d"]))
    m = COMPACT.search(text)
    if m:
        return DateParts(int(m[0][:4]), int(m[0][4:6]), int(m[0][6:8]))
    m = NUMERIC_FULL.search(text) or NUMERIC_SPACED.search(text)
    if m:
        return as_month_and_day(int(m["a"]), int(m["b"]), full_year(m["c"]), day_first=day_first)
    m = NUMERIC_MONTH_YEAR.search(text)
    if m:
        return DateParts(int(m["y"]), int(m["m"]), None)
    m = NUMERIC_SHORT.search(text)
    if m:
        return as_month_and_day(int(m["a"]), int(m["b"]), None, day_first=day_first)
    for word in text.lower().split():
        if word in MONTHS:
            return DateParts(None, MONTHS[word], None)
    return None


def as_month_and_day(
    a: int, b: int, year: int | None, *, day_first: bool = False
) -> DateParts | None:
    """US order unless it cannot be or is not wanted; both stay open where both are possible."""
    if 1 <= a <= 12 and 1 <= b <= 31 and not (day_first and b <= 12):
        return DateParts(year, a, b, ambiguous=b <= 12 and a != b)
    if 1 <= b <= 12 and 1 <= a <= 31:
        return DateParts(year, b, a, ambiguous=a <= 12 and a != b)
    return None


def written_day_first(document: str, dates: Iterable[str]) -> bool:
    """Whether a document writes the day before the month, told by those that can be read one way.

    Where no date of numbers tells ("30/04/2024"), those with a month's name do ("12 March"), and
    British codes of the post. American order where nothing tells.

    Args:
        dates: the dates of the document, as they stand there.
    """
    numbers = names = 0
    for text in dates:
        m = NUMERIC_FULL.search(text) or NUMERIC_SPACED.search(text) or NUMERIC_SHORT.search(text)
        if m is not None:
            numbers += (int(m["a"]) > 12) - (int(m["b"]) > 12)
        elif MONTH_DAY.search(text):
            names -= 1
        elif DAY_MONTH.search(text):
            names += 1
    return (numbers or names or len(_BRITISH.findall(document))) > 0


_BRITISH = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\bNHS\b")


def shift_date(text: str, days: int, *, day_first: bool = False) -> str | None:
    """The same kind of date, so many days later, written the same way; None for no date.

    A date without a year is moved within a common year; one without a day by its middle. The
    order of day and month is the one that `parse_date` reads.
    """
    parts = parse_date(text, day_first=day_first)
    if parts is None or parts.month is None:
        return None
    try:
        old = date(parts.year or 2023, parts.month, parts.day or 15)
    except ValueError:
        return None
    new = old + timedelta(days=days)
    for pattern in (MONTH_DAY, DAY_MONTH, MONTH_YEAR, ISO, NUMERIC_MONTH_YEAR):
        m = pattern.search(text)
        if m:
            return _rewritten(text, m, new)
    m = COMPACT.search(text)
    if m:
        return f"{text[: m.start()]}{new:%Y%m%d}{text[m.end() :]}"
    m = NUMERIC_FULL.search(text) or NUMERIC_SPACED.search(text) or NUMERIC_SHORT.search(text)
    if m:
        turned = (int(m["a"]), int(m["b"])) == (old.day, old.month)
        turned = turned and (day_first or old.day != old.month)
        first, second = (new.day, new.month) if turned else (new.month, new.day)
        values = {"a": first, "b": second, "c": new.year}
        wide = len(m["a"]) == len(m["b"]) == 2
        return _put(
            text, m, {k: _padded(m[k], values[k], wide=wide) for k in m.groupdict() if k in values}
        )
    for word in re.findall(r"[A-Za-z]+", text):
        if word.lower() in MONTHS:
            return text.replace(word, _month_like(word, new.month), 1)
    return None


def _rewritten(text: str, m: re.Match[str], new: date) -> str:
    values = {}
    for key, value in m.groupdict().items():
        if value is None or key not in "mdy":
            continue
        if key == "m" and not value.isdigit():
            values[key] = _month_like(value, new.month)
        else:
            number = {"m": new.month, "d": new.day, "y": new.year}[key]
            values[key] = _padded(value, number, wide=m.re in (ISO, NUMERIC_MONTH_YEAR))
    written = _put(text, m, values)
    ending = "th" if 10 < new.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(new.day % 10, "th")
    return re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", ending, written)


def _put(text: str, m: re.Match[str], values: dict[str, str]) -> str:
    for key in sorted(values, key=lambda k: -m.start(k)):
        text = text[: m.start(key)] + values[key] + text[m.end(key) :]
    return text


def _padded(old: str, value: int, *, wide: bool) -> str:
    """A number written as the old one was: two digits of a year, a leading zero."""
    if old.startswith("'"):
        return f"'{value % 100:02d}"
    if value > 99 and len(old) == 2:
        return f"{value % 100:02d}"
    return f"{value:02d}" if len(old) == 2 and (wide or old[0] == "0") else str(value)


def _month_like(old: str, month: int) -> str:
    full = next(name for name, number in MONTHS.items() if number == month)
    short = full[:3]
    name = short if len(old) <= 4 and old.lower() not in ("june", "july") else full
    return name.upper() if old.isupper() else name.capitalize() if old[0].isupper() else name
