"""Faults at every point where a process can die or lose its servers: around each statement, commit and request."""

from __future__ import annotations

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
            if name.startswith("ROLLBACK"):  # the server does that for a client that has gone
                return await method(connection, sql, *args, **more)
            try:
                self.at(f"before {name}")
                found = await method(connection, sql, *args, **more)
                self.at(f"after {name}")
            except BaseException:
                if name.startswith(("BEGIN", "COMMIT")):
                    connection.terminate()  # the driver does not know which transaction it is in
                raise
            return found

        return run


class EveryPoint:
    """Raises a fault at every point once: each time that a stretch of work is tried, one point further on."""

    def __init__(self, fault: Callable[[], BaseException]) -> None:
        self._fault = fault
        self._passed: dict[str, int] = {}
        self._stretch = ""
        self._number = 0
        self.points: list[str] = []
        """The points at which it has struck."""

    def begin(self, stretch: str) -> None:
        """A stretch of work begins, or is tried again."""
        self._stretch, self._number = stretch, 0

    def __call__(self, name: str) -> None:
        self._number += 1
        if self._number > self._passed.get(self._stretch, 0):
            self._passed[self._stretch] = self._number
            self.points.append(f"{self._stretch}: {name}")
            raise self._fault()


def killed() -> BaseException:
    return Killed()


def outage() -> BaseException:
    return unavailable("a server")


def _nothing(name: str) -> None:
    """Nothing happens."""
