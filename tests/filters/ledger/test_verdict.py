"""From ledger to verdict: bounds, reasons, evidence."""

from __future__ import annotations

from casewright.filters.ledger import ledger_verdict
from casewright.records import Fact, FactStatus, Ledger, OffSpec, Span

MUST = tuple(Fact(f"f{i:02d}", "symptom", "symptom:x", f"sign {i}", duty="must") for i in range(20))


def _ledger(*statuses: str, off: tuple[OffSpec, ...] = ()) -> Ledger:
    spans = (Span(0, 4),)
    facts = tuple(
        FactStatus(f.fact_id, s, () if s == "missing" else spans, f"why {s}")  # type: ignore[arg-type]
        for f, s in zip(MUST, statuses, strict=False)
    )
    return Ledger(facts, off)


def test_all_stated_is_kept_with_scores() -> None:
    verdict = ledger_verdict(_ledger(*["stated"] * 20), MUST)
    assert verdict.keep
    assert not verdict.reasons
    assert dict(verdict.scores) == {
        "must_stated": 1.0, "contradicted": 0.0, "forbidden": 0.0, "off_case": 0.0
    }  # fmt: skip


def test_one_missing_in_twenty_is_let_pass_and_two_are_not() -> None:
    assert ledger_verdict(_ledger(*["stated"] * 19, "missing"), MUST).keep
    verdict = ledger_verdict(_ledger(*["stated"] * 18, "missing", "missing"), MUST)
    assert [r.label for r in verdict.reasons] == ["missing"]
    assert verdict.reasons[0].score == 0.9
    assert "sign 18" in verdict.reasons[0].message


def test_missing_facts_of_duty_may_are_no_fault() -> None:
    facts = tuple(Fact(f.fact_id, f.type, f.concept, f.name, duty="may") for f in MUST)
    assert ledger_verdict(_ledger(*["missing"] * 20), facts).keep


def test_a_contradiction_is_a_reason_with_its_span() -> None:
    verdict = ledger_verdict(_ledger("contradicted", *["stated"] * 19), MUST)
    (reason,) = [r for r in verdict.reasons if r.label == "contradicted"]
    assert (reason.evidence[0].start, reason.evidence[0].end) == (0, 4)
    assert "why contradicted" in reason.message
    relaxed = ledger_verdict(_ledger("contradicted", *["stated"] * 19), MUST, max_contradicted=1)
    assert relaxed.keep


def test_a_forbidden_fact_is_never_let_pass() -> None:
    verdict = ledger_verdict(_ledger("forbidden", *["stated"] * 19), MUST, min_must_stated=0)
    assert [r.label for r in verdict.reasons] == ["forbidden"]


def test_off_case_findings_count_and_invented_denials_do_not() -> None:
    claimed = OffSpec("concept", 5, 9, "gout", "icd:M10.9", "present", "not held")
    denied = OffSpec("concept", 5, 9, "gout", "icd:M10.9", "denied", "not held")
    stated = ["stated"] * 20
    assert not ledger_verdict(_ledger(*stated, off=(claimed,)), MUST).keep
    assert ledger_verdict(_ledger(*stated, off=(denied,)), MUST).keep
    assert ledger_verdict(_ledger(*stated, off=(claimed,)), MUST, max_off_spec=1).keep
    number = OffSpec("number", 5, 9, "9 mg", None, "present", "not held")
    verdict = ledger_verdict(_ledger(*stated, off=(number,)), MUST)
    assert verdict.reasons[0].evidence[0].text == "9 mg"
