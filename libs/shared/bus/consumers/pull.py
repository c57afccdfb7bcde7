"""A steady flow of messages from one durable to the workers of its apps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

from libs.shared.bus.consumers.app_worker import AppWorker
from libs.shared.bus.consumers.backfill import Backfill
from libs.shared.bus.consumers.checkpoints import LogPositions
from libs.shared.bus.consumers.incoming import Incoming
from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.bus.nats.protocol import NO_RESPONDERS, Message

PULL_MESSAGES = 256
"""The number of messages requested by one pull."""
PULL_EXPIRES_S = 5.0
"""Seconds until a pull without response is repeated; bounds the delay after a restart of the server."""
REFUSED_PAUSE_S = 0.25
"""Seconds to wait after a pull was refused (server shutting down, limits)."""
EXPIRED = "408"


class Pull:
    """An open flow from one durable to the workers of its apps."""

    def __init__(
        self, stream: JetStream, stream_name: str, durable: str, make_worker: Callable[[], AppWorker[Any]]
    ) -> None:
        self._connection = stream.connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream_name}.{durable}"
        self._workers: dict[str, AppWorker[Any]] = {}
        self._make_worker = make_worker
        self._inbox = self._connection.new_inbox()
        self._again = asyncio.Event()
        self._wanted = 0
        self._gone = False
        self._subscription = self._connection.subscribe(self._inbox, self._arrived)

    async def run(self) -> None:
        """Pull messages until cancelled."""
        request = orjson.dumps({"batch": PULL_MESSAGES, "expires": int(PULL_EXPIRES_S * 1e9)})
        while True:
            if self._gone:
                raise LookupError("the durable is gone, or the connection was another one")
            self._again.clear()
            self._wanted = PULL_MESSAGES
            if self._connection.connected:
                await self._connection.publish(self._subject, request, reply=self._inbox)
            try:
                await asyncio.wait_for(self._again.wait(), PULL_EXPIRES_S + 1)
            except TimeoutError:
                continue

    def end(self) -> None:
        """End `run`. The shard is restarted with the unacknowledged messages."""
        self._gone = True
        self._again.set()

    def close(self) -> None:
        """Stop the flow. Unacknowledged messages go to the next holder of the shard's lease."""
        self._connection.unsubscribe(self._subscription)
        for worker in self._workers.values():
            worker.cancel()

    @property
    def is_backfilling(self) -> bool:
        """Whether events that the stream has dropped are still to be handled."""
        return any(worker.is_backfilling for worker in self._workers.values())

    def positions(self) -> dict[str, LogPositions]:
        """App id → the last events that were handled."""
        return {app_id: worker.reached for app_id, worker in self._workers.items() if worker.reached}

    def backfill(self, app_id: str, after: LogPositions, backfill: Backfill) -> None:
        """Make the worker of an app handle the events that the stream has dropped first."""
        self._worker(app_id).backfill(app_id, after, backfill)

    def _worker(self, app_id: str) -> AppWorker[Any]:
        worker = self._workers.get(app_id)
        if worker is None:
            worker = self._workers[app_id] = self._make_worker()
        return worker

    def _arrived(self, message: Message) -> None:
        if not message.reply_to:
            self._ended(message.status)
            return
        incoming = Incoming(message, self._connection)
        self._worker(incoming.app_id).put(incoming)
        self._wanted -= 1
        if self._wanted <= 0:
            self._again.set()

    def _ended(self, status: str) -> None:
        """The pull has ended. An expired one is renewed at once, a refused one after a pause."""
        if status == EXPIRED:
            self._again.set()
        elif status == NO_RESPONDERS:
            self._gone = True
            self._again.set()
        else:
            asyncio.get_running_loop().call_later(REFUSED_PAUSE_S, self._again.set)
