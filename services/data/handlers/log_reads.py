"""The log for those who missed a part of the stream, or compare what they have made of it."""

from __future__ import annotations

from libs.shared.bus.outbox.log_batches import encode_entries
from libs.shared.contracts import records as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from services.data.state import State

MOST = 500
"""Entries answered at once."""
HEAD = "SELECT coalesce(max(position), 0) FROM data.commits"


async def read_log(state: State, context: Context, request: contracts.ReadLog) -> Response:
    app = context.the_app
    database = state.database(app)
    settled = await state.settled.latest(database)
    head = await database.fetchval(HEAD)
    until = min(settled, request.until or settled)
    after = (request.position, request.n)
    rows = await state.log.read(app, database, after, min(request.most, MOST)) if request.most else []
    return Response(
        body=encode_entries(row for row in rows if row.position[0] <= until), headers={"head": str(min(head, settled))}
    )
