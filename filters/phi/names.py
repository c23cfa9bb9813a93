"""Personal names by what announces them: titles, labels, credentials, signatures, greetings.

Names that only the lexicons can tell are in `names_lexical`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.keywords import Keywords
from casewright.filters.phi.lexicon import load_lexicon, word_set
from casewright.filters.phi.name_words import NO_NAME, PARTICLES, TITLE_CASE, WORD, kind_of
from casewright.filters.phi.names_in_context import find_names_in_context
from casewright.filters.phi.names_in_place import find_names_in_place
from casewright.filters.phi.names_lexical import find_lexical_names
from casewright.filters.phi.names_lower import find_small_names
from casewright.filters.phi.names_staff import find_staff_names

__all__ = ["find_names"]


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    lex = load_lexicon()

    def either(words: tuple[str, ...]) -> str:
        return "|".join(
            re.escape(w).replace(r"\ ", r"\s") for w in sorted(words, key=len, reverse=True)
        )

    def titles(words: tuple[str, ...]) -> str:
        """Any of the words; a full stop belongs to the short ones only and ends a sentence else."""
        short = tuple(w for w in words if w.lower() in lex.short_titles)
        whole = tuple(w for w in words if w.lower() not in lex.short_titles)
        return rf"(?P<t>{either(short)})\.?|(?P<u>{either(whole)})"

    cased = tuple(
        form
        for w in lex.titles
        for form in dict.fromkeys((w.title(), w.capitalize(), w.upper(), w))
    )
    weak = tuple(form for w in lex.weak_titles for form in (w.capitalize(), w))
    name = rf"(?:[A-Z]\.(?=[\s,;)]|\Z)|(?:{WORD})(?!\w)|[A-Z](?!\w))"
    particle = "|".join(sorted(PARTICLES))
    # A name may be wrapped to the next line, but not into a heading or over a blank line.
    gap = r"(?:[^\S\n]{1,2}|[^\S\n]?\n[^\S\n]?(?!\s|[A-Z]{2}|[A-Z][^\n:.]{0,40}:))"
    more = rf"(?:(?:{gap}|-)(?:(?:{particle})\s){{0,2}}{name}){{0,4}}"
    return {
        "title": re.compile(
            rf"(?<![\w'-])(?:{titles(cased)}){gap}(?P<n>(?:(?:{particle})\s){{0,2}}{name}{more})"
        ),
        "title_lower": re.compile(
            rf"(?<![\w'-])(?:{titles(lex.titles)}){gap}(?P<n>[a-z][a-z'-]{{1,24}}(?:\s[a-z][a-z'-]{{2,24}}){{0,2}})",
            re.I,
        ),
        "weak_title": re.compile(rf"(?<![\w'-])(?:{titles(weak)}){gap}(?P<n>{name}{more})"),
        "label": re.compile(
            rf"(?<![\w'-])(?P<t>{either(lex.person_labels)})\s{{0,2}}(?::|\bis\b:?|=|-\s)\s{{0,4}}(?:(?:Dr|Mr|Mrs|Ms|Miss|Prof)\.?\s)?(?P<n>{name}(?:,\s{name})?{more})",
            re.I,
        ),
        "credential": re.compile(
            rf"(?<![\w'-])(?P<n>{name}{more}),?\s(?:{either(lex.credentials)})(?![\w-])"
        ),
        "credentials": re.compile(rf"\s(?:{either(lex.credentials)})(?![\w-])"),
        "signature": re.compile(rf"(?:(?:[-_/]s/|signed|~|--)\s{{0,3}})(?P<n>{name}{more})", re.I),
    }


def find_names(text: str, keywords: Keywords) -> Iterator[Candidate]:
    """Candidates of type `name`; `keywords` are those of the text."""
    p = _patterns()
    yield from _titled(text, keywords["title"], p)
    yield from _labelled(text, keywords["label"], p)
    yield from find_lexical_names(text)
    yield from find_names_in_place(text)
    yield from find_names_in_context(text)
    yield from find_staff_names(text)
    yield from find_small_names(text)


def _name_length(words: list[str], *, first_any: bool) -> int:
    """How many of the words after a title or label belong to the name."""
    taken = 0
    for i, raw in enumerate(words):
        word = raw.strip(".,")
        low = word.lower()
        if low in PARTICLES and i + 1 < len(words):
            continue
        kind = kind_of(word)
        initial = len(word) == 1 and word.isupper() and i + 1 < len(words)
        if i and word.islower():
            break
        named = not i and len(words) > 1 and _is_will(word, words[1])
        if not initial and not named and (low in NO_NAME or low in load_lexicon().placeholders):
            break
        if initial:
            pass
        elif i == 0 and first_any:
            if kind.word == 4 and not (kind.given or kind.family):
                break
        elif len(word) == 1 or (
            i == 1 and kind.family and _after_given(words[0], raw, kind.word, kind.family)
        ):
            pass
        elif (
            not (kind.given or kind.family >= 2 or (kind.family and kind.word < 2) or kind.unknown)
            or (kind.word == 4 and i > 0)
            or (kind.word == 3 and not (kind.given == 2 or kind.family == 3))
        ):
            break
        taken = i + 1
    return taken


def _is_will(word: str, after: str) -> bool:
    """ "Will" of "Dr Will Noble"."""
    return (
        kind_of(word).given == 2
        and TITLE_CASE.match(word) is not None
        and TITLE_CASE.match(after) is not None
        and kind_of(after.strip(".,")).family > 0
    )


def _after_given(first: str, raw: str, level: int, family: int) -> bool:
    """Whether a word of the language is the family name after a given name: "Earl Lung"."""
    a = kind_of(first.strip(".,"))
    known = bool(a.given) or (not a.word and bool(a.family or a.unknown))
    return known and TITLE_CASE.match(raw) is not None and (level <= 3 or family == 3)


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
        if _no_title(text, m, words[0]):
            continue
        count = _name_length(words, first_any=True)
        # "Dr. X" is a placeholder; so is any letter without a full stop.
        letter = len(words[0].strip(".")) == 1
        if letter and count == 1 and (words[0] in ("X.", "Y.", "Z.") or len(words[0]) == 1):
            continue
        if count:
            yield Candidate("name", m.start("n"), _cut(m, "n", count), 0.95, "after a title")
    for m in _matches(p["title_lower"], text, starts):
        words = m["n"].split()
        if words[0][0].isupper() or words[0] in NO_NAME:
            continue
        particles = 0
        while particles < len(words) - 1 and words[particles] in PARTICLES:
            particles += 1  # "doctor van den berg"
        kind = kind_of(words[particles])
        title = (m["t"] or m["u"]).lower()
        if text[m.start() : m.start() + 2] == "MR":
            continue  # "MR myelogram"
        strong = title in ("mr", "mrs", "ms", "dr", "mister", "doctor")
        if not (kind.given or kind.family or (strong and kind.unknown and len(words[0]) > 4)):
            continue
        if (kind.word >= 3 and not strong) or kind.word == 4:
            continue
        # Dictated: "doctor key comma who agrees"
        said = _SAID_AFTER.match(text, m.start("n") + len(words[0])) is not None
        if kind.word >= 3 and title in ("dr", "doctor") and not said:
            continue
        count = particles + 1
        if (
            len(words) > count
            and kind_of(words[count]).word == 0
            and kind_of(words[count]).family >= 2
        ):
            count += 1
        yield Candidate("name", m.start("n"), _cut(m, "n", count), 0.85, "after a title")
    for m in _matches(p["weak_title"], text, starts):
        words = re.findall(r"[^\s,]+", m["n"])
        kind = kind_of(next((w for w in words if w.lower() not in PARTICLES), words[0]).strip("."))
        if (kind.word == 3 or kind.eponym) and _nurse_and_family_name(text, m, words, kind.family):
            yield Candidate("name", m.start("n"), m.start("n") + len(words[0]), 0.6, "after a role")
            continue
        if kind.word >= 3 or len(words[0].strip(".")) == 1 or (kind.eponym and not kind.given):
            continue
        if not (kind.given or kind.family or (kind.unknown and not words[0].isupper())):
            continue
        count = _name_length(words, first_any=True)
        if count:
            yield Candidate("name", m.start("n"), _cut(m, "n", count), 0.85, "after a role")


# "mild MR. Foley catheter": mitral regurgitation; "0.4 ms. Impedance"
_MEASURED = re.compile(r"(?:\d[ ]?|[a-z+][ ])\Z")


def _no_title(text: str, m: re.Match[str], word: str) -> bool:
    """Whether what looks like a title is a valve, a time or a mode of a pacemaker."""
    title = m["t"] or m["u"]
    if word.isupper() and word.lower() in load_lexicon().abbreviations and len(word) > 1:
        return not kind_of(word).family
    abbreviated = title in ("ms", "MR", "MS")
    return (
        abbreviated
        and not word.isupper()
        and _MEASURED.search(text, max(0, m.start() - 3), m.start()) is not None
    )


_SAID_AFTER = re.compile(r"\s(?:comma|period|full\sstop|who\s|agrees?\b|said\b|says\b|will\b)")

_DOES = re.compile(r"\s(?:has|had|is|was|will|[a-z]{2,12}ed|took|gave|saw|spoke|drew|noted)\b")


def _nurse_and_family_name(text: str, m: re.Match[str], words: list[str], family: int) -> bool:
    """ "Nurse Cotton changed the dressing": a word, but here somebody who does something."""
    return (
        family > 0
        and len(words) == 1
        and text[m.start()].isupper()
        and TITLE_CASE.match(words[0]) is not None
        and _DOES.match(text, m.start("n") + len(words[0])) is not None
    )


_TITLE_LAST = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Miss|Prof)\.?\s\Z")

_SPEAKERS = word_set(
    """
