"""Planted identifiers: sentences with values that are nobody's, and what a detector finds.

The values come from the name pools of the case generator, from names that are words, and from
shapes; none from the lexicons of the identifier filter.
"""

from __future__ import annotations

import random
from calendar import month_name
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from casewright.kg.identity import load_name_pools

__all__ = ["Detector", "Planted", "Recall", "clean_texts", "measure", "planted"]

Detector = Callable[[str], Sequence[tuple[int, int]]]
"""Finds identifiers: text to (start, end)."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One sentence with identifiers in it; `group` is a finer division of the class."""

    kind: str
    group: str
    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """How many identifiers of a group were found whole."""

    kind: str
    group: str
    found: int
    total: int

    @property
    def share(self) -> float:
        """Recall; of an empty group 1."""
        return self.found / self.total if self.total else 1.0


def _data() -> Mapping[str, Any]:
    raw = (files(__package__) / "planted.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.safe_load(raw)
    return loaded


def clean_texts() -> tuple[str, ...]:
    """Sentences without any identifier, full of what looks like one."""
    return tuple(_data()["clean"])


def _fill(
    template: str, values: Mapping[str, str], wanted: Sequence[str]
) -> tuple[str, list[tuple[int, int]]]:
    """A template with its values, and where the wanted ones stand."""
    text = ""
    spans = []
    rest = template
    while "{" in rest:
        before, _, rest = rest.partition("{")
        key, _, rest = rest.partition("}")
        text += before
        if key in wanted:
            spans.append((len(text), len(text) + len(values[key])))
        text += values[key]
    return text + rest, spans


def planted(seed: int = 1, rounds: int = 4) -> Iterator[Planted]:
    """All planted sentences, `rounds` times each with other values."""
    data = _data()
    yield from _names(data, random.Random(f"names{seed}"), rounds)
    yield from _places(data, random.Random(f"places{seed}"), rounds)
    yield from _numbers(data, random.Random(f"numbers{seed}"), rounds)


_NAME_SLOTS = ("given", "family", "given2", "GIVEN", "FAMILY")


def _names(data: Mapping[str, Any], rng: random.Random, rounds: int) -> Iterator[Planted]:
    words = data["wordlike"]
    pools = load_name_pools()
    families = [f for pool in pools for f in pool.family]
    groups = [
        (f"{pool.origin}, {sex}", given, list(pool.family))
        for pool in pools
        for sex, given in (("female", list(pool.female)), ("male", list(pool.male)))
    ]
    for sex in ("female", "male"):
        groups.append((f"a word and a name, {sex}", words[sex], families))
        plain = [g for p in pools for g in (p.female if sex == "female" else p.male)]
        groups.append((f"a name and a word, {sex}", plain, words["family"]))
        groups.append((f"two words, {sex}", words[sex], words["family"]))
    for group, given, family in groups:
        for _ in range(rounds):
            for template in data["names"]:
                values = {
                    "given": rng.choice(given),
                    "family": rng.choice(family),
                    "given2": rng.choice(given),
                    "initial": rng.choice("ABCDEHJKLMRST"),
                }
                values["GIVEN"], values["FAMILY"] = (
                    values["given"].upper(),
                    values["family"].upper(),
                )
                text, spans = _fill(template, values, _NAME_SLOTS)
                yield Planted("name", group, text, tuple(spans))


def _places(data: Mapping[str, Any], rng: random.Random, rounds: int) -> Iterator[Planted]:
    # Towns from GeoNames are in the filter's own lexicon; so are the state's.
    towns = _TOWNS
    for _ in range(rounds * 10):
        for kind, key, slots in (
            ("street", "streets", ("street", "zip")),
            ("city", "cities", ("city",)),
            ("facility", "facilities", ("facility",)),
        ):
            for template in data[key]:
                city, state = rng.choice(towns)
                number = rng.choice((rng.randrange(1, 99), rng.randrange(100, 19999)))
                unit = rng.choice(("", "", "", " Apt 4B", ", Suite 210"))
                values = {
                    "city": city,
                    "state": state,
                    "zip": f"{rng.randrange(10001, 99950)}",
                    "street": f"{number} {rng.choice(data['street_names'])} "
                    f"{rng.choice(data['street_types'])}{unit}",
                    "facility": f"{rng.choice(data['facility_first'])} "
                    f"{rng.choice(data['facility_last'])}",
                }
                text, spans = _fill(template, values, slots)
                yield Planted(kind, kind, text, tuple(spans))


_TOWNS = (
    ("Poughkeepsie", "NY"), ("Chillicothe", "OH"), ("Walla Walla", "WA"), ("Fond du Lac", "WI"),
    ("Kalispell", "MT"), ("Yuma", "AZ"), ("Bangor", "ME"), ("Dothan", "AL"), ("Hattiesburg", "MS"),
    ("Las Cruces", "NM"), ("St. Cloud", "MN"), ("Elko", "NV"), ("Muncie", "IN"), ("Altoona", "PA"),
    ("Pocatello", "ID"), ("Lubbock", "TX"), ("Valdosta", "GA"), ("Kokomo", "IN"), ("Ocala", "FL"),
    ("Minot", "ND"), ("Rapid City", "SD"), ("Salina", "KS"), ("Bend", "OR"), ("Redding", "CA"),
    ("Chico", "CA"), ("Boston", "MA"), ("Chicago", "IL"), ("Houston", "TX"), ("Philadelphia", "PA"),
    ("San Antonio", "TX"), ("Grand Rapids", "MI"), ("Baton Rouge", "LA"), ("Des Moines", "IA"),
    ("Fort Wayne", "IN"), ("Little Rock", "AR"), ("Santa Rosa", "CA"), ("Coeur d'Alene", "ID"),
    ("Winston-Salem", "NC"), ("Wilkes-Barre", "PA"), ("Mount Pleasant", "SC"), ("Cheyenne", "WY"),
    ("Burlington", "VT"), ("Nashua", "NH"), ("Pawtucket", "RI"), ("Dover", "DE"), ("Omaha", "NE"),
    ("Tulsa", "OK"), ("Lexington", "KY"), ("Knoxville", "TN"), ("Roanoke", "VA"),
)  # fmt: skip


def _value(kind: str, rng: random.Random) -> str:
    """A value of a class that has a shape; telephone numbers of the block kept for fiction."""

    def d(count: int) -> str:
        return "".join(str(rng.randrange(10)) for _ in range(count))

    area, line = rng.randrange(201, 989), f"01{rng.randrange(10, 99)}"
    day, month, year = rng.randrange(1, 29), rng.randrange(1, 13), rng.randrange(1931, 2026)
    names = list(month_name)[1:]
    choices: dict[str, tuple[str, ...]] = {
        "ssn": (f"{rng.randrange(100, 665)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}",),
        "phone": (
            f"({area}) 555-{line}", f"{area}-555-{line}", f"{area}.555.{line}",
            f"+1 {area} 555 {line}", f"07700 900{d(3)}", f"020 7946 0{d(3)}",
        ),
        "email": (
            f"j.{d(2)}smith@example.org", f"pat_{d(3)}@mail.example.com",
            f"r{d(4)}@nhs.example.net",
        ),
        "url": (
            f"https://www.example.org/p/{d(5)}", f"http://portal.example.com/{d(4)}",
            f"www.family-{d(2)}.example.net",
        ),
        "ip": (
            f"192.0.2.{rng.randrange(1, 254)}", f"203.0.113.{rng.randrange(1, 254)}",
            "2001:db8::8a2e:370:7334",
        ),
        "mrn": (d(8), d(7), f"M{d(7)}", f"{d(3)}-{d(2)}-{d(3)}"),
        "account": (d(10), f"{d(4)}-{d(4)}", f"AB{d(8)}", f"XQ-{d(7)}"),
        "date": (
            f"{month:02}/{day:02}/{year}", f"{month}/{day}/{year % 100:02}",
            f"{year}-{month:02}-{day:02}", f"{names[month - 1]} {day}, {year}",
            f"{day} {names[month - 1]} {year}", f"{names[month - 1][:3]} {day}, {year}",
            f"{names[month - 1]} {day}", f"{day:02}.{month:02}.{year}",
        ),
        "age": (str(rng.randrange(90, 109)),),
    }  # fmt: skip
    return rng.choice(choices[kind])


def _numbers(data: Mapping[str, Any], rng: random.Random, rounds: int) -> Iterator[Planted]:
    for kind, templates in data["numbers"].items():
        for _ in range(rounds * 10):
            for template in templates:
                text, spans = _fill(template, {"v": _value(kind, rng)}, ("v",))
                yield Planted(kind, kind, text, tuple(spans))


def measure(items: Sequence[Planted], detect: Detector) -> tuple[list[Recall], list[Planted]]:
    """Recall of a detector by group, and the sentences in which it missed something.

    An identifier counts as found when every letter and digit of it is inside what was found.
    """
    found: dict[tuple[str, str], int] = {}
    total: dict[tuple[str, str], int] = {}
    missed = []
    for item in items:
        hits = detect(item.text)
        complete = True
        for start, end in item.spans:
            key = (item.kind, item.group)
            total[key] = total.get(key, 0) + 1
            inside = all(
                any(a <= i < b for a, b in hits)
                for i in range(start, end)
                if item.text[i].isalnum()
            )
            found[key] = found.get(key, 0) + inside
            complete &= inside
        if not complete:
            missed.append(item)
    return [Recall(*key, found[key], n) for key, n in total.items()], missed
