# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Full names by where they stand: places where nothing but a person's name can be.

"Re: Art Heart", "next of kin - Skip Strong", "Frost, Hope - seen on the ward round": here words
that are also words of the language are names, and names that no lexicon has are, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from casewright.filters.phi.gates import Gate, matches, sentence_starts
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import load_lexicon
from casewright.filters.phi.name_words import NO_NAME, PARTICLES, WORD, kind_of

__all__ = ["find_names_in_place"]

_RELATIVE = (
    "wife|husband|son|daughter|mother|father|brother|sister|partner|neighbou?r|friend|cousin|"
    "grandson|granddaughter|niece|nephew|aunt|uncle|carer|caregiver|roommate|fianc[eé]e?"
)
# What a person does in a note, right after the name.
_DOES = (
    "attended|tolerated|presented|presents|reports|reported|denies|denied|underwent|is|was|has|had|"
    "returns|returned|arrived|came|states|stated|says|describes|described|complains|c/o|lives|"
    "drove|called|agrees|agreed|attends|remains|will|telephoned|rang|feels|felt|walked|requested"
)


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    """Patterns with a group `n`, by what each says of the words in it."""
    credentials = "|".join(
        re.escape(c) for c in sorted(load_lexicon().credentials, key=len, reverse=True)
    )
    stop = rf"(?!(?:{credentials})\b)"
    particle = "|".join(
        sorted({*PARTICLES, *(p.title() for p in PARTICLES)}, key=len, reverse=True)
    )
    part = rf"(?:(?:{particle})[ ]){{0,2}}"
    full = rf"{part}(?:{WORD})(?:[ ](?:[A-Z]\.?[ ])?{part}{stop}(?:{WORD})){{1,2}}"
    turned = rf"{part}(?:{WORD})(?:[ -](?:{WORD})){{0,1}},[ ]?(?:(?:{WORD})(?:[ ]{stop}(?:{WORD}|[A-Z]\.?(?!\w))){{0,1}}|[A-Z]\.?(?!\w))"
    line = r"(?:\A|(?<=\n))[ \t]{0,8}(?:\d{1,2}[.)][ ])?"
    name_label = r"(?:[Pp]atient(?:'s)?[ ]|[Ff]ull[ ]|[Pp]t\.?[ ])?[Nn]ame"
    return {
        "turned": re.compile(
            rf"(?:{line}|\b[Bb]y:?[ ]{{1,3}}|[\t|][ ]?|\b(?:[Rr]e|RE):[ ]|\b(?:[Pp]t|[Pp]atient|PATIENT|PT|[Cc]lient|[Nn]ame|[Aa]ttending|[Oo]rdering|[Pp]rovider|[Ss]urgeon|[Cc]onsultant|[Rr]eferring|[Pp]hysician|[Rr]esident|NAME|PROVIDER|ATTENDING|ORDERING):?[ ]{{1,4}})(?P<n>{turned})(?=,?[ ](?:{credentials})\b|[ ]?[-:(|/\t]|[ ]{{2}}|[ ]?\n|[ ]?\Z|,?[ ]\d|[ ](?:DOB|dob|MRN|aged|{_DOES})\b)"
        ),
        "label": re.compile(
            rf"{line}(?:{name_label}|NAME|PATIENT NAME|PATIENT)[ ]?:[ \t]{{0,4}}(?P<n>{turned}|{full})(?=[ ]*(?:\n|\Z|,?[ ]{{1,4}}(?:DOB|MRN|Age|Sex|\()))"
        ),
        "slot": re.compile(
            rf"(?:(?<![\w-])(?:[Rr]e|RE|[Pp]atient|[Nn]ame|[Cc]c|[Ss]igned[ ]by|[Dd]ictated[ ]by|[Aa]ttending(?:[ ]physician)?|"
            rf"[Cc]onsultant|[Ss]urgeon|[Nn]ext[ ]of[ ]kin|[Ee]mergency[ ]contact|[Ww]itness|[Ii]nterpreter)[ ]?(?::|-)[ ]{{1,4}}(?:(?:Dr|Mr|Mrs|Ms|Prof)\.?[ ])?"
            rf"|(?<![\w-])(?:[Rr]eferring|[Nn]amed|[Ss]poke[ ]with|[Ss]poke[ ]to|[Mm]et[ ]with|[Rr]egarding|[Cc]oncerning|[Ss]ummary[ ]for|[Ll]etter[ ]to|[Cc]are[ ]of|[Aa]ccording[ ]to|[Rr]eview[ ]of|[Dd]iscussed[ ]with|{_RELATIVE})(?:,[ ]|[ ])"
            rf"|(?<![\w-])(?:Pt|Pt\.|I,|[Dd]ear|[Cc]c:?|[Dd]r\.?)[ ](?:Dr\.?[ ])?)(?P<n>{full})"
            rf"(?=[ ]*(?:\n|\Z|[,.;:(]|['’]s\b|[ ](?:{_DOES}|who|and|by|on|at|for|about|to|today|regarding)\b|[ ]-[ ]))"
        ),
        "subject": re.compile(rf"(?:\A|(?<=[.!?\n][ ])|(?<=\n))(?P<n>{full})(?=[ ](?:{_DOES})\b)"),
        "relative": re.compile(
            rf"(?<![\w-])(?:[Hh]er|[Hh]is|[Tt]heir|[Mm]y)[ ](?:{_RELATIVE})(?:,[ ]|[ ])(?P<n>(?:{WORD}))(?=[ ](?:{_DOES})\b|[,.;])"
        ),
        "told": re.compile(rf"(?<![\w-])[Aa]ccording[ ]to[ ](?P<n>(?:{WORD}))(?=[,.])"),
        "addressed": re.compile(
            rf"(?<![\w-])(?:[Hh]i|[Hh]ello|[Gg]ood[ ](?:morning|afternoon|evening)|[Dd]ear)[ ,]{{1,2}}(?P<n>(?:{WORD}))(?=[,.!?\n])"
        ),
    }


