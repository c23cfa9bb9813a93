# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Dates of two numbers: "seen 3/14", "(placed 1/29)", and not "4/5 strength" or "PHQ-9 14/27"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casewright.filters.phi.date_values import as_month_and_day
from casewright.filters.phi.hits import Candidate

__all__ = ["find_short_dates"]

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


def find_short_dates(text: str, found: Iterator[re.Match[str]]) -> Iterator[Candidate]:
    """Candidates of type date among matches of `NUMERIC_SHORT`."""
    for m in found:
        a, b = int(m["a"]), int(m["b"])
        month_year = 1 <= a <= 12 and len(m["b"]) == 2 and len(m["a"]) == 2
        if as_month_and_day(a, b, None) is None and not month_year:
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
