"""The times of schedules, over changes of the clock and outages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.workflow.schedules.times import OUTAGE, firing, following

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(cron: str, zone: str, after: str, count: int) -> list[str]:
    found, moment = [], utc(after)
    for _ in range(count):
        coming = following(cron, zone, moment)
        assert coming is not None
        found.append(f"{coming:%m-%d %H:%M:%S}")
        moment = coming
    return found


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("0 9 * * 1", "UTC", "2026-11-30T08:59:59", ["11-30 09:00:00", "12-07 09:00:00"]),
        # The clock goes from 02:00 to 03:00: the time that it skips comes when it goes on.
        ("30 2 * * *", BERLIN, "2026-03-28T12:00:00", ["03-29 01:00:00", "03-30 00:30:00"]),
        # It goes from 03:00 back to 02:00: the time that it repeats comes once.
        ("30 2 * * *", BERLIN, "2026-10-24T12:00:00", ["10-25 00:30:00", "10-26 01:30:00"]),
        # Every hour is every hour.
        ("0 * * * *", BERLIN, "2026-10-24T23:30:00", ["10-25 00:00:00", "10-25 01:00:00", "10-25 02:00:00"]),
        ("*/20 * * * * *", "UTC", "2026-01-01T00:00:00", ["01-01 00:00:20", "01-01 00:00:40", "01-01 00:01:00"]),
    ],
)
def test_times_of_time_zones(cron: str, zone: str, after: str, expected: list[str]) -> None:
    assert times(cron, zone, after, len(expected)) == expected


def test_each_time_counts_when_it_is_late_for_a_moment() -> None:
    found = firing("* * * * * *", "UTC", utc("2026-01-01T00:00:01"), utc("2026-01-01T00:00:30"))
    assert (found.due, found.following) == (utc("2026-01-01T00:00:01"), utc("2026-01-01T00:00:02"))


def test_an_outage_is_made_up_for_once() -> None:
    found = firing("*/5 * * * *", "UTC", utc("2026-01-01T00:05:00"), utc("2026-01-01T07:33:20"))
    assert (found.due, found.following) == (utc("2026-01-01T07:30:00"), utc("2026-01-01T07:35:00"))
    only = firing("0 9 1 1 *", "UTC", utc("2026-01-01T09:00:00"), utc("2026-06-01T00:00:00"))
    assert (only.due, only.following) == (utc("2026-01-01T09:00:00"), utc("2027-01-01T09:00:00"))


CRONS = ("*/7 * * * *", "0 */2 * * *", "30 2 * * *", "15 1,2,3 * * 0", "59 23 L * *", "*/30 */3 * * * *")
ZONES = ("UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
MOMENTS = st.integers(0, 270 * 86_400).map(lambda seconds: utc("2026-03-01T00:00:00") + timedelta(seconds=seconds))


@given(st.sampled_from(CRONS), st.sampled_from(ZONES), MOMENTS, st.integers(0, 200_000))
def test_times_go_on_and_none_is_due_twice(cron: str, zone: str, start: datetime, late: int) -> None:
    first = following(cron, zone, start)
    assert first is not None and first > start
    now = first + timedelta(seconds=late)
    found = firing(cron, zone, first, now)
    assert first <= found.due <= now
    assert found.following is not None and found.following > found.due
    if now - first > OUTAGE:
        assert found.following > now
