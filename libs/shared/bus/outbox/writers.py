"""The transactions that write into a log right now.

A writer holds a lock on the log's table from before it takes a position until after its commit is visible. So those who
hold the lock once a position is taken are the only ones that can still fill it, or one below (bus/outbox/watermark.py).
"""

from __future__ import annotations

import asyncio

from libs.shared.bus.outbox.watermark import Watermark
from libs.shared.postgres.databases import Database

POLL_S = (0.005, 0.1)
"""The shortest and longest pause between queries, in seconds."""
HOLDERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND granted AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation = $1::text::regclass
"""


async def close_taken(
    watermark: Watermark, database: Database, table: str, taken: int, poll_s: tuple[float, float] = POLL_S
) -> None:
    """Raise the watermark to `taken`, a position in use, after all present writers of `table` have ended.

    Callers must limit the wait.
    """
    pause, longest = poll_s
    writers = await _writers(database, table)
    while writers:
        await asyncio.sleep(pause)
        pause = min(pause * 2, longest)
        writers &= await _writers(database, table)
    watermark.close(taken)


async def _writers(database: Database, table: str) -> set[str]:
    return {row["virtualtransaction"] for row in await database.fetch(HOLDERS, table)}
