"""Concurrent writes of single records, gathered: changes of one shape that wait together are one statement.

Each stays a commit of its own, with its own position and log entry; they share a statement, a
transaction and a flush to disk. While one statement of a shape runs, the next ones gather, so groups
grow with the load and an idle system waits for nobody.

A group never waits for locks and never fails for one member's sake. Members that are left out (a locked or
missing row or reference, another version) are done again alone. So are all members when the statement fails,
whatever for: only the one whose fault it is fails again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from libs.shared.postgres.databases import Database, enclosed
from libs.shared.postgres.errors import SchemaMoved, is_undone
from libs.shared.postgres.limits import LimitReached
from services.data.model import EntityModel, KeyValue
from services.data.writes.statements.changes import RowChange, Written
from services.data.writes.statements.limits import name_limit
from services.data.writes.statements.statements import Shape, statement

MOST = 64
"""Changes of one statement."""
PATIENCE = 0.1
"""Seconds that the next group waits for a change that is written alone, which may itself wait for a lock."""


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
class _Gathering:
    """The changes of one shape: a statement at a time, the next ones waiting."""

    database: Database
    entity: EntityModel
    shape: Shape
    schema_version: int
    waiting: list[_Waiting] = field(default_factory=list)

    def next_group(self) -> list[_Waiting]:
        """The longest waiting ones; a record that is changed twice has its second change in a later group."""
        group: list[_Waiting] = []
        rest: list[_Waiting] = []
        keys: set[KeyValue | None] = set()
        for waiting in self.waiting:
            key = waiting.change.key
            if waiting.done.done():
                continue  # its request was given up
            if len(group) < MOST and (key is None or key not in keys):
                group.append(waiting)
                keys.add(key)
            else:
                rest.append(waiting)
        self.waiting = rest
        return group

    async def write(self, shape: Shape, group: Sequence[_Waiting]) -> dict[int, Written]:
        """Run one statement; answers what was written by place in the group, from 1."""
        changes = [waiting.change for waiting in group]
        sql, values = statement(self.entity, shape, changes, self.schema_version)
        rows = await self.database.fetch(sql, *values)
        return {row["n"]: Written.of(row) for row in rows}


class WriteBatcher:
    """The writes of a process that can share statements."""

    def __init__(self) -> None:
        self._gatherings: dict[tuple[Database, EntityModel, Shape], _Gathering] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def write(
        self, database: Database, entity: EntityModel, shape: Shape, change: RowChange, schema_version: int
    ) -> Written | None:
        """Commit one change. Answers None where there is no such row, reference or version, or under another schema.

        Raises what the statement raises: CONFLICT for a taken value, SERVICE_UNAVAILABLE, TIMEOUT.
        """
        done: asyncio.Future[Written | None] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(change, done)
        if enclosed():
            await _write_alone(_Gathering(database, entity, shape, schema_version), waiting)
            return await done
        identity = (database, entity, shape)
        gathering = self._gatherings.get(identity)
        if gathering is None:
            gathering = self._gatherings[identity] = _Gathering(database, entity, shape, schema_version)
            self._start(self._work(gathering))
        gathering.waiting.append(waiting)
        return await done

    async def _work(self, gathering: _Gathering) -> None:
        try:
            while group := gathering.next_group():
                await self._write_group(gathering, group)
        finally:
            del self._gatherings[gathering.database, gathering.entity, gathering.shape]

    async def _write_group(self, gathering: _Gathering, group: list[_Waiting]) -> None:
        if len(group) == 1:
            await asyncio.wait([self._start(_write_alone(gathering, group[0]))], timeout=PATIENCE)
            return
        try:
            written = await gathering.write(replace(gathering.shape, waits=False), group)
        except Exception as error:
            if isinstance(error, SchemaMoved) or not is_undone(error):
                # Under another schema all are decided anew. Otherwise whether it was stored may be unknown, so
                # nobody's change is tried again.
                for waiting in group:
                    waiting.fail(error)
                return
            written = {}
        for place, waiting in enumerate(group, 1):
            if place in written:
                waiting.resolve(written[place])
            else:
                # It may wait for a lock, so it must not hold up the next group.
                self._start(_write_alone(gathering, waiting))

    def _start(self, write: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(write)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _write_alone(gathering: _Gathering, waiting: _Waiting) -> None:
    try:
        written = await gathering.write(gathering.shape, [waiting])
    except LimitReached as limit:
        waiting.fail(name_limit(gathering.entity, [waiting.change.values], limit)[1])
    except Exception as error:
        waiting.fail(error)
    else:
        waiting.resolve(written.get(1))
