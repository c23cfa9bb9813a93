"""Planted sets written by people who had not read the rules (tests/data/phi/unseen_*.yaml).

Each set was read once before anything was mended; docs/privacy.md has those first figures.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from casewright.filters.disclosure.planted import Planted

DATA = Path(__file__).parents[1] / "data" / "phi"
_MARK = re.compile(r"\[\[(\w+)\|(.*?)\]\]", re.DOTALL)
_KINDS = {"streets": "street", "zips": "zip", "cities": "city", "facilities": "facility"}
_BY_GENDER = {
    "f": {"Mr": "Mrs", "he": "she", "his": "her", "him": "her", "man": "woman"}
    | {"child": "daughter", "sib": "sister"},
    "m": {"Mr": "Mr", "he": "he", "his": "his", "him": "him", "man": "man"}
    | {"child": "son", "sib": "brother"},
}


def read(name: str) -> dict[str, Any]:
    """The set called `name`, as written."""
    return yaml.safe_load((DATA / f"unseen_{name}.yaml").read_text(encoding="utf-8"))


def marked(line: str, kind: str, group: str) -> Planted:
    """A line with its `[[kind|text]]` marks taken out and kept as spans."""
    text, spans, at = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[at : mark.start()]
        spans.append((len(text), len(text) + len(mark[2])))
        text += mark[2]
        at = mark.end()
    return Planted(kind, group, text + line[at:], tuple(spans))


def notes(name: str) -> tuple[list[Planted], list[str]]:
    """Whole documents with all their identifiers, and others that have none.

    The spans of a `Planted` are of all kinds; `unseen_notes*.yaml` says which.
    """
    data = read(name)
    return [marked(note, "note", name) for note in data["notes"]], data["clean"]


def _fill(place: str, given: str, family: str, gender: str, middle: str) -> str:
    words = _BY_GENDER[gender]
    slots = words | {word.capitalize(): said.capitalize() for word, said in words.items()}
    return place.format(
        F=given,
        L=family,
        I=given[0],
        M=middle,
        L0=family[0].upper(),
        f=given.lower(),
        l=family.lower(),
        FU=given.upper(),
        LU=family.upper(),
        **slots,
        mr=words["Mr"].lower(),
    )


def names(data: dict[str, Any], rounds: int | None = None) -> Iterator[Planted]:
    """Each name in every place, or in `rounds` places drawn for it."""
    places: list[str] = data["places"]
    for group, by_gender in data["names"].items():
        for gender, full in by_gender.items():
            for name in full:
                given, _, family = name.partition("|")
                rng = random.Random(name)
                drawn = places if rounds is None else rng.sample(places, rounds)
                for place in drawn:
                    line = _fill(place, given, family, gender, rng.choice("ABCDEGHJKLMPRST"))
                    yield marked(line, "name", group)


def others(data: dict[str, Any]) -> Iterator[Planted]:
    """Everything but the names."""
    for key, kind in _KINDS.items():
        for line in data[key]:
            yield marked(line, kind, "")
    for key, kind in (("dates", "date"), ("ages", "age")):
        for line in data[key]:
            yield marked(line, kind, "")
    for kind, lines in data["numbers"].items():
        for line in lines:
            yield marked(line, kind, "")
