"""The assertion triggers in memory: triggers.yaml as one automaton over exact words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import ahocorasick

from casewright.filters.ledger.language import ENGLISH, Language, load_language, with_language
from casewright.filters.ledger.normalise import tokenise

__all__ = ["Category", "Found", "Trigger", "Triggers", "load_triggers"]

Category = Literal[
    "pseudo",
    "negated",
    "affirmed",
    "hard_stop",
    "soft_stop",
    "history_stop",
    "dash_stop",
    "historical",
    "history",
    "family",
    "family_stop",
    "relative",
    "hypothetical",
    "uncertain",
]
Direction = Literal["forward", "backward", "none"]


@dataclass(frozen=True, slots=True)
class Trigger:
    """One phrase and what it does.

    `near` limits the reach in words (0: the clause); `after` are words of which one must
    stand before the trigger; `value` is the canonical relative. `listing`: it reaches over
    one list only ("as needed for pain or fever"), not into the next clause or drug.
    `closing`: it counts at the end of a clause only ("nausea yes, vomiting no").
    """

    text: str
    category: Category
    direction: Direction
    near: int = 0
    after: frozenset[str] = frozenset()
    value: str = ""
    listing: bool = False
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Triggers that share the words `first` to `last`, inclusive."""

    first: int
    last: int
    triggers: tuple[Trigger, ...]


class Triggers:
    """All triggers, found longest first and without overlap."""

    def __init__(self, raw: Mapping[str, Any], language: Language) -> None:
        self.language = language
        self.headings: dict[str, str] = {
            name: kind for kind, names in raw["headings"].items() for name in names
        }
        self.informant: frozenset[str] = frozenset(raw["family"]["informant"])
        self.informant_after_is: frozenset[str] = frozenset(raw["family"]["informant_after_is"])
        self.company: tuple[tuple[str, ...], ...] = tuple(
            tuple(language.all(tokenise(c).words)) for c in raw["family"]["company"]
        )
        self._chars: dict[str, str] = {}
        self._automaton = self._build(_read(raw))

    def _build(self, triggers: Iterator[Trigger]) -> Any:
        by_key: dict[str, list[Trigger]] = {}
        for trigger in triggers:
            words = self.language.all(tokenise(trigger.text).words)
            key = "".join(self._chars.setdefault(w, chr(0x100 + len(self._chars))) for w in words)
            by_key.setdefault(key, []).append(trigger)
        automaton = ahocorasick.Automaton()
        for key, group in by_key.items():
            automaton.add_word(key, (len(key), tuple(group)))
        automaton.make_automaton()
        return automaton

    def trim(
        self, words: Sequence[str], found: Sequence[Found], begins: Sequence[int]
    ) -> list[Found]:
        """Cut triggers that run into a concept's name: "no change" in "no change in bowel habits".

        Args:
            words: of the text.
            found: its triggers, in order.
            begins: first words of the concepts' names, ascending.
        """
        kept: list[Found] = []
        for item in found:
            position = bisect_right(begins, item.first)
            if item.last == item.first or position == len(begins) or begins[position] > item.last:
                kept.append(item)
                continue
            kept.extend(
                Found(f.first + item.first, f.last + item.first, f.triggers)
                for f in self.find(words[item.first : begins[position]])
            )
        return kept

    def find(self, words: Sequence[str]) -> list[Found]:
        """The triggers among the words, in order; of overlapping ones the longest."""
        chars = self._chars
        code = "".join([chars.get(w, "\x00") for w in words])
        found = [
            Found(end - length + 1, end, triggers)
            for end, (length, triggers) in self._automaton.iter(code)
        ]
        found.sort(key=lambda f: (f.first, -f.last))
        kept: list[Found] = []
        for item in found:
            if kept and item.first <= kept[-1].last:
                if item.last - item.first > kept[-1].last - kept[-1].first:
                    kept[-1] = item
                continue
            kept.append(item)
        return kept


def _read(raw: Mapping[str, Any]) -> Iterator[Trigger]:
    for text in raw["pseudo"]:
        yield Trigger(text, "pseudo", "none")
    for text in raw["stop"]["hard"]:
        yield Trigger(text, "hard_stop", "none")
    for text in raw["stop"]["soft"]:
        yield Trigger(text, "soft_stop", "none")
    for text in raw["stop"]["history"]:
        yield Trigger(text, "history_stop", "none")
    directed: tuple[Category, ...] = (
        "negated", "affirmed", "historical", "history", "family", "hypothetical", "uncertain",
    )  # fmt: skip
    for category in directed:
        yield from _directed(raw[category], category)
    for canonical, forms in raw["family"]["relatives"].items():
        for text in forms:
            yield Trigger(text, "relative", "forward", value=canonical)
    for text in raw["family"]["stop"]:
        yield Trigger(text, "family_stop", "none")


def _directed(group: Mapping[str, Any], category: Category) -> Iterator[Trigger]:
    for text in group.get("forward", ()):
        yield Trigger(text, category, "forward")
    for text in group.get("forward_list", ()):
        yield Trigger(text, category, "forward", listing=True)
    for text in group.get("backward", ()):
        yield Trigger(text, category, "backward")
    for item in group.get("forward_near", ()):
        yield Trigger(item["text"], category, "forward", item["near"])
    for item in group.get("backward_near", ()):
        after = frozenset(item.get("after", ()))
        closing = bool(item.get("closing"))
        yield Trigger(item["text"], category, "backward", item["near"], after, closing=closing)


@lru_cache(maxsize=8)
def load_triggers(language: str = ENGLISH) -> Triggers:
    """Read triggers.yaml, which is part of the package, and what the language adds to it."""
    return Triggers(with_language("triggers", language), load_language(language))
