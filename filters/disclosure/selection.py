"""Differentially private selection: private notes vote for the candidates most like them.

In the manner of private evolution (Lin et al. 2024; Xie et al. 2024): candidates are written
without any private text, every patient's notes vote for the nearest, Gaussian noise is added to
the votes, and the candidates with most of them are kept. The selection, and nothing else that is
made of it, is (epsilon, delta) differentially private for a patient's being among the notes or
not. The noise is calibrated by dp-accounting, Google's library.

What it costs: the votes of a few hundred patients drown in the noise of a small epsilon; some
thousand patients, or few candidates, are needed. Every further selection with the same notes
spends its own epsilon; they add up.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casewright.errors import CasewrightError
from casewright.filters.near_copies.batch import Batch, batches
from casewright.filters.near_copies.build import build_tables
from casewright.filters.near_copies.document import vectors_of

__all__ = ["Selection", "noise_for", "select_privately"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was selected.

    Attributes:
        chosen: ids of the candidates kept, most votes first. votes: their noisy votes.
        sigma: standard deviation of the noise. epsilon, delta: what the selection spends.
    """

    chosen: tuple[str, ...]
    votes: tuple[float, ...]
    sigma: float
    epsilon: float
    delta: float


def noise_for(epsilon: float, delta: float) -> float:
    """Standard deviation of Gaussian noise on votes of which a patient has one in all.

    Raises:
        CasewrightError: dp-accounting is not installed; values that promise nothing.
    """
    if not (epsilon > 0 and 0 < delta < 1e-3):
        raise CasewrightError(
            f"epsilon {epsilon} and delta {delta} promise nothing",
            valid="epsilon above 0; delta above 0 and far below one in the number of patients",
        )
    try:
        accounting = importlib.import_module("dp_accounting")
        pld = importlib.import_module("dp_accounting.pld")
    except ImportError as error:
        raise CasewrightError(
            "private selection needs dp-accounting", fix="pip install 'casewright[dp]'"
        ) from error
    return float(
        accounting.calibrate_dp_mechanism(
            pld.PLDAccountant, accounting.GaussianDpEvent, epsilon, delta
        )
    )


def select_privately(
    notes: Iterable[tuple[str, str]],
    candidates: Sequence[tuple[str, str]],
    *,
    epsilon: float,
    delta: float,
    keep: int,
    seed: int | None = None,
) -> Selection:
    """Keep the candidates that most private notes are near.

    Args:
        notes: (patient, text): all notes of a patient share one vote.
        candidates: (id, text), written without the notes. keep: how many to keep.
        seed: of the noise, for tests: with a known seed there is no privacy at all. By default
            the noise comes from the operating system's entropy.

    Raises:
        CasewrightError: see `noise_for`; no candidates.
    """
    if not candidates or not 0 < keep <= len(candidates):
        raise CasewrightError(
            f"cannot keep {keep} of {len(candidates)} candidates", valid="1 to all of them"
        )
    sigma = noise_for(epsilon, delta)
    nearest = _Nearest([text for _, text in candidates])
    by_patient: dict[str, NDArray[np.float64]] = {}
    for patient, text in notes:
        place = nearest.of(text)
        if place is not None:
            votes = by_patient.setdefault(patient, np.zeros(len(candidates)))
            votes[place] += 1.0
    total = np.zeros(len(candidates))
    for votes in by_patient.values():
        # Shares of one vote: a vector of length 1 at most, whatever the number of notes.
        total += votes / votes.sum()
    noisy = total + np.random.default_rng(seed).normal(0.0, sigma, len(candidates))
    order = np.argsort(-noisy, kind="stable")[:keep]
    return Selection(
        tuple(candidates[i][0] for i in order),
        tuple(round(float(noisy[i]), 3) for i in order),
        sigma,
        epsilon,
        delta,
    )


class _Nearest:
    """The candidate whose words are most like a text's. Word weights come from candidates alone."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._frequencies = build_tables(lambda: texts, sum(map(len, texts))).frequencies
        parts = [vectors_of(b, self._frequencies) for b in batches(texts)]
        self._count = len(texts)
        keys = np.concatenate([p.keys for p in parts])
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._values = np.concatenate([p.values for p in parts])[order]
        sizes = np.concatenate([np.diff(p.bounds) for p in parts])
        self._owners = np.repeat(np.arange(len(texts)), sizes)[order]

    def of(self, text: str) -> int | None:
        """Its number; None if nothing is shared with any."""
        vector = vectors_of(Batch.of([text]), self._frequencies)
        first = np.searchsorted(self._keys, vector.keys, "left")
        sizes = np.searchsorted(self._keys, vector.keys, "right") - first
        if not sizes.sum():
            return None
        at = np.repeat(first - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
        at = at + np.arange(len(at))
        weights = self._values[at] * np.repeat(vector.values, sizes)
        return int(np.bincount(self._owners[at], weights, self._count).argmax())
