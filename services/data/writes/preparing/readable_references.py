"""Which records a caller may name in a write: those that they may read. Others are answered like missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.errors import Detail, RocketError
from libs.shared.permissions.sql import render
from libs.shared.postgres.databases import Connection, Database
from services.data.model import EntityModel, Link, quote
from services.data.permissions import Grant, granted
from services.data.query.predicates import Parameters
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.references import missing


def names_freely(write: WriteContext, entity: EntityModel, column: str) -> bool:
    """Whether the caller may name every record of an entity by the values of a column."""
    grant = granted(entity, "read", write.caller)
    return grant is not None and grant.is_everywhere and _is_clear(grant, column)


def is_held_to_reading(write: WriteContext, entity: EntityModel, draft: Draft) -> bool:
    """Whether a draft refers to records that the caller has to be able to read, unless it does so already."""
    sent = _sent(write, entity, draft)
    return any(not names_freely(write, write.model.entity(link.entity), link.other) for link in sent)


async def readable(
    write: WriteContext, connection: Connection | Database, entity: EntityModel, column: str, values: Sequence[Any]
) -> set[Any]:
    """Those of the values in a column by which the caller may read a record, in the trash or not."""
    grant = granted(entity, "read", write.caller)
    if grant is None or not values:
        return set()
    parameters = Parameters(list(values))
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
    """Raises VALIDATION_FAILED where drafts begin to refer to records that the caller may not read, or that are not
    there: in the words for the latter. What stands already may be sent again."""
    details: list[Detail] = []
    for link in entity.references:
        parent = write.model.entity(link.entity)
        fresh = [draft for draft in drafts if link in _sent(write, entity, draft) and _is_new(entity, link, draft)]
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


def _sent(write: WriteContext, entity: EntityModel, draft: Draft) -> list[Link]:
    """The references that the caller has sent, and that are stored as sent."""
    computed = {rule.field.name for rule in write.model.rules(entity.name).computed}
    return [
        link
        for link in entity.references
        if draft.body.get(link.own) is not None and link.own not in draft.given and link.own not in computed
    ]


def _is_new(entity: EntityModel, link: Link, draft: Draft) -> bool:
    value = draft.values.get(link.own)
    stored = draft.stored.record.get(link.own) if draft.stored else None
    return value is not None and (stored is None or str(stored) != str(value))


def _is_clear(grant: Grant, column: str) -> bool:
    if grant.profile is None:
        return True
    access = grant.profile.access.get(column)
    return access is not None and access.clear.is_certain
