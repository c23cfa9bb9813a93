"""Does a number of the text say a fact's value? Units, rounding, ranges, pairs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from casewright.filters.ledger.numbers import Quantity, Unit, to_number

__all__ = ["Value", "agrees", "parse_value"]


@dataclass(frozen=True, slots=True)
class Value:
    """A fact's value, read: number, decimals, second number (148/92) or end of a range."""

    value: float
    decimals: int
    second: float | None = None
    high: float | None = None
    third: float | None = None


_VALUE = re.compile(
    r"^[<>~≥≤ ]*(\d[\d,]*(?:\.\d+)?)"
    r"(?:\s*(/|-|–|to)\s*(\d+(?:\.\d+)?)(?:/(\d+(?:\.\d+)?))?)?\s*\S*$"
)


@lru_cache(maxsize=4096)
def parse_value(text: str | None) -> Value | None:
    """Read a fact's value; None where it is no number ("positive")."""
    match = _VALUE.match(text.strip()) if text else None
    if match is None:
        return None
    value, decimals = to_number(match.group(1))
    other = float(match.group(3)) if match.group(3) else None
    if match.group(2) == "/":
        third = float(match.group(4)) if match.group(4) else None
        return Value(value, decimals, second=other, third=third)
    return Value(value, decimals, high=other)


def agrees(
    quantity: Quantity,
    value: Value,
    unit: Unit | None,
    *,
    molar: float | None = None,
    exact: bool = False,
) -> bool | None:
    """Whether a number of the text says the fact's value.

    Args:
        quantity: from the text.
        value, unit: of the fact.
        molar: mg/dL per mmol/L of the substance, where known.
        exact: no rounding (doses).

    Returns:
        None where the two cannot be compared (another dimension).
    """
    if value.second is not None:
        if quantity.second is None:
            return None
        factor = _conversion(quantity.unit, unit, None)
        if factor is None:
            return None
        said = (quantity.value, quantity.second, quantity.third)
        meant = tuple(
            None if v is None else v * factor[0] for v in (value.value, value.second, value.third)
        )
        return said == meant
    text_unit = quantity.unit
    if unit is not None and unit.dimension == "temperature":
        if text_unit is None or text_unit.name == "degrees":
            text_unit = _scale_of(quantity.value)
        unit = unit if unit.name != "degrees" else _scale_of(value.value)
    factor = _conversion(text_unit, unit, molar)
    if factor is None:
        return None
    scale, offset = factor
    target = value.value * scale + offset
    half_fact = 0.0 if exact or scale == 1 else _half_digit(value.decimals) * scale
    half_text = 0.0 if exact else _rounding(quantity, value, scale)
    slack = 1e-6 * max(1.0, abs(target))
    if quantity.high is not None:
        return quantity.value - slack <= target <= quantity.high + slack
    if value.high is not None:
        return value.value <= quantity.value <= value.high
    return abs(quantity.value - target) <= half_text + half_fact + slack


def _half_digit(decimals: int) -> float:
    """Half of the last written digit."""
    return 0.5 / float(10**decimals)


def _rounding(quantity: Quantity, value: Value, scale: float) -> float:
    if scale == 1 and quantity.decimals >= value.decimals:
        return 0.0
    if scale == 1 and value.value < 10:
        return 0.0 if quantity.decimals == 0 else _half_digit(quantity.decimals)
    return _half_digit(quantity.decimals)


_HOTTEST_CELSIUS = 45


def _scale_of(value: float) -> Unit:
    """The scale of a body temperature that names none."""
    return Unit("F" if value > _HOTTEST_CELSIUS else "C", "temperature", 1.0)


def _conversion(
    text: Unit | None, fact: Unit | None, molar: float | None
) -> tuple[float, float] | None:
    """Scale and offset from the fact's unit to the text's."""
    if text is None or fact is None or text.name == fact.name:
        return 1.0, 0.0
    if text.dimension == fact.dimension == "temperature":
        return (1.8, 32.0) if text.name == "F" else (1 / 1.8, -32.0 / 1.8)
    if text.dimension == fact.dimension:
        return fact.factor / text.factor, 0.0
    pair = {text.dimension, fact.dimension}
    if molar is not None and pair == {"mass concentration", "amount concentration"}:
        per = 1 / molar if fact.dimension == "mass concentration" else molar
        return fact.factor * per / text.factor, 0.0
    if pair == {"percent", "ratio of hemoglobin"}:
        # NGSP % and IFCC mmol/mol: IFCC = 10.93 NGSP - 23.5 (ngsp.org master equation)
        return (10.93, -23.5) if fact.dimension == "percent" else (1 / 10.93, 23.5 / 10.93)
    return None
