"""The times of schedules. Pure: the time is a parameter.

Cron's fields mean the clock of a time zone. A time that a change of the clock skips comes when the clock goes on, one
that it repeats comes once (cronsim follows Debian's cron); with fields for seconds each moment counts for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

OUTAGE = timedelta(minutes=1)
"""Lateness from which the times that were missed are made up for by one; below it each time counts."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A time that has come, and the next one after it; None: there is none."""

    due: datetime
    following: datetime | None


def following(cron: str, timezone: str, after: datetime) -> datetime | None:
    """The first time after a moment; None if it never comes again."""
    for moment in CronSim(cron, after.astimezone(ZoneInfo(timezone))):
        if moment.astimezone(UTC) > after:
            return moment.astimezone(UTC)
    return None


def firing(cron: str, timezone: str, next_at: datetime, now: datetime) -> Firing:
    """What is due when `next_at` has come: after an outage the latest time that was missed stands for all of them."""
    if now - next_at <= OUTAGE:
        return Firing(next_at, following(cron, timezone, next_at))
    return Firing(_latest(cron, timezone, next_at, now), following(cron, timezone, now))


def _latest(cron: str, timezone: str, first: datetime, now: datetime) -> datetime:
    for moment in CronSim(cron, (now + timedelta(seconds=1)).astimezone(ZoneInfo(timezone)), reverse=True):
        if moment.astimezone(UTC) <= now:
            return max(first, moment.astimezone(UTC))
    return first
