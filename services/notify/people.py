"""Looks up the users that rules and actions refer to."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.people import look_up
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
    return await look_up(
        rpc,
        context,
        directory,
        roles={role for found in matches for role in found.addressees.roles},
        ids={user_id for found in matches for user_id in found.addressees.ids},
        emails={email for found in matches for email in found.addressees.emails},
    )
