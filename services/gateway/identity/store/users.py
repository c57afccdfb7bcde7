"""Statements about users. The platform database and every app's database have the same table."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from libs.shared.emails import same_address
from libs.shared.ids import parse_uuid, uuid7
from libs.shared.postgres.databases import Connection, Database, Record

COLUMNS = "id, email, roles, active, created_at, updated_at"
USER_JSON = """
(SELECT row_to_json(s) FROM (SELECT u.id, u.email, u.roles, u.active, u.created_at, u.updated_at) s)::text AS "user"
"""
# Of users whose addresses are the same one (older than the comparison), the one who is stored as typed.
FIND_BY_EMAIL = """
SELECT u.id::text, u.email, u.roles, u.active, u.version, u.password_hash, t.secret AS totp
FROM gateway.users u LEFT JOIN gateway.totp t ON t.user_id = u.id AND t.confirmed_at IS NOT NULL
WHERE u.address = $1 ORDER BY u.email = $2 DESC, u.id LIMIT 1
"""
FIND = """
SELECT u.id::text, u.email, u.roles, u.active, u.version, u.password_hash, t.secret AS totp
FROM gateway.users u LEFT JOIN gateway.totp t ON t.user_id = u.id AND t.confirmed_at IS NOT NULL WHERE u.id = $1
"""
# New addresses are stored as they are compared, so that UNIQUE (email) holds for them; older ones are looked for.
INSERT = f"""
INSERT INTO gateway.users AS u (id, email, password_hash, roles, active) SELECT $1, $2, $3, $4, $5
WHERE NOT EXISTS (SELECT FROM gateway.users o WHERE o.address = $2) RETURNING {USER_JSON}
"""
# What access tokens say of a user, or what ends them, raises the version.
UPDATE = f"""
UPDATE gateway.users u SET email = $2, password_hash = coalesce($3, password_hash), roles = $4, active = $5,
    updated_at = now(), version = version
        + (email <> $2 OR roles IS DISTINCT FROM $4::text[] OR active <> $5 OR $3::text IS NOT NULL)::int
WHERE id = $1 AND (email = $2 OR NOT EXISTS (SELECT FROM gateway.users o WHERE o.address = $2 AND o.id <> $1))
RETURNING version, {USER_JSON}
"""
SET_PASSWORD = """
UPDATE gateway.users SET password_hash = $2, updated_at = now(), version = version + 1 WHERE id = $1 RETURNING version
"""
# For a user who has proved to know the present one: only if neither it nor the user was changed meanwhile.
CHANGE_PASSWORD = """
UPDATE gateway.users SET password_hash = $3, updated_at = now(), version = version + 1
WHERE id = $1 AND version = $2 AND active RETURNING version
"""
# The same password under another cost: only if it was not changed meanwhile.
REHASH = "UPDATE gateway.users SET password_hash = $3 WHERE id = $1::text::uuid AND password_hash = $2"
LOCK = f"SELECT {USER_JSON} FROM gateway.users u WHERE id = $1 FOR UPDATE"
DELETE = "DELETE FROM gateway.users WHERE id = $1"
# A function of metadata (services/metadata/sql/app), which has the saved views.
FORGET_VIEWS = "SELECT metadata.forget_owner($1)"
IS_ACTIVE = "SELECT active FROM gateway.users WHERE id = $1"
FIND_ACTIVE = "SELECT id::text, email, roles FROM gateway.users WHERE id = $1 AND active"
LIST = f"""
SELECT coalesce(json_agg(row_to_json(u)), '[]')::text FROM (SELECT {COLUMNS} FROM gateway.users ORDER BY id) u
"""
GET = f"SELECT row_to_json(u)::text FROM (SELECT {COLUMNS} FROM gateway.users WHERE id = $1) u"
SEED = """
INSERT INTO gateway.users (id, email, password_hash, roles) SELECT $1, $2, $3, $4
WHERE NOT EXISTS (SELECT 1 FROM gateway.users) ON CONFLICT DO NOTHING RETURNING id
"""
HAS_ANY = "SELECT EXISTS (SELECT 1 FROM gateway.users)"
# Locked, so that two of them can't go at once. Who logs in at a provider only does not count: it may be away.
OTHER_ACTIVE = """
SELECT id FROM gateway.users WHERE active AND password_hash <> '!' AND id <> $1 ORDER BY id FOR UPDATE
"""
FIND_PEOPLE = """
SELECT id::text, email, roles FROM gateway.users
WHERE active AND (roles && $1::text[] OR id = ANY($2::text[]::uuid[]) OR address = ANY($3::text[])) ORDER BY id LIMIT $4
"""
FIND_NAMED = """
SELECT id::text, email, roles FROM gateway.users
WHERE active AND (address = ANY($1::text[]) OR regexp_replace(address, '@[^@]*$', '') = ANY($1::text[]))
ORDER BY id LIMIT $2
"""
FIND_PREFIXED = """
SELECT id::text, email, roles FROM gateway.users WHERE active AND starts_with(address, $1) ORDER BY address LIMIT $2
"""

LIST_ROLES = """
SELECT coalesce(array_agg(DISTINCT role), '{}') FROM (
    SELECT unnest(roles) AS role FROM gateway.users WHERE active
    UNION SELECT unnest(roles) FROM gateway.api_keys
) r
"""


class AddressTaken(Exception):
    """Another user has this address, stored in another form."""


async def list_roles(database: Database) -> list[str]:
    """The roles that active users and API keys have."""
    names: list[str] = await database.fetchval(LIST_ROLES)
    return names


async def find_by_email(database: Database | Connection, email: str) -> Record | None:
    """The user of an address as typed, with the columns that a login needs."""
    return await database.fetchrow(FIND_BY_EMAIL, same_address(email), email.strip().lower())


async def find(database: Database, user_id: uuid.UUID) -> Record | None:
    """The user with the columns that a login needs."""
    return await database.fetchrow(FIND, user_id)


async def find_active(database: Database, user_id: str) -> Record | None:
    """The active user of an id: id, email, roles."""
    parsed = parse_uuid(user_id)
    return await database.fetchrow(FIND_ACTIVE, parsed) if parsed is not None else None


async def insert(
    transaction: Connection, user_id: uuid.UUID, email: str, password_hash: str, roles: list[str], active: bool
) -> dict[str, Any]:
    """A new user. Raises UniqueViolation or AddressTaken for a taken address."""
    text: str | None = await transaction.fetchval(INSERT, user_id, email, password_hash, roles, active)
    if text is None:
        raise AddressTaken
    return _row(text)


async def update(
    transaction: Connection,
    user_id: uuid.UUID,
    email: str,
    password_hash: str | None,
    roles: list[str],
    active: bool,
) -> tuple[int, dict[str, Any]]:
    """The changed user's version, and the user. Raises UniqueViolation or AddressTaken for a taken address."""
    row = await transaction.fetchrow(UPDATE, user_id, email, password_hash, roles, active)
    if row is None:
        raise AddressTaken  # the row is locked, so it is there
    return row["version"], _row(row["user"])


