"""Tables made anew from the log: the steps of rebuilding the projection `records`.

A new table is filled beside the old one while writes go on, as the log was at a settled position, so that
no unique value is there twice; then it is indexed, then brought up to what was written meanwhile, in
rounds. For the last few records the old table is held (nobody can have written to it what we don't see
then), and the new one takes its place and name in the same transaction.
"""

from __future__ import annotations

import structlog

from libs.shared.contracts.context import AppRef
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, Database
from libs.shared.postgres.errors import LockTaken, SchemaMoved
from libs.shared.replays import ReplayState
from services.data.model import Model, quote
from services.data.model.version import current_version
from services.data.replays.statements import filled, put_again, taken_out
from services.data.replays.table import Table
from services.data.replays.tables import next_table
from services.data.state import State

log = structlog.get_logger()

RECORDS = 500
"""Records put into the new table in one step."""
FEW = 200
"""Records changed in a round, up to which the rest is done while the old table is held."""
TIME = 60.0
"""Seconds that a step may take."""
INDEX_TIME = 3600.0
"""Seconds that the indexes of a new table may take; nobody waits for them."""
ATTEMPTS = 200
"""Switches tried, each waiting 0.7 s at most for the table: under load there is a gap sooner or later."""

BEGIN = "SELECT metadata.begin_rebuilding($1, $2)"
INDEX = "SELECT metadata.index_rebuilt($1, $2)"
HOLD = "SELECT metadata.hold_for_rebuilding($1, $2, $3)"
ALIKE = "SELECT metadata.is_indexed_alike($1, $2)"
FINISH = "SELECT metadata.finish_rebuilding($1, $2)"


class _Reindexed(Exception):
    """An index has come or gone since the new table got its own."""


async def rebuild(state: State, app: AppRef, replay: ReplayState) -> bool:
    """One step of making a table anew."""
    database = state.database(app)
    schema = await state.schemas.get(app, at_least=await current_version(database))
    model = state.model(app, schema)
    table = next_table(model, replay)
    if table is None:
        return True
    stage = replay.get("stage", "begin")
    if stage != "begin" and replay.get("schema") != model.version:
        log.info("rebuild.begun_anew", app_id=app.id, table=table.title)
        stage = "begin"  # columns may have come since
    try:
        await _STAGES[stage](state, database, model, table, replay)
    except SchemaMoved:
        state.schemas.forget(app.id)
        replay.keep(stage="begin")
    return False


async def _begin(state: State, database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    position = await state.settled.wait_for_latest(database)
    await database.execute(BEGIN, table.number, table.name)
    replay.keep(stage="fill", schema=model.version, position=position, after="", attempts=0)


async def _fill(state: State, database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    values = (replay.get("after"), RECORDS, replay.get("position"))
    row = await database.fetchrow(filled(table, _fresh(table)), *values, timeout=TIME)
    assert row is not None, "an aggregate has one row"
    replay.count(row["records"])
    replay.keep(stage="fill" if row["records"] == RECORDS else "index", after=row["last"] or replay.get("after"))


async def _index(state: State, database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    await database.execute(INDEX, table.number, table.name, timeout=INDEX_TIME)
    replay.keep(stage="catch up")


async def _catch_up(state: State, database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    reached = await state.settled.wait_for_latest(database)
    async with database.transaction() as transaction:
        changed = await _set_anew(transaction, table, replay.get("position"), reached)
    replay.keep(position=reached, stage="switch" if changed <= FEW else "catch up")


async def _switch(state: State, database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    try:
        async with database.transaction() as transaction:
            if not await transaction.fetchval(HOLD, table.number, table.name, model.version):
                raise SchemaMoved
            if not await transaction.fetchval(ALIKE, table.number, table.name):
                raise _Reindexed
            await _set_anew(transaction, table, replay.get("position"), None)
            await transaction.execute(FINISH, table.number, table.name)
    except _Reindexed:
        log.info("rebuild.indexed_anew", table=table.title)
        replay.keep(stage="index")
        return
    except (RocketError, *LockTaken) as error:
        if isinstance(error, RocketError) and error.code != "CONFLICT":
            raise
        replay.keep(stage="catch up", attempts=replay.get("attempts", 0) + 1)
        if replay.get("attempts") > ATTEMPTS:
            raise RocketError("CONFLICT", f"{table.title} is in use all the time: no moment to switch") from error
        return
    log.info("rebuild.switched", table=table.title)
    replay.keep(done=table.number, stage="begin")


async def _set_anew(transaction: Connection, table: Table, after: int, until: int | None) -> int:
    """Records that have changed, as they were at `until`, or are; answers how many.

    All are taken out before any is put back, as they may have changed unique values with one another.
    """
    await transaction.execute(taken_out(table, _fresh(table)), after, until, timeout=TIME)
    changed: int = await transaction.fetchval(put_again(table, _fresh(table)), after, until, timeout=TIME)
    return changed


def _fresh(table: Table) -> str:
    return f"records.{quote(f'_n_{table.number}')}"


_STAGES = {"begin": _begin, "fill": _fill, "index": _index, "catch up": _catch_up, "switch": _switch}
