"""Tightening a piece further than a style does: the compact variant of a document.

Each phrase is shortened only where every fact of the piece is still read: the ledger decides, so
that a compact document states what the plain one states.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from casewright.generators.register import VERBATIM
from casewright.generators.wording import capitalise
from casewright.records import Check, Demographics, Fact

__all__ = ["Tightener"]


class Tightener:
    """Shortens pieces of one case.

    Args:
        short: phrase -> short form.
        facts: of the case; what they tell word for word is left alone.
        check: the ledger checker. demographics: of the case.
    """

    def __init__(
        self,
        short: Mapping[str, str],
        facts: Sequence[Fact],
        check: Check,
        demographics: Demographics,
    ) -> None:
        told = [f.attribute("result") or "" for f in facts]
        told += [f.name for f in facts if f.type in VERBATIM]
        self._short = {k.lower(): v for k, v in short.items()}
        self._kept = {t.lower() for t in told if t}
        ordered = sorted({*self._short, *self._kept}, key=len, reverse=True)
        words = "|".join(re.escape(p).replace(r"\{n\}", r"\d+") for p in ordered)
        self._pattern = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE)
        self._check = check
        self._demographics = demographics

    def write(self, text: str, facts: Sequence[Fact]) -> str:
        """The piece with its phrases short, as far as it still states its facts."""
        whole = self._shortened(text, None)
        if whole == text or self._reads(whole, text, facts):
            return whole
        # One phrase spoils it: each is tried by itself.
        there = dict.fromkeys(_phrase(m[0]) for m in self._pattern.finditer(text))
        allowed: set[str] = set()
        for phrase in (p for p in there if p in self._short and p not in self._kept):
            if self._reads(self._shortened(text, {*allowed, phrase}), text, facts):
                allowed.add(phrase)
        return self._shortened(text, allowed)

    def _shortened(self, text: str, allowed: set[str] | None) -> str:
        def short(match: re.Match[str]) -> str:
            said = _phrase(match[0])
            if match[0].lower() in self._kept or (allowed is not None and said not in allowed):
                return match[0]
            number = re.search(r"\d+", match[0])
            new = self._short[said].replace("{n}", number[0] if number else "")
            if match[0][0].isupper() and new.isalpha() and len(new) > 2:
                new = capitalise(new)
            after = match.string[match.end() : match.end() + 1]
            return new[:-1] if new.endswith(":") and after == ":" else new

        return self._pattern.sub(short, text)

    def _reads(self, new: str, old: str, facts: Sequence[Fact]) -> bool:
        after = self._check(new, facts, self._demographics, ())
        before = self._check(old, facts, self._demographics, ())
        return [s.status for s in after.facts] == [s.status for s in before.facts] and len(
            after.off_spec
        ) <= len(before.off_spec)


def _phrase(said: str) -> str:
    """The phrase as variants.yaml lists it: "A 36-year-old man" is "a {n}-year-old man"."""
    return re.sub(r"\d+", "{n}", said.lower())
