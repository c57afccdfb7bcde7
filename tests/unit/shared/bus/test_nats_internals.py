"""What nats-py keeps private and NatsSocket relies on: this fails when an upgrade changes it."""

from __future__ import annotations

import asyncio
import inspect

from nats.aio.client import Client
from nats.aio.transport import Transport

from libs.shared.bus.nats.nats_internals import client_over
from libs.shared.bus.nats.protocol import Message
from libs.shared.bus.nats.socket import NatsSocket

INFO = b'INFO {"server_id":"x","version":"2.14.0","max_payload":1048576,"headers":true,"proto":1}\r\n'


def test_a_new_client_has_no_transport_yet() -> None:
    assert Client()._transport is None


def test_the_socket_has_every_method_of_a_transport_with_its_parameters() -> None:
    for name in Transport.__abstractmethods__:
        expected, own = inspect.signature(getattr(Transport, name)), inspect.signature(getattr(NatsSocket, name))
        assert list(own.parameters) == list(expected.parameters), name


async def test_a_client_connects_through_the_socket_and_reads_what_is_not_ours() -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO)
        while line := await reader.readline():
            received.append(line)
            if line == b"PING\r\n":
                writer.write(b"PONG\r\n")
            if line.startswith(b"SUB ours"):
                writer.write(b"MSG ours %b 2\r\nhi\r\n" % line.split()[-1])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    socket, messages = NatsSocket(), asyncio.Queue[Message]()
    socket.subscribe("ours", messages.put_nowait)
    client = client_over(socket)
    try:
        await client.connect(f"nats://127.0.0.1:{port}", allow_reconnect=False)
        assert client._transport is socket
        socket.resubscribe()
        async with asyncio.timeout(5):
            assert (await messages.get()).data == b"hi"
            await client.flush(2)
        assert any(line.startswith(b"CONNECT ") for line in received)
    finally:
        await client.close()
        server.close()