patient pt doctor nurse mother father parent guardian caregiver carer interpreter son daughter wife
husband spouse client provider physician clinician therapist pharmacist gp
"""
)


def _is_full_name(words: list[str]) -> bool:
    """Two capitalised words that are no words of the language."""
    return len(words) >= 2 and all(
        TITLE_CASE.match(w) and not kind_of(w.strip(".,")).word for w in words[:2]
    )


def _before_credentials(
    text: str, credentials: Iterator[re.Match[str]], p: dict[str, re.Pattern[str]]
) -> Iterator[re.Match[str]]:
    """Names with a credential after them; credentials are few and names are slow to look for."""
    done = 0
    for place in credentials:
        if place.end() <= done:
            continue
        for m in p["credential"].finditer(text, max(done, place.start() - 120), place.end()):
            done = m.end()
            yield m


def _both_names(words: list[str]) -> bool:
    """Whether the first two words after "Name:" can be a name, words or capitals though they be."""
    if len(words) < 2:
        return False
    a, b = (kind_of(w.strip(".,")) for w in words[:2])
    return all(k.given or k.family or k.unknown for k in (a, b)) and not (
        a.word == 4 and not a.given
    )


def _labelled(text: str, starts: list[int], p: dict[str, re.Pattern[str]]) -> Iterator[Candidate]:
    signatures, credentials = _LABEL_GATE.find(text)
    for name, found in (("label", _matches(p["label"], text, starts)), ("signature", signatures)):
        for m in found:
            if not m["n"][0].isupper():
                continue
            titled = _TITLE_LAST.search(text, m.start(), m.start("n")) is not None
            words = re.findall(r"[^\s,]+", m["n"].split(",")[0] if titled else m["n"])
            kind = kind_of(words[0].strip("."))
            named = name == "label" and "name" in m["t"].lower()
            if named and _both_names(words):
                yield Candidate("name", m.start("n"), _cut(m, "n", 2), 0.9, "after a label")
                continue
            if kind.word >= 3 and not (kind.given == 2 and len(words) > 1):
                continue
            if not (kind.given or kind.family) and not named:
                second = kind_of(words[1].strip(".")) if len(words) > 1 else None
                if not (
                    kind.unknown and second and (second.given or second.family or second.unknown)
                ):
                    continue
            if kind.word == 2 and not named and len(words) == 1:
                continue
            # "Patient: Yeah, ..." is a turn of a transcript: only a common given name counts.
            speaker = name == "label" and not named and m["t"].lower() in _SPEAKERS
            if speaker and kind.given < 2 and not _is_full_name(words):
                continue
            if TITLE_CASE.match(words[0]) is None and not (
                kind.word == 0 and (kind.given or kind.family)
            ):
                continue
            count = _name_length(words, first_any=True)
            if count:
                yield Candidate("name", m.start("n"), _cut(m, "n", count), 0.85, "after a label")
    for m in _before_credentials(text, credentials, p):
        words = re.findall(r"[^\s,]+", m["n"])
        while (
            words
            and kind_of(words[0].strip(".")).word >= 3
            and not kind_of(words[0].strip(".")).given
        ):
            words = words[1:]
        kinds = [kind_of(w.strip(".")) for w in words if len(w.strip(".")) > 1]
        known = any((k.given or k.family) and k.word < 4 for k in kinds)
        if not kinds or not (known or (len(kinds) > 1 and all(k.unknown for k in kinds))):
            continue
        full = len(kinds) > 1 and kinds[0].given == 2 and kinds[-1].family == 3
        if all(k.word >= 3 or k.eponym for k in kinds) and not full:
            continue
        if any(
            w.isupper() and len(w) > 1 and kind_of(w).word == 0 and not kind_of(w).family
            for w in words
        ):
            continue
        start = m.start("n") + m["n"].find(words[0])
        yield Candidate("name", start, m.end("n"), 0.85, "before a credential")


_LABEL_GATE = Gate(lambda: (_patterns()["signature"], _patterns()["credentials"]))
