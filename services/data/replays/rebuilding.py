"""Rebuilds tables from the log: the steps of rebuilding the projection `records`.

A new table is filled beside the old one while writes go on. It is filled as of a settled position, so that no unique
value occurs twice, then indexed, then brought up to date in rounds. For the last few records the old table is locked,
and the new one takes its place and name in the same transaction.
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

STEP_RECORDS = 500
"""Records put into the new table in one step."""
MAX_SWITCH_RECORDS = 200
"""Records changed in a round, up to which the switch follows: the rest is done while the old table is locked."""
STEP_TIMEOUT_S = 60.0
INDEX_TIMEOUT_S = 3600.0
"""Seconds that the indexes of a new table may take; no request waits for them."""
MAX_SWITCHES = 200
"""Attempts to switch, each of which waits 0.7 s at most for the lock of the table."""

BEGIN = "SELECT metadata.begin_rebuilding($1, $2)"
INDEX = "SELECT metadata.index_rebuilt($1, $2)"
HOLD = "SELECT metadata.hold_for_rebuilding($1, $2, $3)"
ALIKE = "SELECT metadata.is_indexed_alike($1, $2)"
FINISH = "SELECT metadata.finish_rebuilding($1, $2)"


class _Reindexed(Exception):
    """An index was created or dropped since the new table got its own."""


async def rebuild(state: State, app: AppRef, replay: ReplayState) -> bool:
    """One step of rebuilding a table."""
    database = state.database(app)
    schema = await state.schemas.get(app, at_least=await current_version(database))
    model = state.models.of(app, schema)
    table = next_table(model, replay)
    if table is None:
        return True
    stage = replay.get("stage", "begin")
    if stage != "begin" and replay.get("schema") != model.version:
        log.info("rebuild.begun_anew", app_id=app.id, table=table.title)
        stage = "begin"  # there may be new columns
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
    values = (replay.get("after"), STEP_RECORDS, replay.get("position"))
    row = await database.fetchrow(filled(table, _fresh(table)), *values, timeout=STEP_TIMEOUT_S)
    assert row is not None, "an aggregate has one row"
    replay.count(row["records"])
    replay.keep(stage="fill" if row["records"] == STEP_RECORDS else "index", after=row["last"] or replay.get("after"))


async def _index(state: State, database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    await database.execute(INDEX, table.number, table.name, timeout=INDEX_TIMEOUT_S)
    replay.keep(stage="catch up")


async def _catch_up(state: State, database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    reached = await state.settled.wait_for_latest(database)
    async with database.transaction() as transaction:
        changed = await _set_anew(transaction, table, replay.get("position"), reached)
    replay.keep(position=reached, stage="switch" if changed <= MAX_SWITCH_RECORDS else "catch up")


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
        if replay.get("attempts") > MAX_SWITCHES:
            raise RocketError("CONFLICT", f"{table.title} is in use all the time: no moment to switch") from error
        return
    log.info("rebuild.switched", table=table.title)
    replay.keep(done=table.number, stage="begin")


async def _set_anew(transaction: Connection, table: Table, after: int, until: int | None) -> int:
    """Replace the changed records by their state at `until`, or now; returns their number.

    All are deleted before any is inserted again, as they may have exchanged unique values.
    """
    await transaction.execute(taken_out(table, _fresh(table)), after, until, timeout=STEP_TIMEOUT_S)
    changed: int = await transaction.fetchval(put_again(table, _fresh(table)), after, until, timeout=STEP_TIMEOUT_S)
    return changed


def _fresh(table: Table) -> str:
    return f"records.{quote(f'_n_{table.number}')}"


_STAGES = {"begin": _begin, "fill": _fill, "index": _index, "catch up": _catch_up, "switch": _switch}
