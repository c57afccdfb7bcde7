"""What the instances about a record have done, for the activity of the record."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from libs.shared import clock
from libs.shared.contracts.activity import ListRecordSteps, RecordSteps
from libs.shared.contracts.context import Context
from libs.shared.errors import invalid
from libs.shared.ids import parse_uuid
from services.workflow.state import State

MAX_STEPS = 500
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
# An entry's id is made of its instance's and its number. Reasons may quote what readers may not see: they stay here.
STEPS = """
SELECT coalesce(json_agg(row_to_json(s)), '[]')::text FROM (
    SELECT h.id, to_json(h.at) #>> '{}' AS at, i.id AS instance_id, i.workflow_name AS workflow,
        h.shown ->> 'step' AS step, h.shown ->> 'status' AS status, h.shown ->> 'by' AS by,
        h.shown ->> 'comment' AS comment, h.shown ->> 'on_behalf_of' AS on_behalf_of
    FROM workflow.instances i CROSS JOIN LATERAL (
        SELECT md5(e.instance_id || '/' || e.seq)::uuid AS id, e.at, e.shown FROM workflow.history e
        WHERE e.instance_id = i.id AND e.shown IS NOT NULL AND e.at <= $3
    ) h
    WHERE i.record_id = $2 AND i.entity = ANY($1::text[]) AND (h.at, h.id) < ($3, $4)
    ORDER BY h.at DESC, h.id DESC LIMIT $5
) s
"""


async def list_record_steps(state: State, context: Context, request: ListRecordSteps) -> RecordSteps:
    """Steps of the instances about a record, newest first."""
    before_id = parse_uuid(request.before_id)
    if not 0 < request.limit <= MAX_STEPS or before_id is None:
        raise invalid(f"A request takes 1 to {MAX_STEPS} steps before an id")
    moment = clock.parse(request.before) if request.before else FOREVER
    place = moment, UUID(str(before_id))
    values = (request.names, request.record_id, *place, request.limit)
    rows: str = await state.database(context.the_app).fetchval(STEPS, *values)
    return RecordSteps(body=rows.encode())
