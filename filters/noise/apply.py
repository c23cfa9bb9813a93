"""From a judged document to a noisy one: which slips, all their spans, and what was there before.

Applied after the check and the screen, so that a verdict is of the clean text. Everything that
points into the text is led along: a label is still that of the mention, however it is now spelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from casewright.filters.edits import Edit, Edited, apply_edits, move_draft
from casewright.filters.noise.slips import SLIPS, Found, Page
from casewright.filters.noise.stale import Passage, carried_on
from casewright.filters.noise.tables import tables
from casewright.records import Document, Draft, Entity, FactStatus, Relation, Slip, Span
from casewright.seeds import derive_rng

__all__ = ["NOISE", "Noise", "cleaned"]

NOISE = (*SLIPS, "copy_forward")
"""Names of the rates."""


@dataclass(frozen=True)
class Noise:
    """Puts slips into kept documents. A pure function of document, rates and seed.

    Attributes:
        rates: share of the places where a slip of a kind could be that have one (0 to 1), by
            name (`NOISE`); of `copy_forward` the share of notes.
        kinds: kinds of document that noise is for; empty for all.
    """

    rates: Mapping[str, float]
    seed: int
    kinds: frozenset[str] = field(default_factory=frozenset)

    def is_for(self, document: Document) -> bool:
        """Whether the document is to have noise at all."""
        return (
            document.verdict.keep
            and (not self.kinds or document.draft.kind in self.kinds)
            and any(rate > 0 for rate in self.rates.values())
        )

    def carries_on(self, document: Document) -> bool:
        """Whether a passage is carried on into the document: then an earlier one is of use."""
        draft = document.draft
        rng = derive_rng(self.seed, "noise", draft.document_id, "copy_forward?")
        wanted = rng.random() < self.rates.get("copy_forward", 0.0)
        return wanted and not draft.turns and self.is_for(document)

    def __call__(self, document: Document, earlier: Draft | None = None) -> Document:
        """The document with its slips and the clean text beside; as it is where none is drawn.

        Args:
            document: judged; only kept ones get noise.
            earlier: a document of the patient's encounter before, to carry a passage on from.
        """
        if not self.is_for(document):
            return document
        draft = document.draft
        passage = None
        if self.carries_on(document):
            rng = derive_rng(self.seed, "noise", draft.document_id, "copy_forward")
            passage = carried_on(draft, earlier, rng)
        chosen = self._chosen(draft, passage)
        if not chosen:
            return document
        edited = apply_edits(
            draft.text, tuple(Edit(f.start, f.end, f.text, f.kind) for f in chosen)
        )
        noisy = move_draft(draft, edited)
        if passage is not None:
            noisy = _with_passage(noisy, passage, edited)
        slips = tuple(_slips(draft.text, chosen, passage))
        return replace(document, draft=noisy, clean_text=draft.text, noise=slips)

    def _chosen(self, draft: Draft, passage: Passage | None) -> list[Found]:
        """Slips that are drawn, in text order; none meets another or takes a whole label."""
        page = Page(draft, tables())
        closed = page.closed()
        recorded = _recorded(draft)
        made: list[Found] = []
        if passage is not None:
            at = passage.at
            made.append(
                Found(
                    "copy_forward", at, at, passage.text, 0.0, passage.fact_id, passage.untrue
                )
            )  # fmt: skip
        for name, find in SLIPS.items():
            rate = self.rates.get(name, 0.0)
            if rate <= 0:
                continue
            for found in find(page, derive_rng(self.seed, "noise", draft.document_id, name)):
                if found.chance >= rate:
                    continue
                if any(s.start < found.end and found.start < s.end for s in closed):
                    continue
                if any(m.start < found.end and found.start < m.end for m in made):
                    continue
                if not found.text and (found.start, found.end) in recorded:
                    continue
                made.append(found)
        return sorted(made, key=lambda f: (f.start, f.end))


def _recorded(draft: Draft) -> set[tuple[int, int]]:
    items: Iterable[Span | Entity | Relation] = [
        *(s for f in draft.ledger.facts for s in f.spans),
        *draft.ledger.entities,
        *draft.ledger.relations,
    ]
    return {(i.start, i.end) for i in items} | {(t.start, t.end) for t in draft.turns}


def _slips(clean: str, chosen: Iterable[Found], passage: Passage | None) -> Iterable[Slip]:
    shift = 0
    for f in chosen:
        start = f.start + shift
        carried = f.kind == "copy_forward" and passage is not None
        yield Slip(
            kind=f.kind,
            start=start,
            end=start + len(f.text),
            text=f.text,
            clean_start=f.start,
            clean_end=f.end,
            clean_text=clean[f.start : f.end],
            fact_id=f.fact_id,
            untrue=f.untrue,
            source=passage.source if carried and passage is not None else None,
        )
        shift += len(f.text) - (f.end - f.start)


def _with_passage(noisy: Draft, passage: Passage, edited: Edited) -> Draft:
    """The labels of what was carried on, beside the document's own."""
    base = edited.place(passage.at, end=True)
    entities = [
        *noisy.ledger.entities,
        *(replace(e, start=e.start + base, end=e.end + base) for e in passage.entities),
    ]
    relations = [
        *noisy.ledger.relations,
        *(
            replace(
                r,
                start=r.start + base,
                end=r.end + base,
                of_start=r.of_start + base,
                of_end=r.of_end + base,
            )
            for r in passage.relations
        ),
    ]

    def status(old: FactStatus) -> FactStatus:
        more = (Span(s.start + base, s.end + base) for f, s in passage.facts if f == old.fact_id)
        return replace(old, spans=(*old.spans, *more))

    ledger = replace(
        noisy.ledger,
        facts=tuple(status(s) for s in noisy.ledger.facts),
        entities=tuple(sorted(entities, key=lambda e: (e.start, e.end))),
        relations=tuple(sorted(relations, key=lambda r: (r.start, r.end))),
    )
    return replace(noisy, ledger=ledger)


def cleaned(text: str, clean_text: str, noise: Iterable[Slip]) -> Edited:
    """The way back: the clean text, and where each place of the noisy one lies in it."""
    back = tuple(Edit(s.start, s.end, s.clean_text, s.kind) for s in noise)
    edited = apply_edits(text, back)
    if edited.text != clean_text:
        raise ValueError("the slips on record do not lead back to the clean text")
    return edited
