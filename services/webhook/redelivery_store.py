"""The statements about redeliveries: ranges of the log that are derived again for a webhook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Connection, Database
from libs.shared.postgres.listings import json_page, load_json_page

SHOWN = """
id, webhook_id, first AS "from", last AS "to", least(position, last) AS position, deliveries, status, error, created_by,
created_at, updated_at
"""
INSERT = f"""
WITH made AS (
    INSERT INTO webhook.redeliveries (id, webhook_id, first, last, position, created_by, trace_id)
    VALUES ($1, $2, $3::bigint, $4, $3::bigint - 1, $5, $6) RETURNING *
)
SELECT row_to_json(r)::text FROM (SELECT {SHOWN} FROM made) r
"""
LIST = json_page(SHOWN, "webhook.redeliveries WHERE webhook_id = $1", "id DESC", "LIMIT $2 OFFSET $3")
RUNNING = """
SELECT id::text, webhook_id::text, first, last, position, n, trace_id FROM webhook.redeliveries
WHERE status = 'running' ORDER BY id LIMIT 20
"""
# An endpoint with so many waiting deliveries needs no more yet.
IS_BACKED_UP = """
SELECT count(*) >= $2 FROM (
    SELECT FROM webhook.deliveries WHERE endpoint = $1 AND due_at IS NOT NULL LIMIT $2
) d
"""
LAST_ENTRY = 2**31 - 1
"""A number greater than that of every entry of a position."""
# Only if its progress is unchanged: another replica may have continued it meanwhile.
ADVANCE = f"""
UPDATE webhook.redeliveries SET position = $4, n = $5, deliveries = deliveries + $6, updated_at = now(),
    status = CASE WHEN $4 >= last AND $5 = {LAST_ENTRY} THEN 'done' ELSE status END
WHERE id = $1 AND (position, n) = ($2, $3) AND status = 'running' RETURNING true
"""
FAIL = "UPDATE webhook.redeliveries SET status = 'failed', error = $2, updated_at = now() WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Redelivery:
    """A redelivery, read up to entry `n` of `position`."""

    id: str
    webhook_id: str
    first: int
    last: int
    position: int
    n: int
    trace_id: str = ""

    @classmethod
    def new(cls, webhook_id: str, first: int, last: int) -> Redelivery:
        """A redelivery that has not begun."""
        return cls(str(uuid7()), webhook_id, first, last, first - 1, 0)


async def insert(database: Connection | Database, redelivery: Redelivery, created_by: str, trace_id: str) -> bytes:
    """Store a new redelivery; returns it as JSON."""
    text: str = await database.fetchval(
        INSERT,
        UUID(redelivery.id),
        UUID(redelivery.webhook_id),
        redelivery.first,
        redelivery.last,
        created_by,
        trace_id,
    )
    return text.encode()


async def listing(database: Database, webhook_id: UUID, limit: int, offset: int) -> tuple[bytes, int]:
    """A page of a webhook's redeliveries as JSON, and how many there are."""
    return await load_json_page(database, LIST, webhook_id, limit, offset)


async def running(database: Database) -> list[Redelivery]:
    """The redeliveries that are not done, oldest first."""
    return [Redelivery(**dict(row)) for row in await database.fetch(RUNNING)]


async def is_backed_up(database: Database, endpoint: str, most: int) -> bool:
    """Whether at least `most` deliveries wait at an endpoint."""
    backed_up: bool = await database.fetchval(IS_BACKED_UP, endpoint, most)
    return backed_up


async def advance(transaction: Connection, redelivery: Redelivery, position: int, n: int, deliveries: int) -> bool:
    """Save the progress of a redelivery; False if another replica has continued it meanwhile."""
    moved: Any = await transaction.fetchval(
        ADVANCE, UUID(redelivery.id), redelivery.position, redelivery.n, position, n, deliveries
    )
    return bool(moved)


async def fail(database: Database, redelivery: Redelivery, error: str) -> None:
    """Fail a redelivery."""
    await database.execute(FAIL, UUID(redelivery.id), error[:2000])
