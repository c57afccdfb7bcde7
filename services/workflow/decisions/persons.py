"""Who decides: the caller, and those in whose place they may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from libs.shared.contracts.context import Context
from libs.shared.emails import same_address
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.workflow.delegations.standing import standings_of
from services.workflow.machine.inputs import Decider
from services.workflow.state import State


def decider_of(context: Context) -> Decider:
    """The caller as one who decides: what follows hangs under the span of their request."""
    user, here = context.user, tracing.propagate(context)
    return Decider(user.id, user.email, user.roles, here.trace_id, here.span_id)


async def delegators_for(state: State, context: Context, workflow_id: str, now: datetime) -> list[Decider]:
    """Those in whose place the caller may decide in a workflow, with the roles that they have now."""
    _own, *others = await standings_of(state, context, now)
    return [Decider(each.id, each.email, each.roles) for each in others if each.covers(workflow_id)]


def named_delegator(delegators: Sequence[Decider], name: str) -> Decider:
    """The delegator of an id or address. Raises FORBIDDEN."""
    for each in delegators:
        if name.lower() == each.id or same_address(name) == same_address(each.email):
            return each
    raise RocketError("FORBIDDEN", f"You do not decide in the place of {name}")
