"""Questions about events read the partitions that they need and no others; old days go without touching rows."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from bench.event_rows import FILL, SPANS_OF_A_TRACE, beginning, days_before
from deploy.embedded.stack import Stack
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database, Databases
from services.events import store
from services.events.queries import conditions, events_selection
from tests.support.app_database import app_row, sibling
from tests.support.client import Client

DAYS, EVENTS = 10, 100_000
TODAY = datetime.now(UTC).date() - timedelta(days=20)
"""Days of which nobody else tells anything."""


class Explaining(Database):
    """A database that remembers the plans of what it runs."""

    def __init__(self, database: Database, connection: Any) -> None:
        super().__init__(database._pools, database.name)
        self.explaining = connection
        self.plans: list[Any] = []

    async def _run(self, method: str, sql: str, args: tuple[Any, ...], timeout: Any) -> Any:
        plan = await self.explaining.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", *args)
        self.plans.append(orjson.loads(plan)[0]["Plan"])
        return await super()._run(method, sql, args, timeout)

    def read(self) -> set[str]:
        """The partitions that were read since the last time."""
        found = {name for plan in self.plans for name in _scanned(plan)}
        self.plans.clear()
        return found


def _scanned(plan: Any) -> Iterator[str]:
    if plan.get("Relation Name", "").startswith("events_") and plan["Actual Loops"]:
        yield plan["Relation Name"]
    for child in plan.get("Plans", ()):
        yield from _scanned(child)


def partition(day: date) -> str:
    return f"events_{day:%Y%m%d}"


@pytest.fixture(scope="module")
async def filled(stack: Stack, client: Client) -> AsyncIterator[Explaining]:
    admin = await client.new_app()
    row = await app_row(stack, admin)
    databases = Databases(stack.database_url, 2)
    connection = await asyncpg.connect(sibling(stack.database_url, row["database"]))
    try:
        for day in days_before(TODAY, DAYS):
            await connection.execute("SELECT events.ensure_day($1)", day)
            traces = EVENTS // DAYS // SPANS_OF_A_TRACE
            await connection.execute(FILL, beginning(day), traces, timedelta(hours=23), timeout=60)
        await connection.execute("VACUUM ANALYZE events.events")
        yield Explaining(databases.of(AppRef(row["id"], admin.prefix, row["database"])), connection)
    finally:
        await connection.close()
        await databases.close()


async def test_questions_read_the_days_that_they_are_about(filled: Explaining) -> None:
    since, until = beginning(TODAY) - timedelta(hours=4), beginning(TODAY) + timedelta(hours=20)
    figures = await store.stats(filled, (since, until), ["source", "action"], "true", [], timedelta(hours=1))
    assert figures["summary"]["total_events"] > EVENTS / DAYS / 2
    assert filled.read() == {partition(TODAY), partition(TODAY - timedelta(days=1))}

    query = [("from", since.isoformat()), ("to", until.isoformat()), ("source", "http")]
    rows, total = await store.page(filled, events_selection(query))
    assert len(orjson.loads(rows)) == 50 and total > 50
    assert filled.read() == {partition(TODAY), partition(TODAY - timedelta(days=1))}

    where, values = conditions([("source", "http")], before=1)
    await store.new_events(filled, beginning(TODAY) + timedelta(days=1), where, values)
    assert len(filled.read()) <= 2


async def test_the_first_page_is_taken_from_the_newest_day(filled: Explaining) -> None:
    selection = events_selection([("to", beginning(TODAY + timedelta(days=1)).isoformat())])
    sql = f"SELECT {store.COLUMNS} FROM events.events WHERE {selection.where} ORDER BY {selection.order} LIMIT 50"
    rows = await filled.fetch(sql, *selection.values)
    assert len(rows) == 50
    assert filled.read() == {partition(TODAY)}


async def test_a_trace_is_found_by_the_index_of_each_day(filled: Explaining) -> None:
    trace_id: uuid.UUID = await filled.explaining.fetchval("SELECT trace_id FROM events.events LIMIT 1")
    spans = await store.trace(filled, trace_id)
    assert len(spans) == SPANS_OF_A_TRACE
    [plan] = filled.plans
    filled_days = {partition(day) for day in days_before(TODAY, DAYS)}
    kinds = {node["Node Type"] for node in _nodes(plan) if node.get("Relation Name") in filled_days}
    assert kinds and "Seq Scan" not in kinds
    filled.plans.clear()


def _nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


async def test_retention_drops_days_without_touching_rows(filled: Explaining) -> None:
    def kept() -> Any:
        return filled.explaining.fetch(
            "SELECT c.relname, pg_relation_filenode(c.oid) AS file, pg_stat_get_tuples_deleted(c.oid) AS deleted "
            "FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'events.events'::regclass ORDER BY 1"
        )

    before = [tuple(row) for row in await kept()]
    # Not explained, as that would run it.
    dropped = await filled.explaining.fetchval(store.DROP_DAYS, TODAY - timedelta(days=2))
    after = [tuple(row) for row in await kept()]
    assert dropped == DAYS - 3 and set(after) < set(before) and len(before) - len(after) == dropped
    assert {deleted for *_, deleted in after} == {0}
