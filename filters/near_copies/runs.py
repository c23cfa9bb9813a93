"""Runs of `GRAM` bytes as hashes, with what stands around them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GRAM",
    "PAD",
    "REACH",
    "SHARED_BYTES",
    "STRIDE",
    "Bytes",
    "Hashes",
    "Places",
    "checks_of",
    "hash_at",
    "hash_every",
    "padded_words",
    "scale",
    "surroundings",
]

GRAM, STRIDE = 16, 32
SHARED_BYTES = GRAM + STRIDE - 1  # 47: 50 as written, with three of them doubled spaces
REACH = SHARED_BYTES - GRAM
PAD = 64

U64 = np.uint64
_C = [
    U64(c) for c in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
]

Bytes: TypeAlias = "NDArray[np.uint8]"
Hashes: TypeAlias = "NDArray[np.uint64]"
Places: TypeAlias = "NDArray[np.int64]"


def padded_words(raw: Bytes) -> tuple[Bytes, Hashes]:
    """Bytes with `PAD` zeros on both sides, and the 8 bytes at every offset as a number."""
    padded = np.zeros(len(raw) + 2 * PAD, dtype=np.uint8)
    padded[PAD : PAD + len(raw)] = raw
    return padded, np.ndarray((len(padded) - 7,), dtype="<u8", buffer=padded, strides=(1,))


def _stir(x: Hashes) -> Hashes:
    x ^= x >> U64(32)
    x *= _C[3]
    x ^= x >> U64(29)
    return x


def hash_at(words: Hashes, at: Places) -> Hashes:
    """Hashes of the runs at some offsets."""
    return _stir(words[at] * _C[0] + words[at + 8] * _C[1])


def hash_every(words: Hashes, start: int, stop: int) -> Hashes:
    """Hashes of the runs at every offset of a stretch."""
    return _stir(words[start:stop] * _C[0] + words[start + 8 : stop + 8] * _C[1])


def checks_of(words: Hashes, at: Places, hashes: Hashes) -> NDArray[np.uint32]:
    """Check bits of runs: 8 of the run, 10 of the 15 bytes before, 10 of the 16 bytes after."""
    left = _stir(words[at - 15] * _C[1] + words[at - 8] * _C[2]) >> U64(54)
    right = _stir(words[at + 16] * _C[2] + words[at + 24] * _C[0]) >> U64(54)
    tag = hashes & U64(0xFF)
    checks: NDArray[np.uint32] = ((tag << U64(24)) | (left << U64(14)) | (right << U64(4))).astype(
        np.uint32
    )
    return checks


def surroundings(words: Hashes, at: Places) -> Hashes:
    """A hash of the run with `REACH` bytes on both sides."""
    total = np.zeros(len(at), dtype=U64)
    for number, offset in enumerate((-31, -24, -16, -8, 0, 8, 16, 24, 32, 39)):
        total += words[at + offset] * _C[number % 3]
        total ^= total >> U64(31)
        total *= _C[2]
    return _stir(total)


def scale(hashes: Hashes, size: int) -> Places:
    """Hashes to 0 .. size - 1 in their order (Lemire 2019); size below 2**32."""
    return (((hashes >> U64(32)) * U64(size)) >> U64(32)).astype(np.int64)
