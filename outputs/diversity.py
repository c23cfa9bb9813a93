"""How varied texts are, at a fixed number of words, so that corpora of any size compare."""

from __future__ import annotations

import gzip
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["SIZES", "Diversity", "measure_diversity", "words_of"]

SIZES = (2_000, 5_000, 20_000)
"""Words at which diversity is measured. Every figure grows or falls with the size of what it is
measured on (compression above all): only figures of the same size may be compared."""

_WORD = re.compile(r"\w+|[^\w\s]")
_REPEAT, _BLEU = 10, 4


@dataclass(frozen=True, slots=True)
class Diversity:
    """Diversity of the first `words` words of a corpus in a random order.

    Attributes:
        words: words and punctuation marks measured: one of `SIZES`.
        documents: documents that they come from, the last one cut.
        compression: bytes over bytes compressed by gzip (Shaib et al. 2024): more is plainer.
        repeated: share of the runs of 10 words that stand there more than once.
        distinct_pairs: distinct pairs of words over pairs (distinct-2, Li et al. 2016).
        self_bleu: mean BLEU-4 of a document against all the others (Zhu et al. 2018), clipped
            counts, no smoothing, with the brevity penalty; None for a single document.
    """

    words: int
    documents: int
    compression: float
    repeated: float
    distinct_pairs: float
    self_bleu: float | None


def words_of(text: str) -> list[str]:
    """Words and punctuation marks, in lower case."""
    return _WORD.findall(text.lower())


def measure_diversity(texts: Sequence[str]) -> tuple[Diversity, ...]:
    """Diversity at every one of `SIZES` that the texts reach, in their given order."""
    bodies = [words_of(text.split("\n\n", 2)[-1]) for text in texts]
    found = []
    for size in SIZES:
        cut: list[list[str]] = []
        left = size
        for words in bodies:
            if left <= 0:
                break
            if words:
                cut.append(words[:left])
                left -= len(cut[-1])
        if left > 0:
            break
        found.append(_measure(cut, size))
    return tuple(found)


def _measure(texts: list[list[str]], size: int) -> Diversity:
    raw = "\n".join(" ".join(words) for words in texts).encode()
    runs = Counter(gram for words in texts for gram in _grams(words, _REPEAT))
    pairs = Counter(gram for words in texts for gram in _grams(words, 2))
    total = runs.total()
    return Diversity(
        words=size,
        documents=len(texts),
        compression=round(len(raw) / len(gzip.compress(raw, mtime=0)), 4),
        repeated=round(sum(n for n in runs.values() if n > 1) / total if total else 0.0, 4),
        distinct_pairs=round(len(pairs) / max(pairs.total(), 1), 4),
        self_bleu=_self_bleu(texts),
    )


def _grams(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[i:] for i in range(size)), strict=False))


def _self_bleu(texts: Sequence[Sequence[str]]) -> float | None:
    """Mean BLEU-4 of each text against all others, in time linear in the words.

    The clipping count of an n-gram is the most that any *other* text has of it: the largest
    count, or the second largest for the text that has the largest.
    """
    if len(texts) < 2:
        return None
    logs = [0.0] * len(texts)
    for size in range(1, _BLEU + 1):
        counted = [Counter(_grams(words, size)) for words in texts]
        best: dict[tuple[str, ...], tuple[int, int, int]] = {}  # largest, its owner, second
        for owner, own in enumerate(counted):
            for gram, n in own.items():
                top, who, second = best.get(gram, (0, -1, 0))
                best[gram] = (n, owner, top) if n > top else (top, who, max(second, n))
        for owner, own in enumerate(counted):
            met = 0
            for gram, n in own.items():
                top, who, second = best[gram]
                met += min(n, second if who == owner else top)
            share = met / max(own.total(), 1)
            logs[owner] += math.log(share) / _BLEU if share else -math.inf
    lengths = sorted(len(words) for words in texts)
    scores = []
    for words, log in zip(texts, logs, strict=True):
        others = list(lengths)
        others.remove(len(words))
        nearest = min(others, key=lambda n: (abs(n - len(words)), n))
        brevity = min(1.0, math.exp(1 - nearest / max(len(words), 1)))
        scores.append(brevity * math.exp(log))
    return round(sum(scores) / len(scores), 4)
