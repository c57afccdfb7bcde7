"""Every statement about seals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.postgres.databases import Connection, Database
from services.data.integrity.blocks import START, Repair, Seal

ENTRIES = 1_000
"""Entries under one seal; those of one commit are never parted."""
TIME = 60.0
"""Seconds that reading a range may take: a commit can have 100,000 entries."""

# One sealer at a time in an app; whoever comes second finds the work done.
LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('data.seals'))"
NEWEST = "SELECT last, hash FROM data.seals ORDER BY last DESC LIMIT 1"
# The last position of the next range behind $1, up to $2.
END = f"""
SELECT max(position) FROM (
    SELECT position FROM data.commits WHERE position > $1 AND position <= $2 ORDER BY position, n LIMIT {ENTRIES}
) _e
"""
# The digest of an entry. A row as text names every value, quoted where it must be.
DIGEST = """sha256(convert_to(ROW(position, n, commit_id, entity, record_id, version, action, image, previous,
    context, effects, effect_key, trace_id, schema_version, at)::text, 'UTF8'))"""
DIGESTS = f"""
SELECT position, n, {DIGEST} AS digest
FROM data.commits WHERE position > $1 AND position <= $2 ORDER BY position, n
"""
REPAIRS = """
SELECT position, n, sealed, repaired, signature FROM data.repairs WHERE position > $1 AND position <= $2
"""
INSERT = """
INSERT INTO data.seals (first, last, entries, digests, hash, signature) VALUES ($1, $2, $3, $4, $5, $6)
"""
BEHIND = """
SELECT first, last, entries, digests, hash, signature FROM data.seals WHERE last > $1 ORDER BY last LIMIT $2
"""


async def try_lock(transaction: Connection) -> bool:
    """Whether we are the one who seals, until the end of the transaction."""
    return bool(await transaction.fetchval(LOCK))


async def newest(connection: Connection | Database) -> tuple[int, bytes]:
    """Where the last seal ends, and its hash."""
    row = await connection.fetchrow(NEWEST)
    return (row["last"], row["hash"]) if row else (0, START)


async def range_end(connection: Connection, after: int, until: int) -> int | None:
    """Where the next seal ends, None if there is nothing to seal."""
    end: int | None = await connection.fetchval(END, after, until)
    return end


async def digests(connection: Connection | Database, after: int, until: int) -> Sequence[Any]:
    """position, n and digest of each entry of a range."""
    rows: Sequence[Any] = await connection.fetch(DIGESTS, after, until, timeout=TIME)
    return rows


async def repairs(database: Database, after: int, until: int) -> dict[tuple[int, int], Repair]:
    """The repairs of entries of a range, by position and n."""
    rows = await database.fetch(REPAIRS, after, until)
    return {(row["position"], row["n"]): Repair(row["sealed"], row["repaired"], row["signature"]) for row in rows}


async def insert(transaction: Connection, seal: Seal) -> None:
    """Keep a seal."""
    await transaction.execute(INSERT, seal.first, seal.last, seal.entries, seal.digests, seal.hash, seal.signature)


async def behind(database: Database, position: int, most: int) -> list[Seal]:
    """The seals that end behind a position, in order."""
    return [Seal(**row) for row in await database.fetch(BEHIND, position, most)]
