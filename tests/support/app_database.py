"""Databases of a stack's PostgreSQL server, as an administrator sees them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.embedded.stack import Stack
from tests.support.client import Client


def sibling(url: str, database: str) -> str:
    """The DSN of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def app_row(stack: Stack, client: Client) -> Any:
    """Id and database of the client's app."""
    connection = await asyncpg.connect(sibling(stack.database_url, "rocket"))
    try:
        name = client.prefix.removeprefix("/api/")
        return await connection.fetchrow("SELECT id::text, database FROM metadata.apps WHERE name = $1", name)
    finally:
        await connection.close()


async def queried(stack: Stack, database: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a query finds in a database of the stack's server."""
    connection = await asyncpg.connect(sibling(stack.database_url, database))
    try:
        return [tuple(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def app_connection(stack: Stack, client: Client) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection to the database of the client's app, with all rights."""
    connection = await asyncpg.connect(sibling(stack.database_url, (await app_row(stack, client))["database"]))
    try:
        yield connection
    finally:
        await connection.close()


async def executed(stack: Stack, client: Client, statement: str, *values: Any) -> str:
    """A statement in the database of the client's app, past all services; returns its command tag."""
    async with app_connection(stack, client) as connection:
        return str(await connection.execute(statement, *values))


async def query(stack: Stack, client: Client, sql: str, *values: Any) -> list[Any]:
    """The rows that a query finds in the database of the client's app."""
    async with app_connection(stack, client) as connection:
        return list(await connection.fetch(sql, *values))


async def indexes(stack: Stack, client: Client, table: str) -> list[str]:
    """The definitions of a business table's indexes, without that of its key."""
    sql = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'records' AND tablename = $1 AND indexname !~ '^_p_'"
    parts = [row["indexdef"].partition(" ON ") for row in await query(stack, client, sql, table)]
    return sorted(name.split()[1] + columns.partition("btree")[2] for name, _, columns in parts)
