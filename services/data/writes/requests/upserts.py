"""Creates or updates many records of an entity in one commit: a row whose value of the key a record has updates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from libs.shared.errors import Detail, RocketError, invalid_field
from libs.shared.nearest import unknown
from libs.shared.postgres.errors import IN_USE
from libs.shared.schema import BadValue, parse_value
from services.data.model import EntityModel, KeyValue, quote
from services.data.permissions import Grant, granted
from services.data.query.scope import Scope
from services.data.writes.consequences.totals import hold_parents
from services.data.writes.consequences.transaction import transaction
from services.data.writes.context.drafts import Draft, RowPlace
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.slugs import with_free_slugs
from services.data.writes.requests import store
from services.data.writes.requests.bulk import Body, objects_of, refuse_rows
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.synchronous_webhooks.asking import with_consent
from services.data.writes.synchronous_webhooks.collecting import may_be_asked
from services.data.writes.tree.nested import take_nested
from services.data.writes.tree.tree import Tree

MAX_ATTEMPTS = 3
"""How often rows are written when another request creates a record with one of their values meanwhile."""
KEY_TYPES = frozenset({"string", "text", "int", "bigint", "uuid", "date", "timestamp"})
"""Types by whose values records are found; the others have several forms of one value."""


@dataclass(frozen=True, slots=True)
class UpsertKey:
    """The field by which rows find their records. `is_required` unless a row without it gets a generated key."""

    name: str
    is_required: bool
    is_generated: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a table has for a value: the record's key, and whether it is live."""

    key: KeyValue
    live: bool


def upsert_key(scope: Scope, entity: EntityModel, name: str) -> UpsertKey:
    """The field called `name`, which must be unique. Raises VALIDATION_FAILED, PRECONDITION_REQUIRED.

    A field that the caller may not read of any record as it is does not exist for them.
    """
    scope.visible(entity)
    fields = scope.fields(entity)
    if name not in fields:
        raise invalid_field("key", f"key {unknown(name, fields)}", "unknown")
    is_key = entity.key.names == (name,)
    if not (is_key or fields[name].unique) or fields[name].type not in KEY_TYPES:
        raise invalid_field("key", f"key must be a unique field; {name} is none", "unique")
    if entity.definition.require_if_match:
        message = f"{entity.name} is changed with If-Match only, so one record at a time"
        raise RocketError("PRECONDITION_REQUIRED", message)
    is_generated = is_key and entity.key.generated
    return UpsertKey(name, not is_generated, is_generated)


async def upsert(
    write: WriteContext, entity: EntityModel, key: UpsertKey, grant: Grant, rows: Sequence[Any], dry_run: bool = False
) -> list[Draft]:
    """The drafts of the rows as they were written, in their order; those without `stored` are new records.

    `grant` is for the updates. Raises what creating and updating raise, with the index; VALIDATION_FAILED naming both
    rows with one value.
    """
    bodies = objects_of(rows)
    run = _Upsert(write, entity, key, grant, bodies, _values(entity, key, bodies), dry_run).in_attempts
    attempt = partial(with_free_slugs, write.database, entity, bodies, run)
    actions = (Action.CREATE, Action.UPDATE)
    if not dry_run and any(may_be_asked(write, entity, action, bodies) for action in actions):
        return await with_consent(write, attempt)
    return await attempt()


class Taken(RocketError):
    """The value belongs to a record that the caller may not read, or that lies in the trash."""


