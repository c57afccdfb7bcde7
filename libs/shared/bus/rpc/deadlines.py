"""Tasks with deadlines. One timer serves all of them, because one for each costs 5 % of a request."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Collection, Coroutine
from typing import Any

SWEEP_INTERVAL_S = 0.1
"""Seconds between searches for overdue tasks."""


class Deadlines:
    """Running tasks. A task over its deadline is cancelled, up to SWEEP_INTERVAL_S late; it can ask whether it was."""

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[None], float] = {}
        self._overdue: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._until)

    def tasks(self) -> Collection[asyncio.Task[None]]:
        """The running tasks."""
        return list(self._until)

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in a new task, which has no deadline until it calls `limit`.

        From Python 3.12 on the task starts at once and not in the next turn of the loop.
        """
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 12):
            task = asyncio.Task(work, loop=loop, eager_start=True)
        else:
            task = loop.create_task(work)
        # The task may have set its limit already.
        self._until.setdefault(task, math.inf)
        task.add_done_callback(self._ended)
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP_INTERVAL_S, self._sweep)

    def limit(self, seconds: float) -> None:
        """Set the deadline of the running task to `seconds` from now."""
        task = asyncio.current_task()
        assert task is not None, "only tasks have deadlines"
        self._until[task] = asyncio.get_running_loop().time() + seconds

    def overdue(self) -> bool:
        """Whether the running task was cancelled at its deadline. If so, it may continue to send the error."""
        task = asyncio.current_task()
        if task not in self._overdue:
            return False
        task.uncancel()
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._until.pop(task, None)
        self._overdue.discard(task)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for task, until in self._until.items():
            if until <= now and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        self._sweeping = loop.call_later(SWEEP_INTERVAL_S, self._sweep) if self._until else None
