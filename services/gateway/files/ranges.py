"""Evaluates conditional and range requests for a file (RFC 9110, sections 13 and 14). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

RANGE = re.compile(r"bytes *= *(?:(\d{1,18}) *- *(\d{1,18})?|- *(\d{1,18}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileRange:
    """Status 200, 206, 304 or 416, and the bytes from `start` up to, not including, `end`."""

    status: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Validators:
    """What says whether a copy is still good: `etag` with its quotes, and the time of the last change."""

    etag: str
    modified: datetime

    @property
    def last_modified(self) -> str:
        """The time as HTTP writes it."""
        return format_datetime(self.modified, usegmt=True)


def requested_range(headers: Mapping[str, str], size: int, validators: Validators) -> FileRange:
    """What a GET with these headers is answered. Malformed and multiple ranges mean the whole file."""
    if _is_known(headers, validators):
        return FileRange(304)
    match = RANGE.fullmatch(headers.get("Range", "").strip())
    if match is None or not _range_applies(headers.get("If-Range", "").strip(), validators):
        return FileRange(200, 0, size)
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return FileRange(200, 0, size)  # no range at all, so there is none to be refused
    return FileRange(206, start, end) if start < end else FileRange(416)


def _is_known(headers: Mapping[str, str], validators: Validators) -> bool:
    tags = headers.get("If-None-Match")
    if tags is not None:
        return bool({tag.strip().removeprefix("W/") for tag in tags.split(",")} & {validators.etag, "*"})
    since = _time(headers.get("If-Modified-Since", ""))
    return since is not None and validators.modified.replace(microsecond=0) <= since


def _range_applies(condition: str, validators: Validators) -> bool:
    """If-Range: the strong tag, or exactly the time of the last change."""
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == validators.etag
    return _time(condition) == validators.modified.replace(microsecond=0)


def _time(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo is not None else None
