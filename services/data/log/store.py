"""Every static statement about the log, and the functions that run them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from libs.shared.ids import UUID, parse_uuid
from libs.shared.paging import positive
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema import Snapshot
from services.data.log.entries import COLUMNS, LOG, Record, field_names, images
from services.data.model import EntityModel

LOG_TABLE = "data.commits"
READ_BYTES = 16 * 1024 * 1024
"""Bytes of images read at a time, so that a log of large records does not fill memory."""

TAKEN = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM data.position"
TAKEN_AT = """
SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position, clock_timestamp() AS at FROM data.position
"""
HEAD = "SELECT coalesce(max(position), 0) FROM data.commits"
# Times and positions are taken one after the other, so entries of nearly the same time may be in another order; nothing
# is further apart than a statement takes.
POSITION_AT = """
SELECT coalesce(max(position), 0) FROM data.commits
WHERE at <= $1 AND at > (SELECT max(at) FROM data.commits WHERE at <= $1) - interval '10 seconds'
"""
POSITIONS = "SELECT DISTINCT position FROM data.commits WHERE position > $1 ORDER BY position LIMIT $2"
BY_COMMIT_ID = "SELECT position FROM data.commits WHERE commit_id = $1 LIMIT 1"
BY_POSITION = "SELECT position FROM data.commits WHERE position = $1 LIMIT 1"
SIZE = (
    "SELECT count(*) AS records, coalesce(sum(pg_column_size(image)), 0) AS bytes FROM data.commits WHERE position = $1"
)
ENTRY = f"SELECT {COLUMNS} FROM {LOG} WHERE _log.position = $1 AND _log.n = $2"
ENTRIES = f"SELECT {COLUMNS} FROM {LOG} WHERE _log.position = $1 ORDER BY _log.n LIMIT $2"
# Entries after ($1, $2), in order, as many as fit READ_BYTES (but at least one).
BEHIND = f"""
SELECT {COLUMNS} FROM (
    SELECT *, sum(pg_column_size(image)) OVER (ORDER BY position, n) - pg_column_size(image) AS so_far
    FROM (
        SELECT * FROM data.commits WHERE (position, n) > ($1, $2) AND position >= $1
        ORDER BY position, n LIMIT $3
    ) _c
) _log WHERE coalesce(_log.so_far, 0) < {READ_BYTES} ORDER BY _log.position, _log.n
"""
BEHIND_OF_ENTITY = f"""
SELECT {COLUMNS} FROM {LOG}
WHERE (_log.position, _log.n) > ($1, $2) AND _log.position >= $1 AND _log.position <= $3 AND _log.entity = $4
ORDER BY _log.position, _log.n LIMIT $5
"""
LAST = f"""
SELECT DISTINCT ON (_log.record_id) {COLUMNS} FROM {LOG}
WHERE _log.entity = $1 AND _log.record_id = ANY($2::text[]) ORDER BY _log.record_id, _log.version DESC
"""
PREPARE_PARTITIONS = "SELECT data.prepare_partitions($1)"

# The first entry of each commit of these traces ($1), or of these effect keys ($2), with how many entries it has.
CAUSED = f"""
SELECT {COLUMNS}, _log.effect_key,
    (SELECT count(*) FROM data.commits _c WHERE _c.position = _log.position) AS records
FROM {LOG} JOIN (
    SELECT position FROM data.commits WHERE trace_id = ANY($1::uuid[]) AND n = 1
    UNION SELECT position FROM data.effects WHERE effect_key = ANY($2::text[]) AND position > 0
    ORDER BY position LIMIT $3
) _p USING (position)
WHERE _log.n = 1 ORDER BY _log.position
"""


class Moment(NamedTuple):
    """The greatest position taken at a time."""

    position: int
    at: datetime


async def taken_position(database: Database) -> int:
    """The greatest position that a writer has taken."""
    position: int = await database.fetchval(TAKEN)
    return position


async def taken_at(database: Database) -> Moment:
    """The greatest position that a writer has taken, and the time, by the database's clock."""
    row = await database.fetchrow(TAKEN_AT)
    assert row is not None, "a sequence has one row"
    return Moment(row["position"], row["at"])


async def head_position(database: Database) -> int:
    """The greatest position of a visible entry."""
    position: int = await database.fetchval(HEAD)
    return position


async def position_at(database: Database, time: datetime) -> int:
    """The greatest position of the entries up to a time."""
    position: int = await database.fetchval(POSITION_AT, time)
    return position


async def positions_behind(database: Database, after: int, limit: int) -> Sequence[int]:
    """The visible positions after one, in order."""
    return [row["position"] for row in await database.fetch(POSITIONS, after, limit)]


async def find_position(database: Database, named: str) -> int | None:
    """The position of the commit that a URL names by its id or its position, None if there is none."""
    position = positive(named)
    if position:
        found: int | None = await database.fetchval(BY_POSITION, position)
        return found
    commit_id = parse_uuid(named)
    return await database.fetchval(BY_COMMIT_ID, commit_id) if commit_id else None


async def commit_size(connection: Connection, position: int) -> tuple[int, int]:
    """How many records a commit has, and the bytes of their images."""
    row = await connection.fetchrow(SIZE, position)
    assert row is not None, "an aggregate has one row"
    return row["records"], row["bytes"]


async def load_entry(database: Database, position: int, n: int) -> Any | None:
    """One entry by its place in the log."""
    return await database.fetchrow(ENTRY, position, n)


async def load_entries(connection: Connection | Database, position: int, limit: int) -> Sequence[Any]:
    """The first entries of a commit, in the order in which they were made."""
    rows: Sequence[Any] = await connection.fetch(ENTRIES, position, limit)
    return rows


async def load_caused(
    database: Database, traces: Sequence[UUID], effect_keys: Sequence[str], limit: int
) -> Sequence[Any]:
    """The first entries of the commits of traces and of effect keys, in order, with `effect_key` and `records`."""
    return await database.fetch(CAUSED, traces, effect_keys, limit)


async def last_images(
    database: Database, schema: Snapshot, entity: EntityModel, ids: Sequence[str]
) -> dict[str, Record]:
    """The last image of each record in the log, by id; nothing of those that never existed."""
    if not ids:
        return {}
    rows = await database.fetch(LAST, entity.number, ids)
    names = field_names(schema, entity.number)
    found = {row["record_id"]: images(row, names) for row in rows}
    return {key: after or before or {} for key, (before, after) in found.items()}
