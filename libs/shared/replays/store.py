"""Every statement about replays; `{schema}` is the service's own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, Database

COLUMNS = """id::text, projection, kind, status, memory::text, error, requested_by,
    to_json(created_at) #>> '{}' AS created_at, to_json(updated_at) #>> '{}' AS updated_at,
    to_json(finished_at) #>> '{}' AS finished_at"""
INSERT = f"""
INSERT INTO {{schema}}.replays (projection, kind, memory, requested_by) VALUES ($1, $2, $3::jsonb, $4)
ON CONFLICT (projection) WHERE finished_at IS NULL DO NOTHING RETURNING {COLUMNS.replace("{}", "{{}}")}
"""
FIND = f"SELECT {COLUMNS.replace('{}', '{{}}')} FROM {{schema}}.replays WHERE id = $1"
UNFINISHED = f"SELECT {COLUMNS.replace('{}', '{{}}')} FROM {{schema}}.replays WHERE finished_at IS NULL ORDER BY id"
LATEST = f"""
SELECT DISTINCT ON (projection, kind) {COLUMNS.replace("{}", "{{}}")} FROM {{schema}}.replays
ORDER BY projection, kind, id DESC
"""
SAVE = """
UPDATE {schema}.replays SET status = $2, memory = $3::jsonb, error = $4, updated_at = clock_timestamp(),
    finished_at = CASE WHEN $2 IN ('done', 'failed') THEN clock_timestamp() END
WHERE id = $1 AND finished_at IS NULL
"""


class ReplayStore:
    """The replays of one service."""

    def __init__(self, service: str) -> None:
        self._service = service

    async def insert(self, connection: Connection, projection: str, kind: str, replay: dict[str, Any], by: str) -> Any:
        """Insert a new replay. Raises CONFLICT while another one of this projection is running."""
        row = await connection.fetchrow(self._sql(INSERT), projection, kind, orjson.dumps(replay).decode(), by)
        if row is None:
            raise RocketError("CONFLICT", f"A verification or rebuild of {projection} is under way already")
        return row

    async def find(self, database: Database, replay_id: uuid.UUID) -> Any | None:
        """One replay."""
        return await database.fetchrow(self._sql(FIND), replay_id)

    async def unfinished(self, database: Database) -> Sequence[Any]:
        """The unfinished replays, oldest first."""
        return await database.fetch(self._sql(UNFINISHED))

    async def latest(self, database: Database) -> Sequence[Any]:
        """The newest replay of each projection and kind."""
        return await database.fetch(self._sql(LATEST))

    async def save(
        self, database: Database, replay_id: str, status: str, replay: dict[str, Any], error: str | None = None
    ) -> None:
        """Save a replay, unless it has ended."""
        text = orjson.dumps(replay).decode()
        await database.execute(self._sql(SAVE), uuid.UUID(replay_id), status, text, error)

    def _sql(self, statement: str) -> str:
        return statement.format(schema=self._service)


def to_dict(row: Any) -> dict[str, Any]:
    """A replay as the API shows it."""
    replay = orjson.loads(row["memory"])
    found = {name: replay[name] for name in ("total", "position", "hash", "only") if replay.get(name)}
    found["checked"] = replay.get("checked", 0)
    document = {name: row[name] for name in ("id", "projection", "kind", "status", "created_at", "updated_at")}
    document |= {"finished_at": row["finished_at"], "requested_by": row["requested_by"], "error": row["error"]}
    if row["kind"] == "verify":
        found |= {"differences": replay.get("differences", 0), "first_differences": replay.get("first", [])}
        if row["status"] == "done":
            found["equal"] = not replay.get("differences")
    return document | found
