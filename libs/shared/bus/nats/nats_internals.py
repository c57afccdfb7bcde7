"""The only adapter to private names of nats-py; tests/unit/shared/bus/test_nats_internals.py checks them."""

from __future__ import annotations

from nats.aio.client import Client
from nats.aio.transport import Transport


def client_over(transport: Transport) -> Client:
    """A client that connects through `transport`, in place of the one that it would make itself.

    `bool(transport)` must be true, as nats-py replaces a transport that is false.
    """
    client = Client()
    client._transport = transport
    return client