@dataclass(frozen=True, slots=True)
class _Upsert:
    """One upsert: its rows and the values of the key in them."""

    write: WriteContext
    entity: EntityModel
    key: UpsertKey
    grant: Grant
    bodies: Sequence[Body]
    values: Sequence[Any]
    dry_run: bool

    async def in_attempts(self) -> list[Draft]:
        """Write the rows; again where another request has created one of the records meanwhile: then it is found."""
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                return await self._run()
            except Taken:
                raise
            except RocketError as refusal:
                if refusal.code != "CONFLICT" or all(d.get("field") != self.key.name for d in refusal.details):
                    raise
        return await self._run()

    async def _run(self) -> list[Draft]:
        async with transaction(self.write, self.entity, Action.UPDATE, self.dry_run) as unit:
            await unit.transaction.execute(store.PLAN_FOR_MANY_ROWS)
            wanted = [value for value in self.values if value is not None]
            found = await find_records(unit.transaction, self.entity, self.key.name, wanted)
            await hold_parents(self.write, unit, self.entity, [each.key for each in found.values()], self.bodies)
            stored = await self._lock(unit, found)
            drafts = [self._draft(index, body, stored.get(index)) for index, body in enumerate(self.bodies)]
            await self._save(Tree(self.write, unit), drafts)
        return drafts

    async def _save(self, tree: Tree, drafts: Sequence[Draft]) -> None:
        new = [draft for draft in drafts if draft.stored is None]
        known = [draft for draft in drafts if draft.stored is not None]
        # Stored records may begin to refer to new ones; otherwise they may give up a value that a new one takes.
        creates_first = any(link.entity == self.entity.name for link in self.entity.references)
        if creates_first:
            await tree.save(self.entity, Action.CREATE, new)
        await tree.save(self.entity, Action.UPDATE, known, self.grant)
        if not creates_first:
            await tree.save(self.entity, Action.CREATE, new)

    def _draft(self, index: int, body: Body, stored: Stored | None) -> Draft:
        place = RowPlace.of_row(index)
        if stored is None:
            return take_nested(self.entity, Draft(body, None, place))
        names = (self.key.name, *self.entity.key.names)
        return take_nested(self.entity, Draft({n: v for n, v in body.items() if n not in names}, stored, place))

    async def _lock(self, unit: UnitOfWork, found: Mapping[Any, Found]) -> dict[int, Stored]:
        """The records of the rows that have one, locked. Raises Taken, FORBIDDEN and NOT_FOUND, naming the rows."""
        live = [each.key for each in found.values() if each.live]
        records = await lock_records(unit.transaction, self.entity, live, self.grant) if live else {}
        if len(records) < len(live):
            raise RocketError("CONFLICT", IN_USE)  # deleted between the two statements
        reading = granted(self.entity, "read", self.write.caller)
        stored: dict[int, Stored] = {}
        taken: list[int] = []
        for index, value in enumerate(self.values):
            there = found.get(value) if value is not None else None
            record = records.get(there.key) if there else None
            if record is not None and reading is not None and reading.covers(record.record):
                stored[index] = record
            elif there is not None:
                taken.append(index)
        if taken:
            detail = _about(self.key, "unique", "is taken")
            raise Taken("CONFLICT", f"{self.key.name} is taken", [RowPlace.of_row(n).marks(detail) for n in taken])
        forbidden = {"message": f"You may not change this {self.entity.name}"}
        refuse_rows("FORBIDDEN", [(index, forbidden) for index, row in stored.items() if not row.granted])
        if self.key.is_generated:
            absent = {"message": f"there is no such {self.entity.name}"}
            missing = [index for index, value in enumerate(self.values) if value is not None and index not in stored]
            refuse_rows("NOT_FOUND", [(index, absent) for index in missing])
        return stored


async def find_records(connection: Any, entity: EntityModel, name: str, values: Sequence[Any]) -> Mapping[Any, Found]:
    """What the table has for values of a unique field, in the trash too: value → its record."""
    if not values:
        return {}
    column = f"_r.{quote(name)}"
    sql = (
        f"SELECT {column} AS value, {entity.key.sql_text('_r')} AS key, {entity.alive('_r')} AS live "
        f"FROM {entity.table} _r WHERE {column} = ANY($1::{entity.column_type(name)}[])"
    )
    rows = await connection.fetch(sql, list(values))
    return {row["value"]: Found(entity.key.parse(row["key"]), row["live"]) for row in rows}


def _values(entity: EntityModel, key: UpsertKey, bodies: Sequence[Body]) -> list[Any]:
    """The values of the key in the rows. Raises VALIDATION_FAILED for missing, invalid and repeated ones."""
    found: list[Any] = []
    problems: list[tuple[int, Detail]] = []
    first: dict[Any, int] = {}
    for index, body in enumerate(bodies):
        value = None
        try:
            value = key_value(entity, key, body)
        except BadValue as problem:
            problems.append((index, _about(key, "type", str(problem))))
        else:
            if value is None and key.is_required:
                problems.append((index, _about(key, "required", "is required: it says which record is meant")))
            elif value is not None and first.setdefault(value, index) != index:
                problems.append((index, _about(key, "unique", f"is that of row {first[value]} again")))
        found.append(value)
    refuse_rows("VALIDATION_FAILED", problems)
    return found


def key_value(entity: EntityModel, key: UpsertKey, body: Body) -> Any:
    """The parsed value of the key in a row, or None. Raises BadValue."""
    sent = body.get(key.name)
    return None if sent is None or sent == "" else parse_value(entity.fields[key.name], sent)


def _about(key: UpsertKey, rule: str, message: str) -> Detail:
    return {"field": key.name, "rule": rule, "message": message}
