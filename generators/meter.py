"""What a client has done so far: the counters that a live display reads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

__all__ = ["ClientStats", "Meter"]

_RATE_WINDOW_S = 20.0


@dataclass(frozen=True, slots=True)
class ClientStats:
    """A snapshot for a live display. `tokens_per_second` counts the last 20 s."""

    requests: int
    completed: int
    failed: int
    retries: int
    in_flight: int
    prompt_tokens: int
    completion_tokens: int
    tokens_per_second: float


@dataclass(slots=True)
class Meter:
    """The counters themselves."""

    requests: int = 0
    completed: int = 0
    failed: int = 0
    retries: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    started: float | None = None
    recent: list[tuple[float, int]] = field(default_factory=list)

    def begin(self) -> None:
        """A request is on its way."""
        self.in_flight += 1
        if self.started is None:
            self.started = time.monotonic()

    def note_answer(self, prompt_tokens: int, completion_tokens: int) -> None:
        """A request was answered."""
        self.completed += 1
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        now = time.monotonic()
        self.recent.append((now, completion_tokens))
        if len(self.recent) > 256:
            self.recent = [r for r in self.recent if r[0] > now - _RATE_WINDOW_S]

    def rate(self) -> float:
        """Tokens written a second, over the last 20 s."""
        now = time.monotonic()
        if self.started is None:
            return 0.0
        window = min(_RATE_WINDOW_S, max(now - self.started, 1e-3))
        return sum(n for at, n in self.recent if at > now - window) / window

    def snapshot(self) -> ClientStats:
        """The counters as they are now."""
        return ClientStats(
            requests=self.requests,
            completed=self.completed,
            failed=self.failed,
            retries=self.retries,
            in_flight=self.in_flight,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            tokens_per_second=self.rate(),
        )
