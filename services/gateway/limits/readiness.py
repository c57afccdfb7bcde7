"""Readiness, checked once for all who ask at the same time.

Probes of `/readyz` are not rate limited: one that got 429 while a system starts would take it for broken. Instead a
running check and an answer of the last REUSED_S are shared, so many probes cost the services as much as one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from libs.shared.concurrency.tasks import TaskSet
from libs.shared.contracts.operations import Readiness

REUSED_S = 0.2
"""How long an answer is given again."""

States = dict[str, Readiness]


class SharedReadiness:
    """The last check of this gateway alone, and the last one of all services."""

    def __init__(self) -> None:
        self._tasks = TaskSet("readiness")
        self._running: dict[bool, asyncio.Task[States]] = {}
        self._ended: dict[bool, float] = {}

    async def states(self, alone: bool, check: Callable[[bool], Awaitable[States]]) -> States:
        """The states of a check that runs or has just ended, else of a new `check(alone)`."""
        task = self._running.get(alone)
        if task is None or (task.done() and time.monotonic() - self._ended.get(alone, 0.0) > REUSED_S):
            task = self._running[alone] = self._tasks.start(self._run(alone, check))
        return await asyncio.shield(task)  # one who leaves does not end it for the others

    async def _run(self, alone: bool, check: Callable[[bool], Awaitable[States]]) -> States:
        try:
            return await check(alone)
        finally:
            self._ended[alone] = time.monotonic()
