"""Try again what may pass, with jittered backoff and the server's own wishes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_random_exponential,
)

from casewright.generators.faults import Transient

__all__ = ["RetryPolicy", "with_retries"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to try again.

    `attempts` counts the first; a try that ran into the request timeout has cost so much
    that only `attempts_after_timeout` are made.
    Waits are random, up to a bound that doubles from `initial_s` to `maximum_s`: requests
    that failed together do not come back together. A server's own Retry-After is
    honoured up to `retry_after_cap_s`.
    """

    attempts: int = 5
    attempts_after_timeout: int = 2
    initial_s: float = 0.5
    maximum_s: float = 20.0
    retry_after_cap_s: float = 120.0


async def with_retries(
    attempt: Callable[[], Awaitable[_T]],
    policy: RetryPolicy,
    *,
    on_retry: Callable[[], None],
) -> _T:
    """Run `attempt` until it succeeds, fails for good, or has used up its tries.

    Raises:
        Transient: the fault of the last try.
    """
    backoff = wait_random_exponential(multiplier=policy.initial_s, max=policy.maximum_s)

    def fault_of(state: RetryCallState) -> Transient | None:
        fault = state.outcome.exception() if state.outcome else None
        return fault if isinstance(fault, Transient) else None

    def wait(state: RetryCallState) -> float:
        fault, own = fault_of(state), float(backoff(state))
        if fault is None or fault.retry_after is None:
            return own
        return max(own, min(fault.retry_after, policy.retry_after_cap_s))

    def enough(state: RetryCallState) -> bool:
        fault = fault_of(state)
        silent = fault is not None and fault.kind == "silent"
        limit = policy.attempts_after_timeout if silent else policy.attempts
        return state.attempt_number >= min(limit, policy.attempts)

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Transient),
        stop=enough,
        wait=wait,
        before_sleep=lambda _: on_retry(),
        reraise=True,
    )
    return await retrying(attempt)
