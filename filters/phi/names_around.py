# ruff: noqa: E501  (tables of patterns read worse when broken)
"""What stands around a capitalised word: persons, a heading, a term that it qualifies."""

from __future__ import annotations

import re

from casewright.filters.phi.lexicon import load_lexicon

__all__ = [
    "ADDRESSED",
    "LAST_WORDS",
    "SENTENCE_END",
    "among_persons",
    "head_after",
    "heading_line",
    "last_word",
    "next_word",
]

SENTENCE_END = re.compile(r"(?:[.!?:;\n\r•*\"(]|\A|\d\.)\s{0,4}[-•*]?\s{0,2}\Z")

ADDRESSED = re.compile(
    r"\b(?:hi|hello|hey|dear|bye|goodbye|morning|afternoon|evening|named|name is|name's|thanks|"
    r"thank you|welcome|call me|nice to meet you|good to see you|spoken? (?:to|with)|"
    r"told|asked|thanked|met with|discussed (?:it |this )?with|wife|husband|son|daughter|brother|"
    r"sister|partner|fiancee?|girlfriend|boyfriend|friend|roommate|neighbou?r|cousin|niece|nephew|"
    r"caregiver|carer|guardian)[\s,]{1,3}\Z",
    re.I,
)

_TITLED = r"(?:Dr|Mr|Mrs|Ms|Miss|Prof)\.?\s|"

_KIN = (
    r"daughter|son|wife|husband|mother|father|sister|brother|aunt|uncle|friend|neighbou?r|caregiver|guardian|"
    r"partner|spouse|niece|nephew|cousin|grandmother|grandfather|grandson|granddaughter"
)

_ROLE = (
    r"interpreter|patient|pt|nurse|contact|physician|surgeon|attending|consultant|radiologist|cardiologist|"
    r"anesthesiologist|anaesthetist|pathologist|therapist|provider|client|resident|pcp|gp|cc|re|signed|"
    r"social worker|case manager|dietitian|pharmacist|midwife|paramedic|thank you|thanks|sincerely|regards"
)

_BEFORE_PERSON = re.compile(
    rf"(?:\b{_TITLED}\b(?:by|with|referring|seeing|saw|identified as|known as|named|name is|i am|i'm|contact is|{_KIN}|{_ROLE}|name)[,:]?\s{{1,2}}"
    r"|\b(?:spoke|spoken|talked|explained|introduced|speaking|given|referred|according)\s(?:to|with)\s(?:Mr|Mrs|Ms|Dr)?\.?\s?|\b(?:patient|pt|client|resident)\s\()\Z",
    re.I,
)

_AFTER_PERSON = re.compile(
    r"'s\s(?:chart|wound|family|mother|father|wife|husband|case|labs?|care|symptoms|medications?|condition|progress|mom|dad|son|daughter)\b"
    r"|,?\s(?:is|was)\s(?:an?\s(?:\d|pleasant|very\spleasant)|alert|awake|seen|admitted|here|brought|accompanied|discharged|referred|present\b)"
    r"|,?\s(?:reports|reported|denies|denied|states|stated|says|said|complains|presents|presented|arrived|underwent|assisted|agrees|notified|came|called|will\scall|"
    r"lives|returns|returned|endorses|tells)\b"
    r"|\sand\s(?:her|his|their)\s|\s\((?:DOB|age|aged|MRN|sister|brother|mother|father|son|daughter|wife|husband|he|she|they)\b"
    r"|,\s(?:MD|M\.D\.|DO|RN|NP|PA|PA-C|LPN|PhD|DDS)\b|\sat\slength\b|\sto\s(?:our|my|the)\s(?:clinic|office|practice|service)\b"
)


def among_persons(text: str, start: int, end: int) -> bool:
    """Whether words stand where only a person's name can."""
    if _AFTER_PERSON.match(text, end) is not None:
        return True
    before = text[max(0, start - 32) : start]
    return last_word(before) in LAST_WORDS and _BEFORE_PERSON.search(before) is not None


def last_word(before: str) -> str:
    """The last word before a place, in lower case: "dr" of "Dr. "."""
    end = len(before.rstrip(" \t\r\n,:.("))
    start = end
    while start and (before[start - 1].isalpha() or before[start - 1] == "'"):
        start -= 1
    return before[start:end].lower().lstrip("'")


# The last words by which a person is told: any word of the patterns. Without one no pattern is tried.
LAST_WORDS = frozenset(
    (
        *re.findall(r"[a-z']+", f"{_BEFORE_PERSON.pattern} {ADDRESSED.pattern}".lower()),
        *(
            "neighbour",
            "neighbor",
            "fiance",
            "spoke",
            "my",
            "her",
            "his",
            "their",
            "the",
            "a",
            "our",
        ),
    )
)


def heading_line(text: str, start: int, end: int) -> bool:
    """Whether the line is a heading or a title: all of its few words are capitalised."""
    a = text.rfind("\n", max(0, start - 200), start) + 1 or max(0, start - 200)
    b = text.find("\n", end, end + 200)
    words = re.findall(r"[A-Za-z][\w'-]*", text[a : b if b >= 0 else end + 200])
    return bool(words) and len(words) <= 8 and all(w[0].isupper() for w in words)


_NEXT = re.compile(r"(?:'s)?[\s,-]{0,3}([A-Za-z']+)")

_HEAD = re.compile(r"(?:'s?)?[\s-]([A-Za-z]+)(?:'s)?(?:\s([A-Za-z]+))?")


def next_word(text: str, end: int) -> str:
    """The word after a place, in lower case."""
    m = _NEXT.match(text, end)
    return m[1].lower() if m else ""


def head_after(text: str, end: int) -> str:
    """The word that a capitalised word may qualify: "disease" after "Addison" or "Lou Gehrig"."""
    m = _HEAD.match(text, end)
    if m is None:
        return ""
    lex = load_lexicon()
    one = m[1].lower()
    if m[1][0].isupper() and one not in lex.eponym_heads and m[2] is not None:
        return m[2].lower()
    return one
