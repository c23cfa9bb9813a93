"""Confidence intervals of shares, exact and without a statistics library."""

from __future__ import annotations

from math import exp, lgamma, log

__all__ = ["quantile_ranks", "share_interval"]


def _log_binomial(k: int, n: int, p: float) -> float:
    if p <= 0 or p >= 1:
        return 0.0 if (k == 0 and p <= 0) or (k == n and p >= 1) else float("-inf")
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return ways + k * log(p) + (n - k) * log(1 - p)


def _at_most(k: int, n: int, p: float) -> float:
    """Probability of at most k successes."""
    return min(sum(exp(_log_binomial(i, n, p)) for i in range(k + 1)), 1.0)


def share_interval(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of Clopper and Pearson (1934) for k of n."""
    if n == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2

    def solve(few: int, target: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            if _at_most(few, n, middle) > target:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    return (0.0 if k == 0 else solve(k - 1, 1 - tail)), (1.0 if k == n else solve(k, tail))


def quantile_ranks(n: int, q: float, level: float = 0.95) -> tuple[int, int]:
    """Ranks (from 0) of the ordered values that bound the q-quantile; binomial, no assumption."""
    tail = (1 - level) / 2
    total, low, high = 0.0, 0, n - 1
    for k in range(n):
        total += exp(_log_binomial(k, n, q))
        if total <= tail:
            low = k
        if total >= 1 - tail:
            high = k
            break
    return low, min(high, n - 1)
