"""Totals: computed fields that read other records, brought up to date in the commit that changes these.

At the end of a commit its entries say which records have changed; the values that relate them say which parents these
belong to or belonged to. Each parent is locked, computed again from what is stored, and written where anything
differs; then its own parents, until nothing differs. A parent that the commit has written already is amended: it has
one version, and one entry that says what it is in the end.

Who changes such records locks their parents first, from the topmost down, in the order of keys. So commits that change
children of one parent follow one another, the last one sees what all have written, and none waits in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.schema import BadValue, parse_value
from services.data.model import EntityModel, KeyValue, Link, Model, quote
from services.data.writes.consequences.transition_actions import perform
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding import decisions
from services.data.writes.statements.changes import Action, LogEntry
from services.data.writes.statements.locking import Stored, join_keys, key_arrays, lock_records, lock_where
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork
from services.data.writes.synchronous_webhooks.collecting import collect_writes

MAX_LEVELS = 10
"""Levels of totals of totals; those that depend on each other and never come to rest end here."""
BATCH_PARENTS = 500
"""Parents that are computed with one query per load."""

ColumnValues = dict[tuple[str, str], set[str]]
"""Entity and column → values, as text, that identify rows."""


async def settle(write: WriteContext, unit: UnitOfWork) -> None:
    """Bring the totals of all that has changed up to date.

    Raises VALIDATION_FAILED where a parent's rules refuse the result, or totals never come to rest; FORBIDDEN for a
    transition that the caller may not take.
    """
    totals = write.model.totals
    for _ in range(MAX_LEVELS):
        fresh, unit.unsettled = unit.unsettled, []
        if not totals.by_parent or not fresh:
            return
        stale = await _parents_of(unit, fresh)
        for name in sorted({name for name, _ in stale}, key=lambda name: write.model.entity(name).number):
            entity = write.model.entity(name)
            columns = {column: values for (owner, column), values in stale.items() if owner == name}
            rows = await lock_where(unit.transaction, entity, columns)
            await _recompute(write, unit, entity, list(rows.values()))
        await _recompute_returned(write, unit, fresh)
    if unit.unsettled:
        message = "Computed fields that are made of one another don't come to rest"
        raise RocketError("VALIDATION_FAILED", message, [{"rule": "computed", "message": message}])


async def hold_parents(
    write: WriteContext,
    unit: UnitOfWork,
    entity: EntityModel,
    keys: Sequence[KeyValue] = (),
    bodies: Iterable[Any] = (),
    depth: int = MAX_LEVELS,
) -> None:
    """Lock the parents whose totals read the records of these keys, or new records with these bodies."""
    totals = write.model.totals.by_number.get(entity.number, ())
    parents: ColumnValues = defaultdict(set)
    for total in totals:
        parent = write.model.entity(total.parent)
        found = parents[total.parent, total.link.own]
        found |= await _owners(unit, entity, total.link, keys)
        if not total.link.relation.joined:
            found |= _sent(parent, total.link, bodies)
    for name in sorted({name for name, _ in parents}, key=lambda name: write.model.entity(name).number):
        parent = write.model.entity(name)
        columns = {column: values for (owner, column), values in parents.items() if owner == name and values}
        if not columns:
            continue
        if depth and parent.number in write.model.totals.by_number:
            there = await lock_where(unit.transaction, parent, columns, strength="")
            await hold_parents(write, unit, parent, list(there), depth=depth - 1)
        await lock_where(unit.transaction, parent, columns)


async def _owners(unit: UnitOfWork, entity: EntityModel, link: Link, keys: Sequence[KeyValue]) -> set[str]:
    """The values by which stored records belong to their parents."""
    if not keys:
        return set()
    value, joined = f"_r.{quote(link.other)}", ""
    if link.relation.joined:
        table = f"records.{quote(link.relation.join_table)}"
        joined = f" JOIN {table} _j ON _j.{quote(link.other_join)} = _r.{quote(link.other)}"
        value = f"_j.{quote(link.own_join)}"
    sql = (
        f"SELECT DISTINCT {value}::text AS value FROM {entity.table} _r {join_keys(entity)}"
        f"{joined} WHERE {value} IS NOT NULL"
    )
    rows = await unit.transaction.fetch(sql, *key_arrays(keys))
    return {row["value"] for row in rows}


def _sent(parent: EntityModel, link: Link, bodies: Iterable[Any]) -> set[str]:
    """The values in bodies that name parents. Invalid ones are refused elsewhere."""
    found = set()
    for body in bodies:
        value = body.get(link.other) if isinstance(body, dict) else None
        if value is not None:
            try:
                found.add(str(parse_value(parent.fields[link.own], value)))
            except BadValue:
                continue
    return found


async def _parents_of(unit: UnitOfWork, entries: Sequence[LogEntry]) -> ColumnValues:
    """The parents that changed records and pairs belong to, or belonged to before."""
    model, stale, paired = unit.model, ColumnValues(), dict[tuple[str, Link], set[str]]()
    for number, _, _, _, image, previous, _ in entries:
        for total in model.totals.by_number.get(number, ()):
            link = total.link
            if link.relation.joined and number == link.relation.number:
                pair = exact.loads(image or previous or "{}")
                stale.setdefault((total.parent, link.own), set()).add(str(pair["1" if link.outward else "2"]))
                continue
            values = _values_of(model.entity(link.entity), link.other, image, previous)
            if link.relation.joined:
                paired.setdefault((total.parent, link), set()).update(values)
            else:
                stale.setdefault((total.parent, link.own), set()).update(values)
    for (parent, link), values in paired.items():
        stale.setdefault((parent, link.own), set()).update(await _paired(unit, model, link, values))
    return {column: values for column, values in stale.items() if values}


def _values_of(entity: EntityModel, column: str, image: str | None, previous: str | None) -> set[str]:
    """The values of a column after and before a change, as text."""
    key = entity.image_ids[column]
    new = exact.loads(image) if image else {}
    old = {**new, **(exact.loads(previous) if previous else {})}
    return {str(document[key]) for document in (new, old) if document.get(key) is not None}


async def _paired(unit: UnitOfWork, model: Model, link: Link, values: set[str]) -> set[str]:
    kind = model.entity(link.entity).column_type(link.other)
    own = f"_j.{quote(link.own_join)}"
    sql = (
        f"SELECT DISTINCT {own}::text AS value FROM records.{quote(link.relation.join_table)} _j "
        f"WHERE _j.{quote(link.other_join)} = ANY($1::text[]::{kind}[])"
    )
    return {row["value"] for row in await unit.transaction.fetch(sql, sorted(values))}


async def _recompute_returned(write: WriteContext, unit: UnitOfWork, entries: Sequence[LogEntry]) -> None:
    """Compute restored parents again: their children may have changed in the meantime."""
    back: dict[str, list[KeyValue]] = defaultdict(list)
    for number, record_id, _, action, _, _, _ in entries:
        returned = action == Action.RESTORE.value or (action == Action.CREATE.value and not write.checks_rules)
        known = write.model.schema.by_number.get(number)
        if returned and known is not None and known.name in write.model.totals.by_parent:
            back[known.name].append(write.model.entity(known.name).key.parse(record_id))
    for name, keys in back.items():
        entity = write.model.entity(name)
        rows = await lock_records(unit.transaction, entity, keys)
        await _recompute(write, unit, entity, list(rows.values()))


async def _recompute(write: WriteContext, unit: UnitOfWork, entity: EntityModel, rows: Sequence[Stored]) -> None:
    """Compute locked records again, and write those in which anything differs."""
    for start in range(0, len(rows), BATCH_PARENTS):
        drafts = [Draft({}, row) for row in rows[start : start + BATCH_PARENTS]]
        changed = await decisions.recompute(write, unit.transaction, entity, drafts, checked=write.checks_rules)
        await _write(write, unit, entity, changed)


async def _write(write: WriteContext, unit: UnitOfWork, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    collect_writes(write, entity, Action.UPDATE, drafts)
    parts: dict[bool, list[Draft]] = {True: [], False: []}
    for draft in drafts:
        parts[draft.stored is not None and unit.has_written(entity, draft.stored.key)].append(draft)
    for is_known, part in parts.items():
        await _store(write, unit, entity, part, is_known)
        if write.checks_rules:
            await decisions.check_after(write, unit.transaction, entity, Action.UPDATE, part)
            await perform(write, unit, [effect for draft in part for effect in draft.effects])


async def _store(
    write: WriteContext, unit: UnitOfWork, entity: EntityModel, drafts: Sequence[Draft], is_known: bool
) -> None:
    """Write locked records."""
    changes = [
        write.change(draft.stored.key if draft.stored else None, draft.values, None, draft.effects) for draft in drafts
    ]
    try:
        apply = unit.amend(entity, changes) if is_known else unit.apply(entity, Action.UPDATE, changes)
        outcome = await apply
    except RowRefused as refused:
        raise refused.error from None
    for draft, written in zip(drafts, outcome, strict=True):
        if written is None:
            raise SchemaMoved  # nothing else can have come between, as they are locked
        draft.written = unit.settled[entity.number, written.key] = written
