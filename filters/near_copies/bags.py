"""What texts have, as bags of weighted hashes, and what two bags share.

A hash is cut to 48 bits, so that the number of its text fits beside it and one sorted array
holds the bags of all texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CUT",
    "Bag",
    "Bags",
    "Floats",
    "Keys",
    "Places",
    "changes",
    "distinct",
    "expand",
    "ranks",
    "shared_weight",
]

CUT, _OWNER = np.uint64(16), np.uint64(48)
_KEY = np.uint64(2**48 - 1)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

Keys: TypeAlias = "NDArray[np.uint64]"
Floats: TypeAlias = "NDArray[np.float64]"
Places: TypeAlias = "NDArray[np.int64]"
Bag: TypeAlias = "tuple[Keys, Floats]"
"""Distinct cut hashes, ascending, and the value of each."""


@dataclass(frozen=True)
class Bags:
    """The bags of several texts: that of text d is `keys[bounds[d]:bounds[d + 1]]`."""

    keys: Keys
    values: Floats
    bounds: Places

    @classmethod
    def joined(cls, parts: Sequence[Bag]) -> Bags:
        """Bags out of one for each text."""
        sizes = [len(keys) for keys, _ in parts]
        return cls(
            np.concatenate([np.zeros(0, np.uint64), *(keys for keys, _ in parts)]),
            np.concatenate([np.zeros(0), *(values for _, values in parts)]),
            np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int64),
        )

    def one(self, number: int) -> Bag:
        """The bag of a text, as copies that keep nothing else in memory."""
        part = slice(self.bounds[number], self.bounds[number + 1])
        return self.keys[part].copy(), self.values[part].copy()

    @cached_property
    def _owners(self) -> Places:
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))

    @cached_property
    def _packed(self) -> Keys:
        packed: Keys = (self._owners.astype(np.uint64) << _OWNER) | self.keys
        return packed

    @cached_property
    def mass(self) -> Floats:
        """The sum of the values of each text."""
        mass = np.bincount(self._owners, self.values, len(self.bounds) - 1)
        return mass.astype(np.float64)

    def find(self, owners: Places, keys: Keys) -> Places:
        """The place of each key in the bag of its owner; -1 where it is not there."""
        if not len(self.keys):
            return np.full(len(keys), -1, dtype=np.int64)
        wanted = (owners.astype(np.uint64) << _OWNER) | keys
        at = self._slots[_slots_of(wanted, len(self._slots))].astype(np.int64)
        place = np.where(self._packed[at] == wanted, at, -1)
        # In the slot of some there is another: they are searched for.
        left = np.flatnonzero((place < 0) & (at >= 0))
        near = np.searchsorted(self._packed, wanted[left])
        near[near == len(self._packed)] = 0
        place[left] = np.where(self._packed[near] == wanted[left], near, -1)
        return place

    @cached_property
    def _slots(self) -> NDArray[np.int32]:
        """A table that says of most keys at once where they are, or that they are not there.

        The place of a key that has the slot; -1 where none has it.
        """
        slots = np.full(1 << (4 * len(self.keys)).bit_length(), -1, dtype=np.int32)
        slots[_slots_of(self._packed, len(slots))] = np.arange(len(self.keys))
        return slots


def _slots_of(packed: Keys, size: int) -> Places:
    """Which of `size` slots, a power of two, keys with their owners have."""
    slots: Places = ((packed * _SPREAD) >> np.uint64(65 - size.bit_length())).astype(np.int64)
    return slots


def distinct(hashes: Keys, owners: Places, count: int) -> tuple[Keys, Places, Places, Places]:
    """Distinct (text, hash): cut keys, owners, how often, and the bounds of each text."""
    packed = (owners.astype(np.uint64) << _OWNER) | (hashes >> CUT)
    packed.sort()
    new = np.ones(len(packed), dtype=bool)
    new[1:] = packed[1:] != packed[:-1]
    first = np.flatnonzero(new)
    times = np.diff(np.append(first, len(packed)))
    kept = packed[first]
    mine = (kept >> _OWNER).astype(np.int64)
    bounds = np.searchsorted(mine, np.arange(count + 1))
    return kept & _KEY, mine, times, bounds


def changes(values: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Where a value differs from the one before; the first always does."""
    new = np.ones(len(values), dtype=bool)
    new[1:] = values[1:] != values[:-1]
    return new


def ranks(values: NDArray[np.integer[Any]]) -> Places:
    """A number for each of some values among its neighbours that are the same, from 0."""
    first = np.flatnonzero(changes(values))
    return np.arange(len(values)) - np.repeat(first, np.diff(np.append(first, len(values))))


def expand(bounds: Places, numbers: Places) -> tuple[Places, Places]:
    """Every place of some texts, text by text: (which of `numbers`, place)."""
    sizes = np.diff(bounds)[numbers]
    which = np.repeat(np.arange(len(numbers)), sizes)
    step = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return which, np.repeat(bounds[numbers], sizes) + step


def shared_weight(a: Bags, b: Bags, left: Places, right: Places, *, product: bool) -> Floats:
    """What texts of `a` share with texts of `b`, pair by pair.

    Args:
        left, right: the pairs, as numbers of texts in `a` and in `b`.
        product: sum the products of both values (a cosine, of vectors of length 1); else the
            values of `a`.
    """
    pair, mine = expand(a.bounds, left)
    at = b.find(right[pair], a.keys[mine])
    same = np.flatnonzero(at >= 0)
    weights = a.values[mine[same]]
    if product:
        weights = weights * b.values[at[same]]
    return np.bincount(pair[same], weights, len(left)).astype(np.float64)
