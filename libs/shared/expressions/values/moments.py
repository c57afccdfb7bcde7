"""Dates, instants and durations.

A date is a `date`, an instant a `datetime`; as an instant, a date is its midnight and a time without
offset is UTC. An ISO 8601 string stands for its date wherever one is needed.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from libs.shared import clock
from libs.shared.expressions.errors import EvaluationError
from libs.shared.expressions.values.calculation import divide, multiply, rounded
from libs.shared.expressions.values.figures import Number
from libs.shared.expressions.values.kinds import refuse

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
ISO = re.compile(f"{DATE}(?P<time>[T ]{TIME}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?")
"""Dates as records hold them; `fromisoformat` alone would take much more, `20240101` for one."""

MICROSECOND = timedelta(microseconds=1)
Moment = date | datetime


def read(text: str) -> Moment | None:
    """The date or the instant (in UTC) that `text` is, or None."""
    found = ISO.fullmatch(text)
    if found is None:
        return None
    try:
        return instant(datetime.fromisoformat(text)) if found["time"] else date.fromisoformat(text)
    except (ValueError, EvaluationError):
        return None


def moment(value: Any, purpose: str) -> Moment:
    """`value`, a date or an ISO string, as a date or instant; EvaluationError `<purpose> a date`."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise refuse(f"{purpose} a date, not {{}}", value)
    found = read(value)
    if found is None:
        raise EvaluationError(f"{purpose} a date, and this string is none")
    return found


def instant(value: Moment) -> datetime:
    """The moment as an instant in UTC."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError:
        raise EvaluationError("the date is out of range") from None


def same(left: Any, right: Any) -> bool:
    """Whether a date equals a date or an ISO string; a string that is no date equals none."""
    try:
        return instant(moment(left, "")) == instant(moment(right, ""))
    except EvaluationError:
        return False


def shift(start: Moment, by: timedelta) -> Moment:
    """`start` later by `by`: a date stays one as long as `by` is of whole days."""
    try:
        if not isinstance(start, datetime) and not by % timedelta(days=1):
            return start + by
        return instant(start) + by
    except OverflowError:
        raise EvaluationError("the date is out of range") from None


def duration(count: Number, unit: timedelta) -> timedelta:
    """`count` times `unit`, to the microsecond."""
    try:
        return timedelta(microseconds=int(rounded(multiply(count, unit // MICROSECOND))))
    except OverflowError:
        raise EvaluationError("the duration is too long") from None


def ratio(left: timedelta, right: timedelta) -> Number:
    """How many times `right` goes into `left`: `(b - a) / days(1)` counts days."""
    return divide(left // MICROSECOND, right // MICROSECOND)


def together(left: timedelta, right: timedelta) -> timedelta:
    """Both durations as one."""
    try:
        return left + right
    except OverflowError:
        raise EvaluationError("the duration is too long") from None


def opposite(value: timedelta) -> timedelta:
    """The duration with the other sign."""
    try:
        return -value
    except OverflowError:
        raise EvaluationError("the duration is too long") from None


def plain(value: Moment) -> str:
    """ISO 8601 text: `2024-01-31` or `2024-01-31T08:00:00Z`."""
    return clock.iso(instant(value)) if isinstance(value, datetime) else value.isoformat()
