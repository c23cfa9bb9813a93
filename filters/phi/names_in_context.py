# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Names by the words around them: one judgement for capitalised words where a person stands.

A run of capitalised words is a name if its words can be one and if what stands before or after it
says "person" (see `person_places`). The surer the place, the less the words need to look like a
name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import load_lexicon
from casewright.filters.phi.name_words import NO_NAME, PARTICLES, WORD, Kind, kind_of
from casewright.filters.phi.person_places import person_place

__all__ = ["find_names_in_context"]

_PART = "|".join(sorted({*PARTICLES, *(p.title() for p in PARTICLES), "ap"}, key=len, reverse=True))

_UNIT = rf"(?:{WORD})(?![\w])"

_JOIN = rf"(?:[ ](?:\"[A-Z][a-z]{{1,12}}\"[ ]|\([A-Z][a-z]{{1,12}}\)[ ]|(?:[A-Z]\.?[ ]){{1,2}})?(?:(?:{_PART})[ ]){{0,2}}|-)"

_RUN = re.compile(rf"(?<![\w'-])(?:(?:{_PART})[ ](?=[A-Z]))?{_UNIT}(?:{_JOIN}{_UNIT}){{0,3}}")

_INITIALS = re.compile(
    rf"(?<![\w'.-])(?P<i>[A-Z]\.[ ]?(?:[A-Z]\.[ ]?){{0,2}}|[A-Z][ ][A-Z][ ](?=(?:(?:{_PART})[ ])?[A-Z][a-z])|[A-Z]{{1,2}}[ ](?=(?:(?:{_PART})[ ])?[A-Z][a-z]))(?P<n>(?:(?:{_PART})[ ]){{0,2}}{_UNIT}(?:-{_UNIT})?)"
)

_PIECE = re.compile(r"[A-Za-z'-]+")

_DEGREES = re.compile(r"\d[ °º]{1,2}\Z")  # "37.1 C. Blood was found"


_NOBODY = ("parent", "parents", "caregiver", "guardian")  # "Parent verbalized understanding"
_ROLES = ("ologist", "ologists", "iatrist", "iatrician", "therapist", "prescriber")


def _usable(word: str) -> bool:
    """Whether a capitalised word can be part of a name at all."""
    low = word.lower().removesuffix("'s")
    lex = load_lexicon()
    if low in NO_NAME or low in lex.titles or low.endswith(_ROLES) or low in _NOBODY:
        return False
    if word.isupper() and low in lex.abbreviations:
        return False
    kind = kind_of(word)
    if kind.word == 4:
        return kind.given == 2 or kind.family >= 2
    if word.isupper() and kind.word >= 2:
        return kind.given == 2 or kind.family == 3
    named = kind.given or kind.family or kind.unknown or (kind.place and not kind.word)
    # "Peregrine Snodgrass": a rare word may stand before a family name.
    return bool(named) or (kind.word == 1 and not kind.eponym)


def _likely(kind: Kind) -> bool:
    """Whether the word is a name, or nothing that is known, rather than a word."""
    return not kind.word and not kind.eponym and bool(kind.given or kind.family or kind.unknown)


_GATE = Gate(lambda: (_INITIALS,))


def find_names_in_context(text: str) -> Iterator[Candidate]:
    """Candidates of type `name`."""
    for run in _RUN.finditer(text):
        yield from _judge_run(text, run.start(), run.end())
    for m in _GATE.find(text)[0]:
        found = _judge_initials(text, m)
        if found:
            yield found


_NAME_WORD = re.compile(r"(?:[dl]')?[A-Z][A-Za-z'-]*")


