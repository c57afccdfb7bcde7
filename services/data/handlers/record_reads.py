"""Reads of records: lists, single records, aggregates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.contracts import records as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.etags import etag, representation_tag, tags_of
from libs.shared.paging import positive
from services.data.handlers.record_history import get_version
from services.data.model import EntityModel, Model, PointStatement
from services.data.query.aggregate_sql import aggregate_sql
from services.data.query.aggregates import parse_aggregate
from services.data.query.cursors import neighbours
from services.data.query.lists import MAX_COUNTED_ROWS, estimate_sql, list_sql
from services.data.query.parameters import ListQuery, parse_list, parse_one
from services.data.query.point_lookups import lookup_values
from services.data.query.scope import Scope, check_parameters, refused
from services.data.query.shapes import Criteria, Output, Point
from services.data.request.context import RequestContext
from services.data.request.execution import look_up, planned_rows, read, statement_of
from services.data.request.moments import moment_of
from services.data.request.schema_fence import under_schema


@under_schema
async def list_records(ctx: RequestContext, request: contracts.ListRecords) -> Response:
    as_of = await moment_of(ctx, request.query)
    entity = ctx.model.entity(request.entity)
    scope = ctx.scope()
    check_parameters(scope, entity, request)
    query = parse_list(scope, entity, request.query, as_of)
    listing = query.listing
    sql = ctx.model.statements.made((entity.name, listing), lambda: list_sql(ctx.model, entity, listing))
    row = await read(ctx, (sql, scope.values))
    meta, records = _meta(query, row), row["records"]
    if listing.output.truncate:
        records, cut_fields = ctx.model.bounds.split_value_marks(records)
        meta["truncated"] = cut_fields
    records, cut = ctx.model.bounds.split_marks(records)
    if cut:
        meta["included_truncated"] = cut
    if listing.counting == "estimated":
        meta["total"] = await _estimate(ctx, entity, query, scope.values, row["total"])
    return Response(body=b'{"data":%s,"meta":%s}' % (records.encode(), exact.dumps(meta)))


@under_schema
async def get_record(ctx: RequestContext, request: contracts.GetRecord) -> Response:
    parameters = dict(request.query)
    if "version" in parameters:
        version = positive(parameters["version"])
        if not version:
            raise refused("version", "must be a number from 1 on")
        return await get_version(ctx, request, version)
    as_of = await moment_of(ctx, request.query)
    entity = ctx.model.entity(request.entity)
    check_parameters(ctx.scope(), entity, request)
    point, statement, row, values = await _find(ctx, entity, request.id, parameters, as_of)
    version = row["version"]
    if not _is_plain(point):
        tag = representation_tag(version, ctx.model.version, statement.fingerprint, values)
        return Response(body=_record(ctx.model, row["record"]), headers=tag)
    if tags_of(request.if_none_match) & {str(version), "*"}:
        return Response(304, headers=etag(version))
    return Response(body=b'{"data":%s}' % row["record"].encode(), headers=etag(version))


@under_schema
async def aggregate_records(ctx: RequestContext, request: contracts.AggregateRecords) -> Response:
    as_of = await moment_of(ctx, request.query)
    entity = ctx.model.entity(request.entity)
    scope = ctx.scope()
    check_parameters(scope, entity, request)
    query = parse_aggregate(scope, entity, request.query, as_of)
    aggregate = query.aggregate
    sql = ctx.model.statements.made((entity.name, aggregate), lambda: aggregate_sql(ctx.model, entity, aggregate))
    row = await read(ctx, (sql, scope.values))
    meta = exact.dumps(query.page.meta(row["total"]))
    return Response(body=b'{"data":%s,"meta":%s}' % (row["records"].encode(), meta))


async def _find(
    ctx: RequestContext,
    entity: EntityModel,
    text: str,
    parameters: dict[str, str],
    as_of: int | None,
) -> tuple[Point, PointStatement, Any, Sequence[Any]]:
    """The record of a key, or else of a slug. Raises NOT_FOUND."""
    for by_slug in (False, True) if entity.definition.slug else (False,):
        try:
            handle = lookup_values(entity, text, by_slug, past=as_of is not None)
        except RocketError:
            handle = None  # it may still be a slug
        scope = ctx.scope(len(handle or ()))
        point = Point(*parse_one(scope, entity, parameters, as_of), by_slug)
        if by_slug and not _may_look_up_slugs(scope, entity):
            break
        if handle is None:
            continue
        statement = statement_of(ctx, entity, point)
        row = await look_up(ctx, statement, handle, scope.values)
        if row["version"] is not None:
            return point, statement, row, scope.values
    raise not_found("Record")


def _record(model: Model, text: str) -> bytes:
    record, cut = model.bounds.split_marks(text)
    meta = b',"meta":%s' % exact.dumps({"included_truncated": cut}) if cut else b""
    return b'{"data":%s%s}' % (record.encode(), meta)


def _may_look_up_slugs(scope: Scope, entity: EntityModel) -> bool:
    """Whether the caller may look up by slug: a hidden field must not be found out by trying values."""
    slug = entity.definition.slug
    return slug is not None and slug.field in scope.fields(entity)


def _is_plain(point: Point) -> bool:
    """Whether the response is the whole stored record and nothing else, so that its version identifies it."""
    criteria, output, _ = point
    whole = criteria.visible is None or criteria.visible.profile.is_open
    return whole and output == Output() and criteria == Criteria(criteria.visible)


def _meta(query: ListQuery, row: Any) -> dict[str, Any]:
    listing, page = query.listing, query.page
    meta: dict[str, Any] = {"page": page.number, "per_page": page.size}
    if listing.after is not None:
        del meta["page"]
        meta |= neighbours(query.fingerprint, query.cursor, listing.after, row)
    if listing.counting != "none":
        meta["total"] = row["total"]
    if listing.counting == "estimated":
        meta["estimated"] = True
    return meta


async def _estimate(
    ctx: RequestContext,
    entity: EntityModel,
    query: ListQuery,
    values: Sequence[Any],
    counted: int,
) -> int:
    """How many rows match: the count up to MAX_COUNTED_ROWS, beyond that what the planner expects."""
    if counted <= MAX_COUNTED_ROWS:
        return counted
    criteria = query.listing.criteria
    sql = ctx.model.statements.made((entity.name, criteria), lambda: estimate_sql(ctx.model, entity, criteria))
    return max(counted, await planned_rows(ctx, (sql, values[: query.matched])))
