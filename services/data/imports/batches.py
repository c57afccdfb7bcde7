"""One batch of an import: its rows become one commit, in one transaction with the progress of the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError
from libs.shared.ids import UUID
from libs.shared.postgres.databases import Connection
from libs.shared.telemetry import tracing
from services.data.imports import store
from services.data.imports.file_values import first_rows, refuse_repeated, refuse_taken, unique_names
from services.data.imports.jobs import ImportJob
from services.data.imports.mapping import ImportPlan, plan_import
from services.data.imports.references import resolve_references
from services.data.imports.rows import ImportedRow, read_rows
from services.data.imports.settling import settle_rows
from services.data.model import EntityModel
from services.data.permissions import EVERYTHING, Grant, grant_for
from services.data.request.context import RequestContext
from services.data.writes.context.drafts import Draft, RowPlace
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.preparing import invalid_rows
from services.data.writes.requests.bulk import create_drafts
from services.data.writes.requests.responses import conceal
from services.data.writes.requests.upserts import upsert
from services.data.writes.statements.changes import Action


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a batch: rows that are done with, the drafts that were written, the rows that were refused."""

    done: int
    drafts: Sequence[Draft] = ()
    refused: Sequence[ImportedRow] = field(default_factory=list)
    commit_id: UUID | None = None
    resting: int = 0
    """New records that a dry run could not rehearse, as they refer to others of the file."""

    @property
    def created(self) -> int:
        return sum(draft.stored is None for draft in self.drafts) + self.resting


async def write_batch(ctx: RequestContext, connection: Connection, job: ImportJob, raw: Sequence[Any]) -> BatchOutcome:
    """Write a batch with the rights that the caller has now.

    Raises what is not about single rows: permissions on the entity, a mapping that no longer fits, the moment.
    """
    entity = ctx.model.entity(job.name_in(ctx.model.schema))
    grant_for(entity, "create", ctx.caller)
    plan = plan_import(ctx.scope(), ctx.caller, entity, job.columns, job.options)
    grant = grant_for(entity, "update", ctx.caller) if plan.key is not None else EVERYTHING
    rows, dry_run = read_rows(plan, job.columns, raw), job.row["dry_run"]
    write = ctx.write()
    with tracing.span("engine", "imports", "import.write", entity.name) as span:
        earlier = await first_rows(connection, job.id, entity, plan, rows) if dry_run else {}
        together = await resolve_references(write, entity, plan, rows, earlier)
        if not dry_run:  # which stores nothing that later rows could refer to
            rows = rows[:together]
        await refuse_repeated(connection, job.id, entity, unique_names(entity, plan, dry_run), rows)
        await refuse_taken(connection, entity, plan, rows)
        _refuse_invalid(entity, plan, rows)
        attempt = partial(_attempt, write, entity, plan, grant, dry_run)
        settled = await settle_rows(rows, attempt)
        done = rows[: settled.together]
        refused = [row for row in done if row.reasons]
        resting = sum(row.rests_on_file and not row.reasons for row in done)
        span.metadata = {"import_id": str(job.id), "rows": settled.together, "refused": len(refused)}
    commit_id = write.command.id if write.position else None
    return BatchOutcome(settled.together, settled.outcome or (), refused, commit_id, resting)


def _refuse_invalid(entity: EntityModel, plan: ImportPlan, rows: Sequence[ImportedRow]) -> None:
    """Give reasons to all rows with wrong values at once: a refusal of a write names a hundred of them at most."""
    left = [row for row in rows if not row.reasons]
    action = Action.CREATE if plan.key is None else Action.UPDATE  # what an update is refused for, a creation is too
    drafts = [Draft(row.body, None, RowPlace.of_row(n)) for n, row in enumerate(left)]
    for place, details in invalid_rows(entity, action, drafts):
        row = left[place]
        unknown = row.lookups if row.rests_on_file else {}
        row.reasons += [detail for detail in details if detail.get("field") not in unknown]


async def _attempt(
    write: WriteContext,
    entity: EntityModel,
    plan: ImportPlan,
    grant: Grant,
    dry_run: bool,
    rows: Sequence[ImportedRow],
) -> Sequence[Draft]:
    bodies = [dict(row.body) for row in rows]
    try:
        if plan.key is None:
            return await create_drafts(write, entity, bodies, dry_run)
        return await upsert(write, entity, plan.key, grant, bodies, dry_run)
    except RocketError as refusal:
        raise conceal(write, entity, "create" if plan.key is None else "update", refusal) from None


async def note_outcome(
    connection: Connection, job: ImportJob, outcome: BatchOutcome, effects: dict[str, Any] | None, claim_s: float
) -> None:
    """Store what became of a batch, and the progress of its job."""
    done = len(outcome.drafts)
    if outcome.commit_id is not None:
        await connection.execute(store.NOTE_COMMIT, job.id, job.row["done"], done, outcome.commit_id)
    if outcome.refused:
        numbers = [row.number for row in outcome.refused]
        reasons = [exact.dumps(row.reasons).decode() for row in outcome.refused]
        cells = [exact.dumps(row.cells).decode() for row in outcome.refused]
        await connection.execute(store.NOTE_REFUSALS, job.id, numbers, reasons, cells)
    updated = done + outcome.resting - outcome.created
    figures = (outcome.done, outcome.created, updated, len(outcome.refused))
    said = exact.dumps(effects).decode() if effects is not None else None
    await connection.execute(store.ADVANCE, job.id, *figures, said, claim_s)
