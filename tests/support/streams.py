"""What a stack has published, read as any subscriber would."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import nats
import orjson
from nats.js.api import DeliverPolicy

from deploy.embedded.stack import Stack
from tests.support.client import Client


def sibling(url: str, database: str) -> str:
    """The DSN of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def app_row(stack: Stack, client: Client) -> Any:
    """Id and database of the client's app."""
    connection = await asyncpg.connect(sibling(stack.database_url, "rocket"))
    try:
        name = client.prefix.removeprefix("/api/")
        return await connection.fetchrow("SELECT id::text, database FROM metadata.apps WHERE name = $1", name)
    finally:
        await connection.close()


async def published(
    stack: Stack, app_id: str, expected: int, *, entity: str = "*", within: float = 30.0
) -> list[dict[str, Any]]:
    """The app's commits on the stream, in order, once there are `expected` of them; more are answered too."""
    client = await nats.connect(stack.nats_url)
    try:
        subscription = await client.jetstream().subscribe(
            f"commits.{app_id}.{entity}.>", ordered_consumer=True, deliver_policy=DeliverPolicy.ALL
        )
        events: list[dict[str, Any]] = []
        pending = 0
        while len(events) < expected or pending:
            message = await subscription.next_msg(timeout=within)
            events.append(orjson.loads(message.data))
            pending = message.metadata.num_pending
        return events
    finally:
        await client.close()
