"""Every statement that reads the audit log: rows of records and of everything else, as one list."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from libs.shared import exact
from libs.shared.postgres.databases import Database
from libs.shared.postgres.listings import json_page, load_json_page
from services.events.audit_queries import AuditSelection

COLUMNS = """id, entity, record_id, action, old_data, new_data, changed_fields, user_id, user_email,
    on_behalf_of, cause, ip_address, trace_id, "timestamp", position, n, version"""
AUDITED = f"""(
    SELECT {COLUMNS}, 'data' AS source FROM events.audit_logs
    UNION ALL SELECT {COLUMNS}, source FROM events.audit_changes
) audited"""
FETCH_ROWS = 500
FETCH_TIMEOUT_S = 60.0
"""Seconds for one fetch; the first may have to sort everything."""


async def page(database: Database, selection: AuditSelection) -> tuple[bytes, int]:
    """A page of rows as a JSON list, and how many match in all."""
    limits = f"LIMIT {selection.page.size} OFFSET {selection.page.offset}"
    statement = json_page(f"{COLUMNS}, source", f"{AUDITED} WHERE {selection.where}", selection.order, limits)
    return await load_json_page(database, statement, *selection.values)


async def behind(database: Database, selection: AuditSelection) -> list[dict[str, Any]]:
    """The rows behind a cursor, and one more if there is one."""
    sql = (
        f"SELECT coalesce(json_agg(row_to_json(_p)), '[]')::text FROM (SELECT {COLUMNS}, source FROM {AUDITED} "
        f"WHERE {selection.where} AND {selection.after} ORDER BY {selection.order} LIMIT {selection.page.size + 1}) _p"
    )
    rows: list[dict[str, Any]] = exact.loads(await database.fetchval(sql, *selection.values))
    return rows


async def each(database: Database, selection: AuditSelection) -> AsyncGenerator[list[dict[str, Any]], None]:
    """All rows of one snapshot, some at a time: first an empty list, once the first are there."""
    sql = (
        f"SELECT row_to_json(_p)::text AS line FROM (SELECT {COLUMNS}, source FROM {AUDITED} "
        f"WHERE {selection.where} ORDER BY {selection.order}) _p"
    )
    async with database.connection() as connection, connection.transaction(readonly=True):
        cursor = await connection.cursor(sql, *selection.values, timeout=FETCH_TIMEOUT_S)
        rows = await cursor.fetch(FETCH_ROWS, timeout=FETCH_TIMEOUT_S)
        yield []
        while rows:
            yield [exact.loads(row["line"]) for row in rows]
            rows = await cursor.fetch(FETCH_ROWS, timeout=FETCH_TIMEOUT_S)
