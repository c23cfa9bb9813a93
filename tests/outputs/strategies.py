"""Hypothesis strategies: rows of any shape whose spans are true."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from row_factory import make_row

from casewright.outputs.rows import Attribute, Row, RowFact, RowProvenance, Score
from casewright.records import (
    CodedDiagnosis,
    Demographics,
    Entity,
    Evidence,
    OffSpec,
    PhiSpan,
    Reason,
    Span,
    Turn,
)

# Everything a file can hold: emoji, combining marks, right-to-left, NUL, line separators;
# only lone surrogates cannot be encoded.
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)
words = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
polarities = st.sampled_from(("present", "denied", "historical", "family", "hypothetical"))
numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def _span(draw: st.DrawFn, text: str) -> Span:
    start = draw(st.integers(0, len(text) - 1))
    return Span(start, draw(st.integers(start + 1, len(text))))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    text = draw(texts)
    spans = st.lists(_span(text), max_size=3) if text else st.just([])

    def some() -> list[tuple[Span, str]]:
        return [(s, text[s.start : s.end]) for s in draw(spans)]

    facts = tuple(
        RowFact(
            fact_id=f"f{n:02d}",
            type=draw(st.sampled_from(("symptom", "lab", "medication"))),
            concept=draw(words),
            name=draw(words),
            code=draw(st.none() | words),
            value=draw(st.none() | words),
            unit=draw(st.none() | words),
            polarity=draw(polarities),
            duty=draw(st.sampled_from(("must", "may", "must_not"))),
            status=draw(st.sampled_from(("stated", "contradicted", "missing", "forbidden"))),
            why=draw(words),
            spans=tuple(draw(spans)),
            attributes=tuple(
                Attribute(*pair) for pair in draw(st.lists(st.tuples(words, words), max_size=2))
            ),
        )
        for n in range(draw(st.integers(0, 3)))
    )
    fact_ids = st.sampled_from([f.fact_id for f in facts]) if facts else st.nothing()
    outcome = draw(st.sampled_from(("kept", "rejected", "failed")))
    reasons = () if outcome == "kept" else (
        Reason(
            draw(words), draw(words), draw(words), draw(numbers),
            tuple(Evidence(s.start, s.end, t, draw(words)) for s, t in some()),
        ),
    )  # fmt: skip
    return replace(
        make_row(0),
        document_id=draw(st.uuids().map(str)),
        text=text,
        facts=facts,
        document_index=draw(st.integers(0, 2**40)),
        turns=tuple(Turn("doctor", t, s.start, s.end) for s, t in some()),
        icd10=tuple(CodedDiagnosis(draw(words), draw(words), "secondary") for _ in some()),
        entities=tuple(
            Entity(
                s.start, s.end, t, draw(words), draw(polarities),
                draw(st.none() | words), draw(st.none() | fact_ids),
            )
            for s, t in some()
        ),
        off_spec=tuple(OffSpec("concept", s.start, s.end, t) for s, t in some()),
        phi=tuple(PhiSpan(s.start, s.end, draw(words), t) for s, t in some()),
        demographics=draw(st.none() | st.just(Demographics(1, "female", 14))),
        setting=draw(st.none() | st.just("inpatient")),
        provenance=draw(
            st.none()
            | st.builds(
                RowProvenance,
                temperature=numbers,
                request_seed=st.integers(0, 2**63 - 1),
                scores=st.lists(st.builds(Score, words, numbers), max_size=2).map(tuple),
            )
        ),
        tags=tuple(draw(st.lists(words, max_size=2))),
        outcome=outcome,
        reasons=reasons,
    )  # fmt: skip
