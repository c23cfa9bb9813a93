"""Reproducible randomness: every random choice is a pure function of its keys.

Nothing here depends on process state, on Python's hash seed or on the order of
calls, so a case, a prompt or a request seed is the same on one shard and on
sixty-four.
"""

from __future__ import annotations

import random
from hashlib import blake2b

__all__ = ["derive_rng", "derive_seed", "fingerprint_bytes"]


def derive_seed(*keys: str | int, bits: int = 63) -> int:
    """Hash the keys to a non-negative integer below 2**bits.

    The keys are length-prefixed before hashing, so ("ab", "c") and ("a", "bc")
    differ, and a number differs from its digits.
    """
    digest = blake2b(digest_size=8)
    for key in keys:
        tag = b"i" if isinstance(key, int) else b"s"
        # A key may be a piece of the user's text, in which lone surrogates are possible.
        raw = str(key).encode("utf-8", "surrogatepass")
        digest.update(tag + len(raw).to_bytes(4, "big") + raw)
    return int.from_bytes(digest.digest(), "big") >> (64 - bits)


def derive_rng(*keys: str | int) -> random.Random:
    """Return a generator whose whole stream is a function of the keys."""
    return random.Random(derive_seed(*keys))


def fingerprint_bytes(data: bytes) -> str:
    """Return a 128-bit content hash as 32 hexadecimal digits."""
    return blake2b(data, digest_size=16).hexdigest()
