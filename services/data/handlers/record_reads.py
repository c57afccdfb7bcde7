"""What the data service answers about records: load → decide → reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.etags import etag, representation_tag, tags_of
from libs.shared.paging import positive
from services.data.handlers.record_history import get_version
from services.data.model import EntityModel, Model, PointStatement
from services.data.query.aggregate_sql import aggregate_sql
from services.data.query.aggregates import parse_aggregate
from services.data.query.cursors import write_cursor
from services.data.query.lists import COUNTED, estimate_sql, list_sql
from services.data.query.parameters import ListQuery, parse_list, parse_one
from services.data.query.point_lookups import handle_of
from services.data.query.scope import Scope, check_parameters, refused
from services.data.query.shapes import Chosen, Point, Shown
from services.data.request.execution import read, read_plan, read_point, statement_of
from services.data.request.moments import moment_of
from services.data.request.schema_fence import under_current_schema
from services.data.state import State


async def list_records(state: State, context: Context, request: contracts.ListRecords) -> Response:
    as_of = await moment_of(state, context, request.query)

    async def attempt(model: Model) -> Response:
        entity = model.entity(request.entity)
        scope = Scope(model, context.user)
        check_parameters(scope, entity, request)
        query = parse_list(scope, entity, request.query, as_of)
        listing = query.listing
        sql = model.statements.made((entity.name, listing), lambda: list_sql(model, entity, listing))
        row = await read(state, context, model, (sql, scope.values))
        records, cut = model.bounds.told(row["records"])
        meta = _meta(query, row)
        if cut:
            meta["included_truncated"] = cut
        if listing.counting == "estimated":
            meta["total"] = await _estimate(state, context, model, entity, query, scope.values, row["total"])
        return Response(body=b'{"data":%s,"meta":%s}' % (records.encode(), exact.dumps(meta)))

    return await under_current_schema(state, context, attempt)


async def get_record(state: State, context: Context, request: contracts.GetRecord) -> Response:
    parameters = dict(request.query)
    if "version" in parameters:
        version = positive(parameters["version"])
        if not version:
            raise refused("version", "must be a number from 1 on")
        return await get_version(state, context, request, version)
    as_of = await moment_of(state, context, request.query)

    async def attempt(model: Model) -> Response:
        entity = model.entity(request.entity)
        check_parameters(Scope(model, context.user), entity, request)
        point, statement, row, values = await _find(state, context, model, entity, request.id, parameters, as_of)
        version = row["version"]
        if not _plain(point):
            tag = representation_tag(version, model.version, statement.fingerprint, values)
            return Response(body=_record(model, row["record"]), headers=tag)
        if tags_of(request.if_none_match) & {str(version), "*"}:
            return Response(304, headers=etag(version))
        return Response(body=b'{"data":%s}' % row["record"].encode(), headers=etag(version))

    return await under_current_schema(state, context, attempt)


async def aggregate_records(state: State, context: Context, request: contracts.AggregateRecords) -> Response:
    as_of = await moment_of(state, context, request.query)

    async def attempt(model: Model) -> Response:
        entity = model.entity(request.entity)
        scope = Scope(model, context.user)
        check_parameters(scope, entity, request)
        query = parse_aggregate(scope, entity, request.query, as_of)
        aggregate = query.aggregate
        sql = model.statements.made((entity.name, aggregate), lambda: aggregate_sql(model, entity, aggregate))
        row = await read(state, context, model, (sql, scope.values))
        meta = exact.dumps(query.page.meta(row["total"]))
        return Response(body=b'{"data":%s,"meta":%s}' % (row["records"].encode(), meta))

    return await under_current_schema(state, context, attempt)


async def _find(
    state: State,
    context: Context,
    model: Model,
    entity: EntityModel,
    text: str,
    parameters: dict[str, str],
    as_of: int | None,
) -> tuple[Point, PointStatement, Any, Sequence[Any]]:
    """The record of a key, or else of a slug. Raises NOT_FOUND."""
    for by_slug in (False, True) if entity.definition.slug else (False,):
        try:
            handle = handle_of(entity, text, by_slug, past=as_of is not None)
        except RocketError:
            handle = None  # what can't be a key may be a slug
        scope = Scope(model, context.user, len(handle or ()))
        point = Point(*parse_one(scope, entity, parameters, as_of), by_slug)
        if by_slug and not _knows_slugs(scope, entity):
            break
        if handle is None:
            continue
        statement = statement_of(model, entity, point)
        row = await read_point(state, context, model, statement, handle, scope.values)
        if row["version"] is not None:
            return point, statement, row, scope.values
    raise not_found("Record")


def _record(model: Model, text: str) -> bytes:
    record, cut = model.bounds.told(text)
    meta = b',"meta":%s' % exact.dumps({"included_truncated": cut}) if cut else b""
    return b'{"data":%s%s}' % (record.encode(), meta)


def _knows_slugs(scope: Scope, entity: EntityModel) -> bool:
    """Whether the caller may ask by slug; nobody finds out by trying what a field holds that is hidden from them."""
    slug = entity.definition.slug
    return slug is not None and slug.field in scope.fields(entity)


def _plain(point: Point) -> bool:
    """Whether the record alone is shown, whole and as it is: then its version says all."""
    chosen, shown, _ = point
    whole = chosen.visible is None or chosen.visible.profile.is_open
    return whole and shown == Shown() and chosen == Chosen(chosen.visible)


def _meta(query: ListQuery, row: Any) -> dict[str, Any]:
    listing, page = query.listing, query.page
    meta: dict[str, Any] = {"page": page.number, "per_page": page.size}
    if listing.behind is not None:
        following = row["next"]
        del meta["page"]
        meta["next_cursor"] = write_cursor(query.fingerprint, exact.loads(following)) if following else None
    if listing.counting != "none":
        meta["total"] = row["total"]
    if listing.counting == "estimated":
        meta["estimated"] = True
    return meta


async def _estimate(
    state: State,
    context: Context,
    model: Model,
    entity: EntityModel,
    query: ListQuery,
    values: Sequence[Any],
    counted: int,
) -> int:
    """How many rows match: counted while they are few, else as the planner expects."""
    if counted <= COUNTED:
        return counted
    chosen = query.listing.chosen
    sql = model.statements.made((entity.name, chosen), lambda: estimate_sql(model, entity, chosen))
    return max(counted, await read_plan(state, context, (sql, values[: query.matched])))
