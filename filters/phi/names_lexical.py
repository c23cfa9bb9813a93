"""Personal names that nothing announces: told by lexicons and by the words around.

A word is judged by what it can be (`name_words.Kind`) and by where it stands. A known
name that is no word needs no cue; a name that is also a word ("Grace", "Young",
"May") needs one; a capitalised word that no lexicon knows is a name beside a known
name, beside another such word, or where only a person can stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import Lexicon, load_lexicon, word_set
from casewright.filters.phi.name_words import PARTICLES, TOKEN, Kind, kind_of
from casewright.filters.phi.names_around import (
    SENTENCE_END,
    among_persons,
    head_after,
    heading_line,
)
from casewright.filters.phi.names_single import find_single

__all__ = ["find_lexical_names"]


@dataclass(frozen=True, slots=True)
class _Found:
    """A name that begins at a token: where it ends and how many tokens it takes."""

    end: int
    tokens: int
    score: float
    why: str


def find_lexical_names(text: str) -> Iterator[Candidate]:
    """Candidates of type `name` for pairs, given names with initials and single names."""
    lex = load_lexicon()
    tokens = list(TOKEN.finditer(text))
    i = 0
    while i < len(tokens):
        token = tokens[i]
        kind = kind_of(token[0])
        if (
            len(token[0]) == 1
            or (kind.word == 4 and not kind.given)
            or token[0].lower() in _FORMS_OF_ADDRESS
        ):
            i += 1
            continue
        found = _with_initial(text, tokens, i, kind) or _pair(text, tokens, i, kind, lex)
        if found is not None:
            yield Candidate("name", token.start(), found.end, found.score, found.why)
            i += found.tokens
            continue
        single = find_single(text, token, kind, lex)
        if single is not None:
            yield single
        i += 1


# These are given names, too, but before or instead of one.
_FORMS_OF_ADDRESS = word_set(
    "doctor miss mister mr mrs ms baby sister nurse lady sir madam master my"
)

_INITIAL = re.compile(r"\s([A-Z])\.?(?![\w'])")


def _with_initial(text: str, tokens: list[re.Match[str]], i: int, a: Kind) -> _Found | None:
    """A given name and an initial, with or without the family name after it."""
    first = tokens[i]
    m = _INITIAL.match(text, first.end())
    if m is None or a.word == 4 or (first[0].isupper() and len(first[0]) < 4):
        return None
    dotted = m[0].endswith(".")
    # "Vitamin D", "Type I", "Grade V": a word with a letter or a numeral.
    if not dotted and (m[1] in "IVX" or a.word >= 2 or a.eponym):
        return None
    if m[1] in "IVX" and (a.eponym or first[0].lower() in load_lexicon().weak_eponyms):
        return None  # "Tanner I."
    following = text[m.end() : m.end() + 1]
    if following == "'":
        return None
    skip = 2 if i + 1 < len(tokens) and tokens[i + 1].start() == m.start(1) else 1
    after = tokens[i + skip] if i + skip < len(tokens) else None
    if after is not None and text[m.end() : after.start()] == " " and dotted:
        b = kind_of(after[0])
        known = (
            a.given
            or a.family == 3
            or (a.family and not a.word and not a.eponym)
            or (a.unknown and (b.family or b.unknown))
        )
        if known and (b.family or b.unknown) and b.word < 4 and len(after[0]) > 1:
            end = _extend(text, tokens, i + skip)
            return _Found(end, skip + 1, 0.85, "given name, initial, family name")
    if not (a.given or a.family == 3):
        return None
    listed = following in (",", ")", ";") or text[max(0, first.start() - 2) : first.start()] == ", "
    sure = a.given and a.word < 3
    if dotted and (sure or (listed and (a.given == 2 or a.family == 3))):
        return _Found(m.start(1) + 1, 1, 0.8, "given name and initial")
    if not dotted and a.given and a.word < 2 and (a.given == 2 or a.word == 0):
        return _Found(m.start(1) + 1, 1, 0.8, "given name and initial")
    return None


def _pair(text: str, tokens: list[re.Match[str]], i: int, a: Kind, lex: Lexicon) -> _Found | None:
    """A given and a family name, in this order or with a comma in the other."""
    if i + 1 >= len(tokens):
        return None
    first, second = tokens[i], tokens[i + 1]
    gap = text[first.end() : second.start()]
    if len(gap) > 9 or len(second[0]) == 1 or first[0].isupper() != second[0].isupper():
        return None
    b = kind_of(second[0])
    if gap in (", ", ","):
        return _reversed(text, first, second, a, b)
    if gap.strip(" \t\r\n-"):
        words = gap.split()
        if not words or any(w not in PARTICLES for w in words) or "\n" in gap:
            return None
        if not ((a.given and a.word < 3) or a.unknown) or b.word == 4:
            return None
        if not (b.family or b.unknown or b.place):
            return None
        return _Found(_extend(text, tokens, i + 1), 2, 0.85, "given name, particle, family name")
    if gap.count("\n") > 1 or len(gap) > 3:
        return None
    if second[0].lower() in PARTICLES and (a.given or a.unknown) and a.word < 3:
        # "Ingrid De Vries", "Gunther Van der Berg"
        end = _extend(text, tokens, i + 1)
        if end > second.end():
            taken = sum(1 for t in tokens[i : i + 5] if t.end() <= end)
            return _Found(end, taken, 0.8, "given name, particle, family name")
    score = _pair_score(a, b, first[0], second[0], heading=False)
    if score < 0.5 and not _can_be_names(a, b):
        return None  # as most pairs of capitals: what stands around would not help
    person = "\n" not in gap and among_persons(text, first.start(), second.end())
    if b.word == 4 and not person:
        return None
    if "\n" in gap and not (a.given and (a.given == 2 or not a.word) and b.family and not b.word):
        return None
    if _is_no_name(text, first, second, a, b, lex, person=person):
        return None
    if heading_line(text, first.start(), second.end()):
        score = _pair_score(a, b, first[0], second[0], heading=True)
    capitals = first[0].isupper() and (min(len(first[0]), len(second[0])) < 4 or a.word or b.word)
    if score < 0.5 and person and not capitals and _can_be_names(a, b):
        score = 0.6
    if score < 0.5:
        return None
    end = _extend(text, tokens, i + 1)
    count = 2
    while i + count < len(tokens) and tokens[i + count].end() <= end:
        count += 1
    return _Found(end, count, score, "given and family name")


_DOTTED = re.compile(r"\s[A-Z]\.(?!\w)")


def _can_be_names(a: Kind, b: Kind) -> bool:
    """Whether two capitalised words can be a name where only a person stands."""
    if a.eponym and not a.given:
        return False
    if not (b.family or b.given or b.unknown):
        return False
    if a.word >= 3 and b.word >= 3:
        # "Grace Rash", but not "Case Load"
        return a.given == 2 or (a.given == 1 and b.family == 3)
    return bool(a.given) or (not a.word and bool(a.family or a.unknown))


def _reversed(
    text: str, first: re.Match[str], second: re.Match[str], a: Kind, b: Kind
) -> _Found | None:
    """ "Okafor, Amara": in running text of known names only, alone on a line more freely."""
    if second[0].lower() in load_lexicon().states:
        return None  # "Bozeman, Montana"
    alone = _alone_on_line(text, first.start(), second.end())
    levels = max(a.word, b.word) < 4 and not first[0].isupper()
    # A line with nothing but "Stone, Daisy" is no list of words.
    if alone and levels and a.family and (b.given or (b.unknown and a.family == 3)):
        return _Found(second.end(), 2, 0.7, "family name, given name")
    initial = _DOTTED.match(text, second.end())
    start = SENTENCE_END.search(text[max(0, first.start() - 8) : first.start()])
    if initial and start and levels and _can_be_names(b, a):
        # "Park, Minjun C. was brought in"
        return _Found(initial.end(), 2, 0.7, "family name, given name, initial")
    if a.word > 1 or a.eponym or b.word > (2 if b.given == 2 else 1):
        return None
    short = len(first[0]) < 3 or len(second[0]) < 3
    capitals = first[0].isupper() and min(len(first[0]), len(second[0])) < 4
    # "CVA, TIA" and "Ro, La" in running text are lists of abbreviations.
    if (short or capitals) and not alone:
        return None
    found = _Found(second.end(), 2, 0.8, "family name, given name")
    if (a.family or (a.unknown and b.given == 2)) and b.given and a.given != 2:
        return found
    if alone and (a.family or a.unknown) and (b.given or b.family or b.unknown):
        return found
    return None


_REST_OF_NAME = re.compile(r"(?:\s[A-Z]\.?)?[ \t]*(?:\r?\n|\Z)")


def _alone_on_line(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 1) : start]
    return before in ("", "\n") and _REST_OF_NAME.match(text, end) is not None


_ROMAN = re.compile(r"[IVX]{2,5}[a-c]?")


def _is_no_name(
    text: str,
    first: re.Match[str],
    second: re.Match[str],
    a: Kind,
    b: Kind,
    lex: Lexicon,
    *,
    person: bool,
) -> bool:
    """Eponyms, scales, states and towns made of two capitalised words."""
    if _ROMAN.fullmatch(second[0]):
        return True  # "ASA II"
    both = f"{first[0]} {second[0]}".lower().removesuffix("'s")
    if both in lex.states or first[0].lower() in lex.states:
        return True
    if both in lex.home_cities and a.given < 2:
        return True
    last = second[0].lower().removesuffix("'s")
    if last in lex.eponym_heads:
        return True
    if last in lex.weak_eponym_heads and not (person and a.given and not a.eponym and b.family):
        return True
    certain = a.given == 2 and b.family >= 2 and not b.eponym
    head = head_after(text, second.end())
    if head in lex.eponym_heads and not certain:
        return True
    return head in lex.weak_eponym_heads and (a.eponym or b.eponym) and not a.given


_PARTICLE_GAP = re.compile(r" (?:(?:de|del|la|las|los|der|den|van|von|al|el|bin|y|e|dos|da) ){1,2}")


def _extend(text: str, tokens: list[re.Match[str]], last: int) -> int:
    """Take further family names: "Maria Lopez Garcia", "Gunther Van der Berg"."""
    end = tokens[last].end()
    for token in tokens[last + 1 : last + 3]:
        kind = kind_of(token[0])
        gap = text[end : token.start()]
        joined = gap in (" ", "-") or (len(gap) < 9 and _PARTICLE_GAP.fullmatch(gap))
        if not joined or kind.word >= 2 or len(token[0]) == 1:
            break
        if not (kind.family >= 2 or kind.given or kind.unknown):
            break
        end = token.end()
    return end - 2 if text[end - 2 : end] == "'s" else end


def _pair_score(a: Kind, b: Kind, first: str, second: str, *, heading: bool) -> float:
    """How likely two capitalised words are a given and a family name, 0 to 0.85."""
    given = (0.0, 0.6, 1.0)[a.given]
    family = (0.0, 0.4, 0.8, 1.0)[b.family]
    if b.given and family < 0.5:
        family = 0.5
    if given and family:
        penalty = 0.12 * (min(a.word, 3) + min(b.word, 3))
        penalty += 0.2 * (a.word >= 2 and a.given < 2)
        penalty += 0.3 * (b.word >= 2 and b.family < 3)
        penalty += 0.3 * (a.eponym and a.given != 2)
        penalty += 0.15 * (heading and bool(a.word or b.word))
        short = len(first) < 4 or len(second) < 4
        penalty += 0.5 * (first.isupper() and bool(a.word or b.word or short))
        if a.given == 2 and b.family == 3 and not heading and not first.isupper():
            # Two capitals within a sentence, both common names: words of a sentence are not.
            penalty = min(penalty, 0.45)
        if not b.word and not heading and (b.family >= 2 or (b.family and a.given == 2)):
            penalty = min(penalty, 0.3)
        return min((given + family) / 2 + 0.1 - penalty, 0.85)
    if first.isupper() or len(first) < 3 or len(second) < 2:
        return 0.0
    return _unknown_score(a, b, heading=heading)


def _unknown_score(a: Kind, b: Kind, *, heading: bool) -> float:
    """As `_pair_score`, where one of the two is in no lexicon of names."""
    a_odd = a.unknown or (a.place and not a.word and not a.eponym)
    b_odd = b.unknown or (b.place and not b.word)
    if a.given and not a.word and (b_odd or b.eponym):
        return 0.75
    if a.given == 2 and a.word < 4 and b_odd and not heading:
        return 0.6
    if (a_odd or (a.family and not a.word and not a.eponym)) and b.family and not b.word:
        return 0.65 if (b.family >= 2 and a.family != 1) or not heading else 0.5
    if a_odd and b.family == 3 and b.word <= 2 and not heading:
        return 0.55
    if a_odd and b.given and not b.word:
        return 0.6
    if a_odd and b_odd and not heading:
        return 0.5
    return 0.0
