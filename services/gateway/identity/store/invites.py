"""Statements about invites; of tokens the SHA-256 is kept."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Connection, Database, Record
from services.gateway.identity.store.secret_tokens import hash_token, new_token

LIFETIME_HOURS = 72

COLUMNS = "id, email, roles, invited_by, created_at, expires_at, accepted_at"
# Invites one after another: otherwise two transactions could invite the same address.
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('gateway.invites', 0))"
# Why an address can't be invited, of those that can't.
OBSTACLES = """
SELECT e.email, CASE WHEN u.id IS NOT NULL THEN 'user' ELSE 'invite' END AS reason
FROM unnest($1::text[]) AS e(email)
LEFT JOIN gateway.users u ON u.address = e.email
WHERE u.id IS NOT NULL OR EXISTS (
    SELECT FROM gateway.invites i WHERE i.address = e.email AND i.accepted_at IS NULL AND i.expires_at > now())
"""
INSERT = f"""
INSERT INTO gateway.invites (id, email, roles, token_hash, invited_by, created_at, expires_at)
SELECT id, email, $4, token_hash, $5, now(), now() + $6 * interval '1 hour'
FROM unnest($1::uuid[], $2::text[], $3::bytea[]) WITH ORDINALITY AS n(id, email, token_hash, place)
RETURNING row_to_json((SELECT s FROM (SELECT {COLUMNS}) s))::text AS invite
"""
LIST = f"""
SELECT coalesce(json_agg(row_to_json(i)), '[]')::text
FROM (SELECT {COLUMNS} FROM gateway.invites ORDER BY id DESC) i
"""
GET = f"SELECT row_to_json(i)::text FROM (SELECT {COLUMNS} FROM gateway.invites WHERE id = $1) i"
DELETE = f"""
DELETE FROM gateway.invites WHERE id = $1 RETURNING row_to_json((SELECT s FROM (SELECT {COLUMNS}) s))::text
"""
FIND = """
SELECT id, email, roles, accepted_at IS NULL AND expires_at > now() AS good
FROM gateway.invites WHERE token_hash = $1
"""
ACCEPT = """
UPDATE gateway.invites SET accepted_at = now()
WHERE id = $1 AND accepted_at IS NULL AND expires_at > now() RETURNING true
"""


@dataclass(frozen=True, slots=True)
class NewInvite:
    """An invite to be made; its token is shown once."""

    email: str
    id: uuid.UUID = field(default_factory=uuid7)
    token: str = field(default_factory=new_token, repr=False)


async def alone(transaction: Connection) -> None:
    """Block other invites until the transaction ends."""
    await transaction.execute(ALONE)


async def obstacles(transaction: Connection, emails: Sequence[str]) -> dict[str, str]:
    """Address → `user` or `invite`, for those that can't be invited."""
    return {row["email"]: row["reason"] for row in await transaction.fetch(OBSTACLES, list(emails))}


async def insert(
    transaction: Connection, invites: Sequence[NewInvite], roles: list[str], invited_by: str
) -> list[dict[str, Any]]:
    """Store invites; returns their rows in order."""
    rows = await transaction.fetch(
        INSERT,
        [invite.id for invite in invites],
        [invite.email for invite in invites],
        [hash_token(invite.token) for invite in invites],
        roles,
        invited_by,
        LIFETIME_HOURS,
    )
    by_id = {row["id"]: row for row in (orjson.loads(row["invite"]) for row in rows)}
    return [by_id[str(invite.id)] for invite in invites]


async def list_all(database: Database) -> bytes:
    """All invites as JSON, newest first."""
    text: str = await database.fetchval(LIST)
    return text.encode()


async def get(database: Database, invite_id: uuid.UUID) -> bytes | None:
    """One invite as JSON."""
    text: str | None = await database.fetchval(GET, invite_id)
    return text.encode() if text else None


async def delete(transaction: Connection, invite_id: uuid.UUID) -> dict[str, Any] | None:
    """Delete an invite; returns its former row."""
    text: str | None = await transaction.fetchval(DELETE, invite_id)
    return orjson.loads(text) if text else None


async def find(database: Database, token: str) -> Record | None:
    """The invite of a token, and whether it is still good."""
    return await database.fetchrow(FIND, hash_token(token))


async def accept(transaction: Connection, invite_id: uuid.UUID) -> bool:
    """Use an invite up; False if it was not good any more."""
    return bool(await transaction.fetchval(ACCEPT, invite_id))
