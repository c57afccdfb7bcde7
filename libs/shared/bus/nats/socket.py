"""A Transport for nats-py that sends and receives Rocket's messages on the same connection.

nats-py connects, authenticates, encrypts, pings and reconnects through a Transport. This one reads all received bytes
first. It delivers messages of Rocket's subscriptions to their receivers in the same turn of the event loop, without a
queue or a task, and leaves everything else to nats-py.

Frames of Rocket are sent before bytes that nats-py writes later, so a PONG to nats-py's PING confirms that the earlier
SUBs have arrived. (nats-py alone writes a PING at once and a SUB a moment later.)
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import ParseResult

import structlog
from nats.aio.transport import Transport

from libs.shared.bus.nats.protocol import Message, subscription, unsubscription

log = structlog.get_logger()

HIGH_WATER_BYTES = 1024 * 1024
"""Unsent bytes from which on the socket is congested and senders that can wait do so."""
MSG, HMSG = ord("M"), ord("H")
LINE_END = b"\r\n"

Receiver = Callable[[Message], None]


class NatsSocket(Transport, asyncio.Protocol):
    """The socket to the server, shared by nats-py and Rocket.

    `is_open` is true while there is a server that knows all subscriptions.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._receivers: dict[bytes, Receiver] = {}
        self._subscriptions: dict[bytes, bytes] = {}
        self._socket: asyncio.Transport | None = None
        self._for_nats = asyncio.StreamReader()
        self._begun = bytearray()
        self._needed = 0
        self._writable = asyncio.Event()
        self._lost = asyncio.Event()
        self._lost.set()
        self.is_open = False
        self._gathered: list[bytes] = []
        self._gatherers: list[Callable[[], None]] = []
        self._has_end = False

    # --- frames and subscriptions of Rocket ---

    def post(self, frame: bytes) -> None:
        """Send a frame, in one write with all other frames of this turn of the loop.

        A write for each frame would cost a system call on both sides and wake the server up each time.
        """
        self._gathered.append(frame)
        if not self._has_end:
            self._end_of_turn()

    def before_sending(self, gatherer: Callable[[], None]) -> None:
        """Call `gatherer` once at the end of this turn, so that it can post the frames it has gathered."""
        self._gatherers.append(gatherer)
        if not self._has_end:
            self._end_of_turn()

    def _end_of_turn(self) -> None:
        self._has_end = True
        asyncio.get_running_loop().call_soon(self._turn_ended)

    def _turn_ended(self) -> None:
        try:
            self.flush()
        finally:
            self._has_end = False

    def flush(self) -> None:
        """Send the gathered frames without waiting for the end of the turn."""
        gatherers, self._gatherers = self._gatherers, []
        for gather in gatherers:
            gather()
        if self._gathered:
            frames, self._gathered = self._gathered, []
            self._send(b"".join(frames))

    @property
    def is_congested(self) -> bool:
        """Whether the server reads more slowly than this process sends."""
        return not self._writable.is_set()

    @property
    def waiting_bytes(self) -> int:
        """Bytes that the socket has not taken yet."""
        return self._socket.get_write_buffer_size() if self._socket else 0

    def subscribe(self, subject: str, receiver: Receiver, queue: str = "") -> bytes:
        """Call `receiver` with each message on `subject`, also after reconnections. Returns the subscription's id."""
        # nats-py's own ids are plain numbers.
        sid = b"r%d" % next(self._numbers)
        self._receivers[sid] = receiver
        self._subscriptions[sid] = subscription(subject, queue, sid)
        if self.is_open:
            self.post(self._subscriptions[sid])
        return sid

    def unsubscribe(self, sid: bytes) -> None:
        """Unsubscribe at the server. Messages on their way are still received until `forget`."""
        if self._subscriptions.pop(sid, None) and self.is_open:
            self.post(unsubscription(sid))

    def forget(self, sid: bytes) -> None:
        """Receive nothing more of this subscription."""
        self.unsubscribe(sid)
        self._receivers.pop(sid, None)

    def resubscribe(self) -> None:
        """Send all subscriptions to a server that nats-py has just connected to, and open the socket."""
        self.write(b"".join(self._subscriptions.values()))
        self.is_open = self._socket is not None

    # --- asyncio.Protocol ---

    def connection_made(self, transport: Any) -> None:
        transport.set_write_buffer_limits(HIGH_WATER_BYTES)
        self._socket = transport
        self._for_nats = asyncio.StreamReader()
        self._begun.clear()
        self._needed = 0
        self._writable.set()
        self._lost.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self._socket = None
        self.is_open = False
        self._gathered.clear()
        self._for_nats.feed_eof()
        self._writable.set()
        self._lost.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Handle the complete frames among the received bytes and keep an incomplete one."""
        if self._begun:
            self._begun += data
            if len(self._begun) < self._needed:
                return
            data = bytes(self._begun)
            self._begun.clear()
        start, self._needed = 0, 0
        while (after := self._take(data, start)) > start:
            start = after
        if start < len(data):
            self._begun += data[start:]

    def _take(self, data: bytes, start: int) -> int:
        """Handle the frame that begins at `start`. Returns where the next begins, `start` if it is incomplete."""
        line_end = data.find(LINE_END, start)
        if line_end < 0:
            return start
        head = line_end + 2
        if data[start] != MSG and data[start] != HMSG:
            self._for_nats.feed_data(data[start:head])
            return head
        # MSG <subject> <sid> [reply] <bytes>, HMSG <subject> <sid> [reply] <bytes of headers> <bytes in all>
        words = data[start:line_end].split()
        end = head + int(words[-1])
        if end + 2 > len(data):
            self._needed = end + 2 - start
            return start
        receiver = self._receivers.get(words[2])
        if receiver is not None:
            self._deliver(receiver, words, data, head, end)
        elif words[2].isdigit():
            self._for_nats.feed_data(data[start : end + 2])
        return end + 2

    def _deliver(self, receiver: Receiver, words: list[bytes], data: bytes, head: int, end: int) -> None:
        body = head + int(words[-2]) if words[0] == b"HMSG" else head
        has_reply = len(words) == (6 if words[0] == b"HMSG" else 5)
        message = Message(words[1], words[3] if has_reply else b"", data[head:body], data[body:end])
        try:
            receiver(message)
        except Exception as error:
            log.error("nats.receiver_failed", subject=message.subject, exc_info=error)

    # --- nats-py's Transport ---

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:
        assert uri.hostname and uri.port, "nats-py has filled in what the address leaves out"
        async with asyncio.timeout(connect_timeout):
            await asyncio.get_running_loop().create_connection(lambda: self, uri.hostname, uri.port)

    async def connect_tls(
        self, uri: str | ParseResult, ssl_context: ssl.SSLContext, buffer_size: int, connect_timeout: int
    ) -> None:
        assert self._socket is not None, "connect comes first"
        host = uri if isinstance(uri, str) else uri.hostname
        async with asyncio.timeout(connect_timeout):
            self._socket = await asyncio.get_running_loop().start_tls(
                self._socket, self, ssl_context, server_hostname=host
            )

    def write(self, payload: bytes) -> None:
        # nats-py's bytes follow the gathered frames, so that a PONG to its PING confirms earlier SUBs.
        self.flush()
        self._send(payload)

    def _send(self, payload: bytes) -> None:
        # Bytes for a lost connection are dropped, as its unsent bytes are.
        if self._socket is not None and payload:
            self._socket.write(payload)

    def writelines(self, payload: Iterable[bytes]) -> None:
        self.write(b"".join(payload))

    async def drain(self) -> None:
        await self._writable.wait()
        if self._socket is None:
            raise ConnectionResetError("connection lost")

    async def read(self, buffer_size: int) -> bytes:
        return await self._for_nats.read(buffer_size)

    async def readline(self) -> bytes:
        return await self._for_nats.readline()

    async def wait_closed(self) -> None:
        await self._lost.wait()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def at_eof(self) -> bool:
        return self._for_nats.at_eof()

    def __bool__(self) -> bool:
        # nats-py replaces a transport that is false.
        return True
