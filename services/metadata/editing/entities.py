"""Entities: their tables, and the definitions that depend on them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.errors import RocketError, detail_of, invalid_field
from libs.shared.postgres.limits import MAX_COLUMNS, Limit
from libs.shared.schema import DELETED, EntityDefinition, RelationDefinition
from libs.shared.schema.links import Link
from libs.shared.schema.renaming import rename_in
from services.metadata.checking.renames import check_renames, renames_of
from services.metadata.editing import views
from services.metadata.editing.change import Change, KindHooks
from services.metadata.model.definition import Definition
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveRelation, LiveSchema
from services.metadata.planning import expressions, join_tables, related_loads, renames, tables
from services.metadata.planning.dashboard_names import NamesAfter
from services.metadata.planning.expressions import EntityRename
from services.metadata.store import counting, definitions
from services.metadata.store import views as store


class EntityHooks(KindHooks):
    """Keeps an entity's table, and has the definitions that name the entity follow its renames."""

    async def created(self, change: Change, row: Definition, definition: EntityDefinition) -> None:
        _check_mark(definition)
        check_renames(definition, frozenset(), frozenset())
        _check_names(change, row, definition)
        row.ids = tables.number_fields({}, definition, {})
        await change.executor.run(tables.plan_create(row.number, definition))
        await definitions.store_ids(change.transaction, row.id, row.ids)
        change.schema.put_entity(row, definition)
        change.reindex(definition.name)

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: EntityDefinition) -> None:
        _check_mark(definition)
        schema, links = change.schema.copy(), change.schema.all_links()
        before = schema.entities[str(old.key)].definition
        check_renames(definition, frozenset(f.name for f in before.fields), frozenset(old.ids))
        rename = EntityRename(before.name, definition.name, renames_of(definition))
        _check_names(change, row, definition)
        _check_new_fields(change, before, definition)
        touching = list(change.schema.relations_of(before.name))
        types = {r.relation.name: join_tables.key_types(r.relation, schema) for r in touching if r.relation.joined}
        await _change_table(change, old, row, before, definition, rename)
        del change.schema.entities[before.name]
        change.schema.put_entity(row, definition)
        if rename.words:
            await _rename_in_relations(change, rename)
        for live in touching:
            await _refit_relation(change, live, types.get(live.relation.name))
        if rename.words:
            await _rename_in_others(change, schema, rename, links)
            await views.follow_rename(change.transaction, rename.old, rename.new, rename.fields)
        await _watch_others(change, schema, before, definition)
        change.reindex(definition.name)

    async def deleted(self, change: Change, old: Definition) -> None:
        name = str(old.key)
        for live in list(change.schema.relations_of(name)):
            await change.delete(live.row)
        for row in await change.others():
            if row.document.get("entity") == name:
                await change.delete(row)
        gone = await store.delete_of_entity(change.transaction, name)
        change.views += [(view, None) for view in gone]
        live_entity = change.schema.entities.pop(name)
        await change.executor.run(tables.plan_retire(old.number, live_entity.definition))


async def _change_table(
    change: Change, old: Definition, row: Definition, before: EntityDefinition, after: EntityDefinition,
    rename: EntityRename,
) -> None:  # fmt: skip
    """Change the table, and number the fields. Raises VALIDATION_FAILED where stored values would not fit."""
    row.ids = tables.number_fields(old.ids, after, rename.fields, marked=before.soft_delete)
    plan = tables.plan_change(old.ids, before, after, rename.fields)
    added = sum(" ADD COLUMN " in statement for statement in plan)
    if added and await counting.count_columns(change.transaction, table_of(before.table)) + added > MAX_COLUMNS:
        raise invalid_field("fields", f"fields: {Limit.COLUMNS.value}", "limit")
    await change.executor.run(plan)
    await definitions.store_ids(change.transaction, row.id, row.ids)


async def _rename_in_relations(change: Change, rename: EntityRename) -> None:
    for live in change.schema.relations_of(rename.old):
        document = renames.relation_after(live, rename.old, rename.new, rename.fields)
        if document is not None:
            await change.rewrite(live.row, document)


async def _refit_relation(change: Change, live: LiveRelation, types: tuple[str, str] | None) -> None:
    """Fit a relation to its changed end. Raises VALIDATION_FAILED naming the relation if it would break."""
    name = live.relation.name
    row = change.latest(live.row)
    try:
        fitting = change.schema.put_relation(row, RelationDefinition.stored(row.document))
    except RocketError as problem:
        message = f"The relation {name} would break: {problem.message}"
        raise RocketError(problem.code, message, [{"relation": name, **detail} for detail in problem.details]) from None
    if types is not None:
        await change.executor.run(join_tables.plan_widen(fitting.relation, types, change.schema))


async def _rename_in_others(
    change: Change, before: LiveSchema, rename: EntityRename, links: Mapping[str, Sequence[Link]]
) -> None:
    """Rename in all other definitions and in running instances; `links` are those of all entities before.

    Raises CONFLICT where a definition would mean something else.
    """
    others = await change.others()
    texts = await asyncio.to_thread(expressions.all_texts_after, others, before, rename)
    for row in others:
        if row.kind == "dashboards":
            await _rename_in_dashboard(change, row, NamesAfter(rename.old, rename.new, rename.fields, links))
            continue
        document = rename_in(texts.get(row.id, row.document), rename.old, rename.new, rename.fields)
        if row.kind == "permissions" and row.document.get("entity") == rename.old:
            document = renames.permission_after(document, rename.fields)
        elif row.kind == "webhooks" and row.document.get("entity") == rename.old:
            document = renames.webhook_after(document, rename.fields)
        elif row.kind == "rules":
            after = change.schema.links(document["entity"])
            own: Sequence[Link] = links[row.document["entity"]]
            document = related_loads.rule_after(document, own, after, rename.old, rename.fields)
        if document != row.document:
            expressions.check_followed(row, document, before, change.schema, rename)
            await change.rewrite(row, document)

    def rewrite(document: dict[str, Any]) -> dict[str, Any]:
        return expressions.texts_after("workflows", document, before, rename)

    await change.executor.rename_in_instances(rename.old, rename.new, rename.fields, rewrite)


async def _rename_in_dashboard(change: Change, row: Definition, names: NamesAfter) -> None:
    document = names.dashboard(row.document)
    if document != row.document:
        await change.rewrite(row, document)


async def _watch_others(change: Change, before: LiveSchema, was: EntityDefinition, now: EntityDefinition) -> None:
    """Watch the expressions that may lose a field, or meet another type."""
    names = expressions.altered_fields(was, now)
    for row in await change.others() if names else ():
        if expressions.mentions(row.document, names):
            change.watch(row.id, row.document, before)


def _check_names(change: Change, row: Definition, definition: EntityDefinition) -> None:
    change.schema.check_table(definition.table, row.number, "table")
    change.schema.check_title(definition.name, row.number, "name")


def _check_new_fields(change: Change, before: EntityDefinition, after: EntityDefinition) -> None:
    """Raises CONFLICT where a field that is new has the name of a relation of the entity."""
    new = {field.name for field in after.fields} - {field.name for field in before.fields}
    for live in change.schema.relations_of(before.name):
        if live.relation.source == before.name and live.relation.name in new:
            message = f"there is a relation {live.relation.name} already"
            raise RocketError("CONFLICT", message, [detail_of(live.relation.name, message, "unique")])


def _check_mark(definition: EntityDefinition) -> None:
    for field in definition.fields:
        if definition.soft_delete and field.name == DELETED and field.type != "timestamp":
            raise invalid_field(DELETED, f"{DELETED} of a soft-deleted entity must be a timestamp")
