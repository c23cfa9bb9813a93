# ruff: noqa: E501  (tables of patterns read worse when broken)
"""How dates are written."""

from __future__ import annotations

import re

__all__ = [
    "COMPACT",
    "DAY_ALONE",
    "DAY_MONTH",
    "DAY_RANGE",
    "HOLIDAY",
    "ISO",
    "MONTHS",
    "MONTH_ALONE",
    "MONTH_ALONE_LOWER",
    "MONTH_DAY",
    "MONTH_SHORT_YEAR",
    "MONTH_YEAR",
    "NUMERIC_FULL",
    "NUMERIC_MONTH_YEAR",
    "NUMERIC_SHORT",
    "NUMERIC_SPACED",
    "SOLID",
    "SPOKEN",
    "SPOKEN_PART",
]

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
    r"|(?:thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?"
)

SPOKEN = re.compile(
    rf"\b(?:{_MONTH}\s(?:the\s)?(?:{_SPOKEN_DAY})|(?:the\s)?(?:{_SPOKEN_DAY})\s(?:of\s)?{_MONTH})(?:,?\s(?:of\s)?(?:{_SPOKEN_YEAR}|{_YEAR}))?\b",
    re.I,
)

# "from the fourteenth to the eighteenth", "May of twenty nineteen", "twelve slash two"
SPOKEN_PART = re.compile(
    rf"\b(?:on|from|since|until|till|by|before|after|to|through)\sthe\s(?P<d>(?:twenty|thirty)[\s-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)(?=[.,;?!\n]|\Z|\s(?:and|to|at|for|with|but|when|because|of\s(?:this|last|next|the)\smonth|it|she|he|they|we|i)\b)"
    rf"|\b(?P<m>{_FULL_MONTH}\s(?:of\s)?(?:nineteen|twenty|two\sthousand)[\s-](?:oh\s|and\s)?[a-z]{{3,9}}(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?)\b"
    r"|\b(?P<s>(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\sslash\s(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?)(?:\sslash\s[a-z]{3,9}(?:[\s-][a-z]{3,9}){0,2})?)\b",
    re.I,
)

MONTH_SHORT_YEAR = re.compile(rf"(?<![\w-])(?P<m>{_MONTH})\.?\s?'(?P<y>\d\d)(?!\w)", re.I)

# "1-3 April", "May 5-7, 2023": the day at the other end of a range.
DAY_RANGE = re.compile(
    rf"(?<![\w./-]){_DAY}{_ORD}[ ]?(?:-|to|and|&|/)[ ]?{_DAY}{_ORD}[ ](?:of\s)?{_MONTH}(?![a-z])(?:,?\s{_YEAR})?"
    rf"|(?<![\w-]){_MONTH}\.?\s{_DAY}{_ORD}\s?(?:-|to|and|&)\s?{_DAY}{_ORD}(?![\w%/]|\.\d|\s?(?:mg|ml))(?:,?\s{_YEAR})?",
    re.I,
)

SOLID = re.compile(rf"(?<![\w.-]){_DAY}(?:{_MONTH})(?:19|20)?\d\d(?!\w)", re.I)

# "appointment on the 22nd", "discharged on the 9th", "Thursday 16th": the day of a month that is not named.
DAY_ALONE = re.compile(
    r"\b(?:(?:on|by|through|until|till|since|from|before|after|for|to|of|is|was|around)\sthe\s|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s(?:the\s)?|(?:contact|visit|appt|appointment|review|session|meeting|tomorrow|today|yesterday)\s(?:the\s)?)"
    r"(?P<d>(?:[12]?1st|2?2nd|2?3rd|3[01](?:st|th)|[12]?[4-9]th|1[0-3]th|20th|30th))"
    r"(?=[.,;:)\n]|\Z|\s(?:and|at|for|with|to|but|if|in\sclinic|or|was|were|had|have|has|showed|shows|we|he|she|i|it|they|because|when|after|before|so|then|as|in\sthe|a|an|by|on|pending|which|who|following|without|of\s(?:this|last|next|the)\smonth)\b)",
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
    r"(?:(?<![\w./-])|(?<=/\d-)|(?<=/\d\d-))(?P<a>\d{1,2})(?P<s>[/-])(?P<b>\d{1,2})(?![\w/%]|[.]\d|-(?!\d{1,2}/\d))"
)

HOLIDAY = re.compile(
    r"\b(?:new year'?s (?:day|eve)|christmas (?:day|eve)|(?:the )?fourth of july|4th of july|boxing day|"
    r"valentine'?s day|halloween|thanksgiving(?: day)?|(?:mother|father)'?s'? day|memorial day|labor day|independence day|"
    r"veterans'? day|remembrance (?:day|sunday)|easter (?:sunday|monday)|good friday|ash wednesday|bonfire night|guy fawkes(?: night)?|"
    r"st\.? patrick'?s day|presidents'? day|juneteenth|columbus day|(?:at|around|before|after|since|on|over) christmas)\b(?:,? (?:19|20)\d\d)?",
    re.I,
)
