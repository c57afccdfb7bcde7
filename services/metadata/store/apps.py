"""Statements about apps, in the platform database. Columns are named as the API names them."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database, Record

COLUMNS = """
    name, display_name, database AS db_name, driver AS db_driver, nullif(server, '') AS server, cors_origins, status,
    created_at, updated_at
"""
LIST = f"""
SELECT coalesce(json_agg(row_to_json(_a)), '[]')::text FROM (
    SELECT {COLUMNS} FROM metadata.apps WHERE status = 'active' ORDER BY name
) _a
"""
GET = f"""
SELECT row_to_json(_a)::text FROM (
    SELECT {COLUMNS} FROM metadata.apps WHERE name = $1 AND status = 'active'
) _a
"""
FIND = """
SELECT id::text, name, database, server FROM metadata.apps
WHERE status = 'active' AND ($1 = '' OR name = $1) AND ($2 = '' OR id::text = $2) ORDER BY name
"""
FIND_ORIGINS = "SELECT cors_origins FROM metadata.apps WHERE id = $1::text::uuid"
INSERT = """
INSERT INTO metadata.apps (id, name, display_name, database, driver, status, server, cors_origins)
VALUES ($1::text::uuid, $2, $3, $4, 'postgres', 'creating', $5, $6)
"""
ACTIVATE = "UPDATE metadata.apps SET status = 'active', updated_at = now() WHERE id = $1::text::uuid"
CHANGE = f"""
WITH _a AS (
    UPDATE metadata.apps
    SET display_name = coalesce($2, display_name), cors_origins = coalesce($3::text[], cors_origins), updated_at = now()
    WHERE name = $1 AND status = 'active' RETURNING id, {COLUMNS}
) SELECT _a.id::text, (to_jsonb(_a) - 'id')::text AS app FROM _a
"""
MARK_DELETING = """
UPDATE metadata.apps SET status = 'deleting', updated_at = now() WHERE name = $1 AND status = 'active'
RETURNING id::text, name, database, server
"""
REMOVE = """
WITH _mended AS (DELETE FROM bus.standstills WHERE app_id = $1)
DELETE FROM metadata.apps WHERE id = $1::text::uuid
"""
FIND_INTERRUPTED = """
SELECT id::text, name, database, server FROM metadata.apps
WHERE status <> 'active' AND updated_at < now() - $1 * interval '1 second'
"""


async def list_all(platform: Database) -> bytes:
    """All active apps as JSON."""
    text: str = await platform.fetchval(LIST)
    return text.encode()


async def get(platform: Database, name: str) -> bytes | None:
    """An active app as JSON."""
    text: str | None = await platform.fetchval(GET, name)
    return text.encode() if text else None


async def find(platform: Database, name: str, app_id: str) -> Sequence[Record]:
    """Where the active apps are; one of them if a name or an id is given."""
    return await platform.fetch(FIND, name, app_id)


async def find_origins(platform: Database, app_id: str) -> list[str]:
    """The origins whose pages may call an app."""
    return await platform.fetchval(FIND_ORIGINS, app_id) or []


async def insert(
    platform: Database, app_id: str, name: str, display_name: str, database: str, server: str, origins: list[str]
) -> None:
    """Reserve the name of an app that is being created. Raises CONFLICT if it is taken."""
    try:
        await platform.execute(INSERT, app_id, name, display_name, database, server, origins)
    except RocketError as error:
        if error.code == "CONFLICT":
            raise RocketError("CONFLICT", f"An app named {name} exists already") from None
        raise


async def activate(platform: Database, app_id: str) -> None:
    """Open an app that has been created."""
    await platform.execute(ACTIVATE, app_id)


async def change(platform: Database, name: str, display_name: str | None, origins: list[str] | None) -> Record | None:
    """Change an app; returns its `id`, and the `app` as JSON. None if it does not exist."""
    return await platform.fetchrow(CHANGE, name, display_name, origins)


async def mark_deleting(platform: Database, name: str) -> Record | None:
    """Close an app that is to be deleted; None if it does not exist."""
    return await platform.fetchrow(MARK_DELETING, name)


async def remove(platform: Database, app_id: str) -> None:
    """Forget an app whose database is gone."""
    await platform.execute(REMOVE, app_id)


async def find_interrupted(platform: Database, age_s: float) -> Sequence[Record]:
    """Apps that have been in creation or deletion for this long."""
    return await platform.fetch(FIND_INTERRUPTED, age_s)
