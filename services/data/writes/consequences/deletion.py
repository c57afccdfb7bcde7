"""Deletes records, and does to the records that refer to them what each relation says (`on_delete`).

The records are locked FOR UPDATE first, so nobody can begin to refer to them. What refers to them already is then
refused (restrict), deleted (cascade), unlinked (set null) or detached, level by level.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.errors import Detail, RocketError
from libs.shared.schema import BadValue, FieldDefinition, parse_text
from services.data.model import EntityModel, KeyValue, Link, quote
from services.data.permissions import grant_for, granted
from services.data.writes.consequences.comments import remove_comments
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding import decisions
from services.data.writes.statements.changes import Action, RowChange
from services.data.writes.statements.join_tables import JoinTable
from services.data.writes.statements.locking import Stored, lock_records, lock_related
from services.data.writes.statements.unit_of_work import MAX_ROWS, UnitOfWork
from services.data.writes.synchronous_webhooks.collecting import collect_deletions


async def remove(write: WriteContext, unit: UnitOfWork, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Delete stored records (their drafts' bodies are empty) with the caller's permissions.

    Raises FORBIDDEN, VALIDATION_FAILED for violated rules, CONFLICT where a relation restricts it.
    """
    if not drafts:
        return
    grant = grant_for(entity, "delete", write.caller)
    keys = [draft.stored.key for draft in drafts if draft.stored]
    locked = await lock_records(unit.transaction, entity, keys, grant, "UPDATE")
    rows: list[Stored] = []
    for draft in drafts:
        stored = locked.get(draft.stored.key) if draft.stored else None
        if stored is not None:
            if not stored.granted:
                raise draft.refuse(RocketError("FORBIDDEN", f"You may not delete this {entity.name}"))
            rows.append(stored)
    await remove_locked(write, unit, entity, drafts, rows)


async def remove_locked(
    write: WriteContext,
    unit: UnitOfWork,
    entity: EntityModel,
    drafts: Sequence[Draft],
    rows: Sequence[Stored],
    is_all: bool = False,
) -> None:
    """Delete rows that are locked already and may be deleted; rules are applied to the drafts.

    `is_all` says that these rows are the whole commit. Raises VALIDATION_FAILED, CONFLICT.
    """
    await decisions.decide(write, unit.transaction, entity, Action.DELETE, drafts)
    collect_deletions(write, entity, drafts)
    try:
        # What may be rolled back must not take a position.
        await Deletion(unit, is_all and write.consent is None).delete(entity, rows)
    except Restricted as refusal:
        named = [d for d in drafts if d.stored and (entity.name, d.stored.key) in refusal.records]
        error = refusal.to(write.caller)
        raise (named[0].refuse(error) if named else error) from None


def has_dependents(entity: EntityModel) -> bool:
    """Whether the deletion of records can affect others."""
    return any(link.outward or link.relation.joined for link in entity.links)


