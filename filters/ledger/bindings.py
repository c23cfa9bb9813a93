"""Which number belongs to which test, vital sign or drug."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from casewright.filters.ledger.agreement import agrees
from casewright.filters.ledger.numbers import Quantity
from casewright.filters.ledger.reading import Mention, Reading
from casewright.filters.ledger.wants import Want

__all__ = ["Bindings", "bind"]

_MEASURES = frozenset({"LabTest", "VitalSign", "Procedure"})
_OWNERS = _MEASURES | {"Medication"}
_DOSE_DIMENSIONS = frozenset(
    {
        "mass",
        "volume",
        "activity",
        "amount",
        "dose count",
        "dose by weight",
        "dose by weight and time",
        "dose by time",
        "flow",
        "percent",
    }
)
_VITAL_ONLY = frozenset({"temperature", "pressure", "rate"})
_REACH_AFTER, _REACH_BEFORE = 14, 5
_OWN_DIMENSION = {
    "vital:temperature": "temperature",
    "vital:blood_pressure": "pressure",
    "vital:systolic_bp": "pressure",
    "vital:diastolic_bp": "pressure",
    "vital:heart_rate": "rate",
    "vital:respiratory_rate": "rate",
    "vital:oxygen_saturation": "percent",
    "vital:weight": "mass",
    "vital:height": "length",
    "vital:bmi": "body mass index",
}


@dataclass(slots=True)
class Bindings:
    """Numbers by the mention that they belong to, and the numbers of no mention."""

    by_mention: dict[tuple[int, int], list[Quantity]] = field(default_factory=dict)
    unnamed: list[Quantity] = field(default_factory=list)
    owner: dict[int, Mention] = field(default_factory=dict)  # by first word of the quantity
    words: list[str] = field(default_factory=list)  # of the text

    def of(self, mention: Mention) -> list[Quantity]:
        """The numbers of a mention, in text order."""
        return self.by_mention.get((mention.first, mention.last), [])

    def says_value_of(self, quantity: Quantity, want: Want) -> bool | None:
        """Whether a number of no mention states this vital sign ("T 38.6 C", "148/92").

        Returns:
            None where the number need not be this vital sign at all.
        """
        if want.value is None or want.fact.type != "vital":
            return None
        if want.fact.concept in _RATES:
            return self._says_rate(quantity, want)
        if "temperature" in want.fact.concept:
            if quantity.unit is None and self._lead(quantity) in ("t", "tmax", "temp"):
                return agrees(quantity, want.value, want.unit)
            if quantity.unit is None:
                fits = quantity.decimals > 0 and agrees(quantity, want.value, want.unit)
                return True if fits else None
            if quantity.dimension != "temperature":
                return None
        elif (
            want.value.second is None
            or quantity.second is None
            or quantity.dimension not in (None, "pressure")
        ):
            return None
        return agrees(quantity, want.value, want.unit)

    def _lead(self, quantity: Quantity) -> str:
        """The word before a number, over a colon."""
        words, i = self.words, quantity.first - 1
        if i > 0 and words[i] in (":", "="):
            i -= 1
        return words[i] if i >= 0 else ""

    def _says_rate(self, quantity: Quantity, want: Want) -> bool | None:
        """ "P 76", "65 bpm": a pulse without its name; "R 18" a breathing rate."""
        letters, beats = _RATES[want.fact.concept]
        assert want.value is not None
        named = self._lead(quantity) in letters or any(
            w in beats for w in self.words[quantity.first + 1 : quantity.last + 1]
        )
        if not named or quantity.decimals or quantity.dimension not in (None, "rate"):
            return None
        return quantity.value == want.value.value


_RATES = {
    "vital:heart_rate": (frozenset({"p"}), frozenset({"bpm", "beats"})),
    "vital:respiratory_rate": (frozenset({"r"}), frozenset({"breaths"})),
}


def bind(reading: Reading, extra: Iterable[Mention] = ()) -> Bindings:
    """Give every number to the nearest mention in its sentence that can own it."""
    owners: dict[int, list[Mention]] = defaultdict(list)
    for mention in reading.mentions:
        longer = reading.longer.get((mention.first, mention.last))
        # "low platelet count" is a condition with a test in it
        if _takes_numbers(mention) and (longer is None or not _takes_numbers(longer)):
            owners[mention.sentence].append(mention)
    for mention in extra:
        owners[mention.sentence].append(mention)
    grouped: dict[tuple[int, int], list[Quantity]] = defaultdict(list)
    bindings = Bindings(by_mention=grouped, words=reading.tokens.words)
    for quantity in reading.quantities:
        sentence = reading.sentence_at(quantity.first)
        candidates = owners.get(sentence, [])
        if _of_the_unborn(quantity, reading):
            continue
        owner = _owner(quantity, candidates, bindings, reading)
        if owner is None:
            bindings.unnamed.append(quantity)
        else:
            grouped[(owner.first, owner.last)].append(quantity)
            bindings.owner[quantity.first] = owner
    return bindings


_UNBORN = frozenset({"fetal", "foetal", "fetus", "foetus"})
_NEAR = 6


def _of_the_unborn(quantity: Quantity, reading: Reading) -> bool:
    """Whether a number is told of the child: "fetal heart tones at 146 beats per minute"."""
    unit = quantity.unit
    if unit is None:
        return False
    words = reading.tokens.words[max(quantity.first - _NEAR, 0) : quantity.first]
    told = [w for w in words if w in _UNBORN]
    return bool(told) and "." not in words[words.index(told[-1]) :]


def _takes_numbers(mention: Mention) -> bool:
    return any(e.type in _OWNERS for e in mention.entries)


def _owner(
    quantity: Quantity, candidates: Sequence[Mention], bindings: Bindings, reading: Reading
) -> Mention | None:
    best: tuple[int, Mention] | None = None
    for mention in candidates:
        if not _can_own(mention, quantity):
            continue
        distance = _distance(quantity, mention, bindings, reading)
        if distance is not None and (best is None or distance < best[0]):
            best = (distance, mention)
    return best[1] if best else None


def _distance(
    quantity: Quantity, mention: Mention, bindings: Bindings, reading: Reading
) -> int | None:
    """Words between, twice as many where the number stands first."""
    if mention.first <= quantity.first <= mention.last:
        return None  # the number is part of the name
    if mention.last < quantity.first:
        gap = quantity.first - mention.last
        return gap if gap <= _REACH_AFTER else None
    gap = mention.first - quantity.last
    if gap > _REACH_BEFORE:
        return None
    between = reading.tokens.words[quantity.last + 1 : mention.first]
    if any(w in (",", ";", "and") for w in between):
        return None
    return 2 * gap - 1


def _can_own(mention: Mention, quantity: Quantity) -> bool:
    dimension = quantity.dimension
    if dimension == "time":
        return any("time" in e.concept or e.type == "LabTest" for e in mention.entries) and (
            quantity.unit is not None and quantity.unit.name == "second"
        )
    drug = any(e.type == "Medication" for e in mention.entries)
    measure = any(e.type in _MEASURES for e in mention.entries)
    if dimension is None:
        return measure and (quantity.second is None or _is_pressure(mention))
    if dimension in _DOSE_DIMENSIONS and drug:
        return True
    if not measure:
        return False
    own = {_OWN_DIMENSION.get(e.concept) for e in mention.entries}
    if own != {None}:
        return dimension in own or (dimension == "mass" and "mass" in own)
    if dimension == "pressure":
        return any(e.type in ("LabTest", "Procedure") for e in mention.entries)
    return dimension not in _VITAL_ONLY


def _is_pressure(mention: Mention) -> bool:
    return any("bp" in e.concept or "pressure" in e.concept for e in mention.entries)
