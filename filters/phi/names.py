# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Personal names: titles, labels, credentials, and name lexicons in context.

A word is judged by what it can be (given name, family name, English word, medical
word, eponym, brand) and by what stands around it. A known name that is no word
needs no cue; a name that is also a word ("Grace", "Young", "May") needs one; a
capitalised word that no lexicon knows is a name beside a known name or a cue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.keywords import Keywords
from casewright.filters.phi.lexicon import Lexicon, load_lexicon, word_set

__all__ = ["find_names"]

# One word of a name in folded text: "Okafor", "O'Brien", "Smith-Jones", "McDonald", "OKAFOR".
# Every repeat begins with a character that the one before cannot take: no backtracking.
_WORD = r"[A-Z][a-z]{0,30}(?:(?:['-][A-Za-z]|[A-Z])[a-z]{1,30}){0,4}|[A-Z]{2,20}(?:['-][A-Z]{2,20}){0,2}"
TOKEN = re.compile(rf"(?<![\w'-])(?:{_WORD})(?![\w])")
_PARTICLES = word_set(
    """
de del della di da dos das do du van von der den ten ter la le el al bin ibn bint abu ben mac mc
st san y e
"""
)
_GAP = re.compile(r"[ \t]{1,3}|[ \t]{0,2}\r?\n[ \t]{0,2}|\.[ \t]{0,2}|,[ \t]{1,2}")
_TITLE_CASE = re.compile(r"[A-Z][a-z']")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a word can be."""

    given: int  # 0 no, 1 known, 2 common
    family: int  # 0 no, 1 rare, 2 known, 3 common
    word: int  # 0 no, 1 rare, 2 common, 3 frequent, 4 never a name without a title
    unknown: bool  # in no lexicon at all
    eponym: bool


_CONTRACTIONS = ("'ve", "'ll", "'re", "'m", "'d", "n't")


@lru_cache(maxsize=65536)
def _kind(word: str) -> _Kind:
    """Look a folded word up; hyphenated and apostrophed words by their parts."""
    lex = load_lexicon()
    low = word.lower().removesuffix("'s").strip("'")
    if low.endswith(_CONTRACTIONS):
        return _Kind(0, 0, 4, False, False)
    parts = [p for p in re.split(r"[-']", low) if len(p) > 1] if not _known(low, lex) else [low]
    if len(parts) > 1:
        kinds = [_kind(p) for p in parts]
        return _Kind(
            max(k.given for k in kinds) if all(k.given or k.family for k in kinds) else 0,
            max(k.family for k in kinds)
            if all(k.given or k.family or k.unknown for k in kinds)
            else 0,
            max(k.word for k in kinds),
            all(k.unknown for k in kinds),
            any(k.eponym for k in kinds),
        )
    low = parts[0] if parts else low
    given = 2 if low in lex.given_common else 1 if low in lex.given_known else 0
    family = (
        3
        if low in lex.family_common
        else 2
        if low in lex.family_known
        else 1
        if low in lex.family_rare
        else 0
    )
    if low in lex.not_names or low in lex.placeholders:
        level = 4
    elif low in lex.frequent_words or low in lex.medical or low in lex.brands:
        level = 3
    elif low in lex.common_words:
        level = 2
    elif low in lex.words:
        level = 1
    elif (low.endswith("s") and low[:-1] in lex.common_words) or low in lex.states:
        level = 2
    else:
        level = 0
    place = low in lex.home_cities or low in lex.world_cities
    unknown = not (given or family or level or place or low in lex.eponyms)
    return _Kind(given, family, level, unknown, low in lex.eponyms)


def _known(low: str, lex: Lexicon) -> bool:
    return (
        lex.is_given(low)
        or lex.is_family(low)
        or lex.is_word(low)
        or low in lex.not_names
        or low in lex.eponyms
    )


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    lex = load_lexicon()

    def either(words: tuple[str, ...]) -> str:
        return "|".join(
            re.escape(w).replace(r"\ ", r"\s") for w in sorted(words, key=len, reverse=True)
        )

    capital = (
        tuple(w.capitalize() for w in lex.titles)
        + tuple(w.upper() for w in lex.titles)
        + lex.titles
    )
    weak = tuple(w.capitalize() for w in lex.weak_titles)
    name = rf"(?:[A-Z]\.(?=[\s,;)]|\Z)|{_WORD}|[A-Z])"
    particle = "|".join(sorted(_PARTICLES))
    more = rf"(?:(?:\s{{1,2}}|-)(?:(?:{particle})\s){{0,2}}{name}){{0,4}}"
    return {
        "title": re.compile(
            rf"(?<![\w'-])(?P<t>{either(capital)})\.?\s{{1,2}}(?P<n>(?:(?:{particle})\s){{0,2}}{name}{more})"
        ),
        "title_lower": re.compile(
            rf"(?<![\w'-])(?P<t>{either(lex.titles)})\.?\s{{1,2}}(?P<n>[a-z][a-z'-]{{1,24}}(?:\s[a-z][a-z'-]{{2,24}})?)",
            re.I,
        ),
        "weak_title": re.compile(
            rf"(?<![\w'-])(?P<t>{either(weak)}|{either(lex.weak_titles)})\.?\s{{1,2}}(?P<n>{name}{more})"
        ),
        "label": re.compile(
            rf"(?<![\w'-])(?P<t>{either(lex.person_labels)})\s{{0,2}}(?::|\bis\b:?|=|-\s)\s{{0,4}}(?:(?:Dr|Mr|Mrs|Ms|Miss|Prof)\.?\s)?(?P<n>{name}(?:,\s{name})?{more})",
            re.I,
        ),
        "credential": re.compile(
            rf"(?<![\w'-])(?P<n>{name}{more}),?\s(?:{either(lex.credentials)})(?![\w-])"
        ),
        "cue": re.compile(
            rf"(?<![\w'-])(?:{either(lex.person_cues)})[\s,]{{1,3}}(?:(?:my|her|his|their|the|a|our)\s)?\Z",
            re.I,
        ),
        "signature": re.compile(rf"(?:(?:[-_/]s/|signed|~|--)\s{{0,3}})(?P<n>{name}{more})", re.I),
    }


def find_names(text: str, keywords: Keywords) -> Iterator[Candidate]:
    """Candidates of type `name`; `keywords` are those of the text."""
    p = _patterns()
    yield from _titled(text, keywords["title"], p)
    yield from _labelled(text, keywords["label"], p)
    yield from _runs(text)
    yield from _lower_case(text)


# A word after a title that shows the title is a word of the sentence: "Dr. will see you".
_NO_NAME = word_set(
    """
