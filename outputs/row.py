"""The row: a document with its labels, as it is stored and exported.

A row is what `DESIGN.md` calls the row form: text, ledger, entities, planned identifiers
and provenance in one record, with every offset pointing into `text`. The records here are
named after the stored columns, so that `plain(row)` is the row as JSON or Parquet holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar

from casewright.filters.ledger.codes import support_codes
from casewright.records import (
    Case,
    CodedDiagnosis,
    CodeSupport,
    Demographics,
    Disclosed,
    Document,
    Draft,
    Duty,
    Entity,
    Fact,
    FactType,
    OffSpec,
    PhiSpan,
    Polarity,
    Provenance,
    Reason,
    RejectedDraft,
    Relation,
    Setting,
    Slip,
    Span,
    Status,
    Turn,
    Verdict,
)

__all__ = [
    "Attribute",
    "Outcome",
    "Row",
    "RowFact",
    "RowProvenance",
    "Score",
    "check_evidence",
    "check_row",
    "demographics_of",
    "facts_of",
    "failed_row",
    "plain",
    "problems_of",
    "row_of",
    "turns_of",
]

Outcome = Literal["kept", "rejected", "failed"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A further part of a fact, by name ("route", "by mouth")."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Score:
    """A measure that a filter took, by name."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class RowFact:
    """A fact of the case with its duty in this document and what the text does with it."""

    fact_id: str
    type: FactType
    concept: str
    name: str = ""  # rows from elsewhere may leave it out: the concept names the fact
    code: str | None = None
    value: str | None = None
    unit: str | None = None
    polarity: Polarity = "present"
    duty: Duty = "may"
    status: Status = "missing"
    why: str = ""
    spans: tuple[Span, ...] = ()
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class RowProvenance:
    """`records.Provenance` with the scores as named pairs."""

    prompt_name: str = ""
    prompt_version: int = 0
    prompt_hash: str = ""
    model: str = ""
    engine: str = ""
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 0
    request_seed: int = 0
    attempts: int = 0
    repairs: int = 0
    model_written: float = 0.0
    graph_version: str = ""
    casewright_version: str = ""
    scores: tuple[Score, ...] = ()
    granularity: str = "group"
    decoding: str = "free"


@dataclass(frozen=True, slots=True)
class Row:
    """One document. Kept rows are stored without `outcome` and `reasons`.

    `document_index` is the document's place in the plan, -1 for a row from elsewhere.
    `entities` hold what the text names, `relations` what belongs to them, `off_spec` what the
    text says beside or against the case; `code_support` tells which codes the text supports.
    `patient_id` joins the encounters of a patient, `partner_case_id` the two cases of a pair.
    `variant_of` is the document that this one says once more. Where noise was added, `noise`
    has every slip and `clean_text` what was written and checked. `disclosure` is what the
    patient told of each fact, where the document goes by that.
    `first_draft` is the document as the model first wrote it, before anything was drawn again,
    mended or realised, and `rejected_drafts` the pieces in which it differs, each with its fault.
    """

    document_id: str
    text: str
    facts: tuple[RowFact, ...]
    case_id: str = ""
    kind: str = ""
    document_index: int = -1
    turns: tuple[Turn, ...] = ()
    icd10: tuple[CodedDiagnosis, ...] = ()
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    code_support: tuple[CodeSupport, ...] = ()
    off_spec: tuple[OffSpec, ...] = ()
    phi: tuple[PhiSpan, ...] = ()
    demographics: Demographics | None = None
    setting: Setting | None = None
    persona: str = ""
    style: str = ""
    provenance: RowProvenance | None = None
    tags: tuple[str, ...] = ()
    patient_id: str = ""
    encounter: int = 1
    partner_case_id: str | None = None
    clean_text: str = ""
    noise: tuple[Slip, ...] = ()
    variant_of: str | None = None
    disclosure: tuple[Disclosed, ...] = ()
    first_draft: str = ""
    rejected_drafts: tuple[RejectedDraft, ...] = ()
    outcome: Outcome = "kept"
    reasons: tuple[Reason, ...] = field(default=())


