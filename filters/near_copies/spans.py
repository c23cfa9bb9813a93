"""Says of stretches that are shared byte by byte how rare they are, and whether they identify."""

from __future__ import annotations

import numpy as np

from casewright.filters.near_copies.batch import Batch
from casewright.filters.near_copies.document import Shingles
from casewright.filters.near_copies.grams import Shared
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
    words, kinds = batch.words, batch.kinds
    long = words.digit & (words.ends - words.starts >= _LONG_NUMBER)
    # Offsets ascend over the whole batch: one search for all stretches.
    firsts = np.searchsorted(plain.starts, starts)
    stops = np.searchsorted(plain.ends, lasts + 1, "right")
    begins = np.searchsorted(words.starts, starts)
    ends = np.searchsorted(batch.owners, texts, "right")
    for i, stretch in enumerate(shared):
        text, start, end = int(texts[i]), int(starts[i]), int(lasts[i]) + 1
        first, stop = int(firsts[i]), max(int(stops[i]), int(firsts[i]))
        keys, weights = plain.keys[first:stop], plain.weights[first:stop]
        begin, length = int(begins[i]), stop - first
        some = slice(begin, min(begin + length + SHINGLE_WORDS - 1, int(ends[i])))
        rare = []
        for word in np.flatnonzero(words.digit[some]).tolist():
            around = weights[max(0, word - SHINGLE_WORDS + 1) : word + 1]
            if around.min(initial=1) >= _RARE:
                at = begin + word
                rare.append(batch.span(int(words.starts[at]), int(words.ends[at])))
        # A word more: a name may begin where the last whole shingle ends.
        some = slice(begin, min(begin + length + SHINGLE_WORDS, int(ends[i])))
        identifies = bool(
            kinds.name[some].any()
            or kinds.number[some].sum() >= 2
            or long[some].any()
            or b"@" in batch.raw[start:end]
        )
        spans[text].append(
            SharedSpan(
                *batch.span(start, end),
                stretch.count,
                sum(dict(zip(keys.tolist(), weights.tolist(), strict=True)).values()),
                tuple(rare),
                float(weights.max()) if length else 1.0,
                identifies,
            )
        )
    return [tuple(own) for own in spans]
