"""The best single document for each text, by weighted shingles, and the passages that both have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from casewright.filters.near_copies.bags import (
    Bags,
    Floats,
    Places,
    changes,
    expand,
    ranks,
    shared_weight,
)
from casewright.filters.near_copies.batch import Batch
from casewright.filters.near_copies.document import ReadingName, Shingles
from casewright.filters.near_copies.likeness import Match, Passage
from casewright.filters.near_copies.shingles import SHINGLE_WORDS

__all__ = ["best_matches"]

# Two matched shingles with no more unmatched words between them than this are one passage.
_GAP_WORDS = 3
# A document with less novelty than this is too short to be covered by a text.
_MIN_MASS = 16.0
# With fewer rare shingles in common no passage is worth a look.
_FEW = 8.0


def best_matches(
    batch: Batch,
    name: ReadingName,
    own: Shingles,
    theirs: Bags,
    texts: Places,
    places: Places,
    max_passages: int,
) -> Iterator[tuple[int, int, Match]]:
    """For each text that shares anything (text, place of the document, match).

    Args:
        own: shingles of the batch, read as `name` says. theirs: bags of the documents.
        texts, places: pairs of a text and a document, text by text, likeliest first.
        max_passages: how many are told, of each match.
    """
    mass, whole = theirs.mass[places], own.bags.mass[texts]
    shared = shared_weight(own.bags, theirs, texts, places, product=False)
    contained = np.divide(shared, whole, out=np.zeros(len(texts)), where=whole > 0)
    covered = np.divide(shared, mass, out=np.zeros(len(texts)), where=mass >= _MIN_MASS)
    score = np.where(shared > 0, np.maximum(contained, covered), -1.0)
    best = _best_of_each(texts, score)
    rich = best[shared[best] >= _FEW]
    passages = _passages(batch, own, theirs, texts[rich], places[rich], max_passages)
    for at in best.tolist():
        text = int(texts[at])
        runs = passages.get(text, ())
        yield (
            text,
            int(places[at]),
            Match(
                name,
                None,
                min(float(contained[at]), 1.0),
                min(float(covered[at]), 1.0),
                float(shared[at]),
                runs[0].novelty if runs else 0.0,
                runs,
            ),
        )


def _best_of_each(texts: Places, score: Floats) -> Places:
    """Of the pairs of each text the first with the largest score, if it is not below 0."""
    order = np.lexsort((-score, texts))
    first = order[changes(texts[order])]
    best: Places = first[score[first] >= 0]
    return best


def _passages(
    batch: Batch, own: Shingles, theirs: Bags, texts: Places, places: Places, count: int
) -> dict[int, tuple[Passage, ...]]:
    """Of each pair the runs of shared shingles, richest first; a loop counts once."""
    pair, at = expand(own.bounds, texts)
    shared = np.flatnonzero(theirs.find(places[pair], own.keys[at]) >= 0)
    if not len(shared):
        return {}
    pair, at = pair[shared], at[shared]
    new = changes(pair)
    new[1:] |= np.diff(at) > _GAP_WORDS
    run = np.cumsum(new) - 1
    # Each shingle once in a run: the first of those that are the same.
    order = np.argsort(own.keys[at], kind="stable")
    order = order[np.argsort(run[order], kind="stable")]
    once = changes(run[order])
    keys = own.keys[at[order]]
    once[1:] |= keys[1:] != keys[:-1]
    kept = order[once]
    novelty = np.bincount(run[kept], own.weights[at[kept]])
    first = np.flatnonzero(new)
    last = np.append(first[1:] - 1, len(at) - 1)
    starts, ends = own.starts[at[first]], own.ends[at[last]]
    words = (at[last] - at[first] + SHINGLE_WORDS).tolist()
    order = np.lexsort((starts, -novelty, pair[first]))
    # The richest of each pair.
    of = pair[first[order]]
    order = order[ranks(of) < count]
    spans = batch.spans(starts[order], ends[order])
    found: dict[int, list[Passage]] = {}
    for i, span in zip(order.tolist(), spans, strict=True):
        text = int(texts[pair[first[i]]])
        found.setdefault(text, []).append(Passage(*span, words[i], float(novelty[i])))
    return {text: tuple(passages) for text, passages in found.items()}
