"""Whether each table is what the log folds to: the steps of verifying the projection `records`.

Every step compares some records within one statement. As a record and its log entry are always committed
together, what one statement sees must agree, however much is written meanwhile.
"""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.replays import Memory
from services.data.log.settling import now
from services.data.model import Model
from services.data.replays.statements import compared, strays
from services.data.replays.table import Table, tables_of
from services.data.state import State

RECORDS = 500
"""Records compared in one step."""
TIME = 60.0
"""Seconds that a step may take: records can have many versions, and be large."""

TOTAL = "SELECT coalesce(sum(reltuples), 0)::bigint FROM pg_class WHERE oid = ANY($1::text[]::regclass[])"


async def verify(state: State, app: AppRef, memory: Memory) -> bool:
    """Some records more of a table, or some rows more that the log may not know."""
    schema = await state.schemas.get(app, at_least=memory.get("schema", 0))
    model, database = state.model(app, schema), state.database(app)
    if memory.get("position") is None:
        await _begin(database, model, memory)
    table = next_table(model, memory)
    if table is None:
        return True
    step = _strays if memory.get("strays") else _compare
    try:
        await step(database, model, table, memory)
    except SchemaMoved as moved:
        # The model is an old one: the next step begins with a newer.
        state.schemas.forget(app.id)
        memory.keep(moved=memory.get("moved", 0) + 1)
        if memory.get("moved") > 100:
            raise RuntimeError("the schema does not hold still") from moved
    return False


def next_table(model: Model, memory: Memory) -> Table | None:
    """The table that a replay is at; None behind the last one."""
    done = memory.get("done", -1)
    return next((table for table in tables_of(model, memory.get("only", "")) if table.number > done), None)


async def _begin(database: Database, model: Model, memory: Memory) -> None:
    names = [table.table for table in tables_of(model, memory.get("only", ""))]
    total = await database.fetchval(TOTAL, names)
    memory.keep(position=(await now(database)).position, total=max(0, total))


async def _compare(database: Database, model: Model, table: Table, memory: Memory) -> None:
    rows = await database.fetch(compared(table), memory.get("after", ""), RECORDS, timeout=TIME)
    _fence(model, rows)
    for row in rows:
        if row["digest"] is not None:
            memory.add(row["digest"])
        if not row["same"]:
            where = {"entity": table.title, "record_id": row["record_id"], "position": row["position"]}
            memory.differ(*_difference(table, row), **where)
    memory.count(len(rows))
    memory.keep(after=rows[-1]["record_id"] if rows else "", strays=len(rows) < RECORDS)


async def _strays(database: Database, model: Model, table: Table, memory: Memory) -> None:
    after = memory.get("key")
    rows = await database.fetch(strays(table, not after), RECORDS * 4, *(after or ()), timeout=TIME)
    _fence(model, rows)
    for row in rows:
        if row["stray"]:
            memory.differ("the log does not know this row", entity=table.title, record_id=row["record_id"])
    if len(rows) < RECORDS * 4:
        memory.keep(done=table.number, after="", key=None, strays=False)
    else:
        memory.keep(key=[rows[-1][f"k{n}"] for n in range(len(table.keys))])


def _fence(model: Model, rows: Any) -> None:
    """Raises SchemaMoved where the statement was made for another version."""
    if rows and rows[0]["schema_version"] != model.version:
        raise SchemaMoved


def _difference(table: Table, row: Any) -> tuple[str]:
    """What differs, in a phrase; names of fields, never values."""
    if row["found"] is None:
        return ("the row is missing",)
    if row["expected"] is None:
        return ("the row should be gone",)
    expected, found = exact.loads(row["expected"]), exact.loads(row["found"])
    fields = sorted(column for column, key in table.columns.items() if expected[key] != found[key])
    return (f"the row has other values: {', '.join(fields)}" if fields else "the row has another version or digits",)
