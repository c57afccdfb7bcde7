"""Moments between two statements of a request, held open for as long as a test wants: no race is left to chance."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client
from tests.support.streams import app_row, sibling

KEY = 4711
HELD = f"""
CREATE FUNCTION public.held() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared({KEY}); RETURN NULL; END $$;
CREATE TRIGGER held {{}} FOR EACH STATEMENT EXECUTE FUNCTION public.held();
SELECT pg_advisory_lock({KEY})
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands before it waits until it is opened. The connection must not be in a transaction: within one,
    PostgreSQL shows what others do as it was at the first look.
    """

    connection: asyncpg.Connection[Any]

    async def waiting(self, count: int) -> bool:
        """Whether so many statements wait for a lock, this one's or another."""
        return bool(await self.connection.fetchval(WAITING) == count)

    async def reached(self, count: int = 1) -> None:
        """Come back when so many wait."""
        await eventually(lambda: self.waiting(count), within=30)

    async def open(self) -> None:
        """Let all go on."""
        await self.connection.execute(f"SELECT pg_advisory_unlock({KEY})")


@contextlib.asynccontextmanager
async def app_database(stack: Stack, admin: Client) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection to the database of the admin's app."""
    connection = await asyncpg.connect(sibling(stack.database_url, (await app_row(stack, admin))["database"]))
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def gate(stack: Stack, admin: Client, moment: str) -> AsyncIterator[Gate]:
    """A gate before all statements of a kind: `moment` is `BEFORE INSERT ON records.notes`, for instance.

    They have not looked for rows yet, and hold what earlier statements of their transactions have locked.
    """
    async with app_database(stack, admin) as connection:
        await connection.execute(HELD.format(moment))
        yield Gate(connection)
