"""Codecs for all dates and times that Python can represent.

asyncpg decodes infinity as Python's smallest and largest values and encodes those as infinity. Our columns hold no
infinite times, so these codecs encode the smallest and largest values as themselves.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from libs.shared.postgres.asyncpg_internals import set_codec

DATE, TIMESTAMPTZ = 1082, 1184
"""PostgreSQL's own ids of the two types, the same everywhere."""
DAY = date(2000, 1, 1).toordinal()
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NEVER = datetime.max.replace(tzinfo=UTC)
BEGINNING = datetime.min.replace(tzinfo=UTC)
FOREVER = 2**63 - 1
LAST_DAY = 2**31 - 1


def install(connection: Any) -> None:
    """Set the functions below as the codecs of an asyncpg connection."""
    set_codec(connection, DATE, "date", encode_date, decode_date)
    set_codec(connection, TIMESTAMPTZ, "timestamptz", encode_time, decode_time)


def encode_date(day: date) -> tuple[int]:
    """Days since 2000."""
    return (day.toordinal() - DAY,)


def decode_date(sent: tuple[int]) -> date:
    """Return the date; the first or last date for an infinite one."""
    if abs(sent[0]) >= LAST_DAY:
        return date.max if sent[0] > 0 else date.min
    return date.fromordinal(sent[0] + DAY)


def encode_time(moment: datetime) -> tuple[int]:
    """Microseconds since 2000. Raises TypeError for a time without a zone."""
    return ((moment - EPOCH) // MICROSECOND,)


def decode_time(sent: tuple[int]) -> datetime:
    """Return the time in UTC; the first or last time for an infinite one."""
    if abs(sent[0]) >= FOREVER:
        return NEVER if sent[0] > 0 else BEGINNING
    return EPOCH + timedelta(microseconds=sent[0])