the a an and or but if is was are were has have had will would can could should may might must
not no he she they we you i it his her their our my your this that who which what when where why
how of in on at to for from by with as per be been do did does said says told also then there
here visit appointment office orders order note notes states stated reports reported recommended
prescribed advised patient patients who's referral name signature date please thanks thank
"""
)


def _name_length(words: list[str], *, first_any: bool) -> int:
    """How many of the words after a title or label belong to the name."""
    taken = 0
    for i, raw in enumerate(words):
        word = raw.strip(".,")
        low = word.lower()
        if low in _PARTICLES and i + 1 < len(words):
            continue
        kind = _kind(word)
        initial = len(word) == 1 and word.isupper() and i + 1 < len(words)
        if i and word.islower():
            break
        if not initial and (low in _NO_NAME or low in load_lexicon().placeholders):
            break
        if initial:
            pass
        elif i == 0 and first_any:
            if kind.word == 4 and not (kind.given or kind.family):
                break
        elif len(word) == 1:
            pass
        elif (
            not (kind.given or kind.family >= 2 or (kind.family and kind.word < 2) or kind.unknown)
            or (kind.word == 4 and i > 0)
            or (kind.word == 3 and not (kind.given == 2 or kind.family == 3))
        ):
            break
        taken = i + 1
    return taken


def _cut(match: re.Match[str], group: str, count: int) -> int:
    """End offset of the first `count` words of the group."""
    words = list(re.finditer(r"[^\s,]+", match[group]))
    end = words[count - 1].end()
    return match.start(group) + len(match[group][:end].rstrip(".,"))


def _matches(pattern: re.Pattern[str], text: str, starts: list[int]) -> Iterator[re.Match[str]]:
    for start in starts:
        match = pattern.match(text, start)
        if match:
            yield match


def _titled(text: str, starts: list[int], p: dict[str, re.Pattern[str]]) -> Iterator[Candidate]:
    for m in _matches(p["title"], text, starts):
        words = re.findall(r"[^\s,]+", m["n"])
        count = _name_length(words, first_any=True)
        # "Dr. X" is a placeholder; so is any letter without a full stop.
        letter = len(words[0].strip(".")) == 1
        if letter and count == 1 and (words[0] in ("X.", "Y.", "Z.") or len(words[0]) == 1):
            continue
        if count:
            yield Candidate("name", m.start("n"), _cut(m, "n", count), 0.95, "after a title")
    for m in _matches(p["title_lower"], text, starts):
        words = m["n"].split()
        if words[0][0].isupper() or words[0] in _NO_NAME:
            continue
        kind = _kind(words[0])
        strong = m["t"].lower() in ("mr", "mrs", "ms", "dr", "mister")
        if not (kind.given or kind.family) or (kind.word >= 3 and not strong) or (kind.word == 4):
            continue
        if kind.word >= 3 and m["t"].lower() == "dr":
            continue
        count = 1
        if len(words) > 1 and _kind(words[1]).word == 0 and _kind(words[1]).family >= 2:
            count = 2
        yield Candidate("name", m.start("n"), _cut(m, "n", count), 0.85, "after a title")
    for m in _matches(p["weak_title"], text, starts):
        words = re.findall(r"[^\s,]+", m["n"])
        kind = _kind(words[0].strip("."))
        if kind.word >= 3 or len(words[0].strip(".")) == 1 or (kind.eponym and not kind.given):
            continue
        if not (kind.given or kind.family or (kind.unknown and not words[0].isupper())):
            continue
        count = _name_length(words, first_any=True)
        if count:
            yield Candidate("name", m.start("n"), _cut(m, "n", count), 0.85, "after a role")


_SPEAKERS = word_set(
    """
