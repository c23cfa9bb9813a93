"""Harmless edits: a document said in other words, spelling or order, still true."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from casewright.filters.ledger.planting import (
    CONCEPTS,
    Edited,
    Planter,
    Pool,
    Sample,
    edit,
    sentence_around,
    stated,
    within_turn,
)
from casewright.records import Span

__all__ = ["HARMLESS", "rewrite"]


def _synonym(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """Another surface form of the same concept, which no other concept shares."""
    forms, owners = pool.forms, pool.owners
    for fact, span in stated(sample, *CONCEPTS, "medication"):
        written = sample.text[span.start : span.end]
        place = written.lower().find(fact.name.lower())
        options = [
            f
            for f in forms.get(fact.concept, ())
            if f.lower() != fact.name.lower() and len(owners[f.lower()]) == 1
        ]
        if (
            place < 0
            or not options
            or fact.name.lower() not in {f.lower() for f in forms.get(fact.concept, ())}
        ):
            continue
        where = Span(span.start + place, span.start + place + len(fact.name))
        new = rng.choice(options)
        yield edit(sample, "synonym", fact, where, new, f"{fact.name} -> {new}")


_BRITISH = (
    ("diarrhea", "diarrhoea"), ("edema", "oedema"), ("anemia", "anaemia"), ("hemo", "haemo"),
    ("dyspnea", "dyspnoea"), ("tumor", "tumour"), ("esophag", "oesophag"), ("color", "colour"),
    ("ischemi", "ischaemi"), ("pediatric", "paediatric"),
)  # fmt: skip


def _spelling(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    for american, british in _BRITISH:
        for match in re.finditer(rf"\b{american}|(?<=[a-z]){american}", sample.text):
            where = Span(match.start(), match.end())
            yield edit(sample, "spelling", None, where, british, f"{american} -> {british}")


def _misspelling(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """Two neighbouring letters of a long word swapped, in the middle of it."""
    for fact, span in stated(sample, *CONCEPTS):
        words = list(re.finditer(r"[a-z]{8,}", sample.text[span.start : span.end]))
        if not words:
            continue
        match = rng.choice(words)
        word = match.group()
        i = rng.randrange(2, len(word) - 4)
        if word[i] == word[i + 1]:
            continue
        new = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        where = Span(span.start + match.start(), span.start + match.end())
        yield edit(sample, "misspelling", fact, where, new, f"{word} -> {new}")


def _reordered(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """Two neighbouring sentences of one paragraph change places."""
    if sample.turns:
        return
    pairs = list(
        re.finditer(
            r"(?<=[.\n])[ ]?([A-Z](?:[^.\n:]|\.\d){12,}\.) ([A-Z](?:[^.\n:]|\.\d){12,}\.)",
            sample.text,
        )
    )
    for match in rng.sample(pairs, min(2, len(pairs))):
        first, second = match.group(1), match.group(2)
        if re.match(r"(?:She|He|It|They|Also|In addition|There is also)\b", second) and re.search(
            r"year-old|month-old", first
        ):
            continue
        where = Span(match.start(1), match.end(2))
        yield edit(sample, "reordered", None, where, f"{second} {first}", second)


def _converted(value: str, unit: str) -> str | None:
    number = float(value)
    match unit:
        case "C":
            return f"{number * 1.8 + 32:.1f} F"
        case "kg":
            return f"{number / 0.45359237:.0f} lb"
        case "mg" if number >= 1000 and number % 100 == 0:
            return f"{number / 1000:g} g"
        case "g/dL":
            return f"{number * 10:.0f} g/L"
        case "mEq/L":
            return f"{value} mmol/L"
        case "x10^3/uL":
            return f"{value} x10^9/L"
        case _:
            return None


def _unit_conversion(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    for fact, span in stated(sample, "vital", "lab", "medication"):
        if fact.value is None or fact.unit is None or "/" in fact.value:
            continue
        new = _converted(fact.value, fact.unit)
        written = sample.text[span.start : span.end]
        place = written.find(f"{fact.value} {fact.unit}")
        if new is None or place < 0:
            continue
        where = Span(span.start + place, span.start + place + len(f"{fact.value} {fact.unit}"))
        yield edit(
            sample, "unit_conversion", fact, where, new, f"{fact.value} {fact.unit} -> {new}"
        )


def _typography(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """Unicode dashes, curly quotes, no-break spaces: one character for one."""
    table = str.maketrans({"-": "\u2011", "'": "\u2019", '"': "\u201c"})
    text = re.sub(r"(?<=\d) (?=[A-Za-z%])", "\u00a0", sample.text.translate(table))
    turns = tuple(replace(t, text=text[t.start : t.end]) for t in sample.turns)
    yield Edited("typography", text, sample.facts, turns, None, 0, len(text), "typography")


_SIGS = {
    "by mouth": "PO", "once daily": "daily", "twice daily": "BID", "three times daily": "TID",
    "every 8 hours": "q8h", "every 6 hours": "q6h", "at bedtime": "qHS", "intravenously": "IV",
    "as needed": "PRN", "every 12 hours": "q12h", "four times daily": "QID",
}  # fmt: skip


def _abbreviated_sig(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    for fact, span in stated(sample, "medication"):
        where = sentence_around(sample.text, span)
        sentence = sample.text[where.start : where.end]
        new = sentence
        for long, short in _SIGS.items():
            new = new.replace(long, short)
        if new != sentence:
            yield edit(sample, "abbreviated_sig", fact, where, new, new)


_ADVICE = (
    "Return if {x} develops.", "Call for {x}.", "Watch for {x}.", "Seek care in case of {x}.",
    "We discussed the risk of {x}.",
)  # fmt: skip


def _conditional_advice(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """Advice about a symptom that the case does not hold claims nothing."""
    if sample.turns:
        return
    name = rng.choice(pool.symptoms)
    sentence = rng.choice(_ADVICE).replace("{x}", name)
    at = Span(len(sample.text), len(sample.text))
    yield edit(sample, "conditional_advice", None, at, f"\n{sentence}", sentence)


_PARAPHRASES = (
    "There is {x}.", "{x} is present.", "Positive for {x}.", "{x} was noted.",
    "The patient has {x}.", "Notable for {x}.", "{x}: yes.", "Currently with {x}.",
)  # fmt: skip
_DENYING = (
    "There is no {x}.", "{x} is denied.", "Negative for {x}.", "{x} was not present.",
    "Without {x}.", "{x}: none.", "No evidence of {x}.", "The patient does not have {x}.",
)  # fmt: skip
_SPOKEN = ("I've had {x}.", "Yes, I've got {x}.", "I do have {x}.")
_SPOKEN_DENYING = ("No, I haven't had any {x}.", "I don't have {x}.", "No {x} at all.")


def _paraphrase(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """Another sentence that says the same, in place of one that states one fact only."""
    for fact, span in stated(sample, "symptom", "finding", "comorbidity"):
        where = sentence_around(sample.text, span)
        if not _alone(sample, where) or fact.polarity not in ("present", "denied"):
            continue
        if sample.turns and not within_turn(sample, where):
            continue
        forms: tuple[str, ...]
        if sample.turns:
            forms = _SPOKEN if fact.polarity == "present" else _SPOKEN_DENYING
        else:
            forms = _PARAPHRASES if fact.polarity == "present" else _DENYING
        new = rng.choice(forms).replace("{x}", fact.name)
        new = new[:1].upper() + new[1:]
        yield edit(sample, "paraphrase", fact, where, new, new)


def _alone(sample: Sample, where: Span) -> bool:
    """Whether the sentence states one fact only, and names no relative."""
    inside = {
        s.fact_id
        for s in sample.ledger.facts
        for span in s.spans
        if span.start < where.end and where.start < span.end
    }
    return len(inside) == 1 and len(sample.text[where.start : where.end].split()) < _SHORT


_SHORT = 14


def _abbreviation(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """A clinician's abbreviation that means this concept only, in place of its name."""
    if sample.turns:
        return
    for fact, span in stated(sample, *CONCEPTS, "lab", "vital", "test"):
        written = sample.text[span.start : span.end]
        place = written.lower().find(fact.name.lower())
        options = pool.short.get(fact.concept, ())
        if place < 0 or not options:
            continue
        where = Span(span.start + place, span.start + place + len(fact.name))
        new = rng.choice(options)
        yield edit(sample, "abbreviation", fact, where, new, f"{fact.name} -> {new}")


HARMLESS: dict[str, Planter] = {
    "paraphrase": _paraphrase,
    "synonym": _synonym,
    "abbreviation": _abbreviation,
    "spelling": _spelling,
    "misspelling": _misspelling,
    "reordered": _reordered,
    "unit_conversion": _unit_conversion,
    "typography": _typography,
    "abbreviated_sig": _abbreviated_sig,
    "conditional_advice": _conditional_advice,
}


def rewrite(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """All harmless edits of one document, class by class."""
    for planter in HARMLESS.values():
        yield from planter(sample, rng, pool)
