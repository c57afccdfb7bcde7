"""Questions under way: one subscription takes all answers, and a number in its subject says whose each is.

Questions to services that are asked within a turn of the loop go out at its end, those of one subject in one bundle:
the busier it gets, the more travel together, and whoever answers works on them together too. Nothing waits for it; a
full bundle goes out at once, so that with many questions in a turn the answering side need not stand idle meanwhile.
(Holding bundles back while others had no answer yet, as databases do with commits, brought nothing more.)
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Sequence

from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from libs.shared.bus.nats.batching import MOST, Part, decode_batch, encode_batch, is_batch, split_into_batches
from libs.shared.bus.nats.protocol import NO_RESPONDERS, Message, publication
from libs.shared.bus.nats.socket import NatsSocket

Waiting = asyncio.Future[Message]

SWEEP = 0.1
"""Seconds between looks for answers that are overdue: one timer for all of them, as making one costs."""


class PendingRequests:
    """The answers that a connection waits for, at most until their deadlines."""

    def __init__(self, socket: NatsSocket, inbox: str) -> None:
        self._socket = socket
        self._prefix = f"{inbox}.".encode()
        self._numbers = itertools.count(1)
        self._waiting: dict[bytes, tuple[Waiting, float]] = {}
        self._gathered: dict[bytes, list[Part]] = defaultdict(list)
        self._bundles: dict[bytes, list[bytes]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        socket.subscribe(f"{inbox}.*", self._arrived)

    async def ask(self, subject: bytes, payload: bytes, block: bytes, timeout: float) -> Message:
        """The first answer. Raises nats.errors.NoRespondersError, and TimeoutError up to SWEEP s behind `timeout`."""
        reply, future = self._begin(timeout)
        self._socket.post(publication(subject, payload, block, reply))
        try:
            return answered(await future)
        finally:
            self._waiting.pop(reply, None)

    async def ask_service(self, subject: bytes, payload: bytes, block: bytes, timeout: float) -> Message:
        """As `ask`, of those who can open a bundle: it may travel with others of the same subject."""
        reply, future = self._begin(timeout)
        if not self._gathered:
            self._socket.before_sending(self._send_gathered)
        parts = self._gathered[subject]
        parts.append((reply[len(self._prefix) :], block, payload))
        if len(parts) == MOST:
            self._socket.flush()
        try:
            return answered(await future)
        finally:
            self._waiting.pop(reply, None)

    async def ask_all(
        self, questions: Sequence[tuple[bytes, bytes, bytes]], timeout: float
    ) -> list[Message | BaseException]:
        """The answers to many (subject, payload, headers) that go out in order, or what `ask` would raise for each.

        Without a task for each, which would cost as much as the rest of it.
        """
        begun = []
        for subject, payload, block in questions:
            reply, future = self._begin(timeout)
            self._socket.post(publication(subject, payload, block, reply))
            begun.append((reply, future))
        try:
            await asyncio.wait([future for _, future in begun])
        finally:
            for reply, _ in begun:
                self._waiting.pop(reply, None)
        return [_outcome(future) for _, future in begun]

    def _begin(self, timeout: float) -> tuple[bytes, Waiting]:
        """Where the answer to the next question goes, and what will hold it."""
        loop = asyncio.get_running_loop()
        reply = b"%b%x" % (self._prefix, next(self._numbers))
        future: Waiting = loop.create_future()
        self._waiting[reply] = future, loop.time() + timeout
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP, self._sweep)
        return reply, future

    def _send_gathered(self) -> None:
        gathered, self._gathered = self._gathered, defaultdict(list)
        for subject, parts in gathered.items():
            for load in split_into_batches(parts):
                token, block, payload = load[0]
                reply = self._prefix + token
                if len(load) > 1:
                    block, payload = encode_batch(load)
                    self._bundles[reply] = [self._prefix + each for each, *_ in load]
                self._socket.post(publication(subject, payload, block, reply))

    def _arrived(self, message: Message) -> None:
        reply = message.raw_subject
        if is_batch(message):
            for part in decode_batch(message):
                self._settle(part.raw_subject, part)
        elif message.block:
            for each in self._bundles.get(reply, (reply,)):
                self._settle(each, message)
        else:
            self._settle(reply, message)

    def _settle(self, reply: bytes, message: Message) -> None:
        waiting = self._waiting.get(reply)
        if waiting is not None and not waiting[0].done():
            waiting[0].set_result(message)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for future, deadline in self._waiting.values():
            if deadline <= now and not future.done():
                future.set_exception(NatsTimeout())
        # A bundle is remembered while one of its questions waits: the server may say that nobody hears it.
        self._bundles = {
            reply: parts for reply, parts in self._bundles.items() if any(part in self._waiting for part in parts)
        }
        self._sweeping = loop.call_later(SWEEP, self._sweep) if self._waiting or self._bundles else None


def answered(answer: Message) -> Message:
    """The answer, if it is one. Raises NoRespondersError."""
    if answer.block and answer.status == NO_RESPONDERS:
        raise NoRespondersError
    return answer


def _outcome(future: Waiting) -> Message | BaseException:
    try:
        return answered(future.result())
    except Exception as error:
        return error
