"""Exports: all records of a list, streamed."""

from __future__ import annotations

from libs.shared.contracts import records as contracts
from services.data.query.export_stream import export_chunks
from services.data.query.exports import FORMATS, export_sql, parse_export, typed_columns
from services.data.query.scope import check_parameters
from services.data.query_spans import executing
from services.data.request.context import RequestContext
from services.data.request.moments import moment_of
from services.data.request.schema_fence import under_schema


@under_schema
async def export_records(ctx: RequestContext, request: contracts.ExportRecords) -> contracts.Exported:
    as_of = await moment_of(ctx, request.query)
    entity = ctx.model.entity(request.entity)
    scope = ctx.scope()
    check_parameters(scope, entity, request)
    export = parse_export(scope, entity, request.query, as_of)
    sql = ctx.model.statements.made((entity.name, export), lambda: export_sql(ctx.model, entity, export))
    with executing(sql, entity.name) as span:
        span.metadata["statement"] = "export"
        chunks = export_chunks(ctx.database, ctx.model, entity, export, sql, scope.values)
        subject = await ctx.state.streams.offer(ctx.context.the_app.id, chunks)
    columns = typed_columns(entity, export) if export.format == "xlsx" else []
    return contracts.Exported(subject, FORMATS[export.format], f"{entity.name}.{export.format}", columns)
