"""What the gateways' import workers ask for: claims, batches, ends. A claim that was lost ends the work on a job."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from libs.shared import exact
from libs.shared.contracts import imports as contracts
from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from libs.shared.ids import UUID, random_uuid
from libs.shared.postgres.databases import Connection
from services.data.imports import store
from services.data.imports.batches import note_outcome, write_batch
from services.data.imports.effects import count_effects
from services.data.imports.jobs import ImportJob, find_job
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema
from services.data.state import State
from services.data.writes.undo.undo import undo

CLAIM_S = 20.0
"""Seconds for which a claimed job is not claimed again, after its last sign of progress."""
MAX_ATTEMPTS = 20
"""Claims in a row without progress, after which a job fails."""
FILE_DAYS = 7
"""Days for which the file of a failed or cancelled job is kept."""
LOST = contracts.ImportProgress("lost", 0)
"""The response to a worker that no longer has the claim."""


@under_schema
async def claim_imports(ctx: RequestContext, request: contracts.ClaimImports) -> contracts.ClaimedImports:
    """Claim due jobs. A job that makes no progress however often it is claimed fails."""
    async with ctx.database.transaction() as connection:
        await connection.execute(store.SERIALISE_CLAIMS)
        running = await connection.fetchval(store.RUNNING)
        free = min(request.most, ctx.state.core.settings.import_jobs - running)
        rows = await connection.fetch(store.CLAIM, UUID(random_uuid()), CLAIM_S, free) if free > 0 else []
        claimed = [ImportJob.of(row) for row in rows]
        jobs = []
        for job in claimed:
            if job.row["attempts"] > MAX_ATTEMPTS:
                message = f"The import made no progress in {MAX_ATTEMPTS} attempts"
                await _end(connection, job, "failed", {"code": "SERVICE_UNAVAILABLE", "message": message})
            else:
                jobs.append(_claimed(ctx, job))
        next_in = await connection.fetchval(store.NEXT)
    return contracts.ClaimedImports(jobs, next_in)


def _claimed(ctx: RequestContext, job: ImportJob) -> dict[str, Any]:
    entity = ctx.model.schema.by_number.get(job.row["entity"])
    return {
        "id": job.row["id"],
        "claim": job.row["claim"],
        "kind": job.row["kind"],
        "entity": entity.name if entity else "",
        "file_id": job.row["file_id"] or "",
        "size": job.document["size"] or 0,
        "options": job.document["options"],
        "columns": job.columns,
        "rows": job.row["rows"],
        "done": job.row["done"],
        "owner": exact.loads(job.row["owner"]),
        "origin": exact.loads(job.row["origin"]),
    }


async def begin_import(state: State, context: Context, request: contracts.BeginImport) -> contracts.ImportProgress:
    async with state.database(context.the_app).transaction() as connection:
        job = await _held(connection, request.id, request.claim)
        if job is None:
            return LOST
        await connection.execute(store.BEGIN, job.id, request.rows)
        await connection.execute(store.KEEP_CLAIM, job.id, CLAIM_S)
    return contracts.ImportProgress(job.status, job.row["done"])


async def keep_import_claim(
    state: State, context: Context, request: contracts.KeepImportClaim
) -> contracts.ImportProgress:
    async with state.database(context.the_app).transaction() as connection:
        job = await _held(connection, request.id, request.claim)
        if job is None:
            return LOST
        await connection.execute(store.KEEP_CLAIM, job.id, CLAIM_S)
    return contracts.ImportProgress(job.status, job.row["done"])


@under_schema
async def write_imported_rows(ctx: RequestContext, request: contracts.WriteImportedRows) -> contracts.ImportProgress:
    """Write a batch and its progress in one transaction. A batch that is done already is not written again."""
    async with ctx.database.ambient_transaction() as connection:
        job = await _held(connection, request.id, request.claim)
        if job is None:
            return LOST
        _refuse_others(ctx, job)
        if job.row["done"] != request.first:
            return contracts.ImportProgress(job.status, job.row["done"])
        outcome = await write_batch(ctx, connection, job, exact.loads(request.body))
        effects = None
        if job.row["dry_run"]:
            entity = ctx.model.entity(job.name_in(ctx.model.schema))
            effects = await count_effects(ctx, job, entity, outcome.drafts)
        await note_outcome(connection, job, outcome, effects, CLAIM_S)
    return contracts.ImportProgress("running", request.first + outcome.done)


@under_schema
async def undo_imported_commit(ctx: RequestContext, request: contracts.UndoImportedCommit) -> contracts.ImportProgress:
    """Take the last commit that still stands back, in one transaction with the progress."""
    async with ctx.database.ambient_transaction() as connection:
        job = await _held(connection, request.id, request.claim)
        if job is None:
            return LOST
        _refuse_others(ctx, job)
        import_id = UUID(job.row["undoes"])
        last = await connection.fetchrow(store.LAST_COMMIT, import_id)
        if last is None:
            await _end(connection, job, "done", None)
            return contracts.ImportProgress("done", job.row["done"])
        await undo(ctx.write(), last["commit_id"])
        await connection.execute(store.NOTE_UNDONE, import_id, last["first"])
        await connection.execute(store.ADVANCE_UNDONE, import_id, last["rows"])
        await connection.execute(store.ADVANCE, job.id, last["rows"], 0, last["rows"], 0, None, CLAIM_S)
    return contracts.ImportProgress("running", job.row["done"] + last["rows"])


async def end_import(state: State, context: Context, request: contracts.EndImport) -> contracts.ImportProgress:
    async with state.database(context.the_app).transaction() as connection:
        job = await _held(connection, request.id, request.claim)
        if job is None:
            return LOST
        if request.retry_in is not None:
            await connection.execute(store.RETRY, job.id, request.retry_in)
            return contracts.ImportProgress(job.status, job.row["done"])
        await _end(connection, job, request.status, request.error)
    return contracts.ImportProgress(request.status, job.row["done"])


async def prune_imports(state: State, context: Context, request: contracts.PruneImports) -> contracts.PrunedImports:
    """Remove what is kept no longer. The bytes of the files are for the gateway to remove."""
    days = state.core.settings.import_days
    async with state.database(context.the_app).transaction() as connection:
        old = [row["id"] for row in await connection.fetch(store.OLD_FILES, FILE_DAYS)]
        freed = await connection.fetch(store.RELEASE_FILE, old) if old else []
        await connection.execute(store.PRUNE, days)
        is_left = await connection.fetchval(store.ANY_LEFT)
    next_in = timedelta(hours=1).total_seconds() if is_left else None
    return contracts.PrunedImports([row["id"] for row in freed], next_in)


async def _held(connection: Connection, job_id: str, claim: str) -> ImportJob | None:
    """The job, locked, if it is running under this claim."""
    job = await find_job(connection, job_id, lock=True)
    return job if job.status == "running" and job.row["claim"] == claim else None


async def _end(connection: Connection, job: ImportJob, status: str, error: dict[str, Any] | None) -> None:
    await connection.execute(store.END, job.id, status, exact.dumps(error).decode() if error else None)
    if status == "done":
        await connection.execute(store.FORGET_VALUES, job.id)
        await connection.fetch(store.RELEASE_FILE, [job.id])


def _refuse_others(ctx: RequestContext, job: ImportJob) -> None:
    """Raises FORBIDDEN unless the batch is written for the owner of the job."""
    owner = job.owner
    if (owner.id, owner.via) != (ctx.caller.id, ctx.caller.via):
        raise RocketError("FORBIDDEN", "An import acts for its owner only")
