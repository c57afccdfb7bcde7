"""Concurrent equal reads share one query, counted by a sequence on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from deploy.embedded.stack import Stack
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database, Databases
from libs.shared.testing.polling import eventually
from services.data.query.shared_reads import SharedReads
from tests.support.app_database import app_row, sibling
from tests.support.client import Client

RUN = "SELECT nextval('runs') AS run, $1::text AS given"
LONG = 15.0


@pytest.fixture
async def database(stack: Stack, admin: Client) -> AsyncIterator[Database]:
    """A database to which there is one connection."""
    databases = Databases(sibling(stack.database_url, (await app_row(stack, admin))["database"]), 1)
    await databases.platform.execute("CREATE SEQUENCE runs")
    yield databases.platform
    await databases.close()


async def runs(reads: SharedReads, database: Database, *asked: str) -> list[int]:
    """What has been run for those who ask at once, each with a text of its own or the same as others."""
    async with asyncio.timeout(LONG):
        rows = await asyncio.gather(*(reads.read(database, RUN, [text], LONG) for text in asked))
    assert [row["given"] for row in rows] == list(asked)
    return [row["run"] for row in rows]


async def turns() -> None:
    """Let tasks that have been begun come to where they wait for PostgreSQL."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_concurrent_equal_reads_share_one_query(database: Database) -> None:
    reads = SharedReads()
    assert await runs(reads, database, "a", "b", "a", "a", "b") == [1, 2, 1, 1, 2]
    assert await runs(reads, database, "a", "a") == [3, 3]


async def test_reads_are_compared_by_list_elements(database: Database) -> None:
    reads, sql = SharedReads(), "SELECT nextval('runs') AS run, $1::text[] AS given"
    asked = [["a", "b"], ["a", "b"], ["b", "a"], [], ("a", "b")]
    rows = await asyncio.gather(*(reads.read(database, sql, [each], LONG) for each in asked))
    assert [row["run"] for row in rows] == [1, 1, 2, 3, 1]
    assert [row["given"] for row in rows] == [list(each) for each in asked]


async def test_reads_waiting_for_a_connection_are_shared(database: Database) -> None:
    reads = SharedReads()
    async with database.connection():
        early = asyncio.create_task(runs(reads, database, "a"))
        await turns()
        late = asyncio.create_task(runs(reads, database, "a"))
        await turns()
    assert await early == await late == [1]


async def test_reads_after_the_query_was_sent_run_again(stack: Stack, database: Database) -> None:
    """What has begun may not see what has been committed since."""
    reads, gated = SharedReads(), "SELECT nextval('runs') AS run FROM gate"
    await database.execute("CREATE TABLE gate AS SELECT 1 AS n")
    two = Databases(sibling(stack.database_url, database.name), 2)
    ask = partial(reads.read, two.platform, gated, [], LONG)
    try:
        async with database.transaction() as transaction:
            await transaction.execute("LOCK TABLE gate")

            async def waiting(tasks: int) -> bool:
                # For this table: services of the same server wait for locks of theirs, too.
                waiting_for_it = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'gate'::regclass"
                return bool(await transaction.fetchval(waiting_for_it) == tasks)

            first = asyncio.create_task(ask())
            await eventually(lambda: waiting(1))
            second = asyncio.create_task(ask())
            await eventually(lambda: waiting(2))
        async with asyncio.timeout(LONG):
            assert {(await first)["run"], (await second)["run"]} == {1, 2}
    finally:
        await two.close()


async def test_a_read_sees_earlier_writes(database: Database) -> None:
    """Many write and then look, all at what all others look at too."""
    reads = SharedReads()
    await database.execute("CREATE TABLE things (n int)")

    async def write_and_look(number: int) -> None:
        await database.execute("INSERT INTO things VALUES ($1)", number)
        row = await reads.read(database, "SELECT array_agg(n) AS seen FROM things", [], LONG)
        assert number in row["seen"]

    await asyncio.gather(*(write_and_look(number) for number in range(200)))


async def test_a_failure_reaches_exactly_its_sharers(database: Database) -> None:
    reads = SharedReads()
    failed = await asyncio.gather(
        *(reads.read(database, "SELECT 1 / $1::int AS n", [0], LONG) for _ in range(3)),
        reads.read(database, "SELECT 1 / $1::int AS n", [1], LONG),
        return_exceptions=True,
    )
    assert [isinstance(each, Exception) for each in failed] == [True, True, True, False]
    assert (await reads.read(database, "SELECT 1 / $1::int AS n", [1], LONG))["n"] == 1


async def test_a_cancelled_sharer_does_not_affect_the_others(database: Database) -> None:
    reads = SharedReads()
    async with database.connection():
        impatient = asyncio.create_task(runs(reads, database, "a"))
        patient = asyncio.create_task(runs(reads, database, "a"))
        await turns()
        impatient.cancel()
    assert await patient == [1]
    assert impatient.cancelled()


async def test_a_shared_query_has_the_longest_deadline(database: Database) -> None:
    reads, slow = SharedReads(), "SELECT pg_sleep(1)"
    with pytest.raises(RocketError) as refused:
        await reads.read(database, slow, [], 0.05)
    assert refused.value.code == "TIMEOUT"
    rows = await asyncio.gather(reads.read(database, slow, [], 0.05), reads.read(database, slow, [], LONG))
    assert None not in rows


async def test_within_a_transaction_its_own_writes_are_seen(database: Database) -> None:
    reads = SharedReads()
    await database.execute("CREATE TABLE things (n int)")
    async with database.ambient_transaction():
        await database.execute("INSERT INTO things VALUES (7)")
        assert (await reads.read(database, "SELECT n FROM things", [], LONG))["n"] == 7