# What may stand before "Okafor, Amara" besides the start of a line.
_BEFORE_TURNED = re.compile(
    r"[Bb]y|[\t|]|\b(?:[Rr]e|RE|[Pp]t|PT|[Pp]atient|PATIENT|[Cc]lient|[Nn]ame|[Aa]ttending|[Oo]rdering|[Pp]rovider|[Ss]urgeon|[Cc]onsultant|[Rr]eferring|[Pp]hysician|[Rr]esident|NAME|PROVIDER|ATTENDING|ORDERING)\b"
)


_TURN = re.compile(r",[ ]?(?=[A-Z]|[dl]')")


def _before_turned(text: str) -> Iterator[int]:
    """Where "Okafor, Amara" can begin: on the line of a comma before a capital."""
    for turn in _TURN.finditer(text):
        comma = turn.start()
        line = text.rfind("\n", 0, comma) + 1
        after = text.rfind(",", line, comma) + 1
        if not after:
            yield line
        yield from (m.start() for m in _BEFORE_TURNED.finditer(text, after or line, comma))


_GATED = ("label", "slot", "relative", "told", "addressed")
_GATE = Gate(lambda: [_patterns()[name] for name in _GATED])


_SINGLE = ("relative", "addressed", "told")


def _can_be(word: str) -> int:
    """0 no name, 1 a word that may be one, 2 a name or nothing known."""
    kind = kind_of(word)
    lex = load_lexicon()
    if word.lower() in NO_NAME or word.lower() in lex.titles or word in lex.credentials:
        return 0
    if kind.word == 4 and not kind.given and kind.family < 2:
        return 1 if kind.family and word.lower() not in lex.placeholders else 0
    if kind.given == 2 or kind.unknown:
        return 2
    if kind.given or kind.family:
        return 2 if kind.word <= 1 else 1
    return 2 if kind.place and not kind.word else 0


def find_names_in_place(text: str) -> Iterator[Candidate]:
    """Candidates of type `name`."""
    p = _patterns()
    found = [
        ("turned", matches(p["turned"], text, _before_turned(text))),
        ("subject", matches(p["subject"], text, sentence_starts(text))),
        *zip(_GATED, _GATE.find(text), strict=True),
    ]
    for place, own in found:
        for m in own:
            words = [w for w in re.findall(r"[^\s,]+", m["n"]) if w.lower() not in PARTICLES]
            words = [w for w in words if len(w.strip(".")) > 1]
            sure = [_can_be(w.strip(".")) for w in words]
            start = m.start("n")
            while place == "turned" and len(words) > 2 and not sure[0]:
                # "Patient PETTIGREW, WINSTON": a line may begin with a label.
                start = text.index(words[1], start)
                words, sure = words[1:], sure[1:]
            if place == "turned" and len(words) == 1 and _with_letter(text, m, words[0]):
                yield Candidate("name", start, m.end("n"), 0.6, "family name and initial")
            if len(words) < (1 if place in _SINGLE else 2) or not all(sure):
                continue
            if not _fits(place, words, sure):
                continue
            yield Candidate("name", start, m.end("n"), 0.8, "a name stands here")


_CELL_END = re.compile(r"[ ]{0,3}[\t|\n)]|\Z")


def _with_letter(text: str, m: re.Match[str], word: str) -> bool:
    """ "Halvorsen, I" in a list or a cell: a family name that is no other word, and an initial."""
    kind = kind_of(word)
    known = kind.family >= 2 or kind.spelt or kind.unknown
    return (
        known
        and not kind.word
        and not kind.eponym
        and len(word) > 2
        and _CELL_END.match(text, m.end("n")) is not None
    )


def _fits(place: str, words: list[str], sure: list[int]) -> bool:
    """Whether the words are names enough for the place."""
    kinds = [kind_of(w.strip(".")) for w in words]
    if place in _SINGLE:
        # A single word: nothing of the language, or where somebody says something a given name.
        if place == "told" and kinds[0].given == 2:
            return True
        return kinds[0].word <= 1 and (
            kinds[0].given > 0 or kinds[0].family > 0 or kinds[0].unknown
        )
    if place == "turned":
        # "Hope" after "Frost" is a given name; "Nausea, vomiting" is a list of complaints.
        given, family = kinds[-1], kinds[0]
        if words[-1].isupper() and not words[0].isupper():
            return False  # "Betty Ross, PA-C"
        both = (given.given > 0 or given.unknown or not given.word) and (
            family.family > 0 or family.unknown
        )
        return both and (given.given == 2 or max(sure) == 2 or family.family == 3)
    first = kinds[0]
    if place == "subject":
        # At the start of a sentence the words need not be a name at all: "Blood Pressure was".
        if all(k.word == 0 for k in kinds):
            return True
        return first.given > 0 and all(k.family > 0 or k.given > 0 or k.unknown for k in kinds[1:])
    return first.given > 0 or first.unknown or max(sure) == 2
