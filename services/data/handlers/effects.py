"""What workflows have done to records, and read of them, with a definition's authority."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.contracts import effects as contracts
from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.contracts.records import ListRecords
from libs.shared.errors import RocketError, invalid
from services.data.handlers.record_reads import list_records
from services.data.model import EntityModel
from services.data.model.version import check_current
from services.data.query.statements import many_now_sql
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema
from services.data.state import State
from services.data.writes.requests import effects

MAX_RECORDS = 1_000
"""Records of one request."""
MAX_BYTES = 8 * 1024 * 1024
"""Bytes of the records of one answer, as JSON."""


@under_schema
async def set_fields(ctx: RequestContext, request: contracts.SetFields) -> contracts.Effected:
    return await effects.perform_once(ctx.write(request.effect_key), request, effects.set_fields)


@under_schema
async def add_record(ctx: RequestContext, request: contracts.AddRecord) -> contracts.Effected:
    return await effects.perform_once(ctx.write(request.effect_key), request, effects.add_record)


@under_schema
async def remove_record(ctx: RequestContext, request: contracts.RemoveRecord) -> contracts.Effected:
    return await effects.perform_once(ctx.write(request.effect_key), request, effects.remove_record)


@under_schema
async def move_state(ctx: RequestContext, request: contracts.MoveState) -> contracts.Effected:
    return await effects.perform_once(ctx.write(request.effect_key), request, effects.move_state)


@under_schema
async def fetch_records(ctx: RequestContext, request: contracts.FetchRecords) -> contracts.FetchedRecords:
    """Records as they are now, whole or the fields that are needed. An entity that is gone has none."""
    if len(request.records) > MAX_RECORDS:
        raise invalid(f"A request takes at most {MAX_RECORDS} records")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name in dict.fromkeys(entity for entity, _ in request.records):
        if name in ctx.model.schema.entities:
            entity = ctx.model.entity(name)
            ids = [record_id for other, record_id in request.records if other == name]
            found |= {(name, each): record for each, record in (await _live(ctx, entity, ids)).items()}
    await check_current(ctx.database, ctx.model)
    fetched = [_part(found.get((name, each)), request.fields.get(name)) for name, each in request.records]
    if sum(len(exact.dumps(record)) for record in fetched) > MAX_BYTES:
        raise invalid(f"The records have more than {MAX_BYTES} bytes together")
    return contracts.FetchedRecords(fetched)


async def _live(ctx: RequestContext, entity: EntityModel, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Live records by id, as it was spelled."""
    keys = {each: key for each in ids if (key := _key(entity, each)) is not None}
    rows = await ctx.database.fetch(many_now_sql(entity), list(set(keys.values())))
    there = {row["key"]: exact.loads(row["record"]) for row in rows if row["live"]}
    return {each: there[key] for each, key in keys.items() if key in there}


def _key(entity: EntityModel, record_id: str) -> str | None:
    try:
        return entity.key.text(entity.key.parse(record_id))
    except RocketError:
        return None


def _part(record: dict[str, Any] | None, names: list[str] | None) -> dict[str, Any] | None:
    if record is None or names is None:
        return record
    return {name: record[name] for name in names if name in record}


async def page_records(state: State, context: Context, request: contracts.PageRecords) -> contracts.RecordPage:
    """A page of all records that match, as a list by cursor returns it to an admin."""
    filters = [(f"filter[{name}]", _text(value)) for name, value in request.filters.items()]
    query = [*filters, ("per_page", str(request.limit)), ("cursor", request.after)]
    response = await list_records(state, context.for_user(SYSTEM), ListRecords(request.entity, query))
    found = exact.loads(response.body)
    schema = await state.schemas.get(context.the_app)
    definition = schema.entity(request.entity).definition
    names, keys = [field.name for field in definition.fields], [field.name for field in definition.key_fields]
    records = [{name: record[name] for name in names if name in record} for record in found["data"]]
    ids = [",".join(str(record[name]) for name in keys) for record in records]
    return contracts.RecordPage(records, ids, found["meta"]["next_cursor"] or "")


def _text(value: Any) -> str:
    """A filter's value as a URL has it."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return value if isinstance(value, str) else exact.dumps(value).decode()
