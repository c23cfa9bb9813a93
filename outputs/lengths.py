"""How long training pairs are in tokens, and what maximum length loses none to speak of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from casewright.errors import CasewrightError

__all__ = ["LIMITS", "PairLengths", "TaskLengths", "load_counter"]

LIMITS = (1024, 2048, 4096)
"""Maximum lengths for which the share of cut pairs is told; the first is TRL's default."""

_QUANTILES = (0.5, 0.9, 0.95, 0.99, 1.0)
# Role marks of a chat template: ChatML has five tokens a message, the longest in use eight.
_TEMPLATE = 16
_STEP = 256
# Without a tokenizer: English clinical text has 3 to 4 characters a token; the lower is safe.
_CHARACTERS = 3

Counter: TypeAlias = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class TaskLengths:
    """Tokens of the pairs of a task, prompt and completion together.

    Attributes:
        measured: whether a tokenizer counted; else a token is taken for three characters.
        quantiles: (share of the pairs, tokens that they have at most).
        cut: (maximum length, share of the pairs that are longer).
        max_length: the recommended one: the 99.5th percentile, rounded up to 256.
    """

    task: str
    pairs: int
    measured: bool
    quantiles: tuple[tuple[float, int], ...]
    cut: tuple[tuple[int, float], ...]
    max_length: int


class PairLengths:
    """Collects lengths task by task."""

    def __init__(self, counter: Counter | None = None) -> None:
        self._counter = counter
        self._found: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, task: str, prompt: str, completion: str) -> None:
        """Count one pair."""
        if self._counter is None:
            size = -(-(len(prompt) + len(completion)) // _CHARACTERS)
        else:
            size = self._counter(prompt) + self._counter(completion)
        self._found[task].append(size + _TEMPLATE)

    def results(self) -> tuple[TaskLengths, ...]:
        """What was found, in order of the tasks' first pairs."""
        return tuple(self._result(task, np.array(found)) for task, found in self._found.items())

    def _result(self, task: str, sizes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> TaskLengths:
        high = float(np.quantile(sizes, 0.995, method="inverted_cdf"))
        return TaskLengths(
            task=task,
            pairs=len(sizes),
            measured=self._counter is not None,
            quantiles=tuple(
                (q, int(np.quantile(sizes, q, method="inverted_cdf"))) for q in _QUANTILES
            ),
            cut=tuple((limit, round(float((sizes > limit).mean()), 4)) for limit in LIMITS),
            max_length=int(-(-high // _STEP) * _STEP),
        )


@cache
def load_counter(path: Path) -> Counter:
    """A function that counts tokens, from a `tokenizer.json` or the folder of a model.

    Raises:
        CasewrightError: there is no such file, it is none, or `tokenizers` is not installed.
    """
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - only who names a tokenizer needs it
    except ImportError as error:
        raise CasewrightError(
            "counting tokens needs the package tokenizers", fix="pip install tokenizers"
        ) from error
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise CasewrightError(
            "there is no tokenizer in that place",
            where=path,
            valid="a tokenizer.json, or the folder of a model that has one",
        )
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the package raises no narrower class
        raise CasewrightError(f"the tokenizer cannot be read: {error}", where=file) from error
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
