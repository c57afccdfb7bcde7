"""The versions of a record, read from the log itself, so that they include the caller's own last write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.paging import Page
from libs.shared.postgres.databases import Database
from libs.shared.postgres.listings import load_page_of_rows, page_of_rows
from libs.shared.schema import Snapshot
from services.data.log.entries import (
    COLUMNS,
    LOG,
    Record,
    actor_fields,
    differences,
    field_names,
    images,
    readable_images,
)
from services.data.model import EntityModel
from services.data.permissions import Grant
from services.data.query.past import seen_sql
from services.data.query.scope import Scope
from services.data.query.visibility import with_typed

AFTER = "coalesce(_log.image, _log.previous)"
"""The record as an entry left it; of a deleted one, as it was last."""
BEFORE = "coalesce(_log.image, '{}') || coalesce(_log.previous, '{}')"
"""The record as an entry found it."""


async def load_page(
    database: Database, entity: EntityModel, scope: Scope, record_id: str, page: Page, as_of: int | None
) -> tuple[Sequence[Any], int]:
    """One page of the entries of a record that the caller may see, newest first, and their number.

    `known` says whether the caller may see the record as it was before the entry.
    """
    visible = scope.visible(entity)
    number, key = scope.slot(entity.number), scope.slot(record_id)
    until = f" AND _log.position <= ${scope.slot(as_of)}::bigint" if as_of is not None else ""
    where = f"_log.entity = ${number} AND _log.record_id = ${key}{until} AND {seen_sql(entity, AFTER, visible)}"
    columns = f"{COLUMNS}, {seen_sql(entity, BEFORE, visible)} AS known"
    limits = f"LIMIT ${scope.slot(page.size)}::bigint OFFSET ${scope.slot(page.offset)}::bigint"
    sql = page_of_rows(
        f"SELECT count(*) FROM {LOG} WHERE {where}",
        scope.model.bounds.entries(f"SELECT {columns} FROM {LOG} WHERE {where} ORDER BY _log.version DESC {limits}"),
        "version DESC",
    )
    return await load_page_of_rows(database, with_typed(scope.views, sql), scope.values, "version")


async def load_version(
    database: Database, entity: EntityModel, scope: Scope, record_id: str, version: int
) -> Any | None:
    """One log entry of a record, if the caller may see the record as it left it."""
    seen = seen_sql(entity, AFTER, scope.visible(entity))
    number, key, wanted = scope.slot(entity.number), scope.slot(record_id), scope.slot(version)
    where = f"_log.entity = ${number} AND _log.record_id = ${key} AND _log.version = ${wanted} AND {seen}"
    sql = with_typed(scope.views, f"SELECT {COLUMNS} FROM {LOG} WHERE {where}")
    return await database.fetchrow(sql, *scope.values)


async def load_places(
    database: Database, entity: EntityModel, scope: Scope, record_id: str, places: Sequence[tuple[int, int]]
) -> Sequence[Any]:
    """The entries of a record at these places (position and n) that the caller may see."""
    visible = scope.visible(entity)
    number, key = scope.slot(entity.number), scope.slot(record_id)
    positions, numbers = scope.slot([position for position, _ in places]), scope.slot([n for _, n in places])
    select = scope.model.bounds.entries(
        f"SELECT {COLUMNS}, {seen_sql(entity, BEFORE, visible)} AS known "
        f"FROM unnest(${positions}::bigint[], ${numbers}::int[]) _p(position, n) "
        f"JOIN {LOG} ON _log.position = _p.position AND _log.n = _p.n "
        f"WHERE _log.entity = ${number} AND _log.record_id = ${key} AND {seen_sql(entity, AFTER, visible)}"
    )
    rows: Sequence[Any] = await database.fetch(with_typed(scope.views, select), *scope.values)
    return rows


def serialize_entry(
    schema: Snapshot, entity: EntityModel, row: Any, grant: Grant, now: Record | None
) -> dict[str, Any]:
    """A log entry as JSON: those of today's fields that the grant shows of the record then and now.

    An entry that can't be read says why under `unreadable`.
    """
    before, after, unreadable = readable_images(schema, row)
    if not row["known"]:
        before = None
    changed = {n: d for n, d in differences(before, after).items() if n in entity.fields}
    changed = grant.differences(changed, *(image for image in (before, after, now) if image is not None))
    return {
        "version": row["version"],
        "action": row["action"],
        "at": row["at"],
        **actor_fields(row),
        "changed": changed,
        "commit_id": row["commit_id"],
        "trace_id": row["trace_id"],
        **unreadable,
    }


def record_at(
    schema: Snapshot, entity: EntityModel, row: Any, grant: Grant, now: Record | None
) -> dict[str, Any] | None:
    """The record after a log entry, with those of today's fields that the grant shows of it then and now.

    None where that was a deletion.
    """
    _, after = images(row, field_names(schema, row["entity"]))
    if after is None or row["action"] == "delete":
        return None
    record = {name: after.get(name) for name in entity.fields}
    return grant.visible_fields(record, *([now] if now is not None else []))
