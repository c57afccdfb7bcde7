"""One decision about many instances, each for itself."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.bodies import parse_body
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflow_reads import BulkDecisionBody, DecideInstances
from libs.shared.contracts.workflows import CancelInstance
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.workflow.decisions.deciding import decide_instance
from services.workflow.decisions.managing import cancel
from services.workflow.state import State

MARGIN_S = 1.0
"""Left of the time of a request to answer; instances that are not reached by then are refused as TIMEOUT."""


async def decide_instances(state: State, context: Context, request: DecideInstances) -> Response:
    """Decide about many instances in order: `{id, status: "ok" | "refused", error?}` for each id, once."""
    body = parse_body(BulkDecisionBody, request.body)
    results = []
    with tracing.span("workflow", "approval", f"workflow.{body.decision}") as span:
        for instance_id in dict.fromkeys(body.ids):
            results.append(await _decided(state, context, instance_id, body))
        span.metadata["instances"] = len(results)
    return Response(body=exact.dumps({"data": {"results": results}}))


async def _decided(state: State, context: Context, instance_id: str, body: BulkDecisionBody) -> dict[str, Any]:
    try:
        if context.remaining() < MARGIN_S:
            raise RocketError("TIMEOUT", "The time of the request has passed before this one")
        if body.decision == "cancel":
            said = exact.dumps({"reason": body.comment} if body.comment else {})
            await cancel(state, context, CancelInstance(instance_id, said))
        else:
            given = {"comment": body.comment, "form": body.form}
            said = exact.dumps({name: value for name, value in given.items() if value is not None})
            await decide_instance(state, context, instance_id, body.decision == "approve", said)
    except RocketError as error:
        details = {"details": error.details} if error.details else {}
        refused = {"code": error.code, "message": error.message, **details}
        return {"id": instance_id, "status": "refused", "error": refused}
    return {"id": instance_id, "status": "ok"}