def row_of(document: Document, index: int) -> Row:
    """Build the row of a judged document.

    Args:
        document: the draft with its verdict; the verdict decides between kept and rejected.
        index: the document's place in the plan (0-based, over the whole run).

    Raises:
        ValueError: the draft contradicts itself (a fact without status, a span that does
            not hold what it records): a bug of an earlier stage, never the user's mistake.
    """
    draft, verdict = document.draft, document.verdict
    row = Row(
        document_id=draft.document_id,
        case_id=draft.case.case_id,
        kind=draft.kind,
        document_index=index,
        text=draft.text,
        turns=draft.turns,
        icd10=draft.case.icd10,
        facts=tuple(_row_facts(draft)),
        entities=draft.ledger.entities,
        relations=draft.ledger.relations,
        code_support=support_codes(draft.case.icd10, draft.facts, draft.ledger),
        off_spec=draft.ledger.off_spec,
        phi=draft.phi,
        demographics=draft.case.demographics,
        setting=draft.case.setting,
        persona=draft.case.persona,
        style=draft.case.style,
        provenance=_row_provenance(draft.provenance, verdict),
        tags=document.tags,
        patient_id=draft.case.patient_id,
        encounter=draft.case.encounter,
        partner_case_id=draft.case.partner_case_id,
        first_draft=draft.first_draft,
        rejected_drafts=draft.rejected_drafts,
        clean_text=document.clean_text,
        noise=document.noise,
        variant_of=draft.variant_of,
        disclosure=draft.disclosure,
        outcome="kept" if verdict.keep else "rejected",
        reasons=tuple(_quoted(reason, draft.text) for reason in verdict.reasons),
    )
    row = _encodable(row)
    check_row(row)
    return row


def failed_row(
    case: Case,
    *,
    document_id: str,
    kind: str,
    index: int,
    reasons: Sequence[Reason],
    facts: Sequence[Fact] = (),
) -> Row:
    """Build the row of a document that could not be written at all (engine fault, say).

    It has no text and no provenance; `reasons` say what happened, and a later run with the
    same directory tries it again.
    """
    row = Row(
        document_id=document_id,
        case_id=case.case_id,
        kind=kind,
        document_index=index,
        text="",
        icd10=case.icd10,
        facts=tuple(_row_fact(fact) for fact in facts or case.facts),
        demographics=case.demographics,
        setting=case.setting,
        persona=case.persona,
        style=case.style,
        patient_id=case.patient_id,
        encounter=case.encounter,
        partner_case_id=case.partner_case_id,
        outcome="failed",
        reasons=tuple(reasons),
    )
    row = _encodable(row)
    check_row(row)
    return row


def facts_of(row: Row) -> tuple[Fact, ...]:
    """The facts as they were before any text was checked, in row order."""
    return tuple(
        Fact(
            fact_id=f.fact_id,
            type=f.type,
            concept=f.concept,
            name=f.name,
            polarity=f.polarity,
            duty=f.duty,
            code=f.code,
            value=f.value,
            unit=f.unit,
            attributes=tuple((a.name, a.value) for a in f.attributes),
        )
        for f in row.facts
    )


def turns_of(row: Row) -> tuple[Turn, ...]:
    """The turns of a dialogue; empty for a note."""
    return row.turns


def demographics_of(row: Row) -> Demographics | None:
    """Who the patient is, if the row says so."""
    return row.demographics


def problems_of(row: Row) -> list[str]:
    """List what is inconsistent in a row: spans, ids, reasons. Empty when all is well."""
    return list(_problems(row))


def check_row(row: Row) -> None:
    """Raise ValueError naming every inconsistency of a row (see `problems_of`)."""
    found = problems_of(row)
    if found:
        raise ValueError(f"document {row.document_id!r}: " + "; ".join(found))


def check_evidence(document_id: str, reason: Reason, text: str) -> None:
    """Raise ValueError where a reason quotes what does not stand in the text."""
    what = f"evidence of {reason.filter}/{reason.label}"
    found = [
        problem
        for e in reason.evidence
        if e.text
        for problem in _mismatch(what, e.start, e.end, e.text, text)
    ]
    if found:
        raise ValueError(f"document {document_id!r}: " + "; ".join(found))


def plain(value: object) -> Any:
    """Turn records into dicts and lists, as JSON and Parquet store them.

    A kept row leaves out `outcome` and `reasons`: its folder says the first, and it has none
    of the second.
    """
    if isinstance(value, Row) and value.outcome == "kept":
        return {n: plain(getattr(value, n)) for n in _names(Row)[:-2]}
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _quoted(reason: Reason, text: str) -> Reason:
    """The reason with the words of every span that it points to."""
    evidence = tuple(
        replace(e, text=text[e.start : e.end]) if not e.text and e.start < e.end else e
        for e in reason.evidence
    )
    return replace(reason, evidence=evidence)


