"""Statements about failed logins. All rows of an attempt are locked in the order of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.shared.postgres.databases import Connection, Database

MAKE = """
INSERT INTO gateway.attempts (key) SELECT k FROM unnest($1::bytea[]) k ORDER BY k ON CONFLICT DO NOTHING
"""
# A few old ones go with each attempt.
PRUNE = """
DELETE FROM gateway.attempts WHERE key IN (
    SELECT key FROM gateway.attempts WHERE at < now() - interval '1 day' AND known_at < now() - interval '30 days'
    ORDER BY at LIMIT 10 FOR UPDATE SKIP LOCKED
)
"""
LOCK = """
SELECT key, failures, at, blocked_until, known_at FROM gateway.attempts WHERE key = ANY($1) ORDER BY key FOR UPDATE
"""
KEEP = """
UPDATE gateway.attempts a SET failures = n.failures, at = n.at, blocked_until = n.blocked_until
FROM unnest($1::bytea[], $2::int[], $3::timestamptz[], $4::timestamptz[]) AS n(key, failures, at, blocked_until)
WHERE a.key = n.key
"""
# $1 the place, $2 the account, $3 the address, which is forgiven what was counted just now ($4) and no more: else
# an account of one's own could clear it between guesses at others.
SUCCEED = """
UPDATE gateway.attempts a SET
    failures = CASE WHEN a.key = $3 THEN greatest(a.failures - $4, 0) ELSE 0 END,
    blocked_until = CASE WHEN a.key = $3 THEN a.blocked_until ELSE 'epoch' END,
    known_at = CASE WHEN a.key = $1 THEN now() ELSE a.known_at END
FROM (SELECT key FROM gateway.attempts WHERE key IN ($1, $2, $3) ORDER BY key FOR UPDATE) locked
WHERE a.key = locked.key
"""
# The first key is the place's.
FORGIVE = """
UPDATE gateway.attempts a SET failures = greatest(a.failures - 1, 0),
    blocked_until = CASE WHEN a.key = ($1::bytea[])[1] THEN 'epoch' ELSE a.blocked_until END
FROM (SELECT key FROM gateway.attempts WHERE key = ANY($1) ORDER BY key FOR UPDATE) locked WHERE a.key = locked.key
"""


@dataclass(frozen=True, slots=True)
class FailureCounter:
    """How many failures, when the last one was, until when to wait, and when a login from the place succeeded."""

    failures: int
    at: datetime
    blocked_until: datetime
    known_at: datetime


async def lock(transaction: Connection, keys: Sequence[bytes]) -> list[FailureCounter]:
    """Lock the counters of these keys until the transaction ends; returns them in this order."""
    await transaction.execute(PRUNE)
    await transaction.execute(MAKE, list(keys))
    rows = {row["key"]: row for row in await transaction.fetch(LOCK, list(keys))}
    return [
        FailureCounter(row["failures"], row["at"], row["blocked_until"], row["known_at"])
        for row in (rows[key] for key in keys)
    ]


async def keep(transaction: Connection, keys: Sequence[bytes], counters: Sequence[FailureCounter]) -> None:
    """Store the first of these, as many as there are counters."""
    if counters:
        await transaction.execute(
            KEEP,
            list(keys[: len(counters)]),
            [counter.failures for counter in counters],
            [counter.at for counter in counters],
            [counter.blocked_until for counter in counters],
        )


async def succeed(database: Database, keys: Sequence[bytes], counted: int) -> None:
    """Reset the counters of place and account, and mark the place as known. `counted` of the keys were counted."""
    await database.execute(SUCCEED, *keys, int(counted == len(keys)))


async def forgive(database: Database, keys: Sequence[bytes]) -> None:
    """Take one failure back."""
    await database.execute(FORGIVE, list(keys))
