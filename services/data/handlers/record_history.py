"""What the data service answers about records as they were, from the log."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
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


async def record_history(state: State, context: Context, question: ask.RecordHistory) -> Answer:
    page = page_of(dict(question.query))
    as_of = await moment_of(state, context, question.query)

    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        named = await key_named(state, context, model, entity, question.id)
        key, grant = entity.key.text(named), grant_for(entity, "read", context.user)
        scope, database = Scope(model, context.user), state.database(context.the_app)
        check_parameters(scope, entity, question)
        now = await _now(state, context, model, entity, named, grant, "Record")
        rows, total = await records.load_page(database, entity, scope, key, page, as_of)
        await check_current(state, context, model)
        if not total:
            raise not_found("Record")
        data = [records.shown(model.schema, entity, row, grant, now) for row in rows]
        return Answer(body=exact.dumps({"data": data, "meta": page.meta(total)}))

    return await under_current_schema(state, context, attempt)


async def get_version(state: State, context: Context, question: ask.GetRecord, version: int) -> Answer:
    """The record as one of its versions left it, or the `fields` of it that are asked for."""
    for name, _ in question.query:
        if name in ("include", "as_of"):
            raise refused(name, "can't go together with version, which is about the record alone")
    await moment_of(state, context, question.query)

    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        named = await key_named(state, context, model, entity, question.id)
        key, grant = entity.key.text(named), grant_for(entity, "read", context.user)
        scope, database = Scope(model, context.user), state.database(context.the_app)
        check_parameters(scope, entity, question)
        wanted = parse_shown(Scope(model, context.user), entity, dict(question.query).get("fields", ""), "").fields
        now = await _now(state, context, model, entity, named, grant, "Version")
        row = await records.load_version(database, entity, scope, key, version)
        await check_current(state, context, model)
        record = records.record_at(model.schema, entity, row, grant, now) if row else None
        if record is None:
            raise not_found("Version")
        if wanted is not None:
            record = {name: record[name] for name in wanted if name in record}
        return Answer(body=exact.dumps({"data": record}))

    return await under_current_schema(state, context, attempt)


async def fetch_commit(state: State, context: Context, question: ask.FetchCommit) -> Answer:
    row = await records.load_entry(state.database(context.the_app), question.position, question.n)
    if row is None:
        raise not_found("Commit")
    schema = await state.schemas.get(context.the_app, at_least=row["schema_version"])
    return Answer(body=exact.dumps(commit_event(context.the_app, schema, row)))


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
