"""A record's history, read from the log itself, so it shows the caller's own last write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.paging import Page
from libs.shared.postgres.databases import Database
from libs.shared.postgres.listings import load_page_of_rows, page_of_rows
from libs.shared.schema import Snapshot
from services.data.log.entries import COLUMNS, LOG, Record, differences, images, legible, names_of, whose
from services.data.model import EntityModel
from services.data.permissions import Grant
from services.data.query.past import seen_sql
from services.data.query.scope import Scope
from services.data.query.visibility import with_typed

BY_KEY = f"SELECT {COLUMNS} FROM {LOG} WHERE _log.position = $1 AND _log.n = $2"

LAST = f"""
SELECT DISTINCT ON (_log.record_id) {COLUMNS} FROM {LOG}
WHERE _log.entity = $1 AND _log.record_id = ANY($2::text[]) ORDER BY _log.record_id, _log.version DESC
"""

AFTER = "coalesce(_log.image, _log.previous)"
"""The record as an entry left it; of one that is gone, as it was last."""
BEFORE = "coalesce(_log.image, '{}') || coalesce(_log.previous, '{}')"
"""The record as an entry found it."""


async def load_page(
    database: Database, entity: EntityModel, scope: Scope, record_id: str, page: Page, as_of: int | None
) -> tuple[Sequence[Any], int]:
    """One page of the entries of a record that the caller may see, newest first, and how many there are.

    `known` says of an entry whether the caller may see the record as it was before.
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


async def load_entry(database: Database, position: int, n: int) -> Any | None:
    """One log entry by its place in the log."""
    return await database.fetchrow(BY_KEY, position, n)


async def last_images(
    database: Database, schema: Snapshot, entity: EntityModel, ids: Sequence[str]
) -> dict[str, Record]:
    """What the log knows last of records, by id; nothing of those that never were."""
    if not ids:
        return {}
    rows = await database.fetch(LAST, entity.number, ids)
    names = names_of(schema, entity.number)
    found = {row["record_id"]: images(row, names) for row in rows}
    return {key: after or before or {} for key, (before, after) in found.items()}


def shown(schema: Snapshot, entity: EntityModel, row: Any, grant: Grant, now: Record | None) -> dict[str, Any]:
    """A log entry as history answers it: today's fields, as far as the grant shows them of the record then and now.

    Of one that can't be read, it says why under `unreadable`.
    """
    before, after, unreadable = legible(row, names_of(schema, row["entity"]))
    if not row["known"]:
        before = None
    changed = {n: d for n, d in differences(before, after).items() if n in entity.fields}
    changed = grant.differences(changed, *(image for image in (before, after, now) if image is not None))
    return {
        "version": row["version"],
        "action": row["action"],
        "at": row["at"],
        **whose(row),
        "changed": changed,
        "commit_id": row["commit_id"],
        "trace_id": row["trace_id"],
        **unreadable,
    }


def record_at(
    schema: Snapshot, entity: EntityModel, row: Any, grant: Grant, now: Record | None
) -> dict[str, Any] | None:
    """The record as a log entry left it, with today's fields, as far as the grant shows them of it then and now.

    None where that was a deletion.
    """
    _, after = images(row, names_of(schema, row["entity"]))
    if after is None or row["action"] == "delete":
        return None
    record = {name: after.get(name) for name in entity.fields}
    return grant.shown(record, *([now] if now is not None else []))
