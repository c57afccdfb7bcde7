"""The person who decides in somebody's place is told of the decisions that are asked of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.delegations import FindDelegates
from libs.shared.people import look_up
from services.notify.people import TIMEOUT_S
from services.notify.recipients import Addressees, Directory
from services.notify.workflow_notifications import WorkflowNotification


async def with_delegates(
    rpc: RpcClient, app: AppRef, asked: Sequence[WorkflowNotification], directory: Directory
) -> list[WorkflowNotification]:
    """The notifications, with the delegates of those whom they ask. Raises the errors of the requests."""
    users: dict[str, set[str]] = defaultdict(set)
    for each in asked:
        if each.asks_for_decision:
            users[each.event.workflow_id] |= people_in(each.addressees, directory)
    delegates: dict[str, dict[str, set[str]]] = {}
    for workflow_id, ids in users.items():
        if ids:
            context = Context(asked[0].event.trace_id, app=app, identity=SYSTEM, cause="notify").within(TIMEOUT_S)
            found = await rpc.request(FindDelegates(sorted(ids), workflow_id), context)
            delegates[workflow_id] = defaultdict(set)
            for delegator, delegate in found.pairs:
                delegates[workflow_id][delegator].add(delegate)
            await look_up(rpc, context, directory, ids={delegate for _, delegate in found.pairs})
    return [widened(each, delegates.get(each.event.workflow_id, {}), directory) for each in asked]


def people_in(addressees: Addressees, directory: Directory) -> set[str]:
    """The ids of the users whom addressees mean."""
    people = [person for role in addressees.roles for person in directory.by_role.get(role, ())]
    people += [directory.by_id[each] for each in addressees.ids if each in directory.by_id]
    return {person.id for person in people}


def widened(
    notification: WorkflowNotification, delegates: Mapping[str, set[str]], directory: Directory
) -> WorkflowNotification:
    """A notification that asks for a decision, for the delegates of those whom it asks, too; not of those left out."""
    if not notification.asks_for_decision or not delegates:
        return notification
    asked = people_in(notification.addressees, directory) - set(notification.event.except_users)
    more = frozenset(delegate.lower() for each in asked for delegate in delegates.get(each, ()))
    addressees = notification.addressees
    return replace(notification, addressees=replace(addressees, ids=addressees.ids | more))
