"""Puts rows back as the log has them: values go from the log's images into columns as JSON, so none loses a digit, and
columns of removed fields get theirs too.

References are not checked here, but when everything is undone (dangling_references.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.postgres.limits import LimitExceeded, LimitReached
from services.data.model import EntityModel, quote
from services.data.writes.statements.changes import Action
from services.data.writes.statements.limits import name_limit
from services.data.writes.statements.statements import (
    NEW,
    OLD,
    RETURNING,
    VERSION,
    image_sql,
    old_column,
    previous_sql,
    returned,
)
from services.data.writes.statements.unit_of_work import UnitOfWork

Document = dict[str, Any]
"""Column → value as JSON, the key's columns among them."""


async def set_again(unit: UnitOfWork, entity: EntityModel, columns: Sequence[str], rows: Sequence[Document]) -> int:
    """Set these columns of live rows, and nothing else. Returns how many rows were found."""
    sets = ", ".join(f"{quote(name)} = _u.{quote(name)}" for name in columns)
    old = ", ".join(f"{OLD}.{quote(name)} AS {old_column(entity, name)}" for name in columns)
    same = " AND ".join(f"_r.{quote(name)} = _u.{quote(name)}" for name in entity.key.names)
    changed = (
        f"UPDATE {entity.table} AS _r SET {sets}, {VERSION} = _r.{VERSION} + 1 FROM _u, metadata.schema_version _v "
        f"WHERE _v.version = $1 AND {same} AND {entity.alive('_r')} {RETURNING} {returned(entity, NEW)}, {old}"
    )
    previous = previous_sql(entity, columns)
    return await _run(unit, entity, Action.UPDATE, changed, previous, rows, columns)


async def insert_again(unit: UnitOfWork, entity: EntityModel, rows: Sequence[Document]) -> int:
    """Insert rows that were removed, with their old keys; their versions go on. Returns how many were inserted.

    Raises CONFLICT for values that are taken by now.
    """
    names = [*entity.image_ids]
    columns, values = ", ".join(map(quote, names)), ", ".join(f"_u.{quote(name)}" for name in names)
    version = (
        f"coalesce((SELECT max(_c.version) FROM data.commits _c "
        f"WHERE _c.entity = {entity.number} AND _c.record_id = {entity.key.sql_text('_u')}), 0) + 1"
    )
    inserted = (
        f"INSERT INTO {entity.table} ({columns}, {VERSION}) SELECT {values}, {version} "
        f"FROM _u, metadata.schema_version _v WHERE _v.version = $1 {RETURNING} {returned(entity, NEW)}"
    )
    return await _run(unit, entity, Action.CREATE, inserted, "NULL::jsonb", rows)


async def _run(
    unit: UnitOfWork,
    entity: EntityModel,
    action: Action,
    changed: str,
    previous: str,
    rows: Sequence[Document],
    columns: Sequence[str] = (),
) -> int:
    sql = (
        f"WITH _u AS MATERIALIZED (SELECT _i.* FROM unnest($2::jsonb[]) AS _d(document), "
        f"LATERAL jsonb_populate_record(NULL::{entity.table}, _d.document) AS _i), _row AS ({changed}) "
        f"SELECT {entity.key.sql_text('_row')} AS key, _row.{VERSION} AS version, {previous}::text AS previous, "
        f"{image_sql(entity)}::text AS image FROM _row"
    )
    documents = [exact.dumps(row).decode() for row in rows]
    try:
        found = await unit.transaction.fetch(sql, unit.model.version, documents)
    except LimitExceeded as error:
        raise name_limit(entity, rows, LimitReached.of(error))[1] from None
    for row in found:
        previous_text = unit.swaps.previous(entity, row["key"], row["previous"], columns)
        entry = (entity.number, row["key"], row["version"], action.value, row["image"], previous_text)
        unit.add((*entry, None))
    return len(found)
