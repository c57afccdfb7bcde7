"""Streams of bytes of unknown length, produced while the receiver pulls them and never held whole.

The producer names a subject, and the receiver pulls chunk after chunk from it. The producer makes at most
MAX_AHEAD_CHUNKS more than were pulled. Each pull names the number of its chunk, so it can be repeated if the response
is lost. A stream ends when the receiver closes it or does not pull for MAX_IDLE_S seconds, and after a limit in all,
so that a slow receiver can't hold the producer's resources without end.

The response to a pull begins with one of the marks below.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

import structlog
from nats.errors import Error as NatsError

from libs.shared.bus.codec import pack, unpack
from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.nats.protocol import Message
from libs.shared.bus.rpc.claim_check import CHUNK_BYTES
from libs.shared.concurrency.tasks import TaskSet
from libs.shared.errors import RocketError, unavailable

log = structlog.get_logger()

MORE, END, FAILED, WAIT = b"M", b"E", b"F", b"W"
"""A chunk; the end; an error with its code; nothing yet, pull again."""
CLOSE = b"close"
"""The payload of a receiver's last message: it pulls no more."""
MAX_AHEAD_CHUNKS = 2
"""Chunks produced before they are pulled."""
HOLD_PULL_S = 5.0
"""Seconds that a pull waits for its chunk before the receiver has to pull again."""
PULL_TIMEOUT_S = 10.0
"""Seconds for the response to a pull."""
MAX_IDLE_S = 30.0
"""Seconds without a pull after which a stream is closed."""
RESERVED_PART = 4
"""One in so many concurrent streams is reserved for further owners."""


@dataclass(slots=True)
class _Offer:
    """A stream that is being produced. `sent` chunks were sent; the last one is kept for a repeated pull."""

    made: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MAX_AHEAD_CHUNKS))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None
    idle: asyncio.TimerHandle | None = None
    sent: int = 0
    last: bytes = b""


class Streams:
    """The streams that a process produces: at most `most` at once, each for at most `seconds`."""

    def __init__(self, connection: Connection, most: int, seconds: float) -> None:
        self._connection = connection
        self._most = most
        self._seconds = seconds
        self._making: Counter[str] = Counter()
        """Owner → the number of its streams in production."""
        self._prefix = f"rocket.parcels.{secrets.token_hex(8)}"
        self._offers: dict[str, _Offer] = {}
        self._responses = TaskSet("streaming")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Respond to pulls until the block ends. Then all streams are closed."""
        subscription = self._connection.subscribe(f"{self._prefix}.*", self._pulled)
        try:
            yield
        finally:
            self._connection.unsubscribe(subscription)
            making = [offer.task for offer in self._offers.values() if offer.task]
            for key in list(self._offers):
                self._give_up(key)
            await asyncio.gather(*making, return_exceptions=True)

    async def offer(self, owner: str, chunks: AsyncGenerator[bytes, None]) -> str:
        """Begin a stream and return the subject to pull it from. The first item of `chunks` only shows that it works.

        Raises what producing that item raises, and SERVICE_UNAVAILABLE when too many streams are in production, in
        total or for this owner.
        """
        if self._making.total() >= self._most or self._making[owner] >= self._most - self._most // RESERVED_PART:
            raise unavailable("export")
        self._making[owner] += 1
        try:
            await anext(chunks)
        except BaseException:
            self._made(owner)
            raise
        key = secrets.token_hex(12)
        offer = self._offers[key] = _Offer()
        offer.task = asyncio.create_task(self._make(offer, owner, chunks))
        self._still_wanted(key, offer)
        return f"{self._prefix}.{key}"

    async def _make(self, offer: _Offer, owner: str, chunks: AsyncGenerator[bytes, None]) -> None:
        try:
            end = await _all_put(offer, chunks, self._seconds)
        finally:
            self._made(owner)
        await offer.made.put(end)

    def _made(self, owner: str) -> None:
        self._making[owner] -= 1
        if not self._making[owner]:
            del self._making[owner]

    def _still_wanted(self, key: str, offer: _Offer) -> None:
        if offer.idle is not None:
            offer.idle.cancel()
        offer.idle = asyncio.get_running_loop().call_later(MAX_IDLE_S, self._give_up, key)

    def _give_up(self, key: str) -> None:
        offer = self._offers.pop(key, None)
        if offer is None:
            return
        if offer.idle is not None:
            offer.idle.cancel()
        if offer.task is not None:
            offer.task.cancel()

    def _pulled(self, message: Message) -> None:
        key = message.subject.rsplit(".", 1)[1]
        if message.data == CLOSE:
            self._give_up(key)
            return
        self._responses.start(self._respond(key, int(message.data), message.reply_to.decode()))

    async def _respond(self, key: str, number: int, reply_to: str) -> None:
        offer = self._offers.get(key)
        if offer is None:
            await self._send(reply_to, _failure(unavailable("transfer")))
            return
        self._still_wanted(key, offer)
        async with offer.lock:
            response = await _chunk(offer, number)
        await self._send(reply_to, response)

    async def _send(self, reply_to: str, response: bytes) -> None:
        with contextlib.suppress(RocketError):  # the receiver pulls again, or has disconnected
            await self._connection.publish(reply_to, response)


async def pulled(connection: Connection, subject: str) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of a stream in order. Closing it ends the production. Raises the error of the producer."""
    number, ended = 0, False
    try:
        while True:
            mark, chunk = await _pull(connection, subject, number)
            if mark == MORE:
                number += 1
                yield chunk
            elif mark != WAIT:
                ended = True
                break
        if mark == FAILED:
            head, _ = unpack(chunk)
            raise RocketError(head["code"], head["message"])
    finally:
        if not ended:
            with contextlib.suppress(RocketError):
                connection.send(subject.encode(), CLOSE)


async def _pull(connection: Connection, subject: str, number: int) -> tuple[bytes, bytes]:
    try:
        reply = await connection.request(subject, str(number).encode(), PULL_TIMEOUT_S)
    except (NatsError, TimeoutError):
        raise unavailable("transfer") from None
    return reply.data[:1], reply.data[1:]


async def _all_put(offer: _Offer, chunks: AsyncGenerator[bytes, None], seconds: float) -> bytes:
    """Queue the chunks for pulls and close their generator. Returns the end mark, or that of an error."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit, contextlib.aclosing(chunks):
            async for chunk in chunks:
                for start in range(0, len(chunk), CHUNK_BYTES):
                    await offer.made.put(MORE + chunk[start : start + CHUNK_BYTES])
    except RocketError as error:
        return _failure(error)
    except Exception as error:
        if limit.expired():
            return _failure(RocketError("TIMEOUT", f"It took longer than {seconds:g} s"))
        log.error("stream.failed", exc_info=error)
        return _failure(RocketError("INTERNAL_ERROR", "An internal error occurred"))
    return END


async def _chunk(offer: _Offer, number: int) -> bytes:
    """The response to the pull of a chunk: the next chunk, or the last one again."""
    if number == offer.sent - 1:
        return offer.last
    if number != offer.sent:
        return _failure(unavailable("transfer"))
    try:
        async with asyncio.timeout(HOLD_PULL_S):
            offer.last = await offer.made.get()
    except TimeoutError:
        return WAIT
    offer.sent += 1
    return offer.last


def _failure(error: RocketError) -> bytes:
    return FAILED + pack({"code": error.code, "message": error.message})
