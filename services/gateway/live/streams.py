"""Limits how many live streams there are at once: per user, per app, and in this process."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from libs.shared.errors import RocketError

RETRY = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True)
class MaxStreams:
    """How many streams there may be at once."""

    user: int
    app: int
    process: int


class StreamLimiter:
    """Counts the streams of this process."""

    def __init__(self, limits: MaxStreams) -> None:
        self._limits = limits
        self._users: Counter[tuple[str, str]] = Counter()
        self._apps: Counter[str] = Counter()

    @contextlib.contextmanager
    def admit(self, app_id: str, user_id: str) -> Iterator[None]:
        """Count a stream for the length of the block. Raises RATE_LIMITED where there are too many."""
        user = (app_id, user_id)
        if self._users[user] >= self._limits.user:
            raise RocketError("RATE_LIMITED", f"You have {self._limits.user} live streams already", headers=RETRY)
        if self._apps[app_id] >= self._limits.app or self._apps.total() >= self._limits.process:
            raise RocketError("RATE_LIMITED", "There are too many live streams, try again later", headers=RETRY)
        self._users[user] += 1
        self._apps[app_id] += 1
        try:
            yield
        finally:
            _decrement(self._users, user)
            _decrement(self._apps, app_id)


def _decrement(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
