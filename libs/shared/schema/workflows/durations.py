"""Lengths of time as texts: "72h", "30m", "1s", "1h30m"."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

MAX_TIMEOUT = timedelta(days=3660)
TIMEOUT = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?", re.ASCII)


def parse_timeout(text: str) -> timedelta:
    """The length of "72h", "30m", "1s" or "1h30m". Raises ValueError."""
    match = TIMEOUT.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < length <= MAX_TIMEOUT:
        raise ValueError('must be a time such as "72h", "30m" or "1s", longer than nothing and up to ten years')
    return length


def _readable(text: str) -> str:
    parse_timeout(text)
    return text


Duration = Annotated[str, AfterValidator(_readable)]
"""The text of a length of time."""
