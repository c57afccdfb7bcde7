"""Tickets: browsers can't send a token with an EventSource, and a token must not be part of a URL.

A ticket is good once, for seconds. Its hash and its session are stored. Its use deletes it in the same statement, so it
opens one stream, through any gateway.
"""

from __future__ import annotations

import orjson

from libs.shared.postgres.databases import Database
from services.gateway.identity.store.secret_tokens import hash_token, new_token
from services.gateway.identity.tokens import unauthorized
from services.gateway.live.sessions import Session

LIFETIME_S = 30
"""Lifetime of a ticket in seconds."""

ISSUE = """
WITH pruned AS (DELETE FROM gateway.live_tickets WHERE expires_at < now())
INSERT INTO gateway.live_tickets (hash, session, expires_at) VALUES ($1, $2, now() + $3 * interval '1 second')
"""
REDEEM = "DELETE FROM gateway.live_tickets WHERE hash = $1 RETURNING session::text, expires_at >= now() AS good"


async def issue(database: Database, session: Session) -> str:
    """A ticket for a session."""
    ticket = new_token()
    await database.execute(ISSUE, hash_token(ticket), orjson.dumps(session.packed()).decode(), LIFETIME_S)
    return ticket


async def redeem(database: Database, ticket: str) -> Session:
    """The session of a ticket, which is used up. Raises UNAUTHORIZED."""
    row = await database.fetchrow(REDEEM, hash_token(ticket))
    if row is None:
        raise unauthorized("invalid", "There is no such ticket, or it has been used")
    if not row["good"]:
        raise unauthorized("expired", "The ticket has expired")
    return Session.unpacked(orjson.loads(row["session"]))
