"""Numbers against a fact's value: vital signs, lab values and doses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from casewright.filters.ledger.agreement import Value, agrees
from casewright.filters.ledger.dosing import frequency_of, routes_of
from casewright.filters.ledger.normalise import fold, word_set
from casewright.filters.ledger.numbers import Quantity
from casewright.filters.ledger.reading import Mention, Reading
from casewright.filters.ledger.wants import Want

__all__ = ["is_aim", "judge_dose", "judge_value", "sig_place"]

Kind = Literal["states", "contradicts", "apart"]
_HIGH = word_set(
    "high elevated raised increased up elevation leukocytosis tachycardic hypertensive febrile"
)
_LOW = word_set("low decreased reduced depressed down hypotensive bradycardic")
_NORMAL = word_set("normal unremarkable")
_AIMS = word_set(
    "target goal aim below under above over than less greater range reference ref normal limit "
    "between until if"
)
_CLAUSE_ENDS = frozenset({";", ".", "\n"})


def judge_value(
    want: Want, mention: Mention, numbers: Sequence[Quantity], reading: Reading
) -> tuple[Kind, int, str]:
    """A vital sign or lab against the numbers bound to one mention of it.

    Returns:
        What it means, the last word concerned, and why.
    """
    value = want.value
    if value is None:
        return _by_direction(want, mention, reading)
    compared: list[tuple[bool, Quantity]] = []
    for quantity in numbers:
        agreed = _agrees(quantity, want, value)
        if agreed is not None and not is_aim(quantity, reading):
            compared.append((agreed, quantity))
    right = next((q for ok, q in compared if ok), None)
    if right is not None:
        clash = _direction_clash(want, mention, right.first, reading)
        if clash is not None:
            return "contradicts", right.last, clash
        return "states", right.last, "the value agrees"
    if compared:
        wrong = compared[0][1]
        said = reading.tokens.surface(wrong.first, wrong.last)
        return "contradicts", wrong.last, f"{said} instead of {_written(want)}"
    if numbers and numbers[0].unit is not None and want.unit is not None:
        said = reading.tokens.surface(numbers[0].first, numbers[0].last)
        if numbers[0].dimension != want.unit.dimension and not is_aim(numbers[0], reading):
            return "contradicts", numbers[0].last, f"{said} instead of {_written(want)}"
    if mention.assertion.polarity == "denied":
        return "apart", mention.last, "named, but denied"
    if reading.turns:
        return _by_direction(want, mention, reading)
    return "apart", mention.last, "named without its value"


def _agrees(quantity: Quantity, want: Want, value: Value) -> bool | None:
    if value.second is None and quantity.second is not None:
        # one half of a pressure pair
        part = quantity.second if "diastolic" in want.fact.concept else quantity.value
        return part == value.value
    return agrees(quantity, value, want.unit, molar=want.molar)


def _written(want: Want) -> str:
    return f"{want.fact.value} {want.fact.unit or ''}".rstrip()


def is_aim(quantity: Quantity, reading: Reading) -> bool:
    """A goal, a limit or a reference range is no measurement."""
    words = reading.tokens.words
    before = words[max(0, quantity.first - 3) : quantity.first]
    if any(w in _AIMS for w in before):
        return True
    return bool(before) and before[-1] in ("<", ">", "(") and quantity.high is not None


def _direction_words(mention: Mention, until: int, reading: Reading) -> set[str]:
    words = reading.tokens.words
    sentence = reading.sentences[mention.sentence]
    start = max(sentence.first, mention.first - 2)
    near = words[start : mention.first] + words[mention.last + 1 : max(until, mention.last + 1)]
    found: set[str] = set()
    for word in near:
        if word in _HIGH:
            found.add("high")
        elif word in _LOW:
            found.add("low")
        elif word in _NORMAL:
            found.add("normal")
    return found


def _direction_clash(want: Want, mention: Mention, until: int, reading: Reading) -> str | None:
    flag = want.fact.attribute("flag")
    if flag not in ("high", "low", "normal") or mention.assertion.polarity == "denied":
        return None
    said = _direction_words(mention, min(until, mention.last + 5), reading)
    if len(said) == 1 and flag not in said:
        return f"called {said.pop()} where it is {flag}"
    return None


def _by_direction(want: Want, mention: Mention, reading: Reading) -> tuple[Kind, int, str]:
    """No number: "your white count is high"."""
    flag = want.fact.attribute("flag")
    until = min(mention.last + 6, reading.sentences[mention.sentence].last + 1)
    said = _direction_words(mention, until, reading)
    if mention.assertion.asked or flag is None or len(said) != 1:
        if want.fact.value is None and flag is None:
            return "states", mention.last, "named"
        return "apart", mention.last, "named without its value"
    if flag in said:
        return "states", mention.last, f"called {flag}"
    return "contradicts", mention.last, f"called {said.pop()} where it is {flag}"


# -- doses


def judge_dose(
    want: Want, mention: Mention, numbers: Sequence[Quantity], reading: Reading
) -> tuple[Kind, int, int, str]:
    """A drug against the dose, frequency and route said with it.

    Returns:
        What it means, the first and last word concerned, and why.
    """
    first = min([mention.first, *(q.first for q in numbers)])
    clash, last = _dose_clash(want, mention, numbers, reading)
    if clash is not None:
        return "contradicts", min(first, mention.first), last, clash
    dosed = [q for q in numbers if want.value is not None and _same_dose(q, want, want.value)]
    if dosed:
        last = max(mention.last, *(q.last for q in dosed))
        return "states", min(mention.first, dosed[0].first), last, "the drug with its dose"
    if want.value is None or reading.turns or want.fact.duty != "must":
        return "states", mention.first, mention.last, "the drug is named"
    return "apart", mention.first, mention.last, "the drug without its dose"


def _same_dose(quantity: Quantity, want: Want, value: Value) -> bool | None:
    return agrees(quantity, value, want.unit, exact=True)


def _dose_clash(
    want: Want, mention: Mention, numbers: Sequence[Quantity], reading: Reading
) -> tuple[str | None, int]:
    last = mention.last
    if want.value is not None and want.unit is None:
        wrong = [q for q in numbers if q.unit is not None and q.value != want.value.value]
        if wrong and len(wrong) == len(numbers):
            said = reading.tokens.surface(wrong[0].first, wrong[0].last)
            return f"{said} instead of {_written(want)}", wrong[0].last
    if want.value is not None and want.unit is not None:
        verdicts = [
            (_same_dose(q, want, want.value), q) for q in numbers if q.dimension != "dose count"
            or want.unit.dimension == "dose count"
        ]  # fmt: skip
        known = [
            (ok or False, q)
            for ok, q in verdicts
            if ok is not None or (q.dimension in _STRENGTHS and want.unit.dimension in _STRENGTHS)
        ]
        if known and not any(ok for ok, _ in known):
            said = reading.tokens.surface(known[0][1].first, known[0][1].last)
            return f"{said} instead of {_written(want)}", known[0][1].last
    text, last = _sig_text(mention, reading)
    frequency, route = (want.fact.attribute(name) for name in ("frequency", "route"))
    often, said_often = frequency_of(fold(frequency or "")), frequency_of(text)
    if often is not None and said_often is not None and often != said_often:
        return f"frequency differs: {frequency} in the case", last
    wanted_routes, said_routes = routes_of(fold(route or "")), routes_of(text)
    if wanted_routes and said_routes and wanted_routes.isdisjoint(said_routes):
        return f"route differs: {route} in the case", last
    return None, mention.last


_STRENGTHS = frozenset({"mass", "activity", "amount"})


def sig_place(mention: Mention, reading: Reading) -> tuple[int, int]:
    """Characters from a drug's name to the end of its clause or the next drug."""
    _, last = _sig_text(mention, reading)
    return reading.tokens.ends[mention.last], reading.tokens.ends[last]


