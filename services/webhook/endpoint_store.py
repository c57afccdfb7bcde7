"""The statements about endpoints: their health, and the salts of their secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database
from services.webhook.health import Health
from services.webhook.signing import Salts

Known = tuple[str, Health]
"""The URL of an endpoint and its recorded health."""
HEALTH = "circuit, failures, openings, failing_since, hold_until, last_error"
LOAD = f"""
SELECT h.endpoint, {HEALTH} FROM unnest($1::text[], $2::text[]) AS e(endpoint, url)
JOIN webhook.endpoints h ON h.endpoint = e.endpoint AND h.url = e.url
"""
# In one order, so that replicas do not deadlock.
LOCK = f"SELECT endpoint, url, {HEALTH} FROM webhook.endpoints WHERE endpoint = ANY($1) ORDER BY endpoint FOR UPDATE"
SAVE = f"""
INSERT INTO webhook.endpoints (endpoint, url, {HEALTH})
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[],
    $8::text[]) AS n(endpoint) ORDER BY n.endpoint
ON CONFLICT (endpoint) DO UPDATE SET url = excluded.url, circuit = excluded.circuit, failures = excluded.failures,
    openings = excluded.openings, failing_since = excluded.failing_since, hold_until = excluded.hold_until,
    last_error = excluded.last_error
"""
# For a manual retry: the circuit stays open, and lets one delivery through.
LET_THROUGH = """
UPDATE webhook.endpoints SET hold_until = NULL WHERE endpoint = $1 AND circuit <> 'disabled' AND hold_until IS NOT NULL
"""
ABANDON = """
UPDATE webhook.deliveries SET status = 'failed', due_at = NULL, claimed_until = NULL, next_retry_at = NULL,
    error = $2, updated_at = clock_timestamp()
WHERE endpoint = $1 AND due_at IS NOT NULL
"""
# The same for deliveries stored after their endpoint was disabled. Waits for an endpoint that is being enabled.
GIVE_UP = """
WITH gone AS (
    SELECT h.endpoint, h.last_error FROM unnest($1::text[], $2::text[]) AS e(endpoint, url)
    JOIN webhook.endpoints h ON h.endpoint = e.endpoint AND h.url = e.url AND h.circuit = 'disabled'
    ORDER BY h.endpoint FOR SHARE OF h
)
UPDATE webhook.deliveries d SET status = 'failed', due_at = NULL, claimed_until = NULL, next_retry_at = NULL,
    error = 'the endpoint is disabled: ' || gone.last_error, updated_at = clock_timestamp()
FROM gone WHERE d.endpoint = gone.endpoint AND d.due_at IS NOT NULL
"""
SALTS = "SELECT webhook_id::text, salt, previous::text FROM webhook.secrets WHERE webhook_id = ANY($1::uuid[])"
LOCK_SALTS = """
INSERT INTO webhook.secrets (webhook_id, salt) VALUES ($1, '')
ON CONFLICT (webhook_id) DO UPDATE SET salt = webhook.secrets.salt RETURNING salt, previous::text
"""
SAVE_SALTS = "UPDATE webhook.secrets SET salt = $2, previous = $3::jsonb WHERE webhook_id = $1"


async def load_health(database: Database, urls: Mapping[str, str]) -> dict[str, Health]:
    """The health of endpoints, given their current URLs; absent ones are healthy."""
    rows = await database.fetch(LOAD, list(urls), list(urls.values()))
    return {row["endpoint"]: _health(row) for row in rows}


async def lock_health(transaction: Connection, endpoints: Iterable[str]) -> dict[str, Known]:
    """The health of endpoints, locked until the end of the transaction; absent if nothing is recorded."""
    rows = await transaction.fetch(LOCK, list(endpoints))
    return {row["endpoint"]: (row["url"], _health(row)) for row in rows}


async def save_health(transaction: Connection, known: Mapping[str, Known]) -> None:
    """Save the health of endpoints."""
    if not known:
        return
    health = [each for _, each in known.values()]
    await transaction.execute(
        SAVE, list(known), [url for url, _ in known.values()],
        [h.circuit for h in health], [h.failures for h in health], [h.openings for h in health],
        [h.failing_since for h in health], [h.hold_until for h in health], [h.last_error for h in health],
    )  # fmt: skip


async def let_through(database: Database, endpoint: str) -> None:
    """Let a delivery through to an endpoint although its circuit is open."""
    await database.execute(LET_THROUGH, endpoint)


async def abandon(transaction: Connection, endpoint: str, error: str) -> None:
    """Fail all unfinished deliveries of an endpoint."""
    await transaction.execute(ABANDON, endpoint, error)


async def give_up(database: Database, urls: Mapping[str, str]) -> None:
    """Fail all unfinished deliveries of disabled endpoints, given their current URLs."""
    await database.execute(GIVE_UP, list(urls), list(urls.values()))


async def load_salts(database: Database, webhook_ids: Sequence[str]) -> dict[str, Salts]:
    """The salts of webhooks; absent if they were never rotated."""
    rows = await database.fetch(SALTS, [UUID(each) for each in webhook_ids])
    return {row["webhook_id"]: Salts.read(row["salt"], exact.loads(row["previous"])) for row in rows}


async def lock_salts(transaction: Connection, webhook_id: UUID) -> Salts:
    """The salts of a webhook, locked until the end of the transaction."""
    row = await transaction.fetchrow(LOCK_SALTS, webhook_id)
    assert row is not None, "the statement inserts or updates"
    return Salts.read(row["salt"], exact.loads(row["previous"]))


async def save_salts(transaction: Connection, webhook_id: UUID, salts: Salts) -> None:
    previous = exact.dumps([(salt, until.isoformat()) for salt, until in salts.previous]).decode()
    await transaction.execute(SAVE_SALTS, webhook_id, salts.current, previous)


def _health(row: Any) -> Health:
    return Health(
        row["circuit"], row["failures"], row["openings"], row["failing_since"], row["hold_until"], row["last_error"]
    )
