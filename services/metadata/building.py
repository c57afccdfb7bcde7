"""Indexes on tables that hold records already: built while everybody goes on reading and writing.

A definition's change only arms the due-index. What is to be done is then worked out from definitions
and tables, again and again until they agree, so a killed builder, a failed build or a definition that
changes meanwhile needs no memory: an index whose building was interrupted is dropped and built anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from libs.shared import clock
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from services.metadata import indexes, store
from services.metadata.naming import table_of
from services.metadata.schema import Schema
from services.metadata.state import State

log = structlog.get_logger()

BUILD_TIME = 3600.0
"""Seconds that building one index may take."""
AGAIN = timedelta(seconds=5)
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
    try:
        for _ in range(ROUNDS):
            if not await _round(state.core.databases.of(app)):
                return None
    except Exception as error:
        # Mostly a transaction that was open for long; and what was begun is dropped in the next round.
        log.warning("indexes.not_built", app_id=app.id, error=str(error))
    finally:
        await leases.release([lease])
    return clock.now() + AGAIN


async def _round(database: Database) -> bool:
    """One comparison of definitions and tables, and what follows from it; whether there was anything to do."""
    schema = Schema.of(await store.list_shapes(database))
    statements: list[str] = []
    for name, live in schema.entities.items():
        there = await store.list_indexes(database, table_of(live.definition.table))
        broken = [index for index, valid in there.items() if not valid and indexes.OURS.match(index)]
        missing, needless = indexes.difference(there.keys() - broken, schema, name)
        # The definitions may have changed since they were read, and a change has built what it promises. Another index
        # that was dropped too early is built anew in the next round.
        needless = [index for index in needless if not indexes.is_promised(index)]
        statements += [indexes.drop(index, concurrently=True) for index in [*broken, *needless]]
        statements += [index.create(concurrently=True) for index in missing if not index.unique]
    for statement in statements:
        await database.execute(statement, timeout=BUILD_TIME)
    return bool(statements)
