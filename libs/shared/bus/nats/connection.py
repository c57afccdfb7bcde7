"""The thin layer over nats-py: connect for ever, know whether we are connected, close cleanly.

Nothing outside `bus` imports nats.
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
"""Seconds between attempts while no server answers."""
MAX_PAYLOAD_BYTES = 1024 * 1024
"""Bytes a NATS message may have; the server's default, which we keep."""
MAX_BUFFERED_BYTES = 8 * MAX_PAYLOAD_BYTES
"""Bytes that wait for the socket above which we send nothing more: callers get a 503 and decide."""
FLUSH_TIMEOUT_S = 2
"""Seconds for a round trip to the server."""
CONGESTION_TIMEOUT_S = 5.0
"""Seconds to wait for a server that does not take what we send."""


class Connection:
    """One connection to NATS, shared by everything in a process. `name` says whose."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client: Client | None = None
        self._socket = NatsSocket()
        self._established = asyncio.Event()
        self._on_reconnect: list[Callable[[], None]] = []
        # Answers come to a place of the service's own, so that no other one can be allowed to read them.
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
        """Whether there is a server that knows what we want to hear."""
        return self._socket.is_open

    async def established(self) -> None:
        """Wait for the first connection; there is no limit, as nothing can be done without it."""
        await self._established.wait()

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Have `call` called after each reconnection."""
        self._on_reconnect.append(call)

    def new_inbox(self) -> str:
        """A subject of our own that nobody else knows."""
        return f"{self._inbox}.{secrets.token_hex(11)}"

    def subscribe(self, subject: str, receiver: Receiver, queue: str = "") -> bytes:
        """Have each message on `subject` handed to `receiver` as it arrives; answers what to unsubscribe by."""
        return self._socket.subscribe(subject, receiver, queue)

    def unsubscribe(self, subscription: bytes) -> None:
        """Receive no more of it, from now on."""
        self._socket.forget(subscription)

    async def drain(self, subscriptions: Sequence[bytes]) -> None:
        """Receive no more of them, as soon as what the server has sent already has arrived."""
        for subscription in subscriptions:
            self._socket.unsubscribe(subscription)
        with contextlib.suppress(Exception):
            await self.flush()
        for subscription in subscriptions:
            self._socket.forget(subscription)

    def send(self, subject: bytes, payload: bytes = b"") -> None:
        """Fire and forget, without waiting.

        Raises SERVICE_UNAVAILABLE when there is nobody to give it to, PAYLOAD_TOO_LARGE over MAX_PAYLOAD_BYTES.
        """
        self._check(len(payload))
        self._socket.post(publication(subject, payload))

    async def publish(
        self, subject: str, payload: bytes, headers: Mapping[str, str] | None = None, reply: str = ""
    ) -> None:
        """Fire and forget, no faster than the server takes it. Raises what `send` raises."""
        block = written(headers) if headers else b""
        self._check(len(block) + len(payload))
        if self._socket.is_congested:
            await self._uncongested()
        self._socket.post(publication(subject.encode(), payload, block, reply.encode()))

    async def request(self, subject: str, payload: bytes, timeout: float, block: bytes = b"") -> Message:
        """One request, one response; `timeout` in seconds, `block` the headers as they go over the wire.

        Raises what `send` raises, and nats.errors.{NoRespondersError,TimeoutError}.
        """
        self._check(len(block) + len(payload))
        if self._socket.is_congested:
            await self._uncongested()
        return await self._requests.request(subject.encode(), payload, block, timeout)

    def request_batched(
        self, subject: str, payload: bytes, timeout: float, block: bytes
    ) -> Coroutine[Any, Any, Message]:
        """As `request`, to one of our services: requests of one subject may travel together."""
        self._check(len(block) + len(payload))
        # Not a coroutine around another one: every request between services comes here.
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
        """Many requests as (subject, payload, headers), sent in order without waiting; each one's response or failure.

        Raises what `send` raises, before anything is sent.
        """
        for _, payload, block in requests:
            self._check(len(block) + len(payload))
        if self._socket.is_congested:
            await self._uncongested()
        encoded = [(subject.encode(), payload, block) for subject, payload, block in requests]
        return await self._requests.request_all(encoded, timeout)

    async def announce(self, message: Announcement) -> None:
        """Tell every replica; lost if nobody listens or NATS is away, which announcements allow."""
        with contextlib.suppress(RocketError):
            await self.publish(message.address(), pack(*encode(message)))

    def on_announcement(self, kind: type[Any], heard: Callable[[Any], None]) -> None:
        """Call `heard` with each announcement of `kind`."""
        self.subscribe(kind.address(), lambda message: heard(decode(kind, *unpack(message.data))))

    async def flush(self) -> None:
        """Wait until the server has seen all that was sent, subscriptions included."""
        await self.client.flush(FLUSH_TIMEOUT_S)

    def _check(self, size: int) -> None:
        if size > MAX_PAYLOAD_BYTES:
            # The server would close the connection, and with it everybody's requests.
            raise RocketError("PAYLOAD_TOO_LARGE", f"A message may have at most {MAX_PAYLOAD_BYTES} bytes")
        if not self.connected or self._socket.waiting_bytes > MAX_BUFFERED_BYTES:
            raise unavailable("nats")

    async def _uncongested(self) -> None:
        try:
            await asyncio.wait_for(self._socket.drain(), CONGESTION_TIMEOUT_S)
        except (TimeoutError, OSError):
            raise unavailable("nats") from None

    async def open(self, url: str) -> None:
        """Connect, however long it takes for a server to answer; from then on reconnect without end."""
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
    """A connection that outlives its server. It is there at once and connects in the background."""
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
