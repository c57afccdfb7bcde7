"""What the data service answers about records as they were, from the log."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.paging import page_of
from services.data.history import records
from services.data.log.entries import commit_event
from services.data.model import EntityModel, KeyValue, Model
from services.data.permissions import Grant, grant_for
from services.data.query.includes import parse_shown
from services.data.query.scope import Scope, check_parameters, refused
from services.data.query.statements import now_statement
from services.data.request.execution import read
from services.data.request.moments import moment_of
from services.data.request.record_keys import key_named
from services.data.request.schema_fence import check_current, under_current_schema
from services.data.state import State


async def record_history(state: State, context: Context, rpc_request: contracts.RecordHistory) -> Response:
    page = page_of(dict(rpc_request.query))
    as_of = await moment_of(state, context, rpc_request.query)

    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        named = await key_named(state, context, model, entity, rpc_request.id)
        key, grant = entity.key.text(named), grant_for(entity, "read", context.user)
        scope, database = Scope(model, context.user), state.database(context.the_app)
        check_parameters(scope, entity, rpc_request)
        now = await _now(state, context, model, entity, named, grant, "Record")
        rows, total = await records.load_page(database, entity, scope, key, page, as_of)
        await check_current(state, context, model)
        if not total:
            raise not_found("Record")
        data = [records.shown(model.schema, entity, row, grant, now) for row in rows]
        return Response(body=exact.dumps({"data": data, "meta": page.meta(total)}))

    return await under_current_schema(state, context, attempt)


async def get_version(state: State, context: Context, rpc_request: contracts.GetRecord, version: int) -> Response:
    """The record as one of its versions left it, or the `fields` of it that are asked for."""
    for name, _ in rpc_request.query:
        if name in ("include", "as_of"):
            raise refused(name, "can't go together with version, which is about the record alone")
    await moment_of(state, context, rpc_request.query)

    async def attempt(model: Model) -> Response:
        entity = model.entity(rpc_request.entity)
        named = await key_named(state, context, model, entity, rpc_request.id)
        key, grant = entity.key.text(named), grant_for(entity, "read", context.user)
        scope, database = Scope(model, context.user), state.database(context.the_app)
        check_parameters(scope, entity, rpc_request)
        wanted = parse_shown(Scope(model, context.user), entity, dict(rpc_request.query).get("fields", ""), "").fields
        now = await _now(state, context, model, entity, named, grant, "Version")
        row = await records.load_version(database, entity, scope, key, version)
        await check_current(state, context, model)
        record = records.record_at(model.schema, entity, row, grant, now) if row else None
        if record is None:
            raise not_found("Version")
        if wanted is not None:
            record = {name: record[name] for name in wanted if name in record}
        return Response(body=exact.dumps({"data": record}))

    return await under_current_schema(state, context, attempt)


async def fetch_commit(state: State, context: Context, rpc_request: contracts.FetchCommit) -> Response:
    row = await records.load_entry(state.database(context.the_app), rpc_request.position, rpc_request.n)
    if row is None:
        raise not_found("Commit")
    schema = await state.schemas.get(context.the_app, at_least=row["schema_version"])
    return Response(body=exact.dumps(commit_event(context.the_app, schema, row)))


async def _now(
    state: State, context: Context, model: Model, entity: EntityModel, key: KeyValue, grant: Grant, sought: str
) -> dict[str, Any] | None:
    """The record as it is now, in the trash or not, where a grant depends on that; None if there is none.

    Raises NOT_FOUND for one that the caller may not see as it is, as for a missing one of what is `sought`.
    """
    if grant.profile is None:
        return None
    row = await read(state, context, model, now_statement(entity, key))
    if row["record"] is None:
        return None
    record: dict[str, Any] = exact.loads(row["record"])
    if not grant.covers(record):
        raise not_found(sought)
    return record
