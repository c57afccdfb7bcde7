"""The state of a mail after an attempt. Pure: time is a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.shared.bus.retry import Policy

MAX_ATTEMPTS = 5
MAX_DELAY_S = 3_600.0
"""Longest delay between two attempts, in seconds."""


@dataclass(frozen=True, slots=True)
class MailOutcome:
    """An attempt's outcome. `error` may go with `sent` when only some recipients were refused."""

    sent: bool
    error: str | None = None
    permanent: bool = False
    """Whether the same mail would fail again: the server refused it, or there is none."""


@dataclass(frozen=True, slots=True)
class MailVerdict:
    """The new status, and the time of the next attempt if that is `retrying`."""

    status: str
    next_retry_at: datetime | None = None


def judge(outcome: MailOutcome, attempt: int, first: float, now: datetime) -> MailVerdict:
    """The verdict on attempt number `attempt` (from 1); `first` is the first delay in seconds, doubling."""
    if outcome.sent:
        return MailVerdict("sent")
    delay = None if outcome.permanent else Policy(MAX_ATTEMPTS, first, MAX_DELAY_S).delay(attempt)
    if delay is None:
        return MailVerdict("failed")
    return MailVerdict("retrying", now + timedelta(seconds=delay))
