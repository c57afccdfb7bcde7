"""Entities: their tables, and what hangs on them when they change or go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from libs.shared.errors import RocketError, detail_of, invalid_field
from libs.shared.postgres.limits import COLUMNS, Limit
from libs.shared.schema import DELETED, EntityDefinition, RelationDefinition
from libs.shared.schema.links import Link
from libs.shared.schema.renaming import rename_in
from services.metadata.checking import canonical, renames
from services.metadata.editing.hooks import Hooks
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveRelation, Schema
from services.metadata.planning import expressions as following
from services.metadata.planning import join_tables as joins
from services.metadata.planning import related_loads as loads
from services.metadata.planning import tables
from services.metadata.planning.expressions import Names
from services.metadata.store import counting
from services.metadata.store.definitions import Definition

if TYPE_CHECKING:
    from services.metadata.editing.change import Change


class EntityHooks(Hooks):
    """Entities have tables, and other definitions name them."""

    def completed(self, document: dict[str, Any]) -> dict[str, Any]:
        return renames.followed(document)

    def kept(self, document: dict[str, Any], definition: Any) -> dict[str, Any]:
        return canonical.spelled(renames.kept(document), definition)

    async def created(self, change: Change, row: Definition, definition: EntityDefinition) -> None:
        _check(definition)
        renames.check_renames(definition, frozenset(), frozenset())
        change.schema.check_table(definition.table, row.number, "table")
        change.schema.check_title(definition.name, row.number, "name")
        row.ids = tables.number_fields({}, definition, {})
        await change.run(tables.plan_create(row.number, definition))
        await change.remember_ids(row)
        change.schema.put_entity(row, definition)
        change.reindex(definition.name)

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: EntityDefinition) -> None:
        _check(definition)
        schema = change.schema.copy()
        before = schema.entities[str(old.key)].definition
        renames.check_renames(definition, frozenset(f.name for f in before.fields), frozenset(old.ids))
        renamed = renames.renames(definition)
        change.schema.check_table(definition.table, row.number, "table")
        change.schema.check_title(definition.name, row.number, "name")
        row.ids = tables.number_fields(old.ids, definition, renamed, marked=before.soft_delete)
        links = change.schema.all_links()
        touching = list(change.schema.relations_of(before.name))
        _check_new_names(change, before, definition)
        types = {r.relation.name: joins.key_types(r.relation, change.schema) for r in touching if r.relation.joined}
        plan = tables.plan_change(old.ids, before, definition, renamed)
        added = sum(" ADD COLUMN " in statement for statement in plan)
        if added and await counting.count_columns(change.transaction, table_of(before.table)) + added > COLUMNS:
            raise invalid_field("fields", f"fields: {Limit.COLUMNS.value}", "limit")
        await change.run(plan)
        await change.remember_ids(row)
        del change.schema.entities[before.name]
        change.schema.put_entity(row, definition)
        follows = bool(renamed) or before.name != definition.name
        if follows:
            await self._relations_follow(change, before.name, definition.name, renamed)
        for live in touching:
            await _refit(change, live, types.get(live.relation.name))
        if follows:
            await self._others_follow(change, schema, (before.name, definition.name, renamed), links)
        await self._warn_others(change, schema, before, definition)
        change.reindex(definition.name)

    async def _relations_follow(self, change: Change, name: str, new_name: str, renamed: renames.Renames) -> None:
        """Relations know the entity and its fields by their new names."""
        for live in change.schema.relations_of(name):
            document = renames.relation_after(live, name, new_name, renamed)
            if document is not None:
                await change.rewrite(live.row, document)

    async def _others_follow(
        self, change: Change, before: Schema, names: Names, links: Mapping[str, Sequence[Link]]
    ) -> None:
        """So do all other definitions; `links` are those of all entities before. Raises CONFLICT where one can't."""
        name, new_name, renamed = names
        others = await change.others()
        texts = await asyncio.to_thread(following.all_texts_after, others, before, names)
        for row in others:
            document = texts.get(row.id, row.document)
            document = rename_in(document, name, new_name, renamed)
            if row.kind == "permissions" and row.document.get("entity") == name:
                document = renames.policy_after(document, renamed)
            elif row.kind == "rules":
                after = change.schema.links(document["entity"])
                document = loads.rule_after(document, links[row.document["entity"]], after, name, renamed)
            if document != row.document:
                following.check_followed(row, document, before, change.schema, names)
                await change.rewrite(row, document)
        await change.follow_instances(name, new_name, renamed)

    async def _warn_others(self, change: Change, before: Schema, was: EntityDefinition, now: EntityDefinition) -> None:
        """Have it told which expressions lose a field, or meet another type."""
        names = following.altered(was, now)
        for row in await change.others() if names else ():
            if following.mentions(row.document, names):
                change.watch(row, before)

    async def deleted(self, change: Change, old: Definition) -> None:
        name = str(old.key)
        for live in list(change.schema.relations_of(name)):
            await change.delete(live.row)
        for row in await change.others():
            if row.document.get("entity") == name:
                await change.delete(row)
        live_entity = change.schema.entities.pop(name)
        await change.run(tables.plan_retire(old.number, live_entity.definition))


def _check_new_names(change: Change, before: EntityDefinition, after: EntityDefinition) -> None:
    """Raises CONFLICT where a field that is new has the name of a relation of the entity."""
    new = {field.name for field in after.fields} - {field.name for field in before.fields}
    for live in change.schema.relations_of(before.name):
        if live.relation.source == before.name and live.relation.name in new:
            message = f"there is a relation {live.relation.name} already"
            raise RocketError("CONFLICT", message, [detail_of(live.relation.name, message, "unique")])


async def _refit(change: Change, live: LiveRelation, types: tuple[str, str] | None) -> None:
    """A relation after one of its ends was changed. Raises VALIDATION_FAILED naming it if it would break."""
    name = live.relation.name
    row = change.latest(live.row)
    try:
        fitting = change.schema.put_relation(row, RelationDefinition.stored(row.document))
    except RocketError as problem:
        message = f"The relation {name} would break: {problem.message}"
        raise RocketError(problem.code, message, [{"relation": name, **detail} for detail in problem.details]) from None
    if types is not None:
        await change.run(joins.plan_widen(fitting.relation, types, change.schema))


def _check(definition: EntityDefinition) -> None:
    for field in definition.fields:
        if definition.soft_delete and field.name == DELETED and field.type != "timestamp":
            raise invalid_field(DELETED, f"{DELETED} of a soft-deleted entity must be a timestamp")
