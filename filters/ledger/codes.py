"""Which codes of a case a document supports, and with which words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from casewright.records import CodedDiagnosis, CodeSupport, Fact, Ledger, Span

__all__ = ["support_codes"]

_HELD = frozenset({"present", "historical"})


def support_codes(
    codes: Sequence[CodedDiagnosis], facts: Sequence[Fact], ledger: Ledger
) -> tuple[CodeSupport, ...]:
    """A code is supported where the text states a fact that carries it, or names it.

    Args:
        codes: of the case.
        facts: of the case.
        ledger: of the document.

    Returns:
        One record a code, in their order; its spans are those of the statements.
    """
    statuses = {s.fact_id for s in ledger.facts}
    return tuple(_support(code.code, facts, statuses, ledger) for code in codes)


def _support(
    code: str, facts: Sequence[Fact], statuses: Collection[str], ledger: Ledger
) -> CodeSupport:
    spans: list[Span] = []
    for fact in facts:
        if fact.code == code and fact.polarity in _HELD:
            status = ledger.status_of(fact.fact_id) if fact.fact_id in statuses else None
            if status is not None and status.status in ("stated", "forbidden"):
                spans.extend(status.spans)
    if not spans:
        spans = [
            Span(e.start, e.end) for e in ledger.entities if e.code == code and e.assertion in _HELD
        ]
    unique = tuple(dict.fromkeys(spans))
    return CodeSupport(code, bool(unique), unique)
