"""Faults at every point where a process can die or lose its servers: around each statement, commit and request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from libs.shared.errors import unavailable
from libs.shared.postgres.asyncpg_internals import SharedTypesConnection

METHODS = ("execute", "fetch", "fetchrow", "fetchval")


class Killed(BaseException):
    """The process is gone. No `except Exception` sees it."""


class Faults:
    """Points with their names. `at` is asked at each, and raises what happens there."""

    def __init__(self) -> None:
        self.at: Callable[[str], None] = _nothing

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Pass a point before and after every statement of this test process."""
        for name in METHODS:
            patch.setattr(SharedTypesConnection, name, self._around(getattr(SharedTypesConnection, name)))

    def _around(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def run(connection: Any, sql: str, *args: Any, **more: Any) -> Any:
            name = " ".join(sql.split())[:60]
            # A transaction that has begun is the point before its first statement. What is rolled back, the server
            # rolls back for a client that has gone.
            if name.startswith(("BEGIN", "ROLLBACK")):
                return await method(connection, sql, *args, **more)
            try:
                self.at(f"before {name}")
                found = await method(connection, sql, *args, **more)
                if not name.startswith("SELECT"):  # after it nothing is otherwise than before it
                    self.at(f"after {name}")
            except BaseException:
                if name.startswith("COMMIT"):
                    connection.terminate()  # the driver does not know whether it is within a transaction
                raise
            return found

        return run


class EveryPoint:
    """Raises a fault at every point once: each time that a stretch of work is tried, one point further on.

    With `among` only at points whose names hold one of these words.
    """

    def __init__(self, fault: Callable[[], BaseException], *among: str) -> None:
        self.fault = fault
        self._among = among or ("",)
        self._stretch = ""
        self._passes: Counter[str] = Counter()
        self.points: dict[tuple[str, str, int], None] = {}
        """The points at which it has struck: the stretch, the name, and which of that name."""

    def begin(self, stretch: str) -> None:
        """A stretch of work begins, or is tried again."""
        self._stretch = stretch
        self._passes.clear()

    def __call__(self, name: str) -> None:
        self._passes[name] += 1
        point = self._stretch, name, self._passes[name]
        if point not in self.points and any(word in name for word in self._among):
            self.points[point] = None
            raise self.fault()


def killed() -> BaseException:
    return Killed()


def outage() -> BaseException:
    return unavailable("a server")


def _nothing(name: str) -> None:
    """Nothing happens."""
