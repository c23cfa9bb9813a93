"""Drawing several things with set probabilities each, in a number that hardly varies."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

__all__ = ["Cumulative", "draw_fixed_size", "draw_place", "pick", "pick_weighted"]

_T = TypeVar("_T")


def draw_fixed_size(
    groups: Sequence[Sequence[tuple[float, _T]]],
    rng: random.Random,
    *,
    at_most: int | None = None,
    at_least: float = 0.0,
) -> list[_T]:
    """Draw each item with exactly its probability, so many that the sum rounds to them.

    Systematic sampling in random order (Madow WG, "On the theory of systematic sampling, II",
    Annals of Mathematical Statistics 1949;20:333-354): the items are laid end to end, each as
    long as its probability, and those that a comb with teeth one apart touches are drawn. Of a
    group whose probabilities add up to 1 or less, never two are drawn.

    Args:
        groups: items with their probabilities, 0 to 1.
        at_most: upper bound of the number; probabilities are scaled down where they add up to
            more.
        at_least: expected number to which probabilities are scaled up where they add up to less.
    """
    total = sum(p for group in groups for p, _ in group)
    if total <= 0.0:
        return []
    scale = 1.0
    if at_most is not None and total > at_most:
        scale = at_most / total
    elif total < at_least:
        scale = at_least / total
    order = list(groups)
    _shuffle(order, rng)
    # The comb stands anywhere; counting down from it, an item is drawn when it spans zero.
    tooth = rng.random()
    drawn: list[_T] = []
    for group in order:
        members = group
        if len(group) > 1:
            members = list(group)
            _shuffle(members, rng)
        for p, item in members:
            tooth -= min(p * scale, 1.0)
            if tooth < 0.0:
                tooth += 1.0
                drawn.append(item)
    return drawn if at_most is None else drawn[:at_most]


def _shuffle(items: list[_T], rng: random.Random) -> None:
    """As random.shuffle, at a third of its time."""
    draw = rng.random
    for i in range(len(items) - 1, 0, -1):
        j = int(draw() * (i + 1))
        items[i], items[j] = items[j], items[i]


def pick(items: Sequence[_T], rng: random.Random) -> _T:
    """One of the items, each as likely."""
    return items[int(rng.random() * len(items))]


def pick_weighted(items: Sequence[_T], weight: Callable[[_T], float], rng: random.Random) -> _T:
    """One of the items by weight; the first where no weight is above 0."""
    weights = [weight(item) for item in items]
    place = rng.random() * sum(weights)
    for item, w in zip(items, weights, strict=True):
        place -= w
        if place < 0:
            return item
    return items[0]


def draw_place(weights: Sequence[float], rng: random.Random) -> int:
    """A place by weight; the last with a weight where rounding leaves none."""
    left = rng.random() * sum(weights)
    last = 0
    for place, weight in enumerate(weights):
        if weight > 0:
            last = place
            left -= weight
            if left < 0:
                break
    return last


class Cumulative(Generic[_T]):
    """Items with their weights, made ready to draw from again and again."""

    __slots__ = ("_items", "_reach")

    def __init__(self, weighted: Iterable[tuple[_T, float]]) -> None:
        self._items: list[_T] = []
        self._reach: list[float] = []
        total = 0.0
        for item, weight in weighted:
            if weight > 0:
                total += weight
                self._items.append(item)
                self._reach.append(total)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return self._reach[-1] if self._reach else 0.0

    def at(self, u: float) -> _T:
        """The item at a place from 0 to 1, below 1."""
        return self._items[bisect(self._reach, u * self._reach[-1])]
