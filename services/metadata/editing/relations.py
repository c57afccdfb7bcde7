"""Relations: their join tables and indexes, and the rules that load along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from libs.shared.schema import Relation, RelationDefinition
from libs.shared.schema.links import Link
from services.metadata.editing.change import Change, KindHooks
from services.metadata.model.definition import Definition
from services.metadata.model.schema import LiveSchema
from services.metadata.planning import acyclic, join_tables, related_loads


class RelationHooks(KindHooks):
    """Keeps a join table for a many_to_many relation, and an index on the foreign key for the others."""

    async def created(self, change: Change, row: Definition, definition: RelationDefinition) -> None:
        relation = change.schema.put_relation(row, definition).relation
        change.schema.check_relation_name(relation)
        if relation.joined:
            _check_names(change, relation)
            await change.executor.run(join_tables.plan_create(relation, change.schema))
        else:
            change.reindex(relation.target)
            _check_cycles(change, None, relation)

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: RelationDefinition) -> None:
        links, schema = change.schema.all_links(), change.schema.copy()
        before = change.schema.relations.pop(str(old.key)).relation
        after = change.schema.put_relation(row, definition).relation
        if (before.name, before.source) != (after.name, after.source):
            change.schema.check_relation_name(after)
        if after.joined:
            _check_names(change, after)
        if before.joined:
            await change.executor.run(join_tables.plan_change(before, after))
        elif after.joined:
            await change.executor.run(join_tables.plan_create(after, change.schema))
        change.reindex(before.target)
        change.reindex(after.target)
        _check_cycles(change, before, after)
        if before != after:
            await _update_rules(change, links, schema)

    async def deleted(self, change: Change, old: Definition) -> None:
        relation = change.schema.relations.pop(str(old.key)).relation
        if relation.joined:
            await change.executor.run(join_tables.plan_retire(relation))
        else:
            change.reindex(relation.target)


async def _update_rules(change: Change, links: Mapping[str, Sequence[Link]], before: LiveSchema) -> None:
    """Keep rules loading what they have loaded, by all entities' `links` before; watch for fields that they lose."""
    for row in await change.others():
        if row.kind == "rules":
            entity = row.document["entity"]
            document = related_loads.rule_after(row.document, links[entity], change.schema.links(entity), "", {})
            if document != row.document:
                await change.rewrite(row, document)
            change.watch(row.id, document, before)


def _check_cycles(change: Change, before: Relation | None, after: Relation) -> None:
    if acyclic.needs_check(before, after):
        change.to_check_acyclic.add(after.number)


def _check_names(change: Change, relation: Relation) -> None:
    change.schema.check_table(relation.join_table, relation.number, "join_table")
    change.schema.check_title(relation.join_table, relation.number, "join_table")
