"""Screens any texts, whoever wrote them, for identifiers and near-copies.

What is asked of an audit is whether a text may leave: a short or an odd text may. So quality is
judged only where it is asked for, and never the number of words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypedDict

from casewright.filters.near_copies import CopyLimits, NearCopies, ReferenceIndex
from casewright.filters.phi import LEAK_SCORE, phi_verdict
from casewright.filters.quality import QualityLimits, quality_verdict
from casewright.records import Verdict

__all__ = ["AUDIT_FILTERS", "AuditReason", "AuditRow", "audit_texts"]

AUDIT_FILTERS = ("phi", "near_copies", "quality")
_PRIVACY = ("phi", "near_copies")
_TOGETHER = 500_000
_ANY_LENGTH = QualityLimits(min_words=0)


class AuditReason(TypedDict):
    """One reason with one piece of evidence: `text` is `text[start:end]` of the audited text."""

    filter: str
    reason: str
    label: str
    start: int
    end: int
    text: str
    score: float


class AuditRecord(TypedDict):
    """A row as it is written."""

    id: str
    keep: bool
    reasons: list[AuditReason]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What the filters say of one text."""

    id: str
    verdict: Verdict

    @property
    def keep(self) -> bool:
        """Whether no filter has a reason against the text."""
        return self.verdict.keep

    def to_json(self) -> AuditRecord:
        """The row in the form of the `audit` command: one entry per piece of evidence."""
        reasons: list[AuditReason] = []
        for reason in self.verdict.reasons:
            for evidence in reason.evidence:
                reasons.append(
                    AuditReason(
                        filter=reason.filter,
                        reason=reason.message,
                        label=reason.label,
                        start=evidence.start,
                        end=evidence.end,
                        text=evidence.text,
                        score=round(reason.score, 4),
                    )
                )
        return AuditRecord(id=self.id, keep=self.keep, reasons=reasons)


def audit_texts(
    texts: Iterable[tuple[str, str]],
    reference: ReferenceIndex | None = None,
    *,
    examples: ReferenceIndex | None = None,
    public: ReferenceIndex | None = None,
    filters: Iterable[str] = _PRIVACY,
    copy_limits: CopyLimits | None = None,
    quality_limits: QualityLimits | None = None,
    min_phi_score: float = LEAK_SCORE,
) -> Iterator[AuditRow]:
    """Audit texts one by one; a text has no planned identity, so every identifier is a leak.

    Args:
        texts: (id, text).
        reference: index of the private reference texts; None to skip that comparison.
        examples: index of prompt examples; None to skip that comparison.
        public: index of public texts that models recite; None to skip that comparison.
        filters: which of `AUDIT_FILTERS` to run; by default all but quality.
        copy_limits, quality_limits, min_phi_score: limits of the filters.

    Raises:
        ValueError: a filter that does not exist.
    """
    chosen = tuple(filters)
    unknown = sorted(set(chosen) - set(AUDIT_FILTERS))
    if unknown:
        raise ValueError(f"no such filter: {', '.join(unknown)}; there are {AUDIT_FILTERS}")
    copies = NearCopies(reference, examples, copy_limits or CopyLimits(), public)
    for part in _some(texts):
        near = copies.judge([text for _, text in part]) if "near_copies" in chosen else None
        for i, (name, text) in enumerate(part):
            verdicts = []
            if "phi" in chosen:
                verdicts.append(phi_verdict(text, None, min_score=min_phi_score))
            if near is not None:
                verdicts.append(near[i])
            if "quality" in chosen:
                verdicts.append(quality_verdict(text, limits=quality_limits or _ANY_LENGTH))
            reasons = tuple(r for v in verdicts for r in v.reasons)
            scores = tuple(s for v in verdicts for s in v.scores)
            yield AuditRow(name, Verdict(not reasons, reasons, scores))


def _some(texts: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Texts in lists of about `_TOGETHER` characters: compared together, it is quicker."""
    held: list[tuple[str, str]] = []
    size = 0
    for name, text in texts:
        held.append((name, text))
        size += len(text) + 100
        if size >= _TOGETHER:
            yield held
            held, size = [], 0
    if held:
        yield held
