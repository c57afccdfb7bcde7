"""The owner of the commit log: a role without login, so that no service can change the log's content.

rocket_data may read the log and add to it. An owner could grant itself every right, so it is not the owner. Migrations
run as rocket_data, so it becomes the owner while new migrations run.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from libs.shared.postgres.migrations import Migration

OWNER = "rocket_log"
SERVICE = "data"

PENDING = """
SELECT coalesce((SELECT array_agg(name) FROM public.migrations WHERE service = $1), '{}'::text[])
"""
OWNED_BY = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('data.commits')"
# The schema (whose owner can drop its content), the log and its partitions. Positions come from a sequence that data
# still owns. The owner of a SECURITY DEFINER function, or of one that it calls, could make it do anything.
HAND_OVER = """
DO $$ DECLARE part regclass; own regproc;
BEGIN
    ALTER SCHEMA data OWNER TO {owner};
    GRANT USAGE, CREATE ON SCHEMA data TO rocket_data;
    ALTER TABLE data.commits OWNER TO {owner};
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'data.commits'::regclass LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO {owner}', part);
    END LOOP;
    ALTER FUNCTION data.prepare_partitions OWNER TO {owner};
    FOREACH own IN ARRAY ARRAY[to_regproc('data.repair_entry'), to_regproc('data.is_entry'), to_regproc('data.follows')]
    LOOP
        IF own IS NOT NULL THEN
            EXECUTE format('ALTER FUNCTION %s OWNER TO {owner}', own);
        END IF;
    END LOOP;
END $$
"""
CLOSE = """
ALTER FUNCTION data.prepare_partitions SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION data.prepare_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION data.prepare_partitions TO rocket_data;
REVOKE ALL ON FUNCTION data.repair_entry FROM PUBLIC;
GRANT EXECUTE ON FUNCTION data.repair_entry TO rocket_data;
REVOKE ALL ON data.commits FROM rocket_data;
GRANT SELECT, INSERT ON data.commits TO rocket_data
"""


async def make_role(admin: asyncpg.Connection) -> None:
    """Create the role on this server."""
    if not await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", OWNER):
        await admin.execute(f"CREATE ROLE {OWNER} NOLOGIN")
    await admin.execute(f"GRANT {OWNER} TO CURRENT_USER")


async def open_log(connection: asyncpg.Connection, migrations: Sequence[Migration]) -> None:
    """Make data the owner, if it has migrations to apply and the log is closed."""
    if await connection.fetchval(OWNED_BY) != OWNER:
        return
    applied = await connection.fetchval(PENDING, SERVICE)
    if {migration.name for migration in migrations} - set(applied):
        await connection.execute(HAND_OVER.format(owner="rocket_data"))


async def close_log(connection: asyncpg.Connection) -> None:
    """Take the log from data, unless it is closed. It is one transaction: writes wait for a moment, and never fail."""
    if await connection.fetchval(OWNED_BY) == OWNER:
        return
    async with connection.transaction():
        await connection.execute("GRANT USAGE, CREATE ON SCHEMA data TO rocket_log")
        await connection.execute(HAND_OVER.format(owner=OWNER))
        await connection.execute(CLOSE)
