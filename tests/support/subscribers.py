"""Outside subscribers on NATS."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import nats
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from deploy.embedded.stack import Stack
from tests.support.client import Client


async def granted(admin: Client, **settings: Any) -> dict[str, Any]:
    """A new subscriber, with its password."""
    return dict((await admin.post("/_admin/subscribers", {"name": "warehouse", **settings})).expect(201).data)


class Reader:
    """A subscriber's connection, and what the server has refused it."""

    def __init__(self, client: Nats, credentials: dict[str, Any], refused: list[str]) -> None:
        self.client = client
        self.refused = refused
        [self.consumer, *_] = credentials["consumers"]

    async def next(self, count: int = 1) -> list[Msg]:
        """The next messages, acknowledged."""
        durable, stream = self.consumer["durable"], self.consumer["stream"]
        pulling = await self.client.jetstream().pull_subscribe_bind(durable, stream)
        messages: list[Msg] = []
        while len(messages) < count:
            messages += await pulling.fetch(count - len(messages), timeout=20)
        for message in messages:
            await message.ack()
        await self.client.flush()
        return messages


async def connected(stack: Stack, credentials: dict[str, Any]) -> Reader:
    """Raises nats' error where the credentials are not good."""
    refused: list[str] = []

    async def note(error: Exception) -> None:
        refused.append(str(error).lower())

    address = stack.nats_address.removeprefix("nats://")
    client = await nats.connect(
        f"nats://{quote(credentials['user'])}:{quote(credentials['password'])}@{address}",
        inbox_prefix=credentials["inbox_prefix"],
        error_cb=note,
        allow_reconnect=False,
        connect_timeout=10,
    )
    return Reader(client, credentials, refused)
