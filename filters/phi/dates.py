# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Dates finer than a year.

A year alone, a day of the week alone, a time of day and a span ("for 3 days") are
not identifiers under Safe Harbor. A fraction, a ratio, a score or a blood pressure
is not a date: "120/80", "5/5", "2/52", "PHQ-9 14/27".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from casewright.filters.phi.date_patterns import (
    COMPACT,
    DAY_ALONE,
    DAY_MONTH,
    DAY_RANGE,
    HOLIDAY,
    ISO,
    MONTH_ALONE,
    MONTH_ALONE_LOWER,
    MONTH_DAY,
    MONTH_SHORT_YEAR,
    MONTH_YEAR,
    NUMERIC_FULL,
    NUMERIC_MONTH_YEAR,
    NUMERIC_SHORT,
    NUMERIC_SPACED,
    SOLID,
    SPOKEN,
    SPOKEN_PART,
)
from casewright.filters.phi.date_values import as_month_and_day, full_year, parse_date
from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.short_dates import find_short_dates

__all__ = ["find_dates"]

_DAY_ALONE_NOT = re.compile(
    r"\s(?:(?:and|or|to|through)\s\d{1,2}(?:st|nd|rd|th)\s)?(?:\w+\s)?(?:percentile|attempt|dose|rib|digit|finger|toe|metatarsal|metacarpal|nerve|ventricle|pregnancy|trimester|grade|degree|cycle|round|session|"
    r"time|floor|cranial|baby|child|visit|episode|stage|line|centile|space|vertebra|week|day of life|injection|vaccine|course)",
    re.I,
)

_NUMERIC = (NUMERIC_FULL, NUMERIC_SPACED, ISO, COMPACT, NUMERIC_MONTH_YEAR, NUMERIC_SHORT)

_NAMED = (
    *(MONTH_DAY, DAY_MONTH, MONTH_YEAR, DAY_RANGE, SPOKEN, MONTH_SHORT_YEAR, SOLID),
    *(MONTH_ALONE_LOWER, MONTH_ALONE, DAY_ALONE, HOLIDAY, SPOKEN_PART),
)

_CENTILE = re.compile(r"centile", re.I)
_GATE = Gate(lambda: (*_NUMERIC, *_NAMED))

# "may 2" and "mar 3" in running text are verbs, not months, unless capitalised.
_VERBS = ("may", "mar")

_MAY_TAKE = re.compile(r"\s(?:tablets?|capsules?|times|puffs?|doses?)")

_VERB_FIRST = re.compile(r"(?:may|march)\b")


def _named_months(found: Mapping[re.Pattern[str], Iterator[re.Match[str]]]) -> Iterator[Candidate]:
    for m in found[MONTH_DAY]:
        if m["m"] in _VERBS and not m["y"]:
            continue
        if m["m"].lower() == "may" and _MAY_TAKE.match(m.string, m.end()):
            continue
        yield Candidate("date", m.start(), m.end(), 0.95, "month and day")
    for m in found[DAY_MONTH]:
        if m["m"] not in _VERBS or m["y"]:
            yield Candidate("date", m.start(), m.end(), 0.95, "day and month")
    for m in found[MONTH_YEAR]:
        yield Candidate("date", m.start(), m.end(), 0.9, "month and year")
    for pattern, score, why in (
        (DAY_RANGE, 0.96, "range of days"),
        (SPOKEN, 0.9, "spoken date"),
        (MONTH_SHORT_YEAR, 0.9, "month and year"),
        (SOLID, 0.9, "day, month and year"),
    ):
        for m in found[pattern]:
            if pattern is SPOKEN or not _VERB_FIRST.match(m[0]):
                yield Candidate("date", m.start(), m.end(), score, why)
    for pattern in (MONTH_ALONE_LOWER, MONTH_ALONE):
        for m in found[pattern]:
            yield Candidate("date", m.start("m"), m.end("m"), 0.55, "month")


# "Wed" of "Wed 26 March"
_WEEKDAY = re.compile(
    r"(?<![\w-])(?:Mon|Tue|Tues|Wed|Weds|Wednes|Thu|Thur|Thurs|Fri|Sat|Satur|Sun)(?:day)?[.,]?[ ](?:the[ ])?\Z",
    re.I,
)


def find_dates(text: str) -> Iterator[Candidate]:
    """Candidates of type `date`, with the day of the week where it stands before."""
    for found in _dates(text):
        led = _WEEKDAY.search(text, max(0, found.start - 16), found.start)
        yield found if led is None else replace(found, start=led.start())


def _dates(text: str) -> Iterator[Candidate]:
    found = dict(zip((*_NUMERIC, *_NAMED), _GATE.find(text), strict=True))
    days: list[tuple[int, int]] = []
    month_first = False
    for named in _named_months(found):
        parts = parse_date(text[named.start : named.end])
        if parts and parts.month and parts.day:
            days.append((parts.month, parts.day))
        yield named
    for m in found[SPOKEN_PART]:
        part = next(name for name in ("d", "m", "s") if m[name])
        yield Candidate("date", m.start(part), m.end(part), 0.6, "spoken date")
    for m in found[HOLIDAY]:
        yield Candidate("date", m.start(), m.end(), 0.55, "day of the year by its name")
    for pattern in (NUMERIC_FULL, NUMERIC_SPACED):
        for m in found[pattern]:
            parts = as_month_and_day(int(m["a"]), int(m["b"]), full_year(m["c"]))
            # "1.2.10" is a version or a list; a dotted date is written with two digits or a full year.
            dotted = m["s"] == "." and len(m["c"]) == 2 and len(m["a"] + m["b"]) < 4
            dotted = (
                dotted
                and not _alone(text, m)
                and not _BIRTH.search(text, max(0, m.start() - 16), m.start())
            )
            if parts and not dotted:
                if parts.month and parts.day:
                    month_first = month_first or int(m["b"]) > _MONTHS
                    days.append((parts.month, parts.day))
                    if parts.ambiguous:
                        days.append((parts.day, parts.month))
                yield Candidate("date", m.start(), m.end(), 0.95, "numeric date")
    for m in found[ISO]:
        if 1 <= int(m["d"]) <= 31:
            yield Candidate("date", m.start(), m.end(), 0.95, "ISO date")
    for m in found[COMPACT]:
        yield Candidate("date", m.start(), m.end(), 0.7, "compact date")
    for m in found[NUMERIC_MONTH_YEAR]:
        yield Candidate("date", m.start(), m.end(), 0.9, "month and year")
    for m in found[DAY_ALONE]:
        if not (
            _DAY_ALONE_NOT.match(text, m.end(), m.end() + 32)
            or _CENTILE.search(text, max(0, m.start() - 64), m.start())
        ):
            yield Candidate("date", m.start("d"), m.end("d"), 0.55, "day of the month")
    yield from find_short_dates(text, found[NUMERIC_SHORT], days, month_first=month_first)


_MONTHS = 12


def _alone(text: str, m: re.Match[str]) -> bool:
    """Whether nothing else stands on the line."""
    line = text.rfind("\n", 0, m.start()) + 1
    stop = text.find("\n", m.end())
    return not text[line : m.start()].strip() and not text[m.end() : max(stop, m.end())].strip()


_BIRTH = re.compile(r"\b(?:d\.?o\.?b\.?|born|date|dated|on)[\s:]{1,3}\Z", re.I)
