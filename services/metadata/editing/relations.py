"""Relations: their join tables, and the indexes that keep them quick and one_to_one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from libs.shared.schema import Relation, RelationDefinition
from libs.shared.schema.links import Link
from services.metadata.editing.hooks import Hooks
from services.metadata.model.schema import Schema
from services.metadata.planning import join_tables as joins
from services.metadata.planning import related_loads as loads
from services.metadata.store.definitions import Definition
from services.metadata.tables.acyclic import is_to_be_checked

if TYPE_CHECKING:
    from services.metadata.editing.change import Change


class RelationHooks(Hooks):
    """A many_to_many has a table of its own, the others an index on their foreign key."""

    async def created(self, change: Change, row: Definition, definition: RelationDefinition) -> None:
        live = change.schema.put_relation(row, definition)
        change.schema.check_relation_name(live.relation)
        if live.relation.joined:
            _check(change, live.relation)
            await change.run(joins.plan_create(live.relation, change.schema))
        else:
            change.reindex(live.relation.target)
            _forbid_cycles(change, None, live.relation)

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: RelationDefinition) -> None:
        links, schema = change.schema.all_links(), change.schema.copy()
        before = change.schema.relations.pop(str(old.key)).relation
        live = change.schema.put_relation(row, definition)
        after = live.relation
        if (before.name, before.source) != (after.name, after.source):
            change.schema.check_relation_name(after)
        if after.joined:
            _check(change, after)
        if before.joined:
            await change.run(joins.plan_change(before, after))
        elif after.joined:
            await change.run(joins.plan_create(after, change.schema))
        change.reindex(before.target)
        change.reindex(after.target)
        _forbid_cycles(change, before, after)
        if before != after:
            await _follow(change, links)
            await _warn_others(change, schema)

    async def deleted(self, change: Change, old: Definition) -> None:
        relation = change.schema.relations.pop(str(old.key)).relation
        if relation.joined:
            await change.run(joins.plan_retire(relation))
        else:
            change.reindex(relation.target)


async def _follow(change: Change, links: Mapping[str, Sequence[Link]]) -> None:
    """Rules go on loading what they have loaded; `links` are those of all entities before."""
    for row in await change.others():
        if row.kind == "rules":
            name = row.document["entity"]
            document = loads.rule_after(row.document, links[name], change.schema.links(name), "", {})
            if document != row.document:
                await change.rewrite(row, document)


async def _warn_others(change: Change, before: Schema) -> None:
    """Have it told which expressions see other records from now on, and miss a field in them."""
    for row in await change.others():
        if row.kind == "rules":
            change.watch(row, before)


def _forbid_cycles(change: Change, before: Relation | None, after: Relation) -> None:
    if is_to_be_checked(before, after):
        change.trees.add(after.number)


def _check(change: Change, relation: Relation) -> None:
    change.schema.check_table(relation.join_table, relation.number, "join_table")
    change.schema.check_title(relation.join_table, relation.number, "join_table")
