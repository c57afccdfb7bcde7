"""Import jobs as their owners use them: start, look, cancel, resume, undo. Others see none, save for admins."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from libs.shared import exact
from libs.shared.contracts import imports as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.ids import UUID, parse_uuid, uuid7
from libs.shared.paging import page_of
from libs.shared.postgres.databases import Connection, Database
from services.data.files import store as file_store
from services.data.imports import store
from services.data.imports.jobs import ENDED, KINDS, RESUMABLE, STATUSES, ImportJob, find_job
from services.data.imports.mapping import plan_import, propose
from services.data.imports.refused_rows import csv_chunks, serialize_refusal
from services.data.model import EntityModel
from services.data.permissions import grant_for
from services.data.query.scope import refused
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema

MAX_WAITING_JOBS = 100
"""Jobs of an app that are queued or running."""
MAX_PAGE_ROWS = 500
"""Refused rows of one page."""


@under_schema
async def check_import(ctx: RequestContext, request: contracts.CheckImport) -> Response:
    """Refuse what can't be imported before its bytes are sent, and note the file as one that is being stored."""
    grant_for(ctx.model.entity(request.entity), "create", ctx.caller)
    await _refuse_full(ctx.database)
    await ctx.database.execute(file_store.ANNOUNCE, parse_uuid(request.file_id))
    return Response()


@under_schema
async def preview_import(ctx: RequestContext, request: contracts.PreviewImport) -> Response:
    entity = ctx.model.entity(request.entity)
    preview = exact.loads(request.body)
    return Response(body=exact.dumps({"data": {**preview, "mapping": propose(ctx.caller, entity, request.columns)}}))


@under_schema
async def create_import(ctx: RequestContext, request: contracts.CreateImport) -> Response:
    entity = ctx.model.entity(request.entity)
    options = contracts.ImportOptions.model_validate(request.options)
    grant_for(entity, "create", ctx.caller)
    if options.key is not None:
        grant_for(entity, "update", ctx.caller)
    _check_zone(options.timezone)
    plan = plan_import(ctx.scope(), ctx.caller, entity, request.columns, options)
    await _refuse_full(ctx.database)
    mapping = {column: _serialize_target(target) for column, target in plan.targets.items()}
    document = {
        "filename": request.filename,
        "size": request.size,
        "columns": request.columns,
        "options": {**request.options, "mapping": mapping},
    }
    created = await ctx.database.fetchval(
        store.CREATE, parse_uuid(request.id), parse_uuid(request.file_id), entity.number, options.dry_run,
        exact.dumps(document).decode(), _owner(ctx), _origin(ctx),
    )  # fmt: skip
    if created is None:
        raise RocketError("CONFLICT", "The upload took too long and was given up")
    return await _respond(ctx, entity, await find_job(ctx.database, request.id), 202)


@under_schema
async def list_imports(ctx: RequestContext, request: contracts.ListImports) -> Response:
    entity = ctx.model.entity(request.entity)
    query = dict(request.query)
    page = page_of(query)
    for name, known in (("status", STATUSES), ("kind", KINDS)):
        if query.get(name) and query[name] not in known:
            raise refused(name, f"must be one of {', '.join(known)}")
    owner = None if ctx.caller.is_admin else ctx.caller.id
    chosen = (entity.number, owner, query.get("status") or None, query.get("kind") or None)
    total = await ctx.database.fetchval(store.COUNT, *chosen)
    rows = await ctx.database.fetch(store.LIST, *chosen, page.size, page.offset)
    data = [ImportJob.of(row).to_dict(ctx.context.the_app.name, entity.name) for row in rows]
    return Response(body=exact.dumps({"data": data, "meta": page.meta(total)}))


@under_schema
async def get_import(ctx: RequestContext, request: contracts.GetImport) -> Response:
    entity = ctx.model.entity(request.entity)
    return await _respond(ctx, entity, await _own(ctx, ctx.database, entity, request.id))


@under_schema
async def list_refused_rows(ctx: RequestContext, request: contracts.ListRefusedRows) -> contracts.RefusedRows:
    entity = ctx.model.entity(request.entity)
    job = await _own(ctx, ctx.database, entity, request.id)
    query = dict(request.query)
    wanted = query.get("format") or "csv"
    if wanted not in ("csv", "json"):
        raise refused("format", "must be csv or json")
    if wanted == "csv":
        subject = await ctx.state.streams.offer(ctx.context.the_app.id, csv_chunks(ctx.database, job))
        return contracts.RefusedRows(subject, f"{entity.name}-refused.csv")
    page = page_of(query, MAX_PAGE_ROWS)
    rows = await ctx.database.fetch(store.REFUSALS_PAGE, job.id, page.size, page.offset)
    data = [serialize_refusal(job.columns, row) for row in rows]
    return contracts.RefusedRows(body=exact.dumps({"data": data, "meta": page.meta(job.row["refused"])}))


