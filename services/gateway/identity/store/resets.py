"""Statements about forgotten passwords; of tokens the SHA-256 is kept."""

from __future__ import annotations

from libs.shared.postgres.databases import Connection, Database, Record
from services.gateway.identity.store.secret_tokens import hash_token, new_token

LIFETIME_S = 3600
"""Lifetime of a token in seconds."""
MAX_ACCOUNT_TOKENS = 5
"""Tokens of one account within their lifetime."""

# For an active account with a password (who logs in at a provider only gets none by mail) that has not had too many;
# what has expired goes.
ISSUE = """
WITH pruned AS (DELETE FROM gateway.password_resets WHERE expires_at < now()), account AS (
    SELECT u.id, u.email FROM gateway.users u WHERE u.address = $2 AND u.active AND u.password_hash <> '!' AND (
        SELECT count(*) FROM gateway.password_resets r WHERE r.user_id = u.id AND r.expires_at > now()) < $4
    ORDER BY u.email = $2 DESC, u.id LIMIT 1
), issued AS (
    INSERT INTO gateway.password_resets (token_hash, user_id, expires_at)
    SELECT $1, id, now() + $3 * interval '1 second' FROM account RETURNING user_id
)
SELECT a.email FROM account a JOIN issued i ON i.user_id = a.id
"""
FIND = """
SELECT u.id::text, u.email FROM gateway.password_resets r JOIN gateway.users u ON u.id = r.user_id AND u.active
WHERE r.token_hash = $1 AND r.expires_at > now()
"""
# All of the account's go with the one that is used.
USE = """
WITH used AS (
    DELETE FROM gateway.password_resets WHERE token_hash = $1 AND expires_at > now() RETURNING user_id
), others AS (
    DELETE FROM gateway.password_resets r USING used WHERE r.user_id = used.user_id AND r.token_hash <> $1
)
SELECT true FROM used
"""


async def issue(database: Database, email: str) -> tuple[str, str] | None:
    """A token for this account, and its address as stored; None if there is no such account, or it has had enough."""
    token = new_token()
    stored: str | None = await database.fetchval(ISSUE, hash_token(token), email, LIFETIME_S, MAX_ACCOUNT_TOKENS)
    return (token, stored) if stored else None


async def find(database: Database, token: str) -> Record | None:
    """The active user a good token is for."""
    return await database.fetchrow(FIND, hash_token(token))


async def use(transaction: Connection, token: str) -> bool:
    """Use a token up; False if it was not good any more."""
    return bool(await transaction.fetchval(USE, hash_token(token)))
