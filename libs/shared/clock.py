"""The only module that reads the clock, so that decisions get the time as a parameter."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, with time zone UTC."""
    return datetime.now(UTC)


def unix() -> float:
    """Seconds since the epoch."""
    return time.time()


def iso(moment: datetime) -> str:
    """ISO 8601 with `Z`, milliseconds only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """The moment that `iso`, or PostgreSQL, has written."""
    return datetime.fromisoformat(text)


def is_ahead(moment: datetime) -> bool:
    """Whether a moment is in the future and can be stored."""
    try:
        moment.timestamp()
        return moment > now()
    except (OverflowError, ValueError):
        return False
