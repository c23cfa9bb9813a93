# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Dates finer than a year.

A year alone, a day of the week alone, a time of day and a span ("for 3 days") are
not identifiers under Safe Harbor. A fraction, a ratio, a score or a blood pressure
is not a date: "120/80", "5/5", "2/52", "PHQ-9 14/27".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate

__all__ = ["DateParts", "find_dates", "parse_date", "shift_date"]

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)

_FULL_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)

_YEAR = r"(?:1[89]\d\d|20\d\d|21\d\d)"

_DAY = r"(?:0?[1-9]|[12]\d|3[01])"

_ORD = r"(?:st|nd|rd|th)?"

MONTH_DAY = re.compile(
    rf"(?<![\w-])(?P<m>{_MONTH})\.?[\s-]{{1,2}}(?:the\s)?(?P<d>{_DAY}){_ORD}(?![\d%:]|\.\d|\s?(?:mg|ml|mcg|%))"
    rf"(?:(?:,\s{{0,2}}|\s{{1,2}}|-|\s?,?\sof\s)(?P<y>{_YEAR}|'\d\d))?(?!\w)",
    re.I,
)

DAY_MONTH = re.compile(
    rf"(?<![\w./-])(?P<d>{_DAY}){_ORD}(?:\s{{1,2}}|\s?-\s?|/|\.)(?:day\s)?(?:of\s)?(?P<m>{_MONTH})(?![a-z])\.?"
    rf"(?:(?:,\s{{0,2}}|\s{{1,2}}|\s?-\s?|/|\.)(?P<y>{_YEAR}|'?\d\d(?=\W|\Z)))?(?!\w)",
    re.I,
)

MONTH_YEAR = re.compile(
    rf"(?<![\w-])(?P<m>{_MONTH})\.?(?:\sof)?[\s,'/-]{{1,2}}(?P<y>{_YEAR})(?!\d)", re.I
)

# "born on march third nineteen fifty six", as spoken.
_SPOKEN_DAY = (
    r"(?:(?:twenty|thirty)[\s-])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|tenth|eleventh|twelfth|"
    r"thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth"
)

_SPOKEN_YEAR = (
    r"(?:nineteen|twenty|two\sthousand(?:\sand)?)(?:[\s-](?:oh|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|one|two|three|four|five|six|seven|eight|nine)){1,3}"
)

SPOKEN = re.compile(
    rf"\b(?:{_MONTH}\s(?:the\s)?(?:{_SPOKEN_DAY})|(?:the\s)?(?:{_SPOKEN_DAY})\s(?:of\s)?{_MONTH})(?:,?\s(?:of\s)?(?:{_SPOKEN_YEAR}|{_YEAR}))?\b",
    re.I,
)

MONTH_SHORT_YEAR = re.compile(rf"(?<![\w-])(?P<m>{_MONTH})\.?\s?'(?P<y>\d\d)(?!\w)", re.I)

# "1-3 April", "May 5-7, 2023": the day at the other end of a range.
DAY_RANGE = re.compile(
    rf"(?<![\w./-]){_DAY}{_ORD}\s?(?:-|to|and|&|/)\s?{_DAY}{_ORD}\s(?:of\s)?{_MONTH}(?![a-z])(?:,?\s{_YEAR})?"
    rf"|(?<![\w-]){_MONTH}\.?\s{_DAY}{_ORD}\s?(?:-|to|and|&)\s?{_DAY}{_ORD}(?![\w%/]|\.\d|\s?(?:mg|ml))(?:,?\s{_YEAR})?",
    re.I,
)

SOLID = re.compile(rf"(?<![\w.-]){_DAY}(?:{_MONTH})(?:19|20)?\d\d(?!\w)", re.I)

