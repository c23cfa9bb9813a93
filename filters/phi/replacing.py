"""Identifiers replaced by consistent surrogates, or by placeholders.

Within one document the same identifier becomes the same surrogate. Dates are all moved by the
same number of whole weeks, so that intervals and days of the week stay; names keep origin and
gender as far as these can be told; numbers keep their shape and fall into ranges that are kept
for fiction or never given out. Ages over 89 become 89.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from casewright.filters.edits import Edit, Edited
from casewright.filters.phi.date_values import shift_date, written_day_first
from casewright.filters.phi.hits import Hit
from casewright.filters.phi.surrogate_names import NameSurrogates
from casewright.records import PhiSpan
from casewright.seeds import derive_rng

__all__ = ["Policy", "Replaced", "replace_hits"]

Policy: TypeAlias = Literal["drop", "replace", "placeholder"]
"""What happens to a document with a leak: it is dropped, or the leak is replaced."""

_LARGEST_SHIFT_WEEKS = 150
# Places and facilities that do not exist: all made up for casewright.
_CITIES = (
    "Fairhollow", "Brookmere", "Ashby Falls", "Oak Haven", "Port Lindale", "Cotton Ridge",
    "Marlow Springs", "Tarrow Bend", "Kestrel Bay", "Juniper Flats",
)  # fmt: skip
_STREETS = (
    "Alder Court", "Birchwood Lane", "Clearwater Drive", "Dogwood Terrace", "Foxglove Road",
    "Hawthorne Avenue", "Larkspur Lane", "Meadowlark Drive", "Pinecrest Road", "Thistle Court",
)  # fmt: skip
_FACILITIES = (
    "Linden Valley", "Harbor Ridge", "Maple Hollow", "Stonebrook", "Cedar Point", "North Prairie",
    "Willow Creek", "Granite Falls", "Bay Meadow", "Copper Hill",
)  # fmt: skip
_FACILITY_TAIL = re.compile(
    r"(?:(?:General|Regional|Community|Memorial|Children's|Medical|Health|Cancer|Surgery|Family|Women's|"
    r"Urgent|Nursing|Care|Rehabilitation)\s)*(?:Hospital|Cent(?:er|re)|Clinic|Practice|Home|Infirmary|"
    r"Hospice|System|Group|Care|Health)\Z",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Replaced(Edited):
    """A text with its identifiers replaced, and the way from the old text to it."""

    @property
    def surrogates(self) -> tuple[PhiSpan, ...]:
        """Where the surrogates stand in the new text."""
        spans, shift = [], 0
        for edit in self.edits:
            start = edit.start + shift
            spans.append(PhiSpan(start, start + len(edit.text), edit.type, edit.text))
            shift += len(edit.text) - (edit.end - edit.start)
        return tuple(spans)


def replace_hits(text: str, hits: Sequence[Hit], policy: Policy, *keys: str | int) -> Replaced:
    """Replace identifiers.

    Args:
        text: the document. hits: what `scan` found there, in text order.
        policy: `replace` or `placeholder`; with `drop` nothing is replaced.
        keys: what the surrogates are a function of, beside the identifiers: seed, document id.
    """
    if policy == "drop":
        return Replaced(text, ())
    dates = (hit.text for hit in hits if hit.type == "date")
    made = _Surrogates(text, keys, day_first=written_day_first(text, dates))
    pieces: list[str] = []
    edits: list[Edit] = []
    position = 0
    for hit in hits:
        new = f"[{hit.type.upper()}]" if policy == "placeholder" else made(hit)
        pieces += [text[position : hit.start], new]
        edits.append(Edit(hit.start, hit.end, new, hit.type))
        position = hit.end
    pieces.append(text[position:])
    return Replaced("".join(pieces), tuple(edits))


class _Surrogates:
    """Surrogates of one document."""

    def __init__(self, text: str, keys: tuple[str | int, ...], *, day_first: bool) -> None:
        self._keys = keys
        self._day_first = day_first
        rng = derive_rng("surrogate", *keys)
        weeks = rng.randrange(8, _LARGEST_SHIFT_WEEKS) * rng.choice((-1, 1))
        self._days = 7 * weeks
        self._names = NameSurrogates(text, derive_rng("surrogate names", *keys))

    def __call__(self, hit: Hit) -> str:
        """The surrogate: the same for the same identifier, however it is written."""
        rng = derive_rng("surrogate", *self._keys, hit.type, " ".join(hit.text.lower().split()))
        if hit.type == "name":
            return self._names(hit.text, hit.start)
        if hit.type == "date":
            return shift_date(hit.text, self._days, day_first=self._day_first) or "[DATE]"
        if hit.type == "age":
            return re.sub(r"\d+", "89", hit.text) if re.search(r"\d", hit.text) else "89"
        if hit.type == "city":
            return rng.choice(_CITIES)
        if hit.type == "street":
            return _street(hit.text, rng)
        if hit.type == "facility":
            tail = _FACILITY_TAIL.search(hit.text)
            return f"{rng.choice(_FACILITIES)} {tail[0] if tail else 'Clinic'}"
        if hit.type == "email":
            return f"person{rng.randrange(100, 999)}@example.org"
        if hit.type == "url":
            return f"https://www.example.org/{rng.randrange(1000, 9999)}"
        if hit.type == "ip":
            return f"192.0.2.{rng.randrange(1, 254)}"
        return _number(hit, rng)


def _street(text: str, rng: random.Random) -> str:
    if re.match(r"(?:apartment|apt|flat|suite|ste|p\.?\s?o)", text, re.I):
        return _shape(text, rng)
    return f"{rng.randrange(11, 989)} {rng.choice(_STREETS)}"


def _number(hit: Hit, rng: random.Random) -> str:
    """The same shape with other digits and letters, in a range that is nobody's."""
    digits = [c for c in hit.text if c.isdigit()]
    if hit.type in ("phone", "fax") and len(digits) >= 7:
        # The block 555-0100 to 555-0199 is kept for fiction (North American Numbering Plan).
        wanted = [*(str(rng.randrange(2, 9)) for _ in range(len(digits) - 7)), *"55501"]
        wanted += [str(rng.randrange(10)) for _ in range(len(digits) - len(wanted))]
        return _with_digits(hit.text, wanted)
    if hit.type == "ssn" and len(digits) == 9:
        # Numbers from 900 on are never given out (Social Security Administration).
        return _with_digits(hit.text, [*"9", *(str(rng.randrange(10)) for _ in range(8))])
    if hit.type == "zip" and len(digits) >= 5 and not re.search(r"[A-Za-z]", hit.text):
        # 000 to 004 begin no ZIP code in use (United States Postal Service).
        return _with_digits(hit.text, [*"000", *(str(rng.randrange(10)) for _ in digits[3:])])
    return _shape(hit.text, rng)


def _with_digits(text: str, digits: Sequence[str]) -> str:
    left = iter(digits)
    return "".join(next(left, "0") if c.isdigit() else c for c in text)


def _shape(text: str, rng: random.Random) -> str:
    """Other digits for the digits and, in a word with digits, other letters for the letters."""

    def other(match: re.Match[str]) -> str:
        word = match[0]
        if not any(c.isdigit() for c in word):
            return word
        new = []
        for c in word:
            if c.isdigit():
                new.append(str(rng.randrange(10)))
            elif c.isalpha():
                new.append(rng.choice("abcdefghjkmnpqrstuvwxyz" if c.islower() else "ABCDEFGHJK"))
            else:
                new.append(c)
        return "".join(new)

    new = re.sub(r"\w+", other, text)
    return new if new != text else re.sub(r"\d", lambda m: str((int(m[0]) + 1) % 10), text)
