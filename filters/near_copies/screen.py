"""The record filter: is this text a near-copy of a reference document, an example, a known text?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from casewright.filters.near_copies.batch import Batch, pieces
from casewright.filters.near_copies.damning import damning
from casewright.filters.near_copies.index import ReferenceIndex
from casewright.filters.near_copies.likeness import Likeness, Match
from casewright.records import Evidence, Reason, Verdict

__all__ = ["CopyLimits", "NearCopies", "memorised_texts"]


@dataclass(frozen=True, slots=True)
class CopyLimits:
    """Where a likeness becomes a copy. All limits are exclusive: only above is a copy.

    The defaults were chosen on public notes, reference and queries from disjoint random
    halves (tests/filters/test_near_copies_shared.py repeats the measurement). `casewright
    calibrate` measures them on the user's own notes.

    Attributes:
        containment: rarity-weighted share of the text's shingles in one reference document.
        coverage: rarity-weighted share of one reference document's shingles in the text.
        shared: below this many rare shingles a text is too short to be a copy of anything.
        passage: novelty of one shared passage (about its number of rare words), at any containment.
        verbatim: novelty of one stretch that is shared byte by byte.
        paraphrase: cosine of words and pairs of words with the nearest document.
        example_containment: as `containment`, against the prompts' examples. Coverage does not
            count there: an example is short, and its passage limit says as much.
        example_passage: as `passage`; examples are short and meant to be imitated in style.
    """

    containment: float = 0.30
    coverage: float = 0.33
    shared: float = 8.0
    passage: float = 35.0
    verbatim: float = 40.0
    paraphrase: float = 0.45
    example_containment: float = 0.50
    example_passage: float = 10.0


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The limits against one source."""

    containment: float
    coverage: float
    passage: float
    verbatim: float
    paraphrase: float
    identifiers: bool