# "appointment on the 22nd", "discharged on the 9th", "Thursday 16th": the day of a month that is not named.
DAY_ALONE = re.compile(
    r"\b(?:(?:on|by|until|till|since|from|before|after|for|to|of|is|was|around)\sthe\s|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s(?:the\s)?)"
    r"(?P<d>(?:[12]?1st|2?2nd|2?3rd|3[01](?:st|th)|[12]?[4-9]th|1[0-3]th|20th|30th))"
    r"(?=[.,;:)\n]|\Z|\s(?:and|at|for|with|to|but|in\sclinic|or|of\s(?:this|last|next|the)\smonth)\b)",
    re.I,
)

_DAY_ALONE_NOT = re.compile(
    r"\b(?:percentile|attempt|dose|rib|digit|finger|toe|metatarsal|metacarpal|nerve|ventricle|pregnancy|trimester|grade|degree|cycle|round|session|"
    r"time|floor|cranial|baby|child|visit|episode|stage|line|centile|space|vertebra|week|day of life|injection|vaccine|course)",
    re.I,
)

MONTH_ALONE = re.compile(
    r"\b(?:in|since|last|this|next|again in|back in|here in|until|till|by|early|late|mid|through|from|of|during|every|after|before|around|"
    rf"beginning|end of|middle of)[\s-]{{1,2}}(?:early |late |mid-?)?(?P<m>{_FULL_MONTH})\b(?!\s\w+(?:'s)?\s(?:disease|syndrome))"
)

# As transcripts have it; "may" and "march" are verbs there.
MONTH_ALONE_LOWER = re.compile(
    r"\b(?:in|since|last|this past|until|early|late|mid|back in|end of|beginning of)\s(?P<m>january|february|april|june|july|august|september|october|november|december)\b"
)

NUMERIC_FULL = re.compile(
    r"(?<![\w./-])(?P<a>\d{1,2})(?P<s>[/.-])(?P<b>\d{1,2})(?P=s)(?P<c>\d{4}|\d{2})(?![\w/]|[.-]\d|%)"
)

NUMERIC_SPACED = re.compile(
    r"(?<![\w./-])(?P<a>\d{1,2})\s?(?P<s>[/-])\s?(?P<b>\d{1,2})\s?(?P=s)\s?(?P<c>(?:19|20)\d\d)(?![\w/])"
)

