"""Dates that contradict each other or the patient's age, and events in the wrong order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from casewright.records import Demographics, OffSpec

__all__ = ["date_clashes"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = (
    r"(?:(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})"
    r"|(?P<iy>\d{4})-(?P<im>\d{2})-(?P<id>\d{2})"
    r"|(?P<name>[a-z]{3,9})\.? (?P<nd>\d{1,2}),? (?P<ny>\d{4})"
    r"|(?P<ud>\d{1,2}) (?P<uname>[a-z]{3,9}) (?P<uy>\d{4}))"
)
_LEADS = {
    "birth": r"(?:date of birth|born(?: on)?|dob|d\.o\.b\.)",
    "admission": r"(?:admission date|date of admission|admitted(?: on)?)",
    "discharge": r"(?:discharge date|date of discharge|discharged(?: on)?)",
    "visit": r"(?:date of visit|date of service|visit date|encounter date|seen on|date)",
}
_LABELLED = {
    kind: re.compile(rf"(?<![a-z]){lead}[:,]? {{0,2}}{_DATE}(?!\d)")
    for kind, lead in _LEADS.items()
}


_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/\d{4}(?!\d)")
_ANY_DATE = re.compile(r"born|birth|dob|d\.o\.b|discharge")


@dataclass(frozen=True, slots=True)
class _Said:
    """A date of the text with its place."""

    day: date
    start: int
    end: int


def date_clashes(folded: str, text: str, patient: Demographics) -> Iterator[OffSpec]:
    """A discharge before the admission, a birth after the visit, an age that dates deny.

    Args:
        folded: the text in lower case, as long as `text`.
        text: the document.
        patient: whose age in years the dates must give, to a year.
    """
    if _ANY_DATE.search(folded) is None:
        return
    # 01/11/2025 is a day in January or in November. What the document's other dates leave open
    # counts for the patient: a clash is one however the dates are read.
    found = [list(_clashes(folded, text, patient, day_first)) for day_first in _orders(folded)]
    if all(found):
        yield from found[0]


def _orders(folded: str) -> Sequence[bool]:
    """Whether the document's dates have the day before the month: as one of them tells, or both."""
    pairs = [(int(a), int(b)) for a, b in _SLASHED.findall(folded)]
    if any(a > 12 >= b for a, b in pairs):
        return (True,)
    return (False,) if not pairs or any(b > 12 >= a for a, b in pairs) else (False, True)


def _clashes(folded: str, text: str, patient: Demographics, day_first: bool) -> Iterator[OffSpec]:
    said = {
        kind: next(_dates(pattern, folded, day_first), None) for kind, pattern in _LABELLED.items()
    }
    birth, begun, ended = said["birth"], said["admission"] or said["visit"], said["discharge"]
    if begun and ended and ended.day < begun.day:
        yield _finding(ended, text, f"before the admission on {begun.day.isoformat()}")
    seen = begun or ended
    if birth is None or seen is None:
        return
    years = _years_between(birth.day, seen.day)
    if years != patient.age_years and not _near(birth.day, seen.day, patient.age_years):
        yield _finding(
            birth, text, f"{years} years at the visit, the patient is {patient.age_text}"
        )


def _years_between(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _near(birth: date, day: date, years: int) -> bool:
    """A birthday within a day: the ages on either side are both true enough."""
    shifted = (date.fromordinal(day.toordinal() + n) for n in (-1, 1))
    return any(_years_between(birth, d) == years for d in shifted)


def _finding(said: _Said, text: str, why: str) -> OffSpec:
    return OffSpec("date", said.start, said.end, text[said.start : said.end], why=why)


def _dates(pattern: re.Pattern[str], folded: str, day_first: bool) -> Iterator[_Said]:
    for match in pattern.finditer(folded):
        day = _day_of(match, day_first)
        if day is not None:
            start = min(match.start(g) for g in ("m", "iy", "name", "ud") if match.group(g))
            yield _Said(day, start, match.end())


def _day_of(match: re.Match[str], day_first: bool) -> date | None:
    name = match.group("name") or match.group("uname")
    if name is not None:
        if name[:3] not in _MONTHS:
            return None
        parts = (
            match.group("ny") or match.group("uy"),
            str(_MONTHS.index(name[:3]) + 1),
            match.group("nd") or match.group("ud"),
        )
    else:
        parts = (
            match.group("y") or match.group("iy"),
            match.group("d" if day_first else "m") or match.group("im"),
            match.group("m" if day_first else "d") or match.group("id"),
        )
    try:
        return date(*(int(p) for p in parts))
    except ValueError:
        return None  # 31/02: an identifier's fault, not an order of events
