"""What a set of outputs gives away of a private reference, counted.

Four attacks and counts, each from the outputs alone:

- canaries: sentences with a rare ending, planted before; are they in the outputs?
- membership: can one tell from the outputs which notes were shown? Reported as the share found at
  1% and 0.1% false alarms (Carlini et al. 2022 argue for these rather than an average).
- verbatim: how much of the outputs stands word for word in the reference, raw and without what any
  note has; and in how few notes (k-eidetic memorisation, Carlini et al. 2021).
- identifiers: names and numbers of the reference that are in the outputs.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ahocorasick
import numpy as np
from numpy.typing import NDArray

from casewright.filters.folding import fold_text
from casewright.filters.intervals import share_interval
from casewright.filters.near_copies import CopyLimits, NearCopies, ReferenceIndex
from casewright.filters.near_copies.normal import normalise
from casewright.filters.phi import LEAK_SCORE, phi_verdict, scan
from casewright.filters.phi.lexicon import load_lexicon

__all__ = [
    "Canary",
    "Disclosure",
    "Membership",
    "Share",
    "find_canaries",
    "identifiers_of",
    "measure_disclosure",
    "membership",
    "plant_canaries",
]

Texts = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Share:
    """k of n with its 95% interval (Clopper and Pearson 1934)."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """The share; of nothing 0."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95% interval."""
        return share_interval(self.count, self.of)


@dataclass(frozen=True, slots=True)
class Canary:
    """A sentence that no note has by itself: an ordinary beginning, an ending of rare words."""

    id: str
    prefix: str
    suffix: str

    @property
    def text(self) -> str:
        """The whole sentence."""
        return f"{self.prefix} {self.suffix}"


_BEGINNINGS = (
    "The patient mentions that", "On the way out the patient said that", "Of note,",
    "In the social history it is recorded that", "The family reports that",
)  # fmt: skip


def plant_canaries(
    notes: Texts, share: float, seed: int
) -> tuple[list[tuple[str, str]], list[Canary]]:
    """Add a canary to a share of the notes. Returns the notes and the canaries, by note id."""
    rng = random.Random(f"canaries{seed}")
    lex = load_lexicon()
    words = sorted(w for w in lex.words - lex.common_words if 5 <= len(w) <= 9 and w.isalpha())
    planted, canaries = [], []
    for name, text in notes:
        if rng.random() < share:
            rare = " ".join(rng.sample(words, 6))
            canary = Canary(name, rng.choice(_BEGINNINGS), f"{rare} {rng.randrange(10**5, 10**6)}.")
            canaries.append(canary)
            planted.append((name, f"{text} {canary.text}"))
        else:
            planted.append((name, text))
    return planted, canaries


def find_canaries(canaries: Sequence[Canary], outputs: Texts) -> list[Canary]:
    """Canaries of whose rare ending at least half the words stand in order in an output."""
    found = []
    haystack = "\n".join(" ".join(fold_text(t).text.lower().split()) for _, t in outputs)
    for canary in canaries:
        words = canary.suffix.lower().split()
        half = (len(words) + 1) // 2
        runs = (" ".join(words[i : i + half]) for i in range(len(words) - half + 1))
        if any(run in haystack for run in runs):
            found.append(canary)
    return found


@dataclass(frozen=True, slots=True)
class Membership:
    """How well members are told from others.

    `found` maps a share of false alarms to the share of members found at it; `auc` is the chance
    that a member scores above another note.
    """

    members: int
    others: int
    auc: float
    found: dict[float, Share]


def membership(
    members: Texts, others: Texts, outputs: Texts, rates: Sequence[float] = (0.01, 0.001)
) -> Membership:
    """Tell notes that the engine was shown from such as it was not, from the outputs alone.

    A note's score is its largest likeness to any output: weighted containment of its three-word
    shingles, as is or masked, or the cosine of its words.
    """
    index = ReferenceIndex.build(outputs)

    def scores(notes: Texts) -> NDArray[np.float64]:
        return np.array(
            [
                max(k.plain.containment, k.plain.coverage, k.masked.containment, k.cosine)
                for k in index.compare_many([text for _, text in notes])
            ]
        )

    inside, outside = scores(members), scores(others)
    found = {}
    for rate in rates:
        # The largest threshold that no more than this share of others passes.
        allowed = int(rate * len(outside))
        limit = np.sort(outside)[::-1][allowed] if len(outside) else 0.0
        found[rate] = Share(int((inside > limit).sum()), len(inside))
    ranks = np.concatenate((inside, outside)).argsort(kind="stable").argsort() + 1.0
    values, place = np.unique(np.concatenate((inside, outside)), return_inverse=True)
    ranks = np.bincount(place, ranks)[place] / np.bincount(place)[place]
    del values
    pairs = len(inside) * len(outside)
    above = ranks[: len(inside)].sum() - len(inside) * (len(inside) + 1) / 2
    return Membership(len(inside), len(outside), float(above / pairs) if pairs else 0.5, found)


