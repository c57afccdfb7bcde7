"""Who decides: the caller, and those in whose place they may."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.emails import same_address
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from libs.shared.people import PeopleDirectory, Person, look_up
from libs.shared.telemetry import tracing
from services.workflow.machine.inputs import Decider
from services.workflow.state import State

CALL_TIMEOUT_S = 5.0


def decider_of(context: Context) -> Decider:
    """The caller as one who decides: what follows hangs under the span of their request."""
    user, here = context.user, tracing.propagate(context)
    return Decider(user.id, user.email, user.roles, here.trace_id, here.span_id)


async def find_user(state: State, context: Context, name: str) -> Person | None:
    """The active user of an id or address."""
    ids, emails = ([name], []) if parse_uuid(name) else ([], [name])
    asking = context.for_user(SYSTEM).within(CALL_TIMEOUT_S)
    return (await look_up(state.core.rpc, asking, PeopleDirectory(), ids=ids, emails=emails)).named(name)


def named_delegator(delegators: Sequence[Decider], name: str) -> Decider:
    """The delegator of an id or address. Raises FORBIDDEN."""
    for each in delegators:
        if name.lower() == each.id or same_address(name) == same_address(each.email):
            return each
    raise RocketError("FORBIDDEN", f"You do not decide in the place of {name}")
