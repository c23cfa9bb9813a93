# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Dates of two numbers: "seen 3/14", "(placed 1/29)", and not "4/5 strength" or "PHQ-9 14/27"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from casewright.filters.phi.date_values import as_month_and_day
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import load_lexicon

__all__ = ["find_short_dates"]

_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?"
_SHORT_CUE = re.compile(
    r"\b(?:on|dated?|dob|d\.o\.b\.?|date\sof\s(?:injury|onset|birth|death|service|exam(?:ination)?|surgery|procedure|admission|discharge|visit|loss)|born|since|until|till|thru|through|before|after|by|from|seen|visit|visited|admitted|"
    r"admission|discharged?|d/c|surgery|appointment|appt|scheduled|due|returned?|rtc|lmp|edd|edc|last|next|"
    r"started|begun|began|done|performed|collected|drawn|received|signed|of|for|review|reviewed|booked|re-?check(?:ed)?|re-?test(?:ed)?|repeat|rtc|echo|ct|mri|cxr|x-?ray|us|ultrasound|ecg|ekg|eeg|scan|xr|mammogram|colonoscopy|endoscopy|egd|biopsy|labs?|bloods?|culture|clinic|op|operation|procedure|injection|vaccine|dose|hospitali[sz]ed|"
    r"placed|applied|given|arriv(?:es|ed|ing)|starting|starts|intubated|extubated|rescheduled(?:\sto)?|moved\sto|sent|filed|delivery|posted|back|weaned|cleared|closed|held|resumed|stopped|switched|removed|inserted|pulled|changed|expires?|exp|effective|called|emailed|faxed|ordered|resulted|dated|intake|fell|fall|injured|died|delivered|"
    rf"sn|f/u|follow-up|followup|contact|session|{_WEEKDAY})[\s:,(]{{1,3}}(?:the\s)?\Z",
    re.I,
)
# Ratios that look like a day and a month.
_NOT_SHORT_BEFORE = re.compile(
    r"\b(?:strength|power|motor|score|scale|pain|rated?|phq(?:-\d)?|gad(?:-\d)?|mmse|moca|apgar|gcs|grade|reflexes|murmur|"
    r"bp|blood pressure|pressure|vision|acuity|va|visual|sensation|pulses|is|was|at|a|an|severity|psv|cpap|bipap|ipap|peep|niv|unaided|pinhole|ph|cc|sc|bcva|o[dsu]|[rl]e|"
    r"[a-z]+-\d|systolic|ejection|bishop|gleason|stage|ratio|intensity)\s?(?:of|:|=|is|was|a|on)?[\s:(]{0,2}\Z",
    re.I,
)
_NOT_SHORT_AFTER = re.compile(
    r"\s{0,2}(?:strength|power|motor|in |bilateral|pain|murmur|systolic|diastolic|mm|mg|ml|ejection|scale|pulses|"
    r"throughout|intensity|severity|points?|hours?|days?|weeks?|wks?|months?|times|of\b|cup|inch|tablets?|"
    r"tabs?|hx|history|left|right|upper|lower|symmetric|reflexes|sensation|positive|criteria|correct)",
    re.I,
)
# A name of a scale right before: "Barthel 12/20", "MMSE: 12/30".
_SCALE_BEFORE = re.compile(r"(?:[A-Z][A-Za-z'-]*|\d)(?:\s(?:score|scale|test|index))?\s?[:=]?\s?\Z")
# What is done on a day and not for a span of days.
_HAPPENED = re.compile(
    rf"\b(?:{_WEEKDAY}|rescheduled\sto|moved\sto|due\sback|open\ssince|since|by|to|next|placed|filed|sent|given|applied|intubated|extubated|admitted|discharged|removed|inserted|faxed|emailed|posted|delivered|born)[\s:,(]{{1,3}}\Z",
    re.I,
)
_ON = re.compile(r"\b(?:on|dob)[\s:,(]{1,3}\Z", re.I)
_ON_OR_BORN = re.compile(r"\b(?:on|dob|born|dated?)[\s:]{1,3}\Z", re.I)
# A time after it, or the other end of a range.
_TIME_AFTER = re.compile(
    r"\s?(?:at\s|@\s?)?(?:\d{1,2}:\d\d\b|[012]\d[0-5]\d\b(?!\s?(?:mg|ml|units?|kcal|ft)))|\s?[ap]\.?m\b|\s?-\s?\d{1,2}/\d{1,2}(?![\d/])",
    re.I,
)
_RANGE_BEFORE = re.compile(r"(?<![\d/.])\d{1,2}/\d{1,2}\s?-\s?\Z")
_LINE_START = re.compile(r"(?:\A|\n|\|[ ])[ \t]{0,4}(?:[-*•][ ])?\Z")
_LINE_AFTER = re.compile(r"(?::(?!\d)|[ ](?:[a-z]{1,3}/[a-z]|[A-Z]?[a-z]{3,}|-|\|))")
# What a score is out of, a span in days, weeks or months is told by, and sight is measured in.
_OUT_OF = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 18, 20, 21, 24, 25, 27, 28, 30))
_SPANS = frozenset((5, 7, 12))  # "10/7": ten days


