# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Ages over 89."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate

__all__ = ["ages_after_names", "find_ages"]

_OLD = r"(?:9\d|1[0-2]\d)"

_TENS = r"ninety(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?"

_HUNDRED = r"(?:one|a)\shundred(?:\s(?:and\s)?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve))?"

_AGE_WORD = rf"(?:{_TENS}|{_HUNDRED})"

AGE = re.compile(
    rf"(?<![\w./-])(?P<n>{_OLD}|{_AGE_WORD})(?:\s?\+)?\s?-?\s?(?:y(?:ea)?rs?[\s-]{{0,2}}old|y\.?/?o\.?(?!\w)|yr(?:s)?\.?\s?old|"
    rf"years?\sof\sage|year-old|yrs\b|y\.o\.|y/o|yom\b|yof\b|yo\s|(?:M|F)(?=\s(?:with|w/|who|presents|c/o|admitted|seen|s/p|patient|from|here|in|on|known|lives|brought|referred|transferred|hosp|mrn|nhs|dob|bed|day|fall|fell)|[ ]?[,.;\n|]|\Z))"
    rf"|\b(?:aged?|age\sof|age\sis|age:|age|turned|turning)[\s:]{{1,3}}(?P<n2>{_OLD}|{_AGE_WORD})(?![\w/%]|\.\d|-\d|\s?(?:mg|days?|weeks?|months?|hours?|minutes?))"
    rf"|\b(?:age\s?/\s?sex|sex\s?/\s?age|age\sand\ssex|dob\s?/\s?age|patient\sage|pt\sage)\s{{0,2}}:?\s{{0,3}}(?:[mf]\s?/\s?)?(?P<n6>{_OLD})\s?/?\s?(?:[mf]\b)?(?=\s?(?:y|[,.;\n]|\Z))"
    rf"|\b(?:mother|father|mom|mum|dad|grandmother|grandfather|grandma|grandpa|nan|aunt|uncle|sister|brother|wife|husband|patient),\s(?:aged?\s|now\s)?(?P<n7>{_OLD}|{_AGE_WORD})(?=[,.;)])"
    rf"|\b(?:lived|survived)\s(?:to|until|till)\s(?:be\s|the\sage\sof\s|age\s)?(?P<n8>{_OLD}|{_AGE_WORD})(?=[.,;)]|\Z|\s(?:years|and|before|with))"
    rf"|\b(?:s?he|patient|i)'ll\sbe\s(?P<n10>{_OLD}|{_AGE_WORD})(?=[.,;)]|\Z|\s(?:in|next|this|on|soon|and)\b)"
    rf"|\((?:[MF]|male|female),?\s(?P<n11>{_OLD})\)"
    rf"|\bage\s?(?:\(|\||at\s\w{{2,14}}(?:\s\w{{2,14}})?\s?:)\s?(?P<n12>{_OLD})(?=\s?[).,;|\n]|\Z|\s?y)"
    rf"|\b(?:mother|father|mom|mum|dad|grandmother|grandfather|aunt|uncle|sister|brother)\sto\s(?P<n13>{_OLD}|{_AGE_WORD})(?=[.,;)]|\Z)"
    rf"|\b(?:mother|father|mom|mum|dad|grandmother|grandfather|grandma|grandpa|nan|aunt|uncle|sister|brother|wife|husband|partner|friend|neighbou?r)\s(?-i:[A-Z])[a-z'-]{{1,20}}(?:,\s(?:aged?\s|now\s)?|\s\()(?P<n14>{_OLD}|{_AGE_WORD})(?=[,.;)])"
    rf"|\b(?:s?he|patient|mother|father|i)\s(?:will\sbe|would\sbe|turns|is\salmost|is\snearly|is\sabout\sto\sbe|is\sgoing\son|just\sturned|becomes)\s(?P<n9>{_OLD}|{_AGE_WORD})(?=[.,;)]|\Z|\s(?:in|next|this|on|soon|and)\b)"
    rf"|\b(?:s?he|patient|pt|mother|father|grandmother|grandfather|i|i'm|he's|she's|who)\s?(?:is|was|am|'s|died at|passed away at)?\s(?:now\s|currently\s|only\s|already\s)?(?P<n3>{_OLD}|{_AGE_WORD})"
    r"(?=\s?[.,;)]|\sand\b|\snow\b|\sthis\b|\sor\b)"
    rf"|\b(?:s?he|they)\s(?:says|said|thinks|believes|claims)\s(?:s?he\sis\s|s?he's\s|that\s|it\sis\s|it's\s)?(?P<n15>{_AGE_WORD}|{_OLD})(?=[.,;)]|\sby\b|\syears|\sand\b|\Z)"
    rf"|(?<![\w./-])(?P<n16>{_OLD}(?:st|nd|rd|th)|ninet(?:ieth|y-(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth))|(?:one\s)?hundred(?:th|\sand\s(?:first|second|third|fourth|fifth)))\s(?:birthday|year)"
    rf"|\b(?:died|passed(?:\saway)?|deceased)\sat\s(?:the\sage\sof\s|age\s)?(?P<n4>{_OLD}|{_AGE_WORD})(?![\w/%])"
    r"|\b(?P<n5>nonagenarian|centenarian|(?:in\s(?:his|her|their)\s(?:(?:early|mid|late)[\s-])?(?:nineties|90'?s))|over\s100\syears)\b",
    re.I,
)

# An age in a rule or a guideline is nobody's age.
_AGE_GENERAL = re.compile(
    r"\b(?:over|above|older than|under|below|up to|until|than|>=?|<=?|(?<!lived )(?<!survived )to|between)\s{0,2}\Z",
    re.I,
)

_AGE_GROUPS = (
    "n",
    "n2",
    "n3",
    "n4",
    "n5",
    "n6",
    "n7",
    "n8",
    "n9",
    "n10",
    "n11",
    "n12",
    "n13",
    "n14",
    "n15",
    "n16",
)

_AGE_GATE = Gate(lambda: (AGE,))


# "Violet Rice, 97.", "Ivy Frost 91f", "Mr Cross is 92 and here": right after a name
_AFTER_NAME = re.compile(
    rf"(?:[.]?(?:,|[ ]-|[ ]\(|:)?[ ]{{1,2}}(?P<n>{_OLD})(?:[ ]?[MFmf]\b|[ ]?y(?:rs?|/?o)?\b|(?=[ ]?(?:[.,;)\n|]|\Z)))|[ ](?:is|was|turned|will[ ]be)[ ](?:now[ ])?(?P<n2>{_OLD})(?=[ ]?[.,;)]|[ ](?:and|but|years|with|today|who|now)\b|\Z))"
)


def ages_after_names(text: str, found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Ages over 89 that stand right after one of the names found."""
    for name in found:
        m = _AFTER_NAME.match(text, name.end) if name.type == "name" else None
        if m is not None:
            group = "n" if m["n"] else "n2"
            yield Candidate("age", m.start(group), m.end(group), 0.9, "age after a name")


def find_ages(text: str) -> Iterator[Candidate]:
    """Candidates of type `age`: above 89 only (45 CFR 164.514(b)(2)(i)(C))."""
    for m in _AGE_GATE.find(text)[0]:
        group = next(g for g in _AGE_GROUPS if m[g] is not None)
        start = m.start(group)
        if group != "n5" and _AGE_GENERAL.search(text[max(0, start - 14) : start]):
            continue
        if (
            m[group].lower() == "ninety"
            or m[group].isdigit()
            or group in ("n5", "n16")
            or " " in m[group]
            or "-" in m[group]
        ):
            yield Candidate("age", m.start(), m.end(), 0.9, "age over 89")
