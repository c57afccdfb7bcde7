"""Retry policies, and which errors are outages. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.errors import RocketError


@dataclass(frozen=True, slots=True)
class Policy:
    """Exponential back-off. `first` and `longest` in seconds; `attempts` counts the first one."""

    attempts: int
    first: float
    longest: float

    def delay(self, attempt: int) -> float | None:
        """Seconds to wait after failed attempt number `attempt` (from 1); None: give up."""
        if attempt >= self.attempts:
            return None
        return min(self.longest, self.first * 2.0 ** min(attempt - 1, 30))


EVENTS = Policy(attempts=5, first=0.1, longest=2.0)
"""The policy for events whose handling fails."""
OUTAGES = Policy(attempts=1 << 62, first=0.2, longest=10.0)
"""The policy for events that wait for a dependency: without end, because the events are valid."""


def is_outage(error: BaseException) -> bool:
    """Whether an error means that a dependency is down, not that the event is invalid."""
    return isinstance(error, RocketError) and error.transient
