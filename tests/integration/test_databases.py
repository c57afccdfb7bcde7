"""Sessions of the pool against a real server."""

from __future__ import annotations

import asyncpg

from deploy.embedded.stack import Stack
from libs.shared.postgres.databases import Databases
from tests.support.client import Client
from tests.support.streams import app_row, sibling


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
