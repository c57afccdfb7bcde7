"""Cycles in acyclic relations: refused at the end of a commit, when all of its records are as they will be.

Each cycle that a commit closes holds a record whose reference the commit has set. So its ancestors are walked, from
all such records at once. One commit after the other does this, by a lock per relation that is held until the end: of
two commits that each make half of a cycle, the second sees what the first has done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from libs.shared import exact
from libs.shared.errors import Detail, RocketError, invalid, summary
from libs.shared.postgres.databases import Connection
from services.data.model import EntityModel, Link, Model, quote
from services.data.writes.statements.changes import Action

if TYPE_CHECKING:
    from services.data.writes.statements.unit_of_work import LogEntry

MAX_ANCESTORS = 100_000
"""Records that are walked for one commit."""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('acyclic', $1))"
WALK = """
WITH RECURSIVE _walk(_key, _own, _up) AS (
    SELECT {key}, _r.{own}, _r.{up} FROM {table} _r
    WHERE _r.{own} = ANY($1::text[]::{kind}[]) AND _r.{up} IS NOT NULL AND {alive}
    UNION
    SELECT {key}, _r.{own}, _r.{up} FROM _walk _w JOIN {table} _r ON _r.{own} = _w._up
    WHERE _r.{up} IS NOT NULL AND {alive}
)
SELECT _w._key AS key, _w._own AS own, _w._up AS up FROM _walk _w LIMIT {most}
"""
"""Each ancestor once, so it ends where it has begun."""

Marks = dict[tuple[int, str], Callable[[Iterable[Detail]], list[Detail]]]
"""Entity number and record id → adds to details where the record stands in the request."""


async def refuse_cycles(connection: Connection, model: Model, entries: Sequence[LogEntry], marks: Marks) -> None:
    """Raises VALIDATION_FAILED with a detail for each changed record that is its own ancestor."""
    changed: dict[int, list[LogEntry]] = {}
    for entry in entries:
        if entry[3] != Action.DELETE.value:
            changed.setdefault(entry[0], []).append(entry)
    details: list[Detail] = []
    for number in sorted(changed):
        known = model.schema.by_number.get(number)
        if known is None or known.retired:
            continue
        entity = model.entity(known.name)
        for link in sorted(entity.trees, key=lambda link: link.relation.number):
            for record_id in await _in_cycles(connection, entity, link, changed[number]):
                details += _details(entity, link, record_id, marks)
    if details:
        raise invalid(summary(details[0]), *details)


def _details(entity: EntityModel, link: Link, record_id: str, marks: Marks) -> list[Detail]:
    message = f"must not lead back to the record itself: {link.relation.name} is acyclic"
    detail: Detail = {"field": link.own, "rule": "acyclic", "message": message}
    mark = marks.get((entity.number, record_id))
    return mark([detail]) if mark else [{"entity": entity.name, "record_id": record_id, **detail}]


async def _in_cycles(connection: Connection, entity: EntityModel, link: Link, entries: Sequence[LogEntry]) -> list[str]:
    """The ids of those changed records that are their own ancestors."""
    starts = {entry[1]: own for entry in entries if (own := _start(entity, link, entry)) is not None}
    if not starts:
        return []
    await connection.execute(LOCK, link.relation.number)
    sql = WALK.format(
        key=entity.key.sql_text("_r"), own=quote(link.other), up=quote(link.own), table=entity.table,
        kind=entity.column_type(link.other), alive=entity.alive("_r"), most=MAX_ANCESTORS + 1,
    )  # fmt: skip
    rows = await connection.fetch(sql, sorted(set(starts.values())))
    if len(rows) > MAX_ANCESTORS:
        message = f"has more than {MAX_ANCESTORS} records above it: too many to be sure that {link.own} makes no cycle"
        raise RocketError("VALIDATION_FAILED", f"{link.own} {message}", [{"field": link.own, "message": message}])
    found = circling({row["own"]: row["up"] for row in rows})
    return [row["key"] for row in rows if row["own"] in found and row["key"] in starts]


def _start(entity: EntityModel, link: Link, entry: LogEntry) -> str | None:
    """The value that others refer to a record by, as text; None where its entry has not set what links it."""
    own, up = entity.image_ids[link.other], entity.image_ids[link.own]
    image = exact.loads(entry[4] or "{}")
    if image.get(own) is None or image.get(up) is None:
        return None
    if entry[3] == Action.UPDATE.value and {own, up}.isdisjoint(exact.loads(entry[5] or "{}")):
        return None
    return str(image[own])


def circling(parents: Mapping[Any, Any]) -> set[Any]:
    """The records that are their own ancestors, by child → parent."""
    found: set[Any] = set()
    done: set[Any] = set()
    for start in parents:
        path: dict[Any, int] = {}
        at = start
        while at in parents and at not in done and at not in path:
            path[at] = len(path)
            at = parents[at]
        if at in path:
            found.update(list(path)[path[at] :])
        done.update(path)
    return found
