"""A TCP proxy in front of NATS that can cut one service off."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

NAME = re.compile(rb'"name": ?"([^"]+)"')
"""Whose connection it is, as the client says in its CONNECT."""


class Proxy:
    """Passes bytes on between clients and one server."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open: dict[str, asyncio.Event] = {}
        self.connections: set[str] = set()
        """The names of all clients there ever were."""

    def cut(self, name: str) -> None:
        """Let nothing of this client through, in either direction."""
        self._gate(name).clear()

    def heal(self, name: str) -> None:
        """Let everything through that has waited."""
        self._gate(name).set()

    def _gate(self, name: str) -> asyncio.Event:
        if name not in self._open:
            self._open[name] = asyncio.Event()
            self._open[name].set()
        return self._open[name]

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end is gone."""
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        name = [""]
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, name, watch=True)),
            asyncio.create_task(self._pump(far_reader, writer, name, watch=False)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            writer.close()
            far_writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: list[str], watch: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if watch and not name[0] and (found := NAME.search(data)):
                    name[0] = found[1].decode()
                    self.connections.add(name[0])
                await self._gate(name[0]).wait()
                writer.write(data)
                await writer.drain()


@contextlib.asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of the server that a URL names (no user), and the URL through it."""
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    proxy = Proxy(parts.hostname, parts.port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    through = urlunsplit(parts._replace(netloc=f"127.0.0.1:{port}"))
    try:
        yield proxy, through
    finally:
        server.close()
