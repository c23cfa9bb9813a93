"""Whether a word that no list has is spelt like a name: "Chidambaram" against "Levothroid".

A letter model of names against one of words and drugs, each of runs of four letters, interpolated
with shorter runs by how often the run's beginning was seen (Witten and Bell 1991). The table has
the difference of their logarithms for every run, so that a word costs one look-up a letter.
`compile_lexicons` makes it of the lexicons; on a tenth of them that was held out, nine in ten names
score above 0, one drug in eight and one word in thirteen.
"""

from __future__ import annotations

import gzip
import math
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["name_shape", "shape_table"]

_LETTERS = "^$abcdefghijklmnopqrstuvwxyz"
_NUMBER = {letter: i for i, letter in enumerate(_LETTERS)}
_BASE = len(_LETTERS)
_ORDER = 4
_STEPS = 16  # of the table to one natural logarithm
_WEIGHT = 6.0  # of a shorter run, in places where the longer one was seen
FILE = "name_shape.gz"


def name_shape(word: str) -> float:
    """Log-odds (natural) of a name against a word or a drug; 0 for what is not all letters."""
    numbers = [_NUMBER.get(c, -1) for c in f"^^^{word.lower()}$"]
    if -1 in numbers:
        return 0.0
    table = _table()
    total = 0
    for a, b, c, d in zip(numbers, numbers[1:], numbers[2:], numbers[3:], strict=False):
        total += int(table[((a * _BASE + b) * _BASE + c) * _BASE + d])
    return total / _STEPS


@lru_cache(maxsize=1)
def _table() -> NDArray[np.int8]:
    return np.frombuffer(gzip.decompress((files(__package__) / FILE).read_bytes()), dtype=np.int8)


def shape_table(names: Iterable[str], others: Iterable[tuple[str, int]]) -> bytes:
    """The table of log-odds for every run of four letters, one signed byte each, gzipped.

    Args:
        names: names in lower-case letters.
        others: words that are no names, each with how much it counts.
    """
    name = _counts((word, 1) for word in names)
    other = _counts(others)
    rows = [_logs(model) for model in (name, other)]
    steps = np.clip(np.rint((rows[0] - rows[1]) * _STEPS), -127, 127).astype(np.int8)
    return gzip.compress(steps.tobytes(), 9, mtime=0)


def _counts(words: Iterable[tuple[str, int]]) -> Counter[str]:
    """How often every run of one to four letters stands in the words."""
    runs: Counter[str] = Counter()
    for word, times in words:
        marked = f"^^^{word}$"
        for end in range(_ORDER, len(marked) + 1):
            for length in range(1, _ORDER + 1):
                runs[marked[end - length : end]] += times
    return runs


def _logs(runs: Counter[str]) -> NDArray[np.float64]:
    """Natural logarithm of the chance of the last letter after the three before, for every run."""
    chance = np.full((_BASE,), 1 / _BASE)
    for length in range(1, _ORDER + 1):
        counts = np.zeros((_BASE,) * length)
        for run, count in runs.items():
            if len(run) == length:
                counts[tuple(_NUMBER[c] for c in run)] = count
        seen = counts.sum(axis=-1, keepdims=True)
        weight = seen / (seen + _WEIGHT)
        share = np.divide(counts, seen, out=np.zeros_like(counts), where=seen > 0)
        chance = weight * share + (1 - weight) * chance
    logs: NDArray[np.float64] = np.log(np.maximum(chance, math.exp(-30))).reshape(-1)
    return logs
