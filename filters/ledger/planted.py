"""Planted errors: a document made wrong in one place, class by class."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
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
from casewright.records import Fact, FactType, Span

__all__ = ["ERRORS", "plant"]


def _removed(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    for fact, span in stated(sample):
        where = sentence_around(sample.text, span)
        if sample.turns and not within_turn(sample, where):
            continue
        yield edit(sample, "removed", fact, where, "Okay." if sample.turns else "", fact.name)


_DENIALS = (
    "There is no {x}.", "Denies {x}.", "The patient denies any {x}.", "Negative for {x}.",
    "No {x} was present.", "{x} was ruled out.", "{x}: no.", "The patient does not have {x}.",
    "No evidence of {x}.",
)  # fmt: skip
_SPOKEN_DENIALS = ("No, I don't have any {x}.", "There's no {x}.", "I haven't had any {x}.")
_CLAIMS = (
    "The patient has {x}.", "Reports {x}.", "There is {x}.", "Positive for {x}.",
    "The patient complains of {x} since yesterday.",
)  # fmt: skip
_SPOKEN_CLAIMS = ("I've had {x}.", "Yes, I've got {x}.")


def _surface(sample: Sample, span: Span, fact: Fact) -> str:
    """A short stated wording, else the fact's name."""
    written = sample.text[span.start : span.end]
    return written if len(written.split()) <= len(fact.name.split()) + 1 else fact.name


def _in_place(
    sample: Sample, kind: str, rng: random.Random, notes: Sequence[str], spoken: Sequence[str]
) -> Iterator[Edited]:
    """Put a sentence about the fact in place of the one that states it alone."""
    for fact, span in stated(sample, *CONCEPTS):
        if fact.polarity not in ("present", "denied"):
            continue
        where = sentence_around(sample.text, span)
        if sample.turns and not within_turn(sample, where):
            continue
        forms = spoken if sample.turns else notes
        if kind == "negated" and fact.polarity == "denied":
            forms = _SPOKEN_CLAIMS if sample.turns else _CLAIMS
        elif fact.polarity == "denied":
            continue
        sentence = rng.choice(forms).replace("{x}", _surface(sample, span, fact))
        new = sentence[:1].upper() + sentence[1:]
        yield edit(sample, kind, fact, where, new, new)


