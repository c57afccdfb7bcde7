"""The state of a delivery after an attempt. Pure: time and chance are parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MAX_DELAY_S = 86_400.0
"""Longest delay between two attempts, in seconds."""
DEFAULT_JITTER_SHARE = 0.1
"""The share of the delay by which a retry may come earlier or later, so that retries spread."""


@dataclass(frozen=True, slots=True)
class DeliveryRetryPolicy:
    """The delays of retries: `first` and `longest` in seconds, `jitter` as a share."""

    backoff: str
    first: float
    longest: float = MAX_DELAY_S
    jitter: float = DEFAULT_JITTER_SHARE

    def delay(self, attempt: int, chance: float = 0.5) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1): first x 2^n, or always first.

        `chance`, from 0 to 1, selects the point within the jitter; 0.5 is no jitter.
        """
        factor = 1.0 if self.backoff == "linear" else 2.0 ** min(attempt - 1, 30)
        return min(self.longest, self.first * factor) * (1 + self.jitter * (2 * chance - 1))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The new status, and the time of the next attempt if that is `retrying`."""

    status: str
    next_retry_at: datetime | None = None


def judge(
    succeeded: bool,
    attempt: int,
    max_attempts: int,
    policy: DeliveryRetryPolicy,
    now: datetime,
    chance: float = 0.5,
    not_before: float | None = None,
) -> Verdict:
    """The verdict on attempt number `attempt`. Beyond `max_attempts`, a manual retry is a single attempt.

    `not_before` are the seconds of the endpoint's Retry-After.
    """
    if succeeded:
        return Verdict("delivered")
    if attempt >= max_attempts:
        return Verdict("failed")
    seconds = max(policy.delay(attempt, chance), not_before or 0.0)
    return Verdict("retrying", now + timedelta(seconds=seconds))


def retry_after(header: str | None, now: datetime, most: float) -> float | None:
    """The seconds that a Retry-After header asks for (a number, or a date), at most `most`; None for none."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(most, float(text[:12]))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(most, max(0.0, (moment - now).total_seconds()))
