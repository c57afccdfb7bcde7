"""What a stack has published, read as any subscriber would."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import nats
import orjson
from nats.aio.client import Client as Nats
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from nats.js.manager import JetStreamManager

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
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


async def queried(stack: Stack, database: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a query finds in a database of the stack's server."""
    connection = await asyncpg.connect(sibling(stack.database_url, database))
    try:
        return [tuple(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


async def published(
    stack: Stack, app_id: str, expected: int, *, entity: str = "*", within: float = 30.0
) -> list[dict[str, Any]]:
    """The app's commits on the stream, in order, once there are `expected` of them; more are answered too."""
    found = await messages_of(stack, app_id, expected, entity=entity, within=within)
    return [orjson.loads(message.data or b"") for message in found]


async def messages_of(
    stack: Stack, app_id: str, expected: int, *, entity: str = "*", within: float = 30.0
) -> list[RawStreamMsg]:
    """As `published`, as they lie on the stream."""
    async with as_service(stack, "data") as client:
        reading = JetStreamManager(client)
        subject = f"commits.{app_id}.{entity}.>"
        messages: list[RawStreamMsg] = []

        async def enough() -> bool:
            with contextlib.suppress(NotFoundError):
                while True:
                    after = (messages[-1].seq or 0) + 1 if messages else 1
                    messages.append(await reading.get_msg("COMMITS", seq=after, subject=subject, next=True))
            return len(messages) >= expected

        await eventually(enough, within=within)
        return messages


@contextlib.asynccontextmanager
async def as_service(stack: Stack, service: str) -> AsyncIterator[Nats]:
    """A plain connection with the rights of a service."""
    client = await nats.connect(stack.nats_url_of(service), inbox_prefix=f"_INBOX.{service}")
    try:
        yield client
    finally:
        await client.close()
