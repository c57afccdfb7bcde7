"""Commits as callers see them: lists, and the entries of one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
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
    context_of,
    differences,
    readable_images,
    title_of,
)
from services.data.permissions import Grant
from services.data.query.scope import Scope
from services.data.query.visibility import with_typed

HEAD = """min(position) AS position, min(commit_id::text) AS commit_id, to_json(min(at)) #>> '{}' AS at,
    min(context::text) AS context, min(trace_id::text) AS trace_id, count(*) AS size, array_agg(DISTINCT entity) AS
    entities"""
CHOSEN = """($1::int[] IS NULL OR entity = ANY($1::int[])) AND ($2::text IS NULL OR context #>> '{actor,id}' = $2::text)
    AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at <= $4)"""
LISTED = page_of_rows(
    f"SELECT count(DISTINCT position) FROM data.commits WHERE {CHOSEN}",
    f"""
SELECT _h.* FROM (
    SELECT DISTINCT position FROM data.commits WHERE {CHOSEN} ORDER BY position DESC LIMIT $5::bigint OFFSET $6::bigint
) _p, LATERAL (SELECT {HEAD} FROM data.commits _c WHERE _c.position = _p.position) _h
""",
    "position DESC",
)

Disclosed = dict[int, tuple[Grant, Mapping[str, Record]]]
"""Entity number → the caller's view of its fields, and current records by id; other entities are shown whole."""
Chosen = tuple[list[int] | None, str | None, datetime | None, datetime | None]
"""Which commits: entity numbers, who made them, from when, until when; None for any."""


async def list_page(database: Database, chosen: Chosen, page: Page) -> tuple[Sequence[Any], int]:
    """One page of the chosen commits, newest first, and their number."""
    return await load_page_of_rows(database, LISTED, (*chosen, page.size, page.offset), "position")


async def load_visible(
    database: Database, position: int, conditions: Sequence[tuple[int, str, str]], scope: Scope, page: Page
) -> tuple[Sequence[Any], int]:
    """One page of the entries of a commit that meet their entity's condition, and their number.

    `conditions` are entity number, SQL over the entry that decides whether it is visible, and SQL that decides whether
    the record before it is (`known`). `scope` has their values; the statement's own values follow.
    """
    if not conditions:
        return [], 0
    values = scope.values
    seen = " ".join(f"WHEN {number} THEN ({condition})" for number, condition, _ in conditions)
    known = " ".join(f"WHEN {number} THEN ({condition})" for number, _, condition in conditions)
    here, slot = f"_log.position = ${len(values) + 1}::bigint", len(values) + 2
    where = f"{here} AND CASE _log.entity {seen} ELSE false END"
    sql = page_of_rows(
        f"SELECT count(*) FROM {LOG} WHERE {where}",
        scope.model.bounds.entries(
            f"SELECT {COLUMNS}, CASE _log.entity {known} ELSE false END AS known FROM {LOG} "
            f"WHERE {where} ORDER BY _log.n LIMIT ${slot}::bigint OFFSET ${slot + 1}::bigint"
        ),
        "n",
    )
    given = (*values, position, page.size, page.offset)
    return await load_page_of_rows(database, with_typed(scope.views, sql), given, "n")


def commit_fields(row: Any) -> dict[str, Any]:
    """The fields of a commit as a whole, from any of its entries."""
    return {
        "commit_id": row["commit_id"],
        "position": row["position"],
        "at": row["at"],
        "cause": context_of(row)["cause"],
        **actor_fields(row),
        "trace_id": row["trace_id"],
    }


def serialize_commit(schema: Snapshot, row: Any) -> dict[str, Any]:
    """A commit in a list: its fields, the number of its records, and their entities."""
    return {**commit_fields(row), "size": row["size"], "entities": sorted(title_of(schema, n) for n in row["entities"])}


def serialize_entry(schema: Snapshot, row: Any, disclosed: Disclosed) -> dict[str, Any]:
    """One entry of a commit, with those of today's fields that the caller may read."""
    before, after, unreadable = readable_images(schema, row)
    before = before if row["known"] else None
    changed = differences(before, after)
    entity = schema.by_number.get(row["entity"])
    if entity is not None and not entity.retired:
        fields = {field.name for field in entity.definition.fields}
        changed = {name: difference for name, difference in changed.items() if name in fields}
    if row["entity"] in disclosed:
        grant, there = disclosed[row["entity"]]
        versions = (before, after, there.get(row["record_id"]))
        changed = grant.differences(changed, *(version for version in versions if version is not None))
    return {**record_fields(schema, row), "changed": changed, **unreadable}


def record_fields(schema: Snapshot, row: Any) -> dict[str, Any]:
    """The record of an entry, and the action."""
    title = title_of(schema, row["entity"])
    return {"entity": title, "record_id": row["record_id"], "version": row["version"], "action": row["action"]}
