"""Which entries of a commit a caller may see, and what of their records is disclosed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Identity
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema import Relation
from libs.shared.schema.comments import COMMENTS_NUMBER
from services.data.history.commits import Disclosed
from services.data.history.records import AFTER, BEFORE
from services.data.model import EntityModel, Model, quote
from services.data.permissions import grant_for
from services.data.query.past import seen_sql
from services.data.query.scope import Scope
from services.data.query.statements import many_now_sql
from services.data.query.visibility import about, access_of, visible_sql


def entry_conditions(scope: Scope, is_admin: bool) -> list[tuple[int, str, str]]:
    """SQL over an entry, by entity number: whether it may be seen, and whether the record before it may."""
    schema = scope.model.schema
    if is_admin:
        return [(number, "true", "true") for number in (*schema.by_number, *schema.joins)]
    found = []
    for name in schema.entities:
        try:
            found.append(entity_conditions(scope, scope.model.entity(name)))
        except RocketError:
            continue
    readable = {number for number, _, _ in found}
    if readable:
        condition = _comment(scope, [scope.model.entity(schema.by_number[number].name) for number in sorted(readable)])
        found.append((COMMENTS_NUMBER, condition, condition))
    for relation in schema.relations.values():
        ends = (scope.model.entity(relation.source), scope.model.entity(relation.target))
        keyed = relation.source_key in scope.fields(ends[0]) and relation.target_key in scope.fields(ends[1])
        if not relation.joined or any(scope.hides(end, relation) for end in ends):
            continue
        if keyed and readable >= {end.number for end in ends}:
            condition = _pair(scope, relation, ends)
            found.append((relation.number, condition, condition))
    return found


def entity_conditions(scope: Scope, entity: EntityModel) -> tuple[int, str, str]:
    """The conditions of one entity's entries. Raises FORBIDDEN if the caller may read none of its records."""
    visible = scope.visible(entity)
    seen = f"{seen_sql(entity, AFTER, visible)} AND {_now(scope, entity)}"
    return entity.number, seen, seen_sql(entity, BEFORE, visible)


def _now(scope: Scope, entity: EntityModel) -> str:
    """The condition that the record is gone, or may be seen as it is now."""
    visible = scope.visible(entity)
    if visible is None:
        return "true"
    # Not the other way round, as a key made into text is not found by its index.
    same = entity.key.equals_text("_now", "_log.record_id")
    hidden = f"({visible_sql('_now', visible)}) IS NOT TRUE"
    return f"NOT EXISTS (SELECT FROM {entity.table} _now WHERE {same} AND {hidden})"


def _comment(scope: Scope, entities: Sequence[EntityModel]) -> str:
    """The condition that a comment is there and not deleted, and the caller may read its record."""
    cases = " ".join(f"WHEN {entity.number} THEN ({_commented(scope, entity)})" for entity in entities)
    there = "_m.id = _log.record_id::uuid AND _m.deleted_at IS NULL AND NOT _m.deleted"
    return f"EXISTS (SELECT FROM records._comments _m WHERE {there} AND CASE _m.entity {cases} ELSE false END)"


def _commented(scope: Scope, entity: EntityModel) -> str:
    seen = visible_sql("_s", scope.visible(entity))
    same = entity.key.equals_text("_s", "_m.record_id")
    return f"EXISTS (SELECT FROM {entity.table} _s WHERE {same} AND {entity.alive('_s')} AND {seen})"


def _pair(scope: Scope, relation: Relation, ends: tuple[EntityModel, EntityModel]) -> str:
    """The condition that the caller may see both ends of a pair as they are now, and the values that relate them."""
    columns = zip(("1", "2"), ends, (relation.source_key, relation.target_key), strict=True)
    clauses = []
    for place, entity, column in columns:
        visible = scope.visible(entity)
        if visible is not None:
            value = f"({AFTER} ->> '{place}')::{entity.column_type(column)}"
            same = f"_end.{quote(column)} = {value}"
            access = access_of(visible, column)
            clear = about(access.clear.text, visible)("_end") if access else "true"
            seen = f"{visible_sql('_end', visible)} AND {clear}"
            clauses.append(f"EXISTS (SELECT FROM {entity.table} _end WHERE {same} AND {seen})")
    return " AND ".join(clauses) or "true"


async def load_disclosed(
    database: Database | Connection, model: Model, caller: Identity, rows: Sequence[Any]
) -> Disclosed:
    """What the caller may see of each entity's fields, and the records of the rows as they are now."""
    found: Disclosed = {}
    for number in {row["entity"] for row in rows}:
        live = model.schema.by_number.get(number)
        if live is None or live.retired or caller.is_admin or number == COMMENTS_NUMBER:
            continue
        entity = model.entity(live.name)
        grant = grant_for(entity, "read", caller)
        if grant.profile is None or grant.profile.is_open:
            continue
        ids = list({row["record_id"] for row in rows if row["entity"] == number})
        there = await database.fetch(many_now_sql(entity), ids)
        found[number] = (grant, {row["key"]: exact.loads(row["record"]) for row in there})
    return found
