"""What the data service does to records: load → decide → commit → reply."""

from __future__ import annotations

from typing import Any

import orjson

from libs.shared.contracts import records as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.errors import RocketError, not_found
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.telemetry import tracing
from services.data import effects
from services.data.etags import demanded_version, etag
from services.data.fence import under_current_schema
from services.data.model import EntityModel, KeyValue, Model
from services.data.permissions import Grant, grant_for
from services.data.query.statements import exists_statement, get_statement
from services.data.reading.execution import read
from services.data.state import State
from services.data.writes import statements
from services.data.writes.command import Command
from services.data.writes.execution import commit
from services.data.writes.files import resolve_files
from services.data.writes.validation import validate_create, validate_update


async def create_record(state: State, context: Context, question: ask.CreateRecord) -> Answer:
    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        grant_for(entity, "create", context.user)
        with tracing.span("engine", "writer", "write.validate", entity.name):
            values = validate_create(entity, entity.parse_body(question.body))
        await resolve_files(state.database(context.the_app), entity, values)
        command = Command.of(context, model.version)
        statement = statements.create_statement(entity, values, command)
        guard = None if entity.key.generated else entity.key.text(entity.key.of(values))
        row = await commit(state, context, entity, "write.insert", statement, guard)
        if row is None:
            raise SchemaMoved
        return _written(row, 201)

    return await under_current_schema(state, context, attempt)


async def update_record(state: State, context: Context, question: ask.UpdateRecord) -> Answer:
    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        key = entity.key.parse(question.id)
        grant = await _grant_to_change(state, context, model, entity, key, "update")
        if_version = demanded_version(question.if_match)
        with tracing.span("engine", "writer", "write.validate", entity.name):
            values = validate_update(entity, entity.parse_body(question.body))
        if not values:
            return await _unchanged(state, context, model, entity, key, grant, if_version)
        await resolve_files(state.database(context.the_app), entity, values)
        command = Command.of(context, model.version)
        statement = statements.update_statement(entity, key, values, grant, if_version, command)
        row = await commit(state, context, entity, "write.update", statement)
        if row is None:
            raise await _why_not(state, context, model, entity, key, if_version)
        return _written(row, 200)

    return await under_current_schema(state, context, attempt)


async def delete_record(state: State, context: Context, question: ask.DeleteRecord) -> Answer:
    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        key = entity.key.parse(question.id)
        grant = await _grant_to_change(state, context, model, entity, key, "delete")
        if_version = demanded_version(question.if_match)
        command = Command.of(context, model.version)
        make = statements.soft_delete_statement if entity.soft_delete else statements.hard_delete_statement
        statement = make(entity, key, grant, if_version, command)
        guard = None if entity.key.generated or entity.soft_delete else entity.key.text(key)
        row = await commit(state, context, entity, "write.delete", statement, guard)
        if row is None:
            raise await _why_not(state, context, model, entity, key, if_version)
        data = orjson.dumps({"data": {"id": entity.key.shown(orjson.loads(row["record"]))}})
        return Answer(body=data, headers={"X-Commit": str(row["position"])})

    return await under_current_schema(state, context, attempt)


async def set_fields(state: State, context: Context, question: ask.SetFields) -> ask.Effected:
    async def attempt(model: Model) -> ask.Effected:
        return await effects.set_fields(state, context, model, question)

    return await under_current_schema(state, context, attempt)


async def _grant_to_change(
    state: State, context: Context, model: Model, entity: EntityModel, key: KeyValue, action: str
) -> Grant:
    """The grant; without one the record's absence (404) is told before the lack of permission (403)."""
    try:
        return grant_for(entity, action, context.user)
    except RocketError:
        row = await read(state, context, model, exists_statement(entity, key))
        if row["version"] is None:
            raise not_found("Record") from None
        raise


async def _unchanged(
    state: State,
    context: Context,
    model: Model,
    entity: EntityModel,
    key: KeyValue,
    grant: Grant,
    if_version: int | None,
) -> Answer:
    """An update that sets nothing: the record as it is."""
    row = await read(state, context, model, get_statement(entity, key, grant))
    if row["version"] is None or if_version not in (None, row["version"]):
        raise await _why_not(state, context, model, entity, key, if_version)
    return Answer(body=b'{"data":%s}' % row["record"].encode(), headers=etag(row["version"]))


async def _why_not(
    state: State, context: Context, model: Model, entity: EntityModel, key: KeyValue, if_version: int | None
) -> Exception:
    """Why a change found no row: another schema, no record, another version, or no grant for it."""
    row = await read(state, context, model, exists_statement(entity, key))
    if row["version"] is None:
        return not_found("Record")
    if if_version is not None and row["version"] != if_version:
        message = f"The record has version {row['version']}, not {if_version}"
        return RocketError("PRECONDITION_FAILED", message, headers=etag(row["version"]))
    return RocketError("FORBIDDEN", f"You may not change this {entity.name}")


def _written(row: Any, status: int) -> Answer:
    headers = {**etag(row["version"]), "X-Commit": str(row["position"])}
    return Answer(status, b'{"data":%s}' % row["record"].encode(), headers)
