"""Looks up users: those that decide, are delegated to, or are named in answers."""

from __future__ import annotations

from collections.abc import Collection

from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.ids import parse_uuid
from libs.shared.people import PeopleDirectory, look_up
from services.workflow.state import State

LOOK_UP_TIMEOUT_S = 5.0
"""Seconds that the gateway has to answer, within the time of the request."""


async def find_users(state: State, context: Context, names: Collection[str]) -> PeopleDirectory:
    """The active users of these ids and addresses. Raises the errors of the gateway."""
    if not names:
        return PeopleDirectory()
    ids = {name for name in names if parse_uuid(name)}
    asking = context.for_user(SYSTEM).within(LOOK_UP_TIMEOUT_S)
    return await look_up(state.core.rpc, asking, PeopleDirectory(), ids=ids, emails={*names} - ids)