@dataclass(frozen=True, slots=True)
class NearCopies:
    """Judges texts against the user's reference, the prompts' examples and known public texts.

    Neither the reference's text nor the ids of its documents enter a verdict: the
    evidence is spans of the judged text.

    Args:
        reference: index of the private reference; None without one.
        examples: index of the examples that the prompts show; None without any.
        limits: see `CopyLimits`.
        public: index of public texts that models have memorised; None without any.
    """

    reference: ReferenceIndex | None = None
    examples: ReferenceIndex | None = None
    limits: CopyLimits = CopyLimits()
    public: ReferenceIndex | None = None

    def __call__(self, text: str) -> Verdict:
        """Judge one text."""
        return self.judge([text])[0]

    def judge(self, texts: Sequence[str]) -> list[Verdict]:
        """Judge several texts, each as if alone, in a fraction of the time."""
        return [v for part in pieces(texts) for v in self._judge_batch(Batch.of(part))]

    def _judge_batch(self, batch: Batch) -> list[Verdict]:
        reasons: list[list[Reason]] = [[] for _ in batch.texts]
        scores: list[list[tuple[str, float]]] = [[] for _ in batch.texts]
        for source, index, bounds in self._sources():
            for i, likeness in enumerate(index.compare_batch(batch)):
                both = (likeness.plain, likeness.masked)
                own = scores[i]
                own.append((f"{source}_containment", max(m.containment for m in both)))
                own.append((f"{source}_coverage", max(m.coverage for m in both)))
                if source == "reference":
                    own.append(("reference_cosine", likeness.cosine))
                    own.append(("reference_verbatim", _richest(likeness)))
                reason = self._judge(source, likeness, batch.texts[i], bounds)
                if reason is not None:
                    reasons[i].append(reason)
        return [
            Verdict(not why, tuple(why), tuple(own))
            for why, own in zip(reasons, scores, strict=True)
        ]

    def _sources(self) -> Iterator[tuple[str, ReferenceIndex, _Bounds]]:
        own = self.limits
        never = 1e9
        for source, index, bounds in (
            (
                "reference",
                self.reference,
                _Bounds(
                    own.containment,
                    own.coverage,
                    own.passage,
                    own.verbatim,
                    own.paraphrase,
                    True,
                ),
            ),
            (
                "example",
                self.examples,
                _Bounds(own.example_containment, 1.0, own.example_passage, never, never, False),
            ),
            (
                "public",
                self.public,
                _Bounds(own.containment, 1.0, own.example_passage, never, never, False),
            ),
        ):
            if index is not None and len(index):
                yield source, index, bounds

    def _judge(self, source: str, likeness: Likeness, text: str, bounds: _Bounds) -> Reason | None:
        matches = (likeness.plain, likeness.masked)
        whole = [
            m
            for m in matches
            if (m.containment > bounds.containment or m.coverage > bounds.coverage)
            and m.shared > self.limits.shared
        ]
        part = [m for m in matches if m.longest > bounds.passage]
        if whole or part:
            return self._by_match(source, whole, part, text, bounds)
        if bounds.identifiers:
            reason = _by_identifier(source, likeness, text)
            if reason is not None:
                return reason
        if _richest(likeness) > bounds.verbatim:
            return _by_stretch(source, likeness, text)
        if (
            likeness.cosine > bounds.paraphrase
            and min(m.shared for m in matches) > self.limits.shared / 2
        ):
            best = max(matches, key=lambda m: (m.shared, m.reading))
            return Reason(
                "near_copies",
                f"{source}_copy",
                f"the text reads like a paraphrase of one {source} document",
                likeness.cosine,
                _passages(best, text) or (Evidence(0, len(text), text, "the whole text"),),
            )
        return None

    def _by_match(
        self, source: str, whole: list[Match], part: list[Match], text: str, bounds: _Bounds
    ) -> Reason:
        match = max(whole or part, key=lambda m: (m.containment, m.longest, m.reading))
        score = max(match.containment, match.coverage if whole else 0.0)
        how = "" if match.reading == "plain" else " once names and numbers are masked"
        if whole and match.containment > bounds.containment:
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
        return Reason("near_copies", f"{source}_copy", message, score, _passages(match, text))


def _passages(match: Match, text: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(p.start, p.end, text[p.start : p.end], f"{p.words} words, novelty {p.novelty:.1f}")
        for p in match.passages
    )


def _richest(likeness: Likeness) -> float:
    return max((s.novelty for s in likeness.verbatim), default=0.0)


def _by_identifier(source: str, likeness: Likeness, text: str) -> Reason | None:
    """Shared stretches that hold what points at a person."""
    found = [
        Evidence(start, end, text[start:end], what)
        for span in likeness.verbatim
        for start, end, what in damning(text, span)
    ]
    if not found:
        return None
    kinds = ", ".join(sorted({e.note for e in found}))
    return Reason(
        "near_copies",
        f"{source}_copy",
        f"a stretch that the {source} has verbatim holds what points at a person ({kinds})",
        1.0,
        tuple(found),
    )


def _by_stretch(source: str, likeness: Likeness, text: str) -> Reason:
    rich = sorted(likeness.verbatim, key=lambda s: (-s.novelty, s.start))[:5]
    return Reason(
        "near_copies",
        f"{source}_copy",
        f"{rich[0].end - rich[0].start} characters on end are in the {source}, and are rare there",
        _richest(likeness),
        tuple(
            Evidence(s.start, s.end, text[s.start : s.end], f"novelty {s.novelty:.1f}")
            for s in rich
        ),
    )


@lru_cache(maxsize=1)
def memorised_texts() -> tuple[tuple[str, str], ...]:
    """Public texts that language models are known to recite, as (id, text)."""
    raw = (files(__package__) / "memorised.txt").read_text(encoding="utf-8")
    blocks = [b.strip() for b in raw.split("\n== ")[1:]]
    return tuple((b.partition("\n")[0], b.partition("\n")[2].strip()) for b in blocks)