def _negated(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    yield from _in_place(sample, "negated", rng, _DENIALS, _SPOKEN_DENIALS)
    yield from _negated_inside(sample)


def _negated_inside(sample: Sample) -> Iterator[Edited]:
    """ "reports fever and cough" -> "reports no fever and cough"."""
    for fact, span in stated(sample, "symptom"):
        before = sample.text[: span.start].rstrip().rsplit(" ", 1)[-1].lower()
        if fact.polarity == "present" and before in ("reports", "with", "describes", "had", "of"):
            yield edit(sample, "negated", fact, Span(span.start, span.start), "no ", "no inside")


_RELATIVES = (
    "Her mother had {x}.", "His father has {x}.", "There is a family history of {x}.",
    "{x} runs in the family.", "A sister was treated for {x}.", "{x} in the brother.",
)  # fmt: skip
_SPOKEN_RELATIVES = ("My mother had {x}.", "My brother has {x}.", "{x} runs in the family.")


def _family(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    yield from _in_place(sample, "family", rng, _RELATIVES, _SPOKEN_RELATIVES)


_MAYBES = (
    "Return if {x} develops.", "Rule out {x}.", "Possible {x}.", "Concern for {x}.",
    "Watch for {x}.", "{x} cannot be excluded.", "At risk for {x}.", "Suspected {x}.",
)  # fmt: skip
_SPOKEN_MAYBES = ("What if I get {x}?", "I'm worried about {x}.", "Could it be {x}?")


def _hypothetical(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    yield from _in_place(sample, "hypothetical", rng, _MAYBES, _SPOKEN_MAYBES)


def _drug_swap(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    for fact, span in stated(sample, "medication"):
        written = sample.text[span.start : span.end]
        place = written.lower().find(fact.name.lower())
        other = rng.choice(pool.drugs)
        if place < 0 or other in fact.name or fact.name in other:
            continue
        where = Span(span.start + place, span.start + place + len(fact.name))
        yield edit(sample, "drug_swap", fact, where, other, f"{fact.name} -> {other}")


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _changed_number(written: str, rng: random.Random) -> str:
    """Another number of the same shape: tenfold, a tenth, doubled, or its digits swapped."""
    value = float(written)
    decimals = len(written.partition(".")[2])
    options = [value * 10, value * 2, value * 1.5 + 1, value / 2]
    swapped = written[::-1] if written.isdigit() and len(written) == 2 else None
    if swapped and swapped != written and swapped[0] != "0":
        options.append(float(swapped))
    new = f"{rng.choice(options):.{decimals}f}"
    return new if new != written else f"{value * 10:.{decimals}f}"


def _numbers(sample: Sample, rng: random.Random, kind: str, *types: FactType) -> Iterator[Edited]:
    for fact, span in stated(sample, *types):
        if fact.value is None:
            continue
        first = fact.value.split("/")[0]
        written = sample.text[span.start : span.end]
        match = next((m for m in _NUMBER.finditer(written) if m.group() == first), None)
        if match is None:
            continue
        new = _changed_number(first, rng)
        where = Span(span.start + match.start(), span.start + match.end())
        yield edit(sample, kind, fact, where, new, f"{first} -> {new} ({fact.name})")


def _dose(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    yield from _numbers(sample, rng, "dose", "medication")


def _value(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    yield from _numbers(sample, rng, "value", "vital", "lab")


_SLIPS = {
    "mg": "mcg", "mcg": "mg", "g": "mg", "C": "F", "F": "C", "kg": "lb", "mg/dL": "mmol/L",
    "mmol/L": "mg/dL", "g/dL": "g/L", "units": "mg", "mL": "L",
}  # fmt: skip


def _unit(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    for fact, span in stated(sample, "medication", "vital", "lab"):
        slip = _SLIPS.get(fact.unit or "")
        if slip is None or fact.value is None:
            continue
        written = sample.text[span.start : span.end]
        match = re.search(rf"(?<=\d) ?{re.escape(fact.unit or '')}(?![\w/])", written)
        if match is None:
            continue
        where = Span(span.start + match.start(), span.start + match.end())
        yield edit(sample, "unit", fact, where, f" {slip}", f"{fact.unit} -> {slip}")


def _side(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    for fact, span in stated(sample, *CONCEPTS, "test"):
        sides = {"left", "right"} & set(re.findall(r"[a-z]+", _all_words(fact)))
        if len(sides) != 1:
            continue
        (side,) = sides
        around = Span(max(0, span.start - 12), min(len(sample.text), span.end + 30))
        match = re.search(rf"\b{side}\b", sample.text[around.start : around.end], re.IGNORECASE)
        if match is None:
            continue
        where = Span(around.start + match.start(), around.start + match.end())
        new = "right" if side == "left" else "left"
        yield edit(sample, "side", fact, where, new, f"{side} -> {new}: {fact.name}")


def _all_words(fact: Fact) -> str:
    return " ".join([fact.name, *(v for _, v in fact.attributes)]).lower()


_FLIPS = {
    "she": "he", "he": "she", "her": "his", "his": "her", "woman": "man", "man": "woman",
    "girl": "boy", "boy": "girl", "ms": "mr", "mr": "ms", "mrs": "mr",
}  # fmt: skip


def _sex(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """One word of the other sex, in a sentence that speaks of nobody else."""
    if sample.turns:
        return
    places = [m for m in re.finditer(r"[A-Za-z]+", sample.text) if m.group().lower() in _FLIPS]
    places = [m for m in places if not _OTHERS.search(_around(sample.text, m.start()))]
    for match in rng.sample(places, min(2, len(places))):
        new = _FLIPS[match.group().lower()]
        new = new.capitalize() if match.group()[0].isupper() else new
        yield edit(
            sample, "sex", None, Span(match.start(), match.end()), new, f"{match.group()} -> {new}"
        )


_OTHERS = re.compile(
    r"mother|father|brother|sister|husband|wife|son\b|daughter|parent|child|aunt|uncle|cousin|"
    r"grand|family|friend|sibling|partner|relative",
    re.IGNORECASE,
)


def _around(text: str, place: int) -> str:
    return text[max(0, place - 250) : place + 120]


_EXTRAS = (
    "The patient also has {x}.", "{x} was diagnosed as well.", "There is also {x}.",
    "Past medical history includes {x}.", "Assessment: {x}.",
)  # fmt: skip


def _extra_diagnosis(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    if sample.turns:
        return
    held = {w for f in sample.facts for w in re.findall(r"[a-z]+", f.name.lower()) if len(w) > 3}
    for name, code in rng.sample(pool.conditions, min(3, len(pool.conditions))):
        if held & set(re.findall(r"[a-z]+", name.lower())):
            continue
        if any((f.code or "")[:3] == code[:3] for f in sample.facts):
            continue
        sentence = rng.choice(_EXTRAS).replace("{x}", name)
        sentence = sentence[:1].upper() + sentence[1:]
        at = Span(len(sample.text), len(sample.text))
        yield edit(sample, "extra_diagnosis", None, at, f"\n{sentence}", sentence)


def _must_not(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    for fact, span in stated(sample, "diagnosis"):
        facts = tuple(replace(f, duty="must_not") if f is fact else f for f in sample.facts)
        yield Edited(
            "must_not", sample.text, facts, sample.turns, fact.fact_id, span.start, span.end,
            fact.name,
        )  # fmt: skip


_ONSETS = ("two days ago", "three months ago", "ten years ago", "six weeks ago")


def _said_often(sample: Sample) -> Iterator[tuple[Fact, Span]]:
    """Signs and symptoms with an onset, at each place that states them."""
    for fact in sample.facts:
        if fact.type in ("symptom", "finding") and fact.duty == "must" and fact.attribute("onset"):
            for span in sample.spans(fact):
                yield fact, span


def _onset(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """Another time since when, where the text gives the case's."""
    for fact, span in _said_often(sample):
        onset = fact.attribute("onset") or ""
        where = sentence_around(sample.text, span)
        sentence = sample.text[where.start : where.end]
        if not onset.endswith(" ago") or onset not in sentence:
            continue
        others = [o for o in _ONSETS if o.split()[1][:3] != onset.split()[-2][:3]]
        new = rng.choice(others)
        start = where.start + sentence.index(onset)
        yield edit(sample, "onset", fact, Span(start, start + len(onset)), new, f"{onset} -> {new}")


ERRORS: dict[str, Planter] = {
    "removed": _removed,
    "negated": _negated,
    "family": _family,
    "hypothetical": _hypothetical,
    "drug_swap": _drug_swap,
    "dose": _dose,
    "value": _value,
    "unit": _unit,
    "onset": _onset,
    "side": _side,
    "sex": _sex,
    "extra_diagnosis": _extra_diagnosis,
    "must_not": _must_not,
}


def plant(sample: Sample, rng: random.Random, pool: Pool) -> Iterator[Edited]:
    """All planted errors of one document, class by class."""
    for planter in ERRORS.values():
        yield from planter(sample, rng, pool)
