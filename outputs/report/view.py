"""A row as the report's script reads it: short, with offsets that JavaScript understands."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from casewright.outputs.parts import reason_key
from casewright.outputs.row import Row, RowFact, RowProvenance
from casewright.records import Disclosed

__all__ = ["WITHHELD", "document_view", "utf16_offsets"]

WITHHELD = frozenset({"near_copies/reference_copy"})
"""Reasons that tie a document to the user's private reference. Its words stay in the run's
own files: a report is passed around."""


def utf16_offsets(text: str) -> Callable[[int], int]:
    """Map a character offset of Python to one of JavaScript.

    Python counts code points, JavaScript UTF-16 units: a character beyond the basic plane
    (an emoji) is one there and two here.
    """
    wide = [place for place, char in enumerate(text) if ord(char) > 0xFFFF]
    return lambda offset: offset + bisect_left(wide, offset)


def document_view(row: Row, *, show_evidence: bool = False) -> dict[str, Any]:
    """What the browser of documents needs of a row, as JSON.

    Args:
        row: the document.
        show_evidence: show the words of a document that copies the private reference, too.
    """
    withheld = not show_evidence and any(
        reason_key(r.filter, r.label) in WITHHELD for r in row.reasons
    )
    return _view(_without_words(row) if withheld else row, withheld=withheld)


def _without_words(row: Row) -> Row:
    """The row without anything that quotes its text."""
    return replace(
        row,
        text="",
        turns=(),
        entities=(),
        off_spec=(),
        phi=(),
        clean_text="",
        noise=(),
        disclosure=(),
        first_draft="",
        rejected_drafts=(),
        facts=tuple(replace(fact, spans=(), why="") for fact in row.facts),
        # Reasons of other filters may quote as well; what they are called says enough.
        reasons=tuple(
            replace(
                r,
                evidence=(),
                message=r.message if reason_key(r.filter, r.label) in WITHHELD else "",
            )
            for r in row.reasons
        ),
    )


def _view(row: Row, *, withheld: bool) -> dict[str, Any]:
    at = utf16_offsets(row.text)
    told = {item.fact_id: item for item in row.disclosure}
    return {
        "withheld": withheld,
        "id": row.document_id,
        "case": row.case_id,
        "kind": row.kind,
        "outcome": row.outcome,
        "style": row.style or "",
        "who": _who(row),
        "text": row.text,
        "words": len(row.text.split()),
        "turns": [{"role": t.role, "start": at(t.start), "end": at(t.end)} for t in row.turns],
        "codes": [{"code": d.code, "title": d.title, "role": d.role} for d in row.icd10],
        "facts": [_fact(fact, at, told.get(fact.fact_id)) for fact in row.facts],
        "off": [
            {
                "kind": o.kind,
                "text": o.text,
                "polarity": o.polarity,
                "why": o.why,
                "start": at(o.start),
                "end": at(o.end),
            }
            for o in row.off_spec
        ],
        "phi": [{"type": p.type, "start": at(p.start), "end": at(p.end)} for p in row.phi],
        "slips": [
            {
                "kind": s.kind,
                "text": s.text,
                "clean": s.clean_text,
                "untrue": s.untrue,
                "start": at(s.start),
                "end": at(s.end),
            }
            for s in row.noise
        ],
        "drafts": [
            {"why": d.error_class, "problem": d.problem, "text": d.text, "kept": d.kept}
            for d in row.rejected_drafts
        ],
        "reasons": [
            {
                "key": reason_key(r.filter, r.label),
                "message": r.message,
                "evidence": [
                    {"start": at(e.start), "end": at(e.end), "text": e.text, "note": e.note}
                    for e in r.evidence
                ],
            }
            for r in row.reasons
        ],
        "about": _about(row),
    }


def _fact(fact: RowFact, at: Callable[[int], int], told: Disclosed | None) -> dict[str, Any]:
    amount = " ".join(part for part in (fact.value, fact.unit) if part)
    return {
        "id": fact.fact_id,
        "type": fact.type,
        "name": fact.name,
        "amount": amount,
        "code": fact.code or "",
        "polarity": fact.polarity,
        "duty": fact.duty,
        "status": fact.status,
        "why": fact.why,
        # "first" is how the patient words it, which the text itself shows.
        "attributes": [[a.name, a.value] for a in fact.attributes if a.name != "first"],
        "spans": [[at(s.start), at(s.end)] for s in fact.spans],
        # What came of it when the patient was to tell it; empty for what others know.
        "told": [told.outcome, told.by, told.said] if told is not None else [],
    }


def _who(row: Row) -> str:
    """The patient and where they are seen: "67-year-old male, inpatient"."""
    who = row.demographics
    person = f"{who.age_text} {who.sex}" if who is not None else ""
    return ", ".join(part for part in (person, row.setting or "") if part)


def _about(row: Row) -> list[list[str]]:
    """Name and value pairs for the details below a document."""
    pairs: list[list[str]] = []
    for name in ("persona", "style"):
        value = getattr(row, name)
        if value:
            pairs.append([name, str(value)])
    pairs += [["case", row.case_id]]
    if row.variant_of:
        pairs += [["variant of", row.variant_of]]
    if row.provenance is not None:
        pairs += _provenance(row.provenance)
    return pairs


def _provenance(made: RowProvenance) -> list[list[str]]:
    return [
        ["model", made.model],
        ["engine", made.engine],
        ["prompt", f"{made.prompt_name} v{made.prompt_version} ({made.prompt_hash})"],
        ["sampling", f"temperature {made.temperature:g}, top_p {made.top_p:g}"],
        ["seed", str(made.request_seed)],  # 63 bits: more than a number of JavaScript holds
        ["attempts", str(made.attempts)],
        ["repairs", str(made.repairs)],
        ["written by the model", f"{made.model_written:.0%} of the words"],
        *([f"score: {s.name}", f"{s.value:.3g}"] for s in made.scores),
    ]
