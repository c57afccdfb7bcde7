"""Statements about who users are at providers, logins that wait for their browser, and what may be used once."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence

from libs.shared.postgres.databases import Connection, Database, Record
from services.gateway.identity.store.secret_tokens import hash_token, new_token

CODE_LIFETIME_S = 60
"""Seconds in which a browser must exchange its code."""
ASKING_INTERVAL_S = 60
"""Seconds after which the provider is asked again whether a session goes on."""

# Two first logins of one person at once must not make two users.
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
FIND = """
SELECT e.user_id::text AS id, u.active, e.granted, e.synchronized FROM gateway.external_identities e
JOIN gateway.users u ON u.id = e.user_id WHERE e.provider = $1::text::uuid AND e.subject = $2
"""
GRANTED_BY_OTHERS = """
SELECT coalesce(array_agg(DISTINCT role), '{}') FROM gateway.external_identities e, unnest(e.granted) AS role
WHERE e.user_id = $1::text::uuid AND NOT (e.provider = $2::text::uuid AND e.subject = $3)
"""
LINK = """
INSERT INTO gateway.external_identities (provider, subject, user_id, granted)
VALUES ($1::text::uuid, $2, $3::text::uuid, $4)
ON CONFLICT (provider, subject) DO UPDATE SET granted = excluded.granted, synchronized = true, last_login_at = now()
"""
ISSUE = """
WITH pruned AS (DELETE FROM gateway.sso_codes WHERE expires_at < now())
INSERT INTO gateway.sso_codes (hash, provider, user_id, version, data, expires_at)
VALUES ($1, $2::text::uuid, $3::text::uuid, $4, $5, now() + $6 * interval '1 second')
"""
REDEEM = """
DELETE FROM gateway.sso_codes c USING gateway.users u, gateway.auth_providers p
WHERE c.hash = $1 AND u.id = c.user_id AND p.id = c.provider
RETURNING c.expires_at > now() AND u.active AND p.active AS good, c.provider::text, c.version, c.data,
    u.id::text, u.email, u.roles, p.type || ':' || p.name AS via
"""
USE = """
WITH pruned AS (
    DELETE FROM gateway.sso_used WHERE key IN (SELECT key FROM gateway.sso_used WHERE expires_at < now() LIMIT 100))
INSERT INTO gateway.sso_used (key, expires_at) VALUES ($1, to_timestamp($2::float8)) ON CONFLICT DO NOTHING
RETURNING true
"""
MARK = """
INSERT INTO gateway.provider_sessions (session, provider, subject, sid, data)
VALUES ($1::text::uuid, $2::text::uuid, $3, $4, $5)
"""
MARK_OF_TOKEN = """
SELECT t.family::text AS session, m.provider::text, m.subject, m.sid, m.data FROM gateway.refresh_tokens t
JOIN gateway.provider_sessions m ON m.session = t.family WHERE t.token_hash = $1
"""
# One of several tabs, or gateways, asks the provider; the others go on meanwhile.
TAKE_TURN = """
UPDATE gateway.provider_sessions SET asked_at = now()
WHERE session = $1::text::uuid AND asked_at < now() - $2 * interval '1 second' RETURNING true
"""
KEEP_MARK = "UPDATE gateway.provider_sessions SET data = $2 WHERE session = $1::text::uuid"
# By the provider's session id where it names one, else all of the subject.
SESSIONS = """
SELECT session::text FROM gateway.provider_sessions
WHERE provider = $1::text::uuid AND ($2 = '' OR subject = $2) AND ($3 = '' OR sid = $3) AND ($2 <> '' OR $3 <> '')
"""
HAS_ADMIN = """
SELECT EXISTS (
    SELECT FROM gateway.external_identities e JOIN gateway.users u ON u.id = e.user_id
    JOIN gateway.auth_providers p ON p.id = e.provider
    WHERE u.active AND p.active AND 'admin' = ANY(u.roles))
"""
SESSIONS_OF_PROVIDER = "SELECT session::text FROM gateway.provider_sessions WHERE provider = $1"


async def alone(transaction: Connection, provider: str, subject: str) -> None:
    """Wait for logins of the same person at other gateways."""
    await transaction.execute(ALONE, f"{provider}/{subject}")


async def find(transaction: Connection, provider: str, subject: str) -> Record | None:
    """The user who somebody is: id, active, granted."""
    return await transaction.fetchrow(FIND, provider, subject)


async def granted_by_others(transaction: Connection, user_id: str, provider: str, subject: str) -> frozenset[str]:
    """The roles that the user's other identities give."""
    return frozenset(await transaction.fetchval(GRANTED_BY_OTHERS, user_id, provider, subject))


async def link(transaction: Connection, provider: str, subject: str, user_id: str, granted: Sequence[str]) -> None:
    """Note who somebody is, with the roles that they have by the mapping alone."""
    await transaction.execute(LINK, provider, subject, user_id, list(granted))


async def issue_code(database: Database | Connection, provider: str, user_id: str, version: int, data: bytes) -> str:
    """A code for a login that is proved, good once."""
    code = new_token()
    await database.execute(ISSUE, hash_token(code), provider, user_id, version, data, CODE_LIFETIME_S)
    return code


async def redeem_code(database: Database, code: str) -> Record | None:
    """The login of a code, which is used up; None if it is unknown. `good` says whether it still holds."""
    return await database.fetchrow(REDEEM, hash_token(code))


async def use_once(database: Database | Connection, uses: Mapping[str, float]) -> bool:
    """Note what may be used once, each until a Unix time; False if something has been used before."""
    fresh = [await database.fetchval(USE, hashlib.sha256(key.encode()).digest(), until) for key, until in uses.items()]
    return all(fresh)


async def mark_session(
    transaction: Connection, session: str, provider: str, subject: str, sid: str, data: bytes
) -> None:
    """Note by which login at a provider a session was begun."""
    await transaction.execute(MARK, session, provider, subject, sid, data)


async def mark_of_token(database: Database, refresh_token: str) -> Record | None:
    """By which login at a provider the session of a refresh token was begun; None for passwords."""
    return await database.fetchrow(MARK_OF_TOKEN, hash_token(refresh_token)) if refresh_token else None


async def take_turn(database: Database, session: str) -> bool:
    """Whether it is time to ask the provider about a session, and nobody else does."""
    return bool(await database.fetchval(TAKE_TURN, session, ASKING_INTERVAL_S))


async def keep_mark(database: Database, session: str, data: bytes) -> None:
    """Replace what the logout of a session needs."""
    await database.execute(KEEP_MARK, session, data)


async def sessions_at(database: Database, provider: str, subject: str, sid: str) -> list[str]:
    """The sessions of a subject, or of one session of theirs at the provider."""
    return [row["session"] for row in await database.fetch(SESSIONS, provider, subject, sid)]


async def has_admin(database: Database) -> bool:
    """Whether an active admin has logged in at a provider that is active."""
    return bool(await database.fetchval(HAS_ADMIN))


async def sessions_of_provider(database: Database, provider_id: uuid.UUID) -> list[str]:
    """All sessions that were begun at a provider."""
    return [row["session"] for row in await database.fetch(SESSIONS_OF_PROVIDER, provider_id)]
