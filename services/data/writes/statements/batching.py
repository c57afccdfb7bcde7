"""Concurrent writes of single records, gathered: changes of one shape that wait together become one statement.

Each remains a commit of its own, with its own position and log entry; they share a statement, a transaction and a
flush to disk. While one statement of a shape runs, the next changes gather. So batches grow with the load, and on an
idle system no request waits.

A batch never waits for locks and never fails because of one change. Changes that were left out (a locked or missing
row or reference, another version) are done again alone. When the statement fails, all its changes are: only the one at
fault fails again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from libs.shared.concurrency.tasks import TaskSet
from libs.shared.postgres.databases import Database, in_ambient_transaction
from libs.shared.postgres.errors import SchemaMoved, is_undone
from libs.shared.postgres.limits import LimitReached
from services.data.model import EntityModel, KeyValue
from services.data.writes.statements.changes import RowChange, Written
from services.data.writes.statements.limits import name_limit
from services.data.writes.statements.statements import StatementShape, statement, written_row

MAX_BATCH_CHANGES = 64
"""Changes of one statement."""
ALONE_TIMEOUT_S = 0.1
"""How long the next batch waits for a change that is written alone, which may itself wait for a lock."""


@dataclass(slots=True)
class _Waiting:
    change: RowChange
    done: asyncio.Future[Written | None]

    def resolve(self, written: Written | None) -> None:
        if not self.done.done():
            self.done.set_result(written)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(slots=True)
class _Queue:
    """The waiting changes of one shape; one statement of them runs at a time."""

    database: Database
    entity: EntityModel
    shape: StatementShape
    schema_version: int
    waiting: list[_Waiting] = field(default_factory=list)

    def next_batch(self) -> list[_Waiting]:
        """Those that have waited longest. The second change of one record is left for a later batch."""
        batch: list[_Waiting] = []
        rest: list[_Waiting] = []
        keys: set[KeyValue | None] = set()
        for waiting in self.waiting:
            key = waiting.change.key
            if waiting.done.done():
                continue  # its request was given up
            if len(batch) < MAX_BATCH_CHANGES and (key is None or key not in keys):
                batch.append(waiting)
                keys.add(key)
            else:
                rest.append(waiting)
        self.waiting = rest
        return batch

    async def write(self, shape: StatementShape, batch: Sequence[_Waiting]) -> dict[int, Written]:
        """Run one statement. Returns what was written by place in the batch, from 1."""
        changes = [waiting.change for waiting in batch]
        sql, values = statement(self.entity, shape, changes, self.schema_version)
        rows = await self.database.fetch(sql, *values)
        return {row["n"]: written_row(row) for row in rows}

    async def write_alone(self, waiting: _Waiting) -> None:
        """Write one change, waiting for locks, and resolve it."""
        try:
            written = await self.write(self.shape, [waiting])
        except LimitReached as limit:
            waiting.fail(name_limit(self.entity, [waiting.change.values], limit)[1])
        except Exception as error:
            waiting.fail(error)
        else:
            waiting.resolve(written.get(1))


class WriteBatcher:
    """Gathers the writes of a process that can share statements."""

    def __init__(self) -> None:
        self._queues: dict[tuple[Database, EntityModel, StatementShape], _Queue] = {}
        self._tasks = TaskSet("writes")

    async def write(
        self, database: Database, entity: EntityModel, shape: StatementShape, change: RowChange, schema_version: int
    ) -> Written | None:
        """Commit one change. Returns None where there is no such row, reference or version, or under another schema.

        Raises what the statement raises: CONFLICT for a taken value, SERVICE_UNAVAILABLE, TIMEOUT.
        """
        done: asyncio.Future[Written | None] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(change, done)
        if in_ambient_transaction():
            # Within a transaction of this task, which no other change can share.
            await _Queue(database, entity, shape, schema_version).write_alone(waiting)
            return await done
        identity = (database, entity, shape)
        queue = self._queues.get(identity)
        if queue is None:
            queue = self._queues[identity] = _Queue(database, entity, shape, schema_version)
            self._tasks.start(self._run(queue))
        queue.waiting.append(waiting)
        return await done

    async def _run(self, queue: _Queue) -> None:
        try:
            while batch := queue.next_batch():
                await self._write_batch(queue, batch)
        finally:
            del self._queues[queue.database, queue.entity, queue.shape]

    async def _write_batch(self, queue: _Queue, batch: list[_Waiting]) -> None:
        if len(batch) == 1:
            await asyncio.wait([self._tasks.start(queue.write_alone(batch[0]))], timeout=ALONE_TIMEOUT_S)
            return
        try:
            written = await queue.write(replace(queue.shape, waits=False), batch)
        except Exception as error:
            if isinstance(error, SchemaMoved) or not is_undone(error):
                # Under another schema all are decided again. Otherwise a change may have been stored, so none is
                # tried again.
                for waiting in batch:
                    waiting.fail(error)
                return
            written = {}
        for place, waiting in enumerate(batch, 1):
            if place in written:
                waiting.resolve(written[place])
            else:
                # It may wait for a lock, so it must not hold up the next batch.
                self._tasks.start(queue.write_alone(waiting))
