"""The thin layer over nats-py: connect for ever, know whether we are connected, close cleanly.

Nothing outside `bus` imports nats.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from libs.shared.bus.frames import decode, encode, pack, unpack
from libs.shared.contracts.messages import Announcement
from libs.shared.errors import unavailable

log = structlog.get_logger()

CONNECT_RETRY = 0.25
"""Seconds between attempts while no server answers."""
MAX_PAYLOAD = 1024 * 1024
"""Bytes a NATS message may have; the server's default, which we keep."""


class Connection:
    """One connection to NATS, shared by everything in a process."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._established = asyncio.Event()
        self._on_reconnect: list[Callable[[], None]] = []

    @property
    def client(self) -> Client:
        """The nats-py client. Raises SERVICE_UNAVAILABLE before the first connection."""
        if self._client is None:
            raise unavailable("nats")
        return self._client

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    async def established(self) -> None:
        """Wait for the first connection; there is no limit, as nothing can be done without it."""
        await self._established.wait()

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Have `call` called after each reconnection."""
        self._on_reconnect.append(call)

    async def publish(
        self, subject: str, payload: bytes, headers: dict[str, str] | None = None, reply: str = ""
    ) -> None:
        """Fire and forget. Raises SERVICE_UNAVAILABLE when there is no connection to give it to."""
        if not self.connected:
            raise unavailable("nats")
        await self.client.publish(subject, payload, reply=reply, headers=headers)

    async def request(self, subject: str, payload: bytes, timeout: float, headers: dict[str, str] | None = None) -> Msg:
        """One question, one answer; `timeout` in seconds.

        Raises SERVICE_UNAVAILABLE without a connection, and nats.errors.{NoRespondersError,TimeoutError}.
        """
        if not self.connected:
            raise unavailable("nats")
        return await self.client.request(subject, payload, timeout=timeout, headers=headers)

    async def announce(self, message: Announcement) -> None:
        """Tell every replica; lost if nobody listens or NATS is away, which announcements allow."""
        if self.connected:
            await self.client.publish(message.address(), pack(*encode(message)))

    async def on_announcement(self, kind: type[Any], heard: Callable[[Any], Awaitable[None] | None]) -> None:
        """Call `heard` with each announcement of `kind`."""

        async def deliver(message: Msg) -> None:
            outcome = heard(decode(kind, *unpack(message.data)))
            if outcome is not None:
                await outcome

        await self.client.subscribe(kind.address(), cb=deliver)

    async def open(self, url: str, name: str) -> None:
        """Connect, however long it takes for a server to answer; from then on reconnect without end."""
        waited = False
        while self._client is None:
            try:
                self._client = await self._connect(url, name)
            except (OSError, nats.errors.Error, TimeoutError) as error:
                if not waited:
                    log.warning("nats.waiting", error=type(error).__name__)
                    waited = True
                await asyncio.sleep(CONNECT_RETRY)
        self._established.set()

    async def close(self) -> None:
        """Send what is buffered and close, within 3 seconds."""
        if self._client is None:
            return
        with contextlib.suppress(Exception):
            if self._client.is_connected:
                await asyncio.wait_for(self._client.flush(2), 3)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._client.close(), 3)

    async def _connect(self, url: str, name: str) -> Client:
        return await nats.connect(
            url,
            name=name,
            # Answers come to a place of the service's own, so that no other one can be allowed to read them.
            inbox_prefix=f"_INBOX.{name.removeprefix('rocket-')}".encode(),
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=CONNECT_RETRY,
            connect_timeout=2,
            ping_interval=10,
            max_outstanding_pings=2,
            # What can't be sent at once is refused, not hoarded: callers get a 503 and decide.
            pending_size=8 * MAX_PAYLOAD,
            error_cb=_on_error,
            disconnected_cb=_on_disconnect,
            reconnected_cb=self._reconnected,
        )

    async def _reconnected(self) -> None:
        log.info("nats.reconnected")
        for call in self._on_reconnect:
            call()


@contextlib.asynccontextmanager
async def connect(url: str, name: str) -> AsyncIterator[Connection]:
    """A connection that outlives its server. It is there at once and connects in the background."""
    connection = Connection()
    opening = asyncio.create_task(connection.open(url, name))
    try:
        yield connection
    finally:
        opening.cancel()
        await connection.close()


async def _on_error(error: Exception) -> None:
    log.warning("nats.error", error=str(error) or type(error).__name__)


async def _on_disconnect() -> None:
    log.warning("nats.disconnected")
