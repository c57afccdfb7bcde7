"""Asking as a service does, past the gateway."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from deploy.embedded.stack import Stack
from libs.shared.bus.nats.connection import connect
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.rpc.nats_transport import NatsTransport
from libs.shared.contracts.context import AppRef
from tests.support.app_database import app_row
from tests.support.client import Client


@contextlib.asynccontextmanager
async def inside(stack: Stack, service: str) -> AsyncIterator[RpcClient]:
    """Somebody who asks with a service's user of NATS."""
    async with connect(stack.nats_url_of(service), f"rocket-{service}") as connection:
        await connection.established()
        yield RpcClient(NatsTransport(connection))


async def app_of(stack: Stack, admin: Client) -> AppRef:
    """A client's app as services know it."""
    row = await app_row(stack, admin)
    return AppRef(str(row["id"]), admin.prefix.rpartition("/")[2], row["database"])