@under_schema
async def cancel_import(ctx: RequestContext, request: contracts.CancelImport) -> Response:
    entity = ctx.model.entity(request.entity)
    async with ctx.database.transaction() as connection:
        job = await _own(ctx, connection, entity, request.id, lock=True)
        if job.status in ENDED:
            raise RocketError("INVALID_STATE", f"The import is {job.status} already")
        await connection.execute(store.END, job.id, "cancelled", None)
    return await _respond(ctx, entity, await find_job(ctx.database, request.id))


@under_schema
async def resume_import(ctx: RequestContext, request: contracts.ResumeImport) -> Response:
    entity = ctx.model.entity(request.entity)
    async with ctx.database.transaction() as connection:
        job = await _own(ctx, connection, entity, request.id, lock=True)
        if job.status not in RESUMABLE:
            raise RocketError("INVALID_STATE", f"The import is {job.status}; a failed or cancelled one can be resumed")
        if job.row["undo_id"] is not None:
            raise RocketError("INVALID_STATE", "The import was undone, or is being undone")
        if job.row["kind"] == "import" and job.row["file_id"] is None:
            raise RocketError("CONFLICT", "The file is kept no longer: import it again")
        await _queue(ctx, connection, job)
    return await _respond(ctx, entity, await find_job(ctx.database, request.id), 202)


@under_schema
async def undo_import(ctx: RequestContext, request: contracts.UndoImport) -> Response:
    """A new job that undoes an import; the one that there is, going on where it failed, if it was asked for before."""
    entity = ctx.model.entity(request.entity)
    async with ctx.database.transaction() as connection:
        job = await _own(ctx, connection, entity, request.id, lock=True)
        if job.row["kind"] != "import" or job.row["dry_run"]:
            raise RocketError("INVALID_STATE", "Only an import that has written something can be undone")
        if job.status not in ENDED:
            raise RocketError("INVALID_STATE", f"The import is {job.status}: cancel it first, or wait for its end")
        undo_id = job.row["undo_id"]
        if undo_id is None:
            undo_id = str(await _create_undo(ctx, connection, job))
        else:
            undo = await find_job(connection, undo_id, lock=True)
            if undo.status in RESUMABLE:
                await _queue(ctx, connection, undo)
    return await _respond(ctx, entity, await find_job(ctx.database, undo_id), 202)


async def _create_undo(ctx: RequestContext, connection: Connection, job: ImportJob) -> UUID:
    rows = await connection.fetchval(store.COMMITTED_ROWS, job.id)
    document = {"filename": job.document["filename"], "size": None, "columns": [], "options": {}}
    undo_id = uuid7()
    said = exact.dumps(document).decode()
    values = (undo_id, job.id, job.row["entity"], said, _owner(ctx), _origin(ctx), rows)
    await connection.execute(store.CREATE_UNDO, *values)
    return undo_id


async def _queue(ctx: RequestContext, connection: Connection, job: ImportJob) -> None:
    """Have a job go on. It acts for its owner, even if an admin resumes it; an undo acts for its caller."""
    who = (_owner(ctx), _origin(ctx)) if job.row["kind"] == "undo" else (None, None)
    await connection.execute(store.QUEUE, job.id, *who)


async def _own(
    ctx: RequestContext, connection: Connection | Database, entity: EntityModel, text: str, lock: bool = False
) -> ImportJob:
    """The job, if it is the caller's, or the caller is an admin. Raises NOT_FOUND."""
    job = await find_job(connection, text, lock)
    owner = job.owner
    is_own = owner.id == ctx.caller.id and owner.via == ctx.caller.via
    if job.row["entity"] != entity.number or not (is_own or ctx.caller.is_admin):
        raise not_found("Import")
    return job


async def _refuse_full(database: Database) -> None:
    if await database.fetchval(store.WAITING) >= MAX_WAITING_JOBS:
        raise RocketError("CONFLICT", f"{MAX_WAITING_JOBS} imports wait or run: try again when some are done")


async def _respond(ctx: RequestContext, entity: EntityModel, job: ImportJob, status: int = 200) -> Response:
    app = ctx.context.the_app.name
    headers = {"Location": f"/api/{app}/{entity.name}/_imports/{job.row['id']}"} if status == 202 else {}
    return Response(status, exact.dumps({"data": job.to_dict(app, entity.name)}), headers)


def _owner(ctx: RequestContext) -> str:
    return exact.dumps(ctx.caller.packed()).decode()


def _origin(ctx: RequestContext) -> str:
    context = ctx.context
    return exact.dumps({"trace_id": context.trace_id, "ip": context.ip, "user_agent": context.user_agent}).decode()


def _check_zone(name: str | None) -> None:
    if name is not None and name not in available_timezones():
        raise invalid_field("timezone", "timezone must be a time zone such as Europe/Berlin", "timezone")
    if name is not None:
        ZoneInfo(name)


def _serialize_target(target: Any) -> Any:
    if target is None:
        return None
    return {"field": target.field.name, "by": target.by.name} if target.by is not None else target.field.name