ISO = re.compile(
    r"(?<![\w.-])(?P<y>(?:18|19|20)\d\d)(?P<s>[-/.])(?P<m>0?[1-9]|1[0-2])(?P=s)(?P<d>[0-3]?\d)(?![\d/]|-\d)"
    r"(?:T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)

COMPACT = re.compile(r"(?<![\w.-])(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?![\w-])")

NUMERIC_MONTH_YEAR = re.compile(
    r"(?<![\w./-])(?P<m>0?[1-9]|1[0-2])[/-](?P<y>(?:19|20)\d\d)(?![\w/-])"
)

NUMERIC_SHORT = re.compile(
    r"(?<![\w./-])(?P<a>\d{1,2})(?P<s>[/-])(?P<b>\d{1,2})(?![\w/%]|[.-]\d|-)"
)

_SHORT_CUE = re.compile(
    r"\b(?:on|dated?|dob|d\.o\.b\.?|date\sof\s(?:injury|onset|birth|death|service|exam(?:ination)?|surgery|procedure|admission|discharge|visit|loss)|born|since|until|till|thru|through|before|after|by|from|seen|visit|visited|admitted|"
    r"admission|discharged?|d/c|surgery|appointment|appt|scheduled|due|returned?|rtc|lmp|edd|edc|last|next|"
    r"started|begun|began|done|performed|collected|drawn|received|signed|of|for|review|reviewed|booked|recheck|repeat|rtc|echo|ct|mri|cxr|x-?ray|us|ultrasound|ecg|ekg|eeg|scan|xr|mammogram|colonoscopy|endoscopy|egd|biopsy|labs?|bloods?|culture|clinic|op|operation|procedure|injection|vaccine|dose|hospitali[sz]ed|"
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)[\s:,(]{1,3}(?:the\s)?\Z",
    re.I,
)

# Ratios that look like a day and a month.
_NOT_SHORT_BEFORE = re.compile(
    r"\b(?:strength|power|motor|score|scale|pain|rated?|phq(?:-\d)?|gad(?:-\d)?|mmse|moca|apgar|gcs|grade|reflexes|murmur|"
    r"bp|blood pressure|pressure|vision|acuity|va|visual|sensation|pulses|is|was|at|a|an|severity|"
    r"[a-z]+-\d|systolic|ejection|bishop|gleason|stage|ratio|intensity)\s?(?:of|:|=|is|was|a|on)?[\s:(]{0,2}\Z",
    re.I,
)

_NOT_SHORT_AFTER = re.compile(
    r"\s{0,2}(?:strength|power|motor|in |bilateral|pain|murmur|systolic|diastolic|mm|mg|ml|ejection|scale|pulses|"
    r"throughout|intensity|severity|points?|hours?|days?|weeks?|wks?|months?|times|of\b|cup|inch|tablets?|"
    r"tabs?|hx|history|left|right|upper|lower|symmetric|reflexes|sensation|positive|criteria|correct)",
    re.I,
)

HOLIDAY = re.compile(
    r"\b(?:new year'?s (?:day|eve)|christmas (?:day|eve)|(?:the )?fourth of july|4th of july|boxing day|"
    r"valentine'?s day|halloween)\b(?:,? (?:19|20)\d\d)?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class DateParts:
    """What a date string says. `year` has four digits or is None; `ambiguous` allows day/month swap."""

    year: int | None
    month: int | None
    day: int | None
    ambiguous: bool = False


def _full_year(text: str | None) -> int | None:
    if not text:
        return None
    digits = text.strip("'")
    if len(digits) == 4:
        return int(digits)
    # POSIX rule of two-digit years: 69 to 99 are 19xx.
    return int(digits) + (1900 if int(digits) >= 69 else 2000)


def parse_date(text: str) -> DateParts | None:
    """Read a date as `find_dates` finds it; None for anything else."""
    text = " ".join(text.split())
    for pattern in (MONTH_DAY, DAY_MONTH, MONTH_YEAR):
        m = pattern.search(text)
        if m:
            parts = m.groupdict()
            day = parts.get("d")
            month = MONTHS[parts["m"].lower()]
            return DateParts(_full_year(parts.get("y")), month, int(day) if day else None)
    m = ISO.search(text)
    if m:
        return DateParts(int(m["y"]), int(m["m"]), int(m["d"]))
    m = COMPACT.search(text)
    if m:
        return DateParts(int(m[0][:4]), int(m[0][4:6]), int(m[0][6:8]))
    m = NUMERIC_FULL.search(text) or NUMERIC_SPACED.search(text)
    if m:
        return _numeric(int(m["a"]), int(m["b"]), _full_year(m["c"]))
    m = NUMERIC_MONTH_YEAR.search(text)
    if m:
        return DateParts(int(m["y"]), int(m["m"]), None)
    m = NUMERIC_SHORT.search(text)
    if m:
        return _numeric(int(m["a"]), int(m["b"]), None)
    for word in text.lower().split():
        if word in MONTHS:
            return DateParts(None, MONTHS[word], None)
    return None


def _numeric(a: int, b: int, year: int | None) -> DateParts | None:
    """US order unless it cannot be; both orders stay open where both are possible."""
    if 1 <= a <= 12 and 1 <= b <= 31:
        return DateParts(year, a, b, ambiguous=b <= 12 and a != b)
    if 1 <= b <= 12 and 1 <= a <= 31:
        return DateParts(year, b, a)
    return None


_NUMERIC = (NUMERIC_FULL, NUMERIC_SPACED, ISO, COMPACT, NUMERIC_MONTH_YEAR, NUMERIC_SHORT)

_NAMED = (
    *(MONTH_DAY, DAY_MONTH, MONTH_YEAR, DAY_RANGE, SPOKEN, MONTH_SHORT_YEAR, SOLID),
    *(MONTH_ALONE_LOWER, MONTH_ALONE, DAY_ALONE, HOLIDAY),
)

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


def find_dates(text: str) -> Iterator[Candidate]:
    """Candidates of type `date`."""
    found = dict(zip((*_NUMERIC, *_NAMED), _GATE.find(text), strict=True))
    yield from _named_months(found)
    for m in found[HOLIDAY]:
        yield Candidate("date", m.start(), m.end(), 0.55, "day of the year by its name")
    for pattern in (NUMERIC_FULL, NUMERIC_SPACED):
        for m in found[pattern]:
            parts = _numeric(int(m["a"]), int(m["b"]), _full_year(m["c"]))
            # "1.2.10" is a version or a list; a dotted date is written with two digits or a full year.
            dotted = m["s"] == "." and len(m["c"]) == 2 and len(m["a"] + m["b"]) < 4
            dotted = dotted and not _BIRTH.search(text, max(0, m.start() - 16), m.start())
            if parts and not dotted:
                yield Candidate("date", m.start(), m.end(), 0.95, "numeric date")
    for m in found[ISO]:
        if 1 <= int(m["d"]) <= 31:
            yield Candidate("date", m.start(), m.end(), 0.95, "ISO date")
    for m in found[COMPACT]:
        yield Candidate("date", m.start(), m.end(), 0.7, "compact date")
    for m in found[NUMERIC_MONTH_YEAR]:
        yield Candidate("date", m.start(), m.end(), 0.9, "month and year")
    for m in found[DAY_ALONE]:
        if not _DAY_ALONE_NOT.search(text, m.start(), m.end() + 24):
            yield Candidate("date", m.start("d"), m.end("d"), 0.55, "day of the month")
    yield from _short_dates(text, found[NUMERIC_SHORT])


_BIRTH = re.compile(r"\b(?:d\.?o\.?b\.?|born|date|dated|on)[\s:]{1,3}\Z", re.I)


def _short_dates(text: str, found: Iterator[re.Match[str]]) -> Iterator[Candidate]:
    for m in found:
        a, b = int(m["a"]), int(m["b"])
        month_year = 1 <= a <= 12 and len(m["b"]) == 2 and len(m["a"]) == 2
        if _numeric(a, b, None) is None and not month_year:
            continue
        before = text[max(0, m.start() - 32) : m.start()]
        after = text[m.end() : m.end() + 16]
        cue = _SHORT_CUE.search(before)
        # No score has more than twelve in the second place and a day in the first: "seen 23/4 in clinic".
        day_first = a > 12 and 1 <= b <= 12 and m["s"] == "/" and b not in (5, 7, 10, 12)
        if not cue or (_NOT_SHORT_AFTER.match(after) and not day_first):
            continue
        if m["s"] == "-" and not re.search(r"\b(?:on|dob|born|dated?)[\s:]{1,3}\Z", before, re.I):
            continue
        sure = re.search(r"\b(?:on|dob)[\s:,(]{1,3}\Z", before, re.I)
        # UK shorthand: 3/7 three days, 2/52 two weeks, 6/12 six months; scores out of 5, 10, 27 ...
        shorthand = b in (5, 7, 10, 12, 27, 30) and len(m["a"]) == 1
        if not sure and shorthand:
            continue
        if not sure and _NOT_SHORT_BEFORE.search(before):
            continue
        yield Candidate("date", m.start(), m.end(), 0.7, "month and day after a cue")


def shift_date(text: str, days: int) -> str | None:
    """The same kind of date, so many days later, written the same way; None for no date.

    A date without a year is moved within a common year; one without a day by its middle. The
    order of day and month is the one that `parse_date` reads.
    """
    parts = parse_date(text)
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
        day_first = (int(m["a"]), int(m["b"])) == (old.day, old.month) and old.day != old.month
        first, second = (new.day, new.month) if day_first else (new.month, new.day)
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