_LINKING = ("name", "phone", "fax", "email", "ssn", "mrn", "plan", "account", "licence", "vehicle",
            "device", "url", "ip", "other_id", "street")  # fmt: skip


def identifiers_of(text: str) -> set[str]:
    """Identifiers of a text that point at somebody by themselves, folded; single names do not."""
    found = set()
    for hit in scan(text):
        if hit.score < LEAK_SCORE or hit.type not in _LINKING:
            continue
        plain = " ".join(fold_text(hit.text).text.lower().split())
        if hit.type != "name" or " " in plain:
            found.add(plain)
    return found


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the outputs give away.

    Attributes:
        outputs: number of texts. copies: those that the filter of near-copies turns down.
        leaks: those turned down for a copy or for an identifier of the reference.
        caught: of the identifiers of the reference that are in an output, those in an output that
            the filters turn down.
        verbatim, verbatim_rare: share of the outputs' characters that stand word for word in the
            reference: all; and only stretches that are rare there.
        eidetic: by k the number of rare stretches that at most k notes have.
        canaries: planted ones found. member: membership inference, where others were given.
    """

    outputs: int
    copies: Share
    leaks: Share
    caught: Share
    verbatim: float
    verbatim_rare: float
    eidetic: dict[int, int]
    canaries: Share | None
    member: Membership | None


_RARE = 12.0


def measure_disclosure(
    reference: Texts,
    outputs: Texts,
    *,
    canaries: Sequence[Canary] = (),
    others: Texts = (),
    members: Texts | None = None,
    limits: CopyLimits | None = None,
) -> Disclosure:
    """Measure what outputs give away of a reference.

    Args:
        reference: the private notes. outputs: what was generated.
        canaries: planted in the reference. members: notes that the engine was shown (default:
            the reference); others: notes like them that it was not.
    """
    index = ReferenceIndex.build(reference)
    judge = NearCopies(index, limits=limits or CopyLimits())
    private = set().union(*(identifiers_of(t) for _, t in reference)) if reference else set()
    copies = leaks = present = caught = characters = shared = rare = 0
    stretches: set[bytes] = set()
    verdicts = judge.judge([text for _, text in outputs])
    for (_, text), verdict in zip(outputs, verdicts, strict=True):
        copied = not verdict.keep
        own = identifiers_of(text) & private
        turned_down = copied or (bool(own) and not phi_verdict(text, None).keep)
        copies += copied
        leaks += copied or bool(own)
        present += len(own)
        caught += len(own) if turned_down else 0
        characters += len(text)
        for span in index.verbatim(text):
            shared += span.end - span.start
            if span.novelty > _RARE:
                rare += span.end - span.start
                stretches.add(normalise(text[span.start : span.end]).data.tobytes().strip())
    planted = Share(len(find_canaries(canaries, outputs)), len(canaries)) if canaries else None
    shown = reference if members is None else members
    return Disclosure(
        len(outputs),
        Share(copies, len(outputs)),
        Share(leaks, len(outputs)),
        Share(caught, present),
        shared / characters if characters else 0.0,
        rare / characters if characters else 0.0,
        _eidetic(stretches, (t for _, t in reference)),
        planted,
        membership(shown, others, outputs) if others and outputs else None,
    )


def _eidetic(stretches: set[bytes], reference: Iterable[str]) -> dict[int, int]:
    """How many stretches at most 1, 5 and 25 notes have."""
    counts = dict.fromkeys(stretches, 0)
    if counts:
        finder = ahocorasick.Automaton()
        for stretch in stretches:
            finder.add_word(stretch.decode("latin-1"), stretch)
        finder.make_automaton()
        for text in reference:
            body = normalise(text).data.tobytes().decode("latin-1")
            for stretch in {s for _, s in finder.iter(body)}:
                counts[stretch] += 1
    # A stretch joined of two notes' is whole in none: it is as rare as can be.
    return {k: sum(n <= k for n in counts.values()) for k in (1, 5, 25)}
