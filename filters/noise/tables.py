"""The lists of noise.yaml, compiled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

__all__ = ["Numbers", "Tables", "tables", "words_of_number"]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The words of numbers."""

    ones: Sequence[str]
    tens: Sequence[str]
    hundred: str
    thousand: str
    point: str
    over: str


@dataclass(frozen=True, slots=True)
class Tables:
    """noise.yaml: each list with the pattern that finds its words.

    Attributes:
        neighbours: of a key. kept: words that are never mistyped.
        homophones: word -> (what is written for it, whether that is untrue).
        drugs: name -> those that sound like it. units: unit -> those written for it.
    """

    neighbours: Mapping[str, str]
    kept: frozenset[str]
    homophones: Mapping[str, tuple[str, bool]]
    homophone: re.Pattern[str]
    drugs: Mapping[str, Sequence[str]]
    drug: re.Pattern[str]
    units: Mapping[str, Sequence[str]]
    unit: re.Pattern[str]
    numbers: Numbers


@lru_cache(maxsize=1)
def tables() -> Tables:
    """Read noise.yaml once."""
    raw = yaml.safe_load(Path(__file__).with_name("noise.yaml").read_text("utf-8"))
    homophones: dict[str, tuple[str, bool]] = {}
    for pair in raw["homophones"]:
        said, written = pair["words"]
        untrue = bool(pair.get("untrue", False))
        homophones[said] = (written, untrue)
        if untrue and " " not in written:  # two words of one sound: either for the other
            homophones.setdefault(written, (said, untrue))
    drugs: dict[str, list[str]] = {}
    for group in raw["drugs"]:
        for name in group:
            drugs.setdefault(name, []).extend(other for other in group if other != name)
    n = raw["numbers"]
    return Tables(
        neighbours=_neighbours(raw["keyboard"]),
        kept=frozenset(raw["kept_words"].split()),
        homophones=homophones,
        homophone=_any_of(homophones),
        drugs=drugs,
        drug=_any_of(drugs),
        units=raw["units"],
        # A unit stands after its number; "C" and "F" are letters elsewhere.
        unit=re.compile(rf"(?<=\d)\s?(?P<unit>{_alternatives(raw['units'])})(?![\w/])"),
        numbers=Numbers(
            n["ones"].split(), n["tens"].split(), n["hundred"], n["thousand"], n["point"], n["over"]
        ),
    )


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{_alternatives(words)})(?![\w-])", re.IGNORECASE)


def _neighbours(rows: Sequence[str]) -> dict[str, str]:
    """Keys beside, above and below each key: rows are shifted by half a key."""
    found: dict[str, str] = {}
    for y, row in enumerate(rows):
        for x, key in enumerate(row):
            near = [row[i] for i in (x - 1, x + 1) if 0 <= i < len(row)]
            if y > 0:
                near += [rows[y - 1][i] for i in (x, x + 1) if i < len(rows[y - 1])]
            if y + 1 < len(rows):
                near += [rows[y + 1][i] for i in (x - 1, x) if 0 <= i < len(rows[y + 1])]
            found[key] = "".join(near)
    return found


def words_of_number(number: str, n: Numbers) -> str | None:
    """A number as it is said: "128" one hundred twenty-eight, "36.8" thirty-six point eight.

    None for what is not said as a number: 10,000 and above, a leading zero.
    """
    whole, _, decimals = number.partition(".")
    if not whole.isdecimal() or (len(whole) > 1 and whole[0] == "0") or int(whole) >= 10_000:
        return None
    said = _whole(int(whole), n)
    if decimals:
        said = f"{said} {n.point} {' '.join(n.ones[int(d)] for d in decimals)}"
    return said


def _whole(value: int, n: Numbers) -> str:
    if value >= 1000:
        rest = f" {_whole(value % 1000, n)}" if value % 1000 else ""
        return f"{n.ones[value // 1000]} {n.thousand}{rest}"
    if value >= 100:
        rest = f" {_whole(value % 100, n)}" if value % 100 else ""
        return f"{n.ones[value // 100]} {n.hundred}{rest}"
    if value >= 20:
        rest = f"-{n.ones[value % 10]}" if value % 10 else ""
        return f"{n.tens[value // 10 - 2]}{rest}"
    return n.ones[value]
