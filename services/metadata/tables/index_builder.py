"""Builds indexes on tables that hold records, in the background, while records are read and written.

A change of definitions only arms the due index. The builder compares definitions and tables until they agree, so it
needs no stored state: an index whose build was interrupted is dropped and rebuilt.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from libs.shared import clock
from libs.shared.bus.standstills import Standstills, reason_of
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.postgres.limits import LimitReached
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveSchema
from services.metadata.planning import indexes
from services.metadata.state import State
from services.metadata.store import business_tables, definitions

log = structlog.get_logger()

BUILD_TIMEOUT_S = 3600.0
"""Limit of building one index."""
INDEXES = "indexes"
RETRY_DELAY = timedelta(seconds=5)
LONG_VALUES_DELAY = timedelta(minutes=10)
"""When to try an index again that values are too long for."""
MAX_ROUNDS = 20
"""Comparisons before other apps get their turn."""


async def run(state: State) -> None:
    """Build the missing indexes of every app that has been armed."""

    async def work(app: AppRef) -> datetime | None:
        return await build(state, app)

    await state.due.run(work)


async def build(state: State, app: AppRef) -> datetime | None:
    """Build and drop an app's indexes; returns when to retry, None when all is done."""
    leases, lease = state.core.leases, f"indexes/{app.id}"
    if leases.holds(lease) or not await leases.claim([lease]):
        return clock.now() + RETRY_DELAY
    too_long: set[str] = set()
    standstills = Standstills(state.core.name, state.core.databases)
    try:
        for _ in range(MAX_ROUNDS):
            if not await _round(state.core.databases.of(app), too_long):
                await standstills.clear(app, INDEXES, noted=False)
                return clock.now() + LONG_VALUES_DELAY if too_long else None
    except Exception as error:
        # Mostly a long open transaction. An unfinished index is dropped in the next round.
        log.warning("indexes.not_built", app_id=app.id, error=str(error))
        await standstills.note(app, INDEXES, reason_of(error))
    finally:
        await leases.release([lease])
    return clock.now() + RETRY_DELAY


async def _round(database: Database, too_long: set[str]) -> bool:
    """Compare definitions and tables once, and build and drop what differs; returns whether anything did.

    `too_long` collects the names of the indexes that can't be built because of long values.
    """
    schema = LiveSchema.of(await definitions.list_shapes(database))
    drops: list[str] = []
    missed: list[indexes.TableIndex] = []
    for name, live in schema.entities.items():
        there = await business_tables.list_indexes(database, table_of(live.definition.table))
        broken = [index for index, valid in there.items() if not valid and indexes.MANAGED_INDEX.match(index)]
        missing, needless = indexes.difference(there.keys() - broken, indexes.wanted_indexes(schema, name))
        # The definitions may have changed since they were read. A change builds its unique indexes itself; another
        # index that was dropped too early is rebuilt in the next round.
        needless = [index for index in needless if not indexes.enforces_definition(index)]
        drops += [indexes.drop(index, concurrently=True) for index in [*broken, *needless]]
        missed += [index for index in missing if not index.unique and index.name not in too_long]
    for statement in drops:
        await database.execute(statement, timeout=BUILD_TIMEOUT_S)
    for index in missed:
        await _build_one(database, index, too_long)
    return bool(drops or missed)


async def _build_one(database: Database, index: indexes.TableIndex, too_long: set[str]) -> None:
    try:
        await database.execute(index.create(concurrently=True), timeout=BUILD_TIMEOUT_S)
    except LimitReached as limit:
        # The change of the definition has seen no such value: it was written before the index existed to refuse it.
        log.warning("index.values_too_long", table=index.table, field=index.field, error=limit.message)
        too_long.add(index.name)
