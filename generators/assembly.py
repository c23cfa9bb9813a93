"""Putting a document together from segments, and counting who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from casewright.generators.pieces import Segment
from casewright.records import Role, Turn

__all__ = ["Assembly", "model_share"]


@dataclass(slots=True)
class Assembly:
    """A text under construction, with its segments and turns."""

    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    segments: list[Segment] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    places: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, text: str, origin: str, piece_id: str | None = None) -> None:
        """Append text as it is; `piece_id` remembers where a piece stands."""
        if not text:
            return
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        self.segments.append(Segment(text, origin))  # type: ignore[arg-type]
        if piece_id is not None:
            self.places.append((start, self._length, piece_id))

    def add_turn(self, role: Role, tag: str, said: Sequence[tuple[Segment, str | None]]) -> None:
        """Append a line "Tag: ..." of several segments, and record the turn without its tag."""
        if self._length:
            self.add("\n", "template")
        self.add(f"{tag}: ", "template")
        start = self._length
        for number, (segment, piece_id) in enumerate(said):
            if number:
                self.add(" ", "template")
            self.add(segment.text, segment.origin, piece_id)
        text = self.text[start:]
        self.turns.append(Turn(role, text, start, start + len(text)))

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    def pieces_at(self, start: int, end: int) -> set[str]:
        """Ids of the pieces that overlap a span."""
        return {p for s, e, p in self.places if s < end and start < e}


def model_share(segments: Sequence[Segment]) -> float:
    """Share of the words that the model wrote, headings and tags counted (0 to 1)."""
    words = {"model": 0, "realiser": 0, "template": 0}
    for segment in segments:
        words[segment.origin] += len(segment.text.split())
    total = sum(words.values())
    return words["model"] / total if total else 0.0
