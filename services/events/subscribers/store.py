"""Every statement about subscribers. Only a hash of the password is kept; passwords are random, so it needs no salt."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from libs.shared.contracts.subscribers import SubscriberBody
from libs.shared.postgres.databases import Database, Record

COLUMNS = "id, name, streams, entities, expires_at, created_at, created_by"
MAX_SUBSCRIBERS = 200
"""Subscribers of an app."""

INSERT = f"""
INSERT INTO events.subscribers (id, name, streams, entities, expires_at, password_hash, created_by)
SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT count(*) FROM events.subscribers) < {MAX_SUBSCRIBERS}
RETURNING {COLUMNS}
"""
LIST = f"SELECT {COLUMNS} FROM events.subscribers ORDER BY created_at, id"
FIND = f"""
SELECT {COLUMNS}, password_hash FROM events.subscribers WHERE id = $1 AND (expires_at IS NULL OR expires_at > now())
"""
END = f"""
UPDATE events.subscribers SET expires_at = least(expires_at, now()) WHERE id = $1 RETURNING {COLUMNS}
"""
DELETE = f"DELETE FROM events.subscribers WHERE id = $1 RETURNING {COLUMNS}"


async def insert(database: Database, subscriber_id: str, body: SubscriberBody, password: str, by: str) -> Record | None:
    """The new row; None when there are too many. Raises CONFLICT when the name is taken."""
    values = (subscriber_id, body.name, body.streams, body.entities, body.expires_at, hash_of(password), by)
    return await database.fetchrow(INSERT, *values)


async def list_all(database: Database) -> Sequence[Record]:
    return await database.fetch(LIST)


async def find(database: Database, subscriber_id: str) -> Record | None:
    """A subscriber that has not expired."""
    return await database.fetchrow(FIND, subscriber_id)


async def end(database: Database, subscriber_id: str) -> Record | None:
    """Refuse its connections from now on. Its row stays as long as it has durables."""
    return await database.fetchrow(END, subscriber_id)


async def delete(database: Database, subscriber_id: str) -> Record | None:
    return await database.fetchrow(DELETE, subscriber_id)


def hash_of(password: str) -> bytes:
    return hashlib.sha256(password.encode()).digest()
