"""From a ledger to keep or not, with the reasons and their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from casewright.records import Evidence, Fact, FactStatus, Ledger, OffSpec, Reason, Verdict

__all__ = ["ledger_verdict", "off_spec_faults"]

_FILTER = "ledger"


def ledger_verdict(
    ledger: Ledger,
    facts: Sequence[Fact],
    *,
    min_must_stated: float = 0.95,
    max_contradicted: int = 0,
    max_off_spec: int = 0,
) -> Verdict:
    """Judge a document by its ledger. One more must not fact than none is always too much.

    Args:
        ledger: what the checker found, in the order of `facts`.
        facts: with the duties of the document's kind.
        min_must_stated: smallest share of the must-mention facts that are stated.
        max_contradicted: how many contradicted facts are let pass.
        max_off_spec: how many findings off the case are let pass (see `off_spec_faults`).

    Returns:
        A verdict with one reason each for missing, contradicted, forbidden and off_case,
        and the scores must_stated, contradicted, forbidden and off_case.
    """
    by_id = {f.fact_id: f for f in facts}
    must = [s for s in ledger.facts if by_id[s.fact_id].duty == "must"]
    stated = sum(s.status == "stated" for s in must)
    share = stated / len(must) if must else 1.0
    contradicted = [s for s in ledger.facts if s.status == "contradicted"]
    forbidden = [s for s in ledger.facts if s.status == "forbidden"]
    missing = [s for s in must if s.status == "missing"]
    faults = off_spec_faults(ledger)
    reasons: list[Reason] = []
    if share < min_must_stated:
        reasons.append(_missing(missing, by_id, share, len(must)))
    if len(contradicted) > max_contradicted:
        reasons.append(_of_facts("contradicted", contradicted, by_id))
    if forbidden:
        reasons.append(_of_facts("forbidden", forbidden, by_id))
    if len(faults) > max_off_spec:
        reasons.append(_off_case(faults))
    scores = (
        ("must_stated", share),
        ("contradicted", float(len(contradicted))),
        ("forbidden", float(len(forbidden))),
        ("off_case", float(len(faults))),
    )
    return Verdict(not reasons, tuple(reasons), scores)


def off_spec_faults(ledger: Ledger) -> list[OffSpec]:
    """The findings off the case that make a document untrue.

    A denied concept that the case lacks is an invented pertinent negative: it is recorded
    in the ledger and in the labels, and is no fault here.
    """
    return [o for o in ledger.off_spec if o.kind != "concept" or o.polarity != "denied"]


def _missing(
    missing: Sequence[FactStatus], by_id: dict[str, Fact], share: float, total: int
) -> Reason:
    listed = "; ".join(f"{by_id[s.fact_id].name} ({s.why})" for s in missing)
    message = f"{share:.0%} of {total} must-mention facts are stated; missing: {listed}"
    return Reason(_FILTER, "missing", message, share)


def _of_facts(label: str, statuses: Sequence[FactStatus], by_id: dict[str, Fact]) -> Reason:
    listed = "; ".join(f"{by_id[s.fact_id].name}: {s.why}" for s in statuses)
    evidence = tuple(
        Evidence(span.start, span.end, "", s.why) for s in statuses for span in s.spans
    )
    return Reason(_FILTER, label, listed, float(len(statuses)), evidence)


def _off_case(faults: Iterable[OffSpec]) -> Reason:
    found = list(faults)
    listed = "; ".join(f'{o.kind} "{o.text}" ({o.why})' for o in found)
    evidence = tuple(Evidence(o.start, o.end, o.text, o.why) for o in found)
    return Reason(_FILTER, "off_case", listed, float(len(found)), evidence)
