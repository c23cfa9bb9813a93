"""Texts of another language read by the rules of this package.

The rules turn on some hundred function words: what joins, denies, names a side or a relative.
A language says which of its own words do the work of each (`words.<code>.yaml`), and a text is
read as if they stood there, one word for one, so that every place in it stays. Triggers,
headings, units and dosing that it has beside them stand in files of the same names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

from casewright.errors import CasewrightError
from casewright.filters.ledger.normalise import Tokens, fold
from casewright.filters.ledger.packaged import read_yaml
from casewright.records import Fact

__all__ = ["ENGLISH", "Language", "load_language", "with_language"]

ENGLISH = "en"
_WORD = re.compile(r"[^\W\d_]+")
# Read by patterns of the language itself, or by the program.
_AS_WRITTEN = frozenset({"route", "frequency", "duration", "role", "course", "flag"})


@dataclass(frozen=True, eq=False)
class Language:
    """A language: its code, and the rules' word for each of its own (folded).

    `sides_follow`: a side stands after what it is of. `age`: finds the patient's age in folded
    text as a number and a unit, whose first letter `age_units` makes a "y" or an "m".
    """

    code: str
    words: Mapping[str, str]
    sides_follow: bool = False
    age: re.Pattern[str] | None = None
    age_units: Mapping[str, str] = field(default_factory=dict)

    def tokens(self, tokens: Tokens) -> Tokens:
        """The tokens with the rules' words; their places are those of the text."""
        if not self.words:
            return tokens
        return replace(tokens, words=[self.words.get(w, w) for w in tokens.words])

    def text(self, text: str) -> str:
        """A name or phrase in the rules' words, for comparison with a text read so."""
        if not self.words:
            return text

        def word(match: re.Match[str]) -> str:
            meant = self.words.get(fold(match[0]))
            return match[0] if meant is None else meant

        return _WORD.sub(word, text)

    def all(self, words: Sequence[str]) -> list[str]:
        """Words one by one in the rules' words."""
        return [self.words.get(w, w) for w in words]

    def fact(self, fact: Fact) -> Fact:
        """The fact with its name and statements in the rules' words."""
        if not self.words:
            return fact
        attributes = tuple((k, v if k in _AS_WRITTEN else self.text(v)) for k, v in fact.attributes)
        return replace(fact, name=self.text(fact.name), attributes=attributes)


@lru_cache(maxsize=8)
def load_language(code: str) -> Language:
    """A language by its code.

    Raises:
        CasewrightError: no words of it are packaged.
    """
    if code == ENGLISH:
        return Language(code, {})
    try:
        raw = read_yaml(f"words.{code}.yaml")
    except FileNotFoundError as err:
        raise CasewrightError(
            f"the ledger cannot read the language {code!r}",
            valid=", ".join(_codes()),
            fix=f"write filters/ledger/words.{code}.yaml",
        ) from err
    words = {str(w): str(k) for k, own in raw["words"].items() for w in own}
    return Language(
        code,
        words,
        bool(raw.get("sides_follow", False)),
        re.compile(raw["age"]) if "age" in raw else None,
        raw.get("age_units", {}),
    )


def _codes() -> list[str]:
    names = [f.name for f in files(__package__).iterdir()]
    return [ENGLISH, *sorted(n.split(".")[1] for n in names if n.startswith("words."))]


def with_language(name: str, code: str) -> dict[str, Any]:
    """A data file of the rules with what the language adds to it.

    Lists are joined, the language's own first; mappings are joined key by key.
    """
    base = read_yaml(f"{name}.yaml")
    return base if code == ENGLISH else _joined(base, read_yaml(f"{name}.{code}.yaml"))


def _joined(base: Any, own: Any) -> Any:
    if isinstance(base, dict) and isinstance(own, dict):
        return {k: _joined(base[k], own[k]) if k in base and k in own else base.get(k, own.get(k))
                for k in {**base, **own}}  # fmt: skip
    if isinstance(base, list) and isinstance(own, list):
        return [*own, *base]
    return own