def _sig_text(mention: Mention, reading: Reading) -> tuple[str, int]:
    """The folded text from the drug to the end of its clause or the next drug."""
    words = reading.tokens.words
    end = reading.sentences[mention.sentence].last
    for other in reading.by_sentence.get(mention.sentence, ()):
        if other.first > mention.last and any(e.type == "Medication" for e in other.entries):
            end = min(end, other.first - 1)
            break
    last = mention.last
    while last < end and words[last + 1] not in _CLAUSE_ENDS:
        last += 1
    tokens = reading.tokens
    return tokens.folded[tokens.ends[mention.last] : tokens.ends[last]], last


_STOPS = word_set(
    "stop stopped stopping discontinue discontinued discontinuing hold held quit off d/c"
)
_STOP_LEAD = word_set("taking using the her his my your their was on been has is be")
_STOP_TAIL = word_set("was were has have been is be also then now therefore")


def stopped(mention: Mention, reading: Reading) -> int | None:
    """The word that says a drug is not taken any more, or None."""
    words = reading.tokens.words
    sentence = reading.sentences[mention.sentence]
    i = mention.first - 1
    while i >= sentence.first and words[i] in _STOP_LEAD:
        i -= 1
    if i >= sentence.first and words[i] in _STOPS and not _kept(words, i):
        return i
    i = mention.last + 1
    while i <= sentence.last and words[i] in _STOP_TAIL:
        i += 1
    if i <= sentence.last and words[i] in _STOPS and words[i] != "off" and not _kept(words, i):
        return i
    return None


def _kept(words: Sequence[str], i: int) -> bool:
    return bool({"not", "never", "n't", "don't", "didn't", "no"} & set(words[max(0, i - 3) : i]))
