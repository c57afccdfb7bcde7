"""Locks held by a test, so that a request is certainly in progress."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import sibling

# Who waits for us, and who waits for them.
HELD_UP = """
WITH RECURSIVE held AS (
    SELECT pg_backend_pid() AS pid
    UNION SELECT l.pid FROM pg_locks l JOIN held ON held.pid = ANY(pg_blocking_pids(l.pid)) WHERE NOT l.granted
)
SELECT count(*) - 1 FROM held
"""

HeldUp = Callable[..., Awaitable[None]]


@contextlib.asynccontextmanager
async def holding(stack: Stack, database: str, statement: str, *values: Any) -> AsyncIterator[HeldUp]:
    """What `statement` locks is locked until the block ends; `await held_up(n)` waits until `n` wait for it.

    Tasks given to `held_up` may as well be done: for what does not wait where the lock was given up in between.
    """
    connection = await asyncpg.connect(sibling(stack.database_url, database))

    async def held_up(number: int = 1, *tasks: asyncio.Task[Any]) -> None:
        async def waiting() -> bool:
            return await connection.fetchval(HELD_UP) >= number or any(task.done() for task in tasks)

        await eventually(waiting)

    try:
        await connection.execute("BEGIN")
        await connection.execute(statement, *values)
        yield held_up
    finally:
        await connection.close()
