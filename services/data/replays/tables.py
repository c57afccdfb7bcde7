"""Compares each table with the log: the steps of verifying the projection `records`.

Every step compares some records within one statement. A record and its log entry are committed together, so what one
statement sees must agree, however much is written meanwhile.
"""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.replays import ReplayState
from services.data.log.entries import field_names
from services.data.log.store import taken_position
from services.data.model import Model
from services.data.model.version import check_current
from services.data.replays.images import Shape, faults
from services.data.replays.statements import compared, strays
from services.data.replays.table import Table, tables_of
from services.data.state import State

STEP_RECORDS = 500
"""Records compared in one step."""
STEP_TIMEOUT_S = 60.0
"""Seconds that a step may take: records can have many versions, and be large."""

TOTAL = "SELECT coalesce(sum(reltuples), 0)::bigint FROM pg_class WHERE oid = ANY($1::text[]::regclass[])"

ENTRIES = """
SELECT _c.record_id, _c.version, _c.position, _c.action, _c.image::text, _c.previous::text FROM data.commits _c
WHERE _c.entity = $1 AND (_c.record_id, _c.version) >= ($2, $3::bigint) AND _c.position <= $4
ORDER BY _c.record_id, _c.version LIMIT $5
"""


async def verify(state: State, app: AppRef, replay: ReplayState) -> bool:
    """Compare some more records of a table, or look for rows that are not in the log."""
    schema = await state.schemas.get(app, at_least=replay.get("schema", 0))
    model, database = state.models.of(app, schema), state.database(app)
    if replay.get("position") is None:
        await _begin(database, model, replay)
    table = next_table(model, replay)
    if table is None:
        return True
    step = _images if replay.get("images") else _strays if replay.get("strays") else _compare
    try:
        await step(database, model, table, replay)
    except SchemaMoved as moved:
        # The model is an old one: the next step begins with a newer.
        state.schemas.forget(app.id)
        replay.keep(moved=replay.get("moved", 0) + 1)
        if replay.get("moved") > 100:
            raise RuntimeError("the schema does not hold still") from moved
    return False


def next_table(model: Model, replay: ReplayState) -> Table | None:
    """The table that a replay is at; None after the last one."""
    done = replay.get("done", -1)
    return next((table for table in tables_of(model, replay.get("only", "")) if table.number > done), None)


async def _begin(database: Database, model: Model, replay: ReplayState) -> None:
    names = [table.table for table in tables_of(model, replay.get("only", ""))]
    total = await database.fetchval(TOTAL, names)
    replay.keep(position=await taken_position(database), total=max(0, total))


async def _compare(database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    rows = await database.fetch(compared(table), replay.get("after", ""), STEP_RECORDS, timeout=STEP_TIMEOUT_S)
    _fence(model, rows)
    for row in rows:
        if row["digest"] is not None:
            replay.add(row["digest"])
        if not row["same"]:
            where = {"entity": table.title, "record_id": row["record_id"], "position": row["position"]}
            replay.differ(*_difference(table, row), **where)
    replay.count(len(rows))
    replay.keep(after=rows[-1]["record_id"] if rows else "", strays=len(rows) < STEP_RECORDS)


async def _strays(database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    after = replay.get("key")
    rows = await database.fetch(strays(table, not after), STEP_RECORDS * 4, *(after or ()), timeout=STEP_TIMEOUT_S)
    _fence(model, rows)
    for row in rows:
        if row["stray"]:
            replay.differ("the log does not know this row", entity=table.title, record_id=row["record_id"])
    if len(rows) < STEP_RECORDS * 4:
        replay.keep(key=None, strays=False, images=True, at=["", -1])
    else:
        replay.keep(key=[rows[-1][f"k{n}"] for n in range(len(table.keys))])


async def _images(database: Database, model: Model, table: Table, replay: ReplayState) -> None:
    """Check some more entries of the log, each beside the one before of its record; the first one was checked last."""
    record_id, version = replay.get("at")
    rows = await database.fetch(
        ENTRIES, table.number, record_id, version, replay.get("position"), STEP_RECORDS, timeout=STEP_TIMEOUT_S
    )
    await check_current(database, model)
    shape = shape_of(model, table)
    former: Any = None
    for row in rows:
        follows = former if former is not None and former["record_id"] == row["record_id"] else None
        if (row["record_id"], row["version"]) != (record_id, version):
            where = {"entity": table.title, "record_id": row["record_id"], "position": row["position"]}
            for fault in faults(shape, row, follows):
                replay.differ(f"version {row['version']} of the log: {fault}", **where)
        former = row
    if len(rows) < STEP_RECORDS:
        replay.keep(done=table.number, after="", images=False, at=None)
    else:
        replay.keep(at=[rows[-1]["record_id"], rows[-1]["version"]])


def shape_of(model: Model, table: Table) -> Shape:
    """What the images of a table's records hold."""
    names = field_names(model.schema, table.number)
    kinds = {}
    if table.number in model.schema.by_number:
        entity = model.entity(table.title)
        kinds = {entity.image_ids[field.name]: field.type for field in entity.fields.values()}
    keys = [table.columns[key] for key in table.keys]
    return Shape(frozenset(names), kinds, names, keys)


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
