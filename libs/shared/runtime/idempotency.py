"""Idempotency-Key: a request repeated under the same key has its effect once and gets the same response.

The key is stored in the transaction and the database of the effect, so a kill at any moment leaves both or none. An
advisory lock on the key, held until that transaction ends, detects repetitions during the first request, on any
replica. A refused request stores no key.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson

from libs.shared.contracts.context import Context, IdempotencyKey
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, Database, Databases
from libs.shared.postgres.tiered_semaphore import REQUEST

KEPT_HOURS = 24
"""Hours for which a response is repeated."""
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""The size limit of a stored response."""
PRUNED_ROWS = 20
"""The largest number of expired keys deleted when a new one is stored."""
REPLAYED = {"Idempotency-Replayed": "true"}

LOCK = "SELECT pg_try_advisory_xact_lock($1)"
FIND = """
SELECT request, status, headers, body FROM {schema}.idempotency
WHERE key = $1 AND at > now() - $2 * interval '1 hour'
"""
KEEP = """
INSERT INTO {schema}.idempotency (key, request, status, headers, body) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key) DO UPDATE SET request = excluded.request, status = excluded.status, headers = excluded.headers,
    body = excluded.body, at = now()
"""
PRUNE = """
DELETE FROM {schema}.idempotency WHERE key IN (
    SELECT key FROM {schema}.idempotency WHERE at <= now() - $1 * interval '1 hour'
    ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
)
"""

Run = Callable[[], Awaitable[Response]]
Handler = Callable[[Context, Any], Awaitable[Any]]


def honouring(service: str, databases: Databases, rpc_request: type[Request[Any]], handler: Handler) -> Handler:
    """Wrap the handler of `rpc_request` so that it honours the Idempotency-Key of a context."""
    if rpc_request.writes is Writes.NOTHING:
        return handler

    async def once(context: Context, asked: Any) -> Any:
        wish = context.idempotency
        if wish is None:
            return await handler(context, asked)
        apart = rpc_request.writes is Writes.PLATFORM
        database = databases.platform if apart else databases.of(context.the_app)
        # The key applies to the caller's request, not to further requests of the handler.
        inner = context._replace(idempotency=None)
        return await run_once(service, database, wish, lambda: handler(inner, asked), apart=apart)

    return once


async def run_once(
    service: str, database: Database, wish: IdempotencyKey, run: Run, *, apart: bool = False
) -> Response:
    """Return the response of `run`, or the stored one of this key. `apart`: the effect is outside of the transaction.

    Raises CONFLICT while the first request is running, IDEMPOTENCY_KEY_REUSED if the key was used for another request,
    and what `run` raises.
    """
    async with _transaction(database, apart) as transaction:
        key = bytes.fromhex(wish.key)
        if not await transaction.fetchval(LOCK, int.from_bytes(key[:8], signed=True)):
            message = "The request with this Idempotency-Key is still running"
            raise RocketError("CONFLICT", message, headers={"Retry-After": "1"})
        if known := await transaction.fetchrow(FIND.format(schema=service), key, KEPT_HOURS):
            return _replayed(known, wish)
        response = await run()
        # A response with `no-store` contains a secret, which must not be stored here for a day.
        if 200 <= response.status < 300 and response.headers.get("Cache-Control") != "no-store":
            await _keep(transaction, service, wish, response)
        return response


@contextlib.asynccontextmanager
async def _transaction(database: Database, apart: bool) -> AsyncIterator[Connection]:
    async with database.transaction(REQUEST) if apart else database.ambient_transaction() as transaction:
        yield transaction


def _replayed(known: Any, wish: IdempotencyKey) -> Response:
    if known["request"] != bytes.fromhex(wish.request):
        message = "This Idempotency-Key was used for another request"
        raise RocketError("IDEMPOTENCY_KEY_REUSED", message)
    return Response(known["status"], known["body"], {**orjson.loads(known["headers"]), **REPLAYED})


async def _keep(transaction: Connection, service: str, wish: IdempotencyKey, response: Response) -> None:
    if len(response.body) > MAX_RESPONSE_BYTES:
        message = (
            f"Answers of more than {MAX_RESPONSE_BYTES} bytes can't be kept: send less at once, or no Idempotency-Key"
        )
        raise RocketError("PAYLOAD_TOO_LARGE", message)
    headers = orjson.dumps(response.headers).decode()
    body = response.body if response.kept is None else response.kept
    values = (bytes.fromhex(wish.key), bytes.fromhex(wish.request), response.status, headers, body)
    await transaction.execute(KEEP.format(schema=service), *values)
    await transaction.execute(PRUNE.format(schema=service), KEPT_HOURS, PRUNED_ROWS)
