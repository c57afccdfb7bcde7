"""A caller may refer only to records that they may read. Others are treated like missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.errors import Detail, RocketError
from libs.shared.permissions.sql import render
from libs.shared.postgres.databases import Connection, Database
from services.data.model import EntityModel, Link, StatementParameters, quote
from services.data.permissions import Grant, granted
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.references import missing


def names_freely(write: WriteContext, entity: EntityModel, column: str) -> bool:
    """Whether the caller may read this column of every record of the entity, and so refer to any by it."""
    grant = granted(entity, "read", write.caller)
    return grant is not None and grant.is_everywhere and _is_clear(grant, column)


def is_held_to_reading(write: WriteContext, entity: EntityModel, draft: Draft) -> bool:
    """Whether a draft refers to records that the caller must be able to read, if the reference is new."""
    return any(
        _is_sent(write, entity, link, draft) and not names_freely(write, write.model.entity(link.entity), link.other)
        for link in entity.references
    )


async def readable(
    write: WriteContext, connection: Connection | Database, entity: EntityModel, column: str, values: Sequence[Any]
) -> set[Any]:
    """Those of the values in a column by which the caller may read a record, in the trash or not."""
    grant = granted(entity, "read", write.caller)
    if grant is None or not values:
        return set()
    parameters = StatementParameters(list(values))
    name = f"_s.{quote(column)}"
    seen = grant.condition("_s", parameters)
    if grant.profile is not None:
        access = grant.profile.access.get(column)
        if access is None:
            return set()
        seen += f" AND {render(access.clear.text, '_s', 1)}"
    kind = entity.column_type(column)
    sql = f"SELECT {name} AS value FROM {entity.table} _s WHERE {name} = ANY($1::{kind}[]) AND {seen}"
    return {row["value"] for row in await connection.fetch(sql, *parameters.values)}


async def refuse_hidden(
    write: WriteContext, connection: Connection | Database, entity: EntityModel, drafts: Sequence[Draft]
) -> None:
    """Raises VALIDATION_FAILED where drafts begin to refer to records that the caller may not read.

    The message is that for missing records. A reference that is stored already may be sent again.
    """
    details: list[Detail] = []
    for link in entity.references:
        parent = write.model.entity(link.entity)
        fresh = [d for d in drafts if _is_new(link, d) and _is_sent(write, entity, link, d)]
        if not fresh or names_freely(write, parent, link.other):
            continue
        known = await _living(write, connection, parent, link, [draft.values[link.own] for draft in fresh])
        for draft in fresh:
            if draft.values[link.own] not in known:
                details += draft.mark([missing(link)])
    if details:
        raise RocketError("VALIDATION_FAILED", str(details[0]["message"]), details)


async def _living(
    write: WriteContext, connection: Connection | Database, parent: EntityModel, link: Link, values: Sequence[Any]
) -> set[Any]:
    known = await readable(write, connection, parent, link.other, list(set(values)))
    if not known or not parent.soft_delete:
        return known
    name = f"_s.{quote(link.other)}"
    sql = (
        f"SELECT {name} AS value FROM {parent.table} _s "
        f"WHERE {name} = ANY($1::{parent.column_type(link.other)}[]) AND {parent.alive('_s')}"
    )
    return {row["value"] for row in await connection.fetch(sql, list(known))}


def _is_sent(write: WriteContext, entity: EntityModel, link: Link, draft: Draft) -> bool:
    """Whether the caller has sent a reference, and no rule computes another."""
    if draft.body.get(link.own) is None or link.own in draft.given:
        return False
    return all(rule.field.name != link.own for rule in write.model.rules(entity.name).computed)


def _is_new(link: Link, draft: Draft) -> bool:
    value = draft.values.get(link.own)
    stored = draft.stored.record.get(link.own) if draft.stored else None
    return value is not None and (stored is None or str(stored) != str(value))


def _is_clear(grant: Grant, column: str) -> bool:
    if grant.profile is None:
        return True
    access = grant.profile.access.get(column)
    return access is not None and access.clear.is_certain
