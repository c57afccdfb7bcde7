"""Statements about sessions and their refresh tokens, of which only SHA-256 hashes are kept: one family per session."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from libs.shared.postgres.databases import Connection, Database, Record
from services.gateway.identity.store.secret_tokens import hash_token, new_token

REFRESH_LIFETIME_S = 7 * 86_400
"""Lifetime of a refresh token in seconds."""
GRACE_S = 10
"""Seconds after its rotation in which the reuse of a token does not end the session (parallel tabs)."""
MAX_SESSIONS = 500
"""Sessions of one user; the ones longest unused make room."""

# A session with its first token; what has expired, and what is too much, goes. Only for a user who is as they were
# when they proved who they are: a change that is under way is waited for, as it ends only the sessions it can see.
BEGIN = """
WITH pruned AS (
    DELETE FROM gateway.sessions WHERE user_id = $2::text::uuid AND (expires_at < now() OR id IN (
        SELECT id FROM gateway.sessions WHERE user_id = $2::text::uuid ORDER BY last_used_at DESC OFFSET $7))
), begun AS (
    INSERT INTO gateway.sessions (id, user_id, via, ip, user_agent, expires_at)
    SELECT $1, u.id, $3, $4, $5, now() + $8 * interval '1 second' FROM gateway.users u
    WHERE u.id = $2::text::uuid AND u.version = $9 AND u.active FOR SHARE OF u
    RETURNING id, user_id, expires_at
)
INSERT INTO gateway.refresh_tokens (token_hash, user_id, family, expires_at)
SELECT $6, user_id, id, expires_at FROM begun RETURNING true
"""
# Used up and replaced in one statement, so that a logout in between can't be outlived.
ROTATE = """
WITH used AS (
    UPDATE gateway.refresh_tokens SET used_at = now()
    WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now() RETURNING user_id, family
), kept AS (
    UPDATE gateway.sessions s SET last_used_at = now(), expires_at = now() + $3 * interval '1 second',
        ip = $4, user_agent = $5
    FROM used WHERE s.id = used.family RETURNING s.via
), pruned AS (
    DELETE FROM gateway.refresh_tokens t USING used WHERE t.family = used.family AND t.expires_at < now()
), issued AS (
    INSERT INTO gateway.refresh_tokens (token_hash, user_id, family, expires_at)
    SELECT $2, user_id, family, now() + $3 * interval '1 second' FROM used
)
SELECT u.id::text, u.email, u.roles, u.version, used.family::text AS session, kept.via
FROM used CROSS JOIN kept JOIN gateway.users u ON u.id = used.user_id AND u.active
"""
# The session of a token that was used up longer than the grace ago.
REUSED = """
SELECT family::text FROM gateway.refresh_tokens WHERE token_hash = $1 AND used_at < now() - $2 * interval '1 second'
"""
SESSION_OF = "SELECT family::text FROM gateway.refresh_tokens WHERE token_hash = $1"
END = "DELETE FROM gateway.sessions WHERE id = ANY($1::text[]::uuid[])"
END_ALL = "DELETE FROM gateway.sessions WHERE user_id = $1"
OF_USER = """
SELECT id::text FROM gateway.sessions WHERE user_id = $1::text::uuid AND expires_at > now()
"""
OF_PASSWORDS = """
SELECT s.id::text FROM gateway.sessions s JOIN gateway.users u ON u.id = s.user_id
WHERE s.via = 'password' AND NOT 'admin' = ANY(u.roles)
"""
LIST = """
SELECT coalesce(json_agg(row_to_json(s)), '[]')::text FROM (
    SELECT id, via, ip, user_agent, created_at, last_used_at, expires_at, id = $2::text::uuid AS current
    FROM gateway.sessions WHERE user_id = $1::text::uuid AND expires_at > now() ORDER BY last_used_at DESC, id
) s
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """From where a session is used, and how it was begun."""

    ip: str
    user_agent: str
    via: str = "password"


async def begin(database: Database | Connection, user_id: str, version: int, origin: Origin) -> tuple[str, str] | None:
    """A new session's id and its first refresh token; None if the user is inactive, or no longer of this version."""
    session, token = str(uuid.uuid4()), new_token()
    values = (
        uuid.UUID(session),
        user_id,
        origin.via,
        origin.ip,
        origin.user_agent,
        hash_token(token),
        MAX_SESSIONS - 1,
    )
    begun = await database.fetchval(BEGIN, *values, REFRESH_LIFETIME_S, version)
    return (session, token) if begun else None


async def rotate(database: Database, token: str, origin: Origin) -> tuple[Record, str] | None:
    """Its active user with the session, and the next token; None if the token is not good."""
    following = new_token()
    row = await database.fetchrow(
        ROTATE, hash_token(token), hash_token(following), REFRESH_LIFETIME_S, origin.ip, origin.user_agent
    )
    return None if row is None else (row, following)


async def reused(database: Database, token: str) -> str | None:
    """The session to end, if this token was used up longer than the grace ago."""
    session: str | None = await database.fetchval(REUSED, hash_token(token), GRACE_S)
    return session


async def session_of(database: Database, token: str) -> str | None:
    """The session that a refresh token belongs to, used up or not."""
    session: str | None = await database.fetchval(SESSION_OF, hash_token(token))
    return session


async def end(database: Database, sessions: list[str]) -> None:
    """End sessions; their refresh tokens go with them."""
    await database.execute(END, sessions)


async def end_all(transaction: Connection, user_id: uuid.UUID) -> None:
    """End all sessions of a user."""
    await transaction.execute(END_ALL, user_id)


async def of_user(database: Database, user_id: str) -> list[str]:
    """The ids of a user's sessions."""
    return [row["id"] for row in await database.fetch(OF_USER, user_id)]


async def of_passwords(database: Database) -> list[str]:
    """The ids of sessions that others than admins have begun with a password."""
    return [row["id"] for row in await database.fetch(OF_PASSWORDS)]


async def listing(database: Database, user_id: str, current: str) -> bytes:
    """A user's sessions as JSON, the one last used first; `current` is marked."""
    text: str = await database.fetchval(LIST, user_id, current)
    return text.encode()
