"""Simulation: past instances of a workflow run again by another definition. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from libs.shared import exact
from libs.shared.bodies import parse_body
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflow_reads import SimulateWorkflow, SimulationBody
from libs.shared.errors import detail_of, invalid, not_found
from libs.shared.ids import parse_uuid
from libs.shared.schema.validation_errors import errors_in
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.history import store
from services.workflow.machine.plan import StepPlan, plan_of
from services.workflow.state import State
from services.workflow.versions.comparing import Comparison, compared, steps_passed

SAMPLE = """
SELECT id FROM workflow.instances
WHERE workflow_id = $1 AND status <> 'running' AND parent_id IS NULL
    AND ($2::timestamptz IS NULL OR created_at >= $2) AND ($3::timestamptz IS NULL OR created_at < $3)
ORDER BY created_at DESC, id DESC LIMIT $4
"""
ROW_KEYS = ("id", "created_at", "updated_at")
"""Keys of a stored definition's row, which may be sent back."""
MARGIN_S = 1.0
"""Left of the time of a request to answer; `complete` is false when it did not suffice for the sample."""


async def simulate(state: State, context: Context, request: SimulateWorkflow) -> Response:
    """Compare the ways of past instances with those by a definition. Raises NOT_FOUND, VALIDATION_FAILED."""
    body = parse_body(SimulationBody, request.body)
    plan = plan_of(_definition(body.definition))
    index = await state.workflows.load(context.the_app)
    if parse_uuid(request.id) is None or request.id.lower() not in index.by_id:
        raise not_found("Workflow")
    rows = await state.database(context.the_app).fetch(
        SAMPLE, parse_uuid(request.id), body.since, body.until, body.sample
    )
    results = await _results(state, context, plan, [row["id"] for row in rows])
    shown = [each.shown for each in results]
    counts = {name: sum(each["same"] is same for each in shown) for name, same in OUTCOMES.items()}
    data = {
        **counts, "complete": len(results) == len(rows), "steps": steps_passed(results), "instances": shown,
    }  # fmt: skip
    return Response(body=exact.dumps({"data": data}))


OUTCOMES: dict[str, bool | None] = {"same": True, "different": False, "unknown": None}


async def _results(state: State, context: Context, plan: StepPlan, ids: Sequence[Any]) -> list[Comparison]:
    database = state.database(context.the_app)
    results = []
    for instance_id in ids:
        if context.remaining() < MARGIN_S:
            break
        instance = await store.find(database, instance_id)
        if instance is not None:
            entries = await store.entries_of(database, instance_id)
            # In a thread: thousands of entries take a while, and others wait for the event loop.
            results.append(await asyncio.to_thread(compared, plan, instance.id, entries, instance.state))
    return results


def _definition(document: dict[str, Any]) -> WorkflowDefinition:
    """The definition of a body. Raises VALIDATION_FAILED with a detail per mistake."""
    sent = {name: value for name, value in document.items() if name not in ROW_KEYS}
    try:
        return WorkflowDefinition.model_validate(sent)
    except ValidationError as error:
        found = errors_in(error, WorkflowDefinition, sent)
        details = [detail_of(f"definition.{path}" if path else "definition", message) for path, message in found]
        raise invalid(f"The definition is not valid: {found[0][0]} {found[0][1]}".strip(), *details) from None
