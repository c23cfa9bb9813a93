"""A text edited in places, and everything that points into it led along.

Whatever is changed in a checked document (an identifier replaced, noise added) keeps this: a
span that recorded a stretch of the old text records the same stretch of the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from casewright.records import Draft, Entity, Ledger, OffSpec, PhiSpan, Relation, Span, Turn

__all__ = ["Edit", "Edited", "apply_edits", "move_draft"]

_Quoting = TypeVar("_Quoting", Entity, OffSpec, PhiSpan, Turn)


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters `start` to `end` of the old text became `text`.

    `start == end` is an insertion, an empty `text` a deletion. `type` says what it was for.
    """

    start: int
    end: int
    text: str
    type: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A new text, and the edits that led to it, in text order and without overlap."""

    text: str
    edits: tuple[Edit, ...]

    def place(self, offset: int, *, end: bool = False) -> int:
        """Where an offset of the old text lies; inside an edit its start, or its end.

        What is inserted where a stretch begins or ends stays outside of it.
        """
        shift = 0
        for edit in self.edits:
            if edit.start == edit.end:
                if offset < edit.start or (offset == edit.start and end):
                    break
            elif offset <= edit.start:
                break
            elif offset < edit.end or (offset == edit.end and end):
                return edit.start + shift + (len(edit.text) if end else 0)
            shift += len(edit.text) - (edit.end - edit.start)
        return offset + shift

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of the old text in the new one; what it cuts of an edit it takes whole."""
        return self.place(start), self.place(end, end=True)


def apply_edits(text: str, edits: tuple[Edit, ...]) -> Edited:
    """Make the edits, which are in text order and do not overlap."""
    parts: list[str] = []
    position = 0
    for edit in edits:
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    return Edited("".join([*parts, text[position:]]), edits)


def move_draft(draft: Draft, edited: Edited) -> Draft:
    """A draft with the edited text, and every span of it led along."""
    new = edited.text

    def moved(item: _Quoting) -> _Quoting:
        start, end = edited.span(item.start, item.end)
        return replace(item, start=start, end=end, text=new[start:end])

    def relation(item: Relation) -> Relation:
        start, end = edited.span(item.start, item.end)
        of_start, of_end = edited.span(item.of_start, item.of_end)
        return replace(
            item, start=start, end=end, text=new[start:end], of_start=of_start, of_end=of_end
        )

    ledger = Ledger(
        tuple(
            replace(f, spans=tuple(Span(*edited.span(s.start, s.end)) for s in f.spans))
            for f in draft.ledger.facts
        ),
        tuple(moved(o) for o in draft.ledger.off_spec),
        tuple(moved(e) for e in draft.ledger.entities),
        tuple(relation(r) for r in draft.ledger.relations),
    )
    return replace(
        draft,
        text=new,
        ledger=ledger,
        turns=tuple(moved(t) for t in draft.turns),
        phi=tuple(moved(p) for p in draft.phi),
    )
