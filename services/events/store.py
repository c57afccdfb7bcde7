"""Every statement of the events service, named and explained. `where` and `order` come from queries.py."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any

import orjson
import structlog

from libs.shared import exact
from libs.shared.postgres.databases import Connection, Database
from libs.shared.postgres.errors import TableExists, UniqueViolation
from libs.shared.postgres.listings import json_page, load_json_page
from libs.shared.telemetry.metrics import metrics
from services.events.queries import EventSelection
from services.events.rows import moment_of

log = structlog.get_logger()

MAX_NEW = 2_000
"""New events that one look finds at most."""
NAMES = (
    "id", "trace_id", "span_id", "parent_span_id", "event_type", "source", "component", "action", "entity",
    "record_id", "user_id", "duration_ms", "status", "metadata", "created_at",
)  # fmt: skip
COLUMNS = ", ".join(("coalesce(id, span_id) AS id", *NAMES[1:]))
MAX_TRACE_SPANS = 32_000
"""Spans of a trace that are shown; longer traces are cut."""
TRACE = f"""
SELECT coalesce(json_agg(row_to_json(x)), '[]')::text FROM (
    SELECT {COLUMNS} FROM events.events WHERE trace_id = $1 ORDER BY created_at, span_id LIMIT {MAX_TRACE_SPANS}
) x
"""
# The first request of a trace. Its span is kept for a while only; what it has led to is kept by those who own it.
REQUEST = """
SELECT concat_ws(' ', metadata ->> 'method', metadata ->> 'path') AS label, status,
    to_json(created_at) #>> '{}' AS at
FROM events.events WHERE trace_id = $1 AND source = 'http' AND action = 'request.end' ORDER BY created_at LIMIT 1
"""
BUSINESS = """
SELECT coalesce(id, span_id)::text AS key, trace_id::text, action, status, entity, record_id,
    to_json(created_at) #>> '{}' AS at
