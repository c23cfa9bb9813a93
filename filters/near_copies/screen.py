"""The record filter: is this text a near-copy of a reference document or of an example?"""

from __future__ import annotations

from dataclasses import dataclass

from casewright.filters.near_copies.index import Match, ReferenceIndex
from casewright.records import Evidence, Reason, Verdict

__all__ = ["CopyLimits", "NearCopies"]


@dataclass(frozen=True, slots=True)
class CopyLimits:
    """Where a likeness becomes a copy. All limits are exclusive: only above is a copy.

    The defaults were chosen on public notes, reference and queries from disjoint random
    halves (aci-bench and MTS-Dialog, notes and dialogues of 40 words and more;
    tests/filters/test_near_copies_shared.py repeats the measurement). Flagged among unrelated
    texts: .5% and .8% of notes, 1.2% and .8% of dialogues, some of them real repeats. Caught
    with 5, 10 and 20% of words changed: 1.00, 1.00 and .99 to 1.00.

    Attributes:
        containment: rarity-weighted share of the text's shingles in one reference document.
        coverage: rarity-weighted share of one reference document's shingles in the text.
        shared: below this many rare shingles a text is too short to be a copy of anything.
        passage: novelty of one shared passage (about its number of rare words), at any containment.
        example_containment: as `containment`, against the prompts' examples. Coverage does not
            count there: an example is short, and its passage limit says as much.
        example_passage: as `passage`; examples are short and meant to be imitated in style.
    """

    containment: float = 0.30
    coverage: float = 0.33
    shared: float = 8.0
    passage: float = 30.0
    example_containment: float = 0.50
    example_passage: float = 10.0


@dataclass(frozen=True, slots=True)
class NearCopies:
    """Judges texts against the user's reference and the prompts' own examples.

    Neither the reference's text nor the ids of its documents enter a verdict: the
    evidence is spans of the judged text.

    Args:
        reference: index of the private reference; None without one.
        examples: index of the examples that the prompts show; None without any.
        limits: see `CopyLimits`.
    """

    reference: ReferenceIndex | None = None
    examples: ReferenceIndex | None = None
    limits: CopyLimits = CopyLimits()

    def __call__(self, text: str) -> Verdict:
        """Judge one text."""
        reasons: list[Reason] = []
        scores: list[tuple[str, float]] = []
        limits = self.limits
        for source, index, containment, coverage, passage in (
            ("reference", self.reference, limits.containment, limits.coverage, limits.passage),
            ("example", self.examples, limits.example_containment, 1.0, limits.example_passage),
        ):
            if index is None or not len(index):
                continue
            matches = index.match(text)
            scores.append((f"{source}_containment", max(m.containment for m in matches)))
            scores.append((f"{source}_coverage", max(m.coverage for m in matches)))
            reason = self._judge(source, matches, text, containment, coverage, passage)
            if reason is not None:
                reasons.append(reason)
        return Verdict(not reasons, tuple(reasons), tuple(scores))

    def _judge(
        self,
        source: str,
        matches: tuple[Match, ...],
        text: str,
        max_containment: float,
        max_coverage: float,
        max_passage: float,
    ) -> Reason | None:
        whole = [
            m
            for m in matches
            if (m.containment > max_containment or m.coverage > max_coverage)
            and m.shared > self.limits.shared
        ]
        part = [m for m in matches if m.longest > max_passage]
        if not whole and not part:
            return None
        match = max(whole or part, key=lambda m: (m.containment, m.longest, m.reading))
        score = max(match.containment, match.coverage if whole else 0.0)
        how = "" if match.reading == "plain" else " once names and numbers are masked"
        if whole and match.containment > max_containment:
            message = (
                f"{match.containment:.0%} of the text, weighted by rarity, "
                f"is in one {source} document{how}"
            )
        elif whole:
            message = (
                f"the text has {match.coverage:.0%} of one {source} document, "
                f"weighted by rarity{how}"
            )
        else:
            message = (
                f"a passage of {match.passages[0].words} words is in one {source} document{how}"
            )
        return Reason(
            filter="near_copies",
            label=f"{source}_copy",
            message=message,
            score=score,
            evidence=tuple(
                Evidence(
                    p.start,
                    p.end,
                    text[p.start : p.end],
                    f"{p.words} words, novelty {p.novelty:.1f}",
                )
                for p in match.passages
            ),
        )
