"""Functions over dates and durations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from libs.shared.expressions.limits import Meter
from libs.shared.expressions.values.figures import number
from libs.shared.expressions.values.moments import Moment, duration, instant, moment

Function = Callable[[Meter, Any], Any]


def date(meter: Meter, value: Any) -> Moment:
    """The date or instant of an ISO string; a date is returned as it is."""
    return moment(value, "date takes")


def lasting(unit: timedelta, name: str) -> Function:
    """The function `name` that makes a duration of so many units."""

    def lasts(meter: Meter, count: Any) -> timedelta:
        return duration(number(count, f"{name} takes"), unit)

    return lasts


def part(name: str) -> Function:
    """The function `name` (year, month or day) that takes this part out of a date, in UTC."""

    def takes(meter: Meter, value: Any) -> int:
        found = moment(value, f"{name} takes")
        whole = instant(found) if isinstance(found, datetime) else found
        return int(getattr(whole, name))

    return takes
