"""Publishes the log of one app: in order, complete, none twice.

Positions come from a sequence and are taken inside the writing transaction, so they can become visible out of order,
and those of rolled-back transactions never do. Only entries below the watermark (watermark.py) are published. Locks of
writers belong to one database, so a long transaction in another app causes no delay.

No entry is published twice, whatever the timing: publishing resumes after the last message of the app in the stream,
with the sequence of that message as a fence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from libs.shared.bus.nats.jetstream import BATCH_MESSAGES, JetStream, Outgoing
from libs.shared.bus.outbox.fenced_publisher import FencedPublisher
from libs.shared.bus.outbox.log_source import Log, batches
from libs.shared.bus.outbox.pace import Pace
from libs.shared.bus.outbox.watermark import Watermark
from libs.shared.bus.outbox.writers import close_taken
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database, Databases

log = structlog.get_logger()

SETTLED_INTERVAL_S = 10.0
"""Seconds between announcements of the settled position by a busy relay; one that has caught up announces at once."""
MARK_INTERVAL_S = 60.0
"""Seconds between marks of the position in PostgreSQL; more than a server's sync interval."""
GAP_POLL_S = (0.002, 0.05)
"""Shortest and longest wait, in seconds, between looks at the writers of a gap."""

Fence = tuple[int, tuple[int, int]]
"""The sequence of the app's last message in the stream, and its position in the log."""


class AppRelay:
    """The relay of one app on one replica, whether it leads or not."""

    def __init__(
        self, app: AppRef, source: Log, databases: Databases, stream: JetStream, publisher: FencedPublisher
    ) -> None:
        self.app = app
        self.woken = asyncio.Event()
        """Set by hints that something was committed."""
        self.used = time.monotonic()
        self.task: asyncio.Task[None] | None = None
        self._log = source
        self._databases = databases
        self._stream = stream
        self._publisher = publisher
        self._pace = Pace()
        self._published = (0, 0)
        self._drained = False
        self._looked = 0.0
        self._marked = time.monotonic()
        self._markable = 0
        self._settled = 0
        self._settled_at = time.monotonic()

    @property
    def is_behind(self) -> bool:
        """Whether there may be something that is not published."""
        return not self._drained or self.woken.is_set()

    def begin(self, position: tuple[int, int]) -> None:
        """Start to lead, after a position of the log."""
        self._published = position
        self._looked = time.monotonic()

    async def lag(self) -> int:
        """Positions taken but not published yet."""
        taken: int = await self._database.fetchval(
            f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {self._log.sequence}"
        )
        return max(0, taken - self._published[0])

    async def resume(self) -> Fence:
        """Where to continue: after the app's last message, or after the mark if the stream has none any more."""
        sequence, after = await self._stream.last_position(self._log.stream.name, self._log.subject_filter(self.app))
        if not sequence:
            after = (await self._database.fetchval(f"SELECT position FROM {self._log.service}.relayed"), 1 << 30)
        return sequence, after

    async def publish(self, fence: Fence) -> Fence:
        """Publish settled entries and let commits gather if there are many. Returns the new fence."""
        self.woken.clear()
        self._drained = False
        begun = self._published[0]
        fence = await self.drain(fence)
        self._drained = True
        now = time.monotonic()
        pause, self._looked = self._pace.pause(fence[1][0] - begun, now - self._looked), now
        if pause:
            await asyncio.sleep(pause)
        if now - self._settled_at > SETTLED_INTERVAL_S:
            self.announce_settled()
        return fence

    async def drain(self, fence: Fence) -> Fence:
        """Publish everything below the watermark and return the new fence."""
        sequence, after = fence
        subject_filter = self._log.subject_filter(self.app)
        while True:
            messages = await self._log.read(self.app, self._database, after, BATCH_MESSAGES)
            ready = await self._below_watermark(messages, after)
            if not ready:
                return sequence, after
            for batch in batches(ready):
                sequence = await self._publisher.publish(batch, sequence, subject_filter)
                after = self._published = batch[-1].position
            await self._mark()
            if len(ready) == len(messages) < BATCH_MESSAGES:
                return sequence, after

    def announce_settled(self) -> None:
        """Tell the log that everything published is settled, the last entry of its commit included."""
        self._settled_at = time.monotonic()
        if self._published[0] > self._settled:
            self._settled = self._published[0]
            self._log.on_settled(self.app, self._settled)

    async def mark_at_rest(self) -> None:
        """Save the last position, so that it is not published again if the stream drops it before the next write."""
        try:
            if self._published[0]:
                await self._save(self._published[0])
        except Exception as error:
            log.warning("relay.not_marked", app_id=self.app.id, error=str(error) or type(error).__name__)

    async def _below_watermark(self, messages: Sequence[Outgoing], after: tuple[int, int]) -> Sequence[Outgoing]:
        """The messages below the watermark; waits where a gap that may still be filled is in front of all of them."""
        watermark = Watermark(after[0])
        settled = watermark.pass_visible(message.position[0] for message in messages)
        if messages and not settled:
            taken = messages[-1].position[0]
            await close_taken(watermark, self._database, self._log.table, taken, GAP_POLL_S)
            messages = await self._log.read(self.app, self._database, after, BATCH_MESSAGES)
            settled = watermark.pass_visible(message.position[0] for message in messages)
        return messages[:settled]

    async def _mark(self) -> None:
        """Save the position now and then: the stream drops old messages, the log does not.

        The saved position was published MARK_INTERVAL_S ago, so a server that loses the last seconds of its stream with
        the power leaves no hole.
        """
        if time.monotonic() - self._marked > MARK_INTERVAL_S:
            self._marked = time.monotonic()
            position, self._markable = self._markable, self._published[0] - 1
            await self._save(position)

    async def _save(self, position: int) -> None:
        statement = f"UPDATE {self._log.service}.relayed SET position = $1 WHERE position < $1"
        await self._database.execute(statement, position)

    @property
    def _database(self) -> Database:
        return self._databases.of(self.app)
