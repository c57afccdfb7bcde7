"""Cycles in acyclic relations are refused at the end of a commit, when all its records are as they will be.

A commit that closes a cycle has set the reference of one of its records, so the ancestors of these records are read,
for all of them in one statement. A lock per relation, held until the end of the transaction, makes commits do this one
after the other: of two commits that each make half of a cycle, the second sees the half of the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.errors import Detail, RocketError, invalid, summary
from libs.shared.postgres.databases import Connection
from services.data.model import EntityModel, Link, Model, quote
from services.data.writes.statements import store
from services.data.writes.statements.changes import Action, LogEntry, Marks

MAX_ANCESTORS = 100_000
"""Records that are read for one commit."""


async def refuse_cycles(connection: Connection, model: Model, entries: Sequence[LogEntry], marks: Marks) -> None:
    """Raises VALIDATION_FAILED with a detail for each changed record that has become its own ancestor."""
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
    await connection.execute(store.LOCK_ACYCLIC, link.relation.number)
    sql = store.ANCESTORS.format(
        key=entity.key.sql_text("_r"), own=quote(link.other), up=quote(link.own), table=entity.table,
        kind=entity.column_type(link.other), alive=entity.alive("_r"), limit=MAX_ANCESTORS + 1,
    )  # fmt: skip
    rows = await connection.fetch(sql, sorted(set(starts.values())))
    if len(rows) > MAX_ANCESTORS:
        message = f"has more than {MAX_ANCESTORS} records above it: too many to be sure that {link.own} makes no cycle"
        raise RocketError("VALIDATION_FAILED", f"{link.own} {message}", [{"field": link.own, "message": message}])
    found = own_ancestors({row["own"]: row["up"] for row in rows})
    return [row["key"] for row in rows if row["own"] in found and row["key"] in starts]


def _start(entity: EntityModel, link: Link, entry: LogEntry) -> str | None:
    """The value by which others refer to the record, as text; None where the entry has not set the reference."""
    own, up = entity.image_ids[link.other], entity.image_ids[link.own]
    image = exact.loads(entry[4] or "{}")
    if image.get(own) is None or image.get(up) is None:
        return None
    if entry[3] == Action.UPDATE.value and {own, up}.isdisjoint(exact.loads(entry[5] or "{}")):
        return None
    return str(image[own])


def own_ancestors(parents: Mapping[Any, Any]) -> set[Any]:
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
