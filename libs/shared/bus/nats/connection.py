"""The connection to NATS: a thin layer over nats-py that reconnects without limit, knows its state, and closes cleanly.

Only `bus` imports nats.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any

import nats
import structlog
from nats.aio.client import Client

from libs.shared.bus.codec import decode, encode, pack, unpack
from libs.shared.bus.nats.batching import ResponseBatcher
from libs.shared.bus.nats.nats_internals import client_over
from libs.shared.bus.nats.pending_requests import PendingRequests
from libs.shared.bus.nats.protocol import Message, publication, written
from libs.shared.bus.nats.socket import NatsSocket, Receiver
from libs.shared.contracts.messages import Announcement
from libs.shared.errors import RocketError, unavailable

log = structlog.get_logger()

CONNECT_RETRY_S = 0.25
"""Seconds between attempts to connect."""
MAX_PAYLOAD_BYTES = 1024 * 1024
"""The size limit of a NATS message; the default of the server."""
MAX_BUFFERED_BYTES = 8 * MAX_PAYLOAD_BYTES
"""Unsent bytes from which on further messages are refused with SERVICE_UNAVAILABLE."""
FLUSH_TIMEOUT_S = 2
"""Seconds for a round trip to the server."""
CONGESTION_TIMEOUT_S = 5.0
"""Seconds to wait for a server that reads too slowly."""


class Connection:
    """The connection of a process to NATS. `name` identifies it on the server."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client: Client | None = None
        self._socket = NatsSocket()
        self._established = asyncio.Event()
        self._on_reconnect: list[Callable[[], None]] = []
        # Each service has its own inbox prefix, so that permissions can keep other services from reading it.
        self._inbox = f"_INBOX.{name.removeprefix('rocket-')}"
        self._requests = PendingRequests(self._socket, self.new_inbox())
        self._responses = ResponseBatcher(self._socket)

    @property
    def client(self) -> Client:
        """The nats-py client. Raises SERVICE_UNAVAILABLE before the first connection."""
        if self._client is None:
            raise unavailable("nats")
        return self._client

    @property
    def connected(self) -> bool:
        """Whether there is a server that knows all subscriptions."""
        return self._socket.is_open

    async def established(self) -> None:
        """Wait for the first connection, without a limit, because a service can do nothing without it."""
        await self._established.wait()

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Register `call` to be called after each reconnection."""
        self._on_reconnect.append(call)

    def new_inbox(self) -> str:
        """Return a new secret subject for responses."""
        return f"{self._inbox}.{secrets.token_hex(11)}"

    def subscribe(self, subject: str, receiver: Receiver, queue: str = "") -> bytes:
        """Call `receiver` with each message on `subject`. Returns the id for `unsubscribe`."""
        return self._socket.subscribe(subject, receiver, queue)

    def unsubscribe(self, subscription: bytes) -> None:
        """End a subscription at once."""
        self._socket.forget(subscription)

    async def drain(self, subscriptions: Sequence[bytes]) -> None:
        """End subscriptions after the messages that the server has already sent have arrived."""
        for subscription in subscriptions:
            self._socket.unsubscribe(subscription)
        with contextlib.suppress(Exception):
            await self.flush()
        for subscription in subscriptions:
            self._socket.forget(subscription)

    def send(self, subject: bytes, payload: bytes = b"") -> None:
        """Send a message without waiting for the socket.

        Raises SERVICE_UNAVAILABLE without a connection, PAYLOAD_TOO_LARGE over MAX_PAYLOAD_BYTES.
        """
        self._check(len(payload))
        self._socket.post(publication(subject, payload))

    async def publish(
        self, subject: str, payload: bytes, headers: Mapping[str, str] | None = None, reply: str = ""
    ) -> None:
        """Send a message; waits while the socket is congested. Raises what `send` raises."""
        block = written(headers) if headers else b""
        self._check(len(block) + len(payload))
        if self._socket.is_congested:
            await self._uncongested()
        self._socket.post(publication(subject.encode(), payload, block, reply.encode()))

    async def request(self, subject: str, payload: bytes, timeout: float, block: bytes = b"") -> Message:
        """Send a request and return its response; `timeout` in seconds, `block` the encoded headers.

        Raises what `send` raises, and nats.errors.{NoRespondersError,TimeoutError}.
        """
        self._check(len(block) + len(payload))
        if self._socket.is_congested:
            await self._uncongested()
        return await self._requests.request(subject.encode(), payload, block, timeout)

    def request_batched(
        self, subject: str, payload: bytes, timeout: float, block: bytes
    ) -> Coroutine[Any, Any, Message]:
        """Like `request`, to a Rocket service: requests of one subject may be sent in one message."""
        self._check(len(block) + len(payload))
        # Returns the inner coroutine instead of awaiting it, because all requests between services pass here.
        if self._socket.is_congested:
            return self._request_uncongested(subject, payload, timeout, block)
        return self._requests.request_batched(subject.encode(), payload, block, timeout)

    async def _request_uncongested(self, subject: str, payload: bytes, timeout: float, block: bytes) -> Message:
        await self._uncongested()
        return await self._requests.request_batched(subject.encode(), payload, block, timeout)

    def respond(self, request: Message, payload: bytes) -> None:
        """Send a response, without waiting. Raises what `send` raises."""
        if request.is_part:
            self._check(len(payload))
            self._responses.send(request.reply_to, payload)
        else:
            self.send(request.reply_to, payload)

    async def request_all(
        self, requests: Sequence[tuple[str, bytes, bytes]], timeout: float
    ) -> list[Message | BaseException]:
        """Send requests (subject, payload, headers) in order without waiting. Returns each one's response or error.

        Raises what `send` raises, before the first request is sent.
        """
        for _, payload, block in requests:
            self._check(len(block) + len(payload))
        if self._socket.is_congested:
            await self._uncongested()
        encoded = [(subject.encode(), payload, block) for subject, payload, block in requests]
        return await self._requests.request_all(encoded, timeout)

    async def announce(self, message: Announcement) -> None:
        """Publish an announcement to all replicas. It is dropped while NATS is unavailable."""
        with contextlib.suppress(RocketError):
            await self.publish(message.address(), pack(*encode(message)))

    def on_announcement(self, kind: type[Any], heard: Callable[[Any], None]) -> None:
        """Call `heard` with each announcement of `kind`."""
        self.subscribe(kind.address(), lambda message: heard(decode(kind, *unpack(message.data))))

    async def flush(self) -> None:
        """Wait until the server has processed everything sent so far, subscriptions included."""
        await self.client.flush(FLUSH_TIMEOUT_S)

    def _check(self, size: int) -> None:
        if size > MAX_PAYLOAD_BYTES:
            # The server would close the connection, and all pending requests would fail.
            raise RocketError("PAYLOAD_TOO_LARGE", f"A message may have at most {MAX_PAYLOAD_BYTES} bytes")
        if not self.connected or self._socket.waiting_bytes > MAX_BUFFERED_BYTES:
            raise unavailable("nats")

    async def _uncongested(self) -> None:
        try:
            await asyncio.wait_for(self._socket.drain(), CONGESTION_TIMEOUT_S)
        except (TimeoutError, OSError):
            raise unavailable("nats") from None

    async def open(self, url: str) -> None:
        """Connect, with retries until a server is available. After that, nats-py reconnects without limit."""
        waited = False
        while self._client is None:
            try:
                self._client = await self._connect(url)
            except (OSError, nats.errors.Error, TimeoutError) as error:
                if not waited:
                    log.warning("nats.waiting", error=type(error).__name__)
                    waited = True
                await asyncio.sleep(CONNECT_RETRY_S)
        self._socket.resubscribe()
        self._established.set()

    async def close(self) -> None:
        """Send what is buffered and close, within 3 seconds."""
        if self._client is None:
            return
        with contextlib.suppress(Exception):
            if self._client.is_connected:
                await self.flush()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._client.close(), 3)

    async def _connect(self, url: str) -> Client:
        client = client_over(self._socket)
        options: dict[str, Any] = {
            "name": self._name,
            "inbox_prefix": self._inbox,
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": CONNECT_RETRY_S,
            "connect_timeout": 2,
            "ping_interval": 10,
            "max_outstanding_pings": 2,
            "error_cb": _on_error,
            "disconnected_cb": _on_disconnect,
            "reconnected_cb": self._reconnected,
        }
        await client.connect(url, **options)
        return client

    async def _reconnected(self) -> None:
        self._socket.resubscribe()
        log.info("nats.reconnected")
        for call in self._on_reconnect:
            call()


@contextlib.asynccontextmanager
async def connect(url: str, name: str) -> AsyncIterator[Connection]:
    """Open a connection that connects and reconnects in the background. It is returned at once."""
    connection = Connection(name)
    opening = asyncio.create_task(connection.open(url))
    try:
        yield connection
    finally:
        opening.cancel()
        await connection.close()


async def _on_error(error: Exception) -> None:
    log.warning("nats.error", error=str(error) or type(error).__name__)


async def _on_disconnect() -> None:
    log.warning("nats.disconnected")
