"""How a clinician writes down what is to be said: short forms, spelling, lists.

Applied to finished pieces, whoever wrote them, and before the document is checked: so a short
form that the ledger would not read shows there, and no fact depends on what a style prefers.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import yaml

from casewright.generators.wording import article, capitalise
from casewright.prompts.library import Style
from casewright.records import Fact

__all__ = ["VERBATIM", "Register", "ShortForms", "is_short"]

ShortForms = Callable[[str], Iterable[str]]
"""The abbreviations of a concept, by its id."""

VERBATIM = frozenset({"course", "disposition", "follow_up", "social"})
"""Types of facts that are told word for word."""

_BEFORE_SHORT = re.compile(r"\b([Aa]n?) (?=([A-Z]{2,}\b))")
_AT_START = re.compile(r"(?:^|[.!?:]\s+|\n)$")


@dataclass(frozen=True, slots=True)
class _Lists:
    """register.yaml, compiled: each list as one pattern, the longest phrase first."""

    phrases: re.Pattern[str]
    short: Mapping[str, Sequence[str]]
    american: re.Pattern[str]
    british: Mapping[str, str]
    unwritten: frozenset[str]


@lru_cache(maxsize=1)
def _lists() -> _Lists:
    raw = yaml.safe_load(Path(__file__).with_name("register.yaml").read_text("utf-8"))
    short: dict[str, Sequence[str]] = raw["shorthand"]
    british: dict[str, str] = raw["british"]
    unwritten = frozenset(raw["unwritten"])
    return _Lists(_pattern(short), short, _pattern(british), british, unwritten)


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    ordered = sorted(phrases, key=len, reverse=True)
    parts = (re.escape(p).replace(r"\{n\}", r"\d+") for p in ordered)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(parts)})(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True)
class Register:
    """The hand of one clinician on one case.

    Attributes:
        style: what the hand prefers. facts: of the case.
        short_forms: abbreviations of a concept, by its id.
    """

    style: Style
    facts: Sequence[Fact]
    short_forms: ShortForms

    def write(self, text: str, rng: random.Random) -> str:
        """The text as this hand writes it; the same text and `rng` give the same."""
        if self.style.abbreviate > 0:
            text = self._names(text, rng)
            text = self._phrases(text, rng)
        if self.style.spelling == "british":
            lists = _lists()
            text = lists.american.sub(
                lambda m: _like(m.group(), lists.british[m.group().lower()]), text
            )
        return text

    def _names(self, text: str, rng: random.Random) -> str:
        """Short names of the case's own concepts ("HTN"), where they have one.

        The longest name at a place is the one that stands there: the headache in "vascular
        headache" is no headache of its own.
        """
        chosen = {
            name: known[0] if known and rng.random() < self.style.abbreviate else ""
            for name, known in self._forms.items()
        }
        if not any(chosen.values()):
            return text

        def shorten(match: re.Match[str]) -> str:
            form = chosen[match.group().lower()]
            starts = _AT_START.search(text[: match.start()])
            return (capitalise(form) if starts else form) if form else match.group()

        # "a myocardial infarction" is "an MI".
        return _BEFORE_SHORT.sub(
            lambda m: _like(m[1], article(m[2])) + " ", self._named.sub(shorten, text)
        )

    @cached_property
    def _forms(self) -> dict[str, list[str]]:
        """The short forms of each name, none for what is told word for word."""
        forms: dict[str, list[str]] = {}
        for fact in self.facts:
            known = [f for f in self.short_forms(fact.concept) if self._is_written(f, fact.name)]
            name = fact.name.lower()
            # Of two facts of one name, what both are called.
            forms[name] = [f for f in known if f in forms.get(name, known)]
        # A result, a piece of advice: the names in it stay as they are.
        told = {f.attribute("result") for f in self.facts}
        told |= {f.name for f in self.facts if f.type in VERBATIM}
        return forms | {text.lower(): [] for text in told if text}

    @cached_property
    def _named(self) -> re.Pattern[str]:
        return _pattern(self._forms)

    @staticmethod
    def _is_written(form: str, name: str) -> bool:
        return is_short(form) and len(form) < len(name) and form not in _lists().unwritten

    def _phrases(self, text: str, rng: random.Random) -> str:
        lists = _lists()

        def shorten(match: re.Match[str]) -> str:
            if rng.random() >= self.style.abbreviate:
                return match.group()
            said = match.group().lower()
            number = re.search(r"\d+", said)
            key = re.sub(r"\d+", "{n}", said) if number else said
            form = rng.choice(list(lists.short[key]))
            form = form.replace("{n}", number.group() if number else "")
            starts = bool(_AT_START.search(text[: match.start()]))
            return capitalise(form) if starts and form.islower() else form

        return lists.phrases.sub(shorten, text)


def is_short(form: str) -> bool:
    """Whether an abbreviation can be told from a stray letter: K+ cannot."""
    return sum(c.isalnum() for c in form) > 1


def _like(model: str, word: str) -> str:
    return capitalise(word) if model[:1].isupper() else word
