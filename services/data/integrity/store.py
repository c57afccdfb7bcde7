"""Every statement about the hash chain (table `data.seals`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.postgres.databases import Connection, Database
from services.data.integrity.blocks import GENESIS_HASH, Block, RepairRecord

BLOCK_ENTRIES = 1_000
"""Entries of one block; those of one commit are never split."""
READ_TIMEOUT_S = 60.0
"""Seconds that reading a range may take: a commit can have 100,000 entries."""

# One replica at a time extends the chain of an app; a second one finds the work done.
LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('data.seals'))"
NEWEST = "SELECT last, hash FROM data.seals ORDER BY last DESC LIMIT 1"
# The last position of the next block after $1, up to $2.
END = f"""
SELECT max(position) FROM (
    SELECT position FROM data.commits WHERE position > $1 AND position <= $2 ORDER BY position, n LIMIT {BLOCK_ENTRIES}
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
    """Whether we extend the chain, until the end of the transaction."""
    return bool(await transaction.fetchval(LOCK))


async def newest(connection: Connection | Database) -> tuple[int, bytes]:
    """Where the last block ends, and its hash."""
    row = await connection.fetchrow(NEWEST)
    return (row["last"], row["hash"]) if row else (0, GENESIS_HASH)


async def block_end(connection: Connection, after: int, until: int) -> int | None:
    """Where the next block ends, None if there is nothing to append."""
    end: int | None = await connection.fetchval(END, after, until)
    return end


async def digests(connection: Connection | Database, after: int, until: int) -> Sequence[Any]:
    """position, n and digest of each entry of a range."""
    rows: Sequence[Any] = await connection.fetch(DIGESTS, after, until, timeout=READ_TIMEOUT_S)
    return rows


async def repairs(database: Database, after: int, until: int) -> dict[tuple[int, int], RepairRecord]:
    """The repairs of entries of a range, by position and n."""
    rows = await database.fetch(REPAIRS, after, until)
    return {(row["position"], row["n"]): RepairRecord(row["sealed"], row["repaired"], row["signature"]) for row in rows}


async def insert(transaction: Connection, block: Block) -> None:
    """Append a block."""
    await transaction.execute(
        INSERT, block.first, block.last, block.entries, block.digests, block.hash, block.signature
    )


async def behind(database: Database, position: int, limit: int) -> list[Block]:
    """The blocks that end after a position, in order."""
    return [Block(**row) for row in await database.fetch(BEHIND, position, limit)]
