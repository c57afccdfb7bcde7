"""What the data service answers about commits: all of them to admins, one to whoever may read some of its records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context, Identity
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.paging import page_of
from libs.shared.postgres.databases import Database
from libs.shared.schema import BadValue, FieldDefinition, Relation, Snapshot, parse_text
from services.data.history import commits
from services.data.history.records import AFTER, BEFORE
from services.data.model import EntityModel, Model, quote
from services.data.permissions import grant_for
from services.data.query.past import seen_sql
from services.data.query.scope import Scope, refused
from services.data.query.statements import many_now_sql
from services.data.query.visibility import about, access_of, visible_sql
from services.data.request.schema_fence import check_current, under_current_schema
from services.data.state import State

TIME = FieldDefinition(name="time", type="timestamp")
MOST = 1_000
"""Records of a commit answered at once."""
UNDO_REFUSED = {"FORBIDDEN": "You may not undo this commit", "CONFLICT": "This commit can't be undone any more"}
"""What refusals say of commits that are hidden: neither an entity nor a record."""


async def list_commits(state: State, context: Context, request: contracts.ListCommits) -> Response:
    query = dict(request.query)
    page = page_of(query)
    start, end = _time(query, "from"), _time(query, "to")
    if "\x00" in query.get("user_id", ""):
        raise refused("user_id", "must not hold the character NUL")

    async def attempt(model: Model) -> Response:
        numbers = _numbers(model.schema, query["entity"]) if query.get("entity") else None
        chosen = (numbers, query.get("user_id") or None, start, end)
        rows, total = await commits.list_page(state.database(context.the_app), chosen, page)
        await check_current(state, context, model)
        data = [commits.listed(model.schema, row) for row in rows]
        return Response(body=exact.dumps({"data": data, "meta": page.meta(total)}))

    return await under_current_schema(state, context, attempt)


async def get_commit(state: State, context: Context, request: contracts.GetCommit) -> Response:
    page = page_of(dict(request.query), MOST, MOST)

    async def attempt(model: Model) -> Response:
        database = state.database(context.the_app)
        position = await commits.position_of(database, request.commit_id)
        if position is None:
            raise not_found("Commit")
        scope = Scope(model, context.user)
        conditions = _conditions(scope, context.user.is_admin)
        rows, total = await commits.load_visible(database, position, conditions, scope, page)
        await check_current(state, context, model)
        if not total:
            raise not_found("Commit")
        # Behind the last page there is none of its entries at hand; the log does not change.
        head = commits.head(rows[0] if rows else await commits.load_first(database, position))
        disclosed = await _disclosed(database, model, context.user, rows)
        data = {**head, "records": [commits.shown(model.schema, row, disclosed) for row in rows]}
        return Response(body=exact.dumps({"data": data, "meta": page.meta(total)}))

    return await under_current_schema(state, context, attempt)


async def undo_refusal(state: State, context: Context, model: Model, named: str, refusal: RocketError) -> RocketError:
    """A refusal to undo a commit: without what it tells of its records, where the caller may read none of them."""
    message = UNDO_REFUSED.get(refusal.code)
    database = state.database(context.the_app)
    position = await commits.position_of(database, named) if message and not context.user.is_admin else None
    if message is None or position is None:
        return refusal
    scope = Scope(model, context.user)
    _, readable = await commits.load_visible(database, position, _conditions(scope, False), scope, page_of({}, 1, 1))
    return refusal if readable else RocketError(refusal.code, message)


async def _disclosed(database: Database, model: Model, caller: Identity, rows: Sequence[Any]) -> commits.Disclosed:
    """For each entity of the rows what the caller may see of its fields, and the records as they are now."""
    found: commits.Disclosed = {}
    for number in {row["entity"] for row in rows}:
        live = model.schema.by_number.get(number)
        if live is None or live.retired or caller.is_admin:
            continue
        entity = model.entity(live.name)
        grant = grant_for(entity, "read", caller)
        if grant.profile is None or grant.profile.is_open:
            continue
        ids = list({row["record_id"] for row in rows if row["entity"] == number})
        there = await database.fetch(many_now_sql(entity), ids)
        found[number] = (grant, {row["key"]: exact.loads(row["record"]) for row in there})
    return found


def _numbers(schema: Snapshot, name: str) -> list[int]:
    """What the log calls the entities, or join tables, that have or had this name."""
    entities = [number for number, entity in schema.by_number.items() if entity.name == name]
    found = entities + [number for number, relation in schema.joins.items() if relation.join_table == name]
    if not found:
        raise RocketError("UNKNOWN_ENTITY", f"Unknown entity: {name[:100]}")
    return found


def _conditions(scope: Scope, is_admin: bool) -> list[tuple[int, str, str]]:
    """Per entity number: whether an entry may be seen, and whether the record before it may."""
    schema = scope.model.schema
    if is_admin:
        return [(number, "true", "true") for number in (*schema.by_number, *schema.joins)]
    found = []
    for name, live in schema.entities.items():
        entity = scope.model.entity(name)
        try:
            visible = scope.visible(entity)
        except RocketError:
            continue
        seen = f"{seen_sql(entity, AFTER, visible)} AND {_now(scope, entity)}"
        found.append((live.number, seen, seen_sql(entity, BEFORE, visible)))
    readable = {number for number, _, _ in found}
    for relation in schema.relations.values():
        ends = (scope.model.entity(relation.source), scope.model.entity(relation.target))
        keyed = relation.source_key in scope.fields(ends[0]) and relation.target_key in scope.fields(ends[1])
        if not relation.joined or any(scope.hides(end, relation) for end in ends):
            continue
        if keyed and readable >= {end.number for end in ends}:
            condition = _pair(scope, relation, ends)
            found.append((relation.number, condition, condition))
    return found


def _now(scope: Scope, entity: EntityModel) -> str:
    """Nothing is said of a record that is there and that may not be seen as it is."""
    visible = scope.visible(entity)
    if visible is None:
        return "true"
    # Not the other way round, as a key made into text is not found by its index.
    parts = ["_log.record_id"]
    if entity.key.composite:
        parts = [f"split_part(_log.record_id, ',', {n})" for n, _ in enumerate(entity.key.names, 1)]
    keys = zip(entity.key.columns("_now"), parts, entity.key.types, strict=True)
    same = " AND ".join(f"{column} = ({part})::{kind}" for column, part, kind in keys)
    hidden = f"({visible_sql('_now', visible)}) IS NOT TRUE"
    return f"NOT EXISTS (SELECT FROM {entity.table} _now WHERE {same} AND {hidden})"


def _pair(scope: Scope, relation: Relation, ends: tuple[EntityModel, EntityModel]) -> str:
    """A pair is for those who may see both of its ends as they are, and the values that it is made of."""
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


def _time(query: dict[str, str], name: str) -> datetime | None:
    if not query.get(name):
        return None
    try:
        moment: datetime = parse_text(TIME, query[name])
    except BadValue as problem:
        raise refused(name, problem) from None
    return moment
