"""Migration: running instances go on by another version of their workflow, if they have a place there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import clock, exact
from libs.shared.bodies import parse_body
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflow_reads import MAX_IDS, MigrateInstances, MigrationBody
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.ids import parse_uuid
from libs.shared.nearest import unknown
from libs.shared.schema.workflows import WorkflowDefinition
from libs.shared.telemetry import tracing
from services.workflow import recording
from services.workflow.decisions.persons import decider_of
from services.workflow.former_definitions import find_version
from services.workflow.history import store
from services.workflow.machine.deciding import decide
from services.workflow.machine.inputs import Migrate
from services.workflow.machine.plan import plan_of
from services.workflow.state import State

# The unended instances of a workflow that have another version.
OTHERS = """
SELECT id FROM workflow.instances
WHERE workflow_id = $1 AND status IN ('running', 'failed')
    AND (coalesce(followed, definition) ->> 'version')::int IS DISTINCT FROM $2
ORDER BY created_at, id LIMIT $3
"""
PIN = "UPDATE workflow.instances SET followed = $2::jsonb, cancels = $3 WHERE id = $1"


async def migrate(state: State, context: Context, request: MigrateInstances) -> Response:
    """Move instances to another version, or say which could be. Raises NOT_FOUND, VALIDATION_FAILED."""
    body = parse_body(MigrationBody, request.body)
    workflow_id = parse_uuid(request.id)
    if workflow_id is None or str(workflow_id) not in (await state.workflows.load(context.the_app)).by_id:
        raise not_found("Workflow")
    document = await find_version(state, context, str(workflow_id), body.to_version)
    if document is None:
        raise invalid_field("to_version", f"the workflow has no version {body.to_version}")
    definition = WorkflowDefinition.stored(document)
    _check_mapping(body.mapping, definition)
    change = Migrate(definition, body.to_version, decider_of(context), body.mapping)
    ids = await _meant(state, context.the_app, body, workflow_id)
    results = [await _moved(state, context, each, workflow_id, change, document, body.dry_run) for each in ids]
    migrated = 0 if body.dry_run else sum(each["ok"] for each in results)
    more = {"more": True} if body.all and len(ids) == MAX_IDS else {}
    return Response(body=exact.dumps({"data": {"results": results, "migrated": migrated, **more}}))


def _check_mapping(mapping: Mapping[str, str], definition: WorkflowDefinition) -> None:
    steps = list(plan_of(definition).steps)
    for name, target in mapping.items():
        if target not in steps:
            raise invalid_field(f"mapping.{name}", unknown(target, steps))


async def _meant(state: State, app: AppRef, body: MigrationBody, workflow_id: uuid.UUID) -> Sequence[uuid.UUID | None]:
    if body.instance_ids is not None:
        return [parse_uuid(each) for each in dict.fromkeys(body.instance_ids)]
    rows = await state.database(app).fetch(OTHERS, workflow_id, body.to_version, MAX_IDS)
    return [row["id"] for row in rows]


async def _moved(
    state: State, context: Context, instance_id: uuid.UUID | None, workflow_id: uuid.UUID, change: Migrate,
    document: Mapping[str, Any], dry_run: bool,
) -> dict[str, Any]:  # fmt: skip
    """What becomes of one instance: `{instance_id, ok, step?, reason?}`; `step` is where it is now."""
    now = clock.now()
    shown = {"instance_id": str(instance_id) if instance_id else None}
    with tracing.span("workflow", "engine", "workflow.advance") as span:
        span.record_id = str(instance_id)
        async with state.transactions.begin(context.the_app, due_at=now, emits=True) as transaction:
            found = await store.lock(transaction.connection, instance_id) if instance_id else None
            if found is None or found.workflow_id != str(workflow_id):
                return {**shown, "ok": False, "reason": "the workflow has no such instance"}
            shown["step"] = next(iter(found.state.current_steps), None)
            try:
                decide(found.plan, found.state, change, now, found.id)  # tells first whether it can
            except RocketError as error:
                return {**shown, "ok": False, "reason": error.message}
            if not dry_run:
                text, cancels = exact.dumps(document).decode(), change.definition.cancel_when is not None
                await transaction.connection.execute(PIN, instance_id, text, cancels)
                await recording.record(transaction, found, change, now)
    return {**shown, "ok": True}
