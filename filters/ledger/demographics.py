"""Does the text give the patient another sex or another age?"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from casewright.filters.ledger.language import Language
from casewright.filters.ledger.normalise import word_set
from casewright.filters.ledger.reading import Reading
from casewright.records import Demographics, OffSpec, Sex

__all__ = ["demographic_clashes"]

_NOUNS = frozenset({"woman", "female", "girl", "lady", "man", "male", "boy", "gentleman"})
_SEX_WORDS: dict[str, Sex] = {
    **dict.fromkeys(
        ("she", "her", "hers", "herself", "woman", "female", "girl", "lady", "mrs", "ms", "miss",
         "gentlewoman", "she's", "she'd", "she'll", "ma'am", "schoolgirl"), "female"),
    **dict.fromkeys(
        ("he", "him", "his", "himself", "man", "male", "boy", "gentleman", "mr", "he's", "he'd",
         "he'll", "sir", "schoolboy"), "male"),
}  # fmt: skip
_SEX_WORDS |= {f"{w}'s": s for w, s in list(_SEX_WORDS.items()) if w in _NOUNS}
_PRONOUNS = word_set("she her hers herself he him his himself she's she'd she'll he's he'd he'll")
_ADDRESS = frozenset({"mr", "mrs", "ms", "miss", "sir", "ma'am"})
_NUMBER_UNITS = r"years?|yrs?|yr|months?|mos?|weeks?|wks?|days?"
# The age of a pregnancy or of bones is not how old the patient is.
_AGED = re.compile(
    r"(?<![a-z])(?<!gestational )(?<!menstrual )(?<!bone )(?:aged?|age of|age is|age:|age) ?$"
)
_AGE = re.compile(
    rf"(\d{{1,3}})(?:[ -]?({_NUMBER_UNITS})[ -]?old\b"
    r"| ?(y/o|y\.o\.?|yo|m/o|mo(?=[ -]?(?:m|f|male|female)\b))(?![a-z])"
    r"| ?([fm])(?=[ ,.]|$)(?! ?[/\d])"
    r"|(?!\d)(?! ?(?:months?|weeks?|days?|to|-|and (?:over|older))))"
)
_SEX_LETTER = re.compile(
    r"(?<![\w./-])\d{1,3}(?:[ -]?(?:year|yr)s?[ -]?old|y/?o|yo|y)? ?([fm])(?![\w'/])"
)


def demographic_clashes(reading: Reading, demographics: Demographics) -> list[OffSpec]:
    """Every sex word or age of the patient that disagrees, in text order.

    Pronouns are left out where a relative or another person stands in the same or the
    sentence before: they may mean him or her.
    """
    found = [*_sexes(reading, demographics.sex), *_ages(reading, demographics)]
    return sorted(found, key=lambda o: o.start)


def _sexes(reading: Reading, sex: Sex) -> Iterator[OffSpec]:
    wrong = {w: s for w, s in _SEX_WORDS.items() if s != sex}
    for i, word in enumerate(reading.tokens.words):
        if word not in wrong or (index := reading.sentence_at(i)) < 0:
            continue
        if not _about_other(reading, index, i, _others_near(reading, index)):
            span = reading.span(i, i)
            yield OffSpec(
                "sex", span.start, span.end, reading.tokens.surface(i, i),
                why=f"says {wrong[word]}, the patient is {sex}",
            )  # fmt: skip
    yield from _letters(reading, sex)


def _letters(reading: Reading, sex: Sex) -> Iterator[OffSpec]:
    tokens = reading.tokens
    for match in _SEX_LETTER.finditer(tokens.folded):
        said: Sex = "female" if match.group(1) == "f" else "male"
        if said != sex and _looks_like_age(tokens.text, match.start(), match.end()):
            start, end = match.span(1)
            yield OffSpec(
                "sex", start, end, tokens.text[start:end],
                why=f"says {said}, the patient is {sex}",
            )  # fmt: skip


def _looks_like_age(text: str, start: int, end: int) -> bool:
    """ "54F" but not "98.6 F" (excluded before) or "101 F" (a temperature)."""
    digits = re.match(r"\d+", text[start:end])
    number = int(digits.group()) if digits else 0
    before = text[max(0, start - 24) : start].lower()
    warm = re.search(r"temp|fever|febrile|t(?:max)? ?:? ?$|degrees", before)
    has_marker = bool(re.search(r"[a-zA-Z]{2}|y", text[start : end - 1]))
    return has_marker or (not warm and number < 95)


def _others_near(reading: Reading, index: int) -> bool:
    """Whether another person is spoken of here or in the sentence before."""
    if reading.sentences[index].section == "family":
        return True
    words = reading.tokens.words
    return any(
        any(t.category == "relative" for t in f.triggers)
        for i in range(max(0, index - 2), index + 1)
        for f in reading.triggers[i]
        if f.first == 0 or words[f.first - 1] != "dear"  # "Dear colleague"
    )


_SPEAKS_FOR = ("caregiver", "interpreter")


def _about_other(reading: Reading, index: int, word: int, others: bool) -> bool:
    words = reading.tokens.words
    role = reading.role_of(index)
    written = words[word]
    if written in _ADDRESS and role in ("patient", *_SPEAKS_FOR):
        return True  # addresses the clinician
    if written in _ADDRESS and not reading.turns:
        following = words[word + 1] if word + 1 < len(words) else ""
        return following in ("dr", "")
    if written in ("sir", "ma'am"):
        return role != "doctor"
    if reading.turns and role in ("doctor", "nurse", "patient") and written in _PRONOUNS:
        # Between doctor and patient a third person is someone else, unless another answers.
        return others or not any(t.role in _SPEAKS_FOR for t in reading.turns)
    if others:
        return True
    before = words[word - 1] if word else ""
    return before in ("lives-with",)


def _ages(reading: Reading, demographics: Demographics) -> Iterator[OffSpec]:
    tokens = reading.tokens
    ages = [*_said_ages(tokens.folded), *_ages_of(reading.rules.language, tokens.folded)]
    for number, unit, start, end in ages:
        if unit == "letter" and not _looks_like_age(tokens.text, start, end):
            continue
        word = _word_at(reading, start)
        sentence = reading.sentence_at(word)
        if sentence < 0 or _age_agrees(number, unit, demographics):
            continue
        if _others_near(reading, sentence) or _of_past(reading, sentence, word):
            continue
        yield OffSpec(
            "age", start, end, tokens.text[start:end],
            why=f"the patient is {demographics.age_text}",
        )  # fmt: skip


_LONGEST_LEAD = 20


def _said_ages(folded: str) -> Iterator[tuple[int, str, int, int]]:
    """Ages as number, unit (y, m, w, d or "letter" for "54F"), start and end."""
    for match in _AGE.finditer(folded):
        start, end = match.span()
        before = folded[max(0, start - _LONGEST_LEAD) : start]
        if before[-1:].isdigit() or before[-1:] in ("/", "."):
            continue
        number = int(match.group(1))
        if match.group(2):
            yield number, match.group(2)[0], start, end
        elif match.group(3):
            yield number, "m" if match.group(3).startswith("m") else "y", start, end
        elif match.group(4) and not (before[-1:].isalnum() or before[-1:] in ("-", "_")):
            yield number, "letter", start, end
        elif not match.group(4) and _AGED.search(before):
            yield number, "y", start, end


def _ages_of(language: Language, folded: str) -> Iterator[tuple[int, str, int, int]]:
    """The same as another language says it."""
    if language.age is not None:
        for match in language.age.finditer(folded):
            unit = language.age_units[match.group(2)[0]]
            yield int(match.group(1)), unit, match.start(1), match.end()


def _age_agrees(number: int, unit: str, demographics: Demographics) -> bool:
    if unit in ("y", "letter"):
        return number == demographics.age_years
    if unit == "m":
        months = demographics.age_months
        if months is None:
            return number // 12 == demographics.age_years
        return abs(number - months) <= 1
    weeks = number if unit == "w" else number / 7
    months = (
        demographics.age_months
        if demographics.age_months is not None
        else (demographics.age_years * 12)
    )
    return abs(weeks / 4.345 - months) <= 1


def _word_at(reading: Reading, offset: int) -> int:
    return min(bisect_left(reading.tokens.starts, offset), len(reading.tokens) - 1)


def _of_past(reading: Reading, sentence: int, word: int) -> bool:
    """ "diagnosed at the age of 12", "since age 30" are no ages of today."""
    first = reading.sentences[sentence].first
    before = reading.tokens.words[max(first, word - 4) : word]
    return any(w in ("at", "since", "from", "until", "by", "before", "after") for w in before)