@lru_cache(maxsize=65536)
def _words(run: str) -> tuple[tuple[int, int, str], ...]:
    """Words of a run that can be a name, with where they stand in it.

    Without particles, a final 's, initials at the end, and what can be no part of a name before and
    after: "Per Okafor", "The Okafor".
    """
    words = []
    for m in _NAME_WORD.finditer(run):
        a, b, word = m.start(), m.end(), m[0]
        if a and run[a - 1] in '("':
            continue  # a nickname between the names
        if word.endswith("'s"):
            b, word = b - 2, word[:-2]
        words.append((a, b, word))
    while words and (len(words[0][2]) == 1 or not _usable(words[0][2])):
        words.pop(0)
    last = 0
    while last < len(words) and (len(words[last][2]) == 1 or _usable(words[last][2])):
        last += 1
    words = words[:last]
    while words and len(words[-1][2]) == 1:
        words.pop()
    return tuple(words)


def _judge_run(text: str, start: int, end: int) -> Iterator[Candidate]:
    words = [(start + a, start + b, word) for a, b, word in _words(text[start:end])]
    if not words:
        return
    found = _with_plain_words(text, words) or _judge(text, words)
    if found is None and len(words) > 1 and words[0][0] == start:
        # "Thanks Grace", "Nurse Okafor": the first word may belong to what stands before.
        found = _judge(text, words[1:])
    if found:
        yield found


_PLAIN = re.compile(r"(?:[ ][A-Z][a-z]{2,10}){1,2}(?![\w-])")


def _with_plain_words(text: str, words: list[tuple[int, int, str]]) -> Candidate | None:
    """A given name and a family name of plain words: "Leonard Crow Dog"."""
    first = kind_of(words[0][2])
    more = _PLAIN.match(text, words[-1][1])
    if more is None or not (first.given or first.unknown) or first.word > 1 or first.eponym:
        return None
    lex = load_lexicon()
    plain = more[0].lower().split()
    if any(w in lex.medical or w in lex.not_names or w in lex.facility_generic for w in plain):
        return None
    place = person_place(text, words[0][0], more.end())
    if place.given:
        return Candidate("name", words[0][0], more.end(), 0.6, "full name where a person stands")
    return None


_LONG = 6  # letters of what is no abbreviation


def _named_in_field(text: str, start: int, end: int, kind: Kind, word: str) -> bool:
    """ "Side room: FORD -": a family name in capitals, or what is spelt like one, in a field."""
    common = kind.family == 3 and kind.word <= 3 and len(word) > 3
    spelt = kind.spelt and len(word) >= _LONG
    return (common or spelt) and person_place(text, start, end).family == 2


# "This is Graves' disease", "Son: Yeah": an eponym, and a turn of a dialogue
_NO_PERSON = re.compile(
    r"(?:[A-Z][a-z]+(?:'s?)?[ ](?:disease|syndrome|sign|test|phenomenon|thyroiditis|ophthalmopathy|tremor|palsy|lymphoma)\b"
    r"|(?:Son|Dad|Mom|Mum|Nan|Gran|Sis|Man|Boy|Girl|Child|Baby|Guest|Wife|Husband|Partner|Friend|Nurse):)"
)


