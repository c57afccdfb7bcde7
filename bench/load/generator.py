"""Our own load generator, with as little Python per request as possible."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from itertools import cycle
from typing import cast

from bench.load.answers import UNKNOWN, failure_of, is_whole, length_of
from bench.load.outcome import Load, Outcome, percentile

PATIENCE = 15.0
"""Seconds to wait for responses when time is up."""


class Script:
    """The requests, handed out one by one, and their results."""

    def __init__(self, load: Load) -> None:
        self._requests = iter(cycle(load.requests) if load.seconds else load.requests)
        self._seconds = load.seconds or float("inf")
        self._deadline = 0.0
        self.latencies: list[float] = []
        self.failures: Counter[str] = Counter()
        self.received = 0

    def begin(self, now: float) -> None:
        """Start the clock."""
        self._deadline = now + self._seconds

    def following(self, now: float) -> bytes | None:
        """The next request, or None at the end."""
        return next(self._requests, None) if now < self._deadline else None

    def outcome(self, seconds: float) -> Outcome:
        """The figures."""
        ordered = sorted(self.latencies)
        return Outcome(
            requests=len(ordered),
            seconds=seconds,
            failures=dict(self.failures),
            median_ms=percentile(ordered, 0.5) * 1e3,
            p99_ms=percentile(ordered, 0.99) * 1e3,
            bytes_per_answer=self.received / max(1, len(ordered)),
        )


class Asker(asyncio.Protocol):
    """One connection: sends, waits for the complete response, sends again."""

    def __init__(self, script: Script) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._script = script
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._length: int | None = None
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transport has the methods, but not the type

    def ask(self, now: float) -> None:
        """Send the next request, or finish."""
        request = self._script.following(now)
        if request is None or self._transport is None:
            self._finish()
            return
        self._asked = now
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._data:
            data = self._data + data
        if self._length is None:
            self._length = length_of(data)
        if self._length is None or not is_whole(data, self._length):
            self._data = data
            return
        self._answered(data)

    def _answered(self, data: bytes) -> None:
        now = time.perf_counter()
        script = self._script
        script.latencies.append(now - self._asked)
        script.received += len(data)
        failure = "answer without a length" if self._length == UNKNOWN else failure_of(data)
        if failure:
            script.failures[failure] += 1
        self._data, self._length = b"", None
        self.ask(now)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._script.failures[f"connection lost: {type(exc).__name__ if exc else 'closed'}"] += 1
            self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def drive(load: Load) -> Outcome:
    """Connect, let all connections send until the end, and wait for the last responses."""
    loop = asyncio.get_running_loop()
    connections: list[tuple[asyncio.Transport, Asker]] = []
    script = Script(load)
    for _ in range(load.connections):
        connections.append(await loop.create_connection(lambda: Asker(script), load.host, load.port))
    began = time.perf_counter()
    script.begin(began)
    for _, asker in connections:
        asker.ask(began)
    _, waiting = await asyncio.wait([a.done for _, a in connections], timeout=(load.seconds or 600) + PATIENCE)
    ended = time.perf_counter()
    if waiting:
        script.failures["no answer in time"] += len(waiting)
    outcome = script.outcome(ended - began)
    for transport, asker in connections:
        asker.done.cancel()
        transport.abort()
    return outcome
