"""The app's database and its copies: the same tables, indexes, rows and log, vacuumed alike.

Autovacuum runs at any time, for one system and at the cost of the system that is measured then. So the written
tables are vacuumed between the rounds instead, and the report has the cost as a figure of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from bench.load.running import call
from bench.operations import TABLES, WRITTEN
from deploy.embedded.programs import binaries

BY_HAND = f'''
DO $$
DECLARE part regclass;
BEGIN
    FOR part IN SELECT 'records."{WRITTEN}"'::regclass
        UNION ALL SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'data.commits'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', part);
    END LOOP;
END $$
'''


async def index_both(url: str) -> None:
    """Create an index over the columns of filter and sort, in the order of the sort; definitions can't express it."""
    async with connected(url) as connection:
        for table in TABLES:
            await connection.execute(f'CREATE INDEX ON records."{table}" (category, rank DESC NULLS LAST, id)')


async def vacuum_by_hand(url: str) -> None:
    """Switch autovacuum off for the written tables; copies inherit that."""
    async with connected(url) as connection:
        await connection.execute(BY_HAND)
        await connection.execute("VACUUM (ANALYZE)")


async def vacuum(url: str) -> None:
    """Vacuum the written tables, in place of autovacuum."""
    async with connected(url) as connection:
        await connection.execute(f'VACUUM (ANALYZE) records."{WRITTEN}", data.commits')


async def ids(url: str) -> dict[str, list[str]]:
    """The ids of all rows of both tables."""
    async with connected(url) as connection:
        found = {table: await connection.fetch(f'SELECT id FROM records."{table}"') for table in TABLES}
    return {table: [str(row["id"]) for row in rows] for table, rows in found.items()}


async def clone(source_url: str, name: str, folder: Path) -> str:
    """Copy a database of a Postgres server to a new one beside it; return its DSN."""
    target_url = other_database(source_url, name)
    async with connected(other_database(source_url, "postgres")) as connection:
        await connection.execute(f'CREATE DATABASE "{name}"')
    dump = str(folder / f"{name}.dump")
    await client("pg_dump", source_url, "--format=custom", "--compress=none", "--file", dump)
    await client("pg_restore", target_url, "--dbname", name, "--no-owner", "--no-acl", "--exit-on-error", dump)
    async with connected(target_url) as connection:
        await connection.execute("VACUUM (ANALYZE)")
    return target_url


async def client(program: str, url: str, *arguments: str) -> str:
    """Run a client program of Postgres against the database of a DSN; return its output."""
    parts = urlsplit(url)
    environment = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "LC_ALL": "C",
    }
    return await call(str(binaries() / program), *arguments, environment=environment)


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection within the block."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def other_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
