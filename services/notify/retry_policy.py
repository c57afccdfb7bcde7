"""What becomes of a notification after an attempt. Pure: time is a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

DELAYS = (1, 5, 30, 120, 360)
"""How long after each failed attempt the next one follows, in units of the first delay: of a minute by default."""
MAX_ATTEMPTS = len(DELAYS) + 1


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """An attempt's outcome. `error` may go with `sent` when only some recipients were refused."""

    sent: bool
    error: str | None = None
    permanent: bool = False
    """Whether the same one would fail again: the receiver refused it, or there is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The new status, and the time of the next attempt if there is one."""

    status: str
    next_retry_at: datetime | None = None

    @property
    def outcome(self) -> str:
        """What the log says of the attempt."""
        return "sent" if self.status == "sent" else "failed"


def judge(outcome: SendOutcome, attempt: int, first: float, now: datetime) -> Verdict:
    """The verdict on attempt number `attempt` (from 1); `first` is the first delay in seconds."""
    if outcome.sent:
        return Verdict("sent")
    if outcome.permanent or attempt >= MAX_ATTEMPTS:
        return Verdict("failed")
    return Verdict("pending", now + timedelta(seconds=DELAYS[attempt - 1] * first))
