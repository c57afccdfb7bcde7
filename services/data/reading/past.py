"""What the data service answers about records as they were, from the log."""

from __future__ import annotations

from libs.shared import exact
from libs.shared.contracts import records as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.errors import not_found
from libs.shared.paging import page_of
from services.data.fence import under_current_schema
from services.data.log import history
from services.data.log.entries import commit_event
from services.data.model import EntityModel, Model
from services.data.permissions import grant_for
from services.data.query.scope import Scope
from services.data.query.statements import hidden_statement
from services.data.reading.execution import read
from services.data.reading.moments import moment_of
from services.data.state import State


async def record_history(state: State, context: Context, question: ask.RecordHistory) -> Answer:
    page = page_of(dict(question.query))
    as_of = await moment_of(state, context, question.query)

    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        key = entity.key.text(entity.key.parse(question.id))
        await _not_hidden(state, context, model, entity, question.id)
        scope, database = Scope(model, context.user), state.database(context.the_app)
        rows, total = await history.load_page(database, entity, scope, key, page, as_of)
        if not total:
            raise not_found("Record")
        data = [history.shown(model.schema, entity, row) for row in rows]
        return Answer(body=exact.dumps({"data": data, "meta": page.meta(total)}))

    return await under_current_schema(state, context, attempt)


async def get_version(state: State, context: Context, question: ask.GetRecord, version: int) -> Answer:
    """The record as one of its versions left it."""

    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        key = entity.key.text(entity.key.parse(question.id))
        await _not_hidden(state, context, model, entity, question.id)
        scope, database = Scope(model, context.user), state.database(context.the_app)
        row = await history.load_version(database, entity, scope, key, version)
        record = history.record_at(model.schema, entity, row) if row else None
        if record is None:
            raise not_found("Version")
        return Answer(body=exact.dumps({"data": record}))

    return await under_current_schema(state, context, attempt)


async def fetch_commit(state: State, context: Context, question: ask.FetchCommit) -> Answer:
    row = await history.load_entry(state.database(context.the_app), question.position, question.n)
    if row is None:
        raise not_found("Commit")
    schema = await state.schemas.get(context.the_app, at_least=row["schema_version"])
    return Answer(body=exact.dumps(commit_event(context.the_app, schema, row)))


async def _not_hidden(state: State, context: Context, model: Model, entity: EntityModel, record_id: str) -> None:
    """Raises NOT_FOUND for a record that is there, in the trash or not, and that the caller may not see as it is."""
    grant = grant_for(entity, "read", context.user)
    if grant.alternatives is None:
        return
    row = await read(state, context, model, hidden_statement(entity, entity.key.parse(record_id), grant))
    if row["hidden"]:
        raise not_found("Record")
