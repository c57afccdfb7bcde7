"""Looks up users at the gateway."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.identity import FindPeople
from services.notify.fan_out import NotificationRequest
from services.notify.recipients import Directory

TIMEOUT_S = 10.0
"""Time limit of the gateway's response, in seconds."""


async def find_people(rpc: RpcClient, app: AppRef, matches: Sequence[NotificationRequest]) -> Directory:
    """The users that rules and actions refer to. Raises the errors of the request."""
    directory = Directory()
    if not matches:
        return directory
    event = matches[0].event
    context = Context(
        trace_id=event.trace_id,
        app=app,
        identity=SYSTEM,
        cause="notify",
        cause_depth=event.cause_depth + 1,
    ).within(TIMEOUT_S)
    for role in sorted({role for found in matches for role in found.addressees.roles}):
        directory.roles[role] = (await rpc.request(FindPeople(role=role), context)).people
        directory.add(directory.roles[role])
    ids = sorted({user_id for found in matches for user_id in found.addressees.ids})
    emails = sorted({email for found in matches if found.channel == "in_app" for email in found.addressees.emails})
    if ids or emails:
        directory.add((await rpc.request(FindPeople(ids=ids, emails=emails), context)).people)
    return directory