def _judge(text: str, words: list[tuple[int, int, str]]) -> Candidate | None:
    start, end = words[0][0], words[-1][1]
    if len(words) == 1 and _NO_PERSON.match(text, start):
        return None
    kinds = [kind_of(w) for _, _, w in words if len(w) > 1]
    capitals = words[0][2].isupper() and len(words[0][2]) > 1
    if capitals and _named_in_field(text, start, end, kinds[0], words[0][2]):
        return Candidate("name", start, end, 0.6, "name in capitals in a field")
    if capitals and (
        len(words[0][2]) < 3
        or not all(map(_likely, kinds))
        or (len(words[0][2]) < 5 and not any(k.given or k.family for k in kinds))
    ):
        return None
    place = person_place(text, start, end)
    if not (place.given or place.family):
        return None
    placed = place.given == 2 and place.followed
    # "PE: HEENT" and whatever else is short for something
    if capitals and not placed and not any(k.given or k.family for k in kinds):
        return None
    first, final = kinds[0], kinds[-1]
    if len(kinds) > 1:
        if not place.given or (first.eponym and first.given < 2):
            return None
        likely = [_likely(k) for k in kinds]
        named = first.given or first.unknown or likely[0] or (first.word == 1 and likely[-1])
        if all(likely) or (
            place.given == 2 and named and (any(likely) or (first.given and final.family))
        ):
            return Candidate("name", start, end, 0.75, "full name where a person stands")
        common = final.family == 3 or (final.family and (first.given == 2 or not first.word))
        if first.given and (common or likely[-1]):
            return Candidate("name", start, end, 0.65, "full name where a person stands")
        return None
    if first.eponym and not (place.given == 2 and first.given):
        # "Pellegrini denies chest pain": what many have by name is somebody where only one can be.
        if first.family >= 2 and not first.word and place.family == 2:
            return Candidate("name", start, end, 0.55, "family name where a person stands")
        return None
    if _likely(first) and len(words[0][2]) > 2:
        if place.cued and (first.given or first.family or len(words[0][2]) > 3):
            return Candidate("name", start, end, 0.6, "name where a person stands")
    elif place.given == 2 and (
        first.given == 2
        or (first.given and first.word <= 2)
        or (place.kindred and (first.given or first.family))
    ):
        return Candidate("name", start, end, 0.55, "word as a given name where a person stands")
    elif place.family == 2 and first.family == 3 and first.word <= 3:
        return Candidate("name", start, end, 0.55, "word as a family name where a person stands")
    return None


_ENDED = re.compile(r"[ ]?(?:[,;)(\"]|\n|\Z|\.(?:[ \n]|\Z))")
_TYPES = re.compile(
    r"(?:vitamin|hepatitis|grade|type|group|class|stage|protein|factor|phase|level|part|arm|plan|section|ward|bay|unit|point|lead)[ ]\Z",
    re.I,
)


def _alone_before(text: str, start: int) -> bool:
    """Whether initials begin what they stand in: after a label, a comma or a preposition."""
    before = text[max(0, start - 12) : start]
    return _TYPES.search(before) is None and (
        not before
        or before[-1] in '\n"('
        or before.endswith((": ", ", ", "by ", "with ", "to ", "from ", "and ", "- ", "cc ", "| "))
    )


def _judge_initials(text: str, m: re.Match[str]) -> Candidate | None:
    """Such as "J. R. Okafor", "R Patel", "JR Okafor"."""
    word = _PIECE.findall(m["n"])[-1].removesuffix("'s")
    if not _usable(word) or (word.isupper() and len(word) < 4) or word == "Box":
        return None
    kind = kind_of(word)
    letters = [c for c in m["i"] if c.isalpha()]
    if letters in (["C"], ["F"]) and _DEGREES.search(text, max(0, m.start() - 8), m.start()):
        return None
    dotted = "." in m["i"]
    if kind.eponym and not (dotted and len(letters) > 1):
        return None
    end = m.end() - (2 if m["n"].endswith("'s") else 0)
    place = person_place(text, m.start(), end)
    known = kind.family >= 2 and not kind.word
    # "S. Brandvold, PGY-2", "S Ghorbani (endocrine)", "L K Bondarenko;"
    ended = _ENDED.match(text, end) is not None and not kind.word and not kind.eponym
    if ended and (kind.family or kind.spelt) and (dotted or _alone_before(text, m.start())):
        return Candidate("name", m.start(), end, 0.6, "initials and family name")
    if dotted and (len(letters) > 1 or known or (place.family and (kind.family or _likely(kind)))):
        return Candidate("name", m.start(), end, 0.7, "initials and family name")
    if (
        not dotted
        and len(letters) < 3
        and place.family
        and (known or (place.family == 2 and (kind.family >= 2 or _likely(kind))))
    ):
        return Candidate("name", m.start(), end, 0.6, "initials and family name")
    return None
