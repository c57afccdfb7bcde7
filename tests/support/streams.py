"""The messages that a system has published, read as a subscriber."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import nats
import orjson
from nats.aio.client import Client as Nats
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from nats.js.manager import JetStreamManager

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client


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


async def letters(admin: Client) -> list[dict[str, Any]]:
    """The app's dead letters, of services that all answered."""
    reply = (await admin.get("/_admin/dead-letters")).expect(200)
    assert reply.meta == {"total": len(reply.data), "unavailable": []}
    return list(reply.data)