async def set_password(transaction: Connection, user_id: uuid.UUID, password_hash: str) -> int | None:
    """The new version; None if there is no such user."""
    version: int | None = await transaction.fetchval(SET_PASSWORD, user_id, password_hash)
    return version


async def change_password(transaction: Connection, user_id: uuid.UUID, version: int, password_hash: str) -> int | None:
    """The new version; None if the user is inactive, or no longer of this version."""
    changed: int | None = await transaction.fetchval(CHANGE_PASSWORD, user_id, version, password_hash)
    return changed


async def rehash(database: Database, user_id: str, old: str, new: str) -> None:
    """Store the same password under another cost."""
    await database.execute(REHASH, user_id, old, new)


async def lock(transaction: Connection, user_id: uuid.UUID) -> dict[str, Any] | None:
    """The user, locked until the transaction ends."""
    text: str | None = await transaction.fetchval(LOCK, user_id)
    return _row(text) if text else None


async def delete(transaction: Connection, user_id: uuid.UUID) -> None:
    """Delete a user with their sessions and all that lets them in."""
    await transaction.execute(DELETE, user_id)


async def forget_views(transaction: Connection, owner: uuid.UUID) -> None:
    """Delete the saved views of a user or API key of an app that is being deleted."""
    await transaction.execute(FORGET_VIEWS, owner)


async def list_all(database: Database) -> bytes:
    """All users as JSON."""
    text: str = await database.fetchval(LIST)
    return text.encode()


async def get(database: Database, user_id: uuid.UUID) -> bytes | None:
    """One user as JSON."""
    text: str | None = await database.fetchval(GET, user_id)
    return text.encode() if text else None


async def has_any(database: Database) -> bool:
    """Whether there is any user."""
    return bool(await database.fetchval(HAS_ANY))


async def seed(database: Database, email: str, password_hash: str, roles: list[str]) -> bool:
    """Create the first user, if there is none; returns whether it was created."""
    return await database.fetchval(SEED, uuid7(), email, password_hash, roles) is not None


async def is_last(transaction: Connection, user_id: uuid.UUID) -> bool:
    """Whether no other account could log in."""
    return not await transaction.fetch(OTHER_ACTIVE, user_id)


async def find_people(
    database: Database, roles: list[str], ids: list[str], emails: list[str], limit: int
) -> Sequence[Record]:
    """Active users by roles, ids or addresses."""
    return await database.fetch(FIND_PEOPLE, roles, ids, [same_address(email) for email in emails], limit)


async def find_named(database: Database, names: Sequence[str], limit: int) -> Sequence[Record]:
    """Active users by their addresses, or by what stands before the @."""
    return await database.fetch(FIND_NAMED, names, limit)


async def find_prefixed(database: Database, prefix: str, limit: int) -> Sequence[Record]:
    """Active users by the beginning of their addresses, in the order of these."""
    return await database.fetch(FIND_PREFIXED, same_address(prefix), limit)


def _row(text: str) -> dict[str, Any]:
    row: dict[str, Any] = orjson.loads(text)
    return row


async def is_active(database: Database, user_id: str) -> bool:
    """Whether there is an active account with this id; False for malformed ids."""
    parsed = parse_uuid(user_id)
    return parsed is not None and bool(await database.fetchval(IS_ACTIVE, uuid.UUID(str(parsed))))
