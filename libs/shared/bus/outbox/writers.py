"""Who writes into a log right now.

Whoever takes a position holds a lock on the log's table from before that until after its commit is visible
(bus/outbox/relay.py). So once a position is known to be taken, those who hold it then are the only ones that can still
fill it, or one below.
"""

from __future__ import annotations

import asyncio

from libs.shared.postgres.databases import Database

POLL = (0.005, 0.1)
"""Shortest and longest wait, in seconds, between looks."""
HOLDERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND granted AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation = $1::text::regclass
"""


async def writers_gone(database: Database, table: str, poll: tuple[float, float] = POLL) -> None:
    """Wait until none of those is left who write into `table` now. That is for callers to limit."""
    pause, longest = poll
    writers = await _writers(database, table)
    while writers:
        await asyncio.sleep(pause)
        pause = min(pause * 2, longest)
        writers &= await _writers(database, table)


async def _writers(database: Database, table: str) -> set[str]:
    return {row["virtualtransaction"] for row in await database.fetch(HOLDERS, table)}
