"""The deliveries that requests have led to, for the graph of what they caused."""

from __future__ import annotations

from libs.shared.contracts.causality import MAX_FOUND, FindDeliveries, FoundEffects
from libs.shared.contracts.context import Context
from services.webhook import store
from services.webhook.deliveries import ACTIONS, origin_of, public_url
from services.webhook.state import State


async def find_deliveries(state: State, context: Context, request: FindDeliveries) -> FoundEffects:
    """The deliveries of traces, without what may be secret in their URLs."""
    database = state.core.databases.of(context.the_app)
    rows = [dict(row) for row in await store.load_caused(database, request.traces, MAX_FOUND + 1)]
    for row in rows:
        row["url"] = origin_of(row["url"]) if row["hook"] in ACTIONS else public_url(row["url"])
    return FoundEffects(rows[:MAX_FOUND], len(rows) > MAX_FOUND)