def _row_facts(draft: Draft) -> Iterator[RowFact]:
    statuses = {status.fact_id: status for status in draft.ledger.facts}
    for fact in draft.facts:
        status = statuses.pop(fact.fact_id, None)
        if status is None:
            raise ValueError(
                f"document {draft.document_id!r}: fact {fact.fact_id!r} was never checked"
            )
        yield replace(_row_fact(fact), status=status.status, why=status.why, spans=status.spans)
    if statuses:
        raise ValueError(
            f"document {draft.document_id!r}: the ledger holds facts that the case lacks: "
            + ", ".join(sorted(statuses))
        )


def _row_fact(fact: Fact) -> RowFact:
    return RowFact(
        fact_id=fact.fact_id,
        type=fact.type,
        concept=fact.concept,
        name=fact.name,
        code=fact.code,
        value=fact.value,
        unit=fact.unit,
        polarity=fact.polarity,
        duty=fact.duty,
        attributes=tuple(Attribute(name, value) for name, value in fact.attributes),
    )


def _row_provenance(provenance: Provenance, verdict: Verdict) -> RowProvenance:
    # A verdict's score replaces the draft's of the same name: it was taken later.
    scores = dict(provenance.scores) | dict(verdict.scores)
    values = {name: getattr(provenance, name) for name in _names(Provenance) if name != "scores"}
    return RowProvenance(**values, scores=tuple(Score(n, float(v)) for n, v in scores.items()))


def _problems(row: Row) -> Iterator[str]:
    size = len(row.text)
    fact_ids = {f.fact_id for f in row.facts}
    if len(fact_ids) != len(row.facts):
        yield "two facts share an id"
    for fact in row.facts:
        for span in fact.spans:
            if not 0 <= span.start < span.end <= size:
                yield (
                    f"fact {fact.fact_id!r}: span {span.start}-{span.end} lies outside the "
                    f"text of {size} characters"
                )
    for what, item in _recorded(row):
        yield from _mismatch(what, item.start, item.end, item.text, row.text)
    for reason in row.reasons:
        for e in reason.evidence:
            # Evidence without text is not a span (a score over the whole document, say).
            if e.text:  # a verdict is of the clean text
                what = f"evidence of {reason.filter}/{reason.label}"
                yield from _mismatch(what, e.start, e.end, e.text, row.clean_text or row.text)
    for entity in row.entities:
        if entity.fact_id is not None and entity.fact_id not in fact_ids:
            yield f"entity {entity.text!r}: there is no fact {entity.fact_id!r}"
    for slip in row.noise:
        what, start, end = f"{slip.kind} before the noise", slip.clean_start, slip.clean_end
        yield from _mismatch(what, start, end, slip.clean_text, row.clean_text)
    for told in row.disclosure:
        if told.fact_id not in fact_ids:
            yield f"disclosure: there is no fact {told.fact_id!r}"
    if row.outcome == "kept" and row.reasons:
        yield "kept, yet it carries reasons against it"
    if row.outcome != "kept" and not row.reasons:
        yield f"{row.outcome}, yet without a reason"


_Quoting: TypeAlias = Turn | Entity | Relation | OffSpec | PhiSpan | Slip


def _recorded(row: Row) -> Iterator[tuple[str, _Quoting]]:
    """Everything in a row that quotes its text, with a word for what it is."""
    yield from (("turn", turn) for turn in row.turns)
    yield from (("entity", entity) for entity in row.entities)
    yield from (("relation", relation) for relation in row.relations)
    yield from (("off_spec", off) for off in row.off_spec)
    yield from (("phi", phi) for phi in row.phi)
    yield from ((slip.kind, slip) for slip in row.noise)


def _mismatch(what: str, start: int, end: int, recorded: str, text: str) -> Iterator[str]:
    if not 0 <= start <= end <= len(text):
        yield f"{what} {recorded!r}: span {start}-{end} lies outside the text of {len(text)}"
    elif text[start:end] != recorded:
        yield f"{what} at {start}-{end}: recorded {recorded!r}, the text has {text[start:end]!r}"


def _encodable(row: Row) -> Row:
    """Replace lone surrogates, which no file can hold, by U+FFFD.

    A server can send them ("\\ud83d" cut off before its second half). One character goes
    in for one, so that every offset stays true.
    """
    try:
        row.text.encode()
        row.first_draft.encode()
        for rejected in row.rejected_drafts:
            rejected.text.encode()
        for reason in row.reasons:
            for evidence in reason.evidence:
                evidence.note.encode()
    except UnicodeEncodeError:
        return _without_surrogates(row)
    return row


def _without_surrogates(value: T) -> T:
    if isinstance(value, str):
        clean = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
        return clean  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{n: _without_surrogates(getattr(value, n)) for n in _names(type(value))}
        )
    if isinstance(value, tuple):
        return tuple(_without_surrogates(item) for item in value)  # type: ignore[return-value]
    return value
