"""What the data service answers about records: load → decide → commit → reply."""

from __future__ import annotations

import re
from typing import Any

import orjson

from libs.shared import exact
from libs.shared.contracts import records as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import RocketError, not_found
from libs.shared.paging import page_of, positive
from libs.shared.postgres.errors import SchemaMoved
from libs.shared.telemetry import tracing
from services.data import effects
from services.data.fence import under_current_schema
from services.data.log import history
from services.data.log.entries import commit_event
from services.data.model import EntityModel, KeyValue, Model
from services.data.permissions import Grant, grant_for
from services.data.query.parameters import parse_list_query, refuse_include
from services.data.query.statements import exists_statement, get_statement, list_statement
from services.data.state import State
from services.data.writes import statements
from services.data.writes.command import Command
from services.data.writes.execution import commit
from services.data.writes.files import resolve_files
from services.data.writes.validation import validate_create, validate_update

IF_MATCH = re.compile(r'(?:W/)?"?(\d{1,18})[^"]*"?')


async def list_records(state: State, context: Context, question: ask.ListRecords) -> Answer:
    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        grant = grant_for(entity, "read", context.user)
        query = parse_list_query(entity, question.query)
        row = await _read(state, context, model, list_statement(entity, query, grant))
        meta = orjson.dumps(query.page.meta(row["total"]))
        return Answer(body=b'{"data":%s,"meta":%s}' % (row["records"].encode(), meta))

    return await under_current_schema(state, context, attempt)


async def get_record(state: State, context: Context, question: ask.GetRecord) -> Answer:
    parameters = dict(question.query)
    if version := positive(parameters.get("version", "")):
        return await _get_version(state, context, question, version)

    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        grant = grant_for(entity, "read", context.user)
        refuse_include(parameters.get("include", ""))
        row = await _read_point(state, context, model, entity, entity.key.parse(question.id), grant)
        if row["version"] is None:
            raise not_found("Record")
        if _tags(question.if_none_match) & {str(row["version"]), "*"}:
            return Answer(304, headers=_etag(row["version"]))
        return Answer(body=b'{"data":%s}' % row["record"].encode(), headers=_etag(row["version"]))

    return await under_current_schema(state, context, attempt)


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
        if_version = _if_match(question.if_match)
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
        if_version = _if_match(question.if_match)
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


async def record_history(state: State, context: Context, question: ask.RecordHistory) -> Answer:
    page = page_of(dict(question.query))

    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        key = entity.key.text(entity.key.parse(question.id))
        await _may_read_past(state, context, model, entity, question.id)
        database = state.database(context.the_app)
        rows, total = await history.load_page(database, entity, key, page.size, page.offset)
        if not total:
            raise not_found("Record")
        data = [history.shown(model.schema, entity, row) for row in rows]
        return Answer(body=exact.dumps({"data": data, "meta": page.meta(total)}))

    return await under_current_schema(state, context, attempt)


async def fetch_commit(state: State, context: Context, question: ask.FetchCommit) -> CommitEvent:
    row = await history.load_entry(state.database(context.the_app), question.position, question.n)
    if row is None:
        raise not_found("Commit")
    schema = await state.schemas.get(context.the_app, at_least=row["schema_version"])
    return commit_event(context.the_app, schema, row)


async def set_fields(state: State, context: Context, question: ask.SetFields) -> ask.Effected:
    async def attempt(model: Model) -> ask.Effected:
        return await effects.set_fields(state, context, model, question)

    return await under_current_schema(state, context, attempt)


async def _get_version(state: State, context: Context, question: ask.GetRecord, version: int) -> Answer:
    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        key = entity.key.text(entity.key.parse(question.id))
        await _may_read_past(state, context, model, entity, question.id)
        row = await history.load_version(state.database(context.the_app), entity, key, version)
        record = history.record_at(model.schema, entity, row) if row else None
        if record is None:
            raise not_found("Version")
        return Answer(body=exact.dumps({"data": record}))

    return await under_current_schema(state, context, attempt)


async def _may_read_past(state: State, context: Context, model: Model, entity: EntityModel, record_id: str) -> None:
    """The past is for those who may read the record; where only some records are granted, as it is now."""
    grant = grant_for(entity, "read", context.user)
    if grant.alternatives is None:
        return
    row = await _read(state, context, model, get_statement(entity, entity.key.parse(record_id), grant))
    if row["version"] is None:
        raise not_found("Record")


async def _grant_to_change(
    state: State, context: Context, model: Model, entity: EntityModel, key: KeyValue, action: str
) -> Grant:
    """The grant; without one the record's absence (404) is told before the lack of permission (403)."""
    try:
        return grant_for(entity, action, context.user)
    except RocketError:
        row = await _read(state, context, model, exists_statement(entity, key))
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
    row = await _read(state, context, model, get_statement(entity, key, grant))
    if row["version"] is None or if_version not in (None, row["version"]):
        raise await _why_not(state, context, model, entity, key, if_version)
    return Answer(body=b'{"data":%s}' % row["record"].encode(), headers=_etag(row["version"]))


async def _why_not(
    state: State, context: Context, model: Model, entity: EntityModel, key: KeyValue, if_version: int | None
) -> Exception:
    """Why a change found no row: another schema, no record, another version, or no grant for it."""
    row = await _read(state, context, model, exists_statement(entity, key))
    if row["version"] is None:
        return not_found("Record")
    if if_version is not None and row["version"] != if_version:
        message = f"The record has version {row['version']}, not {if_version}"
        return RocketError("PRECONDITION_FAILED", message, headers=_etag(row["version"]))
    return RocketError("FORBIDDEN", f"You may not change this {entity.name}")


async def _read_point(
    state: State, context: Context, model: Model, entity: EntityModel, key: KeyValue, grant: Grant
) -> Any:
    """One record as `get_statement` answers it; together with others where everything may be read."""
    if grant.alternatives is not None:
        return await _read(state, context, model, get_statement(entity, key, grant))
    with tracing.span("db", "query", "query.execute") as span:
        row = await state.points.read(state.database(context.the_app), entity, key)
        span.metadata["statement"] = "select"
    if row["schema_version"] != model.version:
        raise SchemaMoved
    return row


async def _read(state: State, context: Context, model: Model, statement: tuple[str, list[Any]]) -> Any:
    """One row of a reading statement. Raises SchemaMoved when it was compiled for another schema."""
    sql, values = statement
    with tracing.span("db", "query", "query.execute") as span:
        row = await state.database(context.the_app).fetchrow(sql, *values, timeout=context.remaining())
        span.metadata["statement"] = "select"
    if row is None or row["schema_version"] != model.version:
        raise SchemaMoved
    return row


def _written(row: Any, status: int) -> Answer:
    headers = {**_etag(row["version"]), "X-Commit": str(row["position"])}
    return Answer(status, b'{"data":%s}' % row["record"].encode(), headers)


def _etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",") if tag.strip()}


def _if_match(header: str) -> int | None:
    """The version that If-Match demands; None for no demand or `*`. Raises PRECONDITION_FAILED for no version."""
    if header.strip() in ("", "*"):
        return None
    match = IF_MATCH.fullmatch(header.strip())
    if match is None:
        raise RocketError("PRECONDITION_FAILED", "If-Match names no version of this record")
    return int(match[1])
