"""Requests that wait for responses: one subscription receives all responses, and a number in the subject assigns each.

Requests to services that begin within a turn of the event loop go out at its end, those of one subject in one batch.
The busier a process is, the more travel together, and the receiver works on them together too. Nothing waits for a
batch to fill; a full one goes out at once, so that the receiver need not stand idle meanwhile. (Holding batches back
while others had no response yet, as databases do with commits, brought nothing more.)
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Sequence

from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from libs.shared.bus.nats.batching import MAX_PARTS, Part, decode_batch, encode_batch, is_batch, split_into_batches
from libs.shared.bus.nats.protocol import NO_RESPONDERS, Message, publication
from libs.shared.bus.nats.socket import NatsSocket

Pending = asyncio.Future[Message]

SWEEP_INTERVAL_S = 0.1
"""Seconds between searches for overdue responses. One timer serves all, because one for each costs processor time."""


class PendingRequests:
    """The responses that a connection waits for, at most until their deadlines."""

    def __init__(self, socket: NatsSocket, inbox: str) -> None:
        self._socket = socket
        self._prefix = f"{inbox}.".encode()
        self._numbers = itertools.count(1)
        self._pending: dict[bytes, tuple[Pending, float]] = {}
        self._gathered: dict[bytes, list[Part]] = defaultdict(list)
        self._batches: dict[bytes, list[bytes]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        socket.subscribe(f"{inbox}.*", self._arrived)

    async def request(self, subject: bytes, payload: bytes, block: bytes, timeout: float) -> Message:
        """The first response. Raises NoRespondersError, and TimeoutError up to SWEEP_INTERVAL_S after `timeout`."""
        reply, future = self._begin(timeout)
        self._socket.post(publication(subject, payload, block, reply))
        try:
            return checked(await future)
        finally:
            self._pending.pop(reply, None)

    async def request_batched(self, subject: bytes, payload: bytes, block: bytes, timeout: float) -> Message:
        """As `request`, to receivers that decode batches: it may travel with others of the same subject."""
        reply, future = self._begin(timeout)
        if not self._gathered:
            self._socket.before_sending(self._send_gathered)
        parts = self._gathered[subject]
        parts.append((reply[len(self._prefix) :], block, payload))
        if len(parts) == MAX_PARTS:
            self._socket.flush()
        try:
            return checked(await future)
        finally:
            self._pending.pop(reply, None)

    async def request_all(
        self, requests: Sequence[tuple[bytes, bytes, bytes]], timeout: float
    ) -> list[Message | BaseException]:
        """The responses to many (subject, payload, headers) that go out in order, or what `request` would raise.

        Without a task for each, which would cost as much as the rest of it.
        """
        begun = []
        for subject, payload, block in requests:
            reply, future = self._begin(timeout)
            self._socket.post(publication(subject, payload, block, reply))
            begun.append((reply, future))
        try:
            await asyncio.wait([future for _, future in begun])
        finally:
            for reply, _ in begun:
                self._pending.pop(reply, None)
        return [_outcome(future) for _, future in begun]

    def _begin(self, timeout: float) -> tuple[bytes, Pending]:
        """Where the response to the next request goes, and the future that it completes."""
        loop = asyncio.get_running_loop()
        reply = b"%b%x" % (self._prefix, next(self._numbers))
        future: Pending = loop.create_future()
        self._pending[reply] = future, loop.time() + timeout
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP_INTERVAL_S, self._sweep)
        return reply, future

    def _send_gathered(self) -> None:
        gathered, self._gathered = self._gathered, defaultdict(list)
        for subject, parts in gathered.items():
            for batch in split_into_batches(parts):
                token, block, payload = batch[0]
                reply = self._prefix + token
                if len(batch) > 1:
                    block, payload = encode_batch(batch)
                    self._batches[reply] = [self._prefix + each for each, *_ in batch]
                self._socket.post(publication(subject, payload, block, reply))

    def _arrived(self, message: Message) -> None:
        reply = message.raw_subject
        if is_batch(message):
            for part in decode_batch(message):
                self._complete(part.raw_subject, part)
        elif message.block:
            for each in self._batches.get(reply, (reply,)):
                self._complete(each, message)
        else:
            self._complete(reply, message)

    def _complete(self, reply: bytes, message: Message) -> None:
        pending = self._pending.get(reply)
        if pending is not None and not pending[0].done():
            pending[0].set_result(message)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for future, deadline in self._pending.values():
            if deadline <= now and not future.done():
                future.set_exception(NatsTimeout())
        # A batch is kept while one of its requests waits, because the server may report that it has no receiver.
        self._batches = {
            reply: parts for reply, parts in self._batches.items() if any(part in self._pending for part in parts)
        }
        self._sweeping = loop.call_later(SWEEP_INTERVAL_S, self._sweep) if self._pending or self._batches else None


def checked(response: Message) -> Message:
    """Return the response. Raises NoRespondersError if the server reports that the request has no receiver."""
    if response.block and response.status == NO_RESPONDERS:
        raise NoRespondersError
    return response


def _outcome(future: Pending) -> Message | BaseException:
    try:
        return checked(future.result())
    except Exception as error:
        return error
