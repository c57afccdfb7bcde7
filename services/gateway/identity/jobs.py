"""Work that goes on behind an answer, so that its length tells nobody anything; bounded, and ended with the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from libs.shared.errors import unavailable

log = structlog.get_logger()

MOST = 200
"""Jobs at once."""
LAST = 3.0
"""Seconds for jobs under way when the gateway stops."""


class Jobs:
    """Jobs under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def check_room(self) -> None:
        """Raises SERVICE_UNAVAILABLE when there is too much under way."""
        if len(self._tasks) >= MOST:
            raise unavailable("login")

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do it, beginning now; a failure is logged under its name."""
        task = asyncio.create_task(self._run(name, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let what is under way end, for a moment."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST)
        for task in list(self._tasks):
            task.cancel()

    async def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            log.error("job.failed", job=name, exc_info=error)