def find_short_dates(
    text: str,
    found: Iterator[re.Match[str]],
    days: Sequence[tuple[int, int]] = (),
    *,
    month_first: bool = False,
) -> Iterator[Candidate]:
    """Candidates of type date among matches of `NUMERIC_SHORT`.

    Args:
        days: (month, day) of the dates of the text that are none of these: what could be a score
            or a span is a date if it is near one of them.
        month_first: a date of the text shows that months stand before days: "7/7" is a day then.
    """
    known = {_of_year(*day) for day in days}
    doubtful = []
    for m in found:
        a, b = int(m["a"]), int(m["b"])
        month_year = 1 <= a <= 12 and len(m["b"]) == 2 and len(m["a"]) == 2
        if (as_month_and_day(a, b, None) is None and not month_year) or b in _WEEKS:
            continue  # "12/40": weeks of a pregnancy
        before = text[max(0, m.start() - 32) : m.start()]
        after = text[m.end() : m.end() + 16]
        if m["s"] == "-":
            if _ON_OR_BORN.search(before) and not _NOT_SHORT_AFTER.match(after):
                yield Candidate("date", m.start(), m.end(), 0.7, "month and day after a cue")
            elif (
                m["a"].startswith("0")
                and len(m["b"]) == len(m["a"])
                and _WORD_BEFORE.search(before)
            ):
                doubtful.append((m, before, after))  # "admitted 01-14"
        elif _is_date(a, b, before, after):
            known.add(_of_year(a, b) if a <= 12 else _of_year(b, a))
            month_first = month_first or b > 12
            yield Candidate("date", m.start(), m.end(), 0.7, "month and day where a date stands")
        elif not _SPAN_BEFORE.search(before) and not _SPAN_AFTER.match(after):
            doubtful.append((m, before, after))
    for m, before, after in doubtful:
        a, b = int(m["a"]), int(m["b"])
        if _NOT_SHORT_BEFORE.search(before) or _SCORED.search(before):
            continue
        scale = _CAPITAL_BEFORE.search(before)
        if scale is not None and scale[1].lower() in load_lexicon().eponyms:
            continue  # "Barthel 12/20"
        if _NOT_SHORT_AFTER.match(after):
            continue
        if b in _UNITS and not month_first and not m["a"].startswith("0"):
            continue
        near = _NEAR_A_SCORE if b in _LIKELY_SCORES else _NEAR
        padded = m["a"].startswith("0") and (b > 12 or bool(known))
        year = _of_year(a, b) if a <= 12 else _of_year(b, a)
        if padded or any(abs(year - day) <= near for day in known):
            yield Candidate("date", m.start(), m.end(), 0.6, "month and day near another date")


# "in 3/12", "3/7 ago", "x 5/7": so many months or days.
_SPAN_BEFORE = re.compile(
    r"\b(?:in|for|every|after|over|x|each|within|about|approx|approximately|past|another|further|next|last|~)[\s(]{1,2}\Z",
    re.I,
)
_SPAN_AFTER = re.compile(
    r"[\s-](?:ago|later|hx|history|old|post|of|sem|murmur|sm|dm|power|str|tone|reflex|mmt|ue|le|grip|bilat|b/l|throughout|w/|with)\b|\s?(?:UE|LE|SEM|SM)\b",
    re.I,
)
# "Pain L shoulder 4/10", "Apgars 8/9"
_SCORED = re.compile(
    r"\b(?:pain|apgars?|strength|power|score[ds]?|rated?|reflexes|dtrs?|pulses|mood|anxiety|nausea|severity|craving|urges?|effort|mrc|oxford|borg|vas|nrs|visual|acuity|vision|va)\b[^.\n]{0,24}\Z",
    re.I,
)
_WORD_BEFORE = re.compile(r"[A-Za-z]{2}[ ]\Z")
_CAPITAL_BEFORE = re.compile(r"\b([A-Z][a-z]+)(?:'s)?[ :]{1,2}\Z")
_NEAR, _NEAR_A_SCORE = 31, 7  # days
_UNITS = (7, 12)  # days, months
_WEEKS = (40, 52)  # of a pregnancy, of a year
_LIKELY_SCORES = (3, 4, 5, 6, 10)


def _of_year(month: int, day: int) -> int:
    """About which day of the year it is."""
    return month * 31 + day


def _is_date(a: int, b: int, before: str, after: str) -> bool:
    """Whether two numbers with a slash between them are a month and a day, or a day and a month."""
    # No score has a day in the first place and at most twelve in the second: "seen 23/4 in clinic".
    day_first = a > 12 and b <= 12 and b not in _SPANS
    if day_first and not _NOT_SHORT_BEFORE.search(before):
        return True
    if _NOT_SHORT_AFTER.match(after):
        return False
    cue = _SHORT_CUE.search(before) is not None
    ranged = _RANGE_BEFORE.search(before) is not None
    timed = _TIME_AFTER.match(after) is not None
    if (
        _ON.search(before)
        or (timed and (cue or a > b or b not in (5, 10)))
        or (ranged and b not in (5, 10))
    ):
        return True
    if _NOT_SHORT_BEFORE.search(before):
        return False
    # UK shorthand: 3/7 three days, 2/52 two weeks, 6/12 six months; scores out of 5, 10, 27 ...
    shorthand = a < 10 and b in (5, 7, 10, 12, 27, 30)
    if cue:
        return not shorthand or _HAPPENED.search(before) is not None
    if _LINE_START.search(before) and _LINE_AFTER.match(after):
        return not shorthand
    # "4/17" is out of nothing; "12/20" may be, after the name of a scale.
    return b not in _OUT_OF or (b > 12 and _SCALE_BEFORE.search(before) is None and a < 12)
