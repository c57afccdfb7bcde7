"""Dates and times keep their value from the first to the last; PostgreSQL's infinities become the ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from libs.shared.postgres.times import decode_date, decode_time, encode_date, encode_time


@pytest.mark.parametrize("day", [date.min, date(1999, 12, 31), date(2000, 1, 1), date.max])
def test_dates_survive(day: date) -> None:
    assert decode_date(encode_date(day)) == day


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=UTC), datetime(1999, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(2026, 5, 4, 12, 0, 0, 1, timezone(timedelta(hours=5, minutes=30))), datetime.max.replace(tzinfo=UTC),
    ],
)  # fmt: skip
def test_times_survive_to_the_microsecond(moment: datetime) -> None:
    found = decode_time(encode_time(moment))
    assert found == moment and found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        encode_time(datetime(2026, 1, 1))  # noqa: DTZ001


def test_infinities_become_the_first_and_the_last() -> None:
    assert (decode_date((2**31 - 1,)), decode_date((-(2**31),))) == (date.max, date.min)
    last, first = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    assert (decode_time((2**63 - 1,)), decode_time((-(2**63),))) == (last, first)
