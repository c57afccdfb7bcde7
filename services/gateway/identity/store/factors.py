"""Statements about second factors."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from libs.shared.postgres.databases import Connection, Database, Record

# A new secret takes the place of one that was never confirmed.
ENROLL = """
INSERT INTO gateway.totp AS t (user_id, secret) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0, created_at = now()
WHERE t.confirmed_at IS NULL RETURNING true
"""
FIND = "SELECT secret, confirmed_at FROM gateway.totp WHERE user_id = $1"
CONFIRM = """
UPDATE gateway.totp SET confirmed_at = now(), last_step = $2 WHERE user_id = $1 AND confirmed_at IS NULL RETURNING true
"""
# In one statement, so that of two logins with one code one wins.
USE_STEP = "UPDATE gateway.totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2 RETURNING true"
USE_RECOVERY = "DELETE FROM gateway.recovery_codes WHERE user_id = $1 AND hash = $2 RETURNING true"
ADD_RECOVERY = "INSERT INTO gateway.recovery_codes (user_id, hash) SELECT $1, unnest($2::bytea[])"
REMOVE = "DELETE FROM gateway.totp WHERE user_id = $1 RETURNING confirmed_at IS NOT NULL"
REMOVE_RECOVERY = "DELETE FROM gateway.recovery_codes WHERE user_id = $1"
COUNT_RECOVERY = "SELECT count(*) FROM gateway.recovery_codes WHERE user_id = $1"


async def enroll(database: Database, user_id: uuid.UUID, sealed: bytes) -> bool:
    """Store a secret to be confirmed; False if there is a confirmed one."""
    return bool(await database.fetchval(ENROLL, user_id, sealed))


async def find(database: Database, user_id: uuid.UUID) -> Record | None:
    """The sealed secret, and when it was confirmed."""
    return await database.fetchrow(FIND, user_id)


async def confirm(transaction: Connection, user_id: uuid.UUID, step: int, recovery: Sequence[bytes]) -> bool:
    """Confirm the factor; False if it was confirmed before."""
    if not await transaction.fetchval(CONFIRM, user_id, step):
        return False
    await transaction.execute(REMOVE_RECOVERY, user_id)
    await transaction.execute(ADD_RECOVERY, user_id, list(recovery))
    return True


async def use_step(database: Database, user_id: uuid.UUID, step: int) -> bool:
    """Use the code of a step up; False if it, or a later one, was used before."""
    return bool(await database.fetchval(USE_STEP, user_id, step))


async def use_recovery(database: Database, user_id: uuid.UUID, code_hash: bytes) -> bool:
    """Use a recovery code up; False if there is no such one."""
    return bool(await database.fetchval(USE_RECOVERY, user_id, code_hash))


async def remove(transaction: Connection, user_id: uuid.UUID) -> bool:
    """Delete the factor; False unless it was confirmed."""
    await transaction.execute(REMOVE_RECOVERY, user_id)
    return bool(await transaction.fetchval(REMOVE, user_id))


async def recovery_left(database: Database, user_id: uuid.UUID) -> int:
    """How many recovery codes are left."""
    count: int = await database.fetchval(COUNT_RECOVERY, user_id)
    return count
