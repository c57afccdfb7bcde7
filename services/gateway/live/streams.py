"""How many live streams there may be: per user, per app, and in this process."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from libs.shared.errors import RocketError

RETRY = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True)
class Limits:
    """The most streams at once."""

    user: int
    app: int
    process: int


class Streams:
    """The streams of this process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._users: Counter[tuple[str, str]] = Counter()
        self._apps: Counter[str] = Counter()

    @contextlib.contextmanager
    def place(self, app_id: str, user_id: str) -> Iterator[None]:
        """A place for the length of the block. Raises RATE_LIMITED where there is none."""
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
            _give_back(self._users, user)
            _give_back(self._apps, app_id)


def _give_back(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
