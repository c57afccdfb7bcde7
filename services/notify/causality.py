"""The notifications that requests have led to, for the graph of what they caused."""

from __future__ import annotations

from libs.shared.contracts.causality import MAX_FOUND, FindNotifications, FoundEffects
from libs.shared.contracts.context import Context
from services.notify import store
from services.notify.state import State


async def find_notifications(state: State, context: Context, request: FindNotifications) -> FoundEffects:
    """The notifications of traces: by which rule or step, never what they say."""
    database = state.core.databases.of(context.the_app)
    rows = [dict(row) for row in await store.load_caused(database, request.traces, MAX_FOUND + 1)]
    return FoundEffects(rows[:MAX_FOUND], len(rows) > MAX_FOUND)
