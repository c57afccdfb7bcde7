"""What becomes of a delivery after an attempt. Pure: time is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = 86_400.0
"""Seconds between two attempts at most."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The new status, and when to try again if that is `retrying`."""

    status: str
    next_retry_at: datetime | None = None


def delay(attempt: int, backoff: str, first: float) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): first x 2^n, or always first."""
    if backoff == "linear":
        return min(LONGEST, first)
    return min(LONGEST, first * 2.0 ** min(attempt - 1, 30))


def judge(succeeded: bool, attempt: int, max_attempts: int, backoff: str, first: float, now: datetime) -> Verdict:
    """The verdict on attempt number `attempt`; past `max_attempts` a manual retry has one try."""
    if succeeded:
        return Verdict("delivered")
    if attempt >= max_attempts:
        return Verdict("failed")
    return Verdict("retrying", now + timedelta(seconds=delay(attempt, backoff, first)))
