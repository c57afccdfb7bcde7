"""Questions under way: one subscription takes all answers, and a number in its subject says whose each is."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from libs.shared.bus.protocol import NO_RESPONDERS, Message, publication
from libs.shared.bus.wire import Wire

Waiting = asyncio.Future[Message]

SWEEP = 0.1
"""Seconds between looks for answers that are overdue: one timer for all of them, as making one costs."""


class Requests:
    """The answers that a connection waits for, at most until their deadlines."""

    def __init__(self, wire: Wire, inbox: str) -> None:
        self._wire = wire
        self._prefix = f"{inbox}.".encode()
        self._numbers = itertools.count(1)
        self._waiting: dict[bytes, tuple[Waiting, float]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        wire.subscribe(f"{inbox}.*", self._arrived)

    async def ask(self, subject: bytes, payload: bytes, block: bytes, timeout: float) -> Message:
        """The first answer. Raises nats.errors.NoRespondersError, and TimeoutError up to SWEEP s behind `timeout`."""
        reply, future = self.begin(subject, payload, block, timeout)
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
        begun = [self.begin(*question, timeout) for question in questions]
        try:
            await asyncio.wait([future for _, future in begun])
        finally:
            for reply, _ in begun:
                self._waiting.pop(reply, None)
        return [_outcome(future) for _, future in begun]

    def begin(self, subject: bytes, payload: bytes, block: bytes, timeout: float) -> tuple[bytes, Waiting]:
        """Send a question; answers where its answer goes, and what will hold it."""
        loop = asyncio.get_running_loop()
        reply = b"%b%x" % (self._prefix, next(self._numbers))
        future: Waiting = loop.create_future()
        self._waiting[reply] = future, loop.time() + timeout
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP, self._sweep)
        self._wire.post(publication(subject, payload, block, reply))
        return reply, future

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
