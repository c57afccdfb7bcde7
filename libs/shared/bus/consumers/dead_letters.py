"""Dead letters: events that could not be handled, kept with the reason until an operator replays them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from libs.shared.bus.consumers.incoming import Incoming
from libs.shared.postgres.counting import bounded_counts
from libs.shared.postgres.databases import Connection, Database

ADD = """
INSERT INTO {schema}.dead_letters (consumer, record_key, key, subject, headers, payload, error, attempts)
VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8) ON CONFLICT (consumer, key) DO NOTHING
"""
RECORDS = """
SELECT DISTINCT record_key FROM {schema}.dead_letters WHERE consumer = $1 AND record_key = ANY($2::text[])
"""
LIST = """
SELECT coalesce(json_agg(row_to_json(d)), '[]')::text FROM (
    SELECT id, '{schema}' AS service, consumer, record_key, key, subject, payload, error, attempts, parked_at
    FROM {schema}.dead_letters ORDER BY id DESC LIMIT 200
) d
"""
BEHIND = """
SELECT id, consumer, record_key, key, subject, headers::text, payload FROM {schema}.dead_letters d
WHERE (consumer, record_key) = (SELECT consumer, record_key FROM {schema}.dead_letters WHERE id = $1)
ORDER BY id FOR UPDATE
"""
ANY = "SELECT EXISTS (SELECT FROM {schema}.dead_letters WHERE consumer = $1)"
REMOVE = "DELETE FROM {schema}.dead_letters WHERE id = $1"


async def add(
    transaction: Connection, service: str, consumer: str, incoming: Incoming, error: str, attempts: int
) -> None:
    """Add an event that could not be handled."""
    await transaction.execute(
        ADD.format(schema=service),
        consumer,
        incoming.record_key,
        incoming.key,
        incoming.subject,
        orjson.dumps(incoming.headers).decode(),
        incoming.payload.decode("utf-8", "replace").replace("\x00", ""),
        error,
        attempts,
    )


async def blocked_records(transaction: Connection, service: str, consumer: str, keys: Sequence[str]) -> set[str]:
    """The records among `keys` that have dead letters."""
    rows = await transaction.fetch(RECORDS.format(schema=service), consumer, list(keys))
    return {row["record_key"] for row in rows}


async def listing(database: Database, service: str) -> bytes:
    """The newest 200 dead letters of a service in an app, as a JSON list."""
    text: str = await database.fetchval(LIST.format(schema=service))
    return text.encode()


def counting(service: str) -> str:
    """SQL that counts the dead letters of a service."""
    return bounded_counts({"dead_letters": f"{service}.dead_letters"})


async def is_any(database: Database, service: str, consumer: str) -> bool:
    """Whether a consumer has dead letters in an app."""
    return bool(await database.fetchval(ANY.format(schema=service), consumer))


async def same_record(transaction: Connection, service: str, letter_id: int) -> Sequence[Any]:
    """A dead letter and all others of its record, in order, locked; empty if it is unknown."""
    rows: Sequence[Any] = await transaction.fetch(BEHIND.format(schema=service), letter_id)
    return rows


async def remove(transaction: Connection, service: str, letter_id: int) -> None:
    """Delete a dead letter."""
    await transaction.execute(REMOVE.format(schema=service), letter_id)
