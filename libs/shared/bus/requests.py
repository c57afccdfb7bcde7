"""Questions under way: one subscription takes all answers, and a number in its subject says whose each is."""

from __future__ import annotations

import asyncio
import itertools

from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from libs.shared.bus.protocol import NO_RESPONDERS, Message, publication
from libs.shared.bus.wire import Wire

SWEEP = 0.1
"""Seconds between looks for answers that are overdue: one timer for all of them, as making one costs."""


class Requests:
    """The answers that a connection waits for, at most until their deadlines."""

    def __init__(self, wire: Wire, inbox: str) -> None:
        self._wire = wire
        self._prefix = f"{inbox}.".encode()
        self._numbers = itertools.count(1)
        self._waiting: dict[bytes, tuple[asyncio.Future[Message], float]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        wire.subscribe(f"{inbox}.*", self._arrived)

    async def ask(self, subject: bytes, payload: bytes, block: bytes, timeout: float) -> Message:
        """The first answer. Raises nats.errors.NoRespondersError, and TimeoutError up to SWEEP s behind `timeout`."""
        loop = asyncio.get_running_loop()
        reply = b"%b%x" % (self._prefix, next(self._numbers))
        future: asyncio.Future[Message] = loop.create_future()
        self._waiting[reply] = future, loop.time() + timeout
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP, self._sweep)
        try:
            self._wire.post(publication(subject, payload, block, reply))
            answer = await future
        finally:
            self._waiting.pop(reply, None)
        if answer.block and answer.status == NO_RESPONDERS:
            raise NoRespondersError
        return answer

    def _arrived(self, message: Message) -> None:
        waiting = self._waiting.get(message.raw_subject)
        if waiting is not None and not waiting[0].done():
            waiting[0].set_result(message)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for future, deadline in self._waiting.values():
            if deadline <= now and not future.done():
                future.set_exception(NatsTimeout())
        self._sweeping = loop.call_later(SWEEP, self._sweep) if self._waiting else None
