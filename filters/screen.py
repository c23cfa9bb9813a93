"""The screen: every filter over a draft, in one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from casewright.filters.edits import move_draft
from casewright.filters.ledger.verdict import ledger_verdict
from casewright.filters.near_copies import CopyLimits, NearCopies, ReferenceIndex, find_self_copies
from casewright.filters.phi import find_planned, phi_verdict, screen_identifiers
from casewright.filters.phi.replacing import Policy, replace_hits
from casewright.filters.phi.voters import Voter
from casewright.filters.quality import quality_verdict
from casewright.records import Document, Draft, Evidence, PhiSpan, Reason, Verdict

__all__ = ["FILTERS", "LedgerLimits", "Screen", "self_copy_reasons"]

FILTERS = ("ledger", "phi", "near_copies", "quality")
"""Names of the filters, in the order in which they judge."""


_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class LedgerLimits:
    """What a kept document's ledger must show: see `ledger_verdict`."""

    min_must_stated: float = 0.95
    max_contradicted: int = 0
    max_off_case: int = 0


@dataclass(frozen=True)
class Screen:
    """Judges drafts. A pure function of the draft, the limits and the indices.

    Args:
        reference: index of the user's own texts; None without any.
        examples: index of the prompts' worked examples.
        public: index of public texts that models recite.
        policy: what happens to identifiers that the case does not plan.
        voters: further detectors of identifiers.
        english: whether documents are to be in English.
        ordinary: words of another language that name nobody.
    """

    ledger: LedgerLimits = LedgerLimits()
    reference: ReferenceIndex | None = None
    examples: ReferenceIndex | None = None
    copies: CopyLimits = field(default_factory=CopyLimits)
    public: ReferenceIndex | None = None
    policy: Policy = "drop"
    voters: tuple[Voter, ...] = ()
    english: bool = True
    ordinary: frozenset[str] = frozenset()

    def __call__(self, draft: Draft) -> Document:
        """Mark the planned identifiers, and judge by every filter."""
        draft, surrogates = self._replaced(self._without_leaks(draft))
        planned = find_planned(draft.text, draft.case.identity)
        own = [p for p in planned if not any(_overlap(p, s) for s in surrogates)]
        marked = replace(draft, phi=tuple(sorted([*own, *surrogates], key=lambda p: p.start)))
        verdicts = list(self._verdicts(marked, surrogates))
        reasons = tuple(r for v in verdicts for r in v.reasons)
        scores = tuple(s for v in verdicts for s in v.scores)
        return Document(marked, Verdict(all(v.keep for v in verdicts), reasons, scores))

    def _without_leaks(self, draft: Draft) -> Draft:
        """The draft without what the model wrote first, if that leaks or copies anything.

        A kept row shows it beside the text: it has to be fit to be shown, if not to be believed.
        """
        if not draft.first_draft:
            return draft
        identity = draft.case.identity
        leaks = not phi_verdict(draft.first_draft, identity, voters=self.voters).keep
        copies = NearCopies(self.reference, self.examples, self.copies, self.public)
        if leaks or not copies(draft.first_draft).keep:
            return replace(draft, first_draft="", rejected_drafts=())
        return draft

    def _elsewhere(self, identifier: str) -> bool:
        """Whether a full name or a number is in the reference or the prompts' examples."""
        sources = (self.reference, self.examples)
        return any(s is not None and s.identifiers.holds(identifier) for s in sources)

    def _replaced(self, draft: Draft) -> tuple[Draft, tuple[PhiSpan, ...]]:
        """The draft with its leaks replaced, if that is the policy, and the surrogates in it.

        Scanned again, as a surrogate may let something beside it be seen; what is left after
        that is judged like any leak.
        """
        surrogates: tuple[PhiSpan, ...] = ()
        for _ in range(_ROUNDS if self.policy != "drop" else 0):
            _, leaks = screen_identifiers(
                draft.text,
                draft.case.identity,
                surrogates=surrogates,
                voters=self.voters,
                ordinary=self.ordinary,
            )
            if not leaks:
                break
            replaced = replace_hits(draft.text, leaks, self.policy, draft.document_id)
            draft = move_draft(replace(draft, phi=surrogates), replaced)
            surrogates = tuple(
                sorted(
                    [
                        *(
                            p
                            for p in draft.phi
                            if not any(_overlap(p, s) for s in replaced.surrogates)
                        ),
                        *replaced.surrogates,
                    ],
                    key=lambda p: p.start,
                )
            )
        return draft, surrogates

    def _verdicts(self, draft: Draft, surrogates: tuple[PhiSpan, ...]) -> Iterator[Verdict]:
        yield ledger_verdict(
            draft.ledger,
            draft.facts,
            min_must_stated=self.ledger.min_must_stated,
            max_contradicted=self.ledger.max_contradicted,
            max_off_spec=self.ledger.max_off_case,
        )
        yield phi_verdict(
            draft.text,
            draft.case.identity,
            surrogates=surrogates,
            voters=self.voters,
            elsewhere=self._elsewhere,
            ordinary=self.ordinary,
        )
        yield NearCopies(self.reference, self.examples, self.copies, self.public)(draft.text)
        yield quality_verdict(
            draft.text,
            kind=draft.kind,
            turns=draft.turns,
            truncated=draft.truncated,
            english=self.english,
        )


def _overlap(a: PhiSpan, b: PhiSpan) -> bool:
    return a.start < b.end and b.start < a.end


def self_copy_reasons(
    documents: Iterable[tuple[str, str, str]], threshold: float
) -> Iterator[tuple[str, Reason]]:
    """Which documents copy an earlier one of another case.

    Args:
        documents: (document_id, case_id, text) in plan order. Documents of one case share
            their facts by design and are not held against each other.
    """
    rows = list(documents)
    case_of = {document_id: case_id for document_id, case_id, _ in rows}
    found = find_self_copies(((n, d, t) for n, (d, _, t) in enumerate(rows)), threshold)
    # Left out before it is decided what is dropped: else a document that is like its own
    # case's other one would be let pass whomever else it copies, and so would its copies.
    others = [p for p in found.pairs if case_of[p.document] != case_of[p.of_document]]
    text_of = {document_id: text for document_id, _, text in rows}
    for document_id, pair in replace(found, pairs=tuple(others)).copies().items():
        message = f"shares {pair.score:.0%} of its wording with document {pair.of_document}"
        size = len(text_of[document_id])
        evidence = (Evidence(0, size, text_of[document_id], pair.of_document),)
        yield document_id, Reason("near_copies", "self_copy", message, pair.score, evidence)
