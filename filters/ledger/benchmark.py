"""The checker measured like an instrument: planted errors, harmless edits, speed.

`sample_of` takes a document as the checker sees it; `measure_edits` plants errors and
rewrites; `measure_speed` times. Nothing here knows where the documents come from.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from casewright.filters.ledger.harmless import HARMLESS, rewrite
from casewright.filters.ledger.planted import ERRORS, plant
from casewright.filters.ledger.planting import Edited, Pool, Sample, is_found, is_passed
from casewright.filters.ledger.verdict import ledger_verdict
from casewright.records import Check, Demographics, Fact, Ledger, Turn

__all__ = [
    "Interval",
    "Measured",
    "Rate",
    "Speed",
    "is_clean",
    "measure_edits",
    "measure_speed",
    "sample_of",
    "wilson",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95% confidence interval."""

    low: float
    high: float


def wilson(right: int, total: int) -> Interval:
    """The Wilson score interval at 95% (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    if total == 0:
        return Interval(0.0, 1.0)
    z = 1.959964
    share = right / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


@dataclass(frozen=True, slots=True)
class Rate:
    """So many right of so many."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """The share that is right; 0 of none."""
        return self.right / self.total if self.total else 0.0

    @property
    def interval(self) -> Interval:
        """Its 95% confidence interval."""
        return wilson(self.right, self.total)


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of planted errors and harmless edits.

    Attributes:
        documents: how many documents were edited. by_kind: of which kinds.
        found: planted errors that were seen, by class.
        passed: harmless edits that were let pass, by class.
        wrong: the others, described for a reader.
    """

    documents: int
    by_kind: dict[str, int]
    found: dict[str, Rate]
    passed: dict[str, Rate]
    wrong: tuple[str, ...]

    @property
    def sensitivity(self) -> Rate:
        """Over all planted errors."""
        return _sum(self.found.values())

    @property
    def specificity(self) -> Rate:
        """Over all harmless edits."""
        return _sum(self.passed.values())


def _sum(rates: Iterable[Rate]) -> Rate:
    listed = list(rates)
    return Rate(sum(r.right for r in listed), sum(r.total for r in listed))


def sample_of(
    check: Check,
    text: str,
    facts: Sequence[Fact],
    demographics: Demographics,
    turns: Sequence[Turn] = (),
) -> Sample:
    """A document with what the checker finds in it unedited."""
    ledger = check(text, facts, demographics, turns)
    return Sample(text, tuple(facts), demographics, tuple(turns), ledger)


def is_clean(sample: Sample) -> bool:
    """Whether the checker keeps the unedited document."""
    return ledger_verdict(sample.ledger, sample.facts).keep


_Maker = Callable[[Sample, random.Random, Pool], Iterator[Edited]]


def measure_edits(
    check: Check,
    samples: Sequence[tuple[str, Sample]],
    pool: Pool,
    *,
    seed: int,
    per_class: int = 3,
) -> Measured:
    """Plant errors in documents and rewrite them harmlessly.

    Args:
        check: the checker.
        samples: (kind, document) pairs that the checker keeps unedited.
        pool: what edits are drawn from.
        seed: of the draws.
        per_class: how many edits of a class are made of one document.
    """
    wrong: list[str] = []
    found = _rates(check, samples, pool, plant, is_found, seed, per_class, wrong)
    passed = _rates(check, samples, pool, rewrite, is_passed, seed, per_class, wrong)
    kinds = Counter(kind for kind, _ in samples)
    return Measured(
        len(samples),
        dict(sorted(kinds.items())),
        {k: found[k] for k in ERRORS if k in found},
        {k: passed[k] for k in HARMLESS if k in passed},
        tuple(wrong),
    )


def _rates(
    check: Check,
    samples: Sequence[tuple[str, Sample]],
    pool: Pool,
    make: _Maker,
    judge: Callable[[Edited, Ledger], bool],
    seed: int,
    per_class: int,
    wrong: list[str],
) -> dict[str, Rate]:
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for number, (kind, sample) in enumerate(samples):
        rng = random.Random(f"{seed} {number} {make.__name__}")
        for edited in _drawn(make(sample, rng, pool), rng, per_class):
            ledger = check(edited.text, edited.facts, sample.demographics, edited.turns)
            total[edited.kind] += 1
            if judge(edited, ledger):
                right[edited.kind] += 1
            else:
                wrong.append(f"{kind} {number}: {edited.kind}: {edited.what}")
    return {k: Rate(right[k], n) for k, n in total.items()}


def _drawn(edits: Iterator[Edited], rng: random.Random, per_class: int) -> Iterator[Edited]:
    groups: dict[str, list[Edited]] = defaultdict(list)
    for edited in edits:
        groups[edited.kind].append(edited)
    for group in groups.values():
        yield from group if len(group) <= per_class else rng.sample(group, per_class)


# -- speed


@dataclass(frozen=True, slots=True)
class Speed:
    """CPU time of one core.

    Attributes:
        documents_per_second: notes of 500 words (words checked / 500 / CPU seconds).
        words: that were checked.
        growth: time of the notes 2, 4 and 8 times as long, over 2, 4 and 8 times the time.
    """

    documents_per_second: float
    words: int
    growth: dict[int, float]


_WORDS = 500
_ROUNDS = 3


def measure_speed(check: Check, samples: Sequence[Sample], lengths: Sequence[int]) -> Speed:
    """Time the checker on notes of about 500 words, and on longer ones.

    A note is made of whole documents of one case, one after the other, until it has 500
    words; its facts are those of the case.

    Args:
        check: the checker.
        samples: notes (no dialogues).
        lengths: how many times as long the long ones are.
    """
    notes = [_lengthened(s, 1) for s in samples]
    for note in notes[:5]:  # caches of words and facts are warm in any run
        check(note.text, note.facts, note.demographics, ())
    words = sum(len(n.text.split()) for n in notes)
    seconds = _seconds(check, notes)
    growth = {}
    few = notes[: max(4, len(notes) // 4)]
    base = _seconds(check, few)
    for times in lengths:
        longer = [_repeated(n, times) for n in few]
        growth[times] = _seconds(check, longer) / (times * base)
    return Speed(words / _WORDS / seconds, words, growth)


def _seconds(check: Check, notes: Sequence[Sample]) -> float:
    """The least of three timings: what disturbs a machine only ever adds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for n in notes:
            check(n.text, n.facts, n.demographics, ())
        best = min(best, time.process_time() - began)
    return best


def _lengthened(sample: Sample, times: int) -> Sample:
    words = max(1, len(sample.text.split()))
    return _repeated(sample, max(1, round(times * _WORDS / words)))


def _repeated(sample: Sample, times: int) -> Sample:
    return replace(sample, text="\n\n".join([sample.text] * times))
