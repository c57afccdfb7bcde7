"""Repairs of damaged log entries, a page at a time."""

from __future__ import annotations

from libs.shared import exact
from libs.shared.contracts.commits import RepairLog
from libs.shared.contracts.messages import Response
from libs.shared.errors import invalid_field
from services.data.repairs.repairing import Place, repair_page
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema


@under_schema
async def repair_log(ctx: RequestContext, request: RepairLog) -> Response:
    document = await repair_page(ctx, _parse_place(request.after), request.dry_run)
    return Response(body=exact.dumps({"data": document}))


def _parse_place(text: str) -> Place:
    """Where to begin. Raises VALIDATION_FAILED for what was not answered as `next`."""
    if not text:
        return -1, "", -1
    try:
        found = exact.loads(text)
    except ValueError:
        found = None
    match found:
        case [int(number), str(record_id), int(version)] if "\x00" not in record_id:
            if 0 <= number < 1 << 31 and -1 <= version < 1 << 63:
                return number, record_id, version
    raise invalid_field("after", "after must be the next of the previous response")
