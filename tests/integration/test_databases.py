"""Sessions and pools against a real server."""

from __future__ import annotations

import asyncio
from random import Random

import asyncpg

from deploy.embedded.stack import Stack
from libs.shared.postgres.databases import Databases
from libs.shared.postgres.pools import Pools
from tests.support.app_database import app_row, sibling
from tests.support.client import Client

COUNT = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'budgeted'"


async def test_sessions_are_in_utc_whatever_the_database_says(stack: Stack, admin: Client) -> None:
    name = (await app_row(stack, admin))["database"]
    url = sibling(stack.database_url, name)
    connection = await asyncpg.connect(url)
    await connection.execute(f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Kathmandu'")
    await connection.close()
    other = await asyncpg.connect(url)
    assert await other.fetchval("SHOW timezone") == "Asia/Kathmandu"
    await other.close()
    databases = Databases(url, 1)
    try:
        shown = await databases.platform.fetchval("SELECT to_json('2026-01-02T03:04:05Z'::timestamptz)::text")
        assert shown == '"2026-01-02T03:04:05+00:00"'
    finally:
        await databases.close()


async def test_databases_share_a_budget_that_is_never_exceeded(stack: Stack, client: Client) -> None:
    """Many tasks work in more databases than there are connections; what is idle makes room."""
    apps = [await app_row(stack, await client.new_app()) for _ in range(6)]
    url = sibling(stack.database_url, "postgres") + "&application_name=budgeted"
    pools = Pools(url, 3)
    randomness, most = Random(1), 0
    watcher = await asyncpg.connect(sibling(stack.database_url, "postgres"))

    async def work() -> int:
        async with pools.lend(randomness.choice(apps)["database"]) as connection:
            assert await connection.fetchval("SELECT 1") == 1
            seen: int = await watching(COUNT)
            return seen

    lock = asyncio.Lock()

    async def watching(sql: str) -> int:
        async with lock:
            found: int = await watcher.fetchval(sql)
            return found

    try:
        for _ in range(12):
            most = max(most, *await asyncio.gather(*(work() for _ in range(9))))
        assert 1 <= most <= 3
    finally:
        await pools.close()
        assert await watcher.fetchval(COUNT) == 0
        await watcher.close()


async def test_a_rarely_used_database_keeps_its_connection(stack: Stack) -> None:
    """While all connections are in use, the other database gets one once, and keeps it."""
    pools, seen = Pools(stack.database_url, 3), set[int]()
    done = asyncio.Event()

    async def busy() -> None:
        while not done.is_set():
            async with pools.lend("rocket") as connection:
                seen.add(connection.get_server_pid())
                await connection.fetchval("SELECT 1")

    workers = [asyncio.create_task(busy()) for _ in range(9)]
    try:
        for _ in range(40):
            async with pools.lend("postgres") as connection:
                seen.add(connection.get_server_pid())
                await connection.fetchval("SELECT 1")
    finally:
        done.set()
        await asyncio.gather(*workers)
        await pools.close()
    assert len(seen) < 20


async def test_cancelled_waiters_lose_no_connection(stack: Stack) -> None:
    pools = Pools(stack.database_url, 2)
    randomness = Random(2)

    async def use(name: str) -> None:
        async with pools.lend(name) as connection:
            await connection.fetchval("SELECT pg_sleep(0.001)")

    try:
        for _ in range(30):
            tasks = [asyncio.create_task(use(randomness.choice(("rocket", "postgres")))) for _ in range(8)]
            await asyncio.wait(tasks, timeout=randomness.random() / 100)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(10):
            async with pools.lend("rocket") as one, pools.lend("rocket") as other:
                assert one is not other
                assert await other.fetchval("SELECT 1") == 1
    finally:
        await pools.close()


async def test_server_types_are_read_once(stack: Stack) -> None:
    """Neither a second connection nor another database is asked what an array of numbers is."""
    pools, asked = Pools(stack.database_url, 2), list[str]()
    try:
        async with pools.lend("rocket") as first:
            assert await first.fetchval("SELECT $1::int8[]", [1, 2]) == [1, 2]
            for name in ("rocket", "postgres"):
                async with pools.lend(name) as connection:
                    connection.add_query_logger(lambda query: asked.append(query.query))
                    assert await connection.fetchval("SELECT $1::int8[]", [1, 2]) == [1, 2]
    finally:
        await pools.close()
    assert asked == ["SELECT $1::int8[]"] * 2


async def test_a_connection_inside_a_transaction_is_not_reused(stack: Stack) -> None:
    pools = Pools(stack.database_url, 1)
    try:
        async with pools.lend("rocket") as connection:
            first = connection.get_server_pid()
            await connection.execute("BEGIN")
        async with pools.lend("rocket") as connection:
            assert connection.get_server_pid() != first
            assert not connection.is_in_transaction()
            second = connection.get_server_pid()
        async with pools.lend("rocket") as connection:
            assert connection.get_server_pid() == second
    finally:
        await pools.close()


async def test_dropping_a_database_closes_its_connections(stack: Stack, admin: Client) -> None:
    name = (await app_row(stack, admin))["database"]
    pools = Pools(stack.database_url, 2)
    try:
        async with pools.lend(name) as connection:
            pools.forget(name)
            assert connection.is_closed()
        async with pools.lend(name) as connection, pools.lend(name) as other:
            assert await connection.fetchval("SELECT 1") == await other.fetchval("SELECT 1") == 1
    finally:
        await pools.close()
