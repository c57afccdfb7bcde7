"""The log for those who missed a part of the stream, or compare what they have made of it."""

from __future__ import annotations

from libs.shared.bus.logged import joined
from libs.shared.contracts import records as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from services.data.state import State

MOST = 500
"""Entries answered at once."""
HEAD = "SELECT coalesce(max(position), 0) FROM data.commits"


async def read_log(state: State, context: Context, question: ask.ReadLog) -> Answer:
    app = context.the_app
    database = state.database(app)
    settled = await state.settled.latest(database)
    head = await database.fetchval(HEAD)
    until = min(settled, question.until or settled)
    after = (question.position, question.n)
    rows = await state.log.read(app, database, after, min(question.most, MOST)) if question.most else []
    return Answer(
        body=joined(row for row in rows if row.position[0] <= until), headers={"head": str(min(head, settled))}
    )
