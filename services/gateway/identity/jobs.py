"""Runs bounded background work after a response, so that the response time discloses nothing."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import structlog

from libs.shared.concurrency.tasks import TaskSet
from libs.shared.errors import unavailable

log = structlog.get_logger()

MAX_JOBS = 200
"""Jobs at once."""
DRAIN_S = 3.0
"""Time for jobs under way when the gateway stops."""


class Jobs:
    """Jobs under way."""

    def __init__(self) -> None:
        self._tasks = TaskSet("jobs")

    def check_room(self) -> None:
        """Raises SERVICE_UNAVAILABLE when too many are under way."""
        if len(self._tasks) >= MAX_JOBS:
            raise unavailable("login")

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin a job now. A failure is logged under its name."""
        self._tasks.start(self._run(name, work))

    async def close(self) -> None:
        """Give the jobs under way a moment to end, then cancel them."""
        await self._tasks.close(DRAIN_S)

    async def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            log.error("job.failed", job=name, exc_info=error)
