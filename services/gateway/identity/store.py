"""Every statement about users and refresh tokens. The same tables stand in the platform database and in every app's."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Database, Record

REFRESH_LIFETIME = 7 * 86_400
"""Seconds a refresh token is good for."""
GRACE = 10
"""Seconds after its rotation in which the reuse of a token does not end the session (parallel tabs)."""

COLUMNS = "id, email, roles, active, created_at, updated_at"
FIND_BY_EMAIL = "SELECT id::text, email, roles, active, password_hash FROM gateway.users WHERE email = $1"
INSERT_USER = f"""
WITH u AS (
    INSERT INTO gateway.users (id, email, password_hash, roles, active) VALUES ($1, $2, $3, $4, $5) RETURNING {COLUMNS}
) SELECT row_to_json(u)::text FROM u
"""
UPDATE_USER = f"""
WITH u AS (
    UPDATE gateway.users SET email = $2, password_hash = coalesce($3, password_hash), roles = $4, active = $5,
        updated_at = now()
    WHERE id = $1 RETURNING {COLUMNS}
) SELECT row_to_json(u)::text FROM u
"""
DELETE_USER = "DELETE FROM gateway.users WHERE id = $1 RETURNING id"
LIST_USERS = f"""
SELECT coalesce(json_agg(row_to_json(u)), '[]')::text FROM (SELECT {COLUMNS} FROM gateway.users ORDER BY id) u
"""
GET_USER = f"SELECT row_to_json(u)::text FROM (SELECT {COLUMNS} FROM gateway.users WHERE id = $1) u"
SEED_USER = """
INSERT INTO gateway.users (id, email, password_hash, roles) SELECT $1, $2, $3, $4
WHERE NOT EXISTS (SELECT 1 FROM gateway.users) ON CONFLICT DO NOTHING RETURNING id
"""
HAS_USERS = "SELECT EXISTS (SELECT 1 FROM gateway.users)"
FIND_PEOPLE = """
SELECT id::text, email FROM gateway.users
WHERE active AND ($1 = ANY(roles) OR id = ANY($2::text[]::uuid[]) OR email = ANY($3::text[])) ORDER BY id
"""

# Refresh tokens are stored as SHA-256 hashes, in families: one family per login.
INSERT_TOKEN = """
INSERT INTO gateway.refresh_tokens (token_hash, user_id, family, expires_at)
VALUES ($1, $2::text::uuid, $3, now() + $4 * interval '1 second')
"""
# Used up and replaced in one statement, so that a logout in between can't be outlived.
ROTATE_TOKEN = """
WITH used AS (
    UPDATE gateway.refresh_tokens SET used_at = now()
    WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now() RETURNING user_id, family
), issued AS (
    INSERT INTO gateway.refresh_tokens (token_hash, user_id, family, expires_at)
    SELECT $2, user_id, family, now() + $3 * interval '1 second' FROM used
)
SELECT u.id::text, u.email, u.roles FROM used JOIN gateway.users u ON u.id = used.user_id AND u.active
"""
PRUNE_TOKENS = "DELETE FROM gateway.refresh_tokens WHERE user_id = $1::text::uuid AND expires_at < now()"
END_SESSIONS = "DELETE FROM gateway.refresh_tokens WHERE user_id = $1"
END_REUSED_FAMILY = """
DELETE FROM gateway.refresh_tokens WHERE family = (
    SELECT family FROM gateway.refresh_tokens
    WHERE token_hash = $1 AND used_at < now() - $2 * interval '1 second'
)
"""
END_FAMILY = """
DELETE FROM gateway.refresh_tokens
WHERE family = (SELECT family FROM gateway.refresh_tokens WHERE token_hash = $1) RETURNING user_id
"""


async def find_by_email(database: Database, email: str) -> Record | None:
    return await database.fetchrow(FIND_BY_EMAIL, email)


async def insert_user(database: Database, email: str, password_hash: str, roles: list[str], active: bool) -> bytes:
    text: str = await database.fetchval(INSERT_USER, uuid7(), email, password_hash, roles, active)
    return text.encode()


async def update_user(
    database: Database,
    user_id: uuid.UUID,
    email: str,
    password_hash: str | None,
    roles: list[str],
    active: bool,
) -> bytes | None:
    text: str | None = await database.fetchval(UPDATE_USER, user_id, email, password_hash, roles, active)
    return text.encode() if text else None


async def delete_user(database: Database, user_id: uuid.UUID) -> bool:
    return await database.fetchval(DELETE_USER, user_id) is not None


async def list_users(database: Database) -> bytes:
    text: str = await database.fetchval(LIST_USERS)
    return text.encode()


async def get_user(database: Database, user_id: uuid.UUID) -> bytes | None:
    text: str | None = await database.fetchval(GET_USER, user_id)
    return text.encode() if text else None


async def has_users(database: Database) -> bool:
    return bool(await database.fetchval(HAS_USERS))


async def seed_user(database: Database, email: str, password_hash: str, roles: list[str]) -> bool:
    """The first user, if there is none; answers whether it was made."""
    return await database.fetchval(SEED_USER, uuid7(), email, password_hash, roles) is not None


async def find_people(database: Database, role: str, ids: list[str], emails: list[str]) -> Sequence[Record]:
    return await database.fetch(FIND_PEOPLE, role, ids, emails)


async def issue_refresh(database: Database, user_id: str, family: uuid.UUID) -> str:
    """A new refresh token in a family; only its hash is stored."""
    token = secrets.token_urlsafe(32)
    await database.execute(PRUNE_TOKENS, user_id)
    await database.execute(INSERT_TOKEN, _hash(token), user_id, family, REFRESH_LIFETIME)
    return token


async def rotate_refresh(database: Database, token: str) -> tuple[Record, str] | None:
    """Its active user and the next token; None if the token is not good.

    The reuse of a token after the grace ends the whole family.
    """
    following = secrets.token_urlsafe(32)
    row = await database.fetchrow(ROTATE_TOKEN, _hash(token), _hash(following), REFRESH_LIFETIME)
    if row is None:
        await database.execute(END_REUSED_FAMILY, _hash(token), GRACE)
        return None
    return row, following


async def end_sessions(database: Database, user_id: uuid.UUID) -> None:
    """End all sessions of a user."""
    await database.execute(END_SESSIONS, user_id)


async def end_session(database: Database, token: str) -> Any:
    """End the family of a token; answers its user's id, if it was known."""
    return await database.fetchval(END_FAMILY, _hash(token))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
