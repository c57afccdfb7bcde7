"""Rows put back as the log has them: values go from the log's images into columns as JSON, so none loses a digit,
and columns of fields that are left out today get theirs too.

What the rows refer to is not looked at here: that is for the whole of what is undone (loose_ends.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.postgres.limits import LimitExceeded, LimitReached
from libs.shared.schema import VERSION_COLUMN
from services.data.model import EntityModel, quote
from services.data.writes.changes import Action
from services.data.writes.limits import name_limit
from services.data.writes.transaction import Writing

VERSION = quote(VERSION_COLUMN)
Document = dict[str, Any]
"""Column → value as JSON, the key's columns among them."""


async def set_again(writing: Writing, entity: EntityModel, columns: Sequence[str], rows: Sequence[Document]) -> int:
    """Set these columns of live rows, and nothing else. Answers how many rows were found."""
    sets = ", ".join(f"{quote(name)} = u.{quote(name)}" for name in columns)
    old = ", ".join(f"old.{quote(name)} AS {_old(entity, name)}" for name in columns)
    same = " AND ".join(f"r.{quote(name)} = u.{quote(name)}" for name in entity.key.names)
    changed = (
        f"UPDATE {entity.table} AS r SET {sets}, {VERSION} = r.{VERSION} + 1 FROM u, metadata.schema_version v "
        f"WHERE v.version = $1 AND {same} AND {entity.alive('r')} RETURNING {_columns(entity, 'new')}, {old}"
    )
    pairs = ", ".join(f"row.{_old(entity, name)} AS {quote(entity.image_ids[name])}" for name in columns)
    previous = f"(SELECT to_jsonb(p) FROM (SELECT {pairs}) p)"
    return await _run(writing, entity, Action.UPDATE, changed, previous, rows, columns)


async def insert_again(writing: Writing, entity: EntityModel, rows: Sequence[Document]) -> int:
    """Rows that were removed, with their old keys; their versions go on. Answers how many were inserted.

    Raises CONFLICT (as the database's errors are told) for values that are taken by now.
    """
    names = [*entity.image_ids]
    columns, values = ", ".join(map(quote, names)), ", ".join(f"u.{quote(name)}" for name in names)
    version = (
        f"coalesce((SELECT max(c.version) FROM data.commits c "
        f"WHERE c.entity = {entity.number} AND c.record_id = {entity.key.sql_text('u')}), 0) + 1"
    )
    inserted = (
        f"INSERT INTO {entity.table} ({columns}, {VERSION}) SELECT {values}, {version} "
        f"FROM u, metadata.schema_version v WHERE v.version = $1 RETURNING {_columns(entity, 'new')}"
    )
    return await _run(writing, entity, Action.CREATE, inserted, "NULL::jsonb", rows)


async def _run(
    writing: Writing,
    entity: EntityModel,
    action: Action,
    changed: str,
    previous: str,
    rows: Sequence[Document],
    columns: Sequence[str] = (),
) -> int:
    image = ", ".join(f"row.{quote(name)} AS {quote(key)}" for name, key in entity.image_ids.items())
    sql = (
        f"WITH u AS MATERIALIZED (SELECT i.* FROM unnest($2::jsonb[]) AS d(document), "
        f"LATERAL jsonb_populate_record(NULL::{entity.table}, d.document) AS i), row AS ({changed}) "
        f"SELECT {entity.key.sql_text('row')} AS key, row.{VERSION} AS version, {previous}::text AS previous, "
        f"(SELECT to_jsonb(i) FROM (SELECT {image}) i)::text AS image FROM row"
    )
    documents = [exact.dumps(row).decode() for row in rows]
    try:
        found = await writing.transaction.fetch(sql, writing.model.version, documents)
    except LimitExceeded as error:
        raise name_limit(entity, rows, LimitReached.of(error))[1] from None
    for row in found:
        previous_text = writing.parking.previous(entity, row["key"], row["previous"], columns)
        entry = (entity.number, row["key"], row["version"], action.value, row["image"], previous_text)
        writing.note((*entry, None))
    return len(found)


def _columns(entity: EntityModel, which: str) -> str:
    return ", ".join(f"{which}.{quote(name)} AS {quote(name)}" for name in (*entity.image_ids, VERSION_COLUMN))


def _old(entity: EntityModel, name: str) -> str:
    return quote("_old_" + entity.image_ids[name])
