"""Indexes on tables that hold records already: built while everybody goes on reading and writing.

A definition's change only arms the due-index. What is to be done is then worked out from definitions
and tables, again and again until they agree, so a killed builder, a failed build or a definition that
changes meanwhile needs no memory: an index whose building was interrupted is dropped and built anew.
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
from services.metadata.model.schema import Schema
from services.metadata.planning import indexes
from services.metadata.state import State
from services.metadata.store import business_tables, definitions

log = structlog.get_logger()

BUILD_TIME = 3600.0
"""Seconds that building one index may take."""
INDEXES = "indexes"
AGAIN = timedelta(seconds=5)
LATER = timedelta(minutes=10)
"""When to look again at an index that values are too long for."""
ROUNDS = 20
"""Looks at the definitions before others get their turn."""


async def run(state: State) -> None:
    """Build what is missing, for every app that has been armed."""

    async def work(app: AppRef) -> datetime | None:
        return await build(state, app)

    await state.due.run(work)


async def build(state: State, app: AppRef) -> datetime | None:
    """Make an app's indexes what they should be; answers when to look again, None when all is done."""
    leases, lease = state.core.leases, f"indexes/{app.id}"
    if leases.holds(lease) or not await leases.claim([lease]):
        return clock.now() + AGAIN
    too_long: set[str] = set()
    standstills = Standstills(state.core.name, state.core.databases)
    try:
        for _ in range(ROUNDS):
            if not await _round(state.core.databases.of(app), too_long):
                await standstills.clear(app, INDEXES, noted=False)
                return clock.now() + LATER if too_long else None
    except Exception as error:
        # Mostly a transaction that was open for long; and what was begun is dropped in the next round.
        log.warning("indexes.not_built", app_id=app.id, error=str(error))
        await standstills.note(app, INDEXES, reason_of(error))
    finally:
        await leases.release([lease])
    return clock.now() + AGAIN


async def _round(database: Database, too_long: set[str]) -> bool:
    """One comparison of definitions and tables, and what follows from it; whether there was anything to do.

    `too_long` names the indexes that can't be built because of long values, and are let be; more may be added to it.
    """
    schema = Schema.of(await definitions.list_shapes(database))
    drops: list[str] = []
    missed: list[indexes.Index] = []
    for name, live in schema.entities.items():
        there = await business_tables.list_indexes(database, table_of(live.definition.table))
        broken = [index for index, valid in there.items() if not valid and indexes.OURS.match(index)]
        missing, needless = indexes.difference(there.keys() - broken, indexes.wanted_indexes(schema, name))
        # The definitions may have changed since they were read, and a change has built what it promises. Another index
        # that was dropped too early is built anew in the next round.
        needless = [index for index in needless if not indexes.is_promised(index)]
        drops += [indexes.drop(index, concurrently=True) for index in [*broken, *needless]]
        missed += [index for index in missing if not index.unique and index.name not in too_long]
    for statement in drops:
        await database.execute(statement, timeout=BUILD_TIME)
    for index in missed:
        await _build_one(database, index, too_long)
    return bool(drops or missed)


async def _build_one(database: Database, index: indexes.Index, too_long: set[str]) -> None:
    try:
        await database.execute(index.create(concurrently=True), timeout=BUILD_TIME)
    except LimitReached as limit:
        # The definition's change has seen no such value, so it was written before there was an index to refuse it.
        log.warning("index.values_too_long", table=index.table, field=index.field, error=limit.message)
        too_long.add(index.name)