FROM events.events WHERE trace_id = ANY($1::text[]::uuid[]) AND event_type = 'business' ORDER BY created_at LIMIT 2000
"""

_P95 = """coalesce(round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)::numeric, 3), 0)::float8
    AS p95_duration_ms"""
_FIGURES = """coalesce(round(avg(duration_ms)::numeric, 3), 0)::float8 AS avg_duration_ms,
    coalesce(round(avg((status = 'error')::int), 4), 0)::float8 AS error_rate"""
# Figures of a window ($1 to $2), as the JSON of one of its parts.
SUMMARY = f"""
SELECT row_to_json(x)::text FROM (
    SELECT count(*) AS total_events, count(DISTINCT trace_id) AS total_traces, {_FIGURES},
        {_P95}
    FROM events.events WHERE created_at BETWEEN $1 AND $2 AND {{where}}
) x
"""
BY_GROUP = f"""
SELECT coalesce(json_agg(row_to_json(x)), '[]')::text FROM (
    SELECT {{column}}, count(*) AS count, {_FIGURES}, {_P95}, count(*) FILTER (WHERE status = 'error') AS error_count
    FROM events.events WHERE created_at BETWEEN $1 AND $2 AND {{column}} IS NOT NULL AND {{where}}
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100
) x
"""
# The slowest traces by their root: what has no parent, or a request that goes on in the trace of another system.
# Where a trace has several of them, the gateway's span is the root.
SLOWEST = """
SELECT coalesce(json_agg(row_to_json(x)), '[]')::text FROM (
    SELECT * FROM (
        SELECT DISTINCT ON (trace_id) trace_id, duration_ms, action, entity, created_at FROM events.events
        WHERE created_at BETWEEN $1 AND $2 AND trace_id IS NOT NULL
          AND (parent_span_id IS NULL OR (source = 'http' AND action = 'request.end'))
          AND duration_ms IS NOT NULL AND {where}
        ORDER BY trace_id, (source = 'http') DESC, created_at
    ) roots ORDER BY duration_ms DESC LIMIT 10
) x
"""

# New events, in the order of being stored, and the position of now. Events are created at most a day before they are
# stored, so older partitions are not looked at.
NEW = f"""
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now, x.* FROM (SELECT 1) AS one LEFT JOIN (
    SELECT (to_jsonb(e) - 'stored_at')::text AS row, e.id::text AS id,
        (extract(epoch FROM stored_at) * 1000000)::bigint AS position
    FROM (
        SELECT {COLUMNS}, stored_at FROM events.events
        WHERE stored_at > $1 AND created_at > $1 - interval '1 day' AND {{where}}
        ORDER BY stored_at, created_at, span_id LIMIT {MAX_NEW + 1}
    ) e
) x ON true
"""

# A point for each interval of a window, also where nothing happened. The first one may begin before the window.
SERIES = """
SELECT coalesce(json_agg(row_to_json(x)), '[]')::text FROM (
    SELECT points.at, coalesce(found.count, 0) AS count, coalesce(found.errors, 0) AS errors, found.p50, found.p95
    FROM generate_series(date_bin({interval}, $1, {origin}), $2, {interval}) AS points(at)
    LEFT JOIN (
        SELECT date_bin({interval}, created_at, {origin}) AS at, count(*) AS count,
            count(*) FILTER (WHERE status = 'error') AS errors,
            round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms)::numeric, 3)::float8 AS p50,
            round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)::numeric, 3)::float8 AS p95
        FROM events.events WHERE created_at BETWEEN $1 AND $2 AND {where} GROUP BY 1
    ) found USING (at) ORDER BY points.at
) x
"""
ORIGIN = "timestamptz '2000-01-01 00:00:00+00'"

# Audit rows, for those commits that have none.
AUDIT_MISSING = """
INSERT INTO events.audit_logs
SELECT * FROM json_populate_recordset(NULL::events.audit_logs, $1::json)
ON CONFLICT (position, n) DO NOTHING
"""
# The same for changes to something other than a record.
CHANGE = """
INSERT INTO events.audit_changes
SELECT * FROM json_populate_record(NULL::events.audit_changes, $1::json)
ON CONFLICT (source, position) DO NOTHING
"""
# The range of positions without audit rows of each entity that opted out, ordered by entity.
UNAUDITED = """
INSERT INTO events.unaudited AS u (entity, first_position, last_position)
SELECT entity, min(position), max(position) FROM unnest($1::text[], $2::bigint[]) AS e(entity, position)
GROUP BY entity ORDER BY entity
ON CONFLICT (entity) DO UPDATE SET first_position = least(u.first_position, excluded.first_position),
    last_position = greatest(u.last_position, excluded.last_position)
"""
AUDIT_NAMES = (
    "position", "n", "id", "entity", "record_id", "version", "action", "user_id", "user_email", "on_behalf_of",
    "cause", "ip_address", "trace_id", "old_data", "new_data", "changed_fields", "timestamp",
)  # fmt: skip
ENSURE_DAY = "SELECT events.ensure_day($1)"
DROP_DAYS = "SELECT events.drop_days_before($1)"


async def insert(transaction: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store events by COPY, which costs half of an INSERT. The partitions of their days must exist.

    Either all rows have an `id` or none has; without one, `span_id` identifies them.
    """
    columns = NAMES if "id" in rows[0] else NAMES[1:]
    await _copy(transaction, "events", columns, 1, rows)
    metrics.count("rocket_events_stored_total", len(rows))


async def note_unaudited(transaction: Connection, places: Sequence[tuple[str, int]]) -> None:
    """Note that these entities have opted out at these positions."""
    await transaction.execute(UNAUDITED, *map(list, zip(*places, strict=True)))


async def insert_change(transaction: Connection, row: dict[str, Any]) -> None:
    """Store the audit row of a change to something other than a record."""
    await transaction.execute(CHANGE, exact.dumps(row).decode())