class Deletion:
    """One deletion with all that follows from it. Records are deleted once, however they are reached."""

    def __init__(self, unit: UnitOfWork, is_all: bool = False) -> None:
        self._unit = unit
        self._is_all = is_all
        self._done: set[tuple[str, KeyValue]] = set()

    async def delete(self, entity: EntityModel, rows: Sequence[Stored]) -> None:
        """Delete locked records. Raises CONFLICT where a relation restricts it."""
        fresh = [row for row in rows if (entity.name, row.key) not in self._done]
        if not fresh:
            return
        self._done |= {(entity.name, row.key) for row in fresh}
        if len(self._done) > MAX_ROWS:
            raise RocketError("CONFLICT", f"This would delete more than {MAX_ROWS} records")
        links = [link for link in entity.links if link.outward]
        for link in sorted(links, key=_restricting_first):
            await self._follow(entity, link, fresh)
        is_all = self._is_all
        if not entity.soft_delete:
            await self._leave(entity, fresh)
            texts = [entity.key.text(row.key) for row in fresh]
            is_all = await remove_comments(self._unit, entity, texts) == 0 and is_all
        changes = [RowChange(self._unit.command, row.key, {}) for row in fresh]
        await self._unit.apply(entity, Action.DELETE, changes, is_all=is_all)

    async def _follow(self, entity: EntityModel, link: Link, rows: Sequence[Stored]) -> None:
        field = entity.fields[link.own]
        values = [stored_value(field, row) for row in rows if row.record.get(link.own) is not None]
        if not values:
            return
        if link.relation.joined:
            await self._follow_pairs(entity, link, rows, values)
            return
        target = self._unit.model.entity(link.entity)
        related = await lock_related(self._unit.transaction, target, link.other, values)
        left = [row for row in related.values() if (target.name, row.key) not in self._done]
        if not left:
            return
        match link.relation.on_delete:
            case "restrict":
                needed = {str(row.record[link.other]) for row in left}
                raise Restricted(entity, link, target, left, _with_values(link, rows, needed))
            case "cascade":
                await self.delete(target, left)
            case _:
                unlinked = [RowChange(self._unit.command, row.key, {link.other: None}) for row in left]
                await self._unit.apply(target, Action.UPDATE, unlinked)

    async def _follow_pairs(
        self, entity: EntityModel, link: Link, rows: Sequence[Stored], values: Sequence[Any]
    ) -> None:
        join = JoinTable(self._unit, link.relation)
        target = self._unit.model.entity(link.entity)
        if link.relation.on_delete in ("restrict", "cascade"):
            pairs = await join.others(values)
            others = {other for _, other in pairs}
            related = await lock_related(self._unit.transaction, target, link.other, list(others)) if others else {}
            if related and link.relation.on_delete == "restrict":
                there = {str(row.record[link.other]) for row in related.values()}
                needed = {str(own) for own, other in pairs if str(other) in there}
                raise Restricted(entity, link, target, list(related.values()), _with_values(link, rows, needed))
            await join.detach_all(values, of_source=True)
            await self.delete(target, list(related.values()))
            return
        await join.detach_all(values, of_source=True)

    async def _leave(self, entity: EntityModel, rows: Sequence[Stored]) -> None:
        """Delete the pairs of targets that are hard-deleted."""
        for link in entity.links:
            if link.relation.joined and not link.outward:
                field = entity.fields[link.own]
                values = [stored_value(field, row) for row in rows if row.record.get(link.own) is not None]
                await JoinTable(self._unit, link.relation).detach_all(values, of_source=False)


def stored_value(field: FieldDefinition, row: Stored) -> Any:
    """A stored record's value as a statement's parameter."""
    try:
        return parse_text(field, str(row.record[field.name]))
    except BadValue:
        raise RocketError("CONFLICT", f"{quote(field.name)} can't be related by") from None


class Restricted(RocketError):
    """The refusal to delete records that others refer to; `records` are those that are referred to."""

    def __init__(
        self, entity: EntityModel, link: Link, target: EntityModel, related: Sequence[Stored], needed: Sequence[Stored]
    ) -> None:
        self._entity, self._link, self._target, self._related = entity, link, target, related
        super().__init__("CONFLICT", *self._described(len(related)))
        self.records = {(entity.name, row.key) for row in needed}

    def to(self, caller: Identity) -> RocketError:
        """The refusal for a caller: how many referring records they may read, or only that there are some."""
        grant = granted(self._target, "read", caller)
        seen = sum(grant.covers(row.record) for row in self._related) if grant else 0
        return RocketError(self.code, *self._described(seen))

    def _described(self, number: int) -> tuple[str, list[Detail]]:
        if not number:
            message = f"Other records still belong to this {self._entity.name}"
            return message, [{"rule": "restrict", "message": message}]
        message = f"{number} {self._link.entity} still belong to this {self._entity.name}"
        return message, [{"rule": "restrict", "relation": self._link.relation.name, "message": message}]


def _with_values(link: Link, rows: Sequence[Stored], values: Container[str]) -> list[Stored]:
    return [row for row in rows if str(row.record.get(link.own)) in values]


def _restricting_first(link: Link) -> bool:
    # A refusal should come before other work is done.
    return link.relation.on_delete != "restrict"
