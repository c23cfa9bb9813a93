"""Says of stretches that are shared byte by byte how rare they are, and whether they identify."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.bags import Floats, Places
from casewright.filters.near_copies.batch import Batch
from casewright.filters.near_copies.document import Shingles
from casewright.filters.near_copies.found import Shared
from casewright.filters.near_copies.likeness import SharedSpan
from casewright.filters.near_copies.shingles import SHINGLE_WORDS

__all__ = ["read_spans"]

# Weight of a shingle that one document has.
_RARE = 0.99
_LONG_NUMBER = 4


def read_spans(batch: Batch, shared: list[Shared], plain: Shingles) -> list[tuple[SharedSpan, ...]]:
    """The shared stretches of each text of a batch.

    Args:
        shared: stretches of the normalised bytes, in order.
        plain: shingles of the batch as it is, of those texts at least that share anything.
    """
    spans: list[list[SharedSpan]] = [[] for _ in batch.texts]
    if not shared:
        return [() for _ in spans]
    starts = np.array([s.start for s in shared])
    lasts = np.array([s.end - 1 for s in shared])
    texts = np.searchsorted(batch.normal_bounds[0], starts, "right") - 1
    if (places := batch.normal[1]) is not None:
        starts, lasts = places[starts], places[lasts]
    # The shingles of each stretch, as places in `plain`, and its words.
    first = np.searchsorted(plain.starts, starts)
    stop = np.maximum(np.searchsorted(plain.ends, lasts + 1, "right"), first)
    begin = np.searchsorted(batch.words.starts, starts)
    end = np.searchsorted(batch.owners, texts, "right")
    length = stop - first
    rare = _rare_numbers(batch, plain, first, length, begin, end)
    # A word more: a name may begin where the last whole shingle ends.
    identifies = _may_identify(batch, begin, np.minimum(begin + length + SHINGLE_WORDS, end))
    signs = np.flatnonzero(np.frombuffer(batch.raw, dtype=np.uint8) == ord("@"))
    identifies |= np.searchsorted(signs, starts) < np.searchsorted(signs, lasts + 1)
    novelty, rarest = _weights(plain, first, length)
    for i, (span, text) in enumerate(
        zip(batch.spans(starts, lasts + 1), texts.tolist(), strict=True)
    ):
        spans[text].append(
            SharedSpan(
                *span,
                shared[i].count,
                float(novelty[i]),
                rare.get(i, ()),
                float(rarest[i]),
                bool(identifies[i]),
            )
        )
    return [tuple(own) for own in spans]


def _weights(plain: Shingles, first: Places, length: Places) -> tuple[Floats, Floats]:
    """Of each stretch the sum of the weights of its shingles, each once, and the largest."""
    which = np.repeat(np.arange(len(first)), length)
    at = _every(first, length)
    weights, keys = plain.weights[at], plain.keys[at]
    rarest = np.full(len(first), 0.0)
    np.maximum.at(rarest, which, weights)
    rarest[length == 0] = 1.0
    # Each shingle where it stands first in the stretch.
    order = np.lexsort((keys, which))
    same = (which[order][1:] == which[order][:-1]) & (keys[order][1:] == keys[order][:-1])
    once = np.ones(len(at), dtype=bool)
    once[order[1:][same]] = False
    return np.bincount(which[once], weights[once], len(first)).astype(np.float64), rarest


def _rare_numbers(
    batch: Batch, plain: Shingles, first: Places, length: Places, begin: Places, end: Places
) -> dict[int, tuple[tuple[int, int], ...]]:
    """Of each stretch the words with a digit whose every shingle in it is rare."""
    count = np.minimum(begin + length + SHINGLE_WORDS - 1, end) - begin
    which = np.repeat(np.arange(len(first)), count)
    at = _every(begin, count)
    chosen = np.flatnonzero(batch.words.digit[at])
    which, at = which[chosen], at[chosen]
    word = at - begin[which]
    common = np.concatenate(([0], np.cumsum(plain.weights < _RARE)))
    low = first[which] + np.maximum(0, word - SHINGLE_WORDS + 1)
    high = np.maximum(first[which] + np.minimum(word + 1, length[which]), low)
    keep = np.flatnonzero(common[high] == common[low])
    places = batch.spans(batch.words.starts[at[keep]], batch.words.ends[at[keep]])
    found: dict[int, list[tuple[int, int]]] = {}
    for i, place in zip(which[keep].tolist(), places, strict=True):
        found.setdefault(i, []).append(place)
    return {i: tuple(own) for i, own in found.items()}


def _may_identify(batch: Batch, begin: Places, end: Places) -> NDArray[np.bool_]:
    """Whether there is a name, two numbers or a long number among some words."""
    words, kinds = batch.words, batch.kinds
    long = words.digit & (words.ends - words.starts >= _LONG_NUMBER)
    sure = np.concatenate(([0], np.cumsum(kinds.name | long)))
    numbers = np.concatenate(([0], np.cumsum(kinds.number)))
    may: NDArray[np.bool_] = (sure[end] > sure[begin]) | (numbers[end] - numbers[begin] >= 2)
    return may


def _every(first: Places, length: Places) -> Places:
    """All places from `first[i]` on, `length[i]` of them, one stretch after the other."""
    before = np.cumsum(length) - length
    return np.repeat(first - before, length) + np.arange(int(length.sum()))