async def insert_audit(transaction: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store audit rows by COPY, or by INSERT where some of them exist already."""
    if not rows:
        return
    try:
        async with transaction.transaction():
            await _copy(transaction, "audit_logs", AUDIT_NAMES, 3, rows)
    except UniqueViolation:
        await transaction.execute(AUDIT_MISSING, exact.dumps(rows).decode())


async def _copy(
    transaction: Connection, table: str, columns: Sequence[str], documents: int, rows: Sequence[dict[str, Any]]
) -> None:
    """COPY rows; the last of the columns is an ISO time, and so many before it are JSON."""
    plain, json, moment = columns[: -1 - documents], columns[-1 - documents : -1], columns[-1]
    pick = itemgetter(*plain)
    records = [(*pick(row), *(_document(row[name]) for name in json), moment_of(row[moment])) for row in rows]
    await transaction.copy_records_to_table(table, schema_name="events", columns=columns, records=records)


def _document(value: Any) -> str | None:
    return None if value is None else exact.dumps(value).decode()


async def page(database: Database, selection: EventSelection) -> tuple[bytes, int]:
    """A page of events as a JSON list, and how many match in all."""
    return await _page(database, COLUMNS, "events.events", selection)


async def _page(database: Database, columns: str, table: str, selection: EventSelection) -> tuple[bytes, int]:
    limits = f"LIMIT {selection.per_page} OFFSET {selection.offset}"
    statement = json_page(columns, f"{table} WHERE {selection.where}", selection.order, limits)
    return await load_json_page(database, statement, *selection.values)


async def trace(database: Database, trace_id: uuid.UUID) -> list[dict[str, Any]]:
    """All events of a trace."""
    spans: list[dict[str, Any]] = exact.loads(await database.fetchval(TRACE, trace_id))
    return spans


async def load_request(database: Database, trace_id: str) -> dict[str, Any] | None:
    """What the first request of a trace was, if its span is kept: `label, status, at`."""
    row = await database.fetchrow(REQUEST, uuid.UUID(trace_id))
    return dict(row) if row is not None else None


async def load_business(database: Database, traces: Sequence[str]) -> list[dict[str, Any]]:
    """The business events of traces."""
    return [dict(row) for row in await database.fetch(BUSINESS, traces)]


async def stats(
    database: Database,
    window: tuple[datetime, datetime],
    groups: Sequence[str],
    where: str,
    values: Sequence[Any],
    interval: timedelta | None = None,
) -> dict[str, Any]:
    """Summary, slowest traces and `by_<group>` of the events of a window that match `where`; with an interval `series`.

    All read one snapshot, so their counts agree. `where` comes from queries.py; its values are numbered from $3.
    """
    parts = {"summary": SUMMARY.format(where=where)}
    parts |= {f"by_{group}": BY_GROUP.format(column=group, where=where) for group in groups}
    parts["slowest_traces"] = SLOWEST.format(where=where)
    if interval is not None:
        values = [*values, interval]
        placeholder = f"${len(window) + len(values)}::interval"
        parts["series"] = SERIES.format(interval=placeholder, origin=ORIGIN, where=where)
    row = await database.fetchrow(
        f"SELECT {', '.join(f'({sql}) AS {name}' for name, sql in parts.items())}", *window, *values
    )
    assert row is not None, "what has no FROM has one row"
    return {name: orjson.Fragment(row[name]) for name in parts} | {"summary": orjson.loads(row["summary"])}


async def new_events(
    database: Database, after: datetime, where: str, values: Sequence[Any]
) -> tuple[int, list[tuple[str, int, str]], bool]:
    """The position of now, id, position and JSON of the events stored since, and whether there were more."""
    rows = await database.fetch(NEW.format(where=where), after, *values)
    found = [(row["id"], row["position"], row["row"]) for row in rows if row["id"] is not None]
    return rows[0]["now"], found[:MAX_NEW], len(found) > MAX_NEW


async def ensure_day(database: Database, day: date) -> None:
    """Create the partition of a day if it is missing, in its own transaction: otherwise other writers would wait."""
    try:
        await database.execute(ENSURE_DAY, day)
    except TableExists:
        log.debug("events.day_made_by_another", day=day.isoformat())


async def drop_days_before(database: Database, day: date) -> int:
    """Drop the partitions of all earlier days; returns their number."""
    dropped: int = await database.fetchval(DROP_DAYS, day)
    return dropped
