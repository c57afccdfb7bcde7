"""Gates hold a request between two of its statements, so that a race happens for certain."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from deploy.embedded.stack import Stack
from tests.support.app_database import app_row, executed
from tests.support.client import Client
from tests.support.locks import HeldUp, holding

KEY = 4711
MADE = f"""
CREATE FUNCTION public.held() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared({KEY}); RETURN NULL; END $$;
CREATE TRIGGER held {{}} FOR EACH STATEMENT EXECUTE FUNCTION public.held()
"""
GONE = "DROP FUNCTION public.held CASCADE"


@contextlib.asynccontextmanager
async def gate(stack: Stack, admin: Client, moment: str) -> AsyncIterator[HeldUp]:
    """A gate before all statements of a kind: `moment` is `BEFORE INSERT ON records.notes`, for instance.

    They have not looked for rows yet, and hold what earlier statements of their transactions have locked.
    """
    await executed(stack, admin, MADE.format(moment))
    database = (await app_row(stack, admin))["database"]
    async with holding(stack, database, f"SELECT pg_advisory_xact_lock({KEY})") as held_up:
        yield held_up
    await executed(stack, admin, GONE)
