"""From requests to notifications: who receives them, in which language, and whether they want them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from libs.shared import clock
from libs.shared.contracts.context import AppRef
from libs.shared.schema.notification_templates import NotificationTemplate
from services.notify import preference_store
from services.notify.fan_out import FanOut, NotificationRequest, fan_out, receivers_of
from services.notify.matching import Match
from services.notify.preferences import Preferences
from services.notify.recipients import Directory
from services.notify.state import State

Requests = Sequence[NotificationRequest]


async def fan_outs_of(
    state: State, app: AppRef, requests: Sequence[Requests], directory: Directory
) -> list[list[FanOut]]:
    """The notifications of requests, in groups as these are. Templates are filled in a thread: they take long."""
    receivers = [[receivers_of(request, directory) for request in some] for some in requests]
    users = {user_id for some in receivers for each in some for _, user_id in each if user_id}
    preferences = Preferences(await preference_store.load(state.core.databases.of(app), users) if users else {})

    def fan_out_all() -> list[list[FanOut]]:
        found = []
        for some, theirs in zip(requests, receivers, strict=True):
            pairs = zip(some, theirs, strict=True)
            found.append([fan_out(request, each, preferences.locales) for request, each in pairs])
        return found

    is_slow = any(_has_template(request) for some in requests for request in some)
    planned = await asyncio.to_thread(fan_out_all) if is_slow else fan_out_all()
    now = clock.now()
    return [
        [replace(each, notifications=[preferences.applied(new, now) for new in each.notifications]) for each in some]
        for some in planned
    ]


def _has_template(request: NotificationRequest) -> bool:
    return isinstance(request, Match) and isinstance(request.template, NotificationTemplate)
