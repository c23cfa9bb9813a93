"""The findings in plain words, for a privacy office."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from casewright.filters.disclosure.comparison import CopyRow, IdentifierRow
from casewright.filters.disclosure.experiment import SelfTest
from casewright.filters.disclosure.leaks import Disclosure, Share
from casewright.filters.disclosure.selection import Selection

__all__ = [
    "NO_GUARANTEE",
    "tell_copies",
    "tell_disclosure",
    "tell_identifiers",
    "tell_selection",
    "tell_self_test",
]

NO_GUARANTEE = (
    "This is a measurement, not a guarantee. It says what these tests found in these texts. It is "
    "no guarantee of differential privacy, and it does not make a corpus anonymous in law."
)


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.count} of {share.of} ({share.value:.1%}, 95% interval {low:.1%} to {high:.1%})"


def tell_disclosure(found: Disclosure, source: str) -> Iterator[str]:
    """What was tested and what was found, a sentence or two each."""
    yield f"Tested: {found.outputs} texts {source}."
    yield (
        "Copies. Texts that repeat or closely follow one private note, whole or in part: "
        f"{_share(found.copies)}."
    )
    yield (
        "Leaks. Texts that are such a copy or hold a name, number or address of a private note: "
        f"{_share(found.leaks)}."
    )
    if found.caught.of:
        yield (
            "Caught. Of the private names and numbers that stand in the texts, the filters turn "
            f"down: {_share(found.caught)}."
        )
    yield (
        f"Word for word. {found.verbatim:.2%} of all characters stand in stretches of 47 and more "
        f"that a private note has as well; {found.verbatim_rare:.2%} without what any note has."
    )
    few = ", ".join(f"{n} in at most {k}" for k, n in found.eidetic.items())
    yield f"Rare stretches by the number of private notes that have them: {few}."
    if found.canaries is not None:
        yield (
            "Canaries. Made-up sentences were put into the private notes; found again, half of "
            f"their rare words in order: {_share(found.canaries)}."
        )
    if found.member is not None:
        yield (
            f"Membership. Can one tell from the texts alone which of {found.member.members} notes "
            f"were shown, against {found.member.others} that were not? Chance that a shown note "
            f"looks more like the texts: {found.member.auc:.0%} (50% is guessing)."
        )
        for rate, share in found.member.found.items():
            yield f"  At {rate:.1%} false alarms one finds {_share(share)} of those shown."
            if found.member.others * rate < 1:
                yield (
                    f"  ({found.member.others} notes are too few for {rate:.1%}: this is with no "
                    "false alarm at all.)"
                )


def tell_self_test(results: Sequence[SelfTest]) -> Iterator[str]:
    """Whether the instrument finds what is there."""
    yield "Self-test: an engine that gives its examples away in a known share of its texts."
    for result in results:
        yield (
            f"  planted {result.planted:.0%}, found {_share(result.found)}: "
            f"{'within' if result.within else 'NOT within'} 3 points"
        )


def tell_identifiers(rows: Sequence[IdentifierRow]) -> Iterator[str]:
    """Detectors of identifiers as a table."""
    kinds = list(rows[0].recall)
    head = " ".join(f"{kind[:8]:>8}" for kind in kinds)
    yield f"{'identifiers found':<20} {head} {'worst':>8} {'clean':>8} {'MB/s':>8}"
    for row in rows:
        if row.skipped:
            yield f"{row.detector:<20} skipped: {row.skipped}"
            continue
        body = " ".join(f"{row.recall.get(kind, 0):>8.3f}" for kind in kinds)
        yield (
            f"{row.detector:<20} {body} {row.worst_names:>8.3f} {row.clean_flagged:>8.3f} "
            f"{row.mb_per_s:>8.3f}"
        )
    yield "worst: least recall of a group of names; clean: share of clean sentences flagged"


def tell_copies(rows: Sequence[CopyRow]) -> Iterator[str]:
    """Detectors of near-copies as a table."""
    kinds = list(rows[0].caught)
    width = max(len(k) for k in kinds)
    yield f"{'near-copies caught':<{width}} " + " ".join(f"{r.detector:>21}" for r in rows)
    for kind in kinds:
        yield f"{kind:<{width}} " + " ".join(f"{r.caught[kind]:>21.3f}" for r in rows)
    unrelated = " ".join(f"{r.unrelated_flagged:>21.3f}" for r in rows)
    yield f"{'unrelated flagged':<{width}} {unrelated}"


def tell_selection(found: Selection, *, by_patient: bool) -> Iterator[str]:
    """What a private selection spent, and what that covers."""
    whose = "patient" if by_patient else "note"
    yield (
        f"Spent: epsilon {found.epsilon:g} and delta {found.delta:g} for each {whose}. Whoever "
        f"knows all other {whose}s can hardly tell from the choice whether this one was among "
        f"them: it makes nothing more than {math.exp(found.epsilon):.3g} times as likely, but for "
        "a chance of about delta."
    )
    if not by_patient:
        yield (
            "No --patient-field was named, so that each note counts as somebody's own. A patient "
            "with several notes is protected less: with k notes about k times as much is spent."
        )
    yield (
        f"Cost: noise with a standard deviation of {found.sigma:.1f} votes for every candidate, "
        f"where each {whose} has one vote. The chosen have {found.votes[-1]:.1f} to "
        f"{found.votes[0]:.1f} votes with their noise; what is below about "
        f"{2 * found.sigma:.0f} may be chance."
    )
    yield (
        "Covered is this choice alone, of candidates that were written without the notes: no limit "
        "that was calibrated on the notes, and nothing that was dropped for being like them. A "
        "further choice with the same notes spends as much again."
    )
