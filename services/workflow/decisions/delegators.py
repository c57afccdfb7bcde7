"""Those in whose place a caller may decide now."""

from __future__ import annotations

from datetime import datetime

from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.people import PeopleDirectory, look_up
from services.workflow.decisions.persons import CALL_TIMEOUT_S
from services.workflow.delegations.delegating import delegators_of
from services.workflow.machine.inputs import Decider
from services.workflow.state import State


async def delegators_for(state: State, context: Context, workflow_id: str, now: datetime) -> list[Decider]:
    """The active users who have delegated to the caller, with the roles that they have now."""
    found = await delegators_of(state.database(context.the_app), context.user.id, workflow_id, now)
    if not found:
        return []
    asking = context.for_user(SYSTEM).within(CALL_TIMEOUT_S)
    directory = await look_up(state.core.rpc, asking, PeopleDirectory(), ids={each.id for each in found})
    people = [directory.named(each.id) for each in found]
    return [Decider(person.id, person.email, tuple(sorted(person.roles))) for person in people if person is not None]
