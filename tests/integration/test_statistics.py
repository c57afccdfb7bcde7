"""Statistics are one snapshot under concurrent writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from deploy.embedded.stack import Stack
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Connection, Database, Databases
from services.events import store
from tests.support.app_database import app_row, sibling
from tests.support.client import Client

MOMENT = datetime.now(UTC) + timedelta(days=2)
"""A time of which nobody else tells anything."""
WINDOW = timedelta(hours=1)
TELL = """
INSERT INTO events.events (trace_id, event_type, source, component, action, duration_ms, status, created_at)
VALUES (gen_random_uuid(), 'system', 'http', 'c', 'a', 1, 'ok', $1)
"""


class Busy(Database):
    """A database to which somebody else writes an event before each of our statements."""

    def __init__(self, database: Database, other: Connection) -> None:
        super().__init__(database._pools, database.name)
        self._other = other

    async def _run(self, method: str, sql: str, args: tuple[Any, ...], timeout: Any) -> Any:
        await self._other.execute(TELL, MOMENT)
        return await super()._run(method, sql, args, timeout)


@pytest.fixture
async def busy(stack: Stack, admin: Client) -> AsyncIterator[Busy]:
    row = await app_row(stack, admin)
    databases = Databases(stack.database_url, 2)
    connection = await asyncpg.connect(sibling(stack.database_url, row["database"]))
    try:
        await connection.execute("SELECT events.ensure_day($1)", MOMENT.date())
        yield Busy(databases.of(AppRef(row["id"], admin.prefix, row["database"])), connection)
    finally:
        await connection.close()
        await databases.close()


async def test_statistics_are_one_snapshot(busy: Busy) -> None:
    found = orjson.loads(
        orjson.dumps(await store.stats(busy, (MOMENT - WINDOW, MOMENT + WINDOW), ["source", "action"], "true", []))
    )
    sums = [sum(part["count"] for part in found[group]) for group in ("by_source", "by_action")]
    assert [found["summary"]["total_events"], *sums, len(found["slowest_traces"])] == [1, 1, 1, 1]
