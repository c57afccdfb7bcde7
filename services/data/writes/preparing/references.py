"""References: what a record refers to must exist, and a value that others refer to must not change."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.errors import Detail, RocketError, detail_of, summary
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema import parse_value
from services.data.model import EntityModel, Link, Model, quote
from services.data.writes.context.drafts import Draft, refuse_invalid
from services.data.writes.statements.changes import RowChange
from services.data.writes.statements.locking import Stored, lock_records


async def missing_references(
    connection: Connection | Database, entity: EntityModel, changes: Sequence[RowChange]
) -> list[list[Detail]]:
    """For each change a detail per reference to a record that does not exist."""
    details: list[list[Detail]] = [[] for _ in changes]
    for link in entity.references:
        places = [n for n, change in enumerate(changes) if change.values.get(link.own) is not None]
        if not places:
            continue
        there = await _there(connection, entity, link, [changes[n].values[link.own] for n in places])
        for n in places:
            if changes[n].values[link.own] not in there:
                details[n].append(missing(link))
    return details


def missing(link: Link) -> Detail:
    """The detail about a reference to a record that does not exist."""
    return {"field": link.own, "rule": "reference", "message": f"{link.own} refers to no {link.entity}"}


async def refuse_missing(connection: Connection | Database, entity: EntityModel, change: RowChange) -> None:
    """Raises VALIDATION_FAILED where a change refers to records that do not exist."""
    [details] = await missing_references(connection, entity, [change])
    refuse_invalid(details)


async def refuse_lost_references(connection: Connection, entity: EntityModel, stored: Stored) -> None:
    """Raises CONFLICT where a record that is restored refers to others that were deleted."""
    for link in entity.references:
        value = stored.record.get(link.own)
        if value is not None:
            parsed = parse_value(entity.fields[link.own], value)
            # Locked until the end: a deletion of what it refers to would not see the restored record otherwise.
            if not await _there(connection, entity, link, [parsed], "FOR KEY SHARE OF _s"):
                detail = detail_of(link.own, f"refers to a {link.entity} that is gone", "reference")
                raise RocketError("CONFLICT", summary(detail), [detail])


async def refuse_moved_anchors(
    connection: Connection, model: Model, entity: EntityModel, drafts: Sequence[Draft]
) -> None:
    """Raises CONFLICT where a value would change by which other records refer to one of these.

    The drafts' values are those to be stored, whether the caller, a rule or a slug's source decided them.
    """
    for link in entity.links:
        if link.outward and link.own in entity.anchors:
            moved = [(draft, old) for draft in drafts if (old := _left(entity, link, draft)) is not None]
            if moved:
                await _refuse_moved(connection, model, entity, link, moved)


def _left(entity: EntityModel, link: Link, draft: Draft) -> object:
    """The stored value that a draft replaces by another one, None if it does not."""
    old = draft.stored.record.get(link.own) if draft.stored else None
    if old is None or link.own not in draft.values:
        return None
    parsed: object = parse_value(entity.fields[link.own], old)
    return None if parsed == draft.values[link.own] else parsed


async def _refuse_moved(
    connection: Connection, model: Model, entity: EntityModel, link: Link, moved: Sequence[tuple[Draft, object]]
) -> None:
    # Keeps out new references, which a lock for changes would let in.
    await lock_records(connection, entity, [draft.stored.key for draft, _ in moved if draft.stored], strength="UPDATE")
    table, column = model.entity(link.entity).table, quote(link.other)
    if link.relation.joined:
        table, column = f"records.{quote(link.relation.join_table)}", quote(link.own_join)
    sql = (
        f"SELECT _g.n FROM unnest($1::{entity.column_type(link.own)}[]) WITH ORDINALITY AS _g(value, n) "
        f"WHERE EXISTS (SELECT FROM {table} _c WHERE _c.{column} = _g.value) ORDER BY _g.n LIMIT 1"
    )
    place = await connection.fetchval(sql, [old for _, old in moved])
    if place is not None:
        detail = detail_of(link.own, f"can't change while {link.entity} refer to it", "reference")
        raise moved[place - 1][0].refuse(RocketError("CONFLICT", summary(detail), [detail]))


async def _there(
    connection: Connection | Database, entity: EntityModel, link: Link, values: list[object], lock: str = ""
) -> set[object]:
    table, alive = entity.parent(link)
    column = f"_s.{quote(link.other)}"
    kind = entity.column_type(link.own)
    sql = f"SELECT {column} AS value FROM {table} _s WHERE {column} = ANY($1::{kind}[]) AND {alive} {lock}"
    return {row["value"] for row in await connection.fetch(sql, values)}