patient pt doctor nurse mother father parent guardian caregiver carer interpreter son daughter wife
husband spouse client provider physician clinician therapist pharmacist gp
"""
)


def _labelled(text: str, starts: list[int], p: dict[str, re.Pattern[str]]) -> Iterator[Candidate]:
    for name, matches in (
        ("label", _matches(p["label"], text, starts)),
        ("signature", p["signature"].finditer(text)),
    ):
        for m in matches:
            if not m["n"][0].isupper():
                continue
            words = re.findall(r"[^\s,]+", m["n"])
            kind = _kind(words[0].strip("."))
            if kind.word >= 3 and not (kind.given == 2 and len(words) > 1):
                continue
            named = name == "label" and "name" in m["t"].lower()
            if not (kind.given or kind.family) and not named:
                second = _kind(words[1].strip(".")) if len(words) > 1 else None
                if not (
                    kind.unknown and second and (second.given or second.family or second.unknown)
                ):
                    continue
            if kind.word == 2 and not named and len(words) == 1:
                continue
            # "Patient: Yeah, ..." is a turn of a transcript: only a common given name counts.
            if name == "label" and not named and m["t"].lower() in _SPEAKERS and kind.given < 2:
                continue
            if _TITLE_CASE.match(words[0]) is None and not (
                kind.word == 0 and (kind.given or kind.family)
            ):
                continue
            count = _name_length(words, first_any=True)
            if count:
                yield Candidate("name", m.start("n"), _cut(m, "n", count), 0.85, "after a label")
    for m in p["credential"].finditer(text):
        words = re.findall(r"[^\s,]+", m["n"])
        while (
            words and _kind(words[0].strip(".")).word >= 3 and not _kind(words[0].strip(".")).given
        ):
            words = words[1:]
        kinds = [_kind(w.strip(".")) for w in words if len(w.strip(".")) > 1]
        if not kinds or not any((k.given or k.family) and k.word < 4 for k in kinds):
            continue
        if all(k.word >= 3 or k.eponym for k in kinds):
            continue
        if any(
            w.isupper() and len(w) > 1 and _kind(w).word == 0 and not _kind(w).family for w in words
        ):
            continue
        start = m.start("n") + m["n"].find(words[0])
        yield Candidate("name", start, m.end("n"), 0.85, "before a credential")


def _heading_line(text: str, start: int, end: int) -> bool:
    """Whether the line is a heading or a title: most of its words are capitalised."""
    a = text.rfind("\n", max(0, start - 200), start) + 1 or max(0, start - 200)
    b = text.find("\n", end, end + 200)
    line = text[a : b if b >= 0 else end + 200]
    words = re.findall(r"[A-Za-z][\w'-]*", line)
    if not words:
        return False
    capitals = sum(w[0].isupper() for w in words)
    return capitals == len(words) and len(words) <= 8


def _follows(text: str, end: int) -> str:
    m = re.match(r"(?:'s)?[\s,-]{0,3}([A-Za-z']+)", text[end : end + 32])
    return m[1].lower() if m else ""


def _eponymous(text: str, end: int, lex: Lexicon) -> bool:
    """Whether a disease, a sign or a scale is named by what ends here."""
    if re.match(r"'s?\W|'s?\Z|-", text[end : end + 3]) and re.match(
        r"'?s?[\s-]", text[end : end + 3]
    ):
        m = re.match(r"(?:'s|s'|')?[\s-]([A-Za-z]+)", text[end : end + 32])
    else:
        m = re.match(r"[\s-]([A-Za-z]+)(?:'s)?(?:\s([A-Za-z]+))?", text[end : end + 40])
    if m is None:
        return False
    if m[1].lower() in lex.eponym_heads:
        return True
    second = m[2] if m.re.groups > 1 and m.lastindex and m.lastindex > 1 else None
    return (
        bool(second)
        and m[1][0].isupper()
        and second is not None
        and second.lower() in lex.eponym_heads
    )


def _runs(text: str) -> Iterator[Candidate]:
    """Names found by the lexicons: pairs, given name with initial, single names."""
    lex = load_lexicon()
    tokens = list(TOKEN.finditer(text))
    i = 0
    total = len(tokens)
    while i < total:
        token = tokens[i]
        word = token[0]
        kind = _kind(word)
        if len(word) == 1 or (kind.word == 4 and not kind.given):
            i += 1
            continue
        used = _pair(text, tokens, i, lex)
        if used is not None:
            end, count, score, why = used
            yield Candidate("name", token.start(), end, score, why)
            i += count
            continue
        single = _single(text, token, kind, lex)
        if single is not None:
            yield single
        i += 1


_INITIAL = re.compile(r"\s([A-Z])\.?(?![\w'])")
_MIDDLE = re.compile(r"\s[A-Z]\.?\s")


def _pair(
    text: str, tokens: list[re.Match[str]], i: int, lex: Lexicon
) -> tuple[int, int, float, str] | None:
    """A name of two or more words that begins at token i: (end, tokens used, score, why)."""
    first = tokens[i]
    a = _kind(first[0])
    # "Mary J." and "Emily C," : a known given name and an initial.
    m = _INITIAL.match(text, first.end())
    named = (a.given or a.family == 3) and a.word < 4
    if m and named and not (first[0].isupper() and len(first[0]) < 4):
        dotted = m[0].endswith(".")
        grade = m[1] in "IVX" and not dotted
        vitamin = a.word >= 2 and not dotted
        nxt = text[m.end() : m.end() + 1]
        if not grade and not vitamin and not (a.eponym and not dotted) and nxt not in ("'",):
            # A middle initial leads on to the family name.
            after = tokens[i + 1] if i + 1 < len(tokens) else None
            if after is not None and after.start() == m.start(1) and i + 2 < len(tokens):
                after = tokens[i + 2]
            if (
                after is not None
                and 0 < after.start() - m.end() <= 2
                and "\n" not in text[m.end() : after.start()]
            ):
                b = _kind(after[0])
                if (b.family or b.unknown) and b.word < 4:
                    return (
                        after.end(),
                        3 if len(tokens[i + 1][0]) == 1 else 2,
                        0.9,
                        "given name, initial, family name",
                    )
            listed = (
                nxt in (",", ")", ";") or text[max(0, first.start() - 2) : first.start()] == ", "
            )
            if dotted and (
                (a.word < 3 and a.given) or (listed and (a.given == 2 or a.family == 3))
            ):
                return m.start(1) + 1, 1, 0.8, "given name and initial"
            if not dotted and a.given and a.word < 2 and (a.given == 2 or a.word == 0):
                return m.start(1) + 1, 1, 0.8, "given name and initial"
    if i + 1 >= len(tokens):
        return None
    second = tokens[i + 1]
    gap = text[first.end() : second.start()]
    b = _kind(second[0])
    # "Okafor, Amara": the family name first.
    if gap in (", ", ","):
        if (
            (a.family or (a.unknown and b.given == 2))
            and a.word <= 1
            and b.given
            and b.word <= (2 if b.given == 2 else 1)
            and a.given != 2
            and not a.eponym
            and len(second[0]) > 1
            and first[0].isupper() == second[0].isupper()
        ):
            return second.end(), 2, 0.8, "family name, given name"
        return None
    if len(gap) > 3 or gap.strip(" \t\n\r") not in ("", *_PARTICLE_GAPS) or gap.count("\n") > 1:
        m2 = re.fullmatch(r"\s(?:[a-z]{1,4}\s){1,2}", gap)
        if not m2 or not all(w in _PARTICLES for w in gap.split()) or not (a.given and a.word < 3):
            return None
        if b.word == 4 or not (b.family or b.unknown):
            return None
        return _extend(text, tokens, i + 1), 2, 0.85, "given name, particle, family name"
    if "\n" in gap and not (a.given and (a.given == 2 or not a.word) and b.family and not b.word):
        return None
    if len(second[0]) == 1 or b.word == 4 or first[0].isupper() != second[0].isupper():
        return None
    if (
        _eponymous(text, second.end(), lex)
        or second[0].lower().removesuffix("'s") in lex.eponym_heads
    ):
        return None
    if f"{first[0]} {second[0]}".lower() in lex.home_cities and a.given < 2:
        return None
    if first[0].lower() in lex.states or f"{first[0]} {second[0]}".lower() in lex.states:
        return None
    heading = _heading_line(text, first.start(), second.end())
    score = _pair_score(a, b, first[0], second[0], heading)
    if score < 0.5:
        return None
    end = _extend(text, tokens, i + 1)
    count = 1
    while i + count < len(tokens) and tokens[i + count].end() <= end:
        count += 1
    return end, count, score, "given and family name"


_PARTICLE_GAPS = ("-",)


def _extend(text: str, tokens: list[re.Match[str]], last: int) -> int:
    """Take further family names: "Maria Lopez Garcia"."""
    end = tokens[last].end()
    for token in tokens[last + 1 : last + 3]:
        kind = _kind(token[0])
        if text[end : token.start()] not in (" ", "-") or kind.word >= 2 or len(token[0]) == 1:
            break
        if not (kind.family >= 2 or kind.given or kind.unknown):
            break
        end = token.end()
    return end


def _pair_score(a: _Kind, b: _Kind, first: str, second: str, heading: bool) -> float:
    """How likely two capitalised words are a given and a family name."""
    given = {0: 0.0, 1: 0.6, 2: 1.0}[a.given]
    family = {0: 0.0, 1: 0.4, 2: 0.8, 3: 1.0}[b.family]
    if b.given and family < 0.5:
        family = 0.5
    if given and family:
        penalty = 0.12 * (min(a.word, 3) + min(b.word, 3))
        if a.word >= 2 and a.given < 2:
            penalty += 0.2
        if b.word >= 2 and b.family < 3:
            penalty += 0.3
        if a.eponym and a.given != 2:
            penalty += 0.3
        if heading and (a.word or b.word):
            penalty += 0.15
        if first.isupper() and (a.word or b.word or len(first) < 4 or len(second) < 4):
            penalty += 0.5
        if a.given == 2 and b.family == 3 and not heading and not first.isupper():
            # Two capitals within a sentence, both common names: words of a sentence are not.
            penalty = min(penalty, 0.45)
        return min((given + family) / 2 + 0.1 - penalty, 0.85)
    # One name that is no word beside a capitalised word that nothing knows.
    if first.isupper():
        return 0.0
    if a.given and not a.word and b.unknown:
        return 0.75
    if a.given == 2 and a.word < 3 and b.unknown and not heading:
        return 0.6
    if a.unknown and b.family >= 2 and not b.word and not b.eponym:
        return 0.65
    if a.family >= 2 and not a.word and not a.eponym and b.family >= 2 and not b.word:
        return 0.65
    if a.unknown and b.unknown and not heading and len(first) > 2 and len(second) > 2:
        return 0.5
    return 0.0


_SENTENCE_END = re.compile(r"(?:[.!?:;\n\r•*\"(]|\A|\d\.)\s{0,4}[-•*]?\s{0,2}\Z")


_PLACE_BEFORE = re.compile(
    r"\b(?:North|South|West|New|Santa|San|Los|Las|St\.?|Saint|Lake|Port|Fort|Mount|Mt\.?)\s\Z"
)


def _single(text: str, token: re.Match[str], kind: _Kind, lex: Lexicon) -> Candidate | None:
    """A name of one word."""
    word = token[0]
    low = word.lower().removesuffix("'s")
    if not (kind.given or kind.family or kind.unknown) or len(low) < 3:
        return None
    if word.isupper():
        return None
    end = token.end() - (2 if word.endswith("'s") else 0)
    before = text[max(0, token.start() - 40) : token.start()]
    if low in lex.states or _eponymous(text, end, lex) or _PLACE_BEFORE.search(before):
        return None
    if before.endswith(("-", "/")) or text[token.end() : token.end() + 1] in ("-", "/"):
        return None
    verb = _follows(text, token.end()) in lex.person_verbs
    appositive = (
        re.match(r",?\s(?:is\s)?(?:an?|the)\s\d{1,2}", text[token.end() : token.end() + 12])
        is not None
    )
    cue = _patterns()["cue"].search(before) is not None
    opening = _SENTENCE_END.search(before) is not None
    place = low in lex.home_cities or low in lex.world_cities
    if kind.eponym and not (kind.given == 2 and (cue or verb)):
        return None
    if kind.given == 2 and kind.word == 0:
        return Candidate("name", token.start(), end, 0.75, "given name")
    if kind.given and kind.word == 0 and not place:
        return Candidate("name", token.start(), end, 0.65 if len(low) > 3 else 0.5, "given name")
    if kind.given == 2 and kind.word <= 2 and (verb or appositive or (cue and not opening)):
        return Candidate("name", token.start(), end, 0.6, "given name with a cue")
    if kind.given == 2 and kind.word == 3 and (appositive or _greeted(before)):
        return Candidate("name", token.start(), end, 0.55, "given name in an address")
    if kind.family == 3 and kind.word == 0 and not place:
        return Candidate("name", token.start(), end, 0.65, "family name")
    if kind.family >= 2 and kind.word == 0 and not place and (verb or cue or appositive):
        return Candidate("name", token.start(), end, 0.6, "family name with a cue")
    if kind.family and kind.word == 0 and not place and (verb or appositive):
        return Candidate("name", token.start(), end, 0.55, "family name with a cue")
    if kind.unknown and (appositive or _greeted(before)) and _TITLE_CASE.match(word):
        return Candidate("name", token.start(), end, 0.5, "unknown word where a name stands")
    return None


_GREETING = re.compile(
    r"\b(?:hi|hello|hey|dear|bye|goodbye|morning|afternoon|evening|named|name is|name's|thanks|thank you|welcome|call me|"
    r"nice to meet you|good to see you)[\s,]{1,4}\Z",
    re.I,
)


def _greeted(before: str) -> bool:
    return _GREETING.search(before) is not None


_LOWER = re.compile(
    r"\b(?:hi|hello|hey|dear|my name is|name is|named|this is|i'm|thanks|thank you|bye|goodbye|call me|welcome|(?:son|daughter|"
    r"wife|husband|brother|sister|partner|friend),?)[\s,]{1,3}(?P<n>[a-z]{3,16})\b"
)
_LOWER_AGE = re.compile(r"\b(?P<n>[a-z]{3,16})\sis\s(?:an?|the)\s\d{1,2}[\s-]year")


def _lower_case(text: str) -> Iterator[Candidate]:
    """Given names without a capital, as transcripts have them, where one is addressed."""
    for pattern in (_LOWER, _LOWER_AGE):
        for m in pattern.finditer(text):
            kind = _kind(m["n"])
            if kind.given and kind.word <= (1 if kind.given == 2 else 0):
                yield Candidate("name", m.start("n"), m.end("n"), 0.65, "given name, addressed")
