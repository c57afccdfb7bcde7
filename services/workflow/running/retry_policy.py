"""Decides whether and when a failed call is retried. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from libs.shared.bus.retry import Policy
from libs.shared.errors import RocketError

OUTAGE_RETRIES = Policy(attempts=1 << 62, first=0.5, longest=30.0)
"""For services that are down or busy: retried without a limit, as the call itself is valid."""
ERROR_RETRIES = Policy(attempts=20, first=0.5, longest=30.0)
"""For internal errors."""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The call failed temporarily; it is retried after `delay`."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The call failed permanently."""

    reason: str


def outcome_of(error: RocketError, attempts: int) -> RetryLater | GiveUp:
    """The outcome of a failed call, after `attempts` earlier failures."""
    delay = None
    if error.transient or _was_locked(error):
        delay = OUTAGE_RETRIES.delay(attempts + 1)
    elif error.status >= 500:
        delay = ERROR_RETRIES.delay(attempts + 1)
    return GiveUp(error.message) if delay is None else RetryLater(timedelta(seconds=delay))


def _was_locked(error: RocketError) -> bool:
    """Whether the record was locked: a conflict without details."""
    return error.code == "CONFLICT" and not error.details
